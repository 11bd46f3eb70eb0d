// What a node of any network tells by itself, and what every operation takes. Types only.
import type { Contact } from '../kademlia/contact.ts'
import type { Id } from '../kademlia/id.ts'
import type { Removal } from '../kademlia/ports.ts'
import type { JoinReport } from './joining.ts'

export interface NodeEvents {
  /** An attempt to join has ended, well or not. */
  joined: JoinReport & { readonly family: 4 | 6 }
  /** It answered us and is in the routing table now. */
  contactAdded: { readonly family: 4 | 6; readonly contact: Contact }
  contactRemoved: { readonly family: 4 | 6; readonly contact: Contact; readonly why: Removal }
  /** The machine slept, or our link was dead and is back: the table is verified again. */
  slept: { readonly family: 4 | 6; readonly forMs: number }
  offline: { readonly family: 4 | 6 }
  online: { readonly family: 4 | 6 }
  /** Something went wrong that the node survives, such as a full disk. */
  warning: { readonly error: unknown }
  closed: Record<string, never>
}

export const NODE_EVENTS: readonly (keyof NodeEvents)[] = [
  'joined',
  'contactAdded',
  'contactRemoved',
  'slept',
  'offline',
  'online',
  'warning',
  'closed',
]

/** Options of every operation. */
export interface OperationOptions {
  /** Aborting it stops the traffic of the operation, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

/** A node that answered a ping. */
export interface PingResult {
  /** 20 bytes, on drogulus 64. */
  readonly id: Id
  readonly host: string
  readonly port: number
  /** Round-trip time in ms, with fractions. */
  readonly rttMs: number
}
