// The bounds of a RecordStore: each at its edge, what it refuses, and what a flood can and cannot do. Threat T12.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defaultRecordLimits, type RecordLimits } from '../../src/stores/record-room.ts'
import { MAX_RECORD_BYTES, MAX_SEEN, MAX_TOMBSTONES, type Store } from '../../src/stores/store.ts'
import { infoHash } from './peer-examples.ts'
import { ip, newestOf, numberedIp, record, recordsOf, servedOf, versionOf } from './record-examples.ts'
import type { OpenStore } from './store-contract.ts'

const STORED = { stored: true }
const refused = (why: string): { stored: false; why: string } => ({ stored: false, why })

const V6 = '20010db80000'

export function recordBoundsContract(open: OpenStore): void {
  // With these limits and no others.
  const limited = (recordLimits: Partial<RecordLimits>): Store['records'] => open({ recordLimits }).records
  edges(open, limited)
  sources(open, limited)
  largest(open)
  moving(limited)
  remembered(open)
  floods(open)
}

type Limited = (limits: Partial<RecordLimits>) => Store['records']

function edges(open: OpenStore, limited: Limited): void {
  test('a full store refuses newcomers, and still takes refreshes and newer versions of what it holds', () => {
    const records = limited({ maxRecords: 3 })
    for (let key = 0; key < 3; key++) records.put(record(key, { until: 2_000 + key }))
    assert.deepEqual(records.put(record(9)), refused('too-many-records'))
    assert.deepEqual(records.put(record(0, { at: 1_500, until: 2_500 })), STORED)
    assert.deepEqual(records.put(record(2, { version: 1, bytes: 99 })), STORED)
    assert.equal(records.expire(2_001, 10), 2)
    assert.deepEqual(records.put(record(9)), STORED)
  })

  test('bytes are bounded too, also those that a newer version adds', () => {
    const records = limited({ maxBytes: 100 })
    records.put(record(1, { bytes: 50 }))
    assert.deepEqual(records.put(record(2, { bytes: 51 })), refused('too-many-bytes'))
    assert.deepEqual(records.put(record(2, { bytes: 50 })), STORED)
    assert.deepEqual(records.put(record(2, { version: 1, bytes: 51 })), refused('too-many-bytes'))
    assert.deepEqual(records.put(record(2, { at: 1_500, until: 3_000, bytes: 50 })), STORED)
    assert.deepEqual(records.put(record(2, { version: 1, bytes: 50 })), STORED)
    assert.deepEqual(records.put(record(3, { bytes: 1 })), refused('too-many-bytes'))
    assert.deepEqual(records.put(record(2, { version: 2, bytes: 40 })), STORED)
    assert.deepEqual(records.size, { records: 2, bytes: 90 })
    assert.deepEqual(records.put(record(1, { version: 2, bytes: 60 })), STORED)
    assert.deepEqual(records.size, { records: 2, bytes: 100 })
  })

  test('a newer version that finds no room leaves what is held as it was', () => {
    const records = limited({ maxBytesPerIp: 20 })
    records.put(record(1, { bytes: 10 }))
    records.put(record(2, { bytes: 10 }))
    const before = recordsOf(records)
    assert.deepEqual(records.put(record(1, { version: 1, bytes: 11 })), refused('too-many-from-ip'))
    assert.deepEqual(recordsOf(records), before)
    assert.deepEqual(records.size, { records: 2, bytes: 20 })
    assert.equal(newestOf(records, 1), '0a')
    records.remove(infoHash(2))
    assert.deepEqual(records.put(record(1, { version: 1, bytes: 20 })), STORED)
  })

  test('foretells what a newcomer would meet, and of what is held nothing', () => {
    const { records } = open({ recordLimits: { maxRecords: 3, maxBytes: 30, maxPerIp: 1, maxPerPrefix: 2 } })
    const own = ip('10.0.0.1')
    assert.equal(records.refusal(infoHash(1), own), null)
    records.put(record(1, { bytes: 1 }))
    assert.equal(records.refusal(infoHash(1), own), null)
    assert.equal(records.refusal(infoHash(2), own), 'too-many-from-ip')
    assert.equal(records.refusal(infoHash(2), ip('10.0.0.2')), null)
    records.put(record(2, { bytes: 28, source: '10.0.0.2' }))
    assert.equal(records.refusal(infoHash(3), ip('10.0.0.3')), 'too-many-from-prefix')
    assert.equal(records.refusal(infoHash(3), ip('10.0.1.1')), null)
    records.put(record(1, { version: 1, bytes: 2 }))
    assert.equal(records.refusal(infoHash(3), ip('10.0.1.1')), 'too-many-bytes')
    records.put(record(3, { bytes: 0, source: '10.0.1.1' }))
    assert.equal(records.refusal(infoHash(4), ip('10.0.2.1')), 'too-many-records')
    assert.equal(records.refusal(infoHash(3), own), null)
  })
}

