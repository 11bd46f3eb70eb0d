// A found item (BEP 44), for people and as JSON: text where it is one, else hex of bytes, else JSON of lists, numbers and
// dictionaries. Not here: finding it (get.ts, resolve.ts), and what values mean in bencode (docs/values.md).
import { toHex } from '../kademlia/id.ts'
import type { Item, SignedItem } from '../networks/mainline/items/reader.ts'
import { bytesOf } from '../networks/mainline/items/value.ts'
import { decodeTorrentValue } from '../networks/mainline/updatable-torrent.ts'
import type { Found } from './item-output.ts'
import { asJson } from './json-value.ts'
import { counted, toJson, type Output } from './output.ts'
import { printableLines } from './printable.ts'

/** What --raw, --output and `hex` are about: the content of a byte string, or the bytes of anything else as stored. */
function rawBytes({ encoded }: Item): Uint8Array {
  return bytesOf(encoded) ?? encoded
}

export function foundItem(item: Item | SignedItem): Found {
  return {
    bytes: rawBytes(item),
    facts: itemFacts(item),
    shown: (isTerminal) => shownItem(item, isTerminal),
    tell: (output) => {
      if (isSigned(item)) tellOfSigned(item, output)
    },
  }
}

/** The fields under --json; `value` only where it is no byte string. */
export function itemFacts(item: Item | SignedItem): object {
  const { key, text, value, encoded } = item
  const isBytes = bytesOf(encoded) !== null
  return {
    key,
    text,
    hex: toHex(rawBytes(item)),
    ...(isBytes ? {} : { value: asJson(value) }),
    ...(isSigned(item) ? signedFacts(item) : {}),
  }
}

function signedFacts({ seq, publicKey, signature, copies, conflict, encoded }: SignedItem): object {
  const infoHash = decodeTorrentValue(encoded)
  return {
    seq,
    publicKey: toHex(publicKey),
    signature: toHex(signature),
    copies,
    conflict,
    ...(infoHash === null ? {} : { infoHash: toHex(infoHash), magnet: torrentMagnet(infoHash) }),
  }
}

/** The value for people. A terminal must not obey what a stranger has put; a pipe gets it as it is. */
export function shownItem(item: Item, isTerminal: boolean): string {
  const { text, value, encoded } = item
  const bytes = bytesOf(encoded)
  const shown = text ?? (bytes === null ? toJson(asJson(value)) : toHex(bytes))
  return isTerminal ? printableLines(shown) : shown
}

/** What people want to know of a signed item besides its value, on stderr. */
export function tellOfSigned(item: SignedItem, output: Output): void {
  const { seq, copies, conflict, others, publicKey } = item
  output.note(`version ${seq}, signed by ${toHex(publicKey)}; ${counted(copies, 'copy', 'copies')} found`)
  if (!conflict) return
  const shown = others.map((other) => ` ${toJson(asJson(other))}`).join(',')
  output.note(
    `conflict: two writers have published different values as version ${seq}${shown === '' ? '' : `; also found:${shown}`}. ` +
      'Every reader is given this one; publishing again ends it',
  )
}

function isSigned(item: Item | SignedItem): item is SignedItem {
  return 'signature' in item
}

/** A link to a torrent (BEP 9). */
export function torrentMagnet(infoHash: Uint8Array): string {
  return `magnet:?xt=urn:btih:${toHex(infoHash)}`
}
