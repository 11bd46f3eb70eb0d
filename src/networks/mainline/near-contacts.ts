// The contacts that a node names beside every answer that has a target (BEP 5, BEP 32 `want`).
// Not here: which of them are known (kademlia/routing-table.ts), what of them fits a datagram (the wire).
import type { Family } from '../../codecs/compact-address.ts'
import type { KnownContact } from '../../kademlia/contact.ts'
import type { Id } from '../../kademlia/id.ts'
import type { RoutingTable } from '../../kademlia/routing-table.ts'
import type { MainlineReply, Want } from './messages.ts'

export interface NearContactsParts {
  readonly family: Family
  /** The table of a family; null when the node does not take part in that DHT. */
  readonly tables: (family: Family) => RoutingTable | null
  /** So many of each family. */
  readonly k: number
}

export class NearContacts {
  readonly #parts: NearContactsParts

  constructor(parts: NearContactsParts) {
    this.#parts = parts
  }

  /** Good contacts only (B5-08), of the families asked for, or of that which the query came by (B32-04, K-18). */
  around(target: Id, want: Want, now: number): Pick<MainlineReply, 'nodes' | 'nodes6'> {
    const { family } = this.#parts
    const n4 = want === null ? family === 4 : want.n4
    const n6 = want === null ? family === 6 : want.n6
    if (n4 && !n6) return { nodes: this.#closest(4, target, now) }
    if (n6 && !n4) return { nodes6: this.#closest(6, target, now) }
    return n4 ? { nodes: this.#closest(4, target, now), nodes6: this.#closest(6, target, now) } : {}
  }

  #closest(family: Family, target: Id, now: number): readonly KnownContact[] {
    return this.#parts.tables(family)?.closest(target, this.#parts.k, now, 'good') ?? []
  }
}
