// Drops peers that have not announced themselves again for their lifetime (B5-18): at the start, then every minute.
// Not here: what a store does to drop them.
import type { Cancel, Scheduler } from '../../node/ports.ts'
import type { PeerStore } from '../../stores/store.ts'

/** Peers dropped in one piece, so that expiry never blocks for long. */
const AT_ONCE = 2_000
const EVERY_MS = 60_000

export interface PeerExpiryParts {
  readonly scheduler: Scheduler
  readonly peers: PeerStore
  readonly lifetimeMs: number
  /** Something is to be committed. */
  readonly changed: () => void
  readonly failed: (error: unknown) => void
}

export class PeerExpiry {
  readonly #parts: PeerExpiryParts
  #timer: Cancel | null = null

  constructor(parts: PeerExpiryParts) {
    this.#parts = parts
  }

  /** Drops what is too old now, all of it, so that nothing is served that expired while we were away. */
  start(): void {
    while (this.#drop() === AT_ONCE);
    this.#arm(this.#pauseMs)
  }

  close(): void {
    this.#timer?.()
  }

  get #pauseMs(): number {
    return Math.min(EVERY_MS, this.#parts.lifetimeMs / 4)
  }

  #arm(afterMs: number): void {
    const { scheduler } = this.#parts
    this.#timer = scheduler.at(scheduler.now() + afterMs, () => {
      // The rest in later turns, so that packets get their turn in between.
      this.#arm(this.#drop() === AT_ONCE ? 0 : this.#pauseMs)
    })
  }

  #drop(): number {
    const { scheduler, peers, lifetimeMs, changed, failed } = this.#parts
    try {
      const dropped = peers.expire(scheduler.now() - lifetimeMs, AT_ONCE)
      if (dropped > 0) changed()
      return dropped
    } catch (error) {
      failed(error)
      return 0
    }
  }
}
