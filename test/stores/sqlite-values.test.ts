// Values in a file: what a reopened store holds, in which order, exactly as if it had never been closed.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Id } from '../../src/kademlia/id.ts'
import { MAX_PENDING } from '../../src/stores/journal.ts'
import { createMemoryStore } from '../../src/stores/memory-store.ts'
import { openSqliteStore, type SqliteStoreOptions } from '../../src/stores/sqlite-store.ts'
import { MAX_VALUE_BYTES, StoreError, type ValueStore } from '../../src/stores/store.ts'
import { infoHash } from '../contracts/peer-examples.ts'
import { numberedIp } from '../contracts/record-examples.ts'
import { bytesOf, textOf, textsOf, value, valuesOf } from '../contracts/value-examples.ts'
import { applyToValues, VALUE_LIMITS, valueOperations } from '../contracts/value-properties.ts'
import { runs } from '../property-runs.ts'
import { temporaryFolder } from './temporary-folder.ts'

let files = 0
const folder = temporaryFolder()
const newPath = (): string => join(folder, `${files++}.sqlite`)

const KEY = infoHash(1)
const STORED = { stored: true }
const refused = (why: string): { stored: false; why: string } => ({ stored: false, why })

/** Opens, does, closes. */
function within<T>(path: string, work: (values: ValueStore) => T, options: SqliteStoreOptions = {}): T {
  const store = openSqliteStore(path, options)
  try {
    return work(store.values)
  } finally {
    store.close()
  }
}

/** What the file itself says of values: rows in the order of positions. */
function rowsIn(path: string): Record<string, unknown>[] {
  const database = new DatabaseSync(path)
  const rows = database.prepare('SELECT * FROM value_sets ORDER BY position').all()
  database.close()
  return rows
}

