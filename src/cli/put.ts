// `xorbit put VALUE`: stores an immutable item (BEP 44) on the closest nodes; once, or kept alive.
import type { WriteReport } from '../node/write.ts'
import { checkSource, ITEM_LIMIT, readContent } from './content.ts'
import { FOUND, NO_ANSWER } from './failure.ts'
import { followUp } from './follow-up.ts'
import { MAINLINE } from './networks.ts'
import type { Output } from './output.ts'
import type { Call } from './program.ts'
import { withProgress } from './progress.ts'
import { readAskingOptions, staysUntilStopped, withEnding, withSession } from './short-lived-node.ts'
import type { AskingFlags } from './short-lived-node.ts'
import { findIt, ITEM_LIFE, storedLine, writeFacts } from './write-facts.ts'

export interface PutFlags extends AskingFlags {
  readonly file?: string
  readonly keepAlive?: true
}

/** Prints what came of it and the key; with --keep-alive each time. Throws Failure, also for a value that is too large. */
export async function put([value]: readonly string[], call: Call<PutFlags>): Promise<number> {
  const { flags, output } = call
  const source = { value, file: flags.file }
  const keepAlive = flags.keepAlive === true
  checkSource(source)
  readAskingOptions(MAINLINE, flags)
  return withEnding(flags, output, async (ending) => {
    const content = await readContent(source, { ending, output, limit: ITEM_LIMIT })
    return withSession({ network: MAINLINE, flags, output, ending }, async ({ node }) => {
      node.on('republished', (report) => print(report, output))
      const storing = node.put(content, { keepAlive, signal: ending.signal })
      const report = await withProgress(output, 'storing', storing)
      print(report, output)
      if (report.stored > 0)
        output.note(findIt(followUp(['get', report.key], flags), keepAlive ? null : ITEM_LIFE))
      if (keepAlive) return staysUntilStopped(ending, output, 'to put it again every hour')
      return report.stored > 0 ? FOUND : NO_ANSWER
    })
  })
}

function print(report: WriteReport, output: Output): void {
  output.result(`${storedLine(report, output, 'mainline')}\nkey  ${report.key}`, writeFacts(report))
}
