// The bounds of a ValueStore: each at its edge, what it refuses, and what a flood can and cannot do. Threat T12.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defaultValueLimits, type ValueLimits } from '../../src/stores/memory-values.ts'
import type { ValueStore } from '../../src/stores/store.ts'
import { infoHash } from './peer-examples.ts'
import { numberedIp } from './record-examples.ts'
import type { OpenStore } from './store-contract.ts'
import { bytesOf, textsOf, value, valuesOf } from './value-examples.ts'

const KEY = infoHash(1)
const STORED = { stored: true }
const refused = (why: string): { stored: false; why: string } => ({ stored: false, why })

type Limited = (limits: Partial<ValueLimits>) => ValueStore

export function valueBoundsContract(open: OpenStore): void {
  // With these limits and the defaults of all others.
  const limited: Limited = (valueLimits) => open({ valueLimits }).values
  edges(limited)
  sources(open, limited)
  moving(limited)
  floods(open)
}

function edges(limited: Limited): void {
  test('refuses a key too many, and still takes values of the keys it has', () => {
    const values = limited({ maxKeys: 2 })
    values.store(infoHash(1), value('a'))
    values.store(infoHash(2), value('a'))
    assert.deepEqual(values.store(infoHash(3), value('a')), refused('too-many-keys'))
    assert.deepEqual(values.store(infoHash(2), value('b')), STORED)
    assert.deepEqual(values.size, { keys: 2, values: 3, bytes: 3 })
  })

  test('refuses a value too many of one key, and still takes those of others', () => {
    const values = limited({ maxValuesPerKey: 2 })
    values.store(KEY, value('a'))
    values.store(KEY, value('b'))
    assert.deepEqual(values.store(KEY, value('c')), refused('key-full'))
    assert.deepEqual(values.store(infoHash(2), value('c')), STORED)
    assert.deepEqual(textsOf(values, 1), ['a', 'b'])
  })

  test('a full store refuses newcomers, still refreshes what it holds, and takes others when there is room', () => {
    const values = limited({ maxValues: 3 })
    for (const [at, text] of ['a', 'b', 'c'].entries()) values.store(infoHash(at), value(text, { at }))
    const before = valuesOf(values)
    assert.deepEqual(values.store(KEY, value('d')), refused('too-many-values'))
    assert.deepEqual(values.store(KEY, value('d', { source: null })), refused('too-many-values'))
    assert.deepEqual(valuesOf(values), before)
    assert.deepEqual(values.store(infoHash(0), value('a', { at: 9 })), STORED)
    assert.equal(values.expire(2, 9), 1)
    assert.deepEqual(values.store(KEY, value('d')), STORED)
  })

  test('bytes are bounded too, exactly, and a value of none fits when all are taken', () => {
    const values = limited({ maxBytes: 100 })
    values.store(KEY, value('a', { bytes: 60 }))
    assert.deepEqual(values.store(KEY, value('b', { bytes: 41 })), refused('too-many-bytes'))
    assert.deepEqual(values.store(KEY, value('b', { bytes: 40 })), STORED)
    assert.deepEqual(values.store(KEY, value('c')), refused('too-many-bytes'))
    assert.deepEqual(values.store(KEY, value('')), STORED)
    assert.deepEqual(values.store(KEY, value('b', { bytes: 40 })), STORED)
    assert.deepEqual(values.size, { keys: 1, values: 3, bytes: 100 })
    values.withdraw(KEY, bytesOf('b'.padEnd(40, '.')))
    assert.deepEqual(values.store(KEY, value('c', { bytes: 40 })), STORED)
  })
}

