// Reads the compact lists of replies: contacts and peers. What in them is no contact or peer is left out.
import { TOKEN } from '../../../codecs/bencode-cursor.ts'
import type { BencodeCursor } from '../../../codecs/bencode-cursor.ts'
import { COMPACT_BYTES, readAddress } from '../../../codecs/compact-address.ts'
import type { Family } from '../../../codecs/compact-address.ts'
import type { Contact } from '../../../kademlia/contact.ts'
import { asId } from '../../../kademlia/id.ts'
import { ID_BYTES, MAX_CONTACTS, MAX_VALUES, NODE_BYTES } from './bounds.ts'

/**
 * The contacts in the `length` bytes at `start`, at most MAX_CONTACTS, those of port 0 left out. null when the length
 * is no multiple (B5-02, B32-02), or negative, which says that there is no such string.
 */
export function readContacts(
  bytes: Uint8Array,
  start: number,
  length: number,
  family: Family,
): Contact[] | null {
  const size = NODE_BYTES[family]
  if (length < 0 || length % size !== 0) return null
  const contacts: Contact[] = []
  for (let at = start; at < start + length && contacts.length < MAX_CONTACTS; at += size) {
    const address = readAddress(bytes, at + ID_BYTES, family)
    if (address.port === 0) continue
    const id = asId(new Uint8Array(bytes.buffer, bytes.byteOffset + at, ID_BYTES))
    contacts.push({ id, address })
  }
  return contacts
}

/** The peers of 6 and 18 bytes (B32-07) in the list before which `items` stands, at most MAX_VALUES. */
export function readCompactPeers(bytes: Uint8Array, items: BencodeCursor): Uint8Array[] {
  const peers: Uint8Array[] = []
  items.next()
  for (let token = items.skip(); token !== TOKEN.end && peers.length < MAX_VALUES; token = items.skip()) {
    const length = items.end - items.start
    if (token !== TOKEN.string || (length !== COMPACT_BYTES[4] && length !== COMPACT_BYTES[6])) continue
    const hasPort = bytes[items.end - 1] !== 0 || bytes[items.end - 2] !== 0
    if (hasPort) peers.push(new Uint8Array(bytes.buffer, bytes.byteOffset + items.start, length))
  }
  return peers
}
