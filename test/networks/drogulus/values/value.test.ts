// What people publish on drogulus and what they get: a value goes through msgpack and comes back, and what cannot be
// published is refused with the path to it.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { MsgPackFloat, MsgPackMap, packMsgPack, unpackMsgPack } from '../../../../src/codecs/msgpack.ts'
import type { MsgPackValue } from '../../../../src/codecs/msgpack.ts'
import { toHex } from '../../../../src/kademlia/id.ts'
import { foundValue, toMeta, toMsgPack } from '../../../../src/networks/drogulus/values/value.ts'
import type { DrogulusValue, DrogulusValueLike } from '../../../../src/networks/drogulus/values/value.ts'
import { runs } from '../../../property-runs.ts'
import { signed, utf8 } from '../answering.ts'

const found = (value: MsgPackValue) => foundValue({ ...signed(), value })

/** As it comes out where it was read. */
const throughTheWire = (value: unknown): DrogulusValue =>
  found(unpackMsgPack(packMsgPack(toMsgPack(value)))).value

/** Lists inside each other. */
function nested(levels: number): unknown {
  let value: unknown = 'deep'
  for (let level = 0; level < levels; level++) value = [value]
  return value
}

describe('A value', () => {
  test('comes back as it was published, whatever it is made of (drogulus B2)', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 10 })
    const { any } = fc.letrec<{ any: DrogulusValueLike }>((tie) => ({
      any: fc.oneof(
        { maxDepth: 4 },
        text,
        fc.constantFrom(null, true, false),
        fc.maxSafeInteger(),
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n }),
        fc.bigInt({ min: -(2n ** 63n), max: -(2n ** 53n) }),
        fc.array(tie('any'), { maxLength: 4 }),
        fc.dictionary(text, tie('any'), { maxKeys: 4, noNullPrototype: true }),
      ),
    }))
    fc.assert(
      fc.property(any, (value) => assert.deepEqual(throughTheWire(value), value)),
      runs(300),
    )
  })

  test('that is text travels as its bytes, and bytes that are text come back as text (drogulus B2)', () => {
    assert.deepEqual(toMsgPack('ä'), Uint8Array.of(0xc3, 0xa4))
    assert.equal(throughTheWire(Uint8Array.of(0xc3, 0xa4)), 'ä')
    assert.deepEqual(throughTheWire(Uint8Array.of(0xc3)), Uint8Array.of(0xc3))
    assert.equal(throughTheWire('\ufefftext'), '\ufefftext', 'with its byte order mark')
  })

  test('of bytes is copied', () => {
    const bytes = Buffer.from([0xff])
    const value = toMsgPack(bytes)
    bytes[0] = 0
    assert.deepEqual(value, Uint8Array.of(0xff))
  })

  test('that is a number is an integer where it has no fraction and is exact, else a float (drogulus B2)', () => {
    assert.equal(toMsgPack(5), 5)
    assert.equal(toMsgPack(5n), 5n)
    assert.deepEqual(toMsgPack(2.5), new MsgPackFloat(2.5))
    assert.deepEqual(toMsgPack(2 ** 60), new MsgPackFloat(2 ** 60))
    assert.ok(Object.is(throughTheWire(-0), -0))
    assert.equal(throughTheWire(5n), 5)
  })

  test('may be a map, which comes back as an object, or as a Map where a key is no text', () => {
    assert.deepEqual(throughTheWire(new Map([['a', 1]])), { a: 1 })
    assert.deepEqual(throughTheWire(Object.assign(Object.create(null), { a: 1 })), { a: 1 })
    const odd = new MsgPackMap([
      [1, utf8('one')],
      [utf8('two'), 2],
    ])
    assert.deepEqual(
      found(odd).value,
      new Map<DrogulusValue, DrogulusValue>([
        [1, 'one'],
        ['two', 2],
      ]),
    )
  })

  test('changes no object that others have, whatever its keys', () => {
    const value = found(new MsgPackMap([[utf8('__proto__'), new MsgPackMap([[utf8('evil'), true]])]])).value
    assert.deepEqual(Object.getOwnPropertyNames(value), ['__proto__'])
    assert.equal(({} as { evil?: boolean }).evil, undefined)
    assert.equal(Object.getPrototypeOf(value), Object.prototype)
  })

  test('has at most 32 lists or maps inside each other', () => {
    assert.deepEqual(throughTheWire(nested(32)), nested(32))
    assert.throws(() => toMsgPack(nested(33)), { code: 'bad-argument', message: /at most 32 levels/u })
    const loop: unknown[] = []
    loop.push(loop)
    assert.throws(() => toMsgPack(loop), { code: 'bad-argument' })
  })

  for (const { what, value, path } of [
    { what: 'undefined', value: undefined, path: 'value' },
    { what: 'a hole in a list', value: Object.assign([1], { 2: 2 }), path: 'value[1]' },
    { what: 'a function in an object', value: { a: [1, { b: () => 1 }] }, path: 'value.a[1].b' },
    { what: 'a date', value: { at: new Date(0) }, path: 'value.at' },
    { what: 'a symbol', value: Symbol('s'), path: 'value' },
    { what: 'NaN', value: [NaN], path: 'value[0]' },
    { what: 'infinity', value: -Infinity, path: 'value' },
    { what: 'a bigint above 2^64 - 1', value: 2n ** 64n, path: 'value' },
    { what: 'a bigint below -2^63', value: -(2n ** 63n) - 1n, path: 'value' },
    { what: 'a Map with a key that is no text', value: new Map([[1, 2]]), path: 'value' },
    { what: 'a Set', value: { set: new Set([1]) }, path: 'value.set' },
    { what: 'half a character', value: { a: '\ud800' }, path: 'value.a' },
    { what: 'half a character as a key', value: { a: { '\udc00': 1 } }, path: 'value.a' },
  ]) {
    test(`cannot be ${what}`, () => {
      assert.throws(
        () => toMsgPack(value),
        (error: Error & { code?: string }) => {
          assert.equal(error.code, 'bad-argument')
          assert.equal(error.message.slice(0, error.message.indexOf(':')), path)
          return true
        },
      )
    })
  }
})

