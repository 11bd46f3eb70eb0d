// Records in a file: what a reopened store holds, remembers and refuses, exactly as if it had never been closed.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Id } from '../../src/kademlia/id.ts'
import { MAX_PENDING } from '../../src/stores/journal.ts'
import { createMemoryStore } from '../../src/stores/memory-store.ts'
import { openSqliteStore, type SqliteStoreOptions } from '../../src/stores/sqlite-store.ts'
import {
  MAX_RECORD_BYTES,
  MAX_SEEN,
  StoreError,
  type RecordStore,
  type StoredRecord,
} from '../../src/stores/store.ts'
import { infoHash } from '../contracts/peer-examples.ts'
import {
  describeRecord,
  describeVersion,
  longKey,
  newestOf,
  numberedIp,
  record,
  recordsOf,
  servedOf,
  versionOf,
} from '../contracts/record-examples.ts'
import { applyToRecords, knownOf, RECORD_LIMITS, recordOperations } from '../contracts/record-properties.ts'
import { runs } from '../property-runs.ts'
import { temporaryFolder } from './temporary-folder.ts'

let files = 0
const folder = temporaryFolder()
const newPath = (): string => join(folder, `${files++}.sqlite`)

const STORED = { stored: true }
const refused = (why: string): { stored: false; why: string } => ({ stored: false, why })

/** Opens, does, closes. */
function within<T>(path: string, work: (records: RecordStore) => T, options: SqliteStoreOptions = {}): T {
  const store = openSqliteStore(path, options)
  try {
    return work(store.records)
  } finally {
    store.close()
  }
}

