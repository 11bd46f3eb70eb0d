// Who sent a value that nobody signed, or under a key that is not its own: kept out of the table for a time (drogulus B0,
// B4). By id and address together, for an id alone can be anybody's claim; in IPv6 the /64 counts as the address, for its
// owner has all of it. Not here: what is a forgery (keys/).
import type { Contact } from '../../kademlia/contact.ts'
import type { NodeState } from '../../stores/store.ts'
import { ownerGroup } from '../addresses.ts'

export interface BlacklistParts {
  readonly state: NodeState
  readonly now: () => number
  readonly banMs: number
  /** Something is to be committed. */
  readonly changed: () => void
}

export class Blacklist {
  readonly #parts: BlacklistParts

  constructor(parts: BlacklistParts) {
    this.#parts = parts
  }

  /** Keeps it out from now on, also after a restart. */
  ban({ id, address }: Contact, why: string): void {
    const { state, now, banMs, changed } = this.#parts
    state.saveBan({ id: new Uint8Array(id), host: ownerGroup(address.host), until: now() + banMs, why })
    changed()
  }

  has({ id, address }: Contact): boolean {
    const { state, now } = this.#parts
    return state.isBanned(id, ownerGroup(address.host), now())
  }
}
