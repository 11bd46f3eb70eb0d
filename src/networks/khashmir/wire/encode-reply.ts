// Writes replies, keys sorted. What fits is reckoned before it is written, so that a datagram never exceeds its bound.
import type { Contact } from '../../../kademlia/contact.ts'
import type { Id } from '../../../kademlia/id.ts'
import { formOf } from '../../krpc/contact-form.ts'
import { ascii, stringSize, writer } from '../../krpc/writer.ts'
import { ERROR } from '../messages.ts'
import type { KhashmirReply } from '../messages.ts'
import { CONTACT_BYTES, ID_BYTES, UDP_PACKET_LIMIT } from './bounds.ts'
import { encodeError, encodeTooLong } from './encode.ts'

const PART = {
  begin: ascii('d1:rd2:id20:'),
  host: ascii('7:ip_addr'),
  nodes: ascii('5:nodesl'),
  num: ascii('3:numi'),
  port: ascii('4:porti'),
  token: ascii('5:token'),
  values: ascii('6:valuesl'),
  transaction: ascii('e1:t'),
  end: ascii('1:y1:re'),
} as const

const END = 0x65

const BASE_BYTES = PART.begin.length + ID_BYTES + PART.transaction.length + PART.end.length

const NO_VALUE_FITS = { code: ERROR.server, message: 'unknown error sending response: ' }

/** The contacts of the reply that is being written; as many as it has of IPv4. */
const forms: Uint8Array[] = []

/**
 * A reply, in a buffer that the next reply overwrites; an error in its place is fresh. It has at most
 * UDP_PACKET_LIMIT bytes: values are cut from their end, and where not one fits the answer is a 201; what is too long
 * without values becomes a 206 (khashmir A4). Throws ProtocolError as `encodeError` does.
 * Contacts that are not of IPv4 are left out.
 */
export function encodeReply(reply: KhashmirReply, transaction: Uint8Array, id: Id): Uint8Array {
  const { nodes, values } = reply
  if (nodes !== undefined) collectForms(nodes)
  const size = BASE_BYTES + stringSize(transaction.length) + keptSize(reply)
  const count = values === undefined ? 0 : howManyFit(values, UDP_PACKET_LIMIT - size)
  if (count < 0) return encodeError(NO_VALUE_FITS, transaction)
  if (values === undefined && size > UDP_PACKET_LIMIT) return encodeTooLong(size, transaction)
  writer.beginReused()
  writer.put(PART.begin)
  writer.put(id)
  putResults(reply)
  if (values !== undefined) putValues(values, count)
  writer.put(PART.transaction)
  writer.string(transaction)
  writer.put(PART.end)
  return writer.end()
}

/** What a reply has beside BASE_BYTES, but for the values themselves. */
function keptSize({ nodes, num, seenAs, token, values }: KhashmirReply): number {
  let size = 0
  if (nodes !== undefined) size += PART.nodes.length + 1 + forms.length * stringSize(CONTACT_BYTES)
  if (num !== undefined) size += integerSize(PART.num, num)
  if (seenAs !== undefined) {
    size += PART.host.length + stringSize(seenAs.host.length) + integerSize(PART.port, seenAs.port)
  }
  if (token !== undefined) size += PART.token.length + stringSize(token.length)
  if (values !== undefined) size += PART.values.length + 1
  return size
}

/** `key` has the `i`. */
function integerSize(key: Uint8Array, value: number): number {
  return key.length + String(value).length + 1
}

/** All that stands between `id` and the values. */
function putResults({ nodes, num, seenAs, token }: KhashmirReply): void {
  if (seenAs !== undefined) {
    writer.put(PART.host)
    writer.string(ascii(seenAs.host))
  }
  if (nodes !== undefined) putContacts()
  if (num !== undefined) putInteger(PART.num, num)
  if (seenAs !== undefined) putInteger(PART.port, seenAs.port)
  if (token !== undefined) {
    writer.put(PART.token)
    writer.string(token)
  }
}

/** How many of the first values go into `room` bytes: none is passed over. -1: not one of them does. */
function howManyFit(values: readonly Uint8Array[], room: number): number {
  let left = room
  let count = 0
  for (; count < values.length; count++) {
    left -= stringSize(values[count]!.length)
    if (left < 0) break
  }
  return left < 0 && count === 0 ? -1 : count
}

function collectForms(contacts: readonly Contact[]): void {
  forms.length = 0
  for (const contact of contacts) {
    const form = formOf(contact)
    if (form.length === CONTACT_BYTES) forms.push(form)
  }
}

function putContacts(): void {
  writer.put(PART.nodes)
  for (const form of forms) writer.string(form)
  writer.byte(END)
}

/** `key` has the `i`. */
function putInteger(key: Uint8Array, value: number): void {
  writer.put(key)
  writer.number(value)
  writer.byte(END)
}

function putValues(values: readonly Uint8Array[], count: number): void {
  writer.put(PART.values)
  for (let i = 0; i < count; i++) writer.string(values[i]!)
  writer.byte(END)
}
