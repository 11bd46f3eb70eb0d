// What a mainline node tells by itself, and what every operation takes and a ping gives. Types only.
import type { Contact } from '../../kademlia/contact.ts'
import type { Id } from '../../kademlia/id.ts'
import type { Removal } from '../../kademlia/ports.ts'
import type { JoinReport } from '../../node/joining.ts'
import type { RepublishReport } from './items/item-keeper.ts'
import type { WriteReport } from './write.ts'

export interface MainlineEvents {
  /** An attempt to join has ended, well or not. */
  joined: JoinReport & { readonly family: 4 | 6 }
  /** Our address was seen to be another one, so our id changed with it (BEP 42). */
  idChanged: { readonly family: 4 | 6; readonly id: Id; readonly oldId: Id }
  /** It answered us and is in the routing table now. */
  contactAdded: { readonly family: 4 | 6; readonly contact: Contact }
  contactRemoved: { readonly family: 4 | 6; readonly contact: Contact; readonly why: Removal }
  /** The machine slept, or our link was dead and is back: the table is verified again. */
  slept: { readonly family: 4 | 6; readonly forMs: number }
  offline: { readonly family: 4 | 6 }
  online: { readonly family: 4 | 6 }
  /** What is kept alive was announced again, on as many nodes as the report says. */
  announced: WriteReport
  /** What is kept alive was put again (BEP 44): how many copies were found alive before, and who took it now. */
  republished: RepublishReport
  /** Something went wrong that the node survives, such as a full disk. */
  warning: { readonly error: unknown }
  closed: Record<string, never>
}

/** Options of every operation. */
export interface OperationOptions {
  /** Aborting it stops the traffic of the operation, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

/** A node that answered a ping. */
export interface PingResult {
  /** 20 bytes. */
  readonly id: Id
  readonly host: string
  readonly port: number
  /** Round-trip time in ms, with fractions. */
  readonly rttMs: number
}
