// The Bloom filter of BEP 33: how many distinct IP addresses several nodes have seen, told in 256 bytes.
// Not here: which peers go into one (scrape-filters.ts), what is made of several.
import { sha1 } from '../../node/system.ts'
import { FILTER_BYTES } from './wire/bounds.ts'

/** `m` of BEP 33. Each address sets `k` = 2 of them. */
const BITS = 8 * FILTER_BYTES
const BITS_PER_ADDRESS = 2

/** Addresses of one kind that a node counts at most (BEP 33): a filter that says more is full. */
const MAX_ADDRESSES = 6_000

/**
 * The estimate of a filter in which every bit is set. It counts nothing any more: by the formula it holds infinitely
 * many. 8,000 is where BEP 33 says that the estimate breaks down, and more than any other filter gives (7,806 with one
 * bit left), so it is finite and stands for this alone.
 */
export const SATURATED_ESTIMATE = 8_000

/** A set of IP addresses that can be counted and united, and not listed. */
export class BloomFilter {
  /** 256 bytes, as on the wire. Changed by `add` and `unite`. */
  readonly bytes: Uint8Array

  /** Empty, or a copy of these 256 bytes. Throws RangeError for another length. */
  constructor(bytes?: Uint8Array) {
    if (bytes !== undefined && bytes.length !== FILTER_BYTES) {
      throw new RangeError(`a filter has ${FILTER_BYTES} bytes, got ${bytes.length}`)
    }
    this.bytes = new Uint8Array(FILTER_BYTES)
    if (bytes !== undefined) this.bytes.set(bytes)
  }

  /** Adds an IP address, without port: 4 or 16 bytes. */
  add(ip: Uint8Array): void {
    const hash = sha1(ip)
    this.#set(bitOf(hash, 0))
    this.#set(bitOf(hash, 2))
  }

  /** Whether it was added. false is sure; true is a guess, the better the emptier the filter. */
  has(ip: Uint8Array): boolean {
    const hash = sha1(ip)
    return this.#isSet(bitOf(hash, 0)) && this.#isSet(bitOf(hash, 2))
  }

  /** Takes in all of another filter. */
  unite(other: BloomFilter): void {
    for (let i = 0; i < FILTER_BYTES; i++) this.bytes[i]! |= other.bytes[i]!
  }

  /**
   * About how many addresses were added, with fractions: 0 when none was, SATURATED_ESTIMATE when no bit is left, else
   * BEP 33's formula. Never NaN or infinite.
   */
  get estimate(): number {
    const unset = this.#unset
    if (unset === BITS) return 0
    if (unset === 0) return SATURATED_ESTIMATE
    return Math.log(Math.min(unset, BITS - 1) / BITS) / (BITS_PER_ADDRESS * Math.log(1 - 1 / BITS))
  }

  /** Whether it says more than the 6,000 that an honest node counts: broken or a lie, and not to be believed (B33-14). */
  get isFull(): boolean {
    return this.estimate > MAX_ADDRESSES
  }

  get #unset(): number {
    let unset = BITS
    for (let i = 0; i < FILTER_BYTES; i++) {
      for (let rest = this.bytes[i]!; rest !== 0; rest &= rest - 1) unset--
    }
    return unset
  }

  #set(bit: number): void {
    this.bytes[bit >> 3]! |= 1 << (bit & 7)
  }

  #isSet(bit: number): boolean {
    return (this.bytes[bit >> 3]! & (1 << (bit & 7))) !== 0
  }
}

/** Two bytes of a hash, the low one first, as one of the bits. */
function bitOf(hash: Uint8Array, at: number): number {
  return (hash[at]! | (hash[at + 1]! << 8)) % BITS
}
