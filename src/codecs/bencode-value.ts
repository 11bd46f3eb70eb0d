// What bencoded values (BEP 3) are in this program, the profiles that decoders keep to, and the one error.
// No reading or writing of bytes here.

/**
 * A decoded value. Byte strings are views of the input, not copies. An integer is a number within ±2^53 and a
 * bigint outside of it (K-14).
 */
export type BencodeValue = number | bigint | Uint8Array | BencodeValue[] | BencodeDictionary

/**
 * What can be encoded. Text is written as UTF-8. Keys of a plain object or Map that are text are written as
 * UTF-8 too; those of a BencodeDictionary are bytes already (latin1).
 */
export type BencodeInput =
  | number
  | bigint
  | string
  | Uint8Array
  | readonly BencodeInput[]
  | BencodeDictionary
  | ReadonlyMap<string | Uint8Array, BencodeInput>
  | { readonly [key: string]: BencodeInput }

/** What a decoder insists on, and its bounds. */
export interface BencodeProfile {
  /** Dictionaries and lists inside each other; at most 64. */
  readonly maxDepth: number
  /** Strings (keys too), integers, openings and ends, counted together. */
  readonly maxTokens: number
  /** Digits of one integer or one length prefix. Bounds the cost of a bigint. */
  readonly maxDigits: number
  /** Refuses leading zeros and -0. */
  readonly canonicalNumbers: boolean
  /** Refuses dictionaries whose keys do not strictly ascend as bytes, and so duplicate keys. */
  readonly ascendingKeys: boolean
  /** Whether bytes may follow the value. */
  readonly trailingBytes: boolean
  /** Takes also what only Khashmir takes: see bencode-loose.ts. */
  readonly looseForms: boolean
}

/**
 * A KRPC message. Bounds as in libtorrent (k/dht_tracker.cpp: 10 and 500, K-12). Keys in any order and bytes after
 * the end are tolerated (K-13), and leading zeros, as libtorrent does. Of duplicate keys the first counts, as in
 * libtorrent's `dict_find`: then nobody who reads both libtorrent's way and ours sees two messages in one packet.
 */
export const ENVELOPE: BencodeProfile = {
  maxDepth: 10,
  maxTokens: 500,
  maxDigits: 20,
  canonicalNumbers: false,
  ascendingKeys: false,
  trailingBytes: true,
  looseForms: false,
}

/**
 * A value to be stored (BEP 44 `v`): only its one canonical form, so that all nodes hash and sign the same bytes
 * (K-13, threat T19). A value has at most 1000 bytes (BEP 44), so 1000 tokens and digits are all that it can have.
 */
export const STORED_VALUE: BencodeProfile = {
  maxDepth: 32,
  maxTokens: 1000,
  maxDigits: 1000,
  canonicalNumbers: true,
  ascendingKeys: true,
  trailingBytes: false,
  looseForms: false,
}

/**
 * A message of Khashmir (khashmir A1): keys in order, nothing behind it, no leading zeros, and the loose forms that its
 * reader takes. It has no bounds but the datagram; ours are such that no message is lost: a response has at most 1472
 * bytes (A4), so at most as many tokens; requests have a few; the longest integer is a target, of 49 digits (A3).
 */
export const KHASHMIR: BencodeProfile = {
  maxDepth: 64,
  maxTokens: 1472,
  maxDigits: 1000,
  canonicalNumbers: true,
  ascendingKeys: true,
  trailingBytes: false,
  looseForms: true,
}

/** What is wrong with bytes that are no bencode of the profile, or with a value that cannot be encoded. */
export type BencodeErrorCode =
  | 'truncated'
  | 'unexpected-byte'
  | 'bad-integer'
  | 'bad-length'
  | 'bad-text'
  | 'bad-date'
  | 'key-not-a-string'
  | 'keys-not-ascending'
  | 'trailing-bytes'
  | 'too-deep'
  | 'too-many-tokens'
  | 'not-encodable'

/** The only error that decoding and encoding throw. */
export class BencodeError extends Error {
  override readonly name = 'BencodeError'
  readonly code: BencodeErrorCode

  constructor(code: BencodeErrorCode, message: string) {
    super(message)
    this.code = code
  }
}

interface Entry {
  readonly value: BencodeValue
  readonly start: number
  readonly end: number
}

/**
 * A decoded dictionary. Keys are text of one character a byte (latin1), in the order of the input; no key is
 * special (`__proto__` is a key like any other). It knows the exact received bytes of each value.
 */
export class BencodeDictionary {
  readonly #entries = new Map<string, Entry>()
  readonly #source: Uint8Array

  /** `source`: what the ranges given to `add` refer to. */
  constructor(source: Uint8Array) {
    this.#source = source
  }

  get size(): number {
    return this.#entries.size
  }

  has(key: string): boolean {
    return this.#entries.has(key)
  }

  get(key: string): BencodeValue | undefined {
    return this.#entries.get(key)?.value
  }

  /** The value of `key` as it was received, undecoded: what BEP 44 hashes and signs. A view. */
  rawOf(key: string): Uint8Array | undefined {
    const entry = this.#entries.get(key)
    return entry && this.#source.subarray(entry.start, entry.end)
  }

  keys(): IterableIterator<string> {
    return this.#entries.keys()
  }

  *[Symbol.iterator](): IterableIterator<[string, BencodeValue]> {
    for (const [key, entry] of this.#entries) yield [key, entry.value]
  }

  /** For the decoder: the value at [start, end) of the source. A key that is there already stays (first counts). */
  add(key: string, value: BencodeValue, start: number, end: number): void {
    if (!this.#entries.has(key)) this.#entries.set(key, { value, start, end })
  }
}
