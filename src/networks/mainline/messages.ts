// The typed messages of mainline's KRPC (BEP 5, 32, 33, 42, 43), between wire.ts and the rest of this folder.
// Types only: what is in here has been checked by the wire.
import type { Contact } from '../../kademlia/contact.ts'
import type { Id } from '../../kademlia/id.ts'

/** Which contacts a query asks for (BEP 32 `want`). null: those of the family that it travelled over. */
export type Want = { readonly n4: boolean; readonly n6: boolean } | null

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

/** Everything that a reply may carry besides the id; which of it is needed depends on the question. */
export interface MainlineReply {
  readonly nodes?: readonly Contact[]
  readonly nodes6?: readonly Contact[]
  /** Compact peers of 6 or 18 bytes each. */
  readonly values?: readonly Uint8Array[]
  readonly token?: Uint8Array
}

/** Error codes. BEP 5, "Errors". */
export const ERROR = { generic: 201, server: 202, protocol: 203, methodUnknown: 204 } as const
