// Fields of a row that was read from a file, taken as what they must be. A file may have been damaged or
// edited by hand; whatever is wrong in it ends as StoreError('damaged'), which sqlite-store.ts makes of these
// errors.
import type { DatabaseSync } from 'node:sqlite'

export type Row = readonly unknown[]

export interface RowOptions {
  /** Every whole number comes as a bigint: for queries with a column that a double does not hold exactly. */
  readonly bigInts?: boolean
}

/** The rows of a query one after the other, each as an array in the order of its columns. */
export function* rowsOf(database: DatabaseSync, sql: string, options: RowOptions = {}): Generator<Row> {
  const statement = database.prepare(sql)
  statement.setReturnArrays(true)
  statement.setReadBigInts(options.bigInts === true)
  for (const row of statement.iterate()) yield row as unknown as Row
}

/** A field with bytes. Throws RangeError for anything else. */
export function bytesAt(row: Row, column: number): Uint8Array {
  const value = row[column]
  if (value instanceof Uint8Array) return value
  throw new RangeError(`column ${column} holds no bytes`)
}

/** A field with a whole number that a double holds exactly. Throws RangeError for anything else. */
export function wholeAt(row: Row, column: number): number {
  const field = row[column]
  const value = typeof field === 'bigint' ? Number(field) : field
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value
  throw new RangeError(`column ${column} holds no whole number`)
}

/** A field with a whole number of any size, from a query with `bigInts`. Throws RangeError for anything else. */
export function bigAt(row: Row, column: number): bigint {
  const value = row[column]
  if (typeof value === 'bigint') return value
  throw new RangeError(`column ${column} holds no whole number`)
}

/** A field with text. Throws RangeError for anything else. */
export function textAt(row: Row, column: number): string {
  const value = row[column]
  if (typeof value === 'string') return value
  throw new RangeError(`column ${column} holds no text`)
}
