// Writes that are kept alive: one of a name after the other, taken back also while they are under way.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { asId, type Id } from '../../src/kademlia/id.ts'
import { CommitBatch } from '../../src/node/commit-batch.ts'
import { KeepAlive } from '../../src/node/keep-alive.ts'
import { keyOf, KeptWrites } from '../../src/node/kept-writes.ts'
import type { WriteReport } from '../../src/node/write.ts'
import { createMemoryStore } from '../../src/stores/memory-store.ts'
import type { NodeState } from '../../src/stores/store.ts'
import { seededRandom } from '../kademlia/table-fixtures.ts'
import { settled, VirtualTime } from './virtual-time.ts'

const MINUTE = 60_000
const KEY = asId(new Uint8Array(20).fill(7))
const OTHER = asId(new Uint8Array(20).fill(8))

interface Written {
  readonly what: string
  /** Ends it; `others`: whether another node took it. */
  readonly end: (others?: boolean) => Promise<void>
}

class Kept {
  readonly time: VirtualTime
  readonly state: NodeState
  /** Writes under way, in the order in which they began. */
  readonly writing: Written[] = []
  readonly withdrawn: string[] = []
  renewals = 0
  commits = 0
  commitFails = false
  readonly writes: KeptWrites<string>
  readonly keepAlive: KeepAlive

  constructor(time = new VirtualTime(), state = createMemoryStore().state) {
    this.time = time
    this.state = state
    const commits = new CommitBatch({
      scheduler: time,
      commit: () => {
        this.commits++
        if (this.commitFails) throw new Error('disk full')
      },
      onFailure: () => {},
    })
    const changed = (): void => commits.schedule()
    const failed = (error: unknown): void => assert.ifError(error)
    this.keepAlive = new KeepAlive({ scheduler: time, random: seededRandom(1), state, changed, failed })
    this.writes = new KeptWrites<string>(
      {
        kind: 'note',
        intervalMs: 10 * MINUTE,
        write: (_key, what) => this.#write(what),
        withdraw: (_key, what) => void this.withdrawn.push(what),
        encode: (_key, what) => Buffer.from(what),
        decode: (commitment) =>
          commitment.data.length === 0
            ? null
            : { key: keyOf(commitment), what: Buffer.from(commitment.data).toString() },
        renewed: () => void this.renewals++,
      },
      { state, scheduler: time, commits, keepAlive: this.keepAlive },
    )
    this.keepAlive.resume()
  }

  write(
    what: string,
    options: { key?: Id; keepAlive?: boolean; signal?: AbortSignal } = {},
  ): Promise<WriteReport> {
    const { key = KEY, keepAlive = true, signal } = options
    return this.writes.write(key, what, { keepAlive, signal })
  }

  get kept(): string[] {
    return this.writes.kept().map(({ what }) => what)
  }

  #write(what: string): Promise<WriteReport> {
    return new Promise((resolve) => {
      const end = async (others = true): Promise<void> => {
        this.writing.splice(this.writing.indexOf(written), 1)
        const accepted = [{ host: others ? '1.2.3.4' : 'self', port: 1 }]
        resolve({ key: '', stored: 1, asked: 1, accepted, refused: [] })
        await this.time.runFor(0)
      }
      const written = { what, end }
      this.writing.push(written)
    })
  }

  get underWay(): string[] {
    return this.writing.map(({ what }) => what)
  }
}

describe('A write that is kept alive', () => {
  test('is promised when it is done, and told when that is committed', async () => {
    const kept = new Kept()
    let told = false
    const writing = kept.write('a').then(() => {
      told = true
    })
    await settled()
    assert.deepEqual([kept.underWay, kept.kept], [['a'], []])
    await kept.writing[0]!.end()
    await writing
    assert.ok(told && kept.commits > 0)
    assert.deepEqual(kept.kept, ['a'])
  })

  test('is not told when it can not be committed', async () => {
    const kept = new Kept()
    kept.commitFails = true
    const writing = assert.rejects(kept.write('a'), /disk full/u)
    await settled()
    await kept.writing[0]!.end()
    await writing
  })

  test('is not promised where that is not wanted', async () => {
    const kept = new Kept()
    const writing = kept.write('a', { keepAlive: false })
    await settled()
    await kept.writing[0]!.end()
    await writing
    assert.deepEqual(kept.kept, [])
    await kept.time.runFor(60 * MINUTE)
    assert.deepEqual(kept.underWay, [])
  })

  test('is done again before its interval is over, and by a node that comes back', async () => {
    const kept = new Kept()
    const writing = kept.write('a')
    await settled()
    await kept.writing[0]!.end()
    await writing
    await kept.time.runFor(10 * MINUTE)
    assert.deepEqual(kept.underWay, ['a'])
    await kept.writing[0]!.end()
    assert.equal(kept.renewals, 1)
    kept.keepAlive.close()
    const again = new Kept(kept.time, kept.state)
    assert.deepEqual(again.kept, ['a'])
    await again.time.runFor(10 * MINUTE)
    assert.deepEqual(again.underWay, ['a'])
  })

  test('is done again soon where nobody but ourselves took it', async () => {
    const kept = new Kept()
    const writing = kept.write('a')
    await settled()
    await kept.writing[0]!.end(false)
    await writing
    await kept.time.runFor(0)
    assert.deepEqual(kept.underWay, ['a'])
  })
})