describe('A reopened SQLite store', () => {
  test('holds its records: keys of both lengths, sources of both families and our own, any bytes', () => {
    const path = newPath()
    const v6 = '20010db8'.padEnd(32, '0')
    const put: StoredRecord[] = [
      record(1, { version: 1, bytes: 0, source: v6, at: 5, until: 6 }),
      record(2, { version: 2, bytes: MAX_RECORD_BYTES, source: null, at: -5, until: 9_999_999_999_999 }),
      { ...record(3), key: new Uint8Array(64).fill(3) as Id },
    ]
    within(path, (records) => {
      for (const each of put) assert.deepEqual(records.put(each), STORED)
    })
    within(path, (records) => {
      assert.deepEqual(recordsOf(records), put.map(describeRecord).toSorted())
      assert.deepEqual(records.get(infoHash(2), 1), put[1])
      assert.deepEqual(records.size, { records: 3, bytes: MAX_RECORD_BYTES + 10 })
    })
  })

  test('holds versions exactly, up to 2^63 - 1, and those that it remembers too (B44-14)', () => {
    const path = newPath()
    const versions = [2n ** 53n + 1n, 2n ** 63n - 1n]
    within(path, (records) => {
      for (const [index, version] of versions.entries()) {
        records.put(record(index, { version, until: 9_000 }))
        records.put(record(10 + index, { version }))
        records.sawVersion(infoHash(20 + index), versionOf(version), 5)
      }
      assert.equal(records.expire(2_000, 10), 2)
    })
    within(path, (records) => {
      for (const [index, version] of versions.entries()) {
        assert.equal(records.get(infoHash(index), 2_000)!.version, version)
        for (const key of [index, 10 + index, 20 + index]) {
          assert.equal(records.newest(infoHash(key))!.version, version)
          assert.deepEqual(records.put(record(key, { version: version - 1n })), refused('older'))
        }
      }
    })
  })

  test('takes nothing older than what it held, let expire, removed or saw (B44-19, T13)', () => {
    const path = newPath()
    within(path, (records) => {
      for (const key of [1, 2, 3]) records.put(record(key, { version: 5, until: 2_000 + key }))
      records.expire(2_001, 10)
      records.remove(infoHash(2))
      records.sawVersion(infoHash(4), versionOf(5), 5)
    })
    for (let round = 0; round < 2; round++) {
      within(path, (records) => {
        for (const key of [1, 2, 3, 4]) {
          assert.equal(newestOf(records, key), '5a')
          assert.deepEqual(records.put(record(key, { version: 4 })), refused('older'))
          assert.deepEqual(records.put(record(key, { version: 5, value: 'b' })), refused('conflict'))
        }
        records.expire(3_000, 10)
      })
    }
  })

  test('tells keys of 64 bytes apart in what it holds, let expire and saw', () => {
    const path = newPath()
    const versions = (records: RecordStore): string[] =>
      [1, 2, 3, 4].map((number) => describeVersion(records.newest(longKey(number))))
    within(path, (records) => {
      records.put({ ...record(1, { version: 1, until: 9_000 }), key: longKey(1) })
      records.put({ ...record(2, { version: 2 }), key: longKey(2) })
      records.sawVersion(longKey(3), versionOf(3), 5)
      assert.equal(records.expire(2_000, 10), 1)
    })
    for (let round = 0; round < 2; round++) {
      within(path, (records) => {
        assert.deepEqual(versions(records), ['1a', '2a', '3a', '-'])
        assert.deepEqual(records.put({ ...record(2, { version: 1 }), key: longKey(2) }), refused('older'))
        assert.deepEqual(records.get(longKey(1), 2_000)!.key, longKey(1))
      })
    }
    within(path, (records) => records.remove(longKey(1)))
    within(path, (records) => {
      assert.equal(records.size.records, 0)
      assert.deepEqual(versions(records), ['1a', '2a', '3a', '-'])
    })
  })

  test('forgets first what it would have forgotten first without being closed', () => {
    const path = newPath()
    within(path, (records) => {
      for (let key = 1; key <= MAX_SEEN; key++) records.sawVersion(infoHash(key), versionOf(1), key)
      records.sawVersion(infoHash(1), versionOf(1), MAX_SEEN + 1)
    })
    within(path, (records) => records.sawVersion(infoHash(0), versionOf(1), MAX_SEEN + 2))
    within(path, (records) => {
      assert.deepEqual(
        [0, 1, 2, 3].map((key) => newestOf(records, key)),
        ['1a', '1a', '-', '1a'],
      )
    })
  })

  test('has in its file one row for each version that it remembers, and none for what it forgot', () => {
    const path = newPath()
    within(path, (records) => {
      records.put(record(1, { version: 1 }))
      records.put(record(2, { version: 1 }))
      records.expire(2_000, 10)
      records.sawVersion(infoHash(1), versionOf(2), 5)
      records.sawVersion(infoHash(1), versionOf(3), 6)
    })
    within(path, (records) => records.put(record(1, { version: 3 })))
    const database = new DatabaseSync(path)
    const rows = database.prepare('SELECT kind, version, noted_at, hex(key) AS key FROM versions').all()
    database.close()
    const keyOf = (number: number): string => Buffer.from(infoHash(number)).toString('hex')
    assert.deepEqual(
      rows.map(({ kind, version, noted_at, key }) => [kind, version, noted_at, key]),
      [
        ['seen', 3, 6, keyOf(1)],
        ['tombstone', 1, 2_000, keyOf(2)],
      ],
    )
  })

  test('takes a time from the future as now, and keeps such a record no longer than it was to be kept', () => {
    const path = newPath()
    within(path, (records) => {
      records.put(record(1, { at: 1_000, until: 7_000 }))
      records.put(record(2, { at: 9_000, until: 11_000 }))
      records.put(record(3, { at: 9_000, until: 8_000 }))
    })
    const times = (records: RecordStore): string[] =>
      Array.from(records.all(), ({ refreshedAt, expiresAt }) => `${refreshedAt}…${expiresAt}`)
    const expected = ['1000…7000', '5000…7000', '5000…5000']
    assert.deepEqual(within(path, times, { now: 5_000 }).toSorted(), expected.toSorted())
    assert.deepEqual(within(path, times, { now: 99_000 }).toSorted(), expected.toSorted(), 'in the file too')
  })

  test('counts what it has read towards its bounds', () => {
    const path = newPath()
    within(path, (records) => records.put(record(1, { bytes: 60 })))
    const limits = { maxPerIp: 1, maxBytes: 100 }
    within(
      path,
      (records) => {
        assert.deepEqual(records.put(record(2)), refused('too-many-from-ip'))
        assert.deepEqual(records.put(record(2, { source: null, bytes: 41 })), refused('too-many-bytes'))
        assert.deepEqual(records.put(record(2, { source: null, bytes: 40 })), STORED)
      },
      { recordLimits: limits },
    )
  })

  test('keeps what a refresh brought above the share of a source, for it was acknowledged', () => {
    const path = newPath()
    const options = { recordLimits: { maxPerIp: 2 } }
    const work = (records: RecordStore): void => {
      for (let key = 0; key < 6; key++) records.put(record(key, { source: numberedIp(key << 16) }))
      for (let key = 0; key < 6; key++)
        assert.deepEqual(records.put(record(key, { source: '9.9.9.9' })), STORED)
    }
    within(path, work, options)
    within(
      path,
      (records) => {
        assert.equal(records.size.records, 6)
        assert.deepEqual(records.put(record(7, { source: '9.9.9.9' })), refused('too-many-from-ip'))
      },
      options,
    )
  })

  test('drops what lowered bounds leave no room for, what was refreshed last first, and remembers its version', () => {
    const path = newPath()
    within(path, (records) => {
      for (let key = 0; key < 20; key++)
        records.put(record(key, { version: 3, at: key, bytes: 10, source: null }))
    })
    within(path, (records) => assert.equal(records.size.records, 5), { recordLimits: { maxBytes: 50 } })
    within(path, (records) => {
      assert.equal(records.size.records, 5)
      assert.equal(servedOf(records, 4), '3a')
      assert.equal(servedOf(records, 5), '-')
      assert.deepEqual(records.put(record(5, { version: 2 })), refused('older'))
    })
  })

  test('answers after any sequence of operations, commits and restarts as one that was never closed', () => {
    const step = fc.constantFrom('commit' as const, 'reopen' as const)
    fc.assert(
      fc.property(fc.array(fc.tuple(recordOperations, step), { maxLength: 5 }), (rounds) => {
        const path = newPath()
        const options = { recordLimits: RECORD_LIMITS }
        const memory = createMemoryStore(options).records
        let store = openSqliteStore(path, options)
        for (const [sequence, then] of rounds) {
          for (const operation of sequence) {
            // Which of those that expire at one ms go first, a restart may change: so all of them go.
            const each = operation.do === 'expire' ? { ...operation, limit: 99 } : operation
            assert.deepEqual(applyToRecords(store.records, each), applyToRecords(memory, each))
          }
          if (then === 'commit') store.commit()
          else store.close()
          if (then === 'reopen') store = openSqliteStore(path, options)
          assert.deepEqual(knownOf(store.records), knownOf(memory))
          assert.deepEqual(store.records.size, memory.size)
        }
        store.close()
        within(path, (records) => assert.deepEqual(knownOf(records), knownOf(memory)), options)
      }),
      runs(30),
    )
  })
})

