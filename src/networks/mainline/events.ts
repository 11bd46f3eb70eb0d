// What a mainline node tells by itself, beside what every node tells. Types only.
import type { Id } from '../../kademlia/id.ts'
import type { NodeEvents } from '../../node/node-events.ts'
import type { WriteReport } from '../../node/write.ts'
import type { RepublishReport } from './items/item-keeper.ts'

export interface MainlineEvents extends NodeEvents {
  /** Our address was seen to be another one, so our id changed with it (BEP 42). */
  idChanged: { readonly family: 4 | 6; readonly id: Id; readonly oldId: Id }
  /** What is kept alive was announced again, on as many nodes as the report says. */
  announced: WriteReport
  /** What is kept alive was put again (BEP 44): how many copies were found alive before, and who took it now. */
  republished: RepublishReport
}
