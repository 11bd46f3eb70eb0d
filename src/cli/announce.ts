// `xorbit announce INFOHASH --port PEERPORT`: tells the closest nodes that a peer is on this host; once, or kept alive.
import { hostPort } from '../codecs/compact-address.ts'
import type { WriteReport } from '../node/write.ts'
import { readId, readPort } from './arguments.ts'
import { FOUND, NO_ANSWER } from './failure.ts'
import { MAINLINE } from './networks.ts'
import { counted, type Output } from './output.ts'
import type { Call } from './program.ts'
import { withProgress } from './progress.ts'
import { writeFacts } from './write-facts.ts'
import { staysUntilStopped, withJoinedNode, type AskingFlags } from './short-lived-node.ts'

export interface AnnounceFlags extends AskingFlags {
  readonly port: string
  readonly seed?: true
  readonly keepAlive?: true
}

/** Prints what came of it; with --keep-alive each time. */
export async function announce(
  [infoHash = '']: readonly string[],
  call: Call<AnnounceFlags>,
): Promise<number> {
  const { flags, output } = call
  const key = readId('INFOHASH', infoHash, MAINLINE)
  const port = readPort('--port', flags.port, 1)
  const keepAlive = flags.keepAlive === true
  const seed = flags.seed === true
  return withJoinedNode(MAINLINE, call, async ({ node, ending }) => {
    if (keepAlive) node.on('announced', (report) => print(output, port, report))
    const announced = node.announce(key, { port, seed, keepAlive, signal: ending.signal })
    const report = await withProgress(output, 'announcing', announced)
    print(output, port, report)
    if (!keepAlive) return report.stored > 0 ? FOUND : NO_ANSWER
    return staysUntilStopped(ending, output, 'to announce it again before it expires')
  })
}

function print(output: Output, port: number, report: WriteReport): void {
  const { key, stored, asked, refused } = report
  const how = `${stored} of ${counted(asked, 'node')} stored it`
  const lines = [`${stored > 0 ? 'announced' : 'not announced'}: port ${port} under ${key}; ${how}`]
  for (const each of refused) lines.push(`  ${hostPort(each)} did not: ${each.code}`)
  output.result(lines.join('\n'), writeFacts(report))
}
