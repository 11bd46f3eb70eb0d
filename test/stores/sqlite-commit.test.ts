// Commits that fail, commits that happen by themselves, and what is kept for the next one.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { AUTO_COMMIT_AFTER } from '../../src/stores/committer.ts'
import { MAX_PENDING, RowJournal, type Table } from '../../src/stores/journal.ts'
import { openSqliteStore } from '../../src/stores/sqlite-store.ts'
import { StoreError, type Store } from '../../src/stores/store.ts'
import { contentOf, infoHash, numbered4 } from '../contracts/peer-examples.ts'
import { temporaryFolder } from './temporary-folder.ts'

const writeFailed = (error: unknown): boolean =>
  error instanceof StoreError &&
  error.code === 'write-failed' &&
  /full.*next commit tries again/.test(error.message)

/** Some 64 pages: room for a thousand peers. */
const SMALL = { unlimitedPerIp: true, maxFileBytes: 64 * 4_096 }

/** Announces and commits by hundreds until a commit fails; the content at the last one that did not. */
function fillUntilItFails(store: Store): string[] {
  let committed: string[] = []
  for (let i = 0; i < 20_000; i++) {
    store.peers.announce(infoHash(i), numbered4(i, { at: i }))
    if (i % 100 !== 99) continue
    try {
      store.commit()
    } catch (error) {
      assert.ok(writeFailed(error), String(error))
      return committed
    }
    committed = contentOf(store.peers)
  }
  throw new Error('the file never got full')
}

describe('A commit that fails', () => {
  test('says so, keeps what was pending in memory, and leaves what had been committed in the file', () => {
    const path = join(temporaryFolder(), 'node.sqlite')
    const store = openSqliteStore(path, SMALL)
    const committed = fillUntilItFails(store)
    assert.ok(committed.length > 500)
    const held = contentOf(store.peers)
    assert.equal(held.length, committed.length + 100)
    assert.throws(() => store.commit(), writeFailed)
    assert.deepEqual(contentOf(store.peers), held)
    assert.throws(() => store.close(), writeFailed)
    store.close()

    const reopened = openSqliteStore(path)
    assert.deepEqual(contentOf(reopened.peers), committed)
    reopened.close()
  })

  test('is made good by the next one that finds room, with everything between', () => {
    const path = join(temporaryFolder(), 'node.sqlite')
    const store = openSqliteStore(path, SMALL)
    fillUntilItFails(store)
    store.state.saveIdentity('v4', infoHash(5))
    assert.throws(() => store.commit(), writeFailed)
    store.peers.expire(600, 1_000)
    store.commit()
    const held = contentOf(store.peers)
    store.close()

    const reopened = openSqliteStore(path)
    assert.deepEqual(contentOf(reopened.peers), held)
    assert.deepEqual(reopened.state.identity('v4'), new Uint8Array(infoHash(5)))
    reopened.close()
  })

  test('is made good also when more has changed meanwhile than is remembered one by one', () => {
    const path = join(temporaryFolder(), 'node.sqlite')
    const store = openSqliteStore(path, SMALL)
    fillUntilItFails(store)
    const many = MAX_PENDING + 5_000
    for (let i = 0; i < many; i++)
      store.peers.announce(infoHash(i % 10_000), numbered4(i, { at: 100_000 + i }))
    assert.throws(() => store.commit(), writeFailed)
    while (store.peers.expire(100_000 + many - 50, 1_000) > 0);
    store.commit()
    const held = contentOf(store.peers)
    assert.equal(held.length, 50)
    store.peers.announce(infoHash(1), numbered4(1, { at: 200_000 }))
    store.commit()
    const heldAtLast = contentOf(store.peers)
    store.close()

    const reopened = openSqliteStore(path)
    assert.deepEqual(contentOf(reopened.peers), heldAtLast)
    reopened.close()
  })
})

describe('A commit that nobody asks for', () => {
  test('happens by itself when much is pending, so that memory stays bounded', () => {
    const path = join(temporaryFolder(), 'node.sqlite')
    const limits = { unlimitedPerIp: true, maxFileBytes: 4_096 * 16 }
    const store = openSqliteStore(path, limits)
    // Small enough a file that the commit is felt: it fails, and announcing goes on undisturbed.
    for (let i = 0; i < 3 * AUTO_COMMIT_AFTER; i++) store.peers.announce(infoHash(i), numbered4(i))
    assert.equal(store.peers.size.peers, 3 * AUTO_COMMIT_AFTER)
    assert.throws(() => store.commit(), writeFailed)
    assert.throws(() => store.close(), writeFailed)

    const roomy = openSqliteStore(path, { unlimitedPerIp: true })
    for (let i = 0; i < AUTO_COMMIT_AFTER; i++) roomy.peers.announce(infoHash(i), numbered4(i))
    roomy.state.saveIdentity('v4', infoHash(1))
    roomy.close()
    const reopened = openSqliteStore(path)
    assert.equal(reopened.peers.size.peers, AUTO_COMMIT_AFTER)
    reopened.close()
  })
})

describe('A journal', () => {
  /** A table that is a map, and counts what is written to it. */
  function mapTable(
    memory: ReadonlyMap<string, string>,
  ): Table<string> & { rowsWritten: number; file: Set<string> } {
    const file = new Set<string>()
    return {
      file,
      rowsWritten: 0,
      put(row) {
        this.rowsWritten++
        file.add(row)
      },
      drop(row) {
        this.rowsWritten++
        file.delete(row)
      },
      clear: () => file.clear(),
      rows: () => memory.values(),
    }
  }

  test('remembers one operation for a key, the last', () => {
    const table = mapTable(new Map())
    let changes = 0
    const journal = new RowJournal(table, () => changes++)
    for (let i = 0; i < 100; i++) journal.put('a', 'a')
    journal.put('b', 'b')
    journal.drop('b', 'b')
    journal.drop('c', 'c')
    journal.put('c', 'c')
    assert.equal(journal.pending, 3)
    assert.equal(changes, 104)
    journal.write()
    assert.equal(table.rowsWritten, 3)
    assert.deepEqual([...table.file], ['a', 'c'])
    assert.equal(journal.pending, 3, 'kept until it is settled')
    journal.settle()
    assert.equal(journal.pending, 0)
    journal.write()
    assert.equal(table.rowsWritten, 3)
  })

  test('never remembers more than its bound, and then writes the table anew', () => {
    const memory = new Map<string, string>()
    const table = mapTable(memory)
    table.file.add('stale')
    const journal = new RowJournal(table, () => {})
    for (let i = 0; i <= MAX_PENDING + 10; i++) {
      memory.set(String(i), String(i))
      journal.put(String(i), String(i))
      assert.ok(journal.pending <= MAX_PENDING)
    }
    memory.delete('3')
    journal.drop('3', '3')
    assert.equal(journal.pending, 1)
    journal.write()
    assert.deepEqual(table.file, new Set(memory.values()))
    journal.settle()
    journal.put('3', '3')
    assert.equal(journal.pending, 1)
    journal.write()
    assert.ok(table.file.has('3'))
  })
})
