// Files of the schema versions before: each is brought to the newest with everything in it, and takes what they could not.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, test } from 'node:test'
import { openSqliteStore } from '../../src/stores/sqlite-store.ts'
import type { Store } from '../../src/stores/store.ts'
import { contentOf, infoHash, nameOf } from '../contracts/peer-examples.ts'
import { ip, newestOf, record, recordsOf } from '../contracts/record-examples.ts'
import { textsOf, value } from '../contracts/value-examples.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { VERSION_1 } from './version-1.ts'
import { VERSION_2 } from './version-2.ts'

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

describe('A file of schema version 1', () => {
  test('is migrated, keeps everything, and takes records and values', () => {
    openTwice(create(VERSION_1), (store) => {
      assertVersion1(store)
      assert.deepEqual(store.records.put(record(1, { version: 1, source: '10.0.0.9' })), STORED)
      assert.deepEqual(store.records.get(infoHash(1), 1_000)!.source, ip('10.0.0.9'))
      assert.deepEqual(store.values.store(infoHash(1), value('a')), STORED)
      assert.deepEqual(textsOf(store.values, 1), ['a'])
    })
  })
})

describe('A file of schema version 2', () => {
  test('is migrated, keeps everything, and takes values', () => {
    openTwice(create(VERSION_2), (store) => {
      assertVersion1(store)
      const { records } = store
      const held = {
        ...record(5, { version: 3, bytes: 4, source: '10.0.0.9' }),
        key: new Uint8Array(infoHash(5)),
      }
      assert.equal(recordsOf(records).length, 1)
      assert.deepEqual(records.get(infoHash(5), 1_999), held)
      assert.deepEqual([newestOf(records, 6), newestOf(records, 7)], ['2a', '8a'])
      assert.deepEqual(records.put(record(6, { version: 1 })), { stored: false, why: 'older' })
      assert.deepEqual(store.values.store(infoHash(1), value('a')), STORED)
      assert.deepEqual(textsOf(store.values, 1), ['a'])
    })
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
    for (const path of [create(VERSION_1), create(VERSION_2)]) {
      openSqliteStore(path).close()
      assert.deepEqual(schemaOf(path), schemaOf(fresh))
    }
  })
})
