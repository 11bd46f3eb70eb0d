// The grammar of bencode, once: a cursor that goes over the bytes token by token, keeps to the bounds of a profile
// and builds nothing. The decoder, the field scanner and the check of stored values all go by it.
// No recursion, no copies; each byte is looked at once.
import { endOfDate, isUtf8, readLooseInteger, readLooseKeyLength } from './bencode-loose.ts'
import { BencodeError } from './bencode-value.ts'
import type { BencodeErrorCode, BencodeProfile } from './bencode-value.ts'

/**
 * `opaque` is none that a cursor reads: it marks a value that was passed over unread. `date` is read only of profiles
 * with `looseForms`.
 */
export const TOKEN = {
  end: 0,
  string: 1,
  integer: 2,
  list: 3,
  dictionary: 4,
  key: 5,
  opaque: 6,
  date: 7,
} as const
export type Token = (typeof TOKEN)[keyof typeof TOKEN]

const DIGIT_0 = 0x30
const DIGIT_9 = 0x39
const MINUS = 0x2d
const COLON = 0x3a
const DICTIONARY = 0x64
const END = 0x65
const INTEGER = 0x69
const LIST = 0x6c
const DATE = 0x74
const TEXT = 0x75

/** What a container expects next. */
const IN_LIST = 0
const AT_KEY = 1
const AT_VALUE = 2

/** The deepest that a profile may allow. */
const DEPTH_BOUND = 64

const NOTHING = new Uint8Array(0)

/** A cursor may be kept and opened again and again: decoding is synchronous. */
export class BencodeCursor {
  bytes: Uint8Array = NOTHING
  /** The next byte to be read. */
  at = 0
  /** The content of the string or date, or the digits (with sign) of the integer read last: [start, end). */
  start = 0
  end = 0
  /** Containers that are open. */
  depth = 0
  /** Tokens that may still be read. */
  tokensLeft = 0
  private readonly profile: BencodeProfile
  private readonly expects = new Uint8Array(DEPTH_BOUND + 1)
  /** The last key of each open dictionary, for profiles that want them ascending; -1 before the first. */
  private readonly keyStart = new Int32Array(DEPTH_BOUND + 1)
  private readonly keyEnd = new Int32Array(DEPTH_BOUND + 1)

  constructor(profile: BencodeProfile) {
    if (profile.maxDepth > DEPTH_BOUND) {
      throw new RangeError(`maxDepth must be at most ${DEPTH_BOUND}, got ${profile.maxDepth}`)
    }
    this.profile = profile
  }

  /** Puts the cursor before the value that begins at `at`. */
  open(bytes: Uint8Array, at = 0): void {
    this.bytes = bytes
    this.at = at
    this.depth = 0
    this.tokensLeft = this.profile.maxTokens
    this.expects[0] = IN_LIST
  }

  /** Reads one token. After `end` the container that it closed is a value read. Throws BencodeError. */
  next(): Token {
    if (this.at >= this.bytes.length) this.fail('truncated', 'the value is cut short')
    if (--this.tokensLeft < 0) this.fail('too-many-tokens', `more than ${this.profile.maxTokens} tokens`)
    const byte = this.bytes[this.at]!
    const depth = this.depth
    const expects = this.expects[depth]!
    if (byte >= DIGIT_0 && byte <= DIGIT_9) {
      this.string()
      if (expects !== AT_KEY) {
        if (expects === AT_VALUE) this.expects[depth] = AT_KEY
        return TOKEN.string
      }
      return this.key()
    }
    return this.otherToken(byte, expects)
  }

  /** Reads one whole value and leaves the cursor behind it; says with which token it began. */
  skip(): Token {
    const first = this.next()
    if (first === TOKEN.list || first === TOKEN.dictionary) this.leave()
    return first
  }

  /** Leaves the value that comes next unread, of which the caller knows that it ends at `end`. */
  jump(end: number): void {
    if (this.expects[this.depth] === AT_VALUE) this.expects[this.depth] = AT_KEY
    this.at = end
  }

