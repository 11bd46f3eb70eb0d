// `xorbit publish NAME VALUE`: stores a signed item (BEP 44) under our key and a name; once, or kept alive. With --torrent
// the item says which torrent is the newest (BEP 46).
import { toHex, type Id } from '../kademlia/id.ts'
import type { KeyPair } from '../networks/mainline/keys/key-pair.ts'
import type { PublishReport } from '../networks/mainline/items/publisher.ts'
import type { ValueLike } from '../networks/mainline/items/value.ts'
import { ERROR } from '../networks/mainline/messages.ts'
import { formatTorrentLink } from '../networks/mainline/updatable-torrent.ts'
import type { WriteReport } from '../node/write.ts'
import { readId, readName, readSeq } from './arguments.ts'
import { checkSource, ITEM_LIMIT, readContent, type ContentSource, type Reading } from './content.ts'
import { FOUND, misuse, NO_ANSWER } from './failure.ts'
import { followUp } from './follow-up.ts'
import { readKeyPair } from './key-option.ts'
import { MAINLINE } from './networks.ts'
import type { Output } from './output.ts'
import type { Call } from './program.ts'
import { withProgress } from './progress.ts'
import { readAskingOptions, staysUntilStopped, withEnding, withSession } from './short-lived-node.ts'
import type { AskingFlags } from './short-lived-node.ts'
import { findIt, ITEM_LIFE, storedLine, writeFacts } from './write-facts.ts'

export interface PublishFlags extends AskingFlags {
  readonly file?: string
  readonly torrent?: string
  readonly key?: string
  readonly cas?: string
  readonly seq?: string
  readonly keepAlive?: true
}

/** What is published, and by whom. */
interface Publication {
  readonly name: string
  readonly salt: Uint8Array
  readonly keyPair: KeyPair
  /** The link to the torrent; null where it is none. */
  readonly link: string | null
}

/** Prints what came of it, the seq and the public key; with --keep-alive each time. */
export async function publish(
  [name = '', value]: readonly string[],
  call: Call<PublishFlags>,
): Promise<number> {
  const { flags, output } = call
  const salt = readName('NAME', name)
  const torrent = readTorrent(flags, value)
  const source = { value, file: flags.file }
  if (torrent === null) checkSource(source)
  const [cas, seq] = [readSeq('--cas', flags.cas), readSeq('--seq', flags.seq)]
  readAskingOptions(MAINLINE, flags)
  const keyPair = await readKeyPair(flags.key)
  const link = torrent === null ? null : formatTorrentLink({ publicKey: keyPair.publicKey, salt })
  const what = { name, salt, keyPair, link }
  const options = {
    keyPair,
    ...(cas === undefined ? {} : { cas }),
    ...(seq === undefined ? {} : { seq }),
    keepAlive: flags.keepAlive === true,
  }
  return withEnding(flags, output, async (ending) => {
    const content = await contentOf(torrent, source, { ending, output, limit: ITEM_LIMIT })
    return withSession({ network: MAINLINE, flags, output, ending }, async ({ node }) => {
      node.on('republished', (report) => print({ ...report, seq: report.seq! }, what, output))
      const publishing = node.publish(salt, content, { ...options, signal: ending.signal })
      const report = await withProgress(output, 'publishing', publishing)
      print(report, what, output)
      if (report.stored === 0) {
        tellOfCas(report, { seq, find: followUp(['resolve', ...whereIsIt(what)], flags) }, output)
        return NO_ANSWER
      }
      output.note(
        findIt(followUp(['resolve', ...whereIsIt(what)], flags), options.keepAlive ? null : ITEM_LIFE),
      )
      if (!options.keepAlive) return FOUND
      return staysUntilStopped(ending, output, 'to put it again every hour')
    })
  })
}

function readTorrent({ torrent, file }: PublishFlags, value: string | undefined): Id | null {
  if (torrent === undefined) return null
  if (value !== undefined) throw misuse('--torrent', 'no VALUE beside it', value)
  if (file !== undefined) throw misuse('--torrent', 'no --file beside it', file)
  return readId('--torrent', torrent, MAINLINE)
}

async function contentOf(torrent: Id | null, source: ContentSource, reading: Reading): Promise<ValueLike> {
  return torrent === null ? readContent(source, reading) : { ih: torrent }
}

function whereIsIt({ name, keyPair, link }: Publication): string[] {
  if (link !== null) return [link]
  return [toHex(keyPair.publicKey), ...(name === '' ? [] : [name])]
}

/** What to do where the newest version is another than that of --cas. */
function tellOfCas(
  { seq, refused }: PublishReport,
  { seq: given, find }: { seq: bigint | undefined; find: string },
  output: Output,
): void {
  const mismatch = refused.find(({ code }) => code === ERROR.casMismatch)
  if (mismatch === undefined) return
  // Where our own node refuses it has found the newest, and has made the next seq of it.
  const newest = mismatch.host === 'self' && given === undefined ? seq - 1n : null
  const cas = newest === null ? 'the version that it shows' : `${newest}`
  output.note(
    `${newest === null ? 'see what the newest is' : `the newest is version ${newest}; see what it says`}, ` +
      `and publish again with --cas ${cas}:  ${find}`,
  )
}

function print(
  report: WriteReport & { readonly seq: bigint },
  { keyPair, link }: Publication,
  output: Output,
): void {
  const publicKey = toHex(keyPair.publicKey)
  const lines = [
    `version ${report.seq} ${storedLine(report, output, 'mainline')}`,
    `key         ${report.key}`,
    `public key  ${publicKey}`,
    ...(link === null ? [] : [`link        ${link}`]),
  ]
  const facts = { ...writeFacts(report), seq: report.seq, publicKey }
  output.result(lines.join('\n'), link === null ? facts : { ...facts, magnet: link })
}
