// The order in which CPython 2.7 (64 bit) walks through a dict that was filled in the order of the wire (drogulus B3). The
// originals pack what they have read once more before they hash it, so signatures are over maps in this order.
// Not here: what is hashed (signed-digest.ts). Written from the facts of drogulus B3, and held to the recorded orders.
import { MsgPackFloat, MsgPackMap, type MsgPackValue } from '../../../codecs/msgpack-value.ts'

/** What is wrong with a map that has no order that everybody would agree about. */
export type PythonOrderErrorCode =
  /** A key that Python 2 cannot have (array, map), or whose place beside others we do not reckon (float, boolean, null). */
  | 'key-type'
  /** Keys that collide on purpose. */
  | 'too-much-work'

/** The only error that is thrown here. */
export class PythonOrderError extends Error {
  override readonly name = 'PythonOrderError'
  readonly code: PythonOrderErrorCode

  constructor(code: PythonOrderErrorCode, message: string) {
    super(message)
    this.code = code
  }
}

/**
 * Slots that may be looked at for one value, all its maps together; comparing two keys of one hash costs a slot more for
 * each 8 bytes. The most honest entries that fit into a message, 25,000, take 70,000; all of these take 10 ms. The hash is
 * weak: whoever chooses keys that collide could have us look at 10 million.
 */
const MAX_STEPS = 250_000

type Entry = readonly [MsgPackValue, MsgPackValue]

/**
 * The value with every map in it, at any depth, in the order of Python 2. Of a key that comes twice the later value stands
 * at the place of the first. What holds no map is returned as it is. Throws PythonOrderError.
 */
export function inPythonOrder(value: MsgPackValue): MsgPackValue {
  return ordered(value, new Steps())
}

class Steps {
  #left = MAX_STEPS

  take(count: number): void {
    this.#left -= count
    if (this.#left < 0) throw new PythonOrderError('too-much-work', 'keys of maps collide too often')
  }
}

function ordered(value: MsgPackValue, steps: Steps): MsgPackValue {
  if (value instanceof MsgPackMap) return orderedMap(value, steps)
  if (!Array.isArray(value)) return value
  let changed: MsgPackValue[] | null = null
  for (const [index, item] of (value as readonly MsgPackValue[]).entries()) {
    const own = ordered(item, steps)
    if (own !== item) (changed ??= value.slice())[index] = own
  }
  return changed ?? value
}

function orderedMap({ entries }: MsgPackMap, steps: Steps): MsgPackMap {
  const inside = entries.map(([key, value]): Entry => [key, ordered(value, steps)])
  if (inside.length > 1) return new MsgPackMap(new Dict(inside, steps).entries())
  for (const [key] of inside) {
    if (isContainer(key)) throw new PythonOrderError('key-type', 'the key of a map is an array or a map')
  }
  return new MsgPackMap(inside)
}

/** Hashes of 64 bits in two halves, as many as there are entries. */
class Hashes {
  readonly high: Uint32Array
  readonly low: Uint32Array

  constructor(count: number) {
    this.high = new Uint32Array(count)
    this.low = new Uint32Array(count)
  }

  set(index: number, high: number, low: number): void {
    this.high[index] = high
    // In CPython a hash of -1 means failure.
    this.low[index] = high === 0xff_ff_ff_ff && low === 0xff_ff_ff_ff ? 0xff_ff_ff_fe : low
  }
}

const FIRST_SIZE = 8

/** A hash table as CPython 2.7 has it, as far as nothing is ever removed. Its size is bounded by what is filled in. */
class Dict {
  readonly #steps: Steps
  /** What is in it, in the order of first insertion. */
  readonly #entries: Entry[] = []
  readonly #hashes: Hashes
  /** Which entry is in a slot; -1: none. Always a power of two of them. */
  #slots = new Int32Array(FIRST_SIZE).fill(-1)

  constructor(entries: readonly Entry[], steps: Steps) {
    this.#steps = steps
    this.#hashes = new Hashes(entries.length)
    for (const entry of entries) this.#insert(entry)
  }

