// Finds a few known fields of a bencoded dictionary in one pass, without building anything: for messages, whose
// fields are known beforehand. Same grammar and bounds as the decoder, by the same cursor.
import { TOKEN } from './bencode-cursor.ts'
import type { BencodeCursor, Token } from './bencode-cursor.ts'

const ABSENT = -1

/**
 * The fields of one dictionary that somebody wants to know of, and after a scan where they are. Fields are named by
 * their index in `keys`. Of duplicate keys the first counts.
 */
export class BencodeFields {
  /** Token with which the value of each field begins; meaningless when the field is absent. */
  readonly tokens: Uint8Array
  /** The whole value of each field as received: [starts, ends). starts is -1 when the field is absent. */
  readonly starts: Int32Array
  readonly ends: Int32Array
  /** Where the content of a string, or the digits of an integer begin. */
  readonly contents: Int32Array
  readonly #keys: Uint8Array[] = []
  /** Length and first byte of each key, to tell most keys apart at once. */
  readonly #signatures: Int32Array
  readonly #nested: (BencodeFields | null)[]

  /** `keys`: ASCII, not empty. `nested`: for fields that are dictionaries to be scanned too. */
  constructor(keys: readonly string[], nested: Readonly<Record<string, BencodeFields>> = {}) {
    this.tokens = new Uint8Array(keys.length)
    this.starts = new Int32Array(keys.length).fill(ABSENT)
    this.ends = new Int32Array(keys.length)
    this.contents = new Int32Array(keys.length)
    this.#signatures = new Int32Array(keys.length)
    this.#nested = keys.map((key) => nested[key] ?? null)
    for (const [index, key] of keys.entries()) {
      const bytes = Uint8Array.from(key, (character) => character.charCodeAt(0))
      this.#keys.push(bytes)
      this.#signatures[index] = (bytes.length << 8) | bytes[0]!
    }
  }

  /** Scans the dictionary that the cursor has just entered, to behind its end. Throws BencodeError. */
  scan(cursor: BencodeCursor): void {
    this.starts.fill(ABSENT)
    while (cursor.next() !== TOKEN.end) {
      const index = this.#indexOf(cursor)
      if (index < 0 || this.starts[index] !== ABSENT) cursor.skip()
      else this.#take(index, cursor)
    }
  }

  has(index: number): boolean {
    return this.starts[index] !== ABSENT
  }

  /** Whether the field is there and its value is of this kind. */
  is(index: number, token: Token): boolean {
    return this.starts[index] !== ABSENT && this.tokens[index] === token
  }

  /** The bytes of a string field; -1 when it is absent or no string. */
  lengthOf(index: number): number {
    return this.is(index, TOKEN.string) ? this.ends[index]! - this.contents[index]! : -1
  }

  #take(index: number, cursor: BencodeCursor): void {
    this.starts[index] = cursor.at
    const nested = this.#nested[index]!
    let token: Token
    if (nested === null) {
      token = cursor.skip()
      this.contents[index] = cursor.start
    } else {
      token = cursor.next()
      if (token === TOKEN.dictionary) nested.scan(cursor)
      else if (token === TOKEN.list) cursor.leave()
    }
    this.tokens[index] = token
    this.ends[index] = cursor.at
  }

  #indexOf(cursor: BencodeCursor): number {
    const { bytes, start, end } = cursor
    if (start === end) return ABSENT
    const signature = ((end - start) << 8) | bytes[start]!
    const signatures = this.#signatures
    for (let index = 0; index < signatures.length; index++) {
      if (signatures[index] === signature && matches(this.#keys[index]!, bytes, start)) return index
    }
    return ABSENT
  }
}

function matches(key: Uint8Array, bytes: Uint8Array, start: number): boolean {
  for (let i = 1; i < key.length; i++) if (key[i] !== bytes[start + i]) return false
  return true
}
