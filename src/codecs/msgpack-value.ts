// What msgpack values of the old specification are in this program (2013: no str8, no bin, no ext), and the one error.
// No reading or writing of bytes here (msgpack.ts). Whole numbers and floats are told apart, raw bytes stay bytes, and maps
// keep the order and whatever keys they came with, for what is signed is the packed form.

/** A number that is written as a float of 8 bytes, whole or not. */
export class MsgPackFloat {
  readonly value: number

  constructor(value: number) {
    this.value = value
  }
}

/** A map: pairs in the order in which they were read, or are to be written. */
export class MsgPackMap {
  readonly entries: readonly (readonly [MsgPackValue, MsgPackValue])[]

  constructor(entries: readonly (readonly [MsgPackValue, MsgPackValue])[]) {
    this.entries = entries
  }
}

/** A whole number is a number within ±2^53 and a bigint outside of it, −2^63 … 2^64 − 1. Raw bytes are a Uint8Array. */
export type MsgPackValue =
  | null
  | boolean
  | number
  | bigint
  | MsgPackFloat
  | Uint8Array
  | readonly MsgPackValue[]
  | MsgPackMap

/** What is wrong with bytes that are no msgpack of the old specification, or beyond the bounds. */
export type MsgPackErrorCode =
  | 'truncated'
  | 'unknown-type'
  | 'trailing-bytes'
  | 'too-deep'
  | 'too-many-values'
  | 'not-encodable'

/** The only error that packing and unpacking throw. */
export class MsgPackError extends Error {
  override readonly name = 'MsgPackError'
  readonly code: MsgPackErrorCode

  constructor(code: MsgPackErrorCode, message: string) {
    super(message)
    this.code = code
  }
}
