// Whether a store still takes changes: shared by its parts, ended by its close().
import { StoreError } from './store.ts'

export class StoreLife {
  #closed = false

  get closed(): boolean {
    return this.#closed
  }

  end(): void {
    this.#closed = true
  }

  /** Throws StoreError('closed'). Called before every change, so that none is taken and then lost. */
  assertOpen(): void {
    if (!this.#closed) return
    throw new StoreError('closed', 'The store has been closed and takes no more changes; open it again.')
  }
}