  /** Goes behind the end of the container that is open. */
  leave(): void {
    const outside = this.depth - 1
    while (this.depth > outside) this.next()
  }

  /** To be called behind the outermost value. */
  finish(): void {
    if (!this.profile.trailingBytes && this.at < this.bytes.length) {
      this.fail('trailing-bytes', 'bytes follow the value')
    }
  }

  fail(code: BencodeErrorCode, what: string): never {
    throw new BencodeError(code, `${what}, at byte ${this.at} of ${this.bytes.length}`)
  }

  /** The string that was read is a key. */
  private key(): Token {
    if (this.profile.ascendingKeys) this.checkOrder()
    this.expects[this.depth] = AT_VALUE
    return TOKEN.key
  }

  private otherToken(byte: number, expects: number): Token {
    const depth = this.depth
    if (byte === END && depth > 0 && expects !== AT_VALUE) {
      this.at++
      this.depth = depth - 1
      return TOKEN.end
    }
    if (expects === AT_KEY) {
      this.looseKey('key-not-a-string', 'a dictionary key must be a byte string')
      return this.key()
    }
    const token = this.value(byte)
    if (expects === AT_VALUE) this.expects[depth] = AT_KEY
    return token
  }

  /** What is no plain string; whatever comes next is expected as before. */
  private value(byte: number): Token {
    if (byte === INTEGER) {
      this.integer()
      return TOKEN.integer
    }
    if (byte !== LIST && byte !== DICTIONARY) return this.looseToken(byte)
    const depth = this.depth
    if (depth >= this.profile.maxDepth) {
      this.fail('too-deep', `more than ${this.profile.maxDepth} containers inside each other`)
    }
    this.at++
    this.depth = depth + 1
    this.expects[depth + 1] = byte === LIST ? IN_LIST : AT_KEY
    this.keyStart[depth + 1] = -1
    return byte === LIST ? TOKEN.list : TOKEN.dictionary
  }

  private string(): void {
    const bytes = this.bytes
    const size = bytes.length
    const first = this.at
    let length = bytes[first]! - DIGIT_0
    let at = first + 1
    // A length past the end is refused at its first digit too many, so it never grows large.
    for (; at < size && length <= size; at++) {
      const digit = bytes[at]! - DIGIT_0
      if (digit < 0 || digit > 9) break
      length = 10 * length + digit
    }
    const end = at + 1 + length
    if (end > size || bytes[at] !== COLON) return this.looseString(at, length)
    if (at - first > 1) this.checkDigits(first, at)
    this.start = at + 1
    this.end = end
    this.at = end
  }

  /** A string whose length, up to `at`, is not followed by a colon and so many bytes. */
  private looseString(at: number, length: number): void {
    const size = this.bytes.length
    if (length > size) this.fail('bad-length', 'a string is longer than the input')
    if (at >= size) this.fail('truncated', 'a length is cut short')
    if (this.bytes[at] === COLON) this.fail('bad-length', 'a string is longer than the input')
    const why = 'a length must be followed by a colon'
    if (this.expects[this.depth] !== AT_KEY) this.fail('bad-length', why)
    this.looseKey('bad-length', why)
  }

  /** A key whose length only a loose profile takes. */
  private looseKey(code: BencodeErrorCode, why: string): void {
    const length = this.profile.looseForms ? readLooseKeyLength(this.bytes, this.at) : null
    if (length === null) return this.fail(code, why)
    this.checkDigits(length.start, length.end)
    const start = length.behind
    const end = start + Number(latin1(this.bytes, length.start, length.end))
    if (end > this.bytes.length) this.fail('bad-length', 'a string is longer than the input')
    this.start = start
    this.end = end
    this.at = end
  }

