// Files of the schema versions before: each is brought to the newest with everything in it, and takes what they could not.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, test } from 'node:test'
import { openSqliteStore } from '../../src/stores/sqlite-store.ts'
import { MAX_RECORD_BYTES, type Store } from '../../src/stores/store.ts'
import { ban } from '../contracts/ban-contract.ts'
import { contentOf, infoHash, nameOf } from '../contracts/peer-examples.ts'
import { describeRecord, ip, newestOf, record } from '../contracts/record-examples.ts'
import { textsOf, value } from '../contracts/value-examples.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { VERSION_1 } from './version-1.ts'
import { VERSION_2 } from './version-2.ts'
import { VERSION_3 } from './version-3.ts'

let files = 0
const folder = temporaryFolder()
const newPath = (): string => join(folder, `${files++}.sqlite`)

const STORED = { stored: true }

function create(sql: string): string {
  const path = newPath()
  const database = new DatabaseSync(path)
  database.exec(sql)
  database.close()
  return path
}

/** Twice: once as it is migrated, once as a file of the newest version. */
function openTwice(path: string, check: (store: Store) => void): void {
  for (let round = 0; round < 2; round++) {
    const store = openSqliteStore(path)
    check(store)
    store.close()
  }
}

function assertVersion1({ peers, state }: Store): void {
  assert.equal(contentOf(peers).length, 2)
  assert.deepEqual(Array.from(peers.all(infoHash(1), 4), nameOf), ['10.0.0.1:65535'])
  assert.deepEqual(state.identity('v4'), new Uint8Array(infoHash(4)))
  assert.deepEqual(state.contacts('v4'), [{ id: infoHash(3), host: '2001:db8::1', port: 3, repliedAt: 3 }])
  assert.deepEqual(state.commitments()[0]!.data, Uint8Array.of(9, 9))
}

function assertVersion2({ records }: Store): void {
  const held = {
    ...record(5, { version: 3, bytes: 4, source: '10.0.0.9' }),
    key: new Uint8Array(infoHash(5)),
  }
  assert.deepEqual(records.get(infoHash(5), 1_999), held)
  assert.deepEqual([newestOf(records, 6), newestOf(records, 7)], ['2a', '8a'])
  assert.deepEqual(records.put(record(6, { version: 1 })), { stored: false, why: 'older' })
}

/** What no version before the newest has: the largest records, and bans. */
function assertTakesAll({ records, values, state }: Store): void {
  const large = record(1, { version: 1, source: '10.0.0.9', bytes: MAX_RECORD_BYTES })
  assert.deepEqual(records.put(large), STORED)
  assert.deepEqual(records.get(infoHash(1), 1_000), large)
  assert.deepEqual(values.store(infoHash(1), value('a')), STORED)
  assert.deepEqual(textsOf(values, 1), ['a'])
  state.saveBan(ban(1))
  assert.deepEqual(state.bans(), [ban(1)])
}

describe('A file of schema version 1', () => {
  test('is migrated, keeps everything, and takes records, values and bans', () => {
    openTwice(create(VERSION_1), (store) => {
      assertVersion1(store)
      assertTakesAll(store)
      assert.equal(store.records.size.records, 1)
    })
  })
})

describe('A file of schema version 2', () => {
  test('is migrated, keeps everything, and takes larger records, values and bans', () => {
    openTwice(create(VERSION_2), (store) => {
      assertVersion1(store)
      assertVersion2(store)
      assertTakesAll(store)
      assert.equal(store.records.size.records, 2)
    })
  })
})

describe('A file of schema version 3', () => {
  test('is migrated, keeps every record and all else, and takes larger records and bans', () => {
    openTwice(create(VERSION_3), (store) => {
      assertVersion1(store)
      assertVersion2(store)
      assert.deepEqual(textsOf(store.values, 8), ['a', 'b'])
      const { records } = store
      const own = { version: 2n ** 63n - 1n, bytes: 0, source: null, at: -5, until: Number.MAX_SAFE_INTEGER }
      assert.deepEqual(describeRecord(records.get(infoHash(9), 1)!), describeRecord(record(9, own)))
      const large = { ...records.get(infoHash(10), 1)! }
      assert.deepEqual(large.data, new Uint8Array(16_384))
      assert.deepEqual(large.source, ip('20010db8'.padEnd(32, '0')))
      assertTakesAll(store)
      assert.equal(records.size.records, 4)
    })
  })

  test('is refused as damaged, and left untouched, when a table that the migration reads is not as it must be', () => {
    const edits = [
      'DROP TABLE records',
      'ALTER TABLE records RENAME COLUMN digest TO hash',
      'PRAGMA ignore_check_constraints = ON; UPDATE records SET data = zeroblob(16385)',
      'CREATE TABLE bans (id BLOB)',
    ]
    for (const edit of edits) {
      const path = create(`${VERSION_3};${edit}`)
      const before = readFileSync(path)
      assert.throws(() => openSqliteStore(path), { name: 'StoreError', code: 'damaged' }, edit)
      assert.deepEqual(readFileSync(path), before, edit)
    }
  })
})

describe('A file of any schema version', () => {
  const schemaOf = (path: string): unknown[] => {
    const database = new DatabaseSync(path)
    const rows = database.prepare('SELECT type, name, sql FROM sqlite_schema ORDER BY name').all()
    const version = database.prepare('PRAGMA user_version').get()
    database.close()
    return [...rows, version]
  }

  test('looks inside like a new one, once migrated', () => {
    const fresh = newPath()
    openSqliteStore(fresh).close()
    for (const path of [VERSION_1, VERSION_2, VERSION_3].map(create)) {
      openSqliteStore(path).close()
      assert.deepEqual(schemaOf(path), schemaOf(fresh))
    }
  })
})
