// Netstrings (drogulus B1): `<decimal length>:<payload>,`, framed and read out of a stream in whatever pieces it comes.
// Not here: what a payload is, and what happens to a connection that sent something else.

/** What the originals receive (drogulus B1). */
export const MAX_NETSTRING_BYTES = 99_999

export type NetstringErrorCode = 'no-length' | 'leading-zero' | 'too-long' | 'no-comma'

/** The only error that framing and reading throw. */
export class NetstringError extends Error {
  override readonly name = 'NetstringError'
  readonly code: NetstringErrorCode

  constructor(code: NetstringErrorCode, message: string) {
    super(message)
    this.code = code
  }
}

const DIGIT_0 = 0x30
const COLON = 0x3a
const COMMA = 0x2c

/** What a payload begins with in memory, whatever length was announced. */
const FIRST_ROOM = 4_096

/** What comes next. */
const AT_LENGTH = 0
const IN_PAYLOAD = 1
const AT_COMMA = 2

/** A payload as it is sent. Throws NetstringError 'too-long' beyond MAX_NETSTRING_BYTES. */
export function frameNetstring(payload: Uint8Array): Uint8Array {
  const { length } = payload
  if (length > MAX_NETSTRING_BYTES) throw tooLong(length)
  const digits = String(length)
  const frame = new Uint8Array(digits.length + length + 2)
  for (let i = 0; i < digits.length; i++) frame[i] = digits.charCodeAt(i)
  frame[digits.length] = COLON
  frame.set(payload, digits.length + 1)
  frame[frame.length - 1] = COMMA
  return frame
}

/**
 * The payloads of one stream. It holds one payload of at most MAX_NETSTRING_BYTES, and of that no more than twice what
 * has come. Each byte is looked at once and copied at most three times, however small the pieces are.
 */
export class NetstringReader {
  #expects = AT_LENGTH
  /** -1 before the first digit. */
  #length = -1
  #payload = new Uint8Array(0)
  /** Bytes of the payload that have come. */
  #filled = 0
  #error: NetstringError | null = null

  /** Whether a netstring has begun that is not whole yet; also when it never will be. */
  get isWithin(): boolean {
    return this.#expects !== AT_LENGTH || this.#length >= 0 || this.#error !== null
  }

  /**
   * The payloads that are whole now, as copies. Throws NetstringError at the first byte that cannot be right, and from
   * then on. Payloads that were whole before it are given first: then the next call throws.
   */
  take(bytes: Uint8Array): readonly Uint8Array[] {
    const whole: Uint8Array[] = []
    for (let at = 0; at < bytes.length && this.#error === null;) {
      if (this.#expects === IN_PAYLOAD) at = this.#fill(bytes, at)
      else if (this.#expects === AT_COMMA) this.#end(bytes[at++]!, whole)
      else this.#readLength(bytes[at++]!)
    }
    if (this.#error !== null && whole.length === 0) throw this.#error
    return whole
  }

  #readLength(byte: number): void {
    if (byte === COLON && this.#length >= 0) {
      this.#expects = this.#length > 0 ? IN_PAYLOAD : AT_COMMA
      this.#payload = new Uint8Array(Math.min(this.#length, FIRST_ROOM))
      this.#filled = 0
      return
    }
    const digit = byte - DIGIT_0
    if (digit < 0 || digit > 9) {
      const wanted = this.#length < 0 ? 'a digit' : 'a digit or a colon'
      this.#error = new NetstringError('no-length', `expected ${wanted}, got the byte ${byte}`)
    } else if (this.#length === 0) {
      this.#error = new NetstringError('leading-zero', 'a length must not have leading zeros')
    } else {
      this.#length = this.#length < 0 ? digit : 10 * this.#length + digit
      if (this.#length > MAX_NETSTRING_BYTES) this.#error = tooLong(this.#length)
    }
  }

  /** Returns how far the bytes have been used. */
  #fill(bytes: Uint8Array, at: number): number {
    const piece = bytes.subarray(at, at + this.#length - this.#filled)
    const filled = this.#filled + piece.length
    if (filled > this.#payload.length) {
      const larger = new Uint8Array(Math.min(this.#length, Math.max(filled, 2 * this.#payload.length)))
      larger.set(this.#payload.subarray(0, this.#filled))
      this.#payload = larger
    }
    this.#payload.set(piece, this.#filled)
    this.#filled = filled
    if (filled === this.#length) this.#expects = AT_COMMA
    return at + piece.length
  }

  #end(byte: number, whole: Uint8Array[]): void {
    if (byte !== COMMA) {
      this.#error = new NetstringError('no-comma', `expected a comma, got the byte ${byte}`)
      return
    }
    whole.push(this.#payload)
    this.#payload = new Uint8Array(0)
    this.#expects = AT_LENGTH
    this.#length = -1
  }
}

function tooLong(length: number): NetstringError {
  return new NetstringError('too-long', `a payload has at most ${MAX_NETSTRING_BYTES} bytes, got ${length}`)
}
