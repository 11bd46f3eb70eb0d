// What a RecordStore does with versions and time. Its bounds are record-bounds-contract.ts's.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Id } from '../../src/kademlia/id.ts'
import { MAX_RECORD_BYTES } from '../../src/stores/store.ts'
import { infoHash } from './peer-examples.ts'
import {
  describeRecord,
  describeVersion,
  ip,
  longKey,
  newestOf,
  record,
  recordsOf,
  servedOf,
  versionOf,
} from './record-examples.ts'
import type { OpenStore } from './store-contract.ts'

const KEY = infoHash(1)
const STORED = { stored: true }
const refused = (why: string): { stored: false; why: string } => ({ stored: false, why })

export function recordContract(open: OpenStore): void {
  versions(open)
  refreshes(open)
  whatIsKept(open)
  remembered(open)
  seen(open)
  time(open)
}

function versions(open: OpenStore): void {
  test('holds one record a key, and a newer version takes its place (B44-11)', () => {
    const { records } = open()
    assert.equal(records.get(KEY, 0), null)
    assert.equal(records.newest(KEY), null)
    assert.deepEqual(records.put(record(1, { version: 3, value: 'a' })), STORED)
    assert.deepEqual(records.put(record(2, { version: 1, value: 'b' })), STORED)
    assert.deepEqual(records.put(record(1, { version: 4, value: 'c', bytes: 50 })), STORED)
    assert.deepEqual(records.get(KEY, 1_999), record(1, { version: 4, value: 'c', bytes: 50 }))
    assert.deepEqual(records.newest(KEY), versionOf(4, 'c'))
    assert.deepEqual(records.size, { records: 2, bytes: 60 })
  })

  test('refuses an older version and changes nothing (B44-09, B44-19)', () => {
    const { records } = open()
    records.put(record(1, { version: 3 }))
    for (const older of [2, 0]) {
      assert.deepEqual(records.put(record(1, { version: older, value: 'b', until: 9_000 })), refused('older'))
    }
    assert.deepEqual(recordsOf(records), [describeRecord(record(1, { version: 3 }))])
  })

  test('refuses another record of the same version, and keeps the first (B44-10, T15)', () => {
    const { records } = open()
    records.put(record(1, { version: 3, value: 'a' }))
    assert.deepEqual(records.put(record(1, { version: 3, value: 'b', until: 9_000 })), refused('conflict'))
    assert.deepEqual(recordsOf(records), [describeRecord(record(1, { version: 3 }))])
  })

  test('tells versions apart exactly, up to 2^63 - 1 (B44-14)', () => {
    const { records } = open()
    for (const version of [2n ** 53n, 2n ** 53n + 1n, 2n ** 63n - 2n, 2n ** 63n - 1n]) {
      assert.deepEqual(records.put(record(1, { version })), STORED)
      assert.deepEqual(records.put(record(1, { version: version - 1n, value: 'b' })), refused('older'))
      assert.equal(records.get(KEY, 1_000)!.version, version)
    }
  })

  test('takes a newer version also when it is to be kept for a shorter time', () => {
    const { records } = open()
    records.put(record(1, { version: 1, at: 1_000, until: 9_000 }))
    records.put(record(1, { version: 2, at: 900, until: 1_600 }))
    assert.equal(servedOf(records, 1, 1_599), '2a')
    assert.equal(servedOf(records, 1, 1_600), '-')
  })
}

function refreshes(open: OpenStore): void {
  test('refreshes the same record: its time and who brought it, not its bytes (B44-10)', () => {
    const { records } = open()
    records.put(record(1, { version: 3, at: 1_000, until: 2_000, bytes: 7 }))
    const again = record(1, { version: 3, at: 1_800, until: 2_800, bytes: 9, source: '10.9.9.9' })
    assert.deepEqual(records.put(again), STORED)
    const kept = record(1, { version: 3, at: 1_800, until: 2_800, bytes: 7, source: '10.9.9.9' })
    assert.deepEqual(records.get(KEY, 2_799), kept)
    assert.deepEqual(records.size, { records: 1, bytes: 7 })
  })

  test('never shortens the time of a record by a refresh, as a clock that went back would', () => {
    const { records } = open()
    records.put(record(1, { at: 1_000, until: 2_000 }))
    assert.deepEqual(records.put(record(1, { at: 500, until: 1_500 })), STORED)
    assert.deepEqual(records.get(KEY, 1_999), record(1, { at: 1_000, until: 2_000 }))
  })

  test('takes one that has expired and was not dropped yet as a refresh', () => {
    const { records } = open()
    records.put(record(1, { until: 2_000 }))
    assert.equal(servedOf(records, 1, 2_500), '-')
    assert.deepEqual(records.put(record(1, { at: 2_500, until: 3_500 })), STORED)
    assert.equal(servedOf(records, 1, 3_000), '0a')
    assert.equal(records.expire(3_000, 10), 0)
  })
}