function sources(open: OpenStore, limited: Limited): void {
  test('an IP and a prefix have their share of records (T12)', () => {
    const records = limited({ maxPerIp: 2, maxPerPrefix: 3 })
    assert.deepEqual(records.put(record(1)), STORED)
    assert.deepEqual(records.put(record(2)), STORED)
    assert.deepEqual(records.put(record(3)), refused('too-many-from-ip'))
    assert.deepEqual(records.put(record(3, { source: '10.0.0.2' })), STORED)
    assert.deepEqual(records.put(record(4, { source: '10.0.0.3' })), refused('too-many-from-prefix'))
    assert.deepEqual(records.put(record(4, { source: '10.0.1.3' })), STORED)
  })

  test('and their share of bytes (T12)', () => {
    const records = limited({ maxBytesPerIp: 20, maxBytesPerPrefix: 30 })
    assert.deepEqual(records.put(record(1, { bytes: 20 })), STORED)
    assert.deepEqual(records.put(record(2, { bytes: 1 })), refused('too-many-from-ip'))
    assert.deepEqual(
      records.put(record(2, { bytes: 11, source: '10.0.0.2' })),
      refused('too-many-from-prefix'),
    )
    assert.deepEqual(records.put(record(2, { bytes: 10, source: '10.0.0.2' })), STORED)
    assert.deepEqual(records.put(record(3, { bytes: 20, source: '10.0.1.1' })), STORED)
  })

  test('an IPv6 /64 counts as one IP, a /48 as its prefix', () => {
    const records = limited({ maxPerIp: 2, maxPerPrefix: 3 })
    const from = (net: number, host: number): string => `${V6}000${net}${String(host).padStart(16, '0')}`
    assert.deepEqual(records.put(record(1, { source: from(1, 1) })), STORED)
    assert.deepEqual(records.put(record(2, { source: from(1, 2) })), STORED)
    assert.deepEqual(records.put(record(3, { source: from(1, 3) })), refused('too-many-from-ip'))
    assert.deepEqual(records.put(record(3, { source: from(2, 1) })), STORED)
    assert.deepEqual(records.put(record(4, { source: from(3, 1) })), refused('too-many-from-prefix'))
  })

  test('our own records count in no share, and with them only the whole is bounded', () => {
    const records = limited({ maxPerIp: 1, maxBytesPerIp: 10, maxRecords: 5 })
    for (let key = 0; key < 4; key++) {
      assert.deepEqual(records.put(record(key, { source: null, bytes: 99 })), STORED)
    }
    assert.deepEqual(records.put(record(4)), STORED)
    assert.deepEqual(records.put(record(5, { source: null })), refused('too-many-records'))
  })

  test('a private network has no shares', () => {
    const { records } = open({ unlimitedPerIp: true })
    for (let key = 0; key < 2 * defaultRecordLimits.maxPerPrefix; key++) {
      assert.deepEqual(records.put(record(key, { bytes: 1_000 })), STORED)
    }
  })
}

function largest(open: OpenStore): void {
  test('an IP may bring some of the largest records, and a prefix no more than a hundredth of the store', () => {
    const { records } = open()
    const bring = (key: number, host: number): string => {
      const source = `10.0.0.${host}`
      const outcome = records.put(record(key, { bytes: MAX_RECORD_BYTES, source }))
      return outcome.stored ? 'stored' : outcome.why
    }
    const outcomes = Array.from({ length: 8 }, (_, key) => bring(key, key < 6 ? 1 : 2))
    const five = Array.from({ length: 5 }, () => 'stored')
    assert.deepEqual(outcomes, [...five, 'too-many-from-ip', 'stored', 'too-many-from-prefix'])
    const { maxBytes, maxBytesPerPrefix } = defaultRecordLimits
    assert.ok(100 * maxBytesPerPrefix <= maxBytes)
  })

  test('items of BEP 44 are bounded by their number, not by their bytes', () => {
    const { maxRecords, maxPerIp, maxPerPrefix } = defaultRecordLimits
    const { maxBytes, maxBytesPerIp, maxBytesPerPrefix } = defaultRecordLimits
    const itemBytes = 1_300
    assert.ok(maxRecords * itemBytes < maxBytes)
    assert.ok(maxPerIp * itemBytes < maxBytesPerIp && maxPerPrefix * itemBytes < maxBytesPerPrefix)
  })
}

