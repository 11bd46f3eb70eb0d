import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { decodeBencode, STORED_VALUE } from '../../../../src/codecs/bencode.ts'
import { XorbitError } from '../../../../src/node/errors.ts'
import {
  bytesOf,
  decodeValue,
  encodeValue,
  textOf,
  type Value,
  type ValueLike,
} from '../../../../src/networks/mainline/items/value.ts'
import { runs } from '../../../property-runs.ts'

const raw = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'))
const shown = (encoded: Uint8Array): string => Buffer.from(encoded).toString('latin1')
const NOT_TEXT = Uint8Array.of(0xff, 0xfe, 0x00)

/** What comes back. */
const again = (value: ValueLike): Value => decodeValue(encodeValue(value))

function refused(value: unknown, message: string | RegExp, code = 'bad-argument'): void {
  assert.throws(() => encodeValue(value as ValueLike), { name: 'XorbitError', code, message })
}

describe('A value in bencode', () => {
  const pairs: [what: string, value: ValueLike, encoded: string, back?: Value][] = [
    ['text', 'Hello World!', '12:Hello World!'],
    ['text beyond ASCII', 'é€🦀', '9:\xc3\xa9\xe2\x82\xac\xf0\x9f\xa6\x80'],
    ['text with a byte order mark', '\ufeffa', '4:\xef\xbb\xbfa'],
    ['empty text', '', '0:'],
    ['bytes', NOT_TEXT, '3:\xff\xfe\x00'],
    ['bytes that are text', raw('abc'), '3:abc', 'abc'],
    ['a Buffer', Buffer.from([0xff]), '1:\xff', Uint8Array.of(0xff)],
    ['a whole number', -42, 'i-42e'],
    ['the largest safe number', 2 ** 53 - 1, 'i9007199254740991e'],
    ['minus zero', -0, 'i0e', 0],
    ['a bigint', 2n ** 63n, 'i9223372036854775808e'],
    ['a small bigint', 7n, 'i7e', 7],
    ['a list', ['a', 1, []], 'l1:ai1elee'],
    ['an object', { b: 1, a: { c: 'd' } }, 'd1:ad1:c1:de1:bi1ee'],
    ['a Map with keys of text', new Map([['a', 1]]), 'd1:ai1ee', { a: 1 }],
    ['a Map with keys of bytes', new Map([[NOT_TEXT, 'x']]), 'd3:\xff\xfe\x001:xe'],
    ['an object without prototype', Object.assign(Object.create(null), { a: 1 }), 'd1:ai1ee', { a: 1 }],
    ['an updatable torrent (BEP 46)', { ih: new Uint8Array(20).fill(0xc0) }, `d2:ih20:${'\xc0'.repeat(20)}e`],
  ]
  for (const [what, value, encoded, back] of pairs) {
    test(`is ${what}`, () => {
      assert.equal(shown(encodeValue(value)), encoded)
      assert.deepEqual(decodeValue(raw(encoded)), back ?? value)
    })
  }

  test('becomes a Map when a key is no text, and then all keys are bytes', () => {
    const map = decodeValue(raw('d1:a1:x1:\xff1:ye'))
    assert.deepEqual(
      map,
      new Map([
        [raw('a'), 'x'],
        [Uint8Array.of(0xff), 'y'],
      ]),
    )
  })

  test('has keys that are only keys (K-14)', () => {
    const back = decodeValue(raw('d9:__proto__d1:ai1ee11:constructori2ee')) as Record<string, Value>
    assert.deepEqual(Object.keys(back), ['__proto__', 'constructor'])
    assert.equal(Object.getPrototypeOf(back), Object.prototype)
    assert.equal(back['a'], undefined)
    assert.equal(shown(encodeValue(back)), 'd9:__proto__d1:ai1ee11:constructori2ee')
    const parsed = JSON.parse('{"__proto__":[],"x":true}') as ValueLike
    assert.deepEqual(again(parsed), parsed)
  })

  test('holds copies of bytes, which are no Buffers', () => {
    const encoded = Buffer.from('3:\xff\xfe\xfd', 'latin1')
    const value = decodeValue(encoded) as Uint8Array
    const content = bytesOf(encoded)!
    encoded.fill(0)
    for (const bytes of [value, content]) {
      assert.deepEqual(bytes, Uint8Array.of(0xff, 0xfe, 0xfd))
      assert.equal(Object.getPrototypeOf(bytes), Uint8Array.prototype)
    }
  })
})