  /** Text is a string like any other, but must be UTF-8. */
  private looseToken(byte: number): Token {
    const kind = this.profile.looseForms ? byte : 0
    if (kind === TEXT) {
      this.at++
      const next = this.bytes[this.at] ?? 0
      if (next < DIGIT_0 || next > DIGIT_9) this.fail('unexpected-byte', 'a u must be followed by a string')
      this.string()
      if (!isUtf8(this.bytes.subarray(this.start, this.end))) this.fail('bad-text', 'text must be UTF-8')
      return TOKEN.string
    }
    if (kind !== DATE) this.fail('unexpected-byte', 'no value begins with this byte')
    const start = this.at + 1
    const end = endOfDate(this.bytes, start)
    if (end < 0) this.fail('bad-date', 'a date must be YYYY-MM-DDThh:mm:ss, and be one')
    this.start = start
    this.end = end
    this.at = end + 1
    return TOKEN.date
  }

  private integer(): void {
    const bytes = this.bytes
    const size = bytes.length
    let at = this.at + 1
    if (at < size && bytes[at] === MINUS) at++
    const first = at
    const bound = Math.min(size, first + this.profile.maxDigits + 1)
    while (at < bound && bytes[at]! >= DIGIT_0 && bytes[at]! <= DIGIT_9) at++
    if (at >= size) this.fail('truncated', 'an integer is cut short')
    if (at === first) return this.looseInteger('an integer must have digits')
    this.checkDigits(first, at)
    if (bytes[at] !== END) return this.looseInteger('an integer must consist of digits')
    this.start = this.at + 1
    this.end = at
    this.at = at + 1
    if (first > this.start) this.checkNegative(first)
  }

  /** An integer that only a loose profile takes. */
  private looseInteger(why: string): void {
    const integer = this.profile.looseForms ? readLooseInteger(this.bytes, this.at + 1) : null
    if (integer === null) return this.fail('bad-integer', why)
    const first = this.bytes[integer.start] === MINUS ? integer.start + 1 : integer.start
    this.checkDigits(first, integer.end)
    if (first > integer.start) this.checkNegative(first)
    this.start = integer.start
    this.end = integer.end
    this.at = integer.behind
  }

  private checkNegative(first: number): void {
    const isZero = this.bytes[first] === DIGIT_0
    if (isZero && this.profile.canonicalNumbers) this.fail('bad-integer', 'an integer must not be -0')
  }

  private checkDigits(first: number, end: number): void {
    if (end - first > this.profile.maxDigits) {
      this.fail('bad-integer', `more than ${this.profile.maxDigits} digits`)
    }
    if (this.profile.canonicalNumbers && end - first > 1 && this.bytes[first] === DIGIT_0) {
      this.fail('bad-integer', 'a number must not have leading zeros')
    }
  }

  private checkOrder(): void {
    const depth = this.depth
    const before = this.keyStart[depth]!
    if (before >= 0 && compareRanges(this.bytes, before, this.keyEnd[depth]!, this.start, this.end) >= 0) {
      this.fail('keys-not-ascending', 'keys must be in strictly ascending order')
    }
    this.keyStart[depth] = this.start
    this.keyEnd[depth] = this.end
  }
}

function compareRanges(bytes: Uint8Array, a: number, aEnd: number, b: number, bEnd: number): number {
  while (a < aEnd && b < bEnd) {
    const difference = bytes[a++]! - bytes[b++]!
    if (difference !== 0) return difference
  }
  return aEnd - a - (bEnd - b)
}

/** Digits of a safe integer, whatever they are. */
const SAFE_DIGITS = 15

/** The value of the integer whose digits (with sign) are at [start, end), as checked by a cursor. */
export function integerAt(bytes: Uint8Array, start: number, end: number): number | bigint {
  const negative = bytes[start] === MINUS
  const first = negative ? start + 1 : start
  if (end - first <= SAFE_DIGITS) {
    let value = 0
    for (let i = first; i < end; i++) value = 10 * value + bytes[i]! - DIGIT_0
    // Not -value for zero: -0 is none of our integers.
    return negative && value !== 0 ? -value : value
  }
  const magnitude = BigInt(latin1(bytes, first, end))
  const value = negative ? -magnitude : magnitude
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

/** Bytes as text of one character each: a key of a dictionary. (A TextDecoder's "latin1" is windows-1252.) */
export function latin1(bytes: Uint8Array, start: number, end: number): string {
  let text = ''
  for (let i = start; i < end; i++) text += String.fromCharCode(bytes[i]!)
  return text
}