describe('A reopened SQLite store', () => {
  test('holds its values: any bytes, none and the most, any key, sources of both families and our own', () => {
    const path = newPath()
    const stored = [
      value('', { source: null, at: -5 }),
      value('\0\xff\xfe', { source: '10.0.0.7', at: 6 }),
      value('x', { bytes: MAX_VALUE_BYTES, source: '20010db8'.padEnd(32, '0'), at: 7 }),
    ]
    const keys = [1, 20, 64].map((length) => new Uint8Array(length).fill(3) as Id)
    const before = within(path, (values) => {
      for (const key of keys) for (const each of stored) assert.deepEqual(values.store(key, each), STORED)
      return valuesOf(values)
    })
    within(path, (values) => {
      assert.deepEqual(valuesOf(values), before)
      assert.deepEqual(values.size, { keys: 3, values: 9, bytes: 3 * (3 + MAX_VALUE_BYTES) })
      assert.deepEqual(
        values.read(keys[1]!, { count: 9, since: -9 }),
        stored.map((each) => each.value),
      )
    })
  })

  test('holds them in the order of their first storing, whatever was refreshed, and adds newcomers behind', () => {
    const path = newPath()
    within(path, (values) => {
      for (const [at, text] of ['c', 'a', 'd', 'b'].entries()) values.store(KEY, value(text, { at }))
      values.store(KEY, value('c', { at: 9 }))
    })
    within(path, (values) => {
      assert.deepEqual(textsOf(values, 1), ['c', 'a', 'd', 'b'])
      values.store(KEY, value('e', { at: 9 }))
      values.store(KEY, value('a', { at: 9 }))
      values.withdraw(KEY, bytesOf('d'))
      values.store(KEY, value('d', { at: 9 }))
    })
    within(path, (values) => assert.deepEqual(textsOf(values, 1), ['c', 'a', 'b', 'e', 'd']))
  })

  test('gives a value that went before the restart a new place after it, also when it was the last', () => {
    const path = newPath()
    within(path, (values) => {
      for (const text of ['a', 'b']) values.store(KEY, value(text))
      values.withdraw(KEY, bytesOf('b'))
    })
    within(path, (values) => {
      for (const text of ['c', 'b']) values.store(KEY, value(text))
    })
    within(path, (values) => assert.deepEqual(textsOf(values, 1), ['a', 'c', 'b']))
  })

  test('counts and expires by the times of before, oldest first', () => {
    const path = newPath()
    within(path, (values) => {
      for (let at = 0; at < 12; at++) values.store(infoHash(at % 3), value(String(at), { at }))
      values.store(infoHash(0), value('0', { at: 12 }))
    })
    within(path, (values) => {
      assert.equal(values.count(infoHash(0), 6), 3)
      assert.equal(values.expire(6, 2), 2)
      assert.deepEqual(
        [textsOf(values, 1), textsOf(values, 2)],
        [
          ['4', '7', '10'],
          ['5', '8', '11'],
        ],
      )
      assert.equal(values.expire(6, 99), 3)
    })
    within(path, (values) => {
      const left = [0, 1, 2].map((key) => textsOf(values, key))
      assert.deepEqual(left, [
        ['0', '6', '9'],
        ['7', '10'],
        ['8', '11'],
      ])
    })
  })

  test('goes on from the latest time that it holds', () => {
    const path = newPath()
    within(path, (values) => values.store(KEY, value('a', { at: 50 })))
    within(path, (values) => {
      values.store(KEY, value('b', { at: 40 }))
      assert.equal(values.count(KEY, 50), 2)
    })
  })

  test('takes a time from the future as now, also in its file', () => {
    const path = newPath()
    within(path, (values) => {
      values.store(KEY, value('a', { at: 1_000 }))
      values.store(KEY, value('b', { at: 9_000 }))
    })
    const times = (values: ValueStore): number[] => Array.from(values.all(), (each) => each.refreshedAt)
    assert.deepEqual(within(path, times, { now: 5_000 }), [1_000, 5_000])
    assert.deepEqual(within(path, times, { now: 99_000 }), [1_000, 5_000])
  })

  test('drops what lowered bounds leave no room for, what was first stored last first, also from its file', () => {
    const filled = (): string => {
      const path = newPath()
      within(path, (values) => {
        for (let i = 0; i < 12; i++) values.store(infoHash(i % 3), value(String(i % 10), { at: 20 - i }))
      })
      return path
    }
    const kept = (valueLimits: SqliteStoreOptions['valueLimits']): string[] => {
      const path = filled()
      const all = (values: ValueStore): string[] => [0, 1, 2].map((key) => textsOf(values, key).join(''))
      const held = within(path, all, valueLimits && { valueLimits })
      assert.deepEqual(within(path, all), held)
      return held
    }
    assert.deepEqual(kept({}), ['0369', '1470', '2581'])
    assert.deepEqual(kept({ maxValues: 5 }), ['03', '14', '2'])
    assert.deepEqual(kept({ maxBytes: 5 }), ['03', '14', '2'])
    assert.deepEqual(kept({ maxKeys: 1 }), ['0369', '', ''])
    assert.deepEqual(kept({ maxValuesPerKey: 2 }), ['03', '14', '25'])
  })

  test('counts the sources of what it has read, and drops nothing for a lowered share: it was acknowledged', () => {
    const path = newPath()
    within(path, (values) => {
      for (const text of ['a', 'b', 'c']) values.store(KEY, value(text))
    })
    const options = { valueLimits: { maxPerIp: 2 } }
    within(
      path,
      (values) => {
        assert.equal(values.size.values, 3)
        values.withdraw(KEY, bytesOf('a'))
        assert.deepEqual(values.store(KEY, value('d')), refused('too-many-from-ip'))
        values.withdraw(KEY, bytesOf('b'))
        assert.deepEqual(values.store(KEY, value('d')), STORED)
      },
      options,
    )
  })

  test('has in its file one row for each value, with its latest source and time', () => {
    const path = newPath()
    within(path, (values) => {
      values.store(KEY, value('a', { at: 1 }))
      values.store(KEY, value('b', { at: 2 }))
    })
    within(path, (values) => {
      values.store(KEY, value('a', { at: 3, source: '10.0.0.2' }))
      values.withdraw(KEY, bytesOf('b'))
    })
    assert.deepEqual(
      rowsIn(path).map((row) => ({ ...row })),
      [
        {
          position: 1,
          key: new Uint8Array(KEY),
          value: bytesOf('a'),
          source: Uint8Array.of(10, 0, 0, 2),
          refreshed_at: 3,
        },
      ],
    )
  })

  test('answers after any sequence of operations, commits and restarts as one that was never closed', () => {
    const step = fc.constantFrom('commit' as const, 'reopen' as const)
    fc.assert(
      fc.property(fc.array(fc.tuple(valueOperations, step), { maxLength: 5 }), (rounds) => {
        const path = newPath()
        const options = { valueLimits: VALUE_LIMITS }
        const memory = createMemoryStore(options).values
        let store = openSqliteStore(path, options)
        let now = 0
        for (const [sequence, then] of rounds) {
          for (const operation of sequence) {
            let each = operation
            // Times that ascend, for which is the latest is forgotten with the value that had it. Which of those of one
            // ms go first, a restart may change: so all of them go.
            if (each.do === 'store') {
              now += each.stored.refreshedAt % 4
              each = { ...each, stored: { ...each.stored, refreshedAt: now } }
            } else if (each.do === 'expire') {
              each = { ...each, before: now - (each.before % 8), limit: 99 }
            }
            assert.deepEqual(applyToValues(store.values, each), applyToValues(memory, each))
          }
          if (then === 'commit') store.commit()
          else store.close()
          if (then === 'reopen') store = openSqliteStore(path, options)
          assert.deepEqual(valuesOf(store.values), valuesOf(memory))
          assert.deepEqual(store.values.size, memory.size)
        }
        store.close()
        within(path, (values) => assert.deepEqual(valuesOf(values), valuesOf(memory)), options)
      }),
      runs(30),
    )
  })
})

describe('A commit of values that fails', () => {
  test('is made good by the next one, also when more has changed than is remembered one by one', () => {
    const path = newPath()
    const store = openSqliteStore(path, { unlimitedPerIp: true, maxFileBytes: 1_048_576 })
    const { values } = store
    values.store(infoHash(0), value('committed'))
    store.commit()
    const many = MAX_PENDING + 10
    for (let i = 0; i < many; i++) {
      values.store(infoHash(i % 100), value(`${i}`, { at: 1_000 + i, bytes: 200, source: numberedIp(i) }))
    }
    assert.throws(
      () => store.commit(),
      (error) => error instanceof StoreError && error.code === 'write-failed',
    )
    values.store(infoHash(0), value('committed', { at: 1_000 + many }))
    assert.equal(values.expire(1_000 + many - 30, many), many - 30)
    store.commit()
    const before = valuesOf(values)
    store.close()
    assert.equal(before.length, 31)
    within(path, (reopened) => {
      assert.deepEqual(valuesOf(reopened), before)
      assert.equal(textOf(reopened.read(infoHash(0), { count: 1, since: 0 })[0]!), 'committed')
    })
  })
})
