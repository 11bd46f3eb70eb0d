// What people put and get, as the bytes that an item carries (BEP 44 `v`): the mapping of docs/values.md. Bencode has
// byte strings, integers, lists and dictionaries; what else JSON has travels as JSON text in a dictionary of the one key
// `json`. Not here: what may be encoded (value-input.ts), and what an item stands under and who signed it (item.ts).
import {
  BencodeDictionary,
  BencodeError,
  decodeBencode,
  encodeBencode,
  STORED_VALUE,
  type BencodeInput,
  type BencodeValue,
} from '../../../codecs/bencode.ts'
import { XorbitError } from '../../../node/errors.ts'
import { MAX_ITEM_BYTES } from '../wire/bounds.ts'
import { readValue, type ValueLike } from './value-input.ts'

export type { ValueLike } from './value-input.ts'

/**
 * A value as it is got. Text is what was valid UTF-8; an integer is a number within ±2^53 and a bigint outside of it; a
 * dictionary of which a key is no text is a Map. true, false, null and fractions are only in what was put as JSON.
 */
export type Value =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | Value[]
  | Map<Uint8Array, Value>
  | { [key: string]: Value }

const JSON_KEY = 'json'

/** A byte order mark is part of the text: it would not round-trip otherwise. */
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * The canonical bencode of a value, at most 1000 bytes. Throws XorbitError: 'too-large', and 'bad-argument' with the path
 * to what cannot be encoded, such as undefined, NaN, a function, an object with a class, or a value inside itself.
 */
export function encodeValue(value: ValueLike): Uint8Array {
  const { input, asJson } = readValue(value)
  const encoded = bounded(asJson ? encodedJson(JSON.stringify(value)) : encodedInput(input))
  if (asJson) return encoded
  // A dictionary that looks as if it held JSON would come back as what the JSON says.
  const text = jsonTextOf(decoded(encoded))
  return text === null ? encoded : bounded(encodedJson(JSON.stringify({ [JSON_KEY]: text })))
}

/** The value of canonical bencode. Bytes in it are copies. Throws XorbitError 'bad-argument' for other bytes. */
export function decodeValue(encoded: Uint8Array): Value {
  const value = decoded(encoded)
  const text = jsonTextOf(value)
  if (text === null) return valueOf(value)
  try {
    return JSON.parse(text, finite) as Value
  } catch {
    // Somebody else's dictionary, in which `json` means something else.
    return valueOf(value)
  }
}

/** The text of an encoded byte string; null when it is something else, or no valid UTF-8. Throws as decodeValue does. */
export function textOf(encoded: Uint8Array): string | null {
  const bytes = bytesOf(encoded)
  return bytes === null ? null : utf8(bytes)
}

/** The content of an encoded byte string, copied; null when it is something else. Throws as decodeValue does. */
export function bytesOf(encoded: Uint8Array): Uint8Array | null {
  const value = decoded(encoded)
  return value instanceof Uint8Array ? new Uint8Array(value) : null
}

function encodedJson(text: string): Uint8Array {
  return encodeBencode({ [JSON_KEY]: text })
}

function encodedInput(input: BencodeInput): Uint8Array {
  try {
    return encodeBencode(input)
  } catch (error) {
    // Two keys of a Map that are the same bytes.
    if (!(error instanceof BencodeError)) throw error
    throw new XorbitError('bad-argument', `value: ${error.message}`, { argument: 'value' })
  }
}

function bounded(encoded: Uint8Array): Uint8Array {
  const { length } = encoded
  if (length <= MAX_ITEM_BYTES) return encoded
  throw new XorbitError('too-large', `value: ${length} bytes encoded, at most ${MAX_ITEM_BYTES}`, {
    argument: 'value',
    bytes: length,
  })
}

function decoded(encoded: Uint8Array): BencodeValue {
  try {
    return decodeBencode(encoded, STORED_VALUE)
  } catch (error) {
    if (!(error instanceof BencodeError)) throw error
    const message = `encoded: expected canonical bencode, got ${encoded.length} bytes: ${error.message}`
    throw new XorbitError('bad-argument', message, { argument: 'encoded' })
  }
}

/** The text under `json` when there is nothing else. */
function jsonTextOf(value: BencodeValue): string | null {
  if (!(value instanceof BencodeDictionary) || value.size !== 1) return null
  const content = value.get(JSON_KEY)
  return content instanceof Uint8Array ? utf8(content) : null
}

/** JSON text may hold 1e999, which is no number that could be put. */
function finite(_key: string, value: unknown): unknown {
  if (value === Infinity || value === -Infinity) throw new RangeError('a number that is infinite')
  return value
}

function valueOf(value: BencodeValue): Value {
  if (value instanceof Uint8Array) return utf8(value) ?? new Uint8Array(value)
  if (Array.isArray(value)) return value.map(valueOf)
  if (!(value instanceof BencodeDictionary)) return value
  const entries = Array.from(value, ([key, inner]) => [bytesOfKey(key), valueOf(inner)] as const)
  const named = entries.map(([key, inner]) => [utf8(key), inner] as const)
  const isText = named.every((entry): entry is [string, Value] => entry[0] !== null)
  // fromEntries() makes own properties of all keys, of `__proto__` too.
  return isText ? Object.fromEntries(named) : new Map(entries)
}

/** Keys are decoded to one character a byte. */
function bytesOfKey(key: string): Uint8Array {
  return Uint8Array.from(key, (character) => character.charCodeAt(0))
}

function utf8(bytes: Uint8Array): string | null {
  try {
    return UTF8.decode(bytes)
  } catch {
    return null
  }
}