function moving(limited: Limited): void {
  test('what expires, is removed or gets smaller is given back to its source', () => {
    const records = limited({ maxPerIp: 2, maxBytesPerIp: 20 })
    records.put(record(1, { bytes: 10 }))
    records.put(record(2, { bytes: 10 }))
    assert.deepEqual(records.put(record(3)), refused('too-many-from-ip'))
    records.remove(infoHash(1))
    assert.deepEqual(records.put(record(3)), STORED)
    assert.equal(records.expire(2_000, 1), 1)
    assert.deepEqual(records.put(record(4, { bytes: 11 })), refused('too-many-from-ip'))
    records.put(record(3, { version: 1, bytes: 9 }))
    records.put(record(2, { version: 1, bytes: 9 }))
    assert.equal(records.expire(2_000, 9), 2)
    assert.deepEqual(records.put(record(5, { bytes: 20 })), STORED)
  })

  test('a record counts for whoever brought it last, by a refresh or a newer version, also above the share', () => {
    const records = limited({ maxPerIp: 2, maxBytesPerIp: 20, maxPerPrefix: 99 })
    const [a, b] = ['10.0.0.1', '10.0.0.2']
    records.put(record(1, { source: a }))
    records.put(record(2, { source: a }))
    records.put(record(3, { source: b }))
    records.put(record(4, { source: b }))
    assert.deepEqual(records.put(record(1, { source: b })), STORED)
    assert.deepEqual(records.put(record(2, { source: b, version: 1 })), STORED)
    assert.deepEqual(records.put(record(5, { source: b })), refused('too-many-from-ip'))
    assert.deepEqual(records.put(record(5, { source: a })), STORED)
    assert.deepEqual(records.put(record(5, { source: null })), STORED)
    assert.deepEqual(records.put(record(6, { source: a, bytes: 20 })), STORED)
  })

  test('a larger version counts in full for another source that brings it', () => {
    const records = limited({ maxBytesPerIp: 20, maxBytesPerPrefix: 100 })
    records.put(record(1, { bytes: 15, source: '10.0.0.1' }))
    records.put(record(2, { bytes: 5, source: '10.0.0.2' }))
    const newer = record(1, { version: 1, bytes: 16, source: '10.0.0.2' })
    assert.deepEqual(records.put(newer), refused('too-many-from-ip'))
    assert.deepEqual(records.put({ ...newer, source: ip('10.0.0.1') }), STORED)
    assert.deepEqual(records.put(record(1, { version: 2, bytes: 99, source: null })), STORED)
  })
}

function remembered(open: OpenStore): void {
  test('of what has expired so many versions are remembered, and the oldest is forgotten (T13)', () => {
    assert.ok(MAX_TOMBSTONES >= defaultRecordLimits.maxRecords, 'else a full store that expires forgets some')
    const { records } = open({ unlimitedPerIp: true })
    const expireAll = (from: number, to: number): void => {
      for (let key = from; key < to; key++) records.put(record(key, { version: 1, at: from, until: from }))
      records.expire(from, MAX_TOMBSTONES)
    }
    expireAll(1, 3)
    expireAll(3, MAX_TOMBSTONES + 1)
    assert.equal(newestOf(records, 1), '1a')
    assert.equal(newestOf(records, MAX_TOMBSTONES), '1a')
    records.put(record(1, { version: 1 }))
    records.remove(infoHash(1))
    expireAll(MAX_TOMBSTONES + 1, MAX_TOMBSTONES + 2)
    assert.equal(newestOf(records, 1), '1a', 'it was held once more, so it is not the oldest')
    assert.equal(newestOf(records, 2), '-')
    assert.equal(newestOf(records, 3), '1a')
  })

  test('of what was seen too, where who was not seen for longest is forgotten, whatever expires (T13)', () => {
    const { records } = open({ unlimitedPerIp: true })
    for (let key = 1; key <= MAX_SEEN; key++) records.sawVersion(infoHash(key), versionOf(7), key)
    records.sawVersion(infoHash(1), versionOf(6), MAX_SEEN)
    records.sawVersion(infoHash(MAX_SEEN + 1), versionOf(7), 5)
    assert.equal(newestOf(records, 1), '7a')
    assert.equal(newestOf(records, 2), '-')
    assert.equal(newestOf(records, MAX_SEEN + 1), '7a')
    for (let key = 0; key < MAX_TOMBSTONES; key++) records.put(record(1_000_000 + key, { bytes: 0 }))
    assert.equal(records.expire(2_000, MAX_TOMBSTONES), MAX_TOMBSTONES)
    assert.equal(newestOf(records, 1), '7a')
    assert.equal(newestOf(records, 3), '7a')
    assert.equal(newestOf(records, 1_000_000), '0a')
  })
}

function floods(open: OpenStore): void {
  test('a flood of one /24 stays below its share of records and bytes, and all others are served (T12)', () => {
    const { records } = open()
    for (let key = 0; key < 1_000; key++) {
      records.put(record(key, { bytes: 1_000, source: numberedIp(0x0b_00_00_01 + (key << 8)) }))
    }
    for (let i = 0; i < 50_000; i++) {
      // Small ones first, which then grow, and large ones.
      const [version, bytes] = i < 20_000 ? [0, 10] : [1, MAX_RECORD_BYTES]
      records.put(
        record(1_000_000 + (i % 20_000), { version, bytes, source: numberedIp(0x0a_00_00_00 + (i % 256)) }),
      )
    }
    const { maxPerPrefix, maxBytesPerPrefix } = defaultRecordLimits
    const { records: held, bytes } = records.size
    assert.equal(held, 1_000 + maxPerPrefix)
    assert.ok(
      bytes <= 1_000_000 + maxBytesPerPrefix && bytes > 1_000_000 + maxBytesPerPrefix / 2,
      String(bytes),
    )
    for (let key = 0; key < 1_000; key++) assert.equal(servedOf(records, key), '0a')
    assert.deepEqual(records.put(record(5_000, { bytes: 1_000, source: '12.0.0.1' })), STORED)
  })
}
