// The typed messages of khashmir's KRPC dialect, between wire.ts and the rest of this folder.
// Types only: what is in here has been checked by the wire, but for tokens.
import type { Address, Contact } from '../../kademlia/contact.ts'
import type { Id } from '../../kademlia/id.ts'

export type KhashmirQuery =
  | { readonly method: 'ping' }
  /** A ping that tells how we are seen. */
  | { readonly method: 'join' }
  | { readonly method: 'find_node'; readonly target: Id }
  | { readonly method: 'find_value'; readonly key: Id }
  | {
      readonly method: 'get_value'
      readonly key: Id
      /** How many values are wanted, at random where there are more; 0: all. */
      readonly num: number
    }
  | {
      readonly method: 'store_value'
      readonly key: Id
      readonly value: Uint8Array
      /** Of any length: what is none of ours is refused by the answers, with 205. */
      readonly token: Uint8Array
    }

export type KhashmirMethod = KhashmirQuery['method']

/** Everything that a reply may carry besides the id; which of it is needed depends on the question. */
export interface KhashmirReply {
  /** find_node and find_value: nearest first. */
  readonly nodes?: readonly Contact[]
  /** find_node: what a store_value there needs. */
  readonly token?: Uint8Array
  /** find_value: how many values the node holds, 0 … 2^53 − 1. */
  readonly num?: number
  /** get_value. */
  readonly values?: readonly Uint8Array[]
  /** join: `ip_addr` and `port`, the requester's address as the responder sees it. */
  readonly seenAs?: Address
}

/** Error codes of the wire. 202 and those below 200 never travel. */
export const ERROR = {
  server: 201,
  methodUnknown: 203,
  malformedRequest: 204,
  badToken: 205,
  tooLong: 206,
} as const

/** What a node serves, and uses itself: `nodes` ping, join, find_node; `read` also find_value, get_value; `write` all. */
export type Role = 'nodes' | 'read' | 'write'

export const METHODS: Readonly<Record<Role, readonly KhashmirMethod[]>> = {
  nodes: ['ping', 'join', 'find_node'],
  read: ['ping', 'join', 'find_node', 'find_value', 'get_value'],
  write: ['ping', 'join', 'find_node', 'find_value', 'get_value', 'store_value'],
}
