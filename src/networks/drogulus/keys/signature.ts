// Signatures of values: RSA PKCS#1 v1.5 with SHA-512, where the compound digest is the message digest (drogulus B3). What
// hashes its input would hash it once more, so the block is put together here, and the rest is the bare RSA operation.
// Not here: what the digest is made of (signed-digest.ts), how public keys are read (rsa-public-key.ts).
import { constants, privateEncrypt, publicDecrypt, type KeyObject } from 'node:crypto'
import { MsgPackError } from '../../../codecs/msgpack-value.ts'
import type { Revision, SignedValue } from '../messages.ts'
import { PythonOrderError } from './python-order.ts'
import { readRsaPublicKey, type RsaPublicKey } from './rsa-public-key.ts'
import { compoundDigest, type MapOrder } from './signed-digest.ts'

/** DigestInfo of SHA-512, NULL parameters and all (RFC 8017, 9.2); the digest of 64 bytes follows. */
const DIGEST_INFO = Buffer.from('3051300d060960864801650304020305000440', 'hex')

/** Why nothing proves that a value is from who it says. */
export type Unverifiable =
  /** No RSA public key that we read, or one out of bounds. */
  | 'public-key'
  /** Not as long as the modulus, or not below it; or it is over something else. */
  | 'signature'
  /** The revision signs `created_with`, and there is none. */
  | 'created-with'
  /** A map in the value or in meta has no order that we know (python-order.ts), or a value cannot be packed. */
  | 'order'

/** The signature of a digest (64 bytes), as long as the modulus, and the same each time. */
export function sign(digest: Uint8Array, privateKey: KeyObject): Uint8Array {
  const options = { key: privateKey, padding: constants.RSA_PKCS1_PADDING }
  return new Uint8Array(privateEncrypt(options, Buffer.concat([DIGEST_INFO, digest])))
}

/**
 * null: the value is signed by who has the private key of its public key. Never throws. 40 µs with 2048 bits; at most 1.2 ms
 * whatever the key, 0.2 ms for hashing, and 10 ms for what maps can cost (python-order.ts).
 */
export function verify(
  item: SignedValue,
  revision: Revision,
  order: MapOrder = 'python',
): Unverifiable | null {
  const publicKey = readRsaPublicKey(item.publicKey)
  if (publicKey === null) return 'public-key'
  const { signature, createdWith } = item
  // Before anything is hashed, for this costs nothing.
  if (!isBelow(signature, publicKey.modulus)) return 'signature'
  if (revision === 'october-2013' && createdWith === null) return 'created-with'
  let digest: Uint8Array
  try {
    digest = compoundDigest(item, revision, order)
  } catch (error) {
    if (error instanceof PythonOrderError || error instanceof MsgPackError) return 'order'
    throw error
  }
  return isSignatureOf(digest, signature, publicKey) ? null : 'signature'
}

/** As long, and a smaller number. */
function isBelow(signature: Uint8Array, modulus: Uint8Array): boolean {
  return signature.length === modulus.length && Buffer.compare(signature, modulus) < 0
}

/** The whole block is compared: what only looks into it finds room for forgeries. Never throws. */
export function isSignatureOf(digest: Uint8Array, signature: Uint8Array, { key }: RsaPublicKey): boolean {
  try {
    const block = publicDecrypt({ key, padding: constants.RSA_NO_PADDING }, signature)
    return block.equals(blockOf(digest, signature.length))
  } catch {
    return false
  }
}

/** 00 01 ff … ff 00 ‖ DigestInfo ‖ digest */
function blockOf(digest: Uint8Array, length: number): Uint8Array {
  const block = Buffer.alloc(length, 0xff)
  const start = length - DIGEST_INFO.length - digest.length
  block[0] = 0
  block[1] = 1
  block[start - 1] = 0
  block.set(DIGEST_INFO, start)
  block.set(digest, start + DIGEST_INFO.length)
  return block
}
