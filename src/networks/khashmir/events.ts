// What a khashmir node tells by itself, beside what every node tells. Types only.
import type { NodeEvents } from '../../node/node-events.ts'
import type { WriteReport } from '../../node/write.ts'

export interface KhashmirEvents extends NodeEvents {
  /** What is kept alive was stored again, on as many nodes as the report says. */
  republished: WriteReport
}