describe('A commit of records that fails', () => {
  const isFull = (error: unknown): boolean => error instanceof StoreError && error.code === 'write-failed'

  test('is made good by the next one, also when more has changed than is remembered one by one', () => {
    const path = newPath()
    // Room for all the versions that are remembered, but not for the records.
    const store = openSqliteStore(path, { unlimitedPerIp: true, maxFileBytes: 4 * 1_048_576 })
    const { records } = store
    const [many, left] = [20_000, 30]
    for (let key = 0; key < many; key++) records.put(record(key, { at: 0, until: key, bytes: 1_000 }))
    assert.throws(() => store.commit(), isFull)
    assert.equal(records.expire(many - left - 1, many), many - left)
    for (let key = 0; key < left; key++) records.put(record(many + key, { bytes: 10 }))
    for (let key = 0; key < MAX_SEEN; key++) records.sawVersion(infoHash(key), versionOf(9, 'b'), key)
    assert.ok(many + left > MAX_PENDING && many - left + MAX_SEEN > MAX_PENDING, 'of either table')
    store.commit()
    const before = recordsOf(records)
    const newest = (of: RecordStore): string[] =>
      [0, 1, many / 2, many - left - 1, many - 1, many + 1].map((key) => newestOf(of, key))
    const known = newest(records)
    store.close()

    within(path, (reopened) => {
      assert.equal(before.length, 2 * left)
      assert.deepEqual(recordsOf(reopened), before)
      assert.deepEqual(known, ['9b', '9b', '0a', '0a', '0a', '0a'])
      assert.deepEqual(newest(reopened), known)
    })
  })

  test('leaves in the file what had been committed, and nothing of what had not', () => {
    const path = newPath()
    const store = openSqliteStore(path, { unlimitedPerIp: true, maxFileBytes: 64 * 4_096 })
    for (let key = 0; key < 50; key++) store.records.put(record(key, { version: 1, until: 3_000 }))
    store.commit()
    store.records.expire(3_000, 10)
    for (let key = 0; key < 1_000; key++) store.records.put(record(100 + key, { bytes: 1_000 }))
    assert.throws(() => store.commit(), isFull)
    assert.equal(store.records.size.records, 1_040)
    assert.throws(() => store.close(), isFull)
    within(path, (records) => {
      assert.deepEqual(records.size, { records: 50, bytes: 500 })
      for (let key = 0; key < 50; key++) assert.equal(servedOf(records, key), '1a')
    })
  })
})
