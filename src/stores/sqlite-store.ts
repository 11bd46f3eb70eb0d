// A store that outlives its process: reads answered from memory, changes written to one SQLite file by
// commit(). Opening reads the whole file into memory, bounded by the same limits. Not here: tables
// (sqlite-peers.ts, sqlite-records.ts, sqlite-values.ts, sqlite-state.ts), opening and refusing files (sqlite-file.ts), the transaction
// (committer.ts).
import type { DatabaseSync } from 'node:sqlite'
import { byteKey } from './byte-key.ts'
import { Committer } from './committer.ts'
import { StoreLife } from './life.ts'
import { MemoryPeers, type PeerStoreOptions } from './memory-peers.ts'
import { MemoryRecords, type RecordStoreOptions } from './memory-records.ts'
import { MemoryState } from './memory-state.ts'
import { MemoryValues, type ValueStoreOptions } from './memory-values.ts'
import { resultCode, SQLITE } from './node-sqlite.ts'
import { damaged, openFile, storeErrorOf, type FileOptions } from './sqlite-file.ts'
import { loadPeers, PeerJournal, PeerTable } from './sqlite-peers.ts'
import { loadRecords, RecordJournals } from './sqlite-records.ts'
import { loadState, StateJournals } from './sqlite-state.ts'
import { loadValues, valueJournal } from './sqlite-values.ts'
import type { NodeState, PeerStore, RecordStore, Store, ValueStore } from './store.ts'

export interface SqliteStoreOptions
  extends PeerStoreOptions, RecordStoreOptions, ValueStoreOptions, Partial<FileOptions> {
  /**
   * The time at opening, in ms since 1970: what was refreshed later than that counts as refreshed now.
   * Default: the clock's.
   */
  readonly now?: number
}

/** 1 GiB: several times what a full store takes. */
const DEFAULT_MAX_FILE_BYTES = 1_073_741_824

/**
 * Opens the store in this file, which is made (with its folders, for its owner only) if it is missing, and
 * owns it until close() or the end of the process. Throws StoreError: 'foreign', 'too-new', 'damaged',
 * 'in-use' or 'not-openable'.
 */
export function openSqliteStore(path: string, options: SqliteStoreOptions = {}): Store {
  const file = openFile(path, {
    durability: options.durability ?? 'process-kill',
    maxFileBytes: options.maxFileBytes ?? DEFAULT_MAX_FILE_BYTES,
  })
  try {
    return new SqliteStore(file.database, file.path, options)
  } catch (error) {
    file.database.close()
    // An SQLite error of another kind than 'damaged' keeps its meaning; a row or a table that is not as it
    // must be is damage.
    const told = storeErrorOf(error, file.path)
    if (told.code !== 'not-openable' || (resultCode(error) ?? SQLITE.ERROR) !== SQLITE.ERROR) throw told
    throw damaged(file.path, error instanceof Error ? error.message : String(error), error)
  }
}

class SqliteStore implements Store {
  readonly peers: PeerStore
  readonly records: RecordStore
  readonly values: ValueStore
  readonly state: NodeState
  readonly #database: DatabaseSync
  readonly #committer: Committer
  readonly #life = new StoreLife()

  constructor(database: DatabaseSync, path: string, options: SqliteStoreOptions) {
    this.#database = database
    this.#committer = new Committer(database, path)
    const changed = this.#committer.changed

    const peerJournal = new PeerJournal(new PeerTable(database, () => peers), changed)
    const recordJournals = new RecordJournals(database, () => records, changed)
    const valuesJournal = valueJournal(database, () => values, changed)
    const stateJournals = new StateJournals(database, () => state, changed)
    const peers = new MemoryPeers(this.#life, options, peerJournal)
    const records = new MemoryRecords(this.#life, options, recordJournals)
    const values = new MemoryValues(this.#life, options, valuesJournal)
    const state = new MemoryState(this.#life, stateJournals)

    loadState(database, state)
    const now = options.now ?? Date.now()
    loadRecords(database, records, now)
    loadValues(database, values, now)
    loadPeers(database, peers, now, ({ infoHash, peer }) => {
      peerJournal.drop(byteKey(infoHash) + byteKey(peer.compact), infoHash, peer)
    })
    // Only now, so that nothing is written before everything has been read and found whole.
    const journals = [
      peerJournal.journal,
      ...recordJournals.journals,
      valuesJournal,
      ...stateJournals.journals,
    ]
    for (const journal of journals) this.#committer.add(journal)
    this.peers = peers
    this.records = records
    this.values = values
    this.state = state
  }

  commit(): void {
    this.#life.assertOpen()
    this.#committer.commit()
  }

  close(): void {
    if (this.#life.closed) return
    this.#life.end()
    try {
      this.#committer.commit()
    } finally {
      this.#database.close()
    }
  }
}
