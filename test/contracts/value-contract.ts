// What a ValueStore does with sets, order and time. Its bounds are value-bounds-contract.ts's.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Id } from '../../src/kademlia/id.ts'
import { MAX_VALUE_BYTES, type StoredValue } from '../../src/stores/store.ts'
import { infoHash, seededFraction } from './peer-examples.ts'
import type { OpenStore } from './store-contract.ts'
import { bytesOf, textOf, textsOf, value, valuesOf } from './value-examples.ts'

const KEY = infoHash(1)
const STORED = { stored: true }

export function valueContract(open: OpenStore): void {
  sets(open)
  whatIsKept(open)
  refreshes(open)
  reading(open)
  draws(open)
  removal(open)
  expiry(open)
  misuse(open)
}

function sets(open: OpenStore): void {
  test('holds many values under one key, each once, in the order of their first storing', () => {
    const { values } = open()
    assert.deepEqual(textsOf(values, 1), [])
    for (const text of ['b', 'a', 'c', 'a', 'b']) {
      assert.deepEqual(values.store(KEY, value(text)), STORED)
    }
    assert.deepEqual(textsOf(values, 1), ['b', 'a', 'c'])
    assert.deepEqual(values.size, { keys: 1, values: 3, bytes: 3 })
  })

  test('holds one value under two keys twice', () => {
    const { values } = open()
    values.store(KEY, value('same', { at: 1 }))
    values.store(infoHash(2), value('same', { at: 2 }))
    values.withdraw(KEY, bytesOf('same'))
    assert.deepEqual(textsOf(values, 1), [])
    assert.deepEqual(textsOf(values, 2), ['same'])
    assert.deepEqual(values.size, { keys: 1, values: 1, bytes: 4 })
  })

  test('tells values apart by their bytes: the empty one, numbers, what is no text, and the longest', () => {
    const { values } = open()
    const long = 'x'.repeat(MAX_VALUE_BYTES - 1)
    const texts = ['', '0', '00', '1', '4294967295', '\0', '\xff', '\xfe', '\xff\xff', 'é', 'e', '__proto__']
    const all = [...texts, `${long}a`, `${long}b`, long]
    for (const text of all) assert.deepEqual(values.store(KEY, value(text)), STORED)
    assert.deepEqual(textsOf(values, 1), all)
    for (const text of all) values.store(KEY, value(text))
    assert.equal(values.size.values, all.length)
    for (const text of all) values.withdraw(KEY, bytesOf(text))
    assert.deepEqual(values.size, { keys: 0, values: 0, bytes: 0 })
  })

  test('takes keys of 1 to 64 bytes, of which none is the beginning of another', () => {
    const { values } = open()
    const keys = [1, 2, 20, 64].map((length) => new Uint8Array(length).fill(7) as Id)
    for (const key of keys) values.store(key, value(String(key.length)))
    for (const key of keys) {
      const read = values.read(key, { count: 9, since: 0 })
      assert.deepEqual(read.map(textOf), [String(key.length)])
    }
    assert.equal(values.size.keys, 4)
  })
}

function whatIsKept(open: OpenStore): void {
  test('gives back value, source and time as they came', () => {
    const { values } = open()
    const stored = [
      value('a', { source: '10.0.0.7', at: 5 }),
      value('b', { source: '20010db8'.padEnd(32, '0'), at: 6 }),
      value('c', { source: null, at: 7 }),
    ]
    for (const each of stored) values.store(KEY, each)
    assert.deepEqual(
      [...values.all()],
      stored.map((each) => ({ key: new Uint8Array(KEY), ...each })),
    )
  })

  test("keeps copies: neither the caller's bytes nor those it gave out change what is held", () => {
    const { values } = open()
    const [key, bytes, source] = [Buffer.from(KEY), Buffer.from('abc'), Buffer.from([10, 0, 0, 1])]
    values.store(key as Uint8Array as Id, { value: bytes, source, refreshedAt: 1 })
    const before = valuesOf(values)
    for (const each of [key, bytes, source]) each.fill(9)
    const read = values.read(KEY, { count: 1, since: 0 })
    assert.deepEqual(read, [bytesOf('abc')])
    assert.deepEqual(valuesOf(values), before)
  })

  test('goes through everything key by key, also what has expired and was not dropped yet', () => {
    const { values } = open()
    for (const [key, text] of [
      [1, 'a'],
      [2, 'b'],
      [1, 'c'],
      [2, 'd'],
    ] as const) {
      values.store(infoHash(key), value(text, { at: key }))
    }
    assert.equal(values.count(KEY, 9), 0)
    assert.deepEqual(
      Array.from(values.all(), (held) => `${held.key[19]}${textOf(held.value)}`),
      ['1a', '1c', '2b', '2d'],
    )
  })
}

