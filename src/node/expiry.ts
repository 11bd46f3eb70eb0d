// Drops what has not been brought again for its lifetime: peers (B5-18), items (B44-20), values. At the start, then every
// minute. Not here: what a store does to drop them, nor that nothing expired is served meanwhile (a network's answers).
import type { Cancel, Scheduler } from './ports.ts'

/** Dropped of each kind in one piece, so that expiry never blocks for long. */
const AT_ONCE = 2_000
const EVERY_MS = 60_000

/** One kind of thing that expires. */
export interface Expiring {
  /** How long it is kept. Each may have its own time; this says how often to look. */
  readonly lifetimeMs: number
  /** Drops at most `limit` that are too old; how many. */
  readonly drop: (now: number, limit: number) => number
}

export interface ExpiryParts {
  readonly scheduler: Scheduler
  readonly expiring: readonly Expiring[]
  /** Something is to be committed. */
  readonly changed: () => void
  readonly failed: (error: unknown) => void
}

export class Expiry {
  readonly #parts: ExpiryParts
  #timer: Cancel | null = null

  constructor(parts: ExpiryParts) {
    this.#parts = parts
  }

  /** Drops what is too old now, all of it. */
  start(): void {
    while (this.#drop());
    this.#arm(this.#pauseMs)
  }

  close(): void {
    this.#timer?.()
  }

  get #pauseMs(): number {
    return Math.min(EVERY_MS, ...this.#parts.expiring.map(({ lifetimeMs }) => lifetimeMs / 4))
  }

  #arm(afterMs: number): void {
    const { scheduler } = this.#parts
    this.#timer = scheduler.at(scheduler.now() + afterMs, () => {
      // The rest in later turns, so that packets get their turn in between.
      this.#arm(this.#drop() ? 0 : this.#pauseMs)
    })
  }

  /** Whether there may be more to drop. */
  #drop(): boolean {
    const { scheduler, expiring, changed, failed } = this.#parts
    const now = scheduler.now()
    try {
      const dropped = expiring.map(({ drop }) => drop(now, AT_ONCE))
      if (dropped.some((count) => count > 0)) changed()
      return dropped.includes(AT_ONCE)
    } catch (error) {
      failed(error)
      return false
    }
  }
}
