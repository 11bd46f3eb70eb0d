// The tables of records and of the versions that outlive them: statements, journals, and how they are read into memory
// when a file is opened. Not here: bounds and precedence (memory-records.ts).
import type { DatabaseSync } from 'node:sqlite'
import type { Id } from '../kademlia/id.ts'
import { RowJournal, type Journal, type Table } from './journal.ts'
import type { MemoryRecords, RecordChanges } from './memory-records.ts'
import { bigAt, bytesAt, rowsOf, textAt, wholeAt } from './sqlite-rows.ts'
import type { StoredRecord } from './store.ts'
import type { VersionRow } from './version-list.ts'

/** The two journals that MemoryRecords tells its changes to. `records` is called late: it is built with them. */
export class RecordJournals implements RecordChanges {
  readonly journals: readonly Journal[]
  readonly records: RowJournal<StoredRecord>
  readonly versions: RowJournal<VersionRow>

  constructor(database: DatabaseSync, records: () => MemoryRecords, changed: () => void) {
    this.records = new RowJournal(recordTable(database, records), changed)
    this.versions = new RowJournal(versionTable(database, records), changed)
    this.journals = [this.records, this.versions]
  }
}

/**
 * Reads both tables into memory, what was refreshed or noted longest ago first. A time after `now` (a clock that was
 * wrong) counts as now, and such a record stays no longer than it was to stay then. Throws RangeError for a row that
 * cannot be.
 */
export function loadRecords(database: DatabaseSync, records: MemoryRecords, now: number): void {
  const versions = 'SELECT key, kind, version, digest, noted_at FROM versions ORDER BY noted_at'
  for (const row of rowsOf(database, versions, { bigInts: true })) {
    const [key, kind, version, digest] = [
      bytesAt(row, 0) as Id,
      textAt(row, 1),
      bigAt(row, 2),
      bytesAt(row, 3),
    ]
    if (kind !== 'tombstone' && kind !== 'seen') throw new RangeError(`a version of kind ${kind}`)
    records.restoreVersion({ key, kind, version, digest, notedAt: Math.min(wholeAt(row, 4), now) })
  }
  const held = `SELECT key, version, digest, data, source, refreshed_at, expires_at FROM records
                ORDER BY refreshed_at`
  for (const row of rowsOf(database, held, { bigInts: true })) {
    records.restore(
      {
        key: bytesAt(row, 0) as Id,
        version: bigAt(row, 1),
        digest: bytesAt(row, 2),
        data: bytesAt(row, 3),
        source: row[4] === null ? null : bytesAt(row, 4),
        refreshedAt: wholeAt(row, 5),
        expiresAt: wholeAt(row, 6),
      },
      now,
    )
  }
}

function recordTable(database: DatabaseSync, records: () => MemoryRecords): Table<StoredRecord> {
  // Not INSERT OR REPLACE: it would give a refreshed row a new place in the file.
  const put = database.prepare(
    `INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET
       version = excluded.version, digest = excluded.digest, data = excluded.data, source = excluded.source,
       refreshed_at = excluded.refreshed_at, expires_at = excluded.expires_at`,
  )
  const drop = database.prepare('DELETE FROM records WHERE key = ?')
  return {
    put: ({ key, version, digest, data, source, refreshedAt, expiresAt }) =>
      void put.run(key, version, digest, data, source, refreshedAt, expiresAt),
    drop: ({ key }) => void drop.run(key),
    clear: () => database.exec('DELETE FROM records'),
    rows: () => records().all(),
  }
}

function versionTable(database: DatabaseSync, records: () => MemoryRecords): Table<VersionRow> {
  const put = database.prepare('INSERT OR REPLACE INTO versions VALUES (?, ?, ?, ?, ?)')
  const drop = database.prepare('DELETE FROM versions WHERE key = ? AND kind = ?')
  return {
    put: ({ key, kind, version, digest, notedAt }) => void put.run(key, kind, version, digest, notedAt),
    drop: ({ key, kind }) => void drop.run(key, kind),
    clear: () => database.exec('DELETE FROM versions'),
    rows: () => records().versionRows(),
  }
}
