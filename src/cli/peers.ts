// `xorbit peers INFOHASH`: finds peers, each printed as soon as it is found.
import { hostPort } from '../codecs/compact-address.ts'
import { readId } from './arguments.ts'
import { isTimeOut } from './ending.ts'
import { Failure, FOUND } from './failure.ts'
import { MAINLINE } from './networks.ts'
import { counted } from './output.ts'
import type { Call } from './program.ts'
import { withJoinedNode, type AskingFlags } from './short-lived-node.ts'

/** Prints a line for each peer. Throws Failure when there is none. */
export async function peers([infoHash = '']: readonly string[], call: Call<AskingFlags>): Promise<number> {
  const { output } = call
  const key = readId('INFOHASH', infoHash, MAINLINE)
  return withJoinedNode(MAINLINE, call, async ({ node, ending }) => {
    const stream = node.peers(key, { signal: ending.signal })
    let found = 0
    try {
      for await (const peer of stream) {
        found++
        output.result(hostPort(peer), { host: peer.host, port: peer.port })
      }
    } catch (error) {
      if (!isTimeOut(error) || found === 0) throw error
      output.note(`${counted(found, 'peer')} so far; ${error.message}`)
      return FOUND
    }
    const { asked, answered } = await stream.outcome
    const search = `${answered} of ${counted(asked, 'node')} answered`
    if (found === 0) throw new Failure('not-found', `no peers of ${infoHash}: ${search}`)
    output.note(`${counted(found, 'peer')}: ${search}`)
    return FOUND
  })
}
