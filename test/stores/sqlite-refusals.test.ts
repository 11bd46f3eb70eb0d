// Files that cannot be a store: each refused with its own code and advice, and left byte for byte as it was.
import assert from 'node:assert/strict'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, test } from 'node:test'
import { openSqliteStore } from '../../src/stores/sqlite-store.ts'
import { StoreError, type StoreErrorCode } from '../../src/stores/store.ts'
import { infoHash, numbered4 } from '../contracts/peer-examples.ts'
import { ban } from '../contracts/ban-contract.ts'
import { record, versionOf } from '../contracts/record-examples.ts'
import { value } from '../contracts/value-examples.ts'
import { fingerprint, temporaryFolder } from './temporary-folder.ts'

/** A closed store with some thousand peers, alone in a fresh folder. */
function filledStore(): { folder: string; path: string } {
  const folder = temporaryFolder()
  const path = join(folder, 'node.sqlite')
  const store = openSqliteStore(path)
  for (let i = 0; i < 3_000; i++) store.peers.announce(infoHash(i % 300), numbered4(i << 8))
  for (let i = 0; i < 30; i++) store.records.put(record(i, { bytes: 1_000 }))
  store.records.sawVersion(infoHash(1), versionOf(1), 1)
  for (let i = 0; i < 30; i++) store.values.store(infoHash(i % 3), value(`${i}`, { bytes: 1_000 }))
  for (let i = 0; i < 30; i++) store.state.saveBan(ban(i))
  store.close()
  return { folder, path }
}

/** The same, as kill -9 leaves it: with a WAL that holds committed peers. */
function killedStore(): { folder: string; path: string } {
  const original = filledStore()
  const store = openSqliteStore(original.path)
  for (let i = 0; i < 500; i++) store.peers.announce(infoHash(1_000 + i), numbered4(i << 8))
  store.commit()
  const folder = temporaryFolder()
  const path = join(folder, 'node.sqlite')
  // Reading the file takes away this process's lock on it (a trap of POSIX locks); nobody else wants it here.
  for (const end of ['', '-wal']) copyFileSync(original.path + end, path + end)
  store.close()
  return { folder, path }
}

/** Opening throws this code, a message that names the file and matches, and leaves the folder as it is. */
function assertRefused(path: string, folder: string, code: StoreErrorCode, message: RegExp): void {
  const before = fingerprint(folder)
  assert.throws(
    () => openSqliteStore(path).close(),
    (error) => {
      assert.ok(error instanceof StoreError, String(error))
      assert.equal(error.code, code, error.message)
      assert.ok(error.message.includes(path), error.message)
      assert.match(error.message, message)
      return true
    },
  )
  assert.deepEqual(fingerprint(folder), before)
}

function overwrite(path: string, position: number, bytes: Uint8Array): void {
  const content = readFileSync(path)
  content.set(bytes, position)
  writeFileSync(path, content)
}

function edit(path: string, ...statements: string[]): void {
  const database = new DatabaseSync(path)
  for (const statement of statements) database.exec(statement)
  database.close()
}

