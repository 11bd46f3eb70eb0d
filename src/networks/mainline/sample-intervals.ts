// When each node may be asked for samples again (BEP 51 `interval`, B51-06), over all surveys of ours.
// Not here: the surveys (sweep.ts).

/** BEP 51: no interval is longer. So long a node is left alone that does not say, and one that did not answer. */
export const LONGEST_INTERVAL_MS = 21_600_000

/**
 * Nodes remembered, some 0.1 kB each; the one asked first is forgotten. Whoever surveys more in six hours may ask one
 * before its time.
 */
const MAX_NODES = 250_000

export class SampleIntervals {
  /** By endpoint, when it may be asked again (ms); the one asked first comes first. At most MAX_NODES. */
  readonly #dueAt = new Map<string, number>()

  /** When this endpoint may be asked, in ms; 0: whenever. */
  dueAt(endpoint: string): number {
    return this.#dueAt.get(endpoint) ?? 0
  }

  /** It may be asked from this time on (ms). */
  set(endpoint: string, dueAt: number, now: number): void {
    this.#dueAt.delete(endpoint)
    if (dueAt <= now) return
    this.#dueAt.set(endpoint, dueAt)
    if (this.#dueAt.size > MAX_NODES) this.#dueAt.delete(this.#dueAt.keys().next().value!)
  }
}
