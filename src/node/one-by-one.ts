// Works of one name one after the other, in the order in which they were asked for; works of different names do not wait
// for each other. Not here: how many works there may be in all (turns.ts).
import { unlessAborted } from './abort.ts'

export class OneByOne {
  /** Of each name when all works asked for so far have ended. One entry a name of calls that have not ended. */
  readonly #ends = new Map<string, Promise<unknown>>()

  /** Begins the work when those before it have ended, however they did. Aborted before, it is never begun. */
  take<T>(name: string, work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    const before = this.#ends.get(name) ?? Promise.resolve()
    const turn = unlessAborted(before, signal).then(work)
    // Who gives up waiting lets nobody overtake those before it.
    const end = Promise.allSettled([before, turn]).then(() => {
      if (this.#ends.get(name) === end) this.#ends.delete(name)
    })
    this.#ends.set(name, end)
    return turn
  }
}
