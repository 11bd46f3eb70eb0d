// So many works at once and no more: the others wait for their turn, first come first. Not here: what the work is.
import { XorbitError } from './errors.ts'

export interface TurnsOptions {
  /** What it is, in the plural, for the error. */
  readonly what: string
  /** Under way at once. */
  readonly atOnce: number
  /** Waiting; a further one is refused. */
  readonly waiting: number
}

export class Turns {
  readonly #options: TurnsOptions
  /** Those that wait. At most `waiting`; a further one is refused. */
  readonly #queue = new Set<() => void>()
  #underWay = 0

  constructor(options: TurnsOptions) {
    this.#options = options
  }

  /**
   * Does the work when its turn has come, and gives what it gives. Aborted before, it is never begun. Rejects with
   * XorbitError 'overload' when too many wait.
   */
  async take<T>(work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    signal?.throwIfAborted()
    if (this.#underWay < this.#options.atOnce) this.#underWay++
    else await this.#turn(signal)
    try {
      return await work()
    } finally {
      this.#next()
    }
  }

  #turn(signal: AbortSignal | undefined): Promise<void> {
    const { what, atOnce, waiting } = this.#options
    if (this.#queue.size >= waiting) {
      throw new XorbitError(
        'overload',
        `${atOnce} ${what} are under way and ${waiting} wait; wait for some to end`,
      )
    }
    return new Promise((resolve, reject) => {
      const begin = (): void => {
        signal?.removeEventListener('abort', abort)
        resolve()
      }
      const abort = (): void => {
        this.#queue.delete(begin)
        reject(signal?.reason as Error)
      }
      this.#queue.add(begin)
      signal?.addEventListener('abort', abort, { once: true })
    })
  }

  /** Hands the turn on: it stays taken where somebody waits. */
  #next(): void {
    for (const begin of this.#queue) {
      this.#queue.delete(begin)
      return begin()
    }
    this.#underWay--
  }
}
