// The grammar of msgpack in its old specification (drogulus B2), once: a cursor that goes over the bytes value by value
// and builds nothing. Unpacking and the scan for known fields go by it.
// No recursion, no copies; each head is looked at once, and what a raw holds is not looked at.
import { MsgPackError } from './msgpack-value.ts'
import type { MsgPackErrorCode } from './msgpack-value.ts'

export const KIND = { nil: 0, boolean: 1, integer: 2, float: 3, raw: 4, array: 5, map: 6 } as const
export type Kind = (typeof KIND)[keyof typeof KIND]

/** The bytes that say what comes, but for those that hold a small value themselves. */
export const TYPE = {
  fixMap: 0x80,
  fixArray: 0x90,
  fixRaw: 0xa0,
  nil: 0xc0,
  false: 0xc2,
  true: 0xc3,
  float32: 0xca,
  float64: 0xcb,
  uint8: 0xcc,
  uint16: 0xcd,
  uint32: 0xce,
  uint64: 0xcf,
  int8: 0xd0,
  int16: 0xd1,
  int32: 0xd2,
  int64: 0xd3,
  raw16: 0xda,
  raw32: 0xdb,
  array16: 0xdc,
  array32: 0xdd,
  map16: 0xde,
  map32: 0xdf,
  /** From here on: -32 … -1. */
  negative: 0xe0,
} as const

interface Form {
  readonly kind: Kind
  /** Bytes behind the first: the number itself, or a length or count. */
  readonly width: number
}

/** What a first byte from 0xc0 to 0xdf announces; null: nothing in the old specification. */
const FORMS: readonly (Form | null)[] = Array.from({ length: 0x20 }, (_, i) => formOf(TYPE.nil + i))

function formOf(byte: number): Form | null {
  if (byte === TYPE.nil) return { kind: KIND.nil, width: 0 }
  if (byte === TYPE.false || byte === TYPE.true) return { kind: KIND.boolean, width: 0 }
  if (byte === TYPE.float32) return { kind: KIND.float, width: 4 }
  if (byte === TYPE.float64) return { kind: KIND.float, width: 8 }
  if (byte >= TYPE.uint8 && byte <= TYPE.int64) return { kind: KIND.integer, width: 1 << (byte & 3) }
  return byte < TYPE.raw16 ? null : longFormOf(byte)
}

/** Raws, arrays and maps that are too long for their first byte. */
function longFormOf(byte: number): Form {
  const width = byte % 2 === 0 ? 2 : 4
  if (byte <= TYPE.raw32) return { kind: KIND.raw, width }
  return { kind: byte <= TYPE.array32 ? KIND.array : KIND.map, width }
}

const NOTHING = new Uint8Array(0)

/** A cursor may be kept and opened again and again: reading is synchronous. */
export class MsgPackCursor {
  bytes: Uint8Array = NOTHING
  /** The next byte to be read. */
  at = 0
  /** The content of the raw that was read last: [start, end). */
  start = 0
  end = 0
  /** Items of the array, or pairs of the map, that was opened last. */
  count = 0
  /** Values that are still to come until the outermost one is whole. Never more than there are bytes left. */
  owed = 0
  private head = 0
  private view: DataView = new DataView(NOTHING.buffer)

  /** Puts the cursor before the one value that begins at `at`. */
  open(bytes: Uint8Array, at = 0): void {
    this.bytes = bytes
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.at = at
    this.owed = 1
  }

  /** Reads a scalar whole, or of an array or map its opening. Throws MsgPackError 'truncated' or 'unknown-type'. */
  next(): Kind {
    if (this.at >= this.bytes.length) this.fail('truncated', 'the value is cut short')
    this.head = this.at
    this.owed--
    const byte = this.bytes[this.at++]!
    if (byte < TYPE.fixMap || byte >= TYPE.negative) return KIND.integer
    if (byte < TYPE.fixArray) return this.container(KIND.map, byte & 0x0f)
    if (byte < TYPE.fixRaw) return this.container(KIND.array, byte & 0x0f)
    if (byte < TYPE.nil) return this.raw(byte & 0x1f)
    const form = FORMS[byte - TYPE.nil]!
    if (form === null) {
      this.at = this.head
      return this.fail('unknown-type', `no value begins with the byte ${byte}`)
    }
    const { kind, width } = form
    this.at += width
    if (this.at > this.bytes.length) this.fail('truncated', 'a number or a length is cut short')
    if (kind < KIND.raw) return kind
    const length = width === 2 ? this.view.getUint16(this.head + 1) : this.view.getUint32(this.head + 1)
    return kind === KIND.raw ? this.raw(length) : this.container(kind, length)
  }

  /** Reads one whole value and leaves the cursor behind it; says of which kind it is. */
  skip(): Kind {
    const rest = this.owed - 1
    const kind = this.next()
    while (this.owed > rest) this.next()
    return kind
  }

  /** To be called behind the outermost value. */
  finish(): void {
    if (this.at < this.bytes.length) this.fail('trailing-bytes', 'bytes follow the value')
  }

  /** The boolean that was read last. */
  boolean(): boolean {
    return this.bytes[this.head] === TYPE.true
  }

  /** The float that was read last; one of 4 bytes is the same number in 8. */
  float(): number {
    const at = this.head + 1
    return this.bytes[this.head] === TYPE.float32 ? this.view.getFloat32(at) : this.view.getFloat64(at)
  }

  /** The integer that was read last, in whichever form it was: a number within ±2^53, else a bigint. */
  integer(): number | bigint {
    const byte = this.bytes[this.head]!
    const at = this.head + 1
    switch (byte) {
      case TYPE.uint8:
        return this.view.getUint8(at)
      case TYPE.uint16:
        return this.view.getUint16(at)
      case TYPE.uint32:
        return this.view.getUint32(at)
      case TYPE.uint64:
        return narrow(this.view.getBigUint64(at))
      case TYPE.int8:
        return this.view.getInt8(at)
      case TYPE.int16:
        return this.view.getInt16(at)
      case TYPE.int32:
        return this.view.getInt32(at)
      case TYPE.int64:
        return narrow(this.view.getBigInt64(at))
      default:
        return byte < TYPE.fixMap ? byte : byte - 0x100
    }
  }

  fail(code: MsgPackErrorCode, what: string): never {
    throw new MsgPackError(code, `${what}, at byte ${this.at} of ${this.bytes.length}`)
  }

  private raw(length: number): Kind {
    this.start = this.at
    this.end = this.at + length
    if (this.end > this.bytes.length) this.fail('truncated', 'a raw is longer than what is left')
    this.at = this.end
    return KIND.raw
  }

  /** Each value has at least one byte: so a count that cannot be true is refused before anything is made of it. */
  private container(kind: Kind, count: number): Kind {
    this.count = count
    this.owed += kind === KIND.map ? 2 * count : count
    if (this.owed > this.bytes.length - this.at) {
      this.fail('truncated', 'an array or map has more values than bytes are left')
    }
    return kind
  }
}

function narrow(value: bigint): number | bigint {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}
