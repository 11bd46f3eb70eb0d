// `xorbit ping HOST:PORT`: asks one node whether it is there. Joins nothing.
import { lookup } from 'node:dns/promises'
import { canonicalHost, familyOf, hostPort } from '../codecs/compact-address.ts'
import type { Address } from '../kademlia/contact.ts'
import { toHex } from '../kademlia/id.ts'
import { reachOf } from '../networks/addresses.ts'
import { readHostPort, readNodeOptions, type NodeOptions } from './arguments.ts'
import { milliseconds } from './duration.ts'
import { Failure, FOUND, misuse } from './failure.ts'
import { type Output } from './output.ts'
import { withProgress } from './progress.ts'
import type { Call } from './program.ts'
import { withEnding, withNode, type AskingFlags } from './short-lived-node.ts'

/** Prints the node's id and round-trip time. Throws Failure when it does not answer. */
export async function ping([target = '']: readonly string[], call: Call<AskingFlags>): Promise<number> {
  const { flags, output } = call
  const { host, port } = readHostPort('HOST:PORT', target, null)
  const given = readNodeOptions(flags)
  return withEnding(flags, output, async (ending) => {
    const resolving = ending.unlessEnded(resolve(host, given, output))
    const address = { host: await withProgress(output, `looking up ${host}`, resolving), port }
    const options = { ...given, ...reaching(address, given), bootstrap: 'none' as const }
    return withNode(options, call, async (node) => {
      const asking = ending.unlessEnded(
        node.ping(address, { signal: ending.signal }),
        (limit) => `${target}: no answer within ${limit}`,
      )
      const pong = await withProgress(output, `waiting for ${target}`, asking)
      const facts = { id: toHex(pong.id), host: pong.host, port: pong.port, rttMs: pong.rttMs }
      output.result(`${hostPort(pong)} is there: id ${facts.id}, ${milliseconds(pong.rttMs)}`, facts)
      return FOUND
    })
  })
}

/** The address of a name, of the family that we ask from where that is given. */
async function resolve(host: string, { host: from }: NodeOptions, output: Output): Promise<string> {
  const literal = canonicalHost(host)
  const families = [from ?? []].flat().map(familyOf)
  if (literal !== null) {
    if (families.length > 0 && !families.includes(familyOf(literal))) {
      throw misuse('HOST:PORT', `an IPv${families[0]} address, as --host has`, literal)
    }
    return literal
  }
  const family = families.length === 1 ? families[0]! : 0
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
function reaching({ host }: Address, given: NodeOptions): Partial<NodeOptions> {
  const reach = reachOf(host)
  if (reach === 'global') return {}
  const loopback = host === '::1' || host.startsWith('127.')
  const from = familyOf(host) === 6 ? (loopback ? '::1' : '::') : loopback ? '127.0.0.1' : '0.0.0.0'
  return { private: true, ...(given.host === undefined ? { host: from } : {}) }
}