function sources(open: OpenStore, limited: Limited): void {
  test('an IP and a prefix have their share of values, whatever the keys (T12)', () => {
    const values = limited({ maxPerIp: 2, maxPerPrefix: 3 })
    assert.deepEqual(values.store(infoHash(1), value('a')), STORED)
    assert.deepEqual(values.store(infoHash(2), value('a')), STORED)
    assert.deepEqual(values.store(infoHash(3), value('a')), refused('too-many-from-ip'))
    assert.deepEqual(values.store(KEY, value('b')), refused('too-many-from-ip'))
    assert.deepEqual(values.store(KEY, value('b', { source: '10.0.0.2' })), STORED)
    assert.deepEqual(values.store(KEY, value('c', { source: '10.0.0.3' })), refused('too-many-from-prefix'))
    assert.deepEqual(values.store(KEY, value('c', { source: '10.0.1.3' })), STORED)
  })

  test('a prefix has its share of one key, so that nobody fills it alone (T12)', () => {
    const values = limited({ maxPerKeyAndPrefix: 2 })
    assert.deepEqual(values.store(KEY, value('a')), STORED)
    assert.deepEqual(values.store(KEY, value('b', { source: '10.0.0.2' })), STORED)
    assert.deepEqual(values.store(KEY, value('c', { source: '10.0.0.3' })), refused('too-many-from-prefix'))
    assert.deepEqual(values.store(KEY, value('a', { source: '10.0.0.3' })), STORED, 'a refresh')
    assert.deepEqual(values.store(KEY, value('c', { source: '10.0.1.3' })), STORED)
    assert.deepEqual(values.store(KEY, value('d', { source: null })), STORED, 'our own')
    assert.deepEqual(values.store(infoHash(9), value('d')), STORED, 'another key')
  })

  test('and their share of bytes (T12)', () => {
    const values = limited({ maxBytesPerIp: 20, maxBytesPerPrefix: 30 })
    const [other, distant] = ['10.0.0.2', '10.0.1.1']
    assert.deepEqual(values.store(KEY, value('a', { bytes: 20 })), STORED)
    assert.deepEqual(values.store(KEY, value('b')), refused('too-many-from-ip'))
    const tooLong = value('b', { bytes: 11, source: other })
    assert.deepEqual(values.store(KEY, tooLong), refused('too-many-from-prefix'))
    assert.deepEqual(values.store(KEY, value('b', { bytes: 10, source: other })), STORED)
    assert.deepEqual(values.store(KEY, value('c', { bytes: 20, source: distant })), STORED)
  })

  test('an IPv6 /64 counts as one IP, a /48 as its prefix', () => {
    const values = limited({ maxPerIp: 2, maxPerPrefix: 3 })
    const store = (text: string, net: number): unknown => {
      const source = `20010db80000000${net}${text.charCodeAt(0).toString(16).padStart(16, '0')}`
      return values.store(KEY, value(text, { source }))
    }
    assert.deepEqual(store('a', 1), STORED)
    assert.deepEqual(store('b', 1), STORED)
    assert.deepEqual(store('c', 1), refused('too-many-from-ip'))
    assert.deepEqual(store('c', 2), STORED)
    assert.deepEqual(store('d', 3), refused('too-many-from-prefix'))
  })

  test('our own values count in no share, and with them only the whole is bounded', () => {
    const values = limited({ maxPerIp: 1, maxPerPrefix: 1, maxBytesPerIp: 10, maxValues: 5 })
    for (const text of ['a', 'b', 'c', 'd']) {
      assert.deepEqual(values.store(KEY, value(text, { source: null, bytes: 99 })), STORED)
    }
    assert.deepEqual(values.store(KEY, value('e')), STORED)
    assert.deepEqual(values.store(KEY, value('f', { source: null })), refused('too-many-values'))
  })

  test('a private network has no shares', () => {
    const { values } = open({ unlimitedPerIp: true })
    for (let i = 0; i < 2 * defaultValueLimits.maxPerPrefix; i++) {
      assert.deepEqual(values.store(infoHash(i % 100), value(`${i}`, { bytes: 500 })), STORED)
    }
  })
}

