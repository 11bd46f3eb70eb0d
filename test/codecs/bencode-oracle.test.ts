// Our bencode against the npm package of that name, which is old and widely used.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import bencode from 'bencode'
import fc from 'fast-check'
import {
  BencodeError,
  ENVELOPE,
  KHASHMIR,
  STORED_VALUE,
  decodeBencode,
  encodeBencode,
} from '../../src/codecs/bencode.ts'
import type { BencodeProfile } from '../../src/codecs/bencode.ts'
import { BencodeCursor } from '../../src/codecs/bencode-cursor.ts'
import { runs } from '../property-runs.ts'
import { bytesOf, plain, samples, textOf } from './bencode-samples.ts'
import type { Plain } from './bencode-samples.ts'

/** What the oracle decoded, in the same form as ours; its dictionaries are plain objects in the input's order. */
function plainOracle(value: unknown): Plain {
  if (value instanceof Uint8Array) return textOf(value)
  if (Array.isArray(value)) return value.map(plainOracle)
  if (typeof value === 'number') return value
  // Objects put keys that look like numbers first.
  const entries = Object.entries(value as Record<string, unknown>).map<[string, Plain]>(([key, inner]) => [
    key,
    plainOracle(inner),
  ])
  return { entries: entries.sort(([a], [b]) => (a < b ? -1 : 1)) }
}

describe('Bencode, held against the npm package bencode', () => {
  test('writes the same bytes', () => {
    fc.assert(
      fc.property(samples, (value) => {
        assert.equal(textOf(encodeBencode(value)), textOf(bencode.encode(value)))
      }),
      runs(1000),
    )
  })

  test('reads the same value from them, and writes it back as it was', () => {
    fc.assert(
      fc.property(samples, (value) => {
        const bytes = bencode.encode(value)
        const profile = { ...STORED_VALUE, maxTokens: 10_000 }
        const ours = decodeBencode(bytes, profile)
        assert.deepEqual(plain(ours), plainOracle(bencode.decode(bytes)))
        assert.equal(textOf(encodeBencode(ours)), textOf(bytes))
      }),
      runs(1000),
    )
  })
})

/** Bytes near bencode: a value with a few bytes replaced, inserted or removed. */
const nearBencode = fc
  .tuple(
    samples,
    fc.array(
      fc.tuple(fc.nat(), fc.nat({ max: 2 }), fc.constantFrom(...'0123456789:-deil\xff +Ltu'.split(''))),
      {
        maxLength: 4,
      },
    ),
  )
  .map(([value, changes]) => {
    const text = textOf(encodeBencode(value)).split('')
    for (const [where, removed, put] of changes) text.splice(where % (text.length + 1), removed, put)
    return bytesOf(text.join(''))
  })

describe('Bytes near bencode', () => {
  test('T19 are a stored value only when they are its one canonical form', () => {
    fc.assert(
      fc.property(nearBencode, (bytes) => {
        let value
        try {
          value = decodeBencode(bytes, STORED_VALUE)
        } catch (error) {
          assert.ok(error instanceof BencodeError)
          return
        }
        assert.equal(textOf(encodeBencode(value)), textOf(bytes))
      }),
      runs(3000),
    )
  })

  for (const profile of [ENVELOPE, STORED_VALUE, KHASHMIR]) {
    test(`are passed over by the cursor exactly when they can be decoded, in ${profile.maxTokens} tokens`, () => {
      fc.assert(
        fc.property(nearBencode, (bytes) => {
          const outcome = (read: () => void): string => {
            try {
              read()
              return 'read'
            } catch (error) {
              assert.ok(error instanceof BencodeError)
              return error.message
            }
          }
          const cursor = new BencodeCursor(profile)
          const passed = outcome(() => {
            cursor.open(bytes)
            cursor.skip()
            cursor.finish()
          })
          assert.equal(
            passed,
            outcome(() => decodeBencode(bytes, profile)),
          )
        }),
        runs(2000),
      )
    })
  }

  test('are a message of khashmir whenever they are a stored value within its bounds, and the same one (khashmir A1)', () => {
    fc.assert(
      fc.property(nearBencode, (bytes) => {
        const read = (profile: BencodeProfile): Plain | null => {
          try {
            return plain(decodeBencode(bytes, profile))
          } catch (error) {
            assert.ok(error instanceof BencodeError)
            return null
          }
        }
        const value = read(STORED_VALUE)
        if (value !== null) assert.deepEqual(read(KHASHMIR), value)
      }),
      runs(2000),
    )
  })
})