describe('Of two writes of one name', () => {
  test('the second begins when the first has ended, and has the last word', async () => {
    const kept = new Kept()
    const both = [kept.write('first'), kept.write('second')]
    await settled()
    assert.deepEqual(kept.underWay, ['first'])
    await kept.writing[0]!.end()
    assert.deepEqual(kept.underWay, ['second'])
    await kept.writing[0]!.end()
    await Promise.all(both)
    assert.deepEqual(kept.kept, ['second'])
  })

  test('one of another name waits for neither', async () => {
    const kept = new Kept()
    const all = [kept.write('first'), kept.write('second'), kept.write('other', { key: OTHER })]
    await settled()
    assert.deepEqual(kept.underWay, ['first', 'other'])
    while (kept.writing.length > 0) await kept.writing[0]!.end()
    await Promise.all(all)
    assert.deepEqual(kept.kept.toSorted(), ['other', 'second'])
  })

  test('one that is given up while it waits is never begun, and lets nobody overtake the other', async () => {
    const kept = new Kept()
    const controller = new AbortController()
    const first = kept.write('first')
    const waiting = assert.rejects(kept.write('waiting', { signal: controller.signal }))
    const last = kept.write('last')
    await settled()
    controller.abort()
    await waiting
    assert.deepEqual(kept.underWay, ['first'])
    await kept.writing[0]!.end()
    assert.deepEqual(kept.underWay, ['last'])
    await kept.writing[0]!.end()
    await Promise.all([first, last])
    assert.deepEqual(kept.kept, ['last'])
  })
})

describe('Taking back a write', () => {
  test('ends its being kept, and takes it out of our own store', async () => {
    const kept = new Kept()
    const writing = kept.write('a')
    await settled()
    await kept.writing[0]!.end()
    await writing
    assert.equal(kept.writes.takeBack(KEY), true)
    assert.deepEqual([kept.kept, kept.withdrawn], [[], ['a']])
    assert.equal(kept.writes.takeBack(KEY), false)
    await kept.time.runFor(60 * MINUTE)
    assert.deepEqual(kept.underWay, [])
  })

  test('counts also while it is under way: it is promised no more, and withdrawn when it has ended', async () => {
    const kept = new Kept()
    const writing = kept.write('a')
    await settled()
    assert.equal(kept.writes.takeBack(KEY), true)
    assert.equal(kept.writes.takeBack(KEY), false)
    await kept.writing[0]!.end()
    await writing
    assert.deepEqual([kept.kept, kept.withdrawn], [[], ['a']])
  })

  test('takes back those that wait too, but not what is written afterwards', async () => {
    const kept = new Kept()
    const all = [kept.write('first'), kept.write('second')]
    await settled()
    assert.equal(kept.writes.takeBack(KEY), true)
    all.push(kept.write('third'))
    for (const expected of ['first', 'second', 'third']) {
      assert.deepEqual(kept.underWay, [expected])
      await kept.writing[0]!.end()
    }
    await Promise.all(all)
    assert.deepEqual(kept.withdrawn, ['first', 'second'])
    assert.deepEqual(kept.kept, ['third'])
  })

  test('counts while it is being done again: what that brought into our own store goes', async () => {
    const kept = new Kept()
    const writing = kept.write('a')
    await settled()
    await kept.writing[0]!.end()
    await writing
    await kept.time.runFor(10 * MINUTE)
    assert.deepEqual(kept.underWay, ['a'])
    assert.equal(kept.writes.takeBack(KEY), true)
    assert.deepEqual(kept.withdrawn, ['a'])
    await kept.writing[0]!.end()
    assert.deepEqual([kept.kept, kept.withdrawn], [[], ['a', 'a']])
    await kept.time.runFor(60 * MINUTE)
    assert.deepEqual(kept.underWay, [])
  })

  test('of a name that was never written is nothing, and so is what somebody wrote into the file', async () => {
    const kept = new Kept()
    assert.equal(kept.writes.takeBack(KEY), false)
    kept.state.saveCommitment({ kind: 'note', key: OTHER, data: new Uint8Array(0), doneAt: 0 })
    kept.state.saveCommitment({ kind: 'another', key: KEY, data: Uint8Array.of(1), doneAt: 0 })
    assert.deepEqual(kept.kept, [])
    assert.equal(kept.writes.takeBack(KEY), false)
    assert.deepEqual(kept.withdrawn, [])
  })
})
