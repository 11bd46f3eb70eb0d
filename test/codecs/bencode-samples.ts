// Bencoded values for the tests: as plain JavaScript to compare, and as random ones.
import fc from 'fast-check'
import { BencodeDictionary } from '../../src/codecs/bencode.ts'
import type { BencodeValue } from '../../src/codecs/bencode.ts'

/** Text of one character a byte. */
export const bytesOf = (latin1: string): Uint8Array => Uint8Array.from(Buffer.from(latin1, 'latin1'))

export const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')

/** A value that deepEqual tells from others: strings as latin1 text, dictionaries as lists of entries. */
export type Plain = string | number | bigint | Plain[] | { entries: [string, Plain][] }

export function plain(value: BencodeValue): Plain {
  if (value instanceof Uint8Array) return textOf(value)
  if (Array.isArray(value)) return value.map(plain)
  if (value instanceof BencodeDictionary) {
    return { entries: Array.from(value, ([key, inner]) => [key, plain(inner)]) }
  }
  return value
}

type Sample = number | Uint8Array | Sample[] | { [key: string]: Sample }

/** Keys that the oracle reads as we do: it takes them for UTF-8, and sorts them as UTF-16. */
const asciiKeys = fc.string({ unit: 'grapheme-ascii', maxLength: 12 }).filter((key) => key !== '__proto__')

/** Values that the npm package `bencode` can hold too. */
export const samples: fc.Arbitrary<Sample> = fc.letrec<{ value: Sample }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.maxSafeInteger(),
    fc.uint8Array({ maxLength: 40 }),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(asciiKeys, tie('value'), { maxKeys: 5, noNullPrototype: true }),
  ),
})).value