function whatIsKept(open: OpenStore): void {
  test('copies what it is given, and what it hands out does not change later', () => {
    const { records } = open()
    const given = record(1, { version: 1, bytes: 4 })
    const buffers = [given.key, given.digest, given.data, given.source!].map((bytes) => Buffer.from(bytes))
    const [key, digest, data, source] = buffers as [Buffer, Buffer, Buffer, Buffer]
    records.put({ ...given, key: key as unknown as Id, digest, data, source })
    for (const buffer of buffers) buffer.fill(0xff)
    const handedOut = records.get(KEY, 1_000)!
    records.put(record(1, { version: 1, at: 1_500, until: 2_500, source: '10.0.0.2' }))
    records.put(record(1, { version: 2, value: 'b' }))
    assert.deepEqual(handedOut, given)
  })

  test('keeps keys of 20 and of 64 bytes, records of no bytes and of many, and sources of either family', () => {
    const { records } = open()
    const long = new Uint8Array(64).fill(7) as Id
    assert.deepEqual(records.put({ ...record(1), key: long }), STORED)
    assert.deepEqual(records.put(record(2, { bytes: 0, source: '20010db8'.padEnd(32, '0') })), STORED)
    assert.deepEqual(records.put(record(3, { bytes: MAX_RECORD_BYTES, source: null })), STORED)
    assert.deepEqual(records.get(long, 1_000)!.key, long)
    assert.deepEqual(records.size, { records: 3, bytes: 10 + MAX_RECORD_BYTES })
  })

  test('does with keys of 64 bytes all that it does with those of 20, and tells them apart by every byte', () => {
    const { records } = open({ recordLimits: { maxPerIp: 1 } })
    const [key, other] = [longKey(1), longKey(2)]
    const first = new Uint8Array(key) as Id
    first[0] = 8
    const long = { ...record(1, { version: 3 }), key }
    const newest = (): string[] =>
      [key, other, first, KEY].map((each) => describeVersion(records.newest(each)))
    assert.deepEqual(records.put(long), STORED)
    assert.deepEqual(newest(), ['3a', '-', '-', '-'])
    assert.equal(records.refusal(key, ip('10.0.0.1')), null)
    assert.equal(records.refusal(other, ip('10.0.0.1')), 'too-many-from-ip')
    assert.deepEqual(records.put({ ...long, ...versionOf(2) }), refused('older'))
    assert.deepEqual(records.put({ ...long, ...versionOf(3, 'b') }), refused('conflict'))
    assert.equal(records.expire(2_000, 10), 1)
    assert.equal(records.get(key, 1_000), null)
    assert.deepEqual(records.put({ ...long, ...versionOf(2) }), refused('older'))
    records.sawVersion(other, versionOf(5), 1_000)
    assert.deepEqual(records.put({ ...long, key: other }), refused('older'))
    assert.deepEqual(records.put({ ...long, ...versionOf(4) }), STORED)
    records.remove(key)
    assert.deepEqual(newest(), ['4a', '5a', '-', '-'])
  })

  test('takes lengths, versions and times that cannot be as misuse, and keeps nothing of it', () => {
    const { records } = open()
    const good = record(1)
    const bad = [
      { key: new Uint8Array(65) as Id },
      { key: new Uint8Array(0) as Id },
      { digest: new Uint8Array(19) },
      { data: new Uint8Array(MAX_RECORD_BYTES + 1) },
      { source: new Uint8Array(5) },
      { version: -1n },
      { version: 2n ** 63n },
      { refreshedAt: Number.NaN },
      { expiresAt: Number.POSITIVE_INFINITY },
    ]
    for (const field of bad) {
      const what = Object.keys(field).join()
      assert.throws(() => records.put({ ...good, ...field }), { name: 'RangeError' }, what)
    }
    assert.throws(() => records.sawVersion(KEY, { ...good, version: 2n ** 63n }, 0), { name: 'RangeError' })
    assert.throws(() => records.sawVersion(new Uint8Array(65) as Id, good, 0), { name: 'RangeError' })
    assert.throws(() => records.sawVersion(KEY, good, Number.NaN), { name: 'RangeError' })
    assert.throws(() => records.refusal(KEY, new Uint8Array(5)), { name: 'RangeError' })
    assert.deepEqual(records.size, { records: 0, bytes: 0 })
    assert.equal(records.newest(KEY), null)
  })
}

