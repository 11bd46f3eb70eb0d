// Reads khashmir's messages: one pass over the bytes finds the known fields, then each is checked by its method
// (decode-query.ts) or as part of a reply (decode-reply.ts); errors are read here.
// What is wrong becomes a ProtocolError that says what is to be answered, or that nothing is (khashmir A1).
import { BencodeCursor, integerAt, TOKEN } from '../../../codecs/bencode-cursor.ts'
import { KHASHMIR } from '../../../codecs/bencode-value.ts'
import type { Address } from '../../../kademlia/contact.ts'
import { asId } from '../../../kademlia/id.ts'
import type { Message } from '../../../kademlia/ports.ts'
import { isAllZero } from '../../krpc/contact-form.ts'
import { bytesOf, found } from '../../krpc/fields.ts'
import { drop, fail } from '../../refuse.ts'
import { scanMessage } from '../../krpc/scan.ts'
import type { KhashmirMethod, KhashmirQuery, KhashmirReply } from '../messages.ts'
import { ID_BYTES, MAX_ERROR_BYTES, MAX_TRANSACTION_BYTES, TRANSACTION_BYTES } from './bounds.ts'
import { readQuery } from './decode-query.ts'
import { readResults } from './decode-reply.ts'
import { items, RESULT, results, TOP, top } from './fields.ts'

/** What a node takes. */
export interface Accepted {
  /** The methods of our role. */
  readonly methods: readonly KhashmirMethod[]
  /** Transactions of any length up to MAX_TRANSACTION_BYTES, or of 20 bytes alone. */
  readonly anyTransaction: boolean
}

type Read = Message<KhashmirQuery, KhashmirReply>

const LETTER = { e: 0x65, q: 0x71, r: 0x72 } as const

const cursor = new BencodeCursor(KHASHMIR)

/**
 * Reads one datagram. The result's byte fields are views of it. Throws ProtocolError, nothing else:
 * with an `answer` for a query that the original answers with an error (203, 204, 201); with `failedTransaction` for a
 * malformed reply or error, and for a message of an unknown type; else in silence, `reason` being 'source-port-0',
 * 'not-bencode', 'not-a-dictionary', 'too-complex', 'no-transaction', 'transaction-length', 'no-type' or
 * 'malformed-query' (khashmir A1).
 */
export function decodeMessage(datagram: Uint8Array, from: Address, accepted: Accepted): Read {
  if (from.port === 0) drop('source-port-0', 'the datagram comes from port 0')
  scanMessage(datagram, cursor, top)
  const transaction = readTransaction(datagram, accepted.anyTransaction)
  if (top.lengthOf(TOP.y) < 0) drop('no-type', `y must be a byte string, got ${found(top, TOP.y)}`)
  const type = top.lengthOf(TOP.y) === 1 ? datagram[top.contentOf(TOP.y)] : 0
  if (type === LETTER.q) return readQuery(datagram, transaction, { from, methods: accepted.methods })
  if (type === LETTER.r) return readReply(datagram, transaction)
  if (type === LETTER.e) return readError(datagram, transaction)
  return fail(transaction, 'y must be one of q, r, e', 'unknown-type')
}

function readTransaction(datagram: Uint8Array, anyLength: boolean): Uint8Array {
  const length = top.lengthOf(TOP.t)
  if (length < 0) drop('no-transaction', `t must be a byte string, got ${found(top, TOP.t)}`)
  if (anyLength ? length > MAX_TRANSACTION_BYTES : length !== TRANSACTION_BYTES) {
    const allowed = anyLength ? `at most ${MAX_TRANSACTION_BYTES}` : TRANSACTION_BYTES
    drop('transaction-length', `t must be ${allowed} bytes, got ${length}`)
  }
  return bytesOf(datagram, top, TOP.t)
}

function readReply(bytes: Uint8Array, transaction: Uint8Array): Read {
  if (!top.is(TOP.r, TOKEN.dictionary)) fail(transaction, `r must be a dictionary, got ${found(top, TOP.r)}`)
  if (results.lengthOf(RESULT.id) !== ID_BYTES) {
    fail(transaction, `id must be ${ID_BYTES} bytes, got ${found(results, RESULT.id)}`)
  }
  const senderId = asId(bytesOf(bytes, results, RESULT.id))
  // It may never be in a table (khashmir A2), so nobody answers under it.
  if (isAllZero(senderId)) fail(transaction, 'id must not be all zero')
  const reply = readResults(bytes, transaction)
  return { kind: 'reply', transaction, senderId, reply, seenAs: reply.seenAs ?? null }
}

const TEXT = new TextDecoder()

/** A list of exactly a code and a text. */
function readError(bytes: Uint8Array, transaction: Uint8Array): Read {
  if (!top.is(TOP.e, TOKEN.list)) fail(transaction, `e must be a list, got ${found(top, TOP.e)}`)
  items.open(bytes, top.startOf(TOP.e))
  items.next()
  const code = items.skip() === TOKEN.integer ? integerAt(bytes, items.start, items.end) : null
  const hasText = code !== null && items.skip() === TOKEN.string
  const { start, end } = items
  if (typeof code !== 'number' || !hasText || items.skip() !== TOKEN.end) {
    fail(transaction, 'e must be a list of a code and a text')
  }
  const message = TEXT.decode(bytes.subarray(start, Math.min(end, start + MAX_ERROR_BYTES)))
  return { kind: 'error', transaction, code, message, seenAs: null }
}