describe('A file that belongs to somebody else', () => {
  test('is refused as foreign when it is no database at all', () => {
    for (const content of ['xy', 'A letter to my aunt.\n'.repeat(1_000), '\0'.repeat(4_096)]) {
      const folder = temporaryFolder()
      const path = join(folder, 'letter.txt')
      writeFileSync(path, content)
      assertRefused(path, folder, 'foreign', /no SQLite file.*another path/)
    }
  })

  test("is refused as foreign when it is another program's SQLite file, in any journal mode", () => {
    for (const mode of ['DELETE', 'WAL']) {
      const folder = temporaryFolder()
      const path = join(folder, 'other.sqlite')
      edit(path, `PRAGMA journal_mode = ${mode}`, 'CREATE TABLE peers (a)', 'INSERT INTO peers VALUES (1)')
      assertRefused(path, folder, 'foreign', /another program's.*another path/)
    }
  })

  test('is refused as foreign also while it has a WAL of its own', () => {
    const folder = temporaryFolder()
    const path = join(folder, 'other.sqlite')
    const other = new DatabaseSync(path)
    other.exec('PRAGMA journal_mode = WAL; CREATE TABLE t (a)')
    const copies = temporaryFolder()
    for (const end of ['', '-wal']) copyFileSync(path + end, join(copies, `copy${end}`))
    other.close()
    assertRefused(join(copies, 'copy'), copies, 'foreign', /another program's/)
  })
})

describe('A file of a newer xorbit', () => {
  test('is refused as too new, with both schema versions', () => {
    const { folder, path } = filledStore()
    edit(path, 'PRAGMA user_version = 99')
    assertRefused(path, folder, 'too-new', /schema 99; this one knows 4.*update xorbit/)
  })

  test('is refused as too new also when the newer version is still in its WAL', () => {
    const { path: original } = filledStore()
    const newer = new DatabaseSync(original)
    newer.exec('PRAGMA user_version = 99')
    const folder = temporaryFolder()
    const path = join(folder, 'node.sqlite')
    for (const end of ['', '-wal']) copyFileSync(original + end, path + end)
    newer.close()
    assertRefused(path, folder, 'too-new', /schema 99/)
  })
})

describe('A damaged file', () => {
  const garbage = new Uint8Array(3_000).fill(0xa5)

  test('is refused as damaged when a page of it is garbage', () => {
    const { folder, path } = filledStore()
    const pages = readFileSync(path).length / 4_096
    assert.ok(pages > 20)
    for (const page of [1, 2, pages >> 1, pages - 1]) {
      const copy = temporaryFolder()
      copyFileSync(path, join(copy, 'node.sqlite'))
      overwrite(join(copy, 'node.sqlite'), page * 4_096, garbage)
      assertRefused(join(copy, 'node.sqlite'), copy, 'damaged', /left untouched\. Move it away/)
    }
    openSqliteStore(path).close()
    assert.deepEqual(readdirSync(folder), ['node.sqlite'])
  })

  test('is refused as damaged when its end is missing', () => {
    const { folder, path } = filledStore()
    writeFileSync(path, readFileSync(path).subarray(0, 10_000))
    assertRefused(path, folder, 'damaged', /Move it away/)
  })

  test('is left untouched also with the WAL that a killed process left', () => {
    const { folder, path } = killedStore()
    overwrite(path, (readFileSync(path).length / 4_096 - 1) * 4_096, garbage)
    assertRefused(path, folder, 'damaged', /with its -wal file/)
  })

  test('is refused as damaged when a row or a table in it cannot be', () => {
    const edits = [
      'PRAGMA ignore_check_constraints = ON; UPDATE peers SET port = 70000 WHERE port > 0',
      "PRAGMA ignore_check_constraints = ON; UPDATE peers SET ip = x'010203' WHERE ip = x'00000000'",
      'PRAGMA ignore_check_constraints = ON; UPDATE peers SET refreshed_at = 9223372036854775807',
      "PRAGMA ignore_check_constraints = ON; UPDATE records SET digest = x'01'",
      'PRAGMA ignore_check_constraints = ON; UPDATE records SET version = -1',
      'PRAGMA ignore_check_constraints = ON; UPDATE records SET source = zeroblob(5)',
      "PRAGMA ignore_check_constraints = ON; UPDATE versions SET kind = 'rumour'",
      "PRAGMA ignore_check_constraints = ON; UPDATE value_sets SET key = x'' WHERE position = 1",
      'PRAGMA ignore_check_constraints = ON; UPDATE value_sets SET value = zeroblob(8193) WHERE position = 1',
      'PRAGMA ignore_check_constraints = ON; UPDATE value_sets SET source = zeroblob(5)',
      'PRAGMA ignore_check_constraints = ON; UPDATE value_sets SET position = 0 WHERE position = 1',
      'PRAGMA ignore_check_constraints = ON; UPDATE value_sets SET position = 9007199254740991 WHERE position = 1',
      'INSERT INTO value_sets SELECT 99, key, value, source, refreshed_at FROM value_sets WHERE position = 1',
      'PRAGMA ignore_check_constraints = ON; UPDATE records SET data = zeroblob(100001) WHERE source IS NOT NULL',
      "PRAGMA ignore_check_constraints = ON; UPDATE bans SET id = x'' WHERE id = (SELECT min(id) FROM bans)",
      'PRAGMA ignore_check_constraints = ON; UPDATE bans SET id = zeroblob(513) WHERE id = (SELECT min(id) FROM bans)',
      "PRAGMA ignore_check_constraints = ON; UPDATE bans SET host = printf('%065d', 1)",
      "PRAGMA ignore_check_constraints = ON; UPDATE bans SET why = printf('%065d', 1)",
      'PRAGMA ignore_check_constraints = ON; UPDATE bans SET until = 9223372036854775807',
      'DROP TABLE bans',
      'DROP TABLE value_sets',
      'DROP TABLE versions',
      'DROP TABLE commitments',
      'ALTER TABLE contacts RENAME COLUMN host TO name',
    ]
    for (const statement of edits) {
      const { folder, path } = filledStore()
      edit(path, statement)
      assertRefused(path, folder, 'damaged', /Move it away/)
    }
  })

  test('never gets past opening with any other error, whatever bytes are wrong', () => {
    const { path } = filledStore()
    const whole = readFileSync(path)
    const folder = temporaryFolder()
    const copy = join(folder, 'copy.sqlite')
    let refused = 0
    for (let i = 0; i < 150; i++) {
      const content = Uint8Array.from(whole)
      // The first page, with header and schema, more densely than the rest.
      const position = i < 100 ? i * 41 : Math.floor((i / 150) * content.length)
      for (let j = 0; j < 4; j++) content[position + j] = content[position + j]! ^ (0x55 + 7 * j)
      writeFileSync(copy, content)
      try {
        openSqliteStore(copy).close()
      } catch (error) {
        assert.ok(error instanceof StoreError, `at ${position}: ${String(error)}`)
        assert.deepEqual(Buffer.compare(readFileSync(copy), content), 0, `changed, at ${position}`)
        refused++
      }
      assert.deepEqual(readdirSync(folder), ['copy.sqlite'], `at ${position}`)
    }
    assert.ok(refused > 20, String(refused))
  })
})

describe('A path that is no file', () => {
  test('is refused as not openable', () => {
    const folder = temporaryFolder()
    mkdirSync(join(folder, 'folder'))
    writeFileSync(join(folder, 'file'), '')
    symlinkSync(join(folder, 'nowhere', 'x'), join(folder, 'dangling'))
    for (const path of ['folder', 'file/below', 'nul\0byte', 'dangling']) {
      assert.throws(
        () => openSqliteStore(join(folder, path)),
        (error) =>
          error instanceof StoreError && error.code === 'not-openable' && error.message.includes(folder),
        path,
      )
    }
    assert.throws(() => openSqliteStore(''), /StoreError.*path is empty/)
    assert.deepEqual(readdirSync(folder).toSorted(), ['dangling', 'file', 'folder'])
  })

  test('is refused as not openable without permission', { skip: process.platform === 'win32' }, () => {
    const { folder, path } = filledStore()
    const own = process.geteuid!()
    chmodSync(path, 0o400)
    const before = fingerprint(folder)
    // A superuser may do anything, so for a moment be somebody else, whose file it is.
    chmodSync(folder, 0o755)
    if (own === 0) process.seteuid!(65_534)
    let error: unknown
    try {
      openSqliteStore(path)
    } catch (thrown) {
      error = thrown
    } finally {
      if (own === 0) process.seteuid!(own)
    }
    assert.ok(error instanceof StoreError, String(error))
    assert.equal(error.code, 'not-openable')
    assert.match(error.message, /permission/)
    assert.deepEqual(fingerprint(folder), before)
  })

  test('becomes a store when it is an empty file, and opens through a symbolic link', () => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'empty'), '')
    symlinkSync(join(folder, 'empty'), join(folder, 'link'))
    const store = openSqliteStore(join(folder, 'link'))
    store.state.saveIdentity('v4', infoHash(1))
    store.commit()
    assert.ok(existsSync(join(folder, 'empty-wal')))
    assert.throws(() => openSqliteStore(join(folder, 'empty')), /in use/)
    store.close()
    const again = openSqliteStore(join(folder, 'empty'))
    assert.deepEqual(again.state.identity('v4'), new Uint8Array(infoHash(1)))
    again.close()
  })
})

describe('The WAL that a killed process left', () => {
  test('is recovered', () => {
    const { folder, path } = killedStore()
    const store = openSqliteStore(path)
    assert.deepEqual(store.peers.size, { infoHashes: 800, peers: 3_500 })
    store.close()
    assert.deepEqual(readdirSync(folder), ['node.sqlite'])
  })
})
