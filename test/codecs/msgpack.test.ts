import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import {
  MAX_DEPTH,
  MsgPackError,
  MsgPackFloat,
  MsgPackMap,
  packMsgPack,
  sizeOfMsgPack,
  unpackMsgPack,
} from '../../src/codecs/msgpack.ts'
import type { MsgPackErrorCode, MsgPackValue } from '../../src/codecs/msgpack.ts'
import { runs } from '../property-runs.ts'
import { hex, hexOf, raw, values } from './msgpack-samples.ts'

const of = (code: MsgPackErrorCode) => (error: unknown) =>
  error instanceof MsgPackError && error.code === code

/** What a value is packed as; of both ends of each form. */
const FORMS: readonly (readonly [value: MsgPackValue, digits: string])[] = [
  [null, 'c0'],
  [false, 'c2'],
  [true, 'c3'],
  [0, '00'],
  [127, '7f'],
  [128, 'cc80'],
  [255, 'ccff'],
  [256, 'cd0100'],
  [65_535, 'cdffff'],
  [65_536, 'ce00010000'],
  [2 ** 32 - 1, 'ceffffffff'],
  [2 ** 32, 'cf0000000100000000'],
  [Number.MAX_SAFE_INTEGER, 'cf001fffffffffffff'],
  [2n ** 53n, 'cf0020000000000000'],
  [2n ** 64n - 1n, 'cfffffffffffffffff'],
  [-1, 'ff'],
  [-32, 'e0'],
  [-33, 'd0df'],
  [-128, 'd080'],
  [-129, 'd1ff7f'],
  [-32_768, 'd18000'],
  [-32_769, 'd2ffff7fff'],
  [-(2 ** 31), 'd280000000'],
  [-(2 ** 31) - 1, 'd3ffffffff7fffffff'],
  [-Number.MAX_SAFE_INTEGER, 'd3ffe0000000000001'],
  [-(2n ** 63n), 'd38000000000000000'],
  [new MsgPackFloat(1), 'cb3ff0000000000000'],
  [new MsgPackFloat(-0), 'cb8000000000000000'],
  [new MsgPackFloat(1.5), 'cb3ff8000000000000'],
  [new MsgPackFloat(-Infinity), 'cbfff0000000000000'],
  [raw(''), 'a0'],
  [raw('a'.repeat(31)), `bf${'61'.repeat(31)}`],
  [raw('a'.repeat(32)), `da0020${'61'.repeat(32)}`],
  [raw('a'.repeat(256)), `da0100${'61'.repeat(256)}`],
  [raw('a'.repeat(65_535)), `daffff${'61'.repeat(65_535)}`],
  [raw('a'.repeat(65_536)), `db00010000${'61'.repeat(65_536)}`],
  [[], '90'],
  [Array.from({ length: 15 }, () => 1), `9f${'01'.repeat(15)}`],
  [Array.from({ length: 16 }, () => 1), `dc0010${'01'.repeat(16)}`],
  [Array.from({ length: 65_536 }, () => 1), `dd00010000${'01'.repeat(65_536)}`],
  [new MsgPackMap([]), '80'],
  [new MsgPackMap(Array.from({ length: 15 }, () => [1, 2])), `8f${'0102'.repeat(15)}`],
  [new MsgPackMap(Array.from({ length: 16 }, () => [1, 2])), `de0010${'0102'.repeat(16)}`],
]

/** A value of so many arrays inside each other, and its bytes. */
const nested = (depth: number): MsgPackValue => {
  let value: MsgPackValue = []
  for (let i = 1; i < depth; i++) value = [value]
  return value
}

