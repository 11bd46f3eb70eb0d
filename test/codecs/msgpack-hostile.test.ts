// T17: bombs, and whatever else may come. Not timed: what is counted is how often a byte is looked at.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { MsgPackError, packMsgPack, unpackMsgPack } from '../../src/codecs/msgpack.ts'
import type { MsgPackErrorCode, MsgPackValue } from '../../src/codecs/msgpack.ts'
import { MsgPackCursor } from '../../src/codecs/msgpack-cursor.ts'
import { runs } from '../property-runs.ts'
import { hex, plainlyRead, values } from './msgpack-samples.ts'

const codeOf = (bytes: Uint8Array): MsgPackErrorCode | null => {
  try {
    unpackMsgPack(bytes)
    return null
  } catch (error) {
    if (!(error instanceof MsgPackError)) throw error
    return error.code
  }
}

/** What ours and the plain reader make of bytes: the value, or nothing. */
function read(bytes: Uint8Array): { ours: MsgPackValue | undefined; plain: MsgPackValue | undefined } {
  let ours: MsgPackValue | undefined
  let plain: MsgPackValue | undefined
  try {
    ours = unpackMsgPack(bytes)
  } catch (error) {
    if (!(error instanceof MsgPackError)) throw error
  }
  try {
    const { value, rest } = plainlyRead(Buffer.from(bytes))
    if (rest.length === 0) plain = value
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
  }
  return { ours, plain }
}

const agree = (bytes: Uint8Array): void => {
  const { ours, plain } = read(bytes)
  assert.deepEqual(ours, plain)
}

const repeated = (digits: string, times: number): Uint8Array => hex(digits.repeat(times))

const bombs: readonly (readonly [name: string, bytes: Uint8Array, code: MsgPackErrorCode])[] = [
  ['a raw of 4 GB', hex('dbffffffff 61'), 'truncated'],
  ['an array of 4 billion', hex('ddffffffff c0'), 'truncated'],
  ['a map of 4 billion', hex('dfffffffff c0'), 'truncated'],
  ['an array of 65 535 at each of 30 levels', repeated('dcffff', 30), 'truncated'],
  ['99 999 arrays inside each other', repeated('91', 99_999), 'too-deep'],
  ['99 998 arrays around nothing', hex(`${'91'.repeat(99_998)}c0`), 'too-deep'],
  ['maps as keys of maps, 30 000 deep', hex(`${'81'.repeat(30_000)}${'c0'.repeat(30_001)}`), 'too-deep'],
  ['maps as values of maps, 30 000 deep', hex(`${'81c0'.repeat(30_000)}c0`), 'too-deep'],
  ['150 000 empty maps', hex(`dd000249f0${'80'.repeat(150_000)}`), 'too-many-values'],
  ['150 000 values in 10 arrays', hex(`9a${`dc3a98${'c0'.repeat(15_000)}`.repeat(10)}`), 'too-many-values'],
]

/** The same bytes, and how often one of them was read. */
function counted(bytes: Uint8Array): { bytes: Uint8Array; reads: () => number } {
  let reads = 0
  const proxy = new Proxy(bytes, {
    get(target, property) {
      if (typeof property === 'string' && /^\d+$/.test(property)) reads++
      return Reflect.get(target, property) as unknown
    },
  })
  return { bytes: proxy, reads: () => reads }
}

describe('A msgpack bomb', () => {
  for (const [name, bytes, code] of bombs) {
    test(`of ${name} is refused, each byte looked at once (T17)`, () => {
      assert.equal(codeOf(bytes), code)
      const seen = counted(bytes)
      const cursor = new MsgPackCursor()
      cursor.open(seen.bytes)
      try {
        cursor.skip()
      } catch (error) {
        assert.ok(error instanceof MsgPackError)
      }
      assert.ok(seen.reads() <= bytes.length, `${seen.reads()} reads of ${bytes.length} bytes`)
    })
  }

  test('of announced lengths is refused at its first byte that cannot be true (T17)', () => {
    for (const digits of ['dbffffffff', 'ddffffffff', 'dfffffffff', 'de8000']) {
      const seen = counted(hex(digits + 'c0'.repeat(50_000)))
      const cursor = new MsgPackCursor()
      cursor.open(seen.bytes)
      assert.throws(() => cursor.skip(), MsgPackError)
      assert.equal(seen.reads(), 1)
    }
  })

  test('of values within others is refused as soon as the bytes cannot hold them all (T17)', () => {
    const seen = counted(hex('dc0010' + 'dc0010'.repeat(3) + 'c0'.repeat(50)))
    const cursor = new MsgPackCursor()
    cursor.open(seen.bytes)
    assert.throws(() => cursor.skip(), MsgPackError)
    assert.ok(seen.reads() <= 4)
  })

  test('within the bounds that the caller gives is refused beyond them (T17)', () => {
    const bounds = { maxDepth: 1, maxValues: 4 }
    assert.deepEqual(unpackMsgPack(hex('93010203'), bounds), [1, 2, 3])
    assert.throws(() => unpackMsgPack(hex('9401020304'), bounds), { code: 'too-many-values' })
    assert.throws(() => unpackMsgPack(hex('9190'), bounds), { code: 'too-deep' })
  })
})

describe('Bytes of any kind', () => {
  test('are refused for each first byte that the old specification does not have (drogulus B2)', () => {
    const unknown = [0xc1, 0xc4, 0xc5, 0xc6, 0xc7, 0xc8, 0xc9, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8, 0xd9]
    for (let byte = 0; byte < 256; byte++) {
      const code = codeOf(Uint8Array.of(byte, ...new Uint8Array(300)))
      assert.equal(code === 'unknown-type', unknown.includes(byte), `byte ${byte}`)
    }
  })

  test('are refused when something follows the value (drogulus B4)', () => {
    assert.equal(codeOf(hex('c0 c0')), 'trailing-bytes')
    assert.equal(codeOf(hex('91 c0 00')), 'trailing-bytes')
  })

  test('are refused when they end early, wherever', () => {
    fc.assert(
      fc.property(values, fc.nat(), (value, end) => {
        const bytes = packMsgPack(value)
        assert.equal(codeOf(bytes.subarray(0, end % bytes.length)), 'truncated')
      }),
      runs(2_000),
    )
  })

  test('are read as a plain reader reads them, or refused by MsgPackError alone', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => agree(bytes)),
      runs(5_000),
    )
  })

  test('are read as a plain reader reads them when a byte of a value is another', () => {
    fc.assert(
      fc.property(values, fc.nat(), fc.integer({ min: 0, max: 255 }), (value, place, byte) => {
        const bytes = packMsgPack(value)
        bytes[place % bytes.length] = byte
        agree(bytes)
      }),
      runs(3_000),
    )
  })

  test('are passed over as far as they are read', () => {
    fc.assert(
      fc.property(values, fc.uint8Array({ maxLength: 5 }), (value, behind) => {
        const bytes = packMsgPack(value)
        const cursor = new MsgPackCursor()
        cursor.open(Uint8Array.of(...bytes, ...behind))
        cursor.skip()
        assert.equal(cursor.at, bytes.length)
        assert.equal(cursor.owed, 0)
      }),
      runs(1_000),
    )
  })
})
