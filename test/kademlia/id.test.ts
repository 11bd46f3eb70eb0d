// Ids and the XOR metric, against big integers that do the same slowly; the algebra that lookups rely on.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import {
  asId,
  compareDistance,
  distanceFraction,
  idFromHex,
  randomId,
  randomIdSharing,
  randomIdWithin,
  sameId,
  sharedPrefixBits,
  toHex,
} from '../../src/kademlia/id.ts'
import type { Id } from '../../src/kademlia/id.ts'
import { idOf, seededRandom } from './table-fixtures.ts'

const LENGTHS = [1, 2, 20, 64]

const ids = (length: number, count: number): fc.Arbitrary<Id[]> =>
  fc
    .array(fc.uint8Array({ minLength: length, maxLength: length }), { minLength: count, maxLength: count })
    .map((drawn) => drawn.map((bytes) => asId(bytes)))

/** Ids that often share a long prefix. */
const nearIds = (length: number, count: number): fc.Arbitrary<Id[]> =>
  fc.oneof(
    ids(length, count),
    fc
      .tuple(
        ids(length, 1),
        fc.array(fc.nat({ max: 8 * length - 1 }), { minLength: count, maxLength: count }),
      )
      .map(([[base], bits]) =>
        bits.map((bit) => {
          const id = base!.slice()
          id[bit >> 3]! ^= 0x80 >> (bit & 7)
          return asId(id)
        }),
      ),
  )

const big = (id: Id): bigint => BigInt(`0x${toHex(id)}`)

for (const length of LENGTHS) {
  describe(`Ids of ${length} bytes`, () => {
    test('B5-01 are compared by the XOR of all their bits, the top one among them', () => {
      fc.assert(
        fc.property(nearIds(length, 3), ([target, a, b]) => {
          const distance = (id: Id): bigint => big(id) ^ big(target!)
          const order = compareDistance(target!, a!, b!)
          const expected = distance(a!) - distance(b!)
          assert.equal(Math.sign(order), expected < 0n ? -1 : expected > 0n ? 1 : 0)
          assert.equal(sameId(a!, b!), big(a!) === big(b!))
        }),
      )
      const at = (first: number): Id => asId(new Uint8Array(length).fill(first, 0, 1))
      assert.ok(compareDistance(at(0x80), at(0xff), at(0x7f)) < 0, 'the top bit is no sign')
    })

    test('share as many leading bits as their XOR has zeros in front', () => {
      fc.assert(
        fc.property(nearIds(length, 2), ([a, b]) => {
          const difference = big(a!) ^ big(b!)
          const used = difference === 0n ? 0 : difference.toString(2).length
          assert.equal(sharedPrefixBits(a!, b!), 8 * length - used)
        }),
      )
    })

    test('lie at a fraction of the key space that follows their order', () => {
      fc.assert(
        fc.property(nearIds(length, 2), ([a, b]) => {
          const fraction = distanceFraction(a!, b!)
          assert.ok(fraction >= 0 && fraction < 1)
          const exact = Number(((big(a!) ^ big(b!)) << 64n) / (1n << BigInt(8 * length))) / 2 ** 64
          assert.ok(Math.abs(fraction - exact) <= 2 ** -50)
        }),
      )
    })

    test('are written in hex and read back', () => {
      fc.assert(
        fc.property(ids(length, 1), ([id]) => {
          assert.equal(toHex(id!), Buffer.from(id!).toString('hex'))
          assert.deepEqual(idFromHex(toHex(id!), length), id)
          assert.deepEqual(idFromHex(toHex(id!).toUpperCase(), length), id)
        }),
      )
    })

    test('are drawn at random in the range that is asked for', () => {
      const bits = fc.nat({ max: 8 * length })
      fc.assert(
        fc.property(ids(length, 1), bits, fc.integer(), ([id], shared, seed) => {
          const random = seededRandom(seed)
          assert.equal(randomId(length, random).length, length)
          assert.ok(sharedPrefixBits(id!, randomIdWithin(id!, shared, random)) >= shared)
          assert.equal(sharedPrefixBits(id!, randomIdSharing(id!, shared, random)), shared)
        }),
      )
    })
  })
}

describe('Random ids', () => {
  test('fill their range', () => {
    const random = seededRandom(1)
    const own = idOf(0b1010_0000)
    const drawn = new Set<number>()
    for (let i = 0; i < 2_000; i++) drawn.add(randomIdSharing(own, 3, random)[0]!)
    assert.deepEqual(
      [...drawn].toSorted((a, b) => a - b),
      Array.from({ length: 16 }, (_, i) => 0b1011_0000 + i),
    )
    const within = new Set<number>()
    for (let i = 0; i < 2_000; i++) within.add(randomIdWithin(own, 3, random)[0]!)
    assert.equal(within.size, 32)
  })

  test('leave the id that they were drawn around as it is', () => {
    const own = idOf(1, 2)
    randomIdSharing(own, 5, seededRandom(1))
    randomIdWithin(own, 5, seededRandom(1))
    assert.deepEqual(own, idOf(1, 2))
  })
})

describe('Hex that is no id', () => {
  for (const hex of ['', 'abc', 'abcg', 'abcdef', '0xab', 'ab cd', 'ａｂ']) {
    test(`${JSON.stringify(hex)} is refused with what it is and what is allowed`, () => {
      assert.throws(() => idFromHex(hex, 2), {
        name: 'RangeError',
        message: new RegExp(`expected 4 hex digits, got .*\\(${hex.length} characters\\)`),
      })
    })
  }

  test('is shown no longer than a line', () => {
    assert.throws(
      () => idFromHex('x'.repeat(100_000), 20),
      ({ message }: Error) => message.length < 120,
    )
  })
})
