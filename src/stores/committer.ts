// One transaction for everything that is pending in the journals of a file; kept and tried again when it
// fails. Not here: when to commit (the engine's batch does it), nor SQL of tables (sqlite-peers.ts,
// sqlite-state.ts).
import type { DatabaseSync } from 'node:sqlite'
import type { Journal } from './journal.ts'
import { StoreError } from './store.ts'

/**
 * Changes after which a commit happens by itself: some 20 ms of writing, so that a caller who forgets stalls
 * nobody.
 */
export const AUTO_COMMIT_AFTER = 2_000

export class Committer {
  readonly #database: DatabaseSync
  readonly #path: string
  readonly #journals: Journal[] = []
  /** Changes recorded since the last attempt. */
  #recorded = 0

  constructor(database: DatabaseSync, path: string) {
    this.#database = database
    this.#path = path
  }

  add(journal: Journal): void {
    this.#journals.push(journal)
  }

  /** To be called after every recorded change. Does not throw: a failure shows at the next commit(). */
  readonly changed = (): void => {
    this.#recorded++
    if (this.#recorded < AUTO_COMMIT_AFTER) return
    try {
      this.commit()
    } catch (error) {
      if (!(error instanceof StoreError)) throw error
    }
  }

  /** Throws StoreError('write-failed'), with everything still pending. */
  commit(): void {
    this.#recorded = 0
    if (this.#journals.every((journal) => journal.pending === 0)) return
    try {
      this.#database.exec('BEGIN IMMEDIATE')
      for (const journal of this.#journals) journal.write()
      this.#database.exec('COMMIT')
    } catch (error) {
      this.#rollBack()
      throw new StoreError('write-failed', this.#explain(error), { cause: error })
    }
    for (const journal of this.#journals) journal.settle()
  }

  #rollBack(): void {
    try {
      this.#database.exec('ROLLBACK')
    } catch {
      // SQLite has already rolled back by itself, as it does when the disk is full.
    }
  }

  #explain(error: unknown): string {
    const why = error instanceof Error ? error.message : String(error)
    return (
      `Writing to the store ${this.#path} failed: ${why}. ` +
      'Nothing is lost while the node runs, and the next commit tries again; ' +
      'make room on the disk and check the permissions.'
    )
  }
}
