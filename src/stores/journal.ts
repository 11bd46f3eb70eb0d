// What of one table has changed in memory and is not yet in the file: one pending operation per row, the last
// one. Each table has one; the committer writes them all in one transaction. It knows no SQL: that is the
// table's.

/**
 * One table of the file, as a journal writes it. Its methods run inside the committer's transaction and may
 * throw.
 */
export interface Table<Row> {
  /** Inserts or replaces. */
  put(row: Row): void
  /** Removes; the row may be missing in the file. */
  drop(row: Row): void
  /** Removes everything. */
  clear(): void
  /** Everything the table should hold, from memory. */
  rows(): Iterable<Row>
}

/** What the committer sees of a journal. */
export interface Journal {
  readonly pending: number
  /** Writes what is pending; keeps it. */
  write(): void
  /** Forgets what is pending: it has been committed. */
  settle(): void
}

/**
 * Pending operations of one table. Beyond it, which only happens while the file cannot be written, the
 * operations are forgotten and the whole table is written anew from memory at the next commit. So nothing is
 * lost and memory stays bounded.
 */
export const MAX_PENDING = 20_000

export class RowJournal<Row> implements Journal {
  readonly #table: Table<Row>
  readonly #changed: () => void
  /** Together at most MAX_PENDING; a key is in one of them only. */
  readonly #puts = new Map<string, Row>()
  readonly #drops = new Map<string, Row>()
  #rewrite = false

  /** `changed` is called after each recorded change. */
  constructor(table: Table<Row>, changed: () => void) {
    this.#table = table
    this.#changed = changed
  }

  get pending(): number {
    return this.#rewrite ? 1 : this.#puts.size + this.#drops.size
  }

  put(key: string, row: Row): void {
    if (!this.#rewrite) {
      if (this.#drops.size > 0) this.#drops.delete(key)
      this.#puts.set(key, row)
    }
    this.#recorded()
  }

  drop(key: string, row: Row): void {
    if (!this.#rewrite) {
      this.#puts.delete(key)
      this.#drops.set(key, row)
    }
    this.#recorded()
  }

  write(): void {
    if (this.#rewrite) {
      this.#table.clear()
      for (const row of this.#table.rows()) this.#table.put(row)
      return
    }
    // Removals first: a full file then has room for what is added.
    for (const row of this.#drops.values()) this.#table.drop(row)
    for (const row of this.#puts.values()) this.#table.put(row)
  }

  settle(): void {
    this.#puts.clear()
    this.#drops.clear()
    this.#rewrite = false
  }

  #recorded(): void {
    if (this.#puts.size + this.#drops.size > MAX_PENDING) {
      this.settle()
      this.#rewrite = true
    }
    this.#changed()
  }
}
