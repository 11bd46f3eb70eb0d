// Writes KRPC replies, keys sorted: the fast path of a node. What fits is reckoned before it is written, so that a
// datagram never exceeds its bound (K-15).
import { COMPACT_BYTES, writeAddress } from '../../../codecs/compact-address.ts'
import type { Family } from '../../../codecs/compact-address.ts'
import type { Address, Contact, KnownContact } from '../../../kademlia/contact.ts'
import { ERROR } from '../messages.ts'
import type { MainlineReply } from '../messages.ts'
import { ID_BYTES, MAX_DATAGRAM_BYTES, NODE_BYTES, VERSION_BYTES } from './bounds.ts'
import { encodeError, measureIp, putIp } from './encode.ts'
import type { Self } from './encode.ts'
import { ascii, stringSize, writer } from './writer.ts'

const PART = {
  begin: ascii('d'),
  id: ascii('1:rd2:id20:'),
  nodes: ascii('5:nodes'),
  nodes6: ascii('6:nodes6'),
  token: ascii('5:token'),
  values: ascii('6:valuesl'),
  transaction: ascii('e1:t'),
  version: ascii('1:v4:'),
  end: ascii('1:y1:re'),
} as const

const END = 0x65

/** What every reply has, without `ip` and the transaction. */
const BASE_BYTES =
  PART.begin.length +
  PART.id.length +
  ID_BYTES +
  PART.transaction.length +
  PART.version.length +
  VERSION_BYTES +
  PART.end.length

/**
 * A reply, in a buffer that the next reply overwrites. What does not fit in MAX_DATAGRAM_BYTES is shed: values from
 * their end, then nodes6, then nodes; that is, nodes have room first and values what is left. When its transaction leaves no room even so, it becomes a 203, and when that
 * does not fit either, ProtocolError is thrown; after decoding neither can be (MAX_TRANSACTION_BYTES).
 * Contacts and values of the wrong family are left out (B32-07).
 */
export function encodeReply(
  reply: MainlineReply,
  transaction: Uint8Array,
  to: Address,
  self: Self,
  family: Family,
): Uint8Array {
  const { nodes, nodes6, token, values } = reply
  let room = MAX_DATAGRAM_BYTES - BASE_BYTES - measureIp(to) - stringSize(transaction.length)
  // The keys stand even if all that is in them is shed.
  if (nodes !== undefined) room -= PART.nodes.length + stringSize(0)
  if (nodes6 !== undefined) room -= PART.nodes6.length + stringSize(0)
  if (token !== undefined) room -= PART.token.length + stringSize(token.length)
  if (room < 0) {
    return encodeError({ code: ERROR.protocol, message: 't is too long' }, transaction, to, self.version)
  }
  writer.beginReused()
  writer.put(PART.begin)
  putIp()
  writer.put(PART.id)
  writer.put(self.id)
  if (nodes !== undefined) room -= putContacts(PART.nodes, nodes, NODE_BYTES[4], room)
  if (nodes6 !== undefined) room -= putContacts(PART.nodes6, nodes6, NODE_BYTES[6], room)
  if (token !== undefined) {
    writer.put(PART.token)
    writer.string(token)
  }
  if (values !== undefined) putValues(values, COMPACT_BYTES[family], room)
  writer.put(PART.transaction)
  writer.string(transaction)
  writer.put(PART.version)
  writer.put(self.version)
  writer.put(PART.end)
  return writer.end()
}

/** The contacts of one list while it is written; as many as ever fit in a datagram. */
const forms: Uint8Array[] = []

/** Writes the key and as many contacts as fit; says how much of `room` they took. */
function putContacts(key: Uint8Array, contacts: readonly Contact[], size: number, room: number): number {
  const empty = stringSize(0)
  let count = 0
  for (let i = 0; i < contacts.length && stringSize((count + 1) * size) - empty <= room; i++) {
    const form = formOf(contacts[i]!)
    if (form.length === size) forms[count++] = form
  }
  writer.put(key)
  writer.prefix(count * size)
  for (let i = 0; i < count; i++) writer.put(forms[i]!)
  return stringSize(count * size) - empty
}

/** A contact as 26 or 38 bytes; 0 when its host is no IP address. Made once for a contact of the routing table. */
function formOf(contact: Contact): Uint8Array {
  const kept = (contact as Partial<KnownContact>).wireForm
  if (kept) return kept
  const bytes = new Uint8Array(NODE_BYTES[6])
  bytes.set(contact.id)
  const address = writeAddress(contact.address, bytes, ID_BYTES)
  const form = bytes.slice(0, address === 0 ? 0 : ID_BYTES + address)
  if (kept === null) (contact as KnownContact).wireForm = form
  return form
}

/** Writes the peers of `size` bytes that fit; none, no key. */
function putValues(values: readonly Uint8Array[], size: number, room: number): void {
  let left = room - PART.values.length - 1
  let begun = false
  for (let i = 0; i < values.length && left >= stringSize(size); i++) {
    const value = values[i]!
    if (value.length !== size) continue
    if (!begun) writer.put(PART.values)
    begun = true
    writer.string(value)
    left -= stringSize(size)
  }
  if (begun) writer.byte(END)
}
