// What users give to a khashmir node: values, keys of any length, queries; and what is refused, with the limit that it hit.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { asId, toHex } from '../../../src/kademlia/id.ts'
import { normaliseKey, toQuery, toValue } from '../../../src/networks/khashmir/arguments.ts'
import { METHODS } from '../../../src/networks/khashmir/messages.ts'
import { createWire } from '../../../src/networks/khashmir/wire.ts'

const KEY = asId(new Uint8Array(20).fill(7))

/** As programs without types may give it. */
const given = <T>(value: unknown): T => value as T

describe('A value for khashmir', () => {
  test('is bytes, or text as UTF-8, and is copied', () => {
    assert.deepEqual(toValue('ä'), Uint8Array.of(0xc3, 0xa4))
    assert.deepEqual(toValue(''), new Uint8Array(0))
    const bytes = Buffer.from('value')
    const value = toValue(bytes)
    bytes[0] = 0
    assert.equal(Buffer.from(value).toString(), 'value')
  })

  test('has at most 1319 bytes, with which its store_value is one datagram of 1472', () => {
    const longest = toValue(new Uint8Array(1_319))
    const wire = createWire({
      ownId: () => KEY,
      methods: () => METHODS.write,
      anyTransaction: false,
      anonymous: () => false,
    })
    const query = { method: 'store_value', key: KEY, value: longest, token: new Uint8Array(20) } as const
    const to = { host: '1.2.3.4', port: 1, id: null }
    assert.equal(wire.encodeQuery(query, new Uint8Array(20), to).length, 1_472)
    for (const tooLong of [new Uint8Array(1_320), 'x'.repeat(1_320), `${'x'.repeat(1_318)}ä`]) {
      assert.throws(() => toValue(tooLong), {
        name: 'XorbitError',
        code: 'too-large',
        message: /^value: expected at most 1319 bytes.*got 1320 bytes$/u,
        details: { bytes: 1_320, limit: 1_319 },
      })
    }
    assert.equal(toValue(`${'x'.repeat(1_317)}ä`).length, 1_319)
  })

  for (const wrong of [1_319, null, undefined, ['bytes'], { length: 3 }, new ArrayBuffer(3)]) {
    test(`is not ${JSON.stringify(wrong) ?? 'undefined'}`, () => {
      assert.throws(() => toValue(wrong), {
        code: 'bad-argument',
        message: /^value: expected text or bytes/u,
      })
    })
  }
})

describe('A key of any length', () => {
  for (const { what, key, is } of [
    { what: 'of 20 bytes stays', key: new Uint8Array(20).fill(1), is: '01'.repeat(20) },
    { what: 'that is longer is cut', key: new Uint8Array(32).fill(2), is: '02'.repeat(20) },
    { what: 'that is shorter is filled up with zero bytes', key: 'ab', is: `6162${'00'.repeat(18)}` },
    { what: 'that is empty is all zero', key: '', is: '00'.repeat(20) },
    {
      what: 'of text counts as its UTF-8 bytes',
      key: `${'x'.repeat(19)}ä`,
      is: `${'78'.repeat(19)}c3`,
    },
  ]) {
    test(`${what} (khashmir A8)`, () => {
      assert.equal(toHex(normaliseKey(key)), is)
    })
  }

  test('is copied, and is text or bytes', () => {
    const bytes = Buffer.alloc(20, 5)
    const key = normaliseKey(bytes)
    bytes.fill(0)
    assert.equal(toHex(key), '05'.repeat(20))
    for (const wrong of [7, null, undefined, [1, 2]]) {
      assert.throws(() => normaliseKey(given(wrong)), { code: 'bad-argument', message: /^key: /u })
    }
  })
})

describe('A query that a user writes for khashmir', () => {
  test('takes keys and targets as bytes or hex, and all values where num is not given', () => {
    assert.deepEqual(toQuery({ method: 'find_node', target: toHex(KEY) }), {
      method: 'find_node',
      target: KEY,
    })
    assert.deepEqual(toQuery({ method: 'get_value', key: KEY }), { method: 'get_value', key: KEY, num: 0 })
    const token = Uint8Array.of(1)
    assert.deepEqual(toQuery({ method: 'store_value', key: KEY, value: 'x', token }), {
      method: 'store_value',
      key: KEY,
      value: Uint8Array.of(0x78),
      token,
    })
  })

  test('of ping or join has nothing beside', () => {
    assert.deepEqual(toQuery(given({ method: 'ping', target: 7 })), { method: 'ping' })
    assert.deepEqual(toQuery({ method: 'join' }), { method: 'join' })
  })

  for (const [query, says] of [
    [null, /^query: /u],
    ['ping', /^query: /u],
    [{}, /^method: .*find_node.*got undefined/u],
    [{ method: 'get_peers' }, /^method: .*got "get_peers"/u],
    [{ method: 'toString' }, /^method: /u],
    [{ method: 'find_node' }, /^target: /u],
    [{ method: 'find_value', key: 'c1' }, /^key: .*40 hex digits/u],
    [{ method: 'get_value', key: KEY, num: -1 }, /^num: .*got -1/u],
    [{ method: 'get_value', key: KEY, num: 1.5 }, /^num: /u],
    [{ method: 'get_value', key: KEY, num: '3' }, /^num: /u],
    [{ method: 'store_value', key: KEY, value: 7, token: KEY }, /^value: /u],
    [{ method: 'store_value', key: KEY, value: 'x' }, /^token: /u],
    [{ method: 'store_value', key: KEY, value: 'x', token: new Uint8Array(65) }, /^token: .*64 bytes/u],
  ] as const) {
    test(`is refused when it is ${JSON.stringify(query)?.slice(0, 60)}`, () => {
      assert.throws(() => toQuery(given(query)), { name: 'XorbitError', code: 'bad-argument', message: says })
    })
  }
})
