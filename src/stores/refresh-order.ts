// Entries in the order of their last refresh: a doubly linked list through the entries themselves, so that
// refreshing, removing and finding the oldest cost O(1) whatever the number of entries. It holds no times and
// no bound: its owner does.

/** What an entry carries to stand in the order. */
export interface Aged<T> {
  older: T | null
  newer: T | null
}

export class RefreshOrder<T extends Aged<T>> {
  #oldest: T | null = null
  #newest: T | null = null

  get oldest(): T | null {
    return this.#oldest
  }

  /** Puts an entry that is not in the list at its newest end. */
  append(entry: T): void {
    entry.older = this.#newest
    entry.newer = null
    if (this.#newest === null) this.#oldest = entry
    else this.#newest.newer = entry
    this.#newest = entry
  }

  remove(entry: T): void {
    if (entry.older === null) this.#oldest = entry.newer
    else entry.older.newer = entry.newer
    if (entry.newer === null) this.#newest = entry.older
    else entry.newer.older = entry.older
    entry.older = null
    entry.newer = null
  }

  /** Moves an entry of the list to its newest end. */
  refresh(entry: T): void {
    if (this.#newest === entry) return
    this.remove(entry)
    this.append(entry)
  }

  /** From the oldest to the newest. */
  *[Symbol.iterator](): Generator<T> {
    for (let entry = this.#oldest; entry !== null; entry = entry.newer) yield entry
  }
}
