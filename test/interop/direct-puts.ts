// Items put on one node, of whatever kind, and asked back from it alone: with any seq, cas, token or signature, and without
// the walks, retries and verdicts of the verbs. Not here: what whole networks do with items.
import { createHash, randomBytes } from 'node:crypto'
import {
  decodeValue,
  encodeValue,
  keyPairFrom,
  XorbitError,
  type Address,
  type KeyPair,
  type Mainline,
  type Value,
  type ValueLike,
} from '../../src/index.ts'
import { signedBytes, targetOf } from '../../src/networks/mainline/items/item.ts'
import { sign } from '../../src/networks/mainline/keys/key-pair.ts'

export interface DirectPut {
  readonly value: ValueLike
  /** Beside a key pair; without one the item is immutable. */
  readonly seq?: number | bigint
  readonly keyPair?: KeyPair
  readonly salt?: string
  readonly cas?: number
  /** Instead of the one that the node gives. */
  readonly token?: Uint8Array
  /** Instead of a good one. */
  readonly signature?: Uint8Array
}

export interface DirectGet {
  readonly value: Value
  /** null for an immutable item. */
  readonly seq: bigint | null
}

/** What became of a put: taken, refused with a code, or why there was no answer. */
export type PutOutcome = 'taken' | number | 'no-answer'

/** Asks the node for a token and puts with it. */
export async function putOn(node: Mainline, to: Address, put: DirectPut): Promise<PutOutcome> {
  const value = encodeValue(put.value)
  const signed = put.keyPair === undefined ? null : signedPart(value, put, put.keyPair)
  const target = targetOf({ value, signed })
  try {
    const token = put.token ?? (await node.query(to, { method: 'get', target })).reply.token
    if (token === undefined) throw new Error('it gives no token')
    await node.query(to, { method: 'put', token, value, signed, cas: put.cas ?? null })
    return 'taken'
  } catch (error) {
    if (!(error instanceof XorbitError)) throw error
    if (error.code !== 'refused') return 'no-answer'
    return (error.details['refusal'] as { code: number }).code
  }
}

/** What one node answers with under a key (40 hex digits), unchecked; null when it has nothing. */
export async function getFrom(node: Mainline, from: Address, target: string): Promise<DirectGet | null> {
  const { value, seq } = (await node.query(from, { method: 'get', target })).reply
  return value === undefined ? null : { value: decodeValue(value), seq: seq ?? null }
}

/** 40 hex digits: what a signed item stands under. */
export function keyOf({ publicKey }: KeyPair, salt = ''): string {
  return createHash('sha1').update(publicKey).update(salt).digest('hex')
}

/** A new key pair in the form that libtorrent has: an expanded key of 64 bytes (RFC 8032 5.1.5). */
export function expandedKeyPair(): KeyPair {
  const secret = createHash('sha512').update(randomBytes(32)).digest()
  secret[0]! &= 0xf8
  secret[31] = (secret[31]! & 0x3f) | 0x40
  return keyPairFrom(secret)
}

function signedPart(value: Uint8Array, { seq = 1, salt = '', signature }: DirectPut, keyPair: KeyPair) {
  const named = { seq: BigInt(seq), salt: new TextEncoder().encode(salt) }
  const { publicKey } = keyPair
  return { publicKey, ...named, signature: signature ?? sign(keyPair, signedBytes(value, named)) }
}
