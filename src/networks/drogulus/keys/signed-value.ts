// Signed values of drogulus: making them, checking them, and what the store tells their versions apart by (drogulus B3, B4).
// Not here: how they are written (wire/), which of them may be stored when.
import { sizeOfMsgPack } from '../../../codecs/msgpack.ts'
import type { MsgPackMap, MsgPackValue } from '../../../codecs/msgpack-value.ts'
import { sameId } from '../../../kademlia/id.ts'
import type { Revision, SignedValue } from '../messages.ts'
import { VERSION } from '../wire/bounds.ts'
import type { RsaKeyPair } from './identity.ts'
import { keyOf, sha512 } from './key.ts'
import { verify } from './signature.ts'
import { compoundDigest } from './signed-digest.ts'

/** What is to be signed. */
export interface Unsigned {
  /** May be empty: then the value is that of the public key itself. */
  readonly name: Uint8Array
  readonly value: MsgPackValue
  /** Seconds since 1970, with their fraction. */
  readonly timestamp: number
  /** Seconds since 1970; 0 or less: never. */
  readonly expires: number
  /** Texts by texts. */
  readonly meta: MsgPackMap
  /** What made it, in october-2013. Default: the version that all of 2013 tell. */
  readonly createdWith?: Uint8Array
}

/** Who signs, and for whom. */
export interface Signing {
  readonly keyPair: RsaKeyPair
  readonly revision: Revision
}

/**
 * A value as it is stored. Throws MsgPackError for a value that cannot be packed, PythonOrderError for one with a map that
 * has no order that others would know.
 */
export function signValue(unsigned: Unsigned, { keyPair, revision }: Signing): SignedValue {
  const { name, value, timestamp, expires, meta } = unsigned
  // Refuses what contains itself, before anybody walks through it.
  sizeOfMsgPack(value)
  const createdWith = revision === 'october-2013' ? (unsigned.createdWith ?? VERSION) : null
  const fields = { name, value, timestamp, expires, meta, createdWith }
  return {
    ...fields,
    key: keyOf(keyPair.publicKey, name),
    publicKey: Buffer.from(keyPair.publicKey),
    signature: keyPair.sign(compoundDigest(fields, revision)),
    version: VERSION,
  }
}

/** Why a value is not believed: error 6, error 7. */
export type Forgery = 'unverifiable' | 'key-mismatch'

/** null: it is signed, and under its key. The signature is looked at first (drogulus B4). Never throws. */
export function checkValue(item: SignedValue, revision: Revision): Forgery | null {
  if (verify(item, revision) !== null) return 'unverifiable'
  return sameId(item.key, keyOf(item.publicKey, item.name)) ? null : 'key-mismatch'
}

/**
 * Whether a value that `checkValue` does not believe is good all the same, with its maps in the order in which they came.
 * An original hands on what it holds in the order that it believed, and for a third of all maps of four keys whoever reads
 * that has yet another order: colliding keys change places at each reading. So a reader may take such a value, and must
 * not blame who sent it; but passed on it would be refused, and its sender banned. Never throws.
 */
export function isSignedAsSent(item: SignedValue, revision: Revision): boolean {
  if (verify(item, revision, 'as-sent') !== null) return false
  return sameId(item.key, keyOf(item.publicKey, item.name))
}

/**
 * Whether a value that a node of July cannot believe was signed by a node of October, which signs one field more: so nobody
 * is to blame who hands it on. Never throws.
 */
export function isOfOctober(item: SignedValue, revision: Revision): boolean {
  const { foreignCreatedWith: createdWith } = item
  if (revision !== 'july-2013' || createdWith === undefined) return false
  return checkValue({ ...item, createdWith }, 'october-2013') === null
}

/** Whether its time is over at `nowMs`; 0 or less means never (drogulus B0). */
export function isExpired({ expires }: Pick<SignedValue, 'expires'>, nowMs: number): boolean {
  return expires > 0 && 1_000 * expires <= nowMs
}

const bits = new DataView(new ArrayBuffer(8))

/**
 * The timestamp as a version of a record: the bits of the double, which have the order of the numbers from 0 on. What is
 * before 1970 counts as 1970.
 */
export function versionOf({ timestamp }: Pick<SignedValue, 'timestamp'>): bigint {
  // Greater than 0, for -0 has a bit set.
  bits.setFloat64(0, timestamp > 0 ? timestamp : 0)
  return bits.getBigUint64(0)
}

/** The timestamp of a version: seconds since 1970. */
export function timestampOf(version: bigint): number {
  bits.setBigUint64(0, version)
  return bits.getFloat64(0)
}

/**
 * What tells two values of one key and timestamp apart: 20 bytes of a hash of the signature, which is the same for the same
 * content, in whatever order its maps came.
 */
export function digestOf({ signature }: Pick<SignedValue, 'signature'>): Uint8Array {
  return sha512(signature).slice(0, 20)
}