describe('What stands beside a value', () => {
  test('is texts by texts, in the order in which they were given, or nothing (drogulus B2)', () => {
    const meta = toMeta({ b: '1', a: 'ä' })
    assert.deepEqual(
      meta,
      new MsgPackMap([
        [utf8('b'), utf8('1')],
        [utf8('a'), utf8('ä')],
      ]),
    )
    for (const none of [undefined, {}, new Map()]) assert.deepEqual(toMeta(none).entries, [])
    for (const wrong of [
      null,
      'text',
      ['a'],
      { a: 1 },
      { a: undefined },
      new Map([[1, 'a']]),
      { a: '\ud800' },
    ]) {
      assert.throws(() => toMeta(wrong), { code: 'bad-argument', message: /^meta: expected/u })
    }
  })
})

describe('A value that was found', () => {
  test('is told with all that was signed with it', () => {
    const item = {
      ...signed({ name: 'näme', value: 'text', timestamp: 1.5, expires: 4e9 }),
      meta: toMeta({ a: 'b' }),
    }
    assert.deepEqual(foundValue(item), {
      key: toHex(item.key),
      value: 'text',
      text: 'text',
      bytes: utf8('text'),
      publicKey: Buffer.from(item.publicKey).toString(),
      name: 'näme',
      timestamp: 1.5,
      expires: 4e9,
      meta: { a: 'b' },
    })
  })

  test('that never expires has no time at which it does (drogulus B0)', () => {
    for (const expires of [0, -1]) assert.equal(foundValue(signed({ expires })).expires, null)
  })

  test('has as bytes those of a text or of bytes, of anything else its msgpack', () => {
    assert.deepEqual(found(Uint8Array.of(0xff)), {
      ...found(null),
      value: Uint8Array.of(0xff),
      text: null,
      bytes: Uint8Array.of(0xff),
    })
    const list = found([1, utf8('a')])
    assert.deepEqual([list.value, list.text, toHex(list.bytes as never)], [[1, 'a'], null, '9201a161'])
  })

  test('is told also where its name and meta are no text', () => {
    const meta = new MsgPackMap([[Uint8Array.of(0xff), Uint8Array.of(0xfe)]])
    const { name, meta: shown } = foundValue({ ...signed(), name: Uint8Array.of(0x61, 0xff), meta })
    assert.deepEqual([name, shown], ['a\ufffd', { '\ufffd': '\ufffd' }])
  })
})
