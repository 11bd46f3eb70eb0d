// Acknowledgements wait here until the store has committed once for all of them, so that none overtakes its commit.
// DESIGN, "Effects leave in order". Not here: the store, and what is acknowledged.
import type { Scheduler } from './ports.ts'

/** Acknowledgements waiting for one commit; when there are so many, the commit comes at once. */
const MAX_WAITING = 1_024

export class CommitBatch {
  readonly #scheduler: Scheduler
  readonly #commit: () => void
  readonly #onFailure: (error: unknown) => void
  /** At most MAX_WAITING. */
  #waiting: { readonly done: () => void; readonly failed?: (error: unknown) => void }[] = []
  #scheduled = false
  /** Something is to be committed. */
  #wanted = false

  constructor(parts: { scheduler: Scheduler; commit: () => void; onFailure: (error: unknown) => void }) {
    this.#scheduler = parts.scheduler
    this.#commit = parts.commit
    this.#onFailure = parts.onFailure
  }

  /** Runs after the next commit; never if that fails: a commit that fails acknowledges nothing. */
  afterCommit(acknowledge: () => void): void {
    this.#await({ done: acknowledge })
  }

  /** Resolves after the next commit, and rejects with its error if that fails. */
  committed(): Promise<void> {
    return new Promise((done, failed) => this.#await({ done, failed }))
  }

  /** Commits at the end of this turn, with or without anybody waiting. */
  schedule(): void {
    this.#wanted = true
    if (this.#scheduled) return
    this.#scheduled = true
    this.#scheduler.soon(() => {
      this.#scheduled = false
      if (this.#wanted) this.flush()
    })
  }

  /** Commits now. False: the commit failed, was reported, and nobody who waited was told. */
  flush(): boolean {
    const waiting = this.#waiting
    this.#waiting = []
    this.#wanted = false
    try {
      this.#commit()
    } catch (error) {
      this.#onFailure(error)
      for (const { failed } of waiting) failed?.(error)
      return false
    }
    for (const { done } of waiting) done()
    return true
  }

  #await(waiting: { readonly done: () => void; readonly failed?: (error: unknown) => void }): void {
    this.#waiting.push(waiting)
    this.#wanted = true
    if (this.#waiting.length >= MAX_WAITING) this.flush()
    else this.schedule()
  }
}
