// Reads items of BEP 44: what a put brings, and what a reply to a get holds. Types, lengths and the canonical form of
// values are checked here; signatures, tokens and hashes are not (answers, queries).
import { BencodeCursor } from '../../../codecs/bencode-cursor.ts'
import { BencodeError, STORED_VALUE } from '../../../codecs/bencode-value.ts'
import { bytesOf, found, rawOf } from '../../krpc/fields.ts'
import { ERROR } from '../messages.ts'
import type { MainlineReply, PutQuery, Signed } from '../messages.ts'
import { MAX_ITEM_BYTES, MAX_SALT_BYTES, PUBLIC_KEY_BYTES, SIGNATURE_BYTES } from './bounds.ts'
import { ARGUMENT, args, RESULT, results, seqOf } from './fields.ts'
import { readToken, refuse } from './refuse.ts'

const NO_SALT = new Uint8Array(0)

/** What `MainlineReply.badItem` says; one word, for counting. */
const MALFORMED = 'item-malformed'

const cursor = new BencodeCursor(STORED_VALUE)

/**
 * Whether these bytes are one canonical bencoded value: no leading zeros, no -0, keys that strictly ascend, nothing
 * behind it (K-13, T19), at most 32 levels deep. Length is not looked at.
 */
export function isCanonical(value: Uint8Array): boolean {
  try {
    cursor.open(value)
    cursor.skip()
    cursor.finish()
    return true
  } catch (error) {
    if (error instanceof BencodeError) return false
    throw error
  }
}

/**
 * Reads the arguments of a put. Types come first, then the sizes that have codes of their own: 205, then 207; token,
 * signature, cas and seq are compared behind the wire. Without `k` and `sig` the item is immutable, and then `seq`,
 * `salt` and `cas` say nothing, but must be well-formed: anacrolix's puts have a `seq` always.
 */
export function readPut(bytes: Uint8Array, transaction: Uint8Array): PutQuery {
  const method = 'put'
  const token = readToken(method, bytes, transaction)
  if (!args.has(ARGUMENT.v)) refuse(transaction, `${method}: v must be there`)
  const salt = readSalt(bytes, transaction)
  const seq = readSeq('seq', bytes, transaction)
  const cas = readSeq('cas', bytes, transaction)
  const publicKey = readExactly('k', PUBLIC_KEY_BYTES, bytes, transaction)
  const signature = readExactly('sig', SIGNATURE_BYTES, bytes, transaction)
  const signed = readSigned({ publicKey, signature, seq, salt }, transaction)
  const value = rawOf(bytes, args, ARGUMENT.v)
  if (value.length > MAX_ITEM_BYTES) {
    const message = `${method}: v must be at most ${MAX_ITEM_BYTES} bytes, got ${value.length}`
    refuse(transaction, message, ERROR.valueTooBig)
  }
  if (!isCanonical(value))
    refuse(transaction, `${method}: v must be canonical bencode, 32 levels deep at most`)
  if (salt.length > MAX_SALT_BYTES) {
    const message = `${method}: salt must be at most ${MAX_SALT_BYTES} bytes, got ${salt.length}`
    refuse(transaction, message, ERROR.saltTooBig)
  }
  return { method, token, value, signed, cas: signed === null ? null : cas }
}

interface SignedParts {
  readonly publicKey: Uint8Array | null
  readonly signature: Uint8Array | null
  readonly seq: bigint | null
  readonly salt: Uint8Array
}

function readSigned(
  { publicKey, signature, seq, salt }: SignedParts,
  transaction: Uint8Array,
): Signed | null {
  if (publicKey === null && signature === null) return null
  if (publicKey === null || signature === null || seq === null) {
    refuse(transaction, 'put: a mutable item needs all of k, sig and seq')
  }
  return { publicKey, salt, seq, signature }
}

/** B44-03: none is the same as an empty one. */
function readSalt(bytes: Uint8Array, transaction: Uint8Array): Uint8Array {
  if (!args.has(ARGUMENT.salt)) return NO_SALT
  if (args.lengthOf(ARGUMENT.salt) >= 0) return bytesOf(bytes, args, ARGUMENT.salt)
  return refuse(transaction, `put: salt must be a byte string, got ${found(args, ARGUMENT.salt)}`)
}

/** null when it is absent. */
function readSeq(name: 'seq' | 'cas', bytes: Uint8Array, transaction: Uint8Array): bigint | null {
  const field = ARGUMENT[name]
  if (!args.has(field)) return null
  const seq = seqOf(bytes, args, field)
  return seq ?? refuse(transaction, `put: ${name} must be an integer from 0 to 2^63 - 1`)
}

/** null when it is absent. */
function readExactly(
  name: 'k' | 'sig',
  length: number,
  bytes: Uint8Array,
  transaction: Uint8Array,
): Uint8Array | null {
  const field = ARGUMENT[name]
  if (!args.has(field)) return null
  if (args.lengthOf(field) === length) return bytesOf(bytes, args, field)
  return refuse(transaction, `put: ${name} must be ${length} bytes, got ${found(args, field)}`)
}

type ItemFields = Pick<MainlineReply, 'value' | 'publicKey' | 'signature' | 'seq' | 'badItem'>

/**
 * The item of a reply, or its `seq` alone (B44-17). What can be none is left out as a whole and noted as `badItem`;
 * the rest of the reply is of use all the same (B44-18). `k` and `sig` without `v` are no item, and left out.
 */
export function readItem(bytes: Uint8Array): ItemFields | null {
  const hasSeq = results.has(RESULT.seq)
  const hasValue = results.has(RESULT.v)
  if (!hasSeq && !hasValue) return null
  const seq = seqOf(bytes, results, RESULT.seq)
  if (hasSeq && seq === null) return { badItem: MALFORMED }
  if (!hasValue) return { seq: seq! }
  const value = rawOf(bytes, results, RESULT.v)
  if (value.length > MAX_ITEM_BYTES || !isCanonical(value)) return { badItem: MALFORMED }
  // As in a put, `seq` alone makes no item mutable.
  if (!results.has(RESULT.k) && !results.has(RESULT.sig)) return { value }
  if (seq === null || !hasKeyAndSignature()) return { badItem: MALFORMED }
  const publicKey = bytesOf(bytes, results, RESULT.k)
  return { value, publicKey, signature: bytesOf(bytes, results, RESULT.sig), seq }
}

function hasKeyAndSignature(): boolean {
  return results.lengthOf(RESULT.k) === PUBLIC_KEY_BYTES && results.lengthOf(RESULT.sig) === SIGNATURE_BYTES
}
