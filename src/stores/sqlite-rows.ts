// Fields of a row that was read from a file, taken as what they must be. A file may have been damaged or
// edited by hand; whatever is wrong in it ends as StoreError('damaged'), which sqlite-store.ts makes of these
// errors.
import type { DatabaseSync } from 'node:sqlite'

export type Row = readonly unknown[]

/** The rows of a query one after the other, each as an array in the order of its columns. */
export function* rowsOf(database: DatabaseSync, sql: string): Generator<Row> {
  const statement = database.prepare(sql)
  statement.setReturnArrays(true)
  for (const row of statement.iterate()) yield row as unknown as Row
}

/** A field with bytes. Throws RangeError for anything else. */
export function bytesAt(row: Row, column: number): Uint8Array {
  const value = row[column]
  if (value instanceof Uint8Array) return value
  throw new RangeError(`column ${column} holds no bytes`)
}

/** A field with a whole number. Throws RangeError for anything else. */
export function wholeAt(row: Row, column: number): number {
  const value = row[column]
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value
  throw new RangeError(`column ${column} holds no whole number`)
}

/** A field with text. Throws RangeError for anything else. */
export function textAt(row: Row, column: number): string {
  const value = row[column]
  if (typeof value === 'string') return value
  throw new RangeError(`column ${column} holds no text`)
}
