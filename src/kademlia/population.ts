// Estimates how many nodes the network has, from how close the closest nodes to random targets are.
// To be fed only by lookups for random targets: near a chosen key, somebody may have placed ids (algorithms.md 3.6).
import { distanceFraction } from './id.ts'
import type { Id } from './id.ts'

export interface PopulationEstimate {
  readonly nodes: number
  /** How many lookups it rests on. */
  readonly lookups: number
  /** One standard deviation as a fraction of `nodes`, if all lookups found the true closest nodes. */
  readonly relativeError: number
}

/** Lookups that count; the oldest falls out. A quarter of pubky's 1,000: enough for 3 %, and quicker to follow. */
const MAX_LOOKUPS = 256

/**
 * With N uniformly random ids, the i-th closest is expected at i / (N + 1) of the key space. Least squares weigh the
 * distances d_1 … d_n by i: N = Σ i² / Σ i·d_i, where Σ i² = n(n+1)(2n+1)/6 (pubky, docs/dht_size_estimate.md).
 * The sums are added up over the lookups before dividing, which avoids the bias of a mean of quotients.
 *
 * The error follows from the distances being sums of independent gaps: gap j weighs w_j = Σ_{i≥j} i, so that one lookup
 * has the relative deviation √(Σ w_j²) / Σ i²: 0.377 for n = 8, 0.242 for n = 20. Over L lookups it is divided by √L;
 * pubky measured 0.281 · L^-0.529 for n = 20.
 */
export class Population {
  /** Rings of MAX_LOOKUPS: Σ i², Σ i·d_i and Σ w_j² of each lookup. */
  readonly #squares = new Float64Array(MAX_LOOKUPS)
  readonly #distances = new Float64Array(MAX_LOOKUPS)
  readonly #variances = new Float64Array(MAX_LOOKUPS)
  #observed = 0

  /** Takes in the ids that a lookup for a random target found closest, closest first. None: nothing is learned. */
  observe(target: Id, closest: readonly Id[]): void {
    const n = closest.length
    if (n === 0) return
    let squares = 0
    let distances = 0
    let variances = 0
    for (let i = 1; i <= n; i++) {
      squares += i * i
      distances += i * distanceFraction(target, closest[i - 1]!)
      variances += ((n * (n + 1) - i * (i - 1)) / 2) ** 2
    }
    const place = this.#observed++ % MAX_LOOKUPS
    this.#squares[place] = squares
    this.#distances[place] = distances
    this.#variances[place] = variances
  }

  /** The nodes of the network besides those that lookups leave out (ourselves); null before the first lookup. */
  estimate(): PopulationEstimate | null {
    const lookups = Math.min(this.#observed, MAX_LOOKUPS)
    const squares = sum(this.#squares)
    const distances = sum(this.#distances)
    // All found ids were the target itself: nothing to divide by.
    if (lookups === 0 || distances === 0) return null
    return {
      nodes: Math.max(1, Math.round(squares / distances - 1)),
      lookups,
      relativeError: Math.sqrt(sum(this.#variances)) / squares,
    }
  }
}

function sum(numbers: Float64Array): number {
  let total = 0
  for (const number of numbers) total += number
  return total
}
