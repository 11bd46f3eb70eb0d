// Writes KRPC replies, keys sorted: the fast path of a node. What fits is reckoned before it is written, so that a
// datagram never exceeds its bound (K-15).
import { COMPACT_BYTES } from '../../../codecs/compact-address.ts'
import type { Family } from '../../../codecs/compact-address.ts'
import type { Address, Contact } from '../../../kademlia/contact.ts'
import { formOf } from '../../krpc/contact-form.ts'
import { ascii, stringSize, writer } from '../../krpc/writer.ts'
import { ERROR } from '../messages.ts'
import type { MainlineReply } from '../messages.ts'
import {
  ID_BYTES,
  MAX_DATAGRAM_BYTES,
  MAX_ITEM_CONTACTS_BYTES,
  MAX_ITEM_DATAGRAM_BYTES,
  NODE_BYTES,
  VERSION_BYTES,
} from './bounds.ts'
import {
  extrasSize,
  hasExtras,
  putBeforeContacts,
  putBeforeId,
  putBeforeToken,
  putValue,
} from './encode-extras.ts'
import { encodeError, measureIp, putIp } from './encode.ts'
import type { Self } from './encode.ts'

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

/** An empty string. */
const EMPTY = 2

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
 * A reply, in a buffer that the next reply overwrites. It has at most MAX_DATAGRAM_BYTES, or with an item (`value`)
 * MAX_ITEM_DATAGRAM_BYTES of the family. What does not fit is shed: values and samples from their end, then contacts
 * of the other family, then those of `family`, whose list is the mandatory one (B33-11). All else is never shed: where
 * it leaves no room for the transaction, the answer becomes a 203. When that does not fit either, ProtocolError is
 * thrown, which after decoding cannot be (MAX_TRANSACTION_BYTES).
 * Contacts and values of the wrong family are left out (B32-07).
 */
export function encodeReply(
  reply: MainlineReply,
  transaction: Uint8Array,
  to: Address,
  self: Self,
  family: Family,
): Uint8Array {
  // Most replies have no extras. They are written here, where nothing is called that can be spared.
  if (hasExtras(reply)) return encodeWithExtras(reply, transaction, to, self, family)
  const { nodes, nodes6, token, values } = reply
  let room = MAX_DATAGRAM_BYTES - BASE_BYTES - measureIp(to) - stringSize(transaction.length)
  // The keys stand even if all that is in them is shed.
  if (nodes !== undefined) room -= PART.nodes.length + EMPTY
  if (nodes6 !== undefined) room -= PART.nodes6.length + EMPTY
  if (token !== undefined) room -= PART.token.length + stringSize(token.length)
  if (room < 0) return refuseTransaction(transaction, to, self)
  const kept = family === 6 && nodes6 !== undefined ? growth(nodes6.length * NODE_BYTES[6]) : 0
  writer.beginReused()
  writer.put(PART.begin)
  putIp()
  writer.put(PART.id)
  writer.put(self.id)
  if (nodes !== undefined) room -= putContacts(PART.nodes, nodes, NODE_BYTES[4], room - kept)
  if (nodes6 !== undefined) room -= putContacts(PART.nodes6, nodes6, NODE_BYTES[6], room)
  if (token !== undefined) {
    writer.put(PART.token)
    writer.string(token)
  }
  if (values !== undefined) putValues(values, COMPACT_BYTES[family], room)
  return putEnd(transaction, self)
}

/** The same with filters, an item or samples: no such reply is so frequent that it would have to be fast. */
function encodeWithExtras(
  reply: MainlineReply,
  transaction: Uint8Array,
  to: Address,
  self: Self,
  family: Family,
): Uint8Array {
  const { token, values, value } = reply
  const size = BASE_BYTES + measureIp(to) + stringSize(transaction.length) + keptSize(reply)
  let room = roomBeside(size, family, value !== undefined)
  if (room < 0) return refuseTransaction(transaction, to, self)
  writer.beginReused()
  writer.put(PART.begin)
  putIp()
  putBeforeId(reply)
  writer.put(self.id)
  putBeforeContacts(reply)
  room -= putBothContacts(reply, family, room)
  room -= putBeforeToken(reply, room)
  if (token !== undefined) {
    writer.put(PART.token)
    writer.string(token)
  }
  putValue(reply)
  if (values !== undefined) putValues(values, COMPACT_BYTES[family], room)
  return putEnd(transaction, self)
}

function putEnd(transaction: Uint8Array, self: Self): Uint8Array {
  writer.put(PART.transaction)
  writer.string(transaction)
  writer.put(PART.version)
  writer.put(self.version)
  writer.put(PART.end)
  return writer.end()
}

function refuseTransaction(transaction: Uint8Array, to: Address, self: Self): Uint8Array {
  return encodeError({ code: ERROR.protocol, message: 't is too long' }, transaction, to, self.version)
}

/** What a reply has beside BASE_BYTES that is never shed. */
function keptSize(reply: MainlineReply): number {
  const { nodes, nodes6, token } = reply
  let size = extrasSize(reply)
  if (nodes !== undefined) size += PART.nodes.length + EMPTY
  if (nodes6 !== undefined) size += PART.nodes6.length + EMPTY
  if (token !== undefined) size += PART.token.length + stringSize(token.length)
  return size
}

/** Bytes left for what may be shed; negative when `size`, which is never shed, is too much already. */
function roomBeside(size: number, family: Family, hasItem: boolean): number {
  if (!hasItem) return MAX_DATAGRAM_BYTES - size
  const room = MAX_ITEM_DATAGRAM_BYTES[family] - size
  return room < 0 ? room : Math.max(0, MAX_ITEM_CONTACTS_BYTES[family] - size)
}

/** Writes both lists; those of `family` have room first, whichever key comes first. Says how much they took. */
function putBothContacts({ nodes, nodes6 }: MainlineReply, family: Family, room: number): number {
  const kept = family === 6 && nodes6 !== undefined ? growth(nodes6.length * NODE_BYTES[6]) : 0
  let left = room
  if (nodes !== undefined) left -= putContacts(PART.nodes, nodes, NODE_BYTES[4], left - kept)
  if (nodes6 !== undefined) left -= putContacts(PART.nodes6, nodes6, NODE_BYTES[6], left)
  return room - left
}

/** By how much an empty string grows when it gets so many bytes. */
function growth(bytes: number): number {
  return stringSize(bytes) - EMPTY
}

/** The contacts of one list while it is written; as many as ever fit in a datagram. */
const forms: Uint8Array[] = []

/** Writes the key and as many contacts as fit; says how much of `room` they took. */
function putContacts(key: Uint8Array, contacts: readonly Contact[], size: number, room: number): number {
  let count = 0
  for (let i = 0; i < contacts.length && stringSize((count + 1) * size) - EMPTY <= room; i++) {
    const form = formOf(contacts[i]!)
    if (form.length === size) forms[count++] = form
  }
  writer.put(key)
  writer.prefix(count * size)
  for (let i = 0; i < count; i++) writer.put(forms[i]!)
  return stringSize(count * size) - EMPTY
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
