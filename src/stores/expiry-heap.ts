// Entries by when they expire: a binary heap in which each entry knows its place, so that adding, removing, and moving
// one whose time has changed cost O(log n), and the next to expire O(1). It holds no bound: its owner does.

/** What an entry carries to stand in the heap. */
export interface Expiring {
  /** In ms since 1970. */
  readonly expiresAt: number
  /** Index in the heap, which alone sets it. */
  place: number
}

export class ExpiryHeap<T extends Expiring> {
  /** Each entry expires no earlier than its parent, which is at (place - 1) / 2. */
  readonly #entries: T[] = []

  /** The one that expires next. */
  get first(): T | null {
    return this.#entries[0] ?? null
  }

  add(entry: T): void {
    this.#entries.push(entry)
    this.#rise(entry, this.#entries.length - 1)
  }

  /** Removes an entry of the heap. */
  remove(entry: T): void {
    const last = this.#entries.pop()!
    if (last !== entry) this.#settle(last, entry.place)
  }

  /** To be called when `expiresAt` of an entry of the heap has changed. */
  changed(entry: T): void {
    this.#settle(entry, entry.place)
  }

  #settle(entry: T, place: number): void {
    const parent = this.#entries[(place - 1) >> 1]
    if (place > 0 && parent!.expiresAt > entry.expiresAt) this.#rise(entry, place)
    else this.#sink(entry, place)
  }

  #rise(entry: T, from: number): void {
    let place = from
    while (place > 0) {
      const above = (place - 1) >> 1
      const parent = this.#entries[above]!
      if (parent.expiresAt <= entry.expiresAt) break
      this.#set(parent, place)
      place = above
    }
    this.#set(entry, place)
  }

  #sink(entry: T, from: number): void {
    const entries = this.#entries
    let place = from
    for (;;) {
      let below = 2 * place + 1
      const [left, right] = [entries[below], entries[below + 1]]
      if (left === undefined) break
      if (right !== undefined && right.expiresAt < left.expiresAt) below++
      const child = entries[below]!
      if (child.expiresAt >= entry.expiresAt) break
      this.#set(child, place)
      place = below
    }
    this.#set(entry, place)
  }

  #set(entry: T, place: number): void {
    this.#entries[place] = entry
    entry.place = place
  }
}
