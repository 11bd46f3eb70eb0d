// Contacts: what we know of remote nodes, and what good, questionable and bad mean (BEP 5, "Routing Table").
// Not here: where contacts are kept (routing-table.ts), nor whether one may be talked to (AdmissionPolicy).
import type { Id } from './id.ts'
import type { Parameters } from './parameters.ts'

/** Where a node is dialled. `host` is an IP address as text: v4 dotted, v6 compressed in lower case. */
export interface Address {
  readonly host: string
  /** 1 … 65535 */
  readonly port: number
}

/** A remote node: its id and where it is dialled. */
export interface Contact {
  readonly id: Id
  readonly address: Address
}

/** good: may be handed to others. questionable: not heard of for a while. bad: failed several times in a row. */
export type Liveness = 'good' | 'questionable' | 'bad'

/** A contact that has answered us at least once, as the routing table keeps it. Times in ms. */
export interface KnownContact extends Contact {
  /** When it last answered a request of ours; 0 when restored from a file and not yet verified. */
  repliedAt: number
  /** When it last sent us a query; 0 when never. */
  queriedAt: number
  /** When the table learned of it. */
  readonly addedAt: number
  /** Requests in a row that it did not answer. */
  failures: number
  /** Smoothed round-trip time, 2/3 old and 1/3 new; null when not measured. */
  rttMs: number | null
  /** What a wire keeps here to write this contact fast; opaque to the algorithm. */
  wireForm: Uint8Array | null
}

export function sameAddress(a: Address, b: Address): boolean {
  return a.port === b.port && a.host === b.host
}

/** One text per endpoint, for maps. */
export function addressKey(address: Address): string {
  return `${address.host}|${address.port}`
}

/**
 * good: answered within goodForMs, or ever answered and queried us within goodForMs. BEP 5, "Routing Table".
 * bad: maxFailures misses in a row. Two, not one: UDP loses packets.
 */
export function liveness(contact: KnownContact, now: number, parameters: Parameters): Liveness {
  if (contact.failures >= parameters.maxFailures) return 'bad'
  if (contact.repliedAt === 0) return 'questionable'
  const heardAt = Math.max(contact.repliedAt, contact.queriedAt)
  // A miss after the last sign of life makes even a recent contact questionable.
  return now - heardAt <= parameters.goodForMs && contact.failures === 0 ? 'good' : 'questionable'
}
