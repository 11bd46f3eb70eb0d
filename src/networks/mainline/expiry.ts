// Drops what has not been brought again for its lifetime: peers (B5-18) and items (B44-20). At the start, then every
// minute. Not here: what a store does to drop them, nor that nothing expired is served meanwhile (answer-*.ts).
import type { Cancel, Scheduler } from '../../node/ports.ts'
import type { PeerStore, RecordStore } from '../../stores/store.ts'

/** Dropped of each in one piece, so that expiry never blocks for long. */
const AT_ONCE = 2_000
const EVERY_MS = 60_000

export interface ExpiryParts {
  readonly scheduler: Scheduler
  readonly peers: PeerStore
  readonly records: RecordStore
  readonly peerLifetimeMs: number
  /** Each item has its own time; this says how often to look. */
  readonly itemLifetimeMs: number
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
    const { peerLifetimeMs, itemLifetimeMs } = this.#parts
    return Math.min(EVERY_MS, peerLifetimeMs / 4, itemLifetimeMs / 4)
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
    const { scheduler, peers, records, peerLifetimeMs, changed, failed } = this.#parts
    const now = scheduler.now()
    try {
      const droppedPeers = peers.expire(now - peerLifetimeMs, AT_ONCE)
      const droppedRecords = records.expire(now, AT_ONCE)
      if (droppedPeers + droppedRecords > 0) changed()
      return droppedPeers === AT_ONCE || droppedRecords === AT_ONCE
    } catch (error) {
      failed(error)
      return false
    }
  }
}
