// `xorbit ping HOST:PORT`: asks one node whether it is there. Joins nothing.
import { lookup } from 'node:dns/promises'
import { canonicalHost, familyOf, hostPort, type Family } from '../codecs/compact-address.ts'
import type { Address } from '../kademlia/contact.ts'
import { toHex } from '../kademlia/id.ts'
import { reachOf } from '../networks/addresses.ts'
import { XorbitError } from '../node/errors.ts'
import { readHostPort, readNodeOptions, type NodeOptions } from './arguments.ts'
import { milliseconds } from './duration.ts'
import { Failure, FOUND, misuse, NO_ANSWER } from './failure.ts'
import type { Network } from './network.ts'
import { networkOf } from './networks.ts'
import type { Output } from './output.ts'
import { withProgress } from './progress.ts'
import type { Call } from './program.ts'
import { withEnding, withNode, type AskingFlags } from './short-lived-node.ts'

/** Prints the node's id and round-trip time. Throws Failure when it does not answer. */
export async function ping([target = '']: readonly string[], call: Call<AskingFlags>): Promise<number> {
  const { flags, output } = call
  const { host, port } = readHostPort('HOST:PORT', target, null)
  const network = networkOf(flags.network)
  const given = readNodeOptions(network, flags)
  const families = familiesOf(network, given)
  return withEnding(flags, output, async (ending) => {
    const resolving = ending.unlessEnded(resolve(host, families, output))
    const address = { host: await withProgress(output, `looking up ${host}`, resolving), port }
    const options = {
      ...given,
      ...reaching(address, { network, given }),
      bootstrap: 'none' as const,
      readOnly: true,
    }
    return withNode({ network, flags, output }, options, async (node) => {
      const asking = ending.unlessEnded(
        node.ping(address, { signal: ending.signal }),
        (limit) => `${target}: no answer within ${limit}`,
      )
      const waiting = withProgress(output, `waiting for ${target}`, asking)
      const pong = await waiting.catch((error: unknown) => {
        throw doubted(error, network.doubt(options))
      })
      const facts = { id: toHex(pong.id), host: pong.host, port: pong.port, rttMs: pong.rttMs }
      output.result(`${hostPort(pong)} is there: id ${facts.id}, ${milliseconds(pong.rttMs)}`, facts)
      return FOUND
    })
  })
}

/** What the library says of who does not answer, and what else may be wrong. */
function doubted(error: unknown, doubt: string): unknown {
  if (!(error instanceof XorbitError) || error.code !== 'no-answer' || doubt === '') return error
  return new Failure(error.code, `${error.message}. ${doubt}`, NO_ANSWER, { cause: error })
}

/** Those that we can ask in, and in a word why no others. */
interface Families {
  readonly all: readonly Family[]
  readonly why: string
}

function familiesOf({ name, families }: Network, { host }: NodeOptions): Families {
  if (host === undefined) return { all: families, why: `for ${name} has no other` }
  return { all: host.map((each) => familyOf(each)!), why: 'as --host has' }
}

/** The address of a name, of a family that we can ask in. */
async function resolve(host: string, { all, why }: Families, output: Output): Promise<string> {
  const literal = canonicalHost(host)
  if (literal !== null) {
    if (all.includes(familyOf(literal)!)) return literal
    throw misuse('HOST:PORT', `an IPv${all[0]} address, ${why}`, literal)
  }
  const family = all.length === 1 ? all[0]! : 0
  const found = await lookup(host, { family, order: 'ipv4first' }).catch((error: NodeJS.ErrnoException) => {
    throw new Failure(
      'unknown-host',
      `HOST:PORT: the name ${host} cannot be resolved (${error.code ?? error.message})`,
    )
  })
  const address = canonicalHost(found.address)!
  output.detail(`${host} is ${address}`)
  return address
}

/** From where and how an address can be asked at all: a loopback address from loopback, a private one as a contact. */
function reaching(
  { host }: Address,
  { network, given }: { network: Network; given: NodeOptions },
): Partial<NodeOptions> {
  const family = familyOf(host)!
  const isGlobal = reachOf(host) === 'global'
  if (isGlobal && network.defaultFamilies.includes(family)) return {}
  const loopback = host === '::1' || host.startsWith('127.')
  const from = family === 6 ? (loopback ? '::1' : '::') : loopback ? '127.0.0.1' : '0.0.0.0'
  return { ...(isGlobal ? {} : { private: true }), ...(given.host === undefined ? { host: [from] } : {}) }
}
