// Our codecs against bytes recorded from the four versions of Khashmir. Where we differ stands here, line by line, with
// the reason; whoever makes one of them agree must take it out.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { BencodeError, KHASHMIR, decodeBencode, encodeBencode } from '../../src/codecs/bencode.ts'
import type { BencodeInput } from '../../src/codecs/bencode.ts'
import { BencodeCursor, TOKEN } from '../../src/codecs/bencode-cursor.ts'
import { packAddress, unpackAddress } from '../../src/codecs/compact-address.ts'
import { KHASHMIR_COMMITS, khashmirVectors } from '../khashmir-vectors.ts'
import type { KhashmirVector, Recorded, RecordedObject } from '../khashmir-vectors.ts'
import { plain, textOf } from './bencode-samples.ts'
import type { Plain } from './bencode-samples.ts'

/** What was recorded, what ours is, and whether that is to be the same. */
interface Comparison {
  readonly recorded: unknown
  readonly ours: unknown
}

const REFUSED = 'refused'

/** A line by what it is about: lines with the same are the same call at several versions. */
type Differences = Readonly<Record<string, { readonly ours: unknown; readonly because: string }>>

interface Judged {
  readonly name: string
  /** How many lines there are of each version: a file cut short must not pass. */
  readonly lines: number
  readonly about: (vector: KhashmirVector) => string
  readonly compare: (vector: KhashmirVector) => Comparison
  readonly differences: Differences
}

function judge({ name, lines, about, compare, differences }: Judged): void {
  for (const commit of KHASHMIR_COMMITS) {
    test(`as ${commit} does, but for ${Object.keys(differences).length} of ${lines} lines (khashmir A1)`, () => {
      const vectors = khashmirVectors({ name, commit, direction: 'function' })
      assert.equal(vectors.length, lines)
      for (const vector of vectors) {
        if (about(vector) in differences) continue
        const { recorded, ours } = compare(vector)
        assert.deepEqual(ours, recorded, about(vector))
      }
    })
  }
  for (const [line, { ours: expected, because }] of Object.entries(differences)) {
    test(`but ${line}: ${because}`, () => {
      const vectors = khashmirVectors({ name, direction: 'function' }).filter((v) => about(v) === line)
      assert.deepEqual(
        vectors.map(({ commit }) => commit),
        KHASHMIR_COMMITS,
      )
      for (const vector of vectors) {
        const { recorded, ours } = compare(vector)
        assert.deepEqual(ours, expected)
        assert.notDeepEqual(ours, recorded, `${line} is no difference any more: take it out of the list`)
      }
    })
  }
}

function objectOf(value: Recorded): RecordedObject {
  assert.ok(typeof value === 'object' && value !== null && !Array.isArray(value))
  return value as RecordedObject
}

const bytesOfHex = (hex: Recorded | undefined): Uint8Array => {
  assert.ok(typeof hex === 'string')
  return Uint8Array.from(Buffer.from(hex, 'hex'))
}

/** The entries of what is recorded as a dictionary. */
function entriesOf({ dict }: RecordedObject): readonly (readonly [Recorded, Recorded])[] {
  return dict as readonly (readonly [Recorded, Recorded])[]
}

/** A recorded value as `plain` writes ours; what we have no form of is named. */
function plainRecorded(value: Recorded): Plain {
  if (typeof value === 'number') return value
  if (Array.isArray(value)) return (value as readonly Recorded[]).map(plainRecorded)
  const fields = objectOf(value)
  if ('error' in fields) return REFUSED
  if ('bigint' in fields) return BigInt(fields['bigint'] as string)
  if ('dict' in fields) {
    return {
      entries: entriesOf(fields).map(([key, inner]) => [plainRecorded(key) as string, plainRecorded(inner)]),
    }
  }
  if ('unicode_utf8_hex' in fields) return `unicode ${fields['unicode_utf8_hex'] as string}`
  if ('datetime' in fields) return `date ${fields['datetime'] as string}`
  return textOf(bytesOfHex(fields['hex']))
}

function orRefused(codec: () => Plain): Plain {
  try {
    return codec()
  } catch (error) {
    assert.ok(error instanceof BencodeError, String(error))
    return REFUSED
  }
}

const ABOUT_TEXT = 'text is the byte string that it is in UTF-8, for nothing that we read tells them apart'

