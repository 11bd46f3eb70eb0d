// Reads what a reply holds: contacts, token, count, values, and how we are seen (khashmir A3). Unlike mainline's, a
// reply in which anything is not what it must be fails as a whole: that request fails, and its sender is to blame (A0).
import { latin1, TOKEN } from '../../../codecs/bencode-cursor.ts'
import { canonicalHost } from '../../../codecs/compact-address.ts'
import type { Address, Contact } from '../../../kademlia/contact.ts'
import { contactAt, isAllZero } from '../../krpc/contact-form.ts'
import { bytesOf, found, integerOf, viewOf } from '../../krpc/fields.ts'
import { fail } from '../../refuse.ts'
import type { KhashmirReply } from '../messages.ts'
import { CONTACT_BYTES, MAX_CONTACTS, MAX_TOKEN_BYTES, MAX_VALUES, UDP_PACKET_LIMIT } from './bounds.ts'
import { items, RESULT, results } from './fields.ts'

type Draft = { -readonly [key in keyof KhashmirReply]: KhashmirReply[key] }

/** What the longest IPv4 address needs as text. */
const MAX_IPV4_TEXT = 15

/** The `r` of a reply, of which `id` has been read. Throws ProtocolError that fails its request. */
export function readResults(bytes: Uint8Array, transaction: Uint8Array): KhashmirReply {
  const reply: Draft = {}
  if (results.has(RESULT.nodes)) reply.nodes = readContacts(bytes, transaction)
  if (results.has(RESULT.token)) {
    const length = results.lengthOf(RESULT.token)
    if (length < 0) fail(transaction, `token must be a byte string, got ${found(results, RESULT.token)}`)
    if (length <= MAX_TOKEN_BYTES) reply.token = bytesOf(bytes, results, RESULT.token)
  }
  if (results.has(RESULT.num)) reply.num = readNum(bytes, transaction)
  if (results.has(RESULT.values)) reply.values = readValues(bytes, transaction)
  const seenAs = readSeenAs(bytes)
  if (seenAs !== null) reply.seenAs = seenAs
  return reply
}

/**
 * The contacts, at most MAX_CONTACTS. Those that nobody can dial are left out: of port 0, or of the id that stands for
 * "not known yet" and may never be in a table (khashmir A2).
 */
function readContacts(bytes: Uint8Array, transaction: Uint8Array): Contact[] {
  const contacts: Contact[] = []
  enter('nodes', bytes, transaction)
  for (let rest = MAX_CONTACTS; rest > 0; rest--) {
    const token = items.skip()
    if (token === TOKEN.end) break
    if (token !== TOKEN.string || items.end - items.start !== CONTACT_BYTES) {
      fail(transaction, `nodes must be byte strings of ${CONTACT_BYTES}`)
    }
    const contact = contactAt(bytes, items.start, 4)
    if (contact !== null && !isAllZero(contact.id)) contacts.push(contact)
  }
  return contacts
}

/**
 * The values, at most MAX_VALUES, and no more bytes of them than an answer may have: nobody but a liar sends more, and
 * what is kept of thousands of answers would fill the memory.
 */
function readValues(bytes: Uint8Array, transaction: Uint8Array): Uint8Array[] {
  const values: Uint8Array[] = []
  let left = UDP_PACKET_LIMIT
  enter('values', bytes, transaction)
  while (values.length < MAX_VALUES) {
    const token = items.skip()
    if (token === TOKEN.end) break
    if (token !== TOKEN.string) fail(transaction, 'values must be byte strings')
    left -= items.end - items.start
    if (left < 0) break
    values.push(viewOf(bytes, items.start, items.end))
  }
  return values
}

/** Puts `items` before the first of a list. */
function enter(name: 'nodes' | 'values', bytes: Uint8Array, transaction: Uint8Array): void {
  const field = RESULT[name]
  if (!results.is(field, TOKEN.list))
    fail(transaction, `${name} must be a list, got ${found(results, field)}`)
  items.open(bytes, results.startOf(field))
  items.next()
}

/** More than we can count is as much as we can. */
function readNum(bytes: Uint8Array, transaction: Uint8Array): number {
  const num = integerOf(bytes, results, RESULT.num)
  if (num === null || num < 0) fail(transaction, 'num must be an integer from 0')
  return typeof num === 'number' ? num : Number.MAX_SAFE_INTEGER
}

/** What is no IPv4 address with a port is as if it were absent: it is news of us, and not what was asked for. */
function readSeenAs(bytes: Uint8Array): Address | null {
  const length = results.lengthOf(RESULT.ip_addr)
  const port = integerOf(bytes, results, RESULT.port)
  if (length < 0 || length > MAX_IPV4_TEXT) return null
  if (typeof port !== 'number' || port < 1 || port > 65_535) return null
  const start = results.contentOf(RESULT.ip_addr)
  const host = latin1(bytes, start, start + length)
  // Of so few bytes, what has no colon and is as we would write it is an IPv4 address.
  return !host.includes(':') && canonicalHost(host) === host ? { host, port } : null
}