describe('A msgpack value', () => {
  for (const [value, digits] of FORMS) {
    const shown = digits.length > 24 ? `${digits.slice(0, 24)}… (${digits.length / 2} bytes)` : digits
    test(`is packed as ${shown}, and that is read as it was (drogulus B2)`, () => {
      assert.equal(hexOf(packMsgPack(value)), digits)
      assert.equal(sizeOfMsgPack(value), digits.length / 2)
      assert.deepEqual(unpackMsgPack(hex(digits)), value)
    })
  }

  test('comes back as it was packed, whatever it is: floats stay floats, maps keep their order and their keys', () => {
    fc.assert(
      fc.property(values, (value) => {
        const bytes = packMsgPack(value)
        assert.equal(sizeOfMsgPack(value), bytes.length)
        assert.deepEqual(unpackMsgPack(bytes), value)
        assert.equal(hexOf(packMsgPack(unpackMsgPack(bytes))), hexOf(bytes))
      }),
      runs(2_000),
    )
  })

  test('is packed in the shortest form also when it is a bigint that a number could hold', () => {
    for (const [value, digits] of FORMS) {
      if (typeof value === 'number') assert.equal(hexOf(packMsgPack(BigInt(value))), digits)
    }
  })

  test('keeps a key that comes twice, and keys that are no texts', () => {
    const bytes = hex('84 a161 01 a161 02 90 03 80 04')
    assert.deepEqual(
      unpackMsgPack(bytes),
      new MsgPackMap([
        [raw('a'), 1],
        [raw('a'), 2],
        [[], 3],
        [new MsgPackMap([]), 4],
      ]),
    )
  })

  test('is read in a longer form than needed, and packed in the shortest (drogulus B3)', () => {
    const longer = ['cc05', 'cd0005', 'ce00000005', 'cf0000000000000005', 'd005', 'd10005', 'd200000005']
    for (const digits of [...longer, 'd30000000000000005']) {
      assert.equal(unpackMsgPack(hex(digits)), 5)
      assert.equal(hexOf(packMsgPack(unpackMsgPack(hex(digits)))), '05')
    }
    assert.equal(unpackMsgPack(hex('d3ffffffffffffffff')), -1)
    for (const digits of ['da0001 61', 'db00000001 61']) {
      assert.deepEqual(unpackMsgPack(hex(digits)), raw('a'))
    }
    for (const digits of ['dc0001 c0', 'dd00000001 c0']) assert.deepEqual(unpackMsgPack(hex(digits)), [null])
    for (const digits of ['de0001 01 c0', 'df00000001 01 c0']) {
      assert.deepEqual(unpackMsgPack(hex(digits)), new MsgPackMap([[1, null]]))
    }
  })

  test('is a float of 8 bytes when it was one of 4 (drogulus B3)', () => {
    const value = unpackMsgPack(hex('ca4ea3c1f1'))
    assert.deepEqual(value, new MsgPackFloat(1_373_698_176))
    assert.equal(hexOf(packMsgPack(value)), 'cb41d4783e20000000')
  })

  test('holds views of the bytes, not copies', () => {
    const bytes = hex('92 a161 a162')
    const [first] = unpackMsgPack(bytes) as Uint8Array[]
    assert.equal(first!.buffer, bytes.buffer)
  })

  test('is read from a part of a larger buffer', () => {
    const bytes = hex('ffff cb3ff0000000000000 ffff')
    assert.deepEqual(unpackMsgPack(bytes.subarray(2, 11)), new MsgPackFloat(1))
  })

  test(`may be ${MAX_DEPTH} containers deep, and no more, read or written (T17)`, () => {
    const deepest = nested(MAX_DEPTH)
    assert.deepEqual(unpackMsgPack(packMsgPack(deepest)), deepest)
    assert.throws(() => packMsgPack([deepest]), of('too-deep'))
    assert.throws(() => packMsgPack(new MsgPackMap([[1, deepest]])), of('too-deep'))
    assert.throws(() => packMsgPack(new MsgPackMap([[deepest, 1]])), of('too-deep'))
    assert.throws(() => unpackMsgPack(hex('91'.repeat(MAX_DEPTH) + '90')), of('too-deep'))
    assert.throws(
      () => unpackMsgPack(hex('81'.repeat(MAX_DEPTH) + '80' + 'c0'.repeat(MAX_DEPTH))),
      of('too-deep'),
    )
  })

  test('that contains itself is refused', () => {
    const circle: MsgPackValue[] = []
    circle.push(circle)
    assert.throws(() => packMsgPack(circle), of('too-deep'))
  })

  test('is refused when it is none: text, fractions, what does not fit 64 bits, undefined, other objects', () => {
    const none: unknown[] = [
      'text',
      1.5,
      NaN,
      2 ** 53,
      2n ** 64n,
      -(2n ** 63n) - 1n,
      undefined,
      {},
      new Map(),
    ]
    for (const value of none) {
      assert.throws(() => packMsgPack(value as MsgPackValue), of('not-encodable'), String(value))
      assert.throws(() => packMsgPack([1, value as MsgPackValue]), of('not-encodable'), String(value))
    }
  })
})