describe('A value that bencode has no form for', () => {
  const carried: [what: string, value: ValueLike, text: string][] = [
    ['null', null, 'null'],
    ['true', true, 'true'],
    ['a fraction', 0.5, '0.5'],
    ['a number beyond 2^53', 2 ** 53, '9007199254740992'],
    ['an object with one of them inside', { b: ['x', { c: false }], a: 1 }, '{"b":["x",{"c":false}],"a":1}'],
    ['text with half a surrogate pair', '\ud800', '"\\ud800"'],
    ['a key with half a surrogate pair', { '\udc00': 1 }, '{"\\udc00":1}'],
    ['an object of the sole key json', { json: '1' }, '{"json":"1"}'],
    ['an object of the sole key json that holds no JSON', { json: 'x' }, '{"json":"x"}'],
  ]
  for (const [what, value, text] of carried) {
    test(`travels as JSON: ${what}`, () => {
      assert.equal(shown(encodeValue(value)), `d4:json${text.length}:${text}e`)
      assert.deepEqual(again(value), value)
    })
  }

  test('travels as JSON when it is deeper than nodes look (K-12)', () => {
    const nested = (levels: number): ValueLike =>
      JSON.parse(`${'['.repeat(levels)}${']'.repeat(levels)}`) as ValueLike
    assert.equal(shown(encodeValue(nested(32))), `${'l'.repeat(32)}${'e'.repeat(32)}`)
    assert.match(shown(encodeValue(nested(33))), /^d4:json66:\[/)
    assert.deepEqual(again(nested(400)), nested(400))
  })

  test('is not mistaken for JSON when json is one of two keys, or no text', () => {
    for (const value of [{ json: '1', a: 1 }, { json: 1 }, { json: NOT_TEXT }, [{ json: '1' }]]) {
      assert.doesNotMatch(shown(encodeValue(value)), /"json"/)
      assert.deepEqual(again(value), value)
    }
  })

  test('is not mistaken for JSON when the sole key json holds bytes that are text', () => {
    assert.deepEqual(again({ json: raw('[1]') }), { json: '[1]' })
    assert.deepEqual(again(new Map([[raw('json'), '[1]']])), { json: '[1]' })
  })

  test("is somebody else's dictionary when its json is none, or holds no finite number", () => {
    for (const text of ['hello', '', '{"a":1', '[1e999]', '{"a":-1e999}']) {
      const back = decodeValue(raw(`d4:json${text.length}:${text}e`))
      assert.deepEqual(back, { json: text })
      assert.deepEqual(again(back), back)
    }
  })
})

describe('What is no value', () => {
  const allowed = 'expected null, a boolean, number, bigint, string, Uint8Array, array, Map or plain object'
  const inside: unknown[] = []
  inside.push({ self: inside })
  const wrong: [what: string, value: unknown, message: string][] = [
    ['undefined', undefined, `value: ${allowed}, got undefined`],
    ['undefined inside', { a: [1, undefined] }, `value.a[1]: ${allowed}, got undefined`],
    ['a hole', { a: Array.from({ length: 1 }) }, `value.a[0]: ${allowed}, got undefined`],
    ['a function', { 'a b': () => 1 }, `value["a b"]: ${allowed}, got a function`],
    ['a symbol', [Symbol.iterator], `value[0]: ${allowed}, got a symbol`],
    ['NaN', { x: Number.NaN }, `value.x: ${allowed}, got NaN`],
    ['Infinity', -Infinity, `value: ${allowed}, got -Infinity`],
    ['a Date', { at: new Date(0) }, `value.at: ${allowed}, got a Date`],
    ['a Set', new Set(), `value: ${allowed}, got a Set`],
    ['other views of memory', [new Uint16Array(1)], `value[0]: ${allowed}, got a Uint16Array`],
    ['a cycle', inside, `value[0].self: ${allowed}, got a value that is inside itself`],
    ['a Map with numbers for keys', new Map([[1, 2]]), 'value: expected keys of text or bytes, got 1'],
    [
      'bytes beside true',
      { photo: [NOT_TEXT], ok: true },
      'value.photo[0]: bytes cannot be in one value with true, which is at value.ok and needs JSON',
    ],
    [
      'a bigint beside a fraction',
      { a: 0.5, b: 1n },
      'value.b: a bigint cannot be in one value with 0.5, which is at value.a and needs JSON',
    ],
    [
      'null in a Map',
      new Map([[NOT_TEXT, null]]),
      'value: a Map cannot be in one value with null, which is at value["<3 bytes>"] and needs JSON',
    ],
  ]
  for (const [what, value, message] of wrong) test(`is refused: ${what}`, () => refused(value, message))

  test('is refused: two keys of a Map that are the same bytes', () =>
    refused(
      new Map<unknown, unknown>([
        ['a', 1],
        [raw('a'), 2],
      ]),
      /^value: .*second entry of the same key/,
    ))

  test('is not the same thing twice beside itself', () => {
    const twice = { a: 1 }
    assert.deepEqual(again([twice, twice]), [twice, twice])
  })
})

describe('A value that is too large', () => {
  test('has more than 1000 bytes encoded (B44-05)', () => {
    assert.equal(encodeValue('x'.repeat(996)).length, 1000)
    refused('x'.repeat(997), 'value: 1001 bytes encoded, at most 1000', 'too-large')
    refused(new Uint8Array(5000), 'value: 5005 bytes encoded, at most 1000', 'too-large')
    refused(
      Array.from({ length: 600 }, () => 1),
      'value: 1802 bytes encoded, at most 1000',
      'too-large',
    )
  })

  test('counts the JSON that carries it', () => {
    assert.equal(encodeValue([true, 'x'.repeat(979)]).length, 1000)
    refused([true, 'x'.repeat(980)], 'value: 1001 bytes encoded, at most 1000', 'too-large')
    refused({ json: 'x'.repeat(980) }, 'value: 1003 bytes encoded, at most 1000', 'too-large')
  })

  test('is told without counting when it is endless: many levels, or one part in many places', () => {
    let deep: unknown[] = []
    for (let level = 0; level < 100_000; level++) deep = [deep]
    refused(deep, 'value: more than 1000 bytes encoded', 'too-large')
    let wide: unknown[] = []
    for (let level = 0; level < 30; level++) wide = [wide, wide]
    refused(wide, 'value: more than 1000 bytes encoded', 'too-large')
  })
})

describe('Bytes that are no canonical bencode', () => {
  for (const text of ['', 'i03e', '5:abc', 'd1:b0:1:a0:e', '1:ab', `${'l'.repeat(33)}${'e'.repeat(33)}`]) {
    test(`are refused: ${JSON.stringify(text.slice(0, 20))} (B44-07)`, () => {
      for (const read of [decodeValue, textOf, bytesOf]) {
        assert.throws(() => read(raw(text)), {
          code: 'bad-argument',
          message: /^encoded: expected canonical/,
        })
      }
    })
  }
})

describe('The content of an encoded value', () => {
  test('is text and bytes of a byte string, and of nothing else', () => {
    assert.equal(textOf(raw('3:abc')), 'abc')
    assert.deepEqual(bytesOf(raw('3:abc')), raw('abc'))
    assert.equal(textOf(raw('1:\xff')), null)
    assert.deepEqual(bytesOf(raw('1:\xff')), Uint8Array.of(0xff))
    for (const other of ['i1e', 'l1:ae', 'de', 'd4:json1:1e']) {
      assert.equal(textOf(raw(other)), null)
      assert.equal(bytesOf(raw(other)), null)
    }
  })
})

/** Runs a property on values that are small enough. */
function roundTrips(value: ValueLike, check: (encoded: Uint8Array) => void): void {
  let encoded: Uint8Array
  try {
    encoded = encodeValue(value)
  } catch (error) {
    assert.ok(error instanceof XorbitError && error.code === 'too-large', String(error))
    return fc.pre(false)
  }
  check(encoded)
}

describe('Every value', () => {
  test('of JSON comes back the same', () => {
    const json = fc.oneof(
      fc.jsonValue({ maxDepth: 4, stringUnit: 'binary' }),
      fc.dictionary(fc.constantFrom('json', '__proto__', 'constructor', ''), fc.jsonValue({ maxDepth: 1 }), {
        noNullPrototype: true,
      }),
      fc.record({ json: fc.json() }, { noNullPrototype: true }),
    )
    fc.assert(
      fc.property(json, (value) => {
        const expected = JSON.parse(JSON.stringify(value)) as ValueLike
        roundTrips(expected, (encoded) => {
          assert.deepEqual(decodeValue(encoded), expected)
          decodeBencode(encoded, STORED_VALUE)
        })
      }),
      runs(2000),
    )
  })

  test('of bencode comes back the same, and encodes to the same bytes', () => {
    const bytes = fc.uint8Array({ maxLength: 12 }).filter((content) => !isText(content))
    const key = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 4 }), fc.constantFrom('json', '__proto__'))
    const { value } = fc.letrec<{ value: ValueLike }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4, withCrossShrink: true },
        fc.string({ unit: 'grapheme' }),
        fc.maxSafeInteger(),
        bytes,
        fc.bigInt().filter((number) => !Number.isSafeInteger(Number(number))),
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(key, tie('value'), { maxKeys: 4, noNullPrototype: true }),
        fc
          .uniqueArray(fc.tuple(bytes, tie('value')), {
            minLength: 1,
            maxLength: 3,
            selector: ([k]) => k.toHex(),
          })
          .map((entries) => new Map(entries)),
      ),
    }))
    fc.assert(
      fc.property(value, (each) => {
        roundTrips(each, (encoded) => {
          const back = decodeValue(encoded)
          assert.deepEqual(back, each)
          assert.deepEqual(encodeValue(back), encoded)
        })
      }),
      runs(2000),
    )
  })
})

function isText(bytes: Uint8Array): boolean {
  return Buffer.from(Buffer.from(bytes).toString('utf8'), 'utf8').equals(bytes)
}
