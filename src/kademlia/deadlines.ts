// A queue of things by the time they are due: a binary heap, first in first out among equal times.
// Not a timer: somebody else looks at the clock.

interface Entry<T> {
  readonly time: number
  readonly order: number
  readonly item: T
}

/** Things to do at a time. Nothing falls out by itself: who pops an item finds out whether it still matters. */
export class Deadlines<T> {
  /** As long as its owner lets it grow: one entry an item. */
  readonly #heap: Entry<T>[] = []
  #order = 0

  get size(): number {
    return this.#heap.length
  }

  /** The time of the earliest entry, Infinity when there is none. */
  get nextAt(): number {
    return this.#heap[0]?.time ?? Infinity
  }

  push(time: number, item: T): void {
    const entry = { time, order: this.#order++, item }
    let index = this.#heap.length
    this.#heap.push(entry)
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (!before(entry, this.#heap[parent]!)) break
      this.#heap[index] = this.#heap[parent]!
      index = parent
    }
    this.#heap[index] = entry
  }

  /** Takes the earliest item if it is due at `now`, else undefined. */
  popDue(now: number): T | undefined {
    const first = this.#heap[0]
    if (first === undefined || first.time > now) return undefined
    const last = this.#heap.pop()!
    if (this.#heap.length > 0) this.#sink(last)
    return first.item
  }

  /** Keeps only the items that are wanted, for an owner whose items settle long before they are due. */
  retain(wanted: (item: T) => boolean): void {
    const kept = this.#heap.filter(({ item }) => wanted(item))
    // A sorted list is a heap, too.
    kept.sort((a, b) => (before(a, b) ? -1 : 1))
    this.#heap.length = 0
    for (const entry of kept) this.#heap.push(entry)
  }

  #sink(entry: Entry<T>): void {
    const heap = this.#heap
    let index = 0
    for (;;) {
      let child = 2 * index + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++
      if (!before(heap[child]!, entry)) break
      heap[index] = heap[child]!
      index = child
    }
    heap[index] = entry
  }
}

function before<T>(a: Entry<T>, b: Entry<T>): boolean {
  return a.time < b.time || (a.time === b.time && a.order < b.order)
}
