// The typed messages of drogulus, between wire.ts and the rest of this folder. Types and codes: what is in here has been
// checked by the wire as to form; signatures, keys and times have not.
import type { MsgPackMap, MsgPackValue } from '../../codecs/msgpack-value.ts'
import type { Contact } from '../../kademlia/contact.ts'
import type { Id } from '../../kademlia/id.ts'

/** A signed value as it travels and is stored. Texts are bytes, as Python 2 has them. */
export interface SignedValue {
  /** sha512 of public key and name: 64 bytes (drogulus B3). What a message claims; `keyOf` says what it must be. */
  readonly key: Id
  /** Anything that msgpack can hold. */
  readonly value: MsgPackValue
  /** Seconds since 1970. The newer one wins. */
  readonly timestamp: number
  /** Seconds since 1970; 0 or less: never. */
  readonly expires: number
  /** Only in the revision of October 2013, else null. */
  readonly createdWith: Uint8Array | null
  /** In the revision of July: what came as `created_with`, and counts for nothing but whom not to blame. Never kept. */
  readonly foreignCreatedWith?: Uint8Array
  /** PEM. */
  readonly publicKey: Uint8Array
  /** May be empty. */
  readonly name: Uint8Array
  /** Texts by texts. */
  readonly meta: MsgPackMap
  /** RSA PKCS#1 v1.5 over the compound digest. */
  readonly signature: Uint8Array
  /** The version text of the message that it came in; a `value` answer repeats it. */
  readonly version: Uint8Array
}

export type DrogulusQuery =
  | { readonly method: 'ping' }
  /** `anyPort`: whoever asks can read contacts with a port above 49151; of an original it is false. */
  | { readonly method: 'findnode'; readonly key: Id; readonly anyPort: boolean }
  | { readonly method: 'findvalue'; readonly key: Id; readonly anyPort: boolean }
  | { readonly method: 'store'; readonly item: SignedValue }

/** pong: neither; nodes: `nodes`; value: `item`. */
export interface DrogulusReply {
  readonly nodes?: readonly Contact[]
  readonly item?: SignedValue
}

/** Error codes (drogulus B4). 3 is also what originals send in place of 1, 2 and 4. */
export const ERROR = {
  badRequest: 1,
  unknownRequest: 2,
  internal: 3,
  tooBig: 4,
  unsupported: 5,
  unverifiable: 6,
  keyMismatch: 7,
  superseded: 8,
} as const

/** Their titles, the spelling of 8 included (drogulus B4). */
export const TITLES: Readonly<Record<number, string>> = {
  [ERROR.badRequest]: 'Bad request',
  [ERROR.unknownRequest]: 'Unknown request',
  [ERROR.internal]: 'Internal error',
  [ERROR.tooBig]: 'Request too big',
  [ERROR.unsupported]: 'Unsupported protocol',
  [ERROR.unverifiable]: 'Unverifiable provenance',
  [ERROR.keyMismatch]: 'Key mismatch',
  [ERROR.superseded]: 'Superceded value',
}

/** `july-2013` is e9b8c69; `october-2013` adds `created_with` to values, and to what is signed. */
export type Revision = 'july-2013' | 'october-2013'
