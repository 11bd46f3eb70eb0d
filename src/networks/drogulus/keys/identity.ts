// RSA key pairs of people who publish on drogulus, and of nodes, whose id is made of theirs: making them, reading them,
// signing. Not here: keeping them in files (identity-file.ts), keys of others (rsa-public-key.ts).
import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto'
import type { Id } from '../../../kademlia/id.ts'
import { badArgument } from '../../../node/errors.ts'
import { secretArgument } from '../../secret-argument.ts'
import { keyOf } from './key.ts'
import { MAX_MODULUS_BITS, MIN_MODULUS_BITS, readRsaPublicKey } from './rsa-public-key.ts'
import { isSignatureOf, sign } from './signature.ts'

/** What the originals' test keys have, and who signs today should have. */
const LEAST_NEW_BITS = 2_048

const EXPONENT = 65_537

/**
 * An RSA key pair: made by `generateRsaKeyPair`, or `readRsaKeyPair`. It shows its private key to nobody who does not ask:
 * neither logged nor as JSON.
 */
export class RsaKeyPair {
  /** PEM text (SubjectPublicKeyInfo) without white space around, as it stands in the values that are signed. */
  readonly publicKey: string
  readonly #privateKey: KeyObject

  /** Throws RangeError for a key that is not RSA, out of the bounds of rsa-public-key.ts, or does not fit together. */
  constructor(privateKey: KeyObject) {
    this.publicKey = createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).trim()
    this.#privateKey = privateKey
    const publicKey = readRsaPublicKey(Buffer.from(this.publicKey))
    if (publicKey === null) throw new RangeError('no usable RSA key')
    // The numbers of a damaged file need not fit each other, and who signs wrongly is banned.
    const digest = new Uint8Array(64)
    if (!isSignatureOf(digest, this.sign(digest), publicKey)) throw new RangeError('two halves of two keys')
  }

  /** Throws XorbitError 'bad-argument' for what is no RsaKeyPair. */
  static assert(name: string, value: unknown): RsaKeyPair {
    if (value instanceof RsaKeyPair) return value
    const got = value === null ? 'null' : `a value of type ${typeof value}`
    throw secretArgument(name, { expected: 'a key pair of generateRsaKeyPair or readRsaKeyPair', got })
  }

  /** PEM text (PKCS#8). */
  get privateKey(): string {
    return this.#privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  }

  /** The signature of a digest of 64 bytes (signature.ts). */
  sign(digest: Uint8Array): Uint8Array {
    return sign(digest, this.#privateKey)
  }

  toJSON(): { publicKey: string } {
    return { publicKey: this.publicKey }
  }

  /** What console.log shows. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return `RsaKeyPair { publicKey: ${JSON.stringify(this.publicKey)} }`
  }
}

/**
 * A new key pair of so many bits, 2048 to 8192, by default 2048. That takes a tenth of a second, of 8192 bits minutes, on
 * another thread. Throws XorbitError 'bad-argument'.
 */
export async function generateRsaKeyPair(options: { readonly bits?: number } = {}): Promise<RsaKeyPair> {
  const { bits = LEAST_NEW_BITS } = options
  if (!Number.isInteger(bits) || bits < LEAST_NEW_BITS || bits > MAX_MODULUS_BITS || bits % 8 !== 0) {
    throw badArgument('bits', `a multiple of 8 from ${LEAST_NEW_BITS} to ${MAX_MODULUS_BITS}`, bits)
  }
  return new Promise((resolve, reject) => {
    generateKeyPair('rsa', { modulusLength: bits, publicExponent: EXPONENT }, (error, _public, key) => {
      if (error === null) resolve(new RsaKeyPair(key))
      else reject(error)
    })
  })
}

const EXPECTED = `an RSA private key in PEM (PKCS#8 or PKCS#1) without a passphrase, of ${MIN_MODULUS_BITS} to ${MAX_MODULUS_BITS} bits`

/**
 * The key pair of a private key in PEM: PKCS#8 or PKCS#1, not encrypted. Throws XorbitError 'bad-argument' about the
 * argument of this name, which does not show what was given.
 */
export function readRsaKeyPair(pem: string, name = 'pem'): RsaKeyPair {
  if (typeof pem !== 'string')
    throw secretArgument(name, { expected: EXPECTED, got: `a value of type ${typeof pem}` })
  if (pem.includes('ENCRYPTED'))
    throw secretArgument(name, { expected: EXPECTED, got: 'one with a passphrase' })
  let pair: RsaKeyPair
  try {
    pair = new RsaKeyPair(createPrivateKey(pem))
  } catch {
    throw secretArgument(name, { expected: EXPECTED, got: `${pem.length} characters of something else` })
  }
  return pair
}

/** The id of a node: sha512 of its public key (drogulus B3), 64 bytes. White space around does not count. */
export function nodeIdOf(publicKey: Uint8Array | string): Id {
  return keyOf(publicKey, new Uint8Array(0))
}
