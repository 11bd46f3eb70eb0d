// Rates of arbitrarily many sources in fixed memory: a count-min sketch whose cells are leaky buckets (GCRA).
// No source is ever stored, so none can be washed out by a flood of others, as from a table of sources (T8, T9).
import type { Random } from './ports.ts'

/** A rate in units a second, and how many units may come at once. What costs more than the burst is never admitted. */
export interface Rate {
  readonly perSecond: number
  readonly burst: number
}

/** One bucket: a time, up to which what was admitted would take at the rate. */
export class GcraCell {
  readonly #msPerUnit: number
  readonly #burstMs: number
  #busyUntil = 0

  constructor(rate: Rate) {
    this.#msPerUnit = 1_000 / rate.perSecond
    this.#burstMs = rate.burst * this.#msPerUnit
  }

  hasRoom(cost: number, now: number): boolean {
    return Math.max(this.#busyUntil, now) + cost * this.#msPerUnit <= now + this.#burstMs
  }

  charge(cost: number, now: number): void {
    this.#busyUntil = Math.max(this.#busyUntil, now) + cost * this.#msPerUnit
  }
}

const ROWS = 4
/** Cells of a row; a power of two. */
const WIDTH = 4_096

/**
 * One cell of each row belongs to a key; the least loaded of them bounds what the key has used from above. A key is
 * refused wrongly only when all of its cells are raised by others. A flood of ever new sources, admitted at R a second in
 * all, raises each cell by R / 4,096 a second: 2.4 at 10,000/s, far less than a cell loses.
 */
export class RateSketch {
  /** Fixed: 4 rows · 4,096 cells · 8 bytes = 128 KiB. Each cell is busyUntil of a GcraCell (ms). */
  readonly #cells = new Float64Array(ROWS * WIDTH)
  /** Start value and multiplier of two hashes: without them nobody can choose keys that collide. */
  readonly #seeds: Int32Array
  readonly #msPerUnit: number
  readonly #burstMs: number

  constructor(rate: Rate, random: Random) {
    this.#msPerUnit = 1_000 / rate.perSecond
    this.#burstMs = rate.burst * this.#msPerUnit
    this.#seeds = new Int32Array(4)
    const bytes = random.bytes(16)
    for (let i = 0; i < 16; i++) this.#seeds[i >> 2]! |= bytes[i]! << (8 * (i & 3))
  }

  /** Admits `cost` units of a key and charges them, or refuses and charges nothing. Allocates nothing. */
  take(key: string, cost: number, now: number): boolean {
    const cells = this.#cells
    const first = hash(key, this.#seeds[0]!, this.#seeds[1]! | 1)
    const step = hash(key, this.#seeds[2]!, this.#seeds[3]! | 1) | 1
    let least = Infinity
    for (let row = 0, at = first; row < ROWS; row++, at = (at + step) | 0) {
      const busyUntil = cells[row * WIDTH + (at & (WIDTH - 1))]!
      if (busyUntil < least) least = busyUntil
    }
    const charged = Math.max(least, now) + cost * this.#msPerUnit
    if (charged > now + this.#burstMs) return false
    // Conservative update: no cell is raised above what this key alone explains.
    for (let row = 0, at = first; row < ROWS; row++, at = (at + step) | 0) {
      const cell = row * WIDTH + (at & (WIDTH - 1))
      if (cells[cell]! < charged) cells[cell] = charged
    }
    return true
  }
}

/** FNV-1a over the characters, with a secret start and multiplier, then mixed so that all bits count (murmur3). */
function hash(key: string, start: number, multiplier: number): number {
  let state = start
  for (let i = 0; i < key.length; i++) {
    state = Math.imul(state ^ key.charCodeAt(i), multiplier)
    state ^= state >>> 15
  }
  state = Math.imul(state ^ (state >>> 16), 0x85ebca6b)
  state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35)
  return state ^ (state >>> 16)
}
