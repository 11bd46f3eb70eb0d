// `xorbit publish NAME VALUE` on drogulus: signs a value with an RSA key and stores it under that key and a name; once, or
// kept alive. Not here: mainline (publish.ts).
import type { DrogulusPublishOptions } from '../networks/drogulus/node.ts'
import type { Drogulus } from '../networks/drogulus/open.ts'
import type { WriteReport } from '../node/write.ts'
import { checkSource, readContent, SIGNED_VALUE_LIMIT } from './content.ts'
import { FOUND, NO_ANSWER } from './failure.ts'
import { followUp } from './follow-up.ts'
import { DROGULUS } from './networks.ts'
import type { Output } from './output.ts'
import type { Call } from './program.ts'
import { withProgress } from './progress.ts'
import { readRsaKeyPair } from './rsa-key-option.ts'
import { readAskingOptions, staysUntilStopped, withEnding, withSession } from './short-lived-node.ts'
import type { AskingFlags } from './short-lived-node.ts'
import { shownExpiry, shownTime } from './shown-signed-value.ts'
import { readDuplicate, readExpiry, readMeta, readValueName } from './value-options.ts'
import { findIt, storedLine, writeFacts } from './write-facts.ts'

export interface PublishValueFlags extends AskingFlags {
  readonly file?: string
  readonly key?: string
  readonly expires?: string
  readonly meta?: readonly string[]
  readonly duplicate?: string
  readonly keepAlive?: true
}

/** What is told of each version that is stored. */
interface Publication {
  readonly timestamp: number
  readonly expires: number | null
  readonly publicKey: string
}

/** Prints what came of it, the key and the timestamp; with --keep-alive each time. */
export async function publishValue(
  [name = '', value]: readonly string[],
  call: Call<PublishValueFlags>,
): Promise<number> {
  const { flags, output } = call
  const bytes = readValueName(name)
  const source = { value, file: flags.file }
  checkSource(source)
  const beside = readBeside(flags)
  const keyPair = await readRsaKeyPair(flags.key)
  const keepAlive = flags.keepAlive === true
  return withEnding(flags, output, async (ending) => {
    const content = await readContent(source, { ending, output, limit: SIGNED_VALUE_LIMIT })
    // Who stays for hours serves others, too.
    const session = { network: DROGULUS, flags, output, ending, readOnly: !keepAlive }
    return withSession(session, async ({ node }) => {
      const options = { ...beside, keyPair, keepAlive, signal: ending.signal }
      const report = await withProgress(output, 'publishing', node.publish(bytes, content, options))
      const what = { ...whatOf(report.timestamp, options), publicKey: keyPair.publicKey }
      print(report, what, output)
      node.on('republished', (again) => print(again, { ...what, ...newest(node, again, what) }, output))
      // Nodes hand a value on to each other, and so forget it no sooner than it expires.
      if (report.stored > 0) output.note(findIt(followUp(['get', report.key], flags), null))
      if (keepAlive) return staysUntilStopped(ending, output, 'to store it again every hour')
      return report.stored > 0 ? FOUND : NO_ANSWER
    })
  })
}

function readBeside(
  flags: PublishValueFlags,
): Pick<DrogulusPublishOptions, 'expires' | 'meta' | 'duplicate'> {
  const { k } = DROGULUS.resolve(readAskingOptions(DROGULUS, flags)).parameters
  const duplicate = readDuplicate(flags.duplicate, k)
  return {
    expires: readExpiry(flags.expires, Date.now()),
    meta: readMeta(flags.meta),
    ...(duplicate === undefined ? {} : { duplicate }),
  }
}

function whatOf(
  timestamp: number,
  { expires }: Pick<DrogulusPublishOptions, 'expires'>,
): Omit<Publication, 'publicKey'> {
  return { timestamp, expires: expires instanceof Date ? expires.getTime() / 1_000 : null }
}

/** What is stored again is the newest version that our node knows. */
function newest(
  node: Drogulus,
  { key }: WriteReport,
  { timestamp, expires }: Publication,
): Omit<Publication, 'publicKey'> {
  return node.published().find((each) => each.key === key) ?? { timestamp, expires }
}

function print(report: WriteReport, { timestamp, expires, publicKey }: Publication, output: Output): void {
  const lines = [
    storedLine(report, output, 'drogulus'),
    `key        ${report.key}`,
    `timestamp  ${shownTime(timestamp)}; ${shownExpiry(expires)}`,
  ]
  output.result(lines.join('\n'), { ...writeFacts(report), timestamp, expires, publicKey })
}
