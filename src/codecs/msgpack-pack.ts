// msgpack bytes of the old specification (drogulus B2) from values: raws without str8 or bin, integers in their shortest
// form, floats in 8 bytes, maps in the order that they have. One pass reckons the size and refuses, one writes.
import { TYPE } from './msgpack-cursor.ts'
import { MsgPackError, MsgPackFloat, MsgPackMap } from './msgpack-value.ts'
import type { MsgPackValue } from './msgpack-value.ts'

/**
 * Arrays and maps inside each other; also what ends a value that contains itself, and the depth of our recursion.
 * The originals go some hundreds deep; nobody nests so, and bencode's values end at 64 too.
 */
export const MAX_DEPTH = 64

const MAX_UINT64 = 2n ** 64n - 1n
const MIN_INT64 = -(2n ** 63n)

/** Packs a value. Throws MsgPackError as sizeOfMsgPack does. */
export function packMsgPack(value: MsgPackValue): Uint8Array {
  const bytes = new Uint8Array(sizeOfMsgPack(value))
  new Writer(bytes).value(value)
  return bytes
}

/**
 * How many bytes a value takes when it is packed. Throws MsgPackError 'not-encodable' for what is no MsgPackValue
 * (text, fractions that are no MsgPackFloat, whole numbers beyond 64 bits, undefined), and 'too-deep' beyond MAX_DEPTH.
 */
export function sizeOfMsgPack(value: MsgPackValue): number {
  return sizeWithin(value, 0)
}

function sizeWithin(value: MsgPackValue, depth: number): number {
  if (value === null || typeof value === 'boolean') return 1
  if (typeof value === 'number' || typeof value === 'bigint') return sizeOfInteger(value)
  if (value instanceof Uint8Array) return headSize(value.length, 0x20) + value.length
  if (value instanceof MsgPackFloat) return 9
  return sizeOfContainer(value, depth)
}

function sizeOfContainer(value: MsgPackMap | readonly MsgPackValue[], depth: number): number {
  if (depth >= MAX_DEPTH) {
    throw new MsgPackError('too-deep', `more than ${MAX_DEPTH} containers inside each other`)
  }
  if (value instanceof MsgPackMap) {
    let size = headSize(value.entries.length, 0x10)
    for (const [key, item] of value.entries) size += sizeWithin(key, depth + 1) + sizeWithin(item, depth + 1)
    return size
  }
  if (!Array.isArray(value)) refuse(value)
  let size = headSize(value.length, 0x10)
  for (const item of value) size += sizeWithin(item, depth + 1)
  return size
}

/** Of a raw, array or map: up to `fix`, not included, the length stands in the first byte. */
function headSize(length: number, fix: number): number {
  return length < fix ? 1 : length < 0x1_00_00 ? 3 : 5
}

function sizeOfInteger(value: number | bigint): number {
  if (typeof value === 'bigint') {
    if (value > MAX_UINT64 || value < MIN_INT64) refuse(value)
    const number = Number(value)
    return Number.isSafeInteger(number) ? sizeOfInteger(number) : 9
  }
  if (!Number.isSafeInteger(value)) refuse(value)
  if (value >= -0x20 && value < 0x80) return 1
  // How far an unsigned number of so many bits must reach; of a negative one a bit is the sign.
  const reach = value < 0 ? -2 * value - 1 : value
  if (reach < 0x1_00) return 2
  if (reach < 0x1_00_00) return 3
  return reach < 0x1_00_00_00_00 ? 5 : 9
}

function refuse(value: unknown): never {
  const shown =
    typeof value === 'number' || typeof value === 'bigint'
      ? String(value).slice(0, 48)
      : Object.prototype.toString.call(value)
  throw new MsgPackError(
    'not-encodable',
    `expected null, a boolean, an integer of 64 bits, MsgPackFloat, Uint8Array, array or MsgPackMap, got ${shown}`,
  )
}

/** Writes what sizeOfMsgPack has let pass, into as many bytes as it said. */
class Writer {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  value(value: MsgPackValue): void {
    if (value === null) this.#byte(TYPE.nil)
    else if (typeof value === 'boolean') this.#byte(value ? TYPE.true : TYPE.false)
    else if (typeof value === 'number' || typeof value === 'bigint') this.#integer(value)
    else if (value instanceof Uint8Array) this.#raw(value)
    else if (value instanceof MsgPackFloat) this.#float(value.value)
    else if (value instanceof MsgPackMap) {
      this.#head(value.entries.length, { fix: TYPE.fixMap, room: 0x10, wide: TYPE.map16 })
      for (const [key, item] of value.entries) {
        this.value(key)
        this.value(item)
      }
    } else {
      this.#head(value.length, { fix: TYPE.fixArray, room: 0x10, wide: TYPE.array16 })
      for (const item of value) this.value(item)
    }
  }

  #raw(bytes: Uint8Array): void {
    this.#head(bytes.length, { fix: TYPE.fixRaw, room: 0x20, wide: TYPE.raw16 })
    this.#bytes.set(bytes, this.#at)
    this.#at += bytes.length
  }

  /** The type of 32 bits follows the one of 16. */
  #head(length: number, { fix, room, wide }: { fix: number; room: number; wide: number }): void {
    if (length < room) return this.#byte(fix + length)
    const isLong = length >= 0x1_00_00
    this.#byte(isLong ? wide + 1 : wide)
    this.#unsigned(length, isLong ? 4 : 2)
  }

  #float(value: number): void {
    this.#byte(TYPE.float64)
    this.#view.setFloat64(this.#at, value)
    this.#at += 8
  }

  #integer(value: number | bigint): void {
    const size = sizeOfInteger(value)
    if (size === 1) return this.#byte(Number(value) & 0xff)
    const width = size - 1
    // 1, 2, 4, 8 bytes are types in a row.
    this.#byte((value < 0 ? TYPE.int8 : TYPE.uint8) + Math.log2(width))
    if (width === 8) {
      this.#view.setBigUint64(this.#at, BigInt.asUintN(64, BigInt(value)))
      this.#at += 8
    } else this.#unsigned(Number(value), width)
  }

  /** What is negative is written as its complement. */
  #unsigned(value: number, width: number): void {
    if (width === 1) this.#view.setUint8(this.#at, value)
    else if (width === 2) this.#view.setUint16(this.#at, value)
    else this.#view.setUint32(this.#at, value)
    this.#at += width
  }

  #byte(byte: number): void {
    this.#bytes[this.#at++] = byte
  }
}
