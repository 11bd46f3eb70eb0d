// The table of values: its statements, its journal, and how it is read into memory when a file is opened. Not here: bounds,
// and what a value's position means (memory-values.ts).
import type { DatabaseSync } from 'node:sqlite'
import { byteKey, bytesOfKey } from './byte-key.ts'
import { RowJournal } from './journal.ts'
import type { MemoryValues, ValueRow } from './memory-values.ts'
import { bytesAt, rowsOf, wholeAt, type Row } from './sqlite-rows.ts'

/** The journal that MemoryValues tells its changes to. `values` is called late: it is built with this. */
export function valueJournal(
  database: DatabaseSync,
  values: () => MemoryValues,
  changed: () => void,
): RowJournal<ValueRow> {
  // Key and value of a position never change.
  const put = database.prepare(
    `INSERT INTO value_sets VALUES (?, ?, ?, ?, ?) ON CONFLICT (position) DO UPDATE SET
       source = excluded.source, refreshed_at = excluded.refreshed_at`,
  )
  const drop = database.prepare('DELETE FROM value_sets WHERE position = ?')
  const table = {
    put: ({ position, key, value, source, refreshedAt }: ValueRow) =>
      void put.run(
        position,
        bytesOfKey(key),
        bytesOfKey(value),
        source === null ? null : bytesOfKey(source),
        refreshedAt,
      ),
    drop: ({ position }: ValueRow) => void drop.run(position),
    clear: () => database.exec('DELETE FROM value_sets'),
    rows: () => values().rows(),
  }
  return new RowJournal(table, changed)
}

/** Reads the table into memory, in the order of first storing. Throws RangeError for a row that cannot be. */
export function loadValues(database: DatabaseSync, values: MemoryValues, now: number): void {
  values.restore(valueRows(database), now)
}

function* valueRows(database: DatabaseSync): Generator<ValueRow> {
  const sql = 'SELECT position, key, value, source, refreshed_at FROM value_sets ORDER BY position'
  for (const row of rowsOf(database, sql)) yield valueRow(row)
}

function valueRow(row: Row): ValueRow {
  return {
    position: wholeAt(row, 0),
    key: byteKey(bytesAt(row, 1)),
    value: byteKey(bytesAt(row, 2)),
    source: row[3] === null ? null : byteKey(bytesAt(row, 3)),
    refreshedAt: wholeAt(row, 4),
  }
}
