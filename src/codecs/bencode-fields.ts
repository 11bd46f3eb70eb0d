// Finds a few known fields of a bencoded dictionary in one pass, without building anything: for messages, whose
// fields are known beforehand. Same grammar and bounds as the decoder, by the same cursor.
import { TOKEN } from './bencode-cursor.ts'
import type { BencodeCursor, Token } from './bencode-cursor.ts'
import { extentOf } from './bencode-extent.ts'

const ABSENT = -1

/**
 * A field whose value is not read, only found: of any spelling and depth (bencode-extent.ts), and no part of what the
 * profile counts. Its token is `opaque`, whatever it is. Loose forms in it are not known.
 */
export const OPAQUE = 'opaque'

/** Places in the table that keys are looked up by; a power of two, several times the keys. */
const HASH_PLACES = 64

/** What is noted of each field, side by side. */
const NOTES = 6
const START = 0
const END = 1
const CONTENT = 2
const TYPE = 3
/** In which scan this was noted; what is of an earlier one does not count, so nothing need be wiped between scans. */
const SCAN = 4
const CONTENT_END = 5

/** How far scans are counted in 32 bits; then the notes are wiped and the count begins anew. */
const MAX_SCANS = 0x7fff_ffff

/**
 * The fields of one dictionary that somebody wants to know of, and after a scan where they are. Fields are named by
 * their index in the list of keys. Of duplicate keys the first counts.
 */
export class BencodeFields {
  private readonly keys: readonly Uint8Array[]
  private readonly nested: readonly (BencodeFields | typeof OPAQUE | null)[]
  private readonly notes: Int32Array
  private scans = 1
  /** Keys of the dictionary scanned last that are none of these fields, or came a second time. */
  others = 0
  /** From hash of a key to the index of the one field that it can be. */
  private readonly places: Int8Array
  private readonly factor: number

  /**
   * `keys`: ASCII, not empty, at most 16. `nested`: of which fields that are dictionaries the fields are wanted, and
   * which fields are left unread.
   */
  constructor(keys: readonly string[], nested: Readonly<Record<string, BencodeFields | typeof OPAQUE>> = {}) {
    this.keys = keys.map((key) => Uint8Array.from(key, (character) => character.charCodeAt(0)))
    this.nested = keys.map((key) => nested[key] ?? null)
    this.notes = new Int32Array(NOTES * keys.length)
    const { factor, places } = perfectHash(this.keys)
    this.factor = factor
    this.places = places
  }

  /** Scans the dictionary that the cursor has just entered, to behind its end. Throws BencodeError. */
  scan(cursor: BencodeCursor): void {
    if (this.scans === MAX_SCANS) {
      this.notes.fill(0)
      this.scans = 0
    }
    this.scans++
    this.others = 0
    while (cursor.next() !== TOKEN.end) {
      const index = this.indexOf(cursor.bytes, cursor.start, cursor.end)
      if (index >= 0 && !this.has(index)) this.take(index, cursor)
      else {
        this.others++
        cursor.skip()
      }
    }
  }

  has(index: number): boolean {
    return this.notes[NOTES * index + SCAN] === this.scans
  }

  /** Whether the field is there and its value is of this kind. */
  is(index: number, token: Token): boolean {
    return this.has(index) && this.notes[NOTES * index + TYPE] === token
  }

  /** The token with which the value of a field begins; only of one that is there. */
  tokenOf(index: number): Token {
    return this.notes[NOTES * index + TYPE] as Token
  }

  /** The value of a field as received is [startOf, endOf); only of one that is there. */
  startOf(index: number): number {
    return this.notes[NOTES * index + START]!
  }

  endOf(index: number): number {
    return this.notes[NOTES * index + END]!
  }

  /** Where the content of a string, or the digits of an integer begin. */
  contentOf(index: number): number {
    return this.notes[NOTES * index + CONTENT]!
  }

  /** Where they end. Of an integer in a loose form that is not just before its `e`. */
  contentEndOf(index: number): number {
    return this.notes[NOTES * index + CONTENT_END]!
  }

  /** The bytes of a string field; -1 when it is absent or no string. */
  lengthOf(index: number): number {
    return this.is(index, TOKEN.string) ? this.endOf(index) - this.contentOf(index) : -1
  }

  private take(index: number, cursor: BencodeCursor): void {
    const start = cursor.at
    const nested = this.nested[index]!
    let token: Token
    if (nested === null) token = cursor.skip()
    else if (nested === OPAQUE) token = passOver(cursor)
    else {
      token = cursor.next()
      if (token === TOKEN.dictionary) nested.scan(cursor)
      else if (token === TOKEN.list) cursor.leave()
    }
    const note = NOTES * index
    const notes = this.notes
    notes[note + START] = start
    notes[note + END] = cursor.at
    notes[note + CONTENT] = cursor.start
    notes[note + CONTENT_END] = cursor.end
    notes[note + TYPE] = token
    notes[note + SCAN] = this.scans
  }

  private indexOf(bytes: Uint8Array, start: number, end: number): number {
    if (start === end) return ABSENT
    const spread = this.factor * (end - start + bytes[end - 1]!)
    const index = this.places[(bytes[start]! + spread) & (HASH_PLACES - 1)]!
    if (index < 0) return ABSENT
    const key = this.keys[index]!
    if (key.length !== end - start) return ABSENT
    for (let i = 0; i < key.length; i++) if (key[i] !== bytes[start + i]) return ABSENT
    return index
  }
}

function passOver(cursor: BencodeCursor): Token {
  const end = extentOf(cursor.bytes, cursor.at)
  if (end < 0) cursor.fail('truncated', 'a value has no end')
  cursor.jump(end)
  return TOKEN.opaque
}

/** A factor under which first byte + factor · (length + last byte) differs for all keys, and the places that follow. */
function perfectHash(keys: readonly Uint8Array[]): { factor: number; places: Int8Array } {
  for (let factor = 1; factor < HASH_PLACES; factor++) {
    const places = new Int8Array(HASH_PLACES).fill(ABSENT)
    const isTaken = keys.some((key, index) => {
      const place = (key[0]! + factor * (key.length + key.at(-1)!)) & (HASH_PLACES - 1)
      const taken = places[place] !== ABSENT
      places[place] = index
      return taken
    })
    if (!isTaken) return { factor, places }
  }
  throw new RangeError(
    'two keys have the same first letter, and last letter and length that add up to the same',
  )
}