function refreshes(open: OpenStore): void {
  test('refreshes the same value: a later time, the same place among the others', () => {
    const { values } = open()
    for (const [index, text] of ['a', 'b', 'c'].entries()) values.store(KEY, value(text, { at: index }))
    assert.deepEqual(values.store(KEY, value('a', { at: 9 })), STORED)
    assert.deepEqual(textsOf(values, 1), ['a', 'b', 'c'])
    assert.deepEqual(textsOf(values, 1, 2), ['a', 'c'])
    assert.equal(values.expire(9, 10), 2)
    assert.deepEqual(textsOf(values, 1), ['a'])
  })

  test('never goes back in time: an earlier time counts as the latest', () => {
    const { values } = open()
    values.store(KEY, value('a', { at: 50 }))
    values.store(KEY, value('a', { at: 40 }))
    values.store(KEY, value('b', { at: 30 }))
    assert.equal(values.count(KEY, 50), 2)
    assert.equal(values.expire(50, 9), 0)
  })

  test('rounds times to whole ms', () => {
    const { values } = open()
    values.store(KEY, value('a', { at: 1.4 }))
    values.store(KEY, value('b', { at: 1.5 }))
    assert.deepEqual(
      Array.from(values.all(), ({ refreshedAt }) => refreshedAt),
      [1, 2],
    )
  })
}

function reading(open: OpenStore): void {
  const ten = Array.from({ length: 10 }, (_, index) => String(index))

  test('reads at most so many, from the first stored on, and only what was refreshed since', () => {
    const { values } = open()
    for (const [at, text] of ten.entries()) values.store(KEY, value(text, { at }))
    const read = (count: number, since: number): string =>
      values.read(KEY, { count, since }).map(textOf).join('')
    assert.equal(read(3, 0), '012')
    assert.equal(read(3, 4), '456')
    assert.equal(read(99, 4), '456789')
    assert.equal(read(10, 0), '0123456789')
    assert.equal(read(0, 0), '')
    assert.equal(read(9, 9.5), '')
    assert.deepEqual(values.read(infoHash(2), { count: 9, since: 0 }), [])
  })

  test('reads no further than the value with which they have so many bytes, in order or drawn (T9)', () => {
    const { values } = open()
    for (const text of ten) values.store(KEY, value(text.repeat(4)))
    const read = (bytes: number, fraction?: () => number): number =>
      values.read(KEY, { count: 99, since: 0, bytes, ...(fraction && { fraction }) }).length
    for (const [bytes, expected] of [
      [1, 1],
      [4, 1],
      [5, 2],
      [36, 9],
      [37, 10],
      [99, 10],
    ] as const) {
      assert.equal(read(bytes), expected, `${bytes}`)
      let dice = 0
      const fraction = (): number => {
        dice++
        return 0.5
      }
      assert.equal(read(bytes, fraction), expected, `${bytes}`)
      assert.ok(dice <= expected + 1, `${dice} dice for ${expected} values`)
    }
  })

  test('counts what was refreshed since', () => {
    const { values } = open()
    for (const [at, text] of ten.entries()) values.store(KEY, value(text, { at }))
    values.store(KEY, value('3', { at: 20 }))
    const counts = [0, 1, 3, 4, 9, 10, 20, 21].map((since) => values.count(KEY, since))
    assert.deepEqual(counts, [10, 9, 7, 7, 2, 1, 1, 0])
    assert.equal(values.count(infoHash(2), 0), 0)
  })
}

function draws(open: OpenStore): void {
  test('draws with a fraction a random subset without repetition, never of what is older', () => {
    const { values } = open()
    for (let at = 0; at < 20; at++) values.store(KEY, value(String.fromCharCode(65 + at), { at }))
    const fraction = seededFraction(3)
    for (const count of [0, 1, 5, 12, 99]) {
      const drawn = values.read(KEY, { count, since: 8, fraction }).map(textOf)
      assert.equal(drawn.length, Math.min(count, 12))
      assert.equal(new Set(drawn).size, drawn.length)
      assert.ok(drawn.every((text) => text.charCodeAt(0) - 65 >= 8))
    }
    assert.deepEqual(values.read(infoHash(2), { count: 5, since: 0, fraction }), [])
    assert.equal(textsOf(values, 1).join(''), 'ABCDEFGHIJKLMNOPQRST', 'and leaves the order as it was')
  })

  test('gives every value every place in a draw equally often', () => {
    const { values } = open()
    for (const text of 'abcde') values.store(KEY, value(text))
    const fraction = seededFraction(5)
    const times = new Map<string, number>()
    const rounds = 5_000
    for (let round = 0; round < rounds; round++) {
      for (const [place, bytes] of values.read(KEY, { count: 3, since: 0, fraction }).entries()) {
        const what = `${textOf(bytes)} ${place}`
        times.set(what, (times.get(what) ?? 0) + 1)
      }
    }
    assert.equal(times.size, 15)
    // Five standard deviations of a binomial with n = 5,000 and p = 1/5 are 141. The seed is fixed.
    for (const [what, count] of times) assert.ok(Math.abs(count - rounds / 5) < 141, `${what}: ${count}`)
  })
}

