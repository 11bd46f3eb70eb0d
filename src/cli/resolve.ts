// `xorbit resolve PUBLICKEY [NAME]`: finds the newest value that somebody has published (BEP 44), or the torrent that a
// link stands for (BEP 46).
import { toHex } from '../kademlia/id.ts'
import type { SignedItem } from '../networks/mainline/items/reader.ts'
import { decodeTorrentValue } from '../networks/mainline/updatable-torrent.ts'
import { readName } from './arguments.ts'
import { Failure, FOUND, misuse } from './failure.ts'
import { checkDestination, deliver, type DestinationFlags } from './item-output.ts'
import { readWhose } from './key-option.ts'
import { MAINLINE } from './networks.ts'
import type { Output } from './output.ts'
import type { Call } from './program.ts'
import { withProgress } from './progress.ts'
import { foundItem, itemFacts, shownItem, tellOfSigned, torrentMagnet } from './shown-item.ts'
import { withJoinedNode, type AskingFlags } from './short-lived-node.ts'

export interface ResolveFlags extends AskingFlags, DestinationFlags {
  readonly first?: true
}

/** Prints the value, or the link to the torrent. Throws Failure when nobody has it. */
export async function resolve(
  [key = '', name]: readonly string[],
  call: Call<ResolveFlags>,
): Promise<number> {
  const { flags, output } = call
  const { publicKey, salt } = await readWhose(key)
  if (salt !== null && name !== undefined) throw misuse('NAME', 'none beside a link, which has its own', name)
  const wanted = salt ?? readName('NAME', name ?? '')
  await checkDestination(flags)
  return withJoinedNode(MAINLINE, call, async ({ node, ending }) => {
    const mode = flags.first === true ? 'first' : 'latest'
    const resolving = node.resolve(publicKey, wanted, { mode, signal: ending.signal })
    const item = await withProgress(output, 'searching', resolving)
    if (item === null) {
      const whose = salt === null ? `${toHex(publicKey)}${named(name)}` : 'this link'
      throw new Failure('not-found', `nobody has a value under ${whose}`)
    }
    if (salt === null || flags.raw === true || flags.output !== undefined) {
      await deliver(foundItem(item), { flags, output })
    } else printTorrent(item, output)
    return FOUND
  })
}

function named(name: string | undefined): string {
  return name === undefined || name === '' ? '' : ` and the name ${JSON.stringify(name)}`
}

function printTorrent(item: SignedItem, output: Output): void {
  const infoHash = decodeTorrentValue(item.encoded)
  if (infoHash === null) {
    const shown = shownItem(item, true).slice(0, 80)
    throw new Failure('no-torrent', `what stands under this link is no torrent, but: ${shown}`)
  }
  output.result(torrentMagnet(infoHash), itemFacts(item))
  tellOfSigned(item, output)
}
