import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import {
  MsgPackFloat,
  MsgPackMap,
  packMsgPack,
  unpackMsgPack,
  type MsgPackValue,
} from '../../../../src/codecs/msgpack.ts'
import { inPythonOrder } from '../../../../src/networks/drogulus/keys/python-order.ts'
import { DROGULUS_COMMITS, drogulusVectors, recordedMsgPack } from '../../../drogulus-vectors.ts'
import type { RecordedFields } from '../../../drogulus-vectors.ts'
import { runs } from '../../../property-runs.ts'

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

const mapOf = (...entries: (readonly [MsgPackValue, MsgPackValue])[]): MsgPackMap => new MsgPackMap(entries)

const keysOf = (value: MsgPackValue): MsgPackValue[] => (value as MsgPackMap).entries.map(([key]) => key)

describe('The order of a dict in Python 2', () => {
  for (const commit of DROGULUS_COMMITS) {
    for (const [index, { decoded, hex }] of drogulusVectors({ name: 'py2-dict-order', commit }).entries()) {
      test(`is that of the original: ${commit}, map ${index + 1} (drogulus B3)`, () => {
        const { wire_hex, python2_order, inserted_in_order } = decoded as RecordedFields
        const wire = unpackMsgPack(Uint8Array.fromHex(wire_hex as string))
        assert.deepEqual(keysOf(wire), recordedMsgPack(inserted_in_order!))
        const ordered = inPythonOrder(wire)
        assert.deepEqual(keysOf(ordered), recordedMsgPack(python2_order!))
        assert.deepEqual(packMsgPack(ordered), hex)
      })
    }
  }

  // As python 2.7.18 walks through these: `for key in dict`.
  const orders: [what: string, inserted: MsgPackValue[], walked: MsgPackValue[]][] = [
    ['integers', [9, 1, 17, 8, 3], [8, 9, 3, 17, 1]],
    ['negative integers, of which -1 and -2 have one hash', [-2, -1, -9, 5], [5, -1, -2, -9]],
    [
      'integers of 64 bits',
      [2n ** 64n - 1n, 2n ** 63n, -(2n ** 63n), 0, -1],
      [2n ** 63n, -(2n ** 63n), -1, 2n ** 64n - 1n, 0],
    ],
    ['integers among texts', [utf8('a'), 0, utf8('b'), 3], [utf8('a'), 0, utf8('b'), 3]],
  ]
  const far = [27, 34, 43].flatMap((shift) => [1, 3, 6, 2].map((key) => key * 2 ** shift))
  const walkedFar = [0, 1, 6, 4, 10, 7, 3, 11, 9, 8, 2, 5]
  orders.push(['integers that differ in high bits alone', far, walkedFar.map((index) => far[index]!)])
  for (const [what, inserted, walked] of orders) {
    test(`is reckoned for ${what}`, () => {
      assert.deepEqual(keysOf(inPythonOrder(mapOf(...inserted.map((key) => [key, 0] as const)))), walked)
    })
  }

  test('has a key that comes twice once, where it was first, with the later value', () => {
    const twice = mapOf([utf8('q'), 1], [utf8('i'), 2], [utf8('q'), 3], [7, 4], [7n, 5])
    assert.deepEqual(inPythonOrder(twice), mapOf([utf8('q'), 3], [utf8('i'), 2], [7, 5]))
  })

  test('is made in every map, however deep', () => {
    const [mixed, sorted] = [mapOf([utf8('x'), 1], [utf8('y'), 2]), mapOf([utf8('y'), 2], [utf8('x'), 1])]
    assert.deepEqual(inPythonOrder([1, [mixed]]), [1, [sorted]])
    assert.deepEqual(inPythonOrder(mapOf([utf8('k'), [mixed]])), mapOf([utf8('k'), [sorted]]))
  })

  test('leaves alone what is no map', () => {
    for (const value of [null, true, 5, 2n ** 63n, new MsgPackFloat(1), utf8('x'), [1, [2]]]) {
      assert.equal(inPythonOrder(value), value)
    }
  })

  test('neither loses nor adds an entry', () => {
    const key = fc.oneof(fc.uint8Array({ maxLength: 3 }), fc.maxSafeInteger())
    fc.assert(
      fc.property(fc.array(key, { maxLength: 200 }), (keys) => {
        const known = (value: MsgPackValue): string => Buffer.from(packMsgPack(value)).toString('hex')
        const ordered = keysOf(inPythonOrder(mapOf(...keys.map((own) => [own, null] as const))))
        assert.deepEqual(ordered.map(known).toSorted(), [...new Set(keys.map(known))].toSorted())
      }),
      runs(200),
    )
  })
})

describe('A map without a known order', () => {
  const others: [what: string, key: MsgPackValue][] = [
    ['a float', new MsgPackFloat(1)],
    ['true, false or null', true],
    ['true, false or null', null],
    ['a container', [1]],
    ['a container', mapOf()],
  ]
  for (const [what, key] of others) {
    test(`is refused: a key among several is ${what}, ${JSON.stringify(key)}`, () => {
      assert.throws(() => inPythonOrder([mapOf([utf8('a'), 1], [key, 2])]), {
        name: 'PythonOrderError',
        code: 'key-type',
        message: `a key of a map of several is ${what}`,
      })
    })
  }

  test('is none when it has one key, whatever Python can have', () => {
    for (const key of [new MsgPackFloat(1), true, null]) {
      assert.deepEqual(inPythonOrder(mapOf([key, 1])), mapOf([key, 1]))
    }
    for (const key of [[1], mapOf()]) {
      assert.throws(() => inPythonOrder(mapOf([key, 1])), { code: 'key-type' })
    }
  })

  test('is refused when its keys collide on purpose', () => {
    // In any table of up to 2^17 slots the first three steps of these lead to the same places.
    const colliding = Array.from({ length: 20_000 }, (_, index) => [2 ** 17 * index, 0] as const)
    assert.throws(() => inPythonOrder(mapOf(...colliding)), { code: 'too-much-work' })
    assert.ok(inPythonOrder(mapOf(...colliding.slice(0, 2_000))))
  })

  test('is refused when there are many of them, each with a few that collide', () => {
    const colliding = mapOf(...Array.from({ length: 500 }, (_, index) => [2 ** 40 * index, 0] as const))
    assert.ok(inPythonOrder([colliding]))
    assert.throws(() => inPythonOrder(Array(500).fill(colliding)), { code: 'too-much-work' })
  })

  test('is none when it is as large as can be sent', () => {
    const honest = mapOf(...Array.from({ length: 25_000 }, (_, index) => [index * 7, 0] as const))
    assert.equal(keysOf(inPythonOrder(honest)).length, 25_000)
    const texts = mapOf(...Array.from({ length: 20_000 }, (_, index) => [utf8(`${index}`), 0] as const))
    assert.equal(keysOf(inPythonOrder(texts)).length, 20_000)
  })
})
