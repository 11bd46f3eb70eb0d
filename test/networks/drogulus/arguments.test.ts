// What users give to a drogulus node: keys, names, times, queries; and what is refused, with what is allowed.
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { describe, test } from 'node:test'
import { asId, toHex } from '../../../src/kademlia/id.ts'
import {
  MAX_NAME_BYTES,
  toExpires,
  toKey,
  toName,
  toPublicKey,
  toQuery,
} from '../../../src/networks/drogulus/arguments.ts'
import { simulatedKeyPairs } from '../../../src/simulator/drogulus-keys.ts'
import { START, SECOND, utf8 } from './answering.ts'

const KEY = asId(new Uint8Array(64).fill(7))

/** As programs without types may give it. */
const given = <T>(value: unknown): T => value as T

describe('A key of drogulus', () => {
  test('is 64 bytes or 128 hex digits, and is copied (drogulus B3)', () => {
    const bytes = Buffer.from(KEY)
    const key = toKey('key', bytes)
    bytes[0] = 0
    assert.deepEqual(key, KEY)
    for (const digits of [toHex(KEY), toHex(KEY).toUpperCase()]) assert.deepEqual(toKey('key', digits), KEY)
  })

  for (const wrong of [
    '',
    'ab',
    'zz'.repeat(64),
    new Uint8Array(63),
    new Uint8Array(20),
    7,
    null,
    undefined,
  ]) {
    test(`is not ${wrong instanceof Uint8Array ? `${wrong.length} bytes` : JSON.stringify(wrong)}`, () => {
      assert.throws(() => toKey('target', given(wrong)), {
        code: 'bad-argument',
        message: /^target: expected .*128 hex digits/u,
      })
    })
  }
})

describe('A public key', () => {
  test('is PEM text of RSA, white space around allowed (drogulus B3)', () => {
    const { publicKey } = simulatedKeyPairs[0]!
    for (const text of [publicKey, ` ${publicKey}\n`]) assert.equal(toPublicKey(text), text)
  })

  const ed25519 = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }).toString()
  for (const [what, wrong] of [
    ['empty', ''],
    ['the hex digits of mainline', 'ab'.repeat(32)],
    ['of another kind', ed25519],
    ['bytes', new Uint8Array(32)],
    ['nothing', undefined],
  ] as const) {
    test(`is not ${what}, under which nobody could ever find anything (drogulus B3)`, () => {
      assert.throws(() => toPublicKey(wrong), {
        code: 'bad-argument',
        message: /^publicKey: expected an RSA public key as PEM text, got /,
      })
    })
  }
})

describe('A name', () => {
  test('is text as its UTF-8, or bytes, which are copied; it may be empty (drogulus B3)', () => {
    assert.deepEqual(toName('ä'), Uint8Array.of(0xc3, 0xa4))
    assert.deepEqual(toName(''), new Uint8Array(0))
    const bytes = Buffer.from([0xff, 0])
    const name = toName(bytes)
    bytes[0] = 0
    assert.deepEqual(name, Uint8Array.of(0xff, 0))
  })

  test('has at most 1024 bytes', () => {
    assert.equal(MAX_NAME_BYTES, 1_024)
    assert.equal(toName('x'.repeat(1_024)).length, 1_024)
    assert.equal(toName(`${'x'.repeat(1_022)}ä`).length, 1_024)
    for (const wrong of ['x'.repeat(1_025), `${'x'.repeat(1_023)}ä`, new Uint8Array(1_025)]) {
      assert.throws(() => toName(wrong), { code: 'bad-argument', message: /^name: .*at most 1024 bytes/u })
    }
  })

  for (const wrong of [null, undefined, 5, ['a'], {}, '\ud800']) {
    test(`is not ${JSON.stringify(wrong) ?? 'undefined'}`, () => {
      assert.throws(() => toName(wrong), {
        code: 'bad-argument',
        message: /^name: expected Unicode text or bytes/u,
      })
    })
  }
})

describe('When a value expires', () => {
  test('is a date, or seconds since 1970 with their fraction', () => {
    assert.equal(toExpires(new Date(START + 1_500), START), START / SECOND + 1.5)
    assert.equal(toExpires(START / SECOND + 0.5, START), START / SECOND + 0.5)
  })

  test('is never where nothing is said, or 0 or less (drogulus B0, B9)', () => {
    for (const never of [undefined, null, 0, -0, -1, -1e9]) assert.equal(toExpires(never, START), -1)
  })

  test('is not past', () => {
    for (const past of [START / SECOND, 1, new Date(START), new Date(1), new Date(0)]) {
      assert.throws(() => toExpires(past, START), {
        code: 'bad-argument',
        message: /^expires: expected a time to come/u,
      })
    }
  })

  for (const { what, wrong } of [
    { what: 'text', wrong: 'tomorrow' },
    { what: 'NaN', wrong: NaN },
    { what: 'infinity, which is said otherwise', wrong: Infinity },
    { what: 'a date that is none', wrong: new Date(NaN) },
    { what: 'an object', wrong: {} },
    { what: 'true', wrong: true },
    { what: 'a bigint', wrong: 5n },
  ]) {
    test(`is not ${what}`, () => {
      assert.throws(() => toExpires(wrong, START), {
        code: 'bad-argument',
        message: /^expires: expected a date, or seconds since 1970/u,
      })
    })
  }
})

describe('A query', () => {
  test('is a ping, a findnode or a findvalue of a node that can read any port (drogulus B0, B4)', () => {
    assert.deepEqual(toQuery({ method: 'ping' }), { method: 'ping' })
    for (const method of ['findnode', 'findvalue'] as const) {
      assert.deepEqual(toQuery({ method, key: toHex(KEY) }), { method, key: KEY, anyPort: true })
    }
  })

  test('of another method, or without its key, is refused by name', () => {
    for (const wrong of [null, undefined, 'ping', 5]) {
      assert.throws(() => toQuery(given(wrong)), {
        code: 'bad-argument',
        message: /^query: expected an object/u,
      })
    }
    for (const method of ['store', 'find_node', '', undefined, utf8('ping')]) {
      assert.throws(() => toQuery(given({ method })), {
        code: 'bad-argument',
        message: /^method: expected ping, findnode or findvalue/u,
      })
    }
    assert.throws(() => toQuery(given({ method: 'findnode' })), {
      code: 'bad-argument',
      message: /^key: expected/u,
    })
  })
})