  /** In the order of the slots. */
  entries(): Entry[] {
    return this.#indices().map((index) => this.#entries[index]!)
  }

  #insert([key, value]: Entry): void {
    const index = this.#entries.length
    hashOf(key, this.#hashes, index)
    const slot = this.#find(key, index)
    const found = this.#slots[slot]!
    if (found >= 0) {
      this.#entries[found] = [this.#entries[found]![0], value]
      return
    }
    this.#slots[slot] = index
    this.#entries.push([key, value])
    if (3 * this.#entries.length >= 2 * this.#slots.length) this.#grow()
  }

  /** The slot of this key, whose hash stands at `index`, or the free one for it. */
  #find(key: MsgPackValue, index: number): number {
    const slots = this.#slots
    const { high: highs, low: lows } = this.#hashes
    const high = highs[index]!
    const low = lows[index]!
    const mask = slots.length - 1
    let perturbHigh = high
    let perturbLow = low
    for (let i = low; ;) {
      const slot = i & mask
      const other = slots[slot]!
      this.#steps.take(1)
      if (other < 0) return slot
      if (highs[other] === high && lows[other] === low && this.#isAt(other, key)) return slot
      // Only the lower bits of i ever matter: a table has never 2^31 slots.
      i = (Math.imul(i, 5) + perturbLow + 1) | 0
      perturbLow = (perturbLow >>> 5) | (perturbHigh << 27)
      perturbHigh >>>= 5
    }
  }

  #isAt(index: number, key: MsgPackValue): boolean {
    const own = this.#entries[index]![0]
    if (!(own instanceof Uint8Array) || !(key instanceof Uint8Array)) return isSameInteger(own, key)
    if (own.length !== key.length) return false
    this.#steps.take(own.length >> 3)
    for (let i = 0; i < own.length; i++) if (own[i] !== key[i]) return false
    return true
  }

  #grow(): void {
    const used = this.#entries.length
    const least = (used > 50_000 ? 2 : 4) * used
    const indices = this.#indices()
    let size = FIRST_SIZE
    while (size <= least) size *= 2
    this.#slots = new Int32Array(size).fill(-1)
    for (const index of indices) this.#slots[this.#find(this.#entries[index]![0], index)] = index
  }

  /** Of the entries, in the order of their slots. */
  #indices(): number[] {
    const indices: number[] = []
    for (const index of this.#slots) if (index >= 0) indices.push(index)
    return indices
  }
}

function isContainer(value: MsgPackValue): boolean {
  return Array.isArray(value) || value instanceof MsgPackMap
}

function isSameInteger(a: MsgPackValue, b: MsgPackValue): boolean {
  if (a instanceof Uint8Array || b instanceof Uint8Array) return false
  return BigInt(a as number | bigint) === BigInt(b as number | bigint)
}

/** Writes the upper and lower half of a key's hash. */
function hashOf(key: MsgPackValue, into: Hashes, index: number): void {
  if (key instanceof Uint8Array) hashOfBytes(key, into, index)
  else if (typeof key === 'number') into.set(index, Math.floor(key / 2 ** 32) >>> 0, key >>> 0)
  else if (typeof key === 'bigint') {
    const bits = BigInt.asUintN(64, key)
    into.set(index, Number(bits >> 32n), Number(bits & 0xff_ff_ff_ffn))
  } else {
    const what =
      key instanceof MsgPackFloat ? 'a float' : isContainer(key) ? 'a container' : 'true, false or null'
    throw new PythonOrderError('key-type', `a key of a map of several is ${what}`)
  }
}

function hashOfBytes(bytes: Uint8Array, into: Hashes, index: number): void {
  let high = 0
  let low = (bytes[0] ?? 0) << 7
  for (let i = 0; i < bytes.length; i++) {
    // Both products stay below 2^53.
    const product = low * 1_000_003
    high = (high * 1_000_003 + Math.floor(product / 2 ** 32)) >>> 0
    low = ((product >>> 0) ^ bytes[i]!) >>> 0
  }
  into.set(index, high, (low ^ bytes.length) >>> 0)
}
