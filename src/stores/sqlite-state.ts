// The tables of the node's own state: statements, journals, and how they are read into memory when a file is
// opened.
import type { DatabaseSync } from 'node:sqlite'
import type { Id } from '../kademlia/id.ts'
import { RowJournal, type Journal, type Table } from './journal.ts'
import type { MemoryState, SlotContacts, SlotIdentity, StateChanges } from './memory-state.ts'
import { bytesAt, rowsOf, textAt, wholeAt } from './sqlite-rows.ts'
import {
  MAX_BANS,
  MAX_COMMITMENTS,
  MAX_SAVED_CONTACTS,
  MAX_SLOTS,
  type Ban,
  type Commitment,
  type SavedContact,
} from './store.ts'

/**
 * The four journals that MemoryState tells its changes to. `state` is called late: it is built with them.
 */
export class StateJournals implements StateChanges {
  readonly journals: readonly Journal[]
  readonly #identities: RowJournal<SlotIdentity>
  readonly #contacts: RowJournal<SlotContacts>
  readonly #commitments: RowJournal<Commitment>
  readonly bans: RowJournal<Ban>

  constructor(database: DatabaseSync, state: () => MemoryState, changed: () => void) {
    this.#identities = new RowJournal(identityTable(database, state), changed)
    this.#contacts = new RowJournal(contactTable(database, state), changed)
    this.#commitments = new RowJournal(commitmentTable(database, state), changed)
    this.bans = new RowJournal(banTable(database, state), changed)
    this.journals = [this.#identities, this.#contacts, this.#commitments, this.bans]
  }

  identity(row: SlotIdentity): void {
    this.#identities.put(row.slot, row)
  }

  contacts(row: SlotContacts): void {
    this.#contacts.put(row.slot, row)
  }

  commitment(key: string, commitment: Commitment): void {
    this.#commitments.put(key, commitment)
  }

  noCommitment(key: string, commitment: Commitment): void {
    this.#commitments.drop(key, commitment)
  }
}

/**
 * Reads the four tables into memory. Rows beyond the bounds, which no version of ours writes, are left where
 * they are. Throws RangeError for a row that cannot be.
 */
export function loadState(database: DatabaseSync, state: MemoryState): void {
  for (const row of rowsOf(database, `SELECT slot, id FROM identities LIMIT ${MAX_SLOTS}`)) {
    state.restoreIdentity(textAt(row, 0), bytesAt(row, 1))
  }
  const slots = [...rowsOf(database, `SELECT DISTINCT slot FROM contacts LIMIT ${MAX_SLOTS}`)]
  const lists = new Map(slots.map((row): [string, SavedContact[]] => [textAt(row, 0), []]))
  const contacts = `SELECT slot, id, host, port, replied_at FROM contacts
                    WHERE position < ${MAX_SAVED_CONTACTS} ORDER BY slot, position`
  for (const row of rowsOf(database, contacts)) {
    const [id, host, port, repliedAt] = [
      bytesAt(row, 1) as Id,
      textAt(row, 2),
      wholeAt(row, 3),
      wholeAt(row, 4),
    ]
    lists.get(textAt(row, 0))?.push({ id, host, port, repliedAt })
  }
  for (const [slot, list] of lists) state.restoreContacts(slot, list)
  const commitments = `SELECT kind, key, data, done_at FROM commitments LIMIT ${MAX_COMMITMENTS}`
  for (const row of rowsOf(database, commitments)) {
    const [kind, key, data, doneAt] = [textAt(row, 0), bytesAt(row, 1), bytesAt(row, 2), wholeAt(row, 3)]
    state.restoreCommitment({ kind, key, data, doneAt })
  }
  const bans = `SELECT id, host, until, why FROM bans ORDER BY until DESC LIMIT ${MAX_BANS}`
  for (const row of rowsOf(database, bans)) {
    state.restoreBan({
      id: bytesAt(row, 0),
      host: textAt(row, 1),
      until: wholeAt(row, 2),
      why: textAt(row, 3),
    })
  }
}

function identityTable(database: DatabaseSync, state: () => MemoryState): Table<SlotIdentity> {
  const put = database.prepare('INSERT OR REPLACE INTO identities VALUES (?, ?)')
  const drop = database.prepare('DELETE FROM identities WHERE slot = ?')
  return {
    put: ({ slot, id }) => void put.run(slot, id),
    drop: ({ slot }) => void drop.run(slot),
    clear: () => database.exec('DELETE FROM identities'),
    rows: () => state().identityRows(),
  }
}

/** A row of this table is a slot with all its contacts: they are saved as a whole. */
function contactTable(database: DatabaseSync, state: () => MemoryState): Table<SlotContacts> {
  const insert = database.prepare('INSERT INTO contacts VALUES (?, ?, ?, ?, ?, ?)')
  const remove = database.prepare('DELETE FROM contacts WHERE slot = ?')
  return {
    put({ slot, contacts }) {
      remove.run(slot)
      let position = 0
      for (const { id, host, port, repliedAt } of contacts)
        insert.run(slot, position++, id, host, port, repliedAt)
    },
    drop: ({ slot }) => void remove.run(slot),
    clear: () => database.exec('DELETE FROM contacts'),
    rows: () => state().contactRows(),
  }
}

function commitmentTable(database: DatabaseSync, state: () => MemoryState): Table<Commitment> {
  const put = database.prepare('INSERT OR REPLACE INTO commitments VALUES (?, ?, ?, ?)')
  const drop = database.prepare('DELETE FROM commitments WHERE kind = ? AND key = ?')
  return {
    put: ({ kind, key, data, doneAt }) => void put.run(kind, key, data, doneAt),
    drop: ({ kind, key }) => void drop.run(kind, key),
    clear: () => database.exec('DELETE FROM commitments'),
    rows: () => state().commitments(),
  }
}

function banTable(database: DatabaseSync, state: () => MemoryState): Table<Ban> {
  const put = database.prepare('INSERT OR REPLACE INTO bans VALUES (?, ?, ?, ?)')
  const drop = database.prepare('DELETE FROM bans WHERE id = ? AND host = ?')
  return {
    put: ({ id, host, until, why }) => void put.run(id, host, until, why),
    drop: ({ id, host }) => void drop.run(id, host),
    clear: () => database.exec('DELETE FROM bans'),
    rows: () => state().bans(),
  }
}
