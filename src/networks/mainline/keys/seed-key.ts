// Seeds, the private keys of RFC 8032: 32 bytes that node:crypto signs with. Not here: expanded keys, files.
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'

export const SEED_BYTES = 32

/** PKCS#8 (RFC 8410) of an Ed25519 seed, but for the seed. */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')

/** A seed as node:crypto takes it. Costs 70 µs, so a key pair does it once. */
export function importSeed(seed: Uint8Array): KeyObject {
  // Not by Buffer.concat(), which writes to memory that others are handed unwiped.
  const pkcs8 = new Uint8Array(PKCS8_PREFIX.length + SEED_BYTES)
  pkcs8.set(PKCS8_PREFIX)
  pkcs8.set(seed, PKCS8_PREFIX.length)
  return createPrivateKey({ format: 'der', type: 'pkcs8', key: Buffer.from(pkcs8.buffer) })
}

/** The seed of an Ed25519 private key. */
export function seedOf(key: KeyObject): Uint8Array {
  return fromBase64Url(key.export({ format: 'jwk' }).d!)
}

/** The public key (32 bytes) of an Ed25519 private key. */
export function publicKeyOf(key: KeyObject): Uint8Array {
  return fromBase64Url(createPublicKey(key).export({ format: 'jwk' }).x!)
}

function fromBase64Url(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'base64url'))
}
