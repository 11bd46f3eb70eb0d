// Key pairs of people who publish mutable items (BEP 44): making them, reading them, signing.
// Not here: keeping them in files (key-file.ts), and whether a signature is good (signature.ts).
import { randomBytes, sign as signWithKey } from 'node:crypto'
import { toHex } from '../../../kademlia/id.ts'
import { badArgument } from '../../../node/errors.ts'
import { secretArgument } from '../../secret-argument.ts'
import { readExpandedKey, signExpanded } from './expanded-key.ts'
import { toKeyBytes } from './key-bytes.ts'
import { importSeed, publicKeyOf, SEED_BYTES } from './seed-key.ts'

const LONG_SECRET_BYTES = 64

/** An Ed25519 key pair. Those made here show their secret to nobody who does not ask: neither logged nor as JSON. */
export interface KeyPair {
  /** 32 bytes. */
  readonly publicKey: Uint8Array
  /** A seed of 32 bytes, or an expanded key of 64: clamped scalar ‖ prefix. */
  readonly secretKey: Uint8Array
}

/** A new key pair, from a random seed. */
export function generateKeyPair(): KeyPair {
  return keyPairFrom(randomBytes(SEED_BYTES))
}

/**
 * The key pair of a secret, in bytes or as twice as many hex digits: a seed (32 bytes), as most programs have it; a seed
 * and its public key (64 bytes), as NaCl has it; or an expanded key (64 bytes: clamped scalar ‖ prefix), as libtorrent
 * and the vectors of BEP 44 have it. Which of the two 64 bytes are, they tell themselves.
 * Throws XorbitError 'bad-argument', which does not show the secret.
 */
export function keyPairFrom(secret: Uint8Array | string): KeyPair {
  return ownKeyPair(toKeyBytes('secret', secret, [SEED_BYTES, LONG_SECRET_BYTES]))
}

/**
 * The signature of a message: 64 bytes, the same each time (RFC 8032). Throws XorbitError 'bad-argument' when the two
 * keys of the pair are none, or not of each other.
 */
export function sign(keyPair: KeyPair, message: Uint8Array): Uint8Array {
  return toOwnKeyPair(keyPair).sign(message)
}

/** A pair that was made here as it is; one that somebody else put together is checked, and copied. */
export function toOwnKeyPair(keyPair: KeyPair): OwnKeyPair {
  if (keyPair instanceof OwnKeyPair) return keyPair
  if (typeof keyPair !== 'object' || keyPair === null) {
    throw secretArgument('keyPair', {
      expected: 'an object with publicKey and secretKey',
      got: `a value of type ${typeof keyPair}`,
    })
  }
  const own = ownKeyPair(toKeyBytes('secretKey', keyPair.secretKey, [SEED_BYTES, LONG_SECRET_BYTES]))
  const { publicKey } = keyPair
  // A signature whose hash has another public key than its scalar gives the scalar away.
  if (!(publicKey instanceof Uint8Array) || !isSame(publicKey, own.publicKey)) {
    throw badArgument('publicKey', 'the public key of secretKey', publicKey)
  }
  return own
}

type Signer = (message: Uint8Array) => Uint8Array

class OwnKeyPair implements KeyPair {
  readonly publicKey: Uint8Array
  readonly #secretKey: Uint8Array
  readonly #signer: Signer

  constructor(publicKey: Uint8Array, secretKey: Uint8Array, signer: Signer) {
    this.publicKey = publicKey
    this.#secretKey = secretKey
    this.#signer = signer
  }

  /** A copy. */
  get secretKey(): Uint8Array {
    return this.#secretKey.slice()
  }

  sign(message: Uint8Array): Uint8Array {
    return this.#signer(message)
  }

  toJSON(): { publicKey: string } {
    return { publicKey: toHex(this.publicKey) }
  }

  /** What console.log shows. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return `KeyPair { publicKey: '${toHex(this.publicKey)}' }`
  }
}

function ownKeyPair(secret: Uint8Array): OwnKeyPair {
  const fromSeed = seedPair(secret.slice(0, SEED_BYTES))
  if (secret.length === SEED_BYTES || isSame(fromSeed.publicKey, secret.subarray(SEED_BYTES))) return fromSeed
  const key = readExpandedKey(secret)
  if (key === null) {
    throw secretArgument('secret', {
      expected: 'in 64 bytes a seed and its public key, or an expanded key (clamped scalar and prefix)',
      got: 'neither',
    })
  }
  return new OwnKeyPair(key.publicKey.slice(), secret, (message) => signExpanded(key, message))
}

function seedPair(seed: Uint8Array): OwnKeyPair {
  const key = importSeed(seed)
  return new OwnKeyPair(publicKeyOf(key), seed, (message) => new Uint8Array(signWithKey(null, message, key)))
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}
