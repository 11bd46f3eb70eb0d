// `xorbit store KEY VALUE`: stores a value under a key of khashmir, on the nodes closest to it; once, or kept alive.
import type { WriteReport } from '../node/write.ts'
import { readValueKey } from './arguments.ts'
import { checkSource, readContent, VALUE_LIMIT } from './content.ts'
import { FOUND, NO_ANSWER } from './failure.ts'
import { followUp } from './follow-up.ts'
import { KHASHMIR } from './networks.ts'
import type { Output } from './output.ts'
import type { Call } from './program.ts'
import { withProgress } from './progress.ts'
import { readAskingOptions, staysUntilStopped, withEnding, withSession } from './short-lived-node.ts'
import type { AskingFlags } from './short-lived-node.ts'
import { findIt, storedLine, VALUE_LIFE, writeFacts } from './write-facts.ts'

export interface StoreFlags extends AskingFlags {
  readonly file?: string
  readonly textKey?: true
  readonly keepAlive?: true
}

/** Prints what came of it and the key; with --keep-alive each time. Throws Failure, also for a value that is too large. */
export async function store(
  [keyText = '', value]: readonly string[],
  call: Call<StoreFlags>,
): Promise<number> {
  const { flags, output } = call
  const key = readValueKey(keyText, flags.textKey === true)
  const source = { value, file: flags.file }
  const keepAlive = flags.keepAlive === true
  checkSource(source)
  readAskingOptions(KHASHMIR, flags)
  return withEnding(flags, output, async (ending) => {
    const content = await readContent(source, { ending, output, limit: VALUE_LIMIT })
    // Who stays for hours serves others, too.
    const session = { network: KHASHMIR, flags, output, ending, readOnly: !keepAlive }
    return withSession(session, async ({ node }) => {
      node.on('republished', (report) => print(report, output))
      const storing = node.store(key, content, { keepAlive, signal: ending.signal })
      const report = await withProgress(output, 'storing', storing)
      print(report, output)
      if (report.stored > 0) {
        output.note(findIt(followUp(['values', report.key], flags), keepAlive ? null : VALUE_LIFE))
      }
      if (keepAlive) return staysUntilStopped(ending, output, 'to store it again before it expires')
      return report.stored > 0 ? FOUND : NO_ANSWER
    })
  })
}

function print(report: WriteReport, output: Output): void {
  output.result(`${storedLine(report, output, 'khashmir')}\nkey  ${report.key}`, writeFacts(report))
}
