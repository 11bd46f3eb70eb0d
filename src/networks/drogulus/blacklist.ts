// Who sent a value that nobody signed, or under a key that is not its own: kept out of the table for a time (drogulus B0,
// B4). By id and address together, for an id alone can be anybody's claim. Not here: what is a forgery (keys/).
import type { Contact } from '../../kademlia/contact.ts'
import type { NodeState } from '../../stores/store.ts'

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
    state.saveBan({ id: new Uint8Array(id), host: address.host, until: now() + banMs, why })
    changed()
  }

  has({ id, address }: Contact): boolean {
    const { state, now } = this.#parts
    return state.isBanned(id, address.host, now())
  }
}
