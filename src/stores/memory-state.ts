// The node's own state in memory: identities, contacts to restart from, commitments, bans. What both stores read
// from. Not here: the file (sqlite-state.ts follows the changes told to it), nor what the bytes of a
// commitment mean, nor the bounds of bans (ban-list.ts).
import type { Id } from '../kademlia/id.ts'
import { BanList } from './ban-list.ts'
import { byteKey } from './byte-key.ts'
import type { StoreLife } from './life.ts'
import {
  MAX_COMMITMENTS,
  MAX_COMMITMENT_BYTES,
  MAX_KEY_BYTES,
  MAX_SAVED_CONTACTS,
  MAX_SLOTS,
  StoreError,
  type Ban,
  type Commitment,
  type NodeState,
  type SavedContact,
} from './store.ts'
import type { RowChanges } from './version-list.ts'
import { wholeMs } from './whole-ms.ts'

/** An identity and whose it is. */
export interface SlotIdentity {
  readonly slot: string
  readonly id: Uint8Array
}

/** All saved contacts of a slot, in their order. */
export interface SlotContacts {
  readonly slot: string
  readonly contacts: readonly SavedContact[]
}

/** Who is told of every change, after it has been made. `key` is unique per (kind, key). */
export interface StateChanges {
  identity(row: SlotIdentity): void
  contacts(row: SlotContacts): void
  commitment(key: string, commitment: Commitment): void
  noCommitment(key: string, commitment: Commitment): void
  readonly bans: RowChanges<Ban>
}

export class MemoryState implements NodeState {
  readonly #life: StoreLife
  readonly #changes: StateChanges | null
  /** At most MAX_SLOTS; a further one is refused. */
  readonly #identities = new Map<string, Uint8Array>()
  /** At most MAX_SLOTS; a further one is refused. */
  readonly #contacts = new Map<string, readonly SavedContact[]>()
  /** At most MAX_COMMITMENTS; a further one is refused. */
  readonly #commitments = new Map<string, Commitment>()
  readonly #bans: BanList

  constructor(life: StoreLife, changes: StateChanges | null = null) {
    this.#life = life
    this.#changes = changes
    this.#bans = new BanList(changes?.bans ?? null)
  }

  identity(slot: string): Uint8Array | null {
    return this.#identities.get(slot) ?? null
  }

  saveIdentity(slot: string, id: Uint8Array): void {
    this.#life.assertOpen()
    const row = this.restoreIdentity(slot, id)
    this.#changes?.identity(row)
  }

  contacts(slot: string): readonly SavedContact[] {
    return this.#contacts.get(slot) ?? []
  }

  saveContacts(slot: string, contacts: readonly SavedContact[]): void {
    this.#life.assertOpen()
    const row = this.restoreContacts(slot, contacts)
    this.#changes?.contacts(row)
  }

  commitments(): readonly Commitment[] {
    return [...this.#commitments.values()]
  }

  commitment(kind: string, key: Uint8Array): Commitment | null {
    return this.#commitments.get(commitmentKey(kind, key)) ?? null
  }

  saveCommitment(commitment: Commitment): void {
    this.#life.assertOpen()
    const key = commitmentKey(commitment.kind, commitment.key)
    const kept = this.restoreCommitment(commitment)
    this.#changes?.commitment(key, kept)
  }

  removeCommitment(kind: string, key: Uint8Array): void {
    this.#life.assertOpen()
    const mapKey = commitmentKey(kind, key)
    const commitment = this.#commitments.get(mapKey)
    if (!commitment) return
    this.#commitments.delete(mapKey)
    this.#changes?.noCommitment(mapKey, commitment)
  }

  bans(): readonly Ban[] {
    return this.#bans.all()
  }

  isBanned(id: Uint8Array, host: string, now: number): boolean {
    return this.#bans.holds(id, host, now)
  }

  saveBan(ban: Ban): void {
    this.#life.assertOpen()
    this.#bans.save(ban)
  }

  expireBans(now: number, limit: number): number {
    this.#life.assertOpen()
    return this.#bans.expire(now, limit)
  }

  // The restore…() change the state and tell nobody: for what comes from the file. Those of them
  // that save too return the row as kept.

  restoreIdentity(slot: string, id: Uint8Array): SlotIdentity {
    assertRoom(this.#identities, slot, MAX_SLOTS, 'identities')
    const row = { slot, id: copyOf(id, 'id', MAX_KEY_BYTES) }
    this.#identities.set(slot, row.id)
    return row
  }

  restoreContacts(slot: string, contacts: readonly SavedContact[]): SlotContacts {
    assertRoom(this.#contacts, slot, MAX_SLOTS, 'contact lists')
    const row = { slot, contacts: contacts.slice(0, MAX_SAVED_CONTACTS).map(keptContact) }
    this.#contacts.set(slot, row.contacts)
    return row
  }

  restoreCommitment(commitment: Commitment): Commitment {
    const mapKey = commitmentKey(commitment.kind, commitment.key)
    assertRoom(this.#commitments, mapKey, MAX_COMMITMENTS, 'commitments')
    const kept = {
      kind: commitment.kind,
      key: copyOf(commitment.key, 'key', MAX_KEY_BYTES),
      data: copyOf(commitment.data, 'data', MAX_COMMITMENT_BYTES),
      doneAt: wholeMs(commitment.doneAt, 'doneAt'),
    }
    this.#commitments.set(mapKey, kept)
    return kept
  }

  restoreBan(ban: Ban): void {
    this.#bans.restore(ban)
  }

  // Everything as the file keeps it.

  identityRows(): SlotIdentity[] {
    return Array.from(this.#identities, ([slot, id]) => ({ slot, id }))
  }

  contactRows(): SlotContacts[] {
    return Array.from(this.#contacts, ([slot, contacts]) => ({ slot, contacts }))
  }
}

function commitmentKey(kind: string, key: Uint8Array): string {
  // The length makes the boundary between the two unmistakable.
  return `${kind.length}:${kind}${byteKey(key.subarray(0, MAX_KEY_BYTES))}`
}

function keptContact({ id, host, port, repliedAt }: SavedContact): SavedContact {
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new RangeError(`the port of a contact must be 0 … 65535, got ${port}`)
  }
  return { id: copyOf(id, 'id', MAX_KEY_BYTES) as Id, host, port, repliedAt: wholeMs(repliedAt, 'repliedAt') }
}

/** Throws StoreError('full') when `key` would be one too many. */
function assertRoom(map: ReadonlyMap<string, unknown>, key: string, max: number, what: string): void {
  if (map.size < max || map.has(key)) return
  throw new StoreError('full', `The store holds ${max} ${what}, which is all it may; remove one first.`)
}

/** The caller may reuse its bytes. Throws RangeError when there are more than `max`. */
function copyOf(bytes: Uint8Array, field: string, max: number): Uint8Array {
  if (bytes.length > max) throw new RangeError(`${field} may have ${max} bytes, got ${bytes.length}`)
  return new Uint8Array(bytes)
}
