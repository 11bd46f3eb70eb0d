// What a drogulus node tells by itself, beside what every node tells. Types only.
import type { Contact } from '../../kademlia/contact.ts'
import type { NodeEvents } from '../../node/node-events.ts'
import type { WriteReport } from '../../node/write.ts'

export interface DrogulusEvents extends NodeEvents {
  /** What this node has published was stored again, before it expires. */
  republished: WriteReport
  /** A value that this node holds was stored again, for nobody else had. */
  replicated: WriteReport
  /** Somebody sent a value that nobody signed, or under a key that is not its own: it is kept out of the table. */
  banned: { readonly contact: Contact; readonly why: 'unverifiable' | 'key-mismatch' }
}
