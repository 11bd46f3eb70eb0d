// `xorbit sample`: which infohashes the nodes of the network store (BEP 51), each printed as soon as it is told.
import { hostPort } from '../codecs/compact-address.ts'
import { toHex } from '../kademlia/id.ts'
import { readWhole } from './arguments.ts'
import { isTimeOut } from './ending.ts'
import { Failure, FOUND } from './failure.ts'
import { MAINLINE } from './networks.ts'
import { counted, styled } from './output.ts'
import type { Call } from './program.ts'
import { sayHowFar } from './progress.ts'
import { withJoinedNode, type AskingFlags } from './short-lived-node.ts'

export interface SampleFlags extends AskingFlags {
  readonly limit?: string
  readonly nodes?: string
}

/** Nodes of which one survey may keep an account. */
const MAX_NODES = 250_000
/** More than the public network has nodes. */
const MAX_LIMIT = 100_000_000

/** Prints a line for each infohash. Throws Failure when there is none. */
export async function sample(_words: readonly string[], call: Call<SampleFlags>): Promise<number> {
  const { flags, output } = call
  const limit = readCount('--limit', flags.limit, MAX_LIMIT)
  const maxNodes = readCount('--nodes', flags.nodes, MAX_NODES)
  return withJoinedNode(MAINLINE, call, async ({ node, ending }) => {
    const stream = node.sample({
      signal: ending.signal,
      ...(limit === undefined ? {} : { limit }),
      ...(maxNodes === undefined ? {} : { maxNodes }),
    })
    let found = 0
    const told = (): string => counted(found, 'infohash', 'infohashes')
    let before = 0
    const progress = sayHowFar(output, () => {
      const isSilent = found === before
      before = found
      return isSilent ? `asking node after node, ${told()} so far` : null
    })
    try {
      for await (const { infoHash, from } of stream) {
        found++
        const [hex, { host, port }] = [toHex(infoHash), from.address]
        output.result(`${hex}  ${styled('dim', hostPort(from.address))}`, { infoHash: hex, host, port })
      }
    } catch (error) {
      if (!isTimeOut(error) || found === 0) throw error
      output.note(`${told()} so far; ${error.message}`)
      return FOUND
    } finally {
      progress.end()
    }
    const { asked, answered, supporting, num } = await stream.outcome
    const survey = `${answered} of ${counted(asked, 'request')} answered`
    if (found === 0)
      throw new Failure(
        'not-found',
        `no infohashes: ${counted(supporting, 'node')} told what they store; ${survey}`,
      )
    output.note(`${told()}: ${counted(supporting, 'node')} told what they store, ${num} in sum; ${survey}`)
    return FOUND
  })
}

function readCount(name: string, text: string | undefined, most: number): number | undefined {
  if (text === undefined) return undefined
  return readWhole(name, text, { least: 1, most, allowed: `a whole number from 1 to ${most}` })
}
