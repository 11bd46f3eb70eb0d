// What a node counts: per method what was asked and served, and what was dropped and why. Numbers only.

/** Counts of one method. Delays are round-trip times of our own requests, in ms. */
export interface MethodCounts {
  /** Requests of ours: begun, datagrams or messages sent for them, answered, failed. */
  started: number
  sent: number
  answered: number
  failed: number
  /** Queries of others: received, and refused by an error or for a limit. */
  received: number
  refused: number
  readonly delays: { count: number; totalMs: number; maxMs: number }
}

/** At most so many methods and so many reasons are told apart; further ones are counted as 'other'. T33. */
const MAX_LABELS = 64

/** Counters of one engine. */
export class Counters {
  readonly #methods = new Map<string, MethodCounts>()
  readonly #drops = new Map<string, number>()

  method(name: string): MethodCounts {
    let counts = this.#methods.get(name)
    if (counts !== undefined) return counts
    if (this.#methods.size >= MAX_LABELS && name !== 'other') return this.method('other')
    counts = {
      started: 0,
      sent: 0,
      answered: 0,
      failed: 0,
      received: 0,
      refused: 0,
      delays: { count: 0, totalMs: 0, maxMs: 0 },
    }
    this.#methods.set(name, counts)
    return counts
  }

  delayed(name: string, rttMs: number): void {
    const { delays } = this.method(name)
    delays.count++
    delays.totalMs += rttMs
    delays.maxMs = Math.max(delays.maxMs, rttMs)
  }

  dropped(reason: string): void {
    const known = this.#drops.has(reason) || this.#drops.size < MAX_LABELS
    const label = known ? reason : 'other'
    this.#drops.set(label, (this.#drops.get(label) ?? 0) + 1)
  }

  /** A copy, as plain objects. */
  snapshot(): { methods: Record<string, MethodCounts>; dropped: Record<string, number> } {
    const methods = [...this.#methods].map(
      ([name, counts]) => [name, { ...counts, delays: { ...counts.delays } }] as const,
    )
    return { methods: Object.fromEntries(methods), dropped: Object.fromEntries(this.#drops) }
  }
}