function removal(open: OpenStore): void {
  test('withdraws one value, and nothing when it is not held', () => {
    const { values } = open()
    for (const text of ['a', 'b', 'c']) values.store(KEY, value(text))
    values.withdraw(KEY, bytesOf('b'))
    assert.deepEqual(textsOf(values, 1), ['a', 'c'])
    for (const text of ['b', 'd', '', 'x'.repeat(MAX_VALUE_BYTES + 1), 'x'.repeat(1_000_000)])
      values.withdraw(KEY, bytesOf(text))
    values.withdraw(infoHash(2), bytesOf('a'))
    assert.deepEqual(values.size, { keys: 1, values: 2, bytes: 2 })
    for (const text of ['a', 'c']) values.withdraw(KEY, bytesOf(text))
    assert.deepEqual(values.size, { keys: 0, values: 0, bytes: 0 })
  })

  test('puts a value that was withdrawn or has expired, and is stored again, behind the others', () => {
    const { values } = open()
    for (const [at, text] of ['a', 'b', 'c'].entries()) values.store(KEY, value(text, { at }))
    values.expire(1, 9)
    values.withdraw(KEY, bytesOf('b'))
    for (const text of ['b', 'a']) values.store(KEY, value(text, { at: 5 }))
    assert.deepEqual(textsOf(values, 1), ['c', 'b', 'a'])
  })
}

function expiry(open: OpenStore): void {
  test('expires what was refreshed before a time, oldest first, across all keys, at most so many at a call', () => {
    const { values } = open()
    for (let at = 0; at < 12; at++) values.store(infoHash(at % 4), value(String(at), { at }))
    values.store(infoHash(0), value('0', { at: 12 }))
    const held = (): number[] =>
      Array.from(values.all(), (each) => each.refreshedAt).toSorted((a, b) => a - b)
    assert.equal(values.expire(6, 2), 2)
    assert.deepEqual(held(), [3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
    assert.equal(values.expire(6, 99), 3)
    assert.deepEqual(held(), [6, 7, 8, 9, 10, 11, 12])
    assert.equal(values.expire(6, 99), 0)
    assert.equal(values.expire(13, 0), 0)
    assert.equal(values.expire(13, 99), 7)
    assert.deepEqual(values.size, { keys: 0, values: 0, bytes: 0 })
  })

  test('drops a key with its last value, and takes it anew', () => {
    const { values } = open({ valueLimits: { maxKeys: 1 } })
    values.store(KEY, value('a', { at: 1 }))
    assert.equal(values.expire(2, 1), 1)
    assert.deepEqual(values.store(infoHash(2), value('b', { at: 2 })), STORED)
    values.withdraw(infoHash(2), bytesOf('b'))
    assert.deepEqual(values.store(KEY, value('a', { at: 3 })), STORED)
    assert.deepEqual(textsOf(values, 1), ['a'])
  })
}

function misuse(open: OpenStore): void {
  test('throws RangeError for what no key, value, source or time can be, and keeps nothing of it', () => {
    const { values } = open()
    const good = value('a')
    const bad: readonly (readonly [Id, StoredValue, RegExp])[] = [
      [new Uint8Array(0) as Id, good, /1 … 64 bytes, got 0/],
      [new Uint8Array(65) as Id, good, /1 … 64 bytes, got 65/],
      [KEY, value('', { bytes: MAX_VALUE_BYTES + 1 }), /8192 bytes, got 8193/],
      [KEY, { ...good, source: new Uint8Array(5) }, /4 or 16 bytes, got 5/],
      [KEY, { ...good, source: new Uint8Array(0) }, /4 or 16 bytes, got 0/],
      [KEY, { ...good, refreshedAt: Number.NaN }, /refreshedAt.*NaN/],
      [KEY, { ...good, refreshedAt: Number.POSITIVE_INFINITY }, /refreshedAt.*Infinity/],
    ]
    for (const [key, given, message] of bad) {
      assert.throws(
        () => values.store(key, given),
        (error) => error instanceof RangeError && message.test(error.message),
        String(message),
      )
    }
    assert.deepEqual(values.size, { keys: 0, values: 0, bytes: 0 })
    assert.deepEqual(values.store(KEY, good), STORED)
  })
}
