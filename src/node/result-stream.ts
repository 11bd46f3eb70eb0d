// Results as they are found: an async iterable that is filled from callbacks, ends by itself and can be given up.
// Not here: what fills it.

/** Results waiting to be read; the newest are dropped when nobody reads. */
const MAX_WAITING = 10_000

interface Settle<O> {
  readonly resolve: (outcome: O) => void
  readonly reject: (error: unknown) => void
}

/**
 * An async iterable of `T` with an outcome `O`. Leaving the loop early (break, return, throw) stops the work behind it.
 * `outcome` resolves when the work has ended, and rejects where iterating throws.
 */
export class ResultStream<T, O> implements AsyncIterableIterator<T> {
  readonly outcome: Promise<O>
  /** At most MAX_WAITING. */
  readonly #waiting: T[] = []
  readonly #readers: {
    resolve(result: IteratorResult<T, undefined>): void
    reject(error: unknown): void
  }[] = []
  readonly #settle: Settle<O>
  #ended = false
  /** Somebody has begun to read. */
  #isRead = false
  /** The reader has left: nothing more is handed out. */
  #left = false
  /** Why it ended, until the reader has heard of it. */
  #failure: { readonly error: unknown } | null = null
  /** Stops the work behind it. Set by who fills it. */
  readonly #stop: () => void

  /** @internal */
  constructor(stop: () => void) {
    this.#stop = stop
    let settle: Settle<O> = { resolve: () => {}, reject: () => {} }
    this.outcome = new Promise<O>((resolve, reject) => {
      settle = { resolve, reject }
    })
    this.#settle = settle
    // Who only iterates hears of a failure there, and not once more as an unhandled rejection.
    this.outcome.catch(() => {})
  }

  /** @internal Results that the reader has still to take, for work that waits for a slow one; 0 while nobody has begun to read. */
  get backlog(): number {
    return this.#isRead ? this.#waiting.length : 0
  }

  /** @internal */
  push(result: T): void {
    if (this.#ended || this.#left) return
    const reader = this.#readers.shift()
    if (reader !== undefined) reader.resolve({ value: result, done: false })
    else if (this.#waiting.length < MAX_WAITING) this.#waiting.push(result)
  }

  /** @internal */
  end(outcome: O): void {
    if (this.#ended) return
    this.#ended = true
    this.#settle.resolve(outcome)
    this.#dismiss()
  }

  /** @internal Whoever reads next hears of it once; after that there is nothing more. */
  fail(error: unknown): void {
    if (this.#ended) return
    this.#ended = true
    this.#settle.reject(error)
    const reader = this.#readers.shift()
    if (reader === undefined) this.#failure = { error }
    else reader.reject(error)
    this.#dismiss()
  }

  next(): Promise<IteratorResult<T, undefined>> {
    this.#isRead = true
    if (this.#waiting.length > 0) return Promise.resolve({ value: this.#waiting.shift()!, done: false })
    if (this.#failure !== null && !this.#left) {
      const { error } = this.#failure
      this.#failure = null
      return Promise.reject(error)
    }
    if (this.#ended || this.#left) return Promise.resolve({ value: undefined, done: true })
    return new Promise((resolve, reject) => this.#readers.push({ resolve, reject }))
  }

  return(): Promise<IteratorResult<T, undefined>> {
    this.#left = true
    this.#waiting.length = 0
    this.#dismiss()
    if (!this.#ended) this.#stop()
    return Promise.resolve({ value: undefined, done: true })
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  #dismiss(): void {
    for (const reader of this.#readers.splice(0)) reader.resolve({ value: undefined, done: true })
  }
}
