// Results as they are found: an async iterable that is filled from callbacks, ends by itself and can be given up.
// Not here: what fills it.

/** Results waiting to be read; the newest are dropped when nobody reads. */
const MAX_WAITING = 10_000

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
  readonly #settle: { resolve(outcome: O): void; reject(error: unknown): void }
  #ended = false
  #failure: { readonly error: unknown } | null = null
  /** Stops the work behind it. Set by who fills it. */
  readonly #stop: () => void

  constructor(stop: () => void) {
    this.#stop = stop
    const { promise, resolve, reject } = withResolvers<O>()
    this.outcome = promise
    this.#settle = { resolve, reject }
    // Who only iterates hears of a failure there, and not once more as an unhandled rejection.
    promise.catch(() => {})
  }

  push(result: T): void {
    if (this.#ended) return
    const reader = this.#readers.shift()
    if (reader !== undefined) reader.resolve({ value: result, done: false })
    else if (this.#waiting.length < MAX_WAITING) this.#waiting.push(result)
  }

  end(outcome: O): void {
    if (this.#ended) return
    this.#ended = true
    this.#settle.resolve(outcome)
    for (const reader of this.#readers.splice(0)) reader.resolve({ value: undefined, done: true })
  }

  fail(error: unknown): void {
    if (this.#ended) return
    this.#ended = true
    this.#failure = { error }
    this.#settle.reject(error)
    for (const reader of this.#readers.splice(0)) reader.reject(error)
  }

  next(): Promise<IteratorResult<T, undefined>> {
    const value = this.#waiting.shift()
    if (value !== undefined) return Promise.resolve({ value, done: false })
    if (this.#failure !== null) return Promise.reject(asError(this.#failure.error))
    if (this.#ended) return Promise.resolve({ value: undefined, done: true })
    return new Promise((resolve, reject) => this.#readers.push({ resolve, reject }))
  }

  return(): Promise<IteratorResult<T, undefined>> {
    this.#waiting.length = 0
    this.#stop()
    return Promise.resolve({ value: undefined, done: true })
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}

function withResolvers<O>(): {
  promise: Promise<O>
  resolve(outcome: O): void
  reject(error: unknown): void
} {
  let resolve: (outcome: O) => void = () => {}
  let reject: (error: unknown) => void = () => {}
  const promise = new Promise<O>((yes, no) => {
    resolve = yes
    reject = no
  })
  return { promise, resolve, reject }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
