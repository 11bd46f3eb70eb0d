// Round-trip times of the network as a decaying histogram, and from it the time after which an answer counts as slow.
// Not here: what slowness does (lookup.ts) and when a request has failed (request-table.ts).
import type { Parameters } from './parameters.ts'

/** 200 bins of 50 ms: up to 10 s. mldht, ResponseTimeoutFilter. */
const BIN_MS = 50
const BINS = 200
const DECAY = 0.95
const DECAY_EVERY = 16
/** Below so many samples the histogram says nothing yet. */
const MIN_SAMPLES = 8
const UNKNOWN_SLOW_MS = 1_000
/** Who has taken longer than this share of the network is not worth waiting for. */
const PATIENCE_SHARE = 0.99

/** Learns how fast the network answers. */
export class RoundTrips {
  readonly #bins = new Float64Array(BINS)
  readonly #parameters: Pick<Parameters, 'slowAfterMinMs' | 'slowAfterMaxMs'>
  #weight = 0
  #samples = 0
  #slowMs = UNKNOWN_SLOW_MS
  #patienceMs = 0

  constructor(parameters: Pick<Parameters, 'slowAfterMinMs' | 'slowAfterMaxMs'>) {
    this.#parameters = parameters
  }

  add(rttMs: number): void {
    const bin = Math.min(BINS - 1, Math.max(0, Math.floor(rttMs / BIN_MS)))
    this.#bins[bin]! += 1
    this.#weight += 1
    this.#samples++
    if (this.#samples % DECAY_EVERY === 0) this.#decay()
    if (this.#samples >= MIN_SAMPLES) {
      this.#slowMs = Math.max(this.#percentile(0.1) + 100, this.#percentile(0.9))
      this.#patienceMs = this.#percentile(PATIENCE_SHARE)
    }
  }

  /**
   * Ms after which a request counts as slow: max(p10 + 100 ms, p90), or 1.5 times the contact's own smoothed
   * round-trip time where that is lower, within the bounds of the parameters.
   */
  slowAfterMs(contactRttMs: number | null): number {
    const own = contactRttMs === null ? Infinity : 1.5 * contactRttMs
    const { slowAfterMinMs, slowAfterMaxMs } = this.#parameters
    return Math.min(slowAfterMaxMs, Math.max(slowAfterMinMs, Math.min(this.#slowMs, own)))
  }

  /** Ms in which 99 of 100 nodes answer, as far as the network has shown; 0 while little is known of it. */
  get patienceMs(): number {
    return this.#patienceMs
  }

  #decay(): void {
    for (let i = 0; i < BINS; i++) this.#bins[i]! *= DECAY
    this.#weight *= DECAY
  }

  /** The upper edge of the bin in which the share is reached. */
  #percentile(share: number): number {
    let rest = share * this.#weight
    for (let i = 0; i < BINS; i++) {
      rest -= this.#bins[i]!
      if (rest <= 0) return (i + 1) * BIN_MS
    }
    return BINS * BIN_MS
  }
}
