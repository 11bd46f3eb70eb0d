// The fields of drogulus' messages, and where the last scan found them. Nothing is built; what is unknown is passed over.
// What a field means, and what is done where it is wrong, is in decode.ts and its neighbours.
import { latin1 } from '../../../codecs/bencode-cursor.ts'
import { KIND, MsgPackCursor } from '../../../codecs/msgpack-cursor.ts'
import type { Kind } from '../../../codecs/msgpack-cursor.ts'

/** The fields that there are (drogulus B2), and our `reply_port` (B0). */
export const FIELDS = [
  'uuid',
  'node',
  'key',
  'value',
  'timestamp',
  'expires',
  'created_with',
  'public_key',
  'name',
  'meta',
  'sig',
  'nodes',
  'code',
  'title',
  'details',
  'version',
  'reply_port',
  'message',
] as const
export type Field = (typeof FIELDS)[number]

const INDEX: ReadonlyMap<string, number> = new Map(FIELDS.map((field, i) => [field, i]))

const LONGEST = Math.max(...FIELDS.map((field) => field.length))

const KIND_NAMES = Object.keys(KIND)

const ABSENT = -1

const NOTHING = new Uint8Array(0)

class MessageFields {
  #bytes: Uint8Array = NOTHING
  readonly #cursor = new MsgPackCursor()
  readonly #kinds = new Int8Array(FIELDS.length)
  /** Where the packed value is: [start, end). */
  readonly #starts = new Int32Array(FIELDS.length)
  readonly #ends = new Int32Array(FIELDS.length)

  /**
   * Whether the bytes begin as a map. Of a field that comes twice the last counts, as in the dict of the originals.
   * Throws MsgPackError; what was whole before it is noted.
   */
  scan(bytes: Uint8Array): boolean {
    this.#bytes = bytes
    this.#kinds.fill(ABSENT)
    const cursor = this.#cursor
    cursor.open(bytes)
    if (cursor.next() !== KIND.map) return false
    for (let left = cursor.count; left > 0; left--) this.#pair()
    cursor.finish()
    return true
  }

  has(field: Field): boolean {
    return this.#kinds[INDEX.get(field)!] !== ABSENT
  }

  is(field: Field, kind: Kind): boolean {
    return this.#kinds[INDEX.get(field)!] === kind
  }

  /** For messages: what is there instead of what is wanted. */
  found(field: Field): string {
    const kind = this.#kinds[INDEX.get(field)!]!
    return kind === ABSENT ? 'nothing' : KIND_NAMES[kind]!
  }

  /** The value as it was packed, a view. */
  packedOf(field: Field): Uint8Array {
    const index = INDEX.get(field)!
    return this.#bytes.subarray(this.#starts[index], this.#ends[index])
  }

  /** What a raw holds, a view; null where it is none. */
  rawOf(field: Field): Uint8Array | null {
    const cursor = this.#at(field, KIND.raw)
    return cursor === null ? null : this.#bytes.subarray(cursor.start, cursor.end)
  }

  integerOf(field: Field): number | bigint | null {
    return this.#at(field, KIND.integer)?.integer() ?? null
  }

  floatOf(field: Field): number | null {
    return this.#at(field, KIND.float)?.float() ?? null
  }

  #at(field: Field, kind: Kind): MsgPackCursor | null {
    if (!this.is(field, kind)) return null
    this.#cursor.open(this.#bytes, this.#starts[INDEX.get(field)!])
    this.#cursor.next()
    return this.#cursor
  }

  #pair(): void {
    const cursor = this.#cursor
    const isName = cursor.skip() === KIND.raw && cursor.end - cursor.start <= LONGEST
    const index = isName ? INDEX.get(latin1(this.#bytes, cursor.start, cursor.end)) : undefined
    const start = cursor.at
    const kind = cursor.skip()
    if (index === undefined) return
    this.#kinds[index] = kind
    this.#starts[index] = start
    this.#ends[index] = cursor.at
  }
}

/** Of the message that is being read: decoding is synchronous. */
export const fields = new MessageFields()