describe('Bencode of the profile of khashmir is read', () => {
  judge({
    name: 'bdecode',
    lines: 61,
    about: ({ note }) => note,
    compare: ({ hex, decoded }) => ({
      recorded: plainRecorded(decoded),
      ours: orRefused(() => plain(decodeBencode(hex, KHASHMIR))),
    }),
    differences: {
      "accepted: 'u3:abc'": { ours: 'abc', because: ABOUT_TEXT },
      "accepted: 'u2:\\xc3\\xa9'": { ours: '\xc3\xa9', because: ABOUT_TEXT },
      "accepted: 't2008-03-27T16:55:08e'": {
        ours: REFUSED,
        because: 'no field is a date; the cursor passes over it, so that a message around it is read (below)',
      },
    },
  })

  test('by the cursor in all 61 lines as the original does, dates too (khashmir A1)', () => {
    const cursor = new BencodeCursor(KHASHMIR)
    const vectors = khashmirVectors({ name: 'bdecode' })
    for (const { hex, decoded, note } of vectors) {
      const passed = orRefused(() => {
        cursor.open(hex)
        const token = cursor.skip()
        cursor.finish()
        return token === TOKEN.date ? `date ${textOf(hex.subarray(cursor.start, cursor.end))}` : 'passed'
      })
      const recorded = plainRecorded(decoded)
      const isDate = typeof recorded === 'string' && recorded.startsWith('date ')
      assert.equal(passed, recorded === REFUSED || isDate ? recorded : 'passed', note)
    }
  })
})

/** Python objects that were refused; of these only the note tells what they were. */
const REFUSED_OBJECTS: Readonly<Record<string, unknown>> = {
  'refused python 2 object 1.5': 1.5,
  'refused python 2 object None': null,
  "refused python 2 object {1: 'foo'}": new Map([[1, 'foo']]),
  'refused python 2 object [None]': [null],
}

/** The recorded value as somebody who uses our encoder would give it. */
function inputOf(value: Recorded): unknown {
  if (typeof value !== 'object') return value
  if (Array.isArray(value)) return (value as readonly Recorded[]).map(inputOf)
  const fields = objectOf(value)
  if ('bigint' in fields) return BigInt(fields['bigint'] as string)
  if ('dict' in fields) {
    return new Map(entriesOf(fields).map(([key, inner]) => [inputOf(key), inputOf(inner)]))
  }
  if ('unicode_utf8_hex' in fields) return Buffer.from(fields['unicode_utf8_hex'] as string, 'hex').toString()
  if ('datetime' in fields) return new Date(`${fields['datetime'] as string}Z`)
  return bytesOfHex(fields['hex'])
}

const ABOUT_BOOLEANS =
  'a boolean would come back as an integer; no message has one, and who passes one is told'

describe('Bencode for khashmir is written', () => {
  judge({
    name: 'bencode',
    lines: 24,
    about: ({ note }) => note,
    compare: ({ hex, decoded, note }) => {
      const isRefused = note.startsWith('refused')
      if (isRefused) assert.ok(note in REFUSED_OBJECTS, note)
      const input = (isRefused ? REFUSED_OBJECTS[note] : inputOf(decoded)) as BencodeInput
      return {
        recorded: isRefused ? REFUSED : textOf(hex),
        ours: orRefused(() => textOf(encodeBencode(input))),
      }
    },
    differences: {
      'python 2 repr: True': { ours: REFUSED, because: ABOUT_BOOLEANS },
      'python 2 repr: False': { ours: REFUSED, because: ABOUT_BOOLEANS },
      "python 2 repr: {'k': {'y': True, 'z': u'\\u20ac'}}": { ours: REFUSED, because: ABOUT_BOOLEANS },
      'python 2 repr: datetime.datetime(2008, 3, 27, 16, 55, 8, 999)': {
        ours: REFUSED,
        because: 'no message has a date, and other readers of bencode refuse it',
      },
    },
  })
})

/** Of the 26 bytes of a contact the id before the address needs no codec. */
const ID_BYTES = 20

interface RecordedAddress {
  readonly host: string
  readonly port: number
  readonly error?: string
}

const addressOf = ({ decoded }: KhashmirVector): RecordedAddress =>
  objectOf(decoded) as unknown as RecordedAddress

describe('The compact address of a contact of khashmir is written', () => {
  judge({
    name: 'compact',
    lines: 12,
    about: (vector) => `${addressOf(vector).host} ${addressOf(vector).port}`,
    compare: (vector) => {
      const { host, port, error } = addressOf(vector)
      const packed = packAddress({ host, port })
      return {
        recorded: error === undefined ? textOf(vector.hex.subarray(ID_BYTES)) : REFUSED,
        ours: packed === null ? REFUSED : textOf(packed),
      }
    },
    differences: {
      '010.002.003.004 256': {
        ours: REFUSED,
        because: 'leading zeros are octal to some and decimal to others',
      },
      '::1 1': {
        ours: `${'\0'.repeat(15)}\x01\0\x01`,
        because: 'the codec knows IPv6 too, with 18 bytes; which contacts are written is for the wire',
      },
    },
  })
})

describe('The compact address of a contact of khashmir is read', () => {
  judge({
    name: 'uncompact',
    lines: 5,
    about: ({ hex }) => Buffer.from(hex).toString('hex'),
    compare: (vector) => {
      const { host, port, error } = addressOf(vector)
      return {
        recorded: error === undefined ? { host, port } : REFUSED,
        ours: unpackAddress(vector.hex.subarray(ID_BYTES)) ?? REFUSED,
      }
    },
    differences: {},
  })
})