function moving(limited: Limited): void {
  const [a, b] = ['10.0.0.1', '10.0.1.1']
  const sourcesOf = (values: ValueStore): string[] =>
    Array.from(values.all(), ({ source }) => (source === null ? 'ours' : source.join('.')))

  test('what expires or is withdrawn is given back to its source', () => {
    const values = limited({ maxPerIp: 2 })
    values.store(KEY, value('a', { at: 1 }))
    values.store(KEY, value('b', { at: 2 }))
    assert.deepEqual(values.store(KEY, value('c', { at: 2 })), refused('too-many-from-ip'))
    assert.equal(values.expire(2, 9), 1)
    assert.deepEqual(values.store(KEY, value('c', { at: 2 })), STORED)
    values.withdraw(KEY, bytesOf('b'))
    assert.deepEqual(values.store(KEY, value('d', { at: 2 })), STORED)
    assert.deepEqual(values.store(KEY, value('e', { at: 2 })), refused('too-many-from-ip'))
  })

  test('a value counts for who brought it last', () => {
    const values = limited({ maxPerIp: 1, maxPerPrefix: 1 })
    values.store(KEY, value('a', { source: a }))
    values.store(KEY, value('a', { source: b }))
    assert.deepEqual(sourcesOf(values), [b])
    assert.deepEqual(values.store(KEY, value('b', { source: b })), refused('too-many-from-ip'))
    assert.deepEqual(values.store(KEY, value('b', { source: a })), STORED)
    values.store(KEY, value('c', { source: null }))
    values.expire(2_000, 1)
    values.store(KEY, value('c', { source: b }))
    assert.deepEqual(sourcesOf(values), [a, b])
  })

  test('but not for ourselves where others brought it, for we may take back what is ours', () => {
    const values = limited({})
    values.store(KEY, value('a', { source: a, at: 1 }))
    values.store(KEY, value('b', { source: null, at: 1 }))
    values.store(KEY, value('a', { source: null, at: 2 }))
    assert.deepEqual(sourcesOf(values), [a, 'ours'])
    assert.equal(values.count(KEY, 2), 1)
    const texts = ['a', 'b', 'c', 'x'.repeat(100_000)]
    assert.deepEqual(
      texts.map((text) => values.isOurs(KEY, bytesOf(text))),
      [false, true, false, false],
    )
    values.store(KEY, value('b', { source: b }))
    assert.equal(values.isOurs(KEY, bytesOf('b')), false)
  })

  test('but is refreshed, and counts as before, where its new source has no room', () => {
    for (const limits of [
      { maxPerIp: 1 },
      { maxPerPrefix: 1 },
      { maxBytesPerIp: 1 },
      { maxBytesPerPrefix: 1 },
    ]) {
      const values = limited(limits)
      values.store(KEY, value('a', { source: a }))
      values.store(KEY, value('b', { source: b }))
      values.store(KEY, value('c', { source: null }))
      for (const text of ['a', 'c']) {
        assert.deepEqual(values.store(KEY, value(text, { source: b, at: 2_000 })), STORED)
      }
      assert.deepEqual(sourcesOf(values), [a, b, 'ours'])
      assert.equal(values.count(KEY, 2_000), 2)
      values.withdraw(KEY, bytesOf('a'))
      assert.deepEqual(values.store(KEY, value('d', { source: a })), STORED)
    }
  })

  test('and moves within one prefix that is full', () => {
    const values = limited({ maxPerPrefix: 2 })
    values.store(KEY, value('a', { source: '10.0.0.1' }))
    values.store(KEY, value('b', { source: '10.0.0.2' }))
    values.store(KEY, value('a', { source: '10.0.0.3' }))
    assert.deepEqual(sourcesOf(values), ['10.0.0.3', '10.0.0.2'])
    assert.deepEqual(values.store(KEY, value('c', { source: '10.0.0.1' })), refused('too-many-from-prefix'))
  })
}

function floods(open: OpenStore): void {
  test('a flood of one /24 stays below its share of values and bytes, and all others are served (T12)', () => {
    const { values } = open()
    const honest = 500
    for (let key = 0; key < honest; key++) {
      values.store(infoHash(key), value('honest', { source: numberedIp(0x0b_00_00_01 + (key << 8)) }))
    }
    for (let i = 0; i < 20_000; i++) {
      // Small ones first, then large ones.
      const bytes = i < 10_000 ? 10 : 8_000
      const source = numberedIp(0x0a_00_00_00 + (i % 256))
      values.store(infoHash(i % 1_000), value(`${i}`, { bytes, source }))
    }
    const { maxPerPrefix, maxBytesPerPrefix } = defaultValueLimits
    const { values: held, bytes } = values.size
    assert.equal(held, honest + maxPerPrefix)
    assert.ok(bytes <= 6 * honest + maxBytesPerPrefix, String(bytes))
    for (let key = 0; key < honest; key++) assert.equal(textsOf(values, key)[0], 'honest')
    assert.deepEqual(values.store(KEY, value('late', { source: '12.0.0.1' })), STORED)
  })
}
