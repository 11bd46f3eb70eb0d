// Reads what a reply holds: contacts, peers, token, filters (BEP 33) and samples (BEP 51); items are in decode-item.ts.
// What cannot be what it should be is left out, and the rest stays.
import { BencodeCursor, TOKEN } from '../../../codecs/bencode-cursor.ts'
import { ENVELOPE } from '../../../codecs/bencode-value.ts'
import { COMPACT_BYTES } from '../../../codecs/compact-address.ts'
import type { Family } from '../../../codecs/compact-address.ts'
import type { Contact } from '../../../kademlia/contact.ts'
import { asId } from '../../../kademlia/id.ts'
import type { Id } from '../../../kademlia/id.ts'
import { contactAt } from '../../krpc/contact-form.ts'
import { bytesOf, integerOf, viewOf } from '../../krpc/fields.ts'
import type { MainlineReply } from '../messages.ts'
import {
  FILTER_BYTES,
  ID_BYTES,
  MAX_CONTACTS,
  MAX_SAMPLE_INTERVAL_S,
  MAX_SAMPLES,
  MAX_TOKEN_BYTES,
  MAX_VALUES,
  NODE_BYTES,
} from './bounds.ts'
import { readItem } from './decode-item.ts'
import { RESULT, results } from './fields.ts'

type Draft = { -readonly [key in keyof MainlineReply]: MainlineReply[key] }

const items = new BencodeCursor(ENVELOPE)

/** The `r` of a reply, of which `id` has been read. Never throws. */
export function readResults(bytes: Uint8Array): MainlineReply {
  const reply: Draft = {}
  const nodes = readContacts(bytes, RESULT.nodes, 4)
  if (nodes !== null) reply.nodes = nodes
  const nodes6 = readContacts(bytes, RESULT.nodes6, 6)
  if (nodes6 !== null) reply.nodes6 = nodes6
  if (results.is(RESULT.values, TOKEN.list)) reply.values = readCompactPeers(bytes)
  const tokenLength = results.lengthOf(RESULT.token)
  if (tokenLength >= 0 && tokenLength <= MAX_TOKEN_BYTES) reply.token = bytesOf(bytes, results, RESULT.token)
  // B33-06: one filter says nothing without the other.
  if (results.lengthOf(RESULT.BFsd) === FILTER_BYTES && results.lengthOf(RESULT.BFpe) === FILTER_BYTES) {
    const seeds = bytesOf(bytes, results, RESULT.BFsd)
    reply.filters = { seeds, peers: bytesOf(bytes, results, RESULT.BFpe) }
  }
  const item = readItem(bytes)
  if (item !== null) Object.assign(reply, item)
  if (results.has(RESULT.samples)) readSamples(bytes, reply)
  return reply
}

/**
 * The contacts of a list, at most MAX_CONTACTS, those of port 0 left out. null when there is no such string, or its
 * length is no multiple (B5-02, B32-02).
 */
function readContacts(bytes: Uint8Array, field: number, family: Family): Contact[] | null {
  const size = NODE_BYTES[family]
  const length = results.lengthOf(field)
  if (length < 0 || length % size !== 0) return null
  const contacts: Contact[] = []
  const start = results.contentOf(field)
  for (let at = start; at < start + length && contacts.length < MAX_CONTACTS; at += size) {
    const contact = contactAt(bytes, at, family)
    if (contact !== null) contacts.push(contact)
  }
  return contacts
}

/** The peers of 6 and 18 bytes (B32-07) in `values`, at most MAX_VALUES. */
function readCompactPeers(bytes: Uint8Array): Uint8Array[] {
  const peers: Uint8Array[] = []
  items.open(bytes, results.startOf(RESULT.values))
  items.next()
  for (let token = items.skip(); token !== TOKEN.end && peers.length < MAX_VALUES; token = items.skip()) {
    const length = items.end - items.start
    if (token !== TOKEN.string || (length !== COMPACT_BYTES[4] && length !== COMPACT_BYTES[6])) continue
    const hasPort = bytes[items.end - 1] !== 0 || bytes[items.end - 2] !== 0
    if (hasPort) peers.push(viewOf(bytes, items.start, items.end))
  }
  return peers
}

/**
 * BEP 51. Samples that are no multiple of 20 bytes are none, and then neither are the numbers about them: the node
 * counts as one that does not sample (B51-07).
 */
function readSamples(bytes: Uint8Array, reply: Draft): void {
  const length = results.lengthOf(RESULT.samples)
  if (length < 0 || length % ID_BYTES !== 0) return
  const samples: Id[] = []
  const start = results.contentOf(RESULT.samples)
  const end = start + Math.min(length, MAX_SAMPLES * ID_BYTES)
  for (let at = start; at < end; at += ID_BYTES) samples.push(asId(viewOf(bytes, at, at + ID_BYTES)))
  reply.samples = samples
  const interval = integerOf(bytes, results, RESULT.interval)
  // B51-06. Number() of a bigint is beyond the bounds as the bigint is.
  if (interval !== null) reply.interval = Math.max(0, Math.min(MAX_SAMPLE_INTERVAL_S, Number(interval)))
  const num = integerOf(bytes, results, RESULT.num)
  if (typeof num === 'number' && num >= 0) reply.num = num
}
