// Reproducible randomness for simulations: one seed gives, per name, a stream of its own, so that one more draw in one
// of them shifts no other. Never for real nodes: its output is predictable (node/system.ts has theirs).
import type { Random } from '../kademlia/ports.ts'

const TWO_POW_26 = 2 ** 26
const TWO_POW_53 = 2 ** 53

/** xoshiro128** 1.1 of Blackman and Vigna, seeded by the finalizer of MurmurHash3 from seed and name. */
export class SeededRandom implements Random {
  readonly #seed: number
  #a: number
  #b: number
  #c: number
  #d: number

  /** `seed`: any whole number; its lower 32 bits count. */
  constructor(seed: number, stream = '') {
    this.#seed = seed
    let state = seed | 0
    for (let i = 0; i < stream.length; i++) state = mix(state ^ stream.charCodeAt(i))
    const next = (): number => {
      state = (state + 0x9e3779b9) | 0
      return mix(state)
    }
    this.#a = next()
    this.#b = next()
    this.#c = next()
    // All four zero would stay so for ever.
    this.#d = next() | 1
  }

  /** Another stream of the same seed. */
  stream(name: string): SeededRandom {
    return new SeededRandom(this.#seed, name)
  }

  /** 32 random bits, unsigned. */
  uint32(): number {
    const result = Math.imul(rotate(Math.imul(this.#b, 5), 7), 9) >>> 0
    const shifted = this.#b << 9
    this.#c ^= this.#a
    this.#d ^= this.#b
    this.#b ^= this.#c
    this.#a ^= this.#d
    this.#c ^= shifted
    this.#d = rotate(this.#d, 11)
    return result
  }

  bytes(count: number): Uint8Array {
    const bytes = new Uint8Array(count)
    for (let at = 0; at < count; at += 4) {
      const word = this.uint32()
      for (let i = 0; i < 4 && at + i < count; i++) bytes[at + i] = word >>> (8 * i)
    }
    return bytes
  }

  fraction(): number {
    const high = this.uint32() >>> 5
    const low = this.uint32() >>> 6
    return (high * TWO_POW_26 + low) / TWO_POW_53
  }

  /** Uniform in 0 … limit - 1. */
  below(limit: number): number {
    return Math.floor(this.fraction() * limit)
  }

  pick<T>(items: readonly T[]): T {
    if (items.length === 0) throw new RangeError('nothing to pick from')
    return items[this.below(items.length)]!
  }

  /** `count` different items in random order, or all where there are fewer. */
  sample<T>(items: readonly T[], count: number): T[] {
    const pool = [...items]
    const wanted = Math.min(count, pool.length)
    for (let i = 0; i < wanted; i++) {
      const other = i + this.below(pool.length - i)
      ;[pool[i], pool[other]] = [pool[other]!, pool[i]!]
    }
    return pool.slice(0, wanted)
  }
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits))
}

function mix(word: number): number {
  let mixed = Math.imul(word ^ (word >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return mixed ^ (mixed >>> 16)
}
