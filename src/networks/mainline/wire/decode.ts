// Reads KRPC messages: one pass over the bytes finds the known fields, then each is checked by its method
// (decode-query.ts) or as part of a reply (decode-reply.ts); errors are read here.
// What is wrong becomes a ProtocolError that says what is to be answered, or that nothing is (K-09).
import { BencodeCursor, integerAt, TOKEN } from '../../../codecs/bencode-cursor.ts'
import { ENVELOPE } from '../../../codecs/bencode-value.ts'
import { unpackAddress } from '../../../codecs/compact-address.ts'
import type { Address } from '../../../kademlia/contact.ts'
import { asId } from '../../../kademlia/id.ts'
import type { Message } from '../../../kademlia/ports.ts'
import { bytesOf, found } from '../../krpc/fields.ts'
import { drop, fail } from '../../refuse.ts'
import { scanMessage } from '../../krpc/scan.ts'
import { ERROR } from '../messages.ts'
import type { MainlineQuery, MainlineReply } from '../messages.ts'
import { ID_BYTES, MAX_ERROR_BYTES } from './bounds.ts'
import { readQuery } from './decode-query.ts'
import { readResults } from './decode-reply.ts'
import { RESULT, results, TOP, top } from './fields.ts'

const cursor = new BencodeCursor(ENVELOPE)
const items = new BencodeCursor(ENVELOPE)

const LETTER = { e: 0x65, q: 0x71, r: 0x72 } as const

/**
 * Reads one datagram. The result's byte fields are views of it. Throws ProtocolError, nothing else:
 * with an `answer` (203; 204 for an unknown method without a target; 205 and 207 of a put) for a malformed query whose
 * `t` is readable; with `failedTransaction` for a malformed reply; else in silence, `reason` being 'source-port-0',
 * 'not-bencode', 'not-a-dictionary', 'too-complex', 'no-transaction', 'transaction-too-long', 'no-type' or
 * 'unknown-type' (K-09).
 */
export function decodeMessage(datagram: Uint8Array, from: Address): Message<MainlineQuery, MainlineReply> {
  if (from.port === 0) drop('source-port-0', 'the datagram comes from port 0')
  scanMessage(datagram, cursor, top)
  if (!top.is(TOP.t, TOKEN.string))
    drop('no-transaction', `t must be a byte string, got ${found(top, TOP.t)}`)
  if (top.lengthOf(TOP.y) < 0) drop('no-type', `y must be a byte string, got ${found(top, TOP.y)}`)
  const transaction = bytesOf(datagram, top, TOP.t)
  const type = top.lengthOf(TOP.y) === 1 ? datagram[top.contentOf(TOP.y)] : 0
  if (type === LETTER.q) return readQuery(datagram, transaction, from)
  if (type === LETTER.r) return readReply(datagram, transaction)
  if (type === LETTER.e) return readError(datagram, transaction)
  return drop('unknown-type', 'y must be one of q, r, e')
}

function readReply(bytes: Uint8Array, transaction: Uint8Array): Message<MainlineQuery, MainlineReply> {
  if (!top.is(TOP.r, TOKEN.dictionary)) fail(transaction, `r must be a dictionary, got ${found(top, TOP.r)}`)
  if (results.lengthOf(RESULT.id) !== ID_BYTES) {
    fail(transaction, `id must be ${ID_BYTES} bytes, got ${found(results, RESULT.id)}`)
  }
  const senderId = asId(bytesOf(bytes, results, RESULT.id))
  return { kind: 'reply', transaction, senderId, reply: readResults(bytes), seenAs: readSeenAs(bytes) }
}

const TEXT = new TextDecoder()

/** K-07: `e` may be a list in which something is missing, or a bare string; an error is an error. */
function readError(bytes: Uint8Array, transaction: Uint8Array): Message<MainlineQuery, MainlineReply> {
  let code: number = ERROR.generic
  let message = ''
  const isList = top.is(TOP.e, TOKEN.list)
  if (isList || top.is(TOP.e, TOKEN.string)) {
    items.open(bytes, top.startOf(TOP.e))
    if (isList) items.next()
    for (let rest = 2; rest > 0 && (isList || rest === 2); rest--) {
      const token = items.skip()
      if (token === TOKEN.end) break
      const number = token === TOKEN.integer ? integerAt(bytes, items.start, items.end) : null
      if (typeof number === 'number') code = number
      const end = Math.min(items.end, items.start + MAX_ERROR_BYTES)
      if (token === TOKEN.string) message = TEXT.decode(bytes.subarray(items.start, end))
    }
  }
  return { kind: 'error', transaction, code, message, seenAs: readSeenAs(bytes) }
}

/** BEP 42 `ip`; what is no compact address is as if it were absent. */
function readSeenAs(bytes: Uint8Array): Address | null {
  if (!top.is(TOP.ip, TOKEN.string)) return null
  const address = unpackAddress(bytesOf(bytes, top, TOP.ip))
  return address === null || address.port === 0 ? null : address
}
