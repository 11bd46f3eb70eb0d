// Signing with an expanded key: the scalar and the prefix that RFC 8032 makes of a seed by SHA-512. libtorrent and the
// vectors of BEP 44 have keys of this form; node:crypto takes seeds only, so the points are @noble/ed25519's
// (docs/decisions/0008). Not here: seeds (seed-key.ts), and verifying, which has one way only (signature.ts).
import { createHash } from 'node:crypto'
import { Point } from '@noble/ed25519'
import { toHex } from '../../../kademlia/id.ts'

const HALF = 32
const ORDER = Point.CURVE().n

export interface ExpandedKey {
  /** Below the order of the base point. */
  readonly scalar: bigint
  /** 32 bytes, as secret as the scalar. */
  readonly prefix: Uint8Array
  /** 32 bytes: the scalar times the base point. */
  readonly publicKey: Uint8Array
}

/** Reads scalar ‖ prefix (64 bytes). null when the scalar is not clamped (RFC 8032 5.1.5), so is no such key. */
export function readExpandedKey(secret: Uint8Array): ExpandedKey | null {
  const isClamped = (secret[0]! & 0x07) === 0 && (secret[HALF - 1]! & 0xc0) === 0x40
  if (!isClamped) return null
  // No clamped scalar is a multiple of the order: it would have to be 8 of them, which has one bit too many.
  const scalar = numberOf(secret.subarray(0, HALF)) % ORDER
  return { scalar, prefix: secret.slice(HALF), publicKey: Point.BASE.multiply(scalar).toBytes() }
}

/** The signature (64 bytes) of a message, by RFC 8032 5.1.6 from its second step on: always the same for the same message. */
export function signExpanded({ scalar, prefix, publicKey }: ExpandedKey, message: Uint8Array): Uint8Array {
  const nonce = digestNumber([prefix, message])
  const point = Point.BASE.multiply(nonce).toBytes()
  const challenge = digestNumber([point, publicKey, message])
  const signature = new Uint8Array(2 * HALF)
  signature.set(point)
  signature.set(bytesOf((nonce + challenge * scalar) % ORDER), HALF)
  return signature
}

/** SHA-512 of the parts, below the order. */
function digestNumber(parts: readonly Uint8Array[]): bigint {
  const hash = createHash('sha512')
  for (const part of parts) hash.update(part)
  return numberOf(hash.digest()) % ORDER
}

/** The number of little-endian bytes. */
function numberOf(bytes: Uint8Array): bigint {
  return BigInt(`0x${toHex(bytes.toReversed())}`)
}

/** 32 bytes, little-endian. */
function bytesOf(number: bigint): Uint8Array {
  return Buffer.from(number.toString(16).padStart(2 * HALF, '0'), 'hex').reverse()
}
