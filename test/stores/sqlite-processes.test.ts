// Real processes and one file: what was acknowledged survives kill -9, and only one process has it at a time.
import assert from 'node:assert/strict'
import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { openSqliteStore } from '../../src/stores/sqlite-store.ts'
import type { NodeState, RecordStore, ValueStore } from '../../src/stores/store.ts'
import { infoHash } from '../contracts/peer-examples.ts'
import { bansOf } from '../contracts/ban-contract.ts'
import { newestOf, record } from '../contracts/record-examples.ts'
import { textsOf } from '../contracts/value-examples.ts'
import { BATCH, COUNTED, SEEN } from './sqlite-child.ts'
import { temporaryFolder } from './temporary-folder.ts'

const CHILD = fileURLToPath(new URL('sqlite-child.ts', import.meta.url))

type Child = ChildProcessByStdio<null, Readable, null>

function start(mode: string, path: string): Child {
  return spawn(process.execPath, [CHILD, mode, path], { stdio: ['ignore', 'pipe', 'inherit'] })
}

/** Reads the child's lines; kills it with SIGKILL after `count` of them; all lines that came. */
async function linesUntilKilled(child: Child, count: number): Promise<string[]> {
  const lines: string[] = []
  const ended = once(child, 'exit')
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line)
    if (lines.length === count) child.kill('SIGKILL')
  }
  await ended
  return lines
}

async function firstLine(child: Child): Promise<string> {
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
  return line
}

/** What a process that tries to open the file says of it; it has ended by then. */
async function whatAnotherSays(path: string): Promise<string> {
  return (await linesUntilKilled(start('open', path), Number.POSITIVE_INFINITY)).join()
}

/** What was held is held, what was replaced is not, and nothing comes back that is older than what was known (B44-19). */
function assertRecordsOf(records: RecordStore, steps: number): void {
  const last = steps - 1
  assert.equal(records.size.records, 2)
  assert.equal(records.get(infoHash(COUNTED), 1)!.version, BigInt(last))
  assert.equal(records.get(infoHash(last), last)!.version, 7n)
  assert.equal(newestOf(records, SEEN), `${last}a`)
  for (let step = 0; step < steps; step++) {
    assert.equal(newestOf(records, step), '7a', `step ${step}`)
    assert.deepEqual(records.put(record(step, { version: 6 })), { stored: false, why: 'older' })
  }
}

/** The values of the last five steps, in their order, and behind the one that every step refreshed. */
function assertValuesOf(values: ValueStore, steps: number): void {
  const last = Array.from({ length: Math.min(5, steps) }, (_, index) => `of ${steps - 1 - index}`)
  assert.deepEqual(textsOf(values, COUNTED), ['first', ...last.toReversed()])
  assert.equal(values.count(infoHash(COUNTED), steps - 1), 2)
}

/** Those of the last five steps; those before have ended. */
function assertBansOf(state: NodeState, steps: number): void {
  const last = Array.from({ length: Math.min(5, steps) }, (_, index) => steps - 1 - index)
  assert.deepEqual(bansOf(state), last.map((step) => `${step} 10.0.0.1 ${step + 5} forged`).toSorted())
}

describe('A process that is killed', () => {
  test('loses nothing that it had acknowledged, however often', async () => {
    const path = join(temporaryFolder(), 'node.sqlite')
    for (const count of [1, 7, 30, 3, 60]) {
      const acknowledged = (await linesUntilKilled(start('commit', path), count)).map(Number)
      const last = acknowledged.at(-1)!
      assert.ok(acknowledged.length >= count)
      const store = openSqliteStore(path)
      const steps = store.state.commitments().length
      // The step after the last line may have been committed, but not printed.
      assert.ok(steps === last + 1 || steps === last + 2, `${steps} steps after ${last} was acknowledged`)
      for (let step = 0; step < steps; step++) {
        assert.equal(store.peers.count(infoHash(step), 4).peers, BATCH, `step ${step}`)
      }
      assert.deepEqual(store.state.identity('v4'), new Uint8Array(infoHash(steps - 1)))
      assert.equal(store.state.contacts('v4')[0]!.repliedAt, steps - 1)
      assertRecordsOf(store.records, steps)
      assertValuesOf(store.values, steps)
      assertBansOf(store.state, steps)
      store.close()
    }
  })

  test('leaves nothing of what it had not committed', async () => {
    const path = join(temporaryFolder(), 'node.sqlite')
    assert.deepEqual(await linesUntilKilled(start('unfinished', path), 1), ['ready'])
    const store = openSqliteStore(path)
    assert.equal(store.state.commitments().length, 1)
    assert.deepEqual(store.peers.size, { infoHashes: 1, peers: BATCH })
    assert.deepEqual(store.state.identity('v4'), new Uint8Array(infoHash(0)))
    assertRecordsOf(store.records, 1)
    assertValuesOf(store.values, 1)
    assertBansOf(store.state, 1)
    store.close()
  })
})

describe('A file that is in use', () => {
  test('is refused to a second process, and free as soon as the first is killed', async () => {
    const path = join(temporaryFolder(), 'node.sqlite')
    const owner = start('unfinished', path)
    assert.equal(await firstLine(owner), 'ready')
    assert.equal(await whatAnotherSays(path), 'in-use')
    assert.throws(() => openSqliteStore(path), {
      name: 'StoreError',
      code: 'in-use',
      message: /another node.*another file/,
    })
    const ended = once(owner, 'exit')
    owner.kill('SIGKILL')
    await ended
    assert.equal(await whatAnotherSays(path), 'opened')
    openSqliteStore(path).close()
  })

  test('is refused to the same process and to others, also after such a refusal, and free when closed', async () => {
    const path = join(temporaryFolder(), 'node.sqlite')
    const store = openSqliteStore(path)
    assert.throws(() => openSqliteStore(path), { code: 'in-use' })
    assert.equal(await whatAnotherSays(path), 'in-use')
    store.state.saveIdentity('v4', infoHash(1))
    store.commit()
    assert.throws(() => openSqliteStore(path), { code: 'in-use' })
    assert.equal(await whatAnotherSays(path), 'in-use')
    store.close()
    assert.equal(await whatAnotherSays(path), 'opened')
  })
})