function remembered(open: OpenStore): void {
  test('remembers the version of what has expired: none that is older comes back (T13)', () => {
    const { records } = open()
    records.put(record(1, { version: 3 }))
    assert.equal(records.expire(2_000, 10), 1)
    assert.equal(servedOf(records, 1), '-')
    assert.equal(newestOf(records, 1), '3a')
    assert.deepEqual(records.put(record(1, { version: 2 })), refused('older'))
    assert.deepEqual(records.put(record(1, { version: 3, value: 'b' })), refused('conflict'))
    assert.deepEqual(records.put(record(1, { version: 3, at: 3_000, until: 4_000 })), STORED)
    assert.equal(servedOf(records, 1, 3_500), '3a')
    records.expire(4_000, 10)
    assert.deepEqual(records.put(record(1, { version: 4, value: 'b' })), STORED)
    assert.equal(newestOf(records, 1), '4b')
  })

  test('removes a record, and remembers its version', () => {
    const { records } = open()
    records.put(record(1, { version: 3 }))
    records.put(record(2))
    records.remove(KEY)
    records.remove(KEY)
    records.remove(infoHash(9))
    assert.equal(servedOf(records, 1), '-')
    assert.deepEqual(records.size, { records: 1, bytes: 10 })
    assert.deepEqual(records.put(record(1, { version: 2 })), refused('older'))
    assert.deepEqual(records.put(record(1, { version: 3 })), STORED)
  })
}

function seen(open: OpenStore): void {
  test('takes nothing that is older than what was seen, and serves none of what it only saw (T13)', () => {
    const { records } = open()
    records.sawVersion(KEY, versionOf(5), 1_000)
    assert.equal(newestOf(records, 1), '5a')
    assert.equal(servedOf(records, 1), '-')
    assert.deepEqual(records.size, { records: 0, bytes: 0 })
    assert.deepEqual(records.put(record(1, { version: 4 })), refused('older'))
    assert.deepEqual(records.put(record(1, { version: 5, value: 'b' })), refused('conflict'))
    assert.deepEqual(records.put(record(1, { version: 5 })), STORED)
    assert.equal(servedOf(records, 1), '5a')
  })

  test('refreshes no record that is older than what was seen, for nobody should believe it (T13)', () => {
    const { records } = open()
    records.put(record(1, { version: 3 }))
    records.sawVersion(KEY, versionOf(5, 'b'), 1_000)
    assert.equal(newestOf(records, 1), '5b')
    assert.deepEqual(records.put(record(1, { version: 3, until: 9_000 })), refused('older'))
    assert.equal(records.get(KEY, 1_000)!.expiresAt, 2_000)
    assert.deepEqual(records.put(record(1, { version: 5, value: 'b' })), STORED)
  })

  test('never goes back in what was seen, and of one version trusts what came first, above all what it held', () => {
    const { records } = open()
    records.sawVersion(KEY, versionOf(5, 'a'), 1_000)
    records.sawVersion(KEY, versionOf(4, 'b'), 1_001)
    records.sawVersion(KEY, versionOf(5, 'c'), 1_002)
    assert.equal(newestOf(records, 1), '5a')
    records.sawVersion(KEY, versionOf(6, 'd'), 1_003)
    assert.equal(newestOf(records, 1), '6d')
    records.put(record(2, { version: 2, value: 'a' }))
    records.sawVersion(infoHash(2), versionOf(2, 'b'), 1_000)
    assert.equal(newestOf(records, 2), '2a')
    records.expire(2_000, 10)
    assert.equal(newestOf(records, 2), '2a')
  })

  test('keeps what was seen while a newer version comes and goes', () => {
    const { records } = open()
    const key = new Uint8Array(KEY) as Id
    const { digest, version } = versionOf(5)
    records.sawVersion(key, { version, digest }, 1_000)
    key.fill(0)
    digest.fill(0)
    records.put(record(1, { version: 5 }))
    records.expire(2_000, 10)
    assert.equal(newestOf(records, 1), '5a')
  })
}

function time(open: OpenStore): void {
  test('never serves what has expired, also before it is dropped', () => {
    const { records } = open()
    records.put(record(1, { at: 1_000.4, until: 1_999.6 }))
    assert.equal(servedOf(records, 1, 1_999), '0a')
    assert.equal(servedOf(records, 1, 2_000), '-')
    assert.equal(records.size.records, 1)
    assert.equal(records.expire(1_999, 10), 0)
    assert.equal(records.expire(2_000, 10), 1)
    assert.deepEqual(records.size, { records: 0, bytes: 0 })
  })

  test('drops each record at its own time, the first to expire first and in pieces', () => {
    const { records } = open()
    const until = [50, 20, 90, 30, 70, 10, 40, 80, 60]
    for (const [key, at] of until.entries()) records.put(record(key, { at: 0, until: at }))
    const left = (): number[] =>
      Array.from(records.all(), ({ expiresAt }) => expiresAt).toSorted((a, b) => a - b)
    assert.equal(records.expire(9, 10), 0)
    assert.equal(records.expire(60, 2), 2)
    assert.deepEqual(left(), [30, 40, 50, 60, 70, 80, 90])
    records.put(record(3, { at: 0, until: 95 }))
    records.put(record(2, { version: 1, at: 0, until: 45 }))
    assert.equal(records.expire(60, 100), 4)
    assert.deepEqual(left(), [70, 80, 95])
    records.remove(infoHash(7))
    assert.equal(records.expire(1_000, 100), 2)
    assert.deepEqual(left(), [])
  })
}
