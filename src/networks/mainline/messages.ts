// The typed messages of mainline's KRPC (BEP 5, 32, 33, 42, 43, 44, 51), between wire.ts and the rest of this folder.
// Types only: what is in here has been checked by the wire, but for signatures, tokens and hashes.
import type { Contact } from '../../kademlia/contact.ts'
import type { Id } from '../../kademlia/id.ts'

/** Which contacts a query asks for (BEP 32 `want`). null: those of the family that it travelled over. */
export type Want = { readonly n4: boolean; readonly n6: boolean } | null

/** What makes an item mutable (BEP 44). The wire checks lengths and range, and not the signature. */
export interface Signed {
  /** `k`: 32 bytes. */
  readonly publicKey: Uint8Array
  /** 0 … 64 bytes; empty when there is none, which is the same (B44-03). Never in a reply: who asks knows it. */
  readonly salt: Uint8Array
  /** 0 … 2^63 − 1. */
  readonly seq: bigint
  /** 64 bytes. */
  readonly signature: Uint8Array
}

/** What a put brings: an immutable item where `signed` is null. */
export interface PutQuery {
  readonly method: 'put'
  /** 0 … 64 bytes; longer ones are refused by the wire. */
  readonly token: Uint8Array
  /** `v` as received, canonical bencode of at most 1000 bytes: what is hashed and signed. */
  readonly value: Uint8Array
  readonly signed: Signed | null
  /** The `seq` that is to be replaced; null when it does not matter. 0 is a value (B44-12). */
  readonly cas: bigint | null
}

export type MainlineQuery =
  | { readonly method: 'ping' }
  | { readonly method: 'find_node'; readonly target: Id; readonly want: Want }
  | {
      readonly method: 'get_peers'
      readonly infoHash: Id
      readonly want: Want
      /** BEP 33. */
      readonly noSeed: boolean
      readonly scrape: boolean
    }
  | {
      readonly method: 'announce_peer'
      readonly infoHash: Id
      /** 1 … 65535, or 'implied': the UDP source port is the peer's. */
      readonly port: number | 'implied'
      /** 0 … 64 bytes; longer ones are refused by the wire. */
      readonly token: Uint8Array
      readonly seed: boolean
    }
  | {
      readonly method: 'get'
      readonly target: Id
      readonly want: Want
      /** Only a mutable item that is newer than this one is wanted; null: whatever there is (B44-17). */
      readonly seq: bigint | null
    }
  | PutQuery
  | { readonly method: 'sample_infohashes'; readonly target: Id; readonly want: Want }

/** Everything that a reply may carry besides the id; which of it is needed depends on the question. */
export interface MainlineReply {
  readonly nodes?: readonly Contact[]
  readonly nodes6?: readonly Contact[]
  /** Compact peers of 6 or 18 bytes each. */
  readonly values?: readonly Uint8Array[]
  readonly token?: Uint8Array
  /** BEP 33 `BFsd` and `BFpe`: 256 bytes each; both or neither. */
  readonly filters?: { readonly seeds: Uint8Array; readonly peers: Uint8Array }
  /** BEP 44 `v` as received. Canonical bencode of at most 1000 bytes. Immutable where key, signature and seq are absent. */
  readonly value?: Uint8Array
  /** BEP 44 `k`, 32 bytes, and `sig`, 64 bytes: both, with a value and a seq, or neither. */
  readonly publicKey?: Uint8Array
  readonly signature?: Uint8Array
  /** BEP 44, 0 … 2^63 − 1; without a value: the node has nothing newer than what was asked for (B44-17). */
  readonly seq?: bigint
  /** The reply held an item that can be none: 'item-malformed'. Its nodes are of use all the same (B44-18). */
  readonly badItem?: string
  /**
   * BEP 51: seconds until other samples come, 0 … 21600; how many there are in all; 20 bytes each. Without samples the
   * node does not sample, or what it sent was none (B51-07), and then there is neither of the others.
   */
  readonly interval?: number
  readonly num?: number
  readonly samples?: readonly Id[]
}

/** Error codes. BEP 5, "Errors"; BEP 44, "Errors". */
export const ERROR = {
  generic: 201,
  server: 202,
  protocol: 203,
  methodUnknown: 204,
  valueTooBig: 205,
  badSignature: 206,
  saltTooBig: 207,
  casMismatch: 301,
  seqTooOld: 302,
} as const
