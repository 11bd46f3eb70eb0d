// Promises kept alive in virtual time on a real store in memory: renewed in time, retried when that fails, few at once,
// taken up after a restart, and given up when told.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { KeepAlive } from '../../src/node/keep-alive.ts'
import { createMemoryStore } from '../../src/stores/memory-store.ts'
import type { Commitment, NodeState } from '../../src/stores/store.ts'
import { seededRandom } from '../kademlia/table-fixtures.ts'
import { VirtualTime } from './virtual-time.ts'

const MINUTE = 60_000
const INTERVAL = 15 * MINUTE

interface Renewal {
  readonly at: number
  readonly commitment: Commitment
  readonly done: (ok: boolean) => void
}

class Keeper {
  readonly time: VirtualTime
  readonly state: NodeState
  readonly renewals: Renewal[] = []
  readonly keepAlive: KeepAlive
  changes = 0
  /** Whether a renewal succeeds at once; null: when the test says so. */
  succeeds: boolean | null = true
  /** What a renewal found to be kept instead. */
  newData: Uint8Array | null = null

  constructor(time = new VirtualTime(), state = createMemoryStore().state, fraction?: number) {
    this.time = time
    this.state = state
    const random = seededRandom(1)
    this.keepAlive = new KeepAlive({
      scheduler: time,
      random: fraction === undefined ? random : { ...random, fraction: () => fraction },
      state,
      failed: (error) => assert.ifError(error),
      changed: () => void this.changes++,
    })
    this.keepAlive.keep('announce', {
      intervalMs: INTERVAL,
      renew: (commitment) =>
        new Promise((resolve) => {
          const done = (ok: boolean): void => resolve(ok ? (this.newData ?? commitment.data) : null)
          this.renewals.push({ at: time.now(), commitment, done })
          if (this.succeeds !== null) done(this.succeeds)
        }),
    })
  }

  add(key: number, data = 0, doneAt = this.time.now()): void {
    this.keepAlive.add({ kind: 'announce', key: Uint8Array.of(key), data: Uint8Array.of(data), doneAt })
  }

  remove(key: number): boolean {
    return this.keepAlive.remove('announce', Uint8Array.of(key))
  }

  /** Minutes after `start` at which each renewal was. */
  minutes(start: number): number[] {
    return this.renewals.map(({ at }) => (at - start) / MINUTE)
  }
}

describe('What is kept alive', () => {
  test('is renewed before each interval is over, never before nine tenths of it, and not always at the same', async () => {
    const keeper = new Keeper()
    const start = keeper.time.now()
    keeper.add(1)
    await keeper.time.runFor(24 * 60 * MINUTE)
    const gaps = keeper.minutes(start).map((at, i, all) => at - (all[i - 1] ?? 0))
    assert.ok(gaps.length >= 96)
    for (const gap of gaps) assert.ok(gap > 13.49 && gap <= 15.001, `${gap} minutes`)
    assert.ok(new Set(gaps).size > 50, 'by the dice')
    assert.equal(keeper.state.commitments()[0]!.doneAt, Math.round(keeper.renewals.at(-1)!.at))
  })

  test('is committed whenever it changes: when promised, renewed and given up', async () => {
    const keeper = new Keeper()
    keeper.add(1)
    assert.equal(keeper.changes, 1)
    await keeper.time.runFor(INTERVAL)
    assert.equal(keeper.changes, 2)
    keeper.remove(1)
    assert.equal(keeper.changes, 3)
  })

  test('and was never done is done at once', async () => {
    const keeper = new Keeper()
    keeper.add(1, 0, 0)
    await keeper.time.runFor(0)
    assert.equal(keeper.renewals.length, 1)
  })

  test('is tried again after 1 min when that failed, then 2, 4, 8 and at most every interval, and as before once it works', async () => {
    const keeper = new Keeper(undefined, undefined, 1)
    keeper.succeeds = false
    const start = keeper.time.now()
    keeper.add(1)
    await keeper.time.runFor(80 * MINUTE)
    assert.deepEqual(keeper.minutes(start), [15, 16, 18, 22, 30, 45, 60, 75])
    assert.equal(keeper.state.commitments()[0]!.doneAt, start)
    keeper.succeeds = true
    await keeper.time.runFor(10 * MINUTE)
    keeper.succeeds = false
    await keeper.time.runFor(17 * MINUTE)
    assert.deepEqual(keeper.minutes(start).slice(8), [90, 105, 106])
  })

  test('is tried again at once when others can be reached again, where nobody accepted it', async () => {
    const keeper = new Keeper(undefined, undefined, 1)
    keeper.succeeds = false
    const start = keeper.time.now()
    keeper.add(1)
    await keeper.time.runFor(32 * MINUTE)
    assert.deepEqual(keeper.minutes(start), [15, 16, 18, 22, 30])
    keeper.add(2)
    keeper.succeeds = true
    keeper.keepAlive.hurry()
    keeper.keepAlive.hurry()
    await keeper.time.runFor(10 * MINUTE)
    assert.deepEqual(keeper.minutes(start).slice(5), [32])
    await keeper.time.runFor(5 * MINUTE)
    assert.deepEqual(keeper.minutes(start).slice(6), [47, 47])
  })

  test('is tried again also when renewing rejects, which it must not', async () => {
    const keeper = new Keeper(undefined, undefined, 1)
    const failing = new KeepAlive({
      scheduler: keeper.time,
      random: seededRandom(1),
      state: keeper.state,
      failed: (error) => assert.ifError(error),
      changed: () => {},
    })
    failing.keep('announce', {
      intervalMs: INTERVAL,
      renew: async () => {
        keeper.changes++
        throw new Error('no')
      },
    })
    failing.add({ kind: 'announce', key: Uint8Array.of(1), data: Uint8Array.of(), doneAt: 0 })
    await keeper.time.runFor(MINUTE)
    assert.equal(keeper.changes, 2)
  })

  test('is renewed sixteen at once and no more, those longest due first; each that ends lets the next begin', async () => {
    const keeper = new Keeper(undefined, undefined, 1)
    keeper.succeeds = null
    const now = keeper.time.now()
    for (let key = 1; key <= 20; key++) keeper.add(key, 0, now - 2 * INTERVAL - 1_000 * key)
    const expected = Array.from({ length: 20 }, (_, i) => 20 - i)
    await keeper.time.runFor(1_000)
    const keys = (): number[] => keeper.renewals.map(({ commitment }) => commitment.key[0]!)
    assert.deepEqual(keys(), expected.slice(0, 16))
    keeper.renewals[2]!.done(true)
    await keeper.time.runFor(1_000)
    assert.deepEqual(keys(), expected.slice(0, 17))
    for (let i = 0; i < 19; i++) {
      keeper.renewals[i]!.done(i % 2 === 0)
      await keeper.time.runFor(0)
    }
    assert.deepEqual(keys().slice(0, 20), expected)
  })

  test('is taken up after a restart: what is overdue at once, the rest in its time', async () => {
    const before = new Keeper()
    before.add(1, 7)
    await before.time.runFor(MINUTE)
    before.add(2, 8)
    before.keepAlive.close()
    await before.time.runFor(14 * MINUTE)
    assert.deepEqual(before.renewals, [])
    const after = new Keeper(before.time, before.state, 1)
    after.keepAlive.resume()
    await after.time.runFor(0)
    assert.deepEqual(
      after.renewals.map(({ commitment }) => commitment.data[0]),
      [7],
    )
    await after.time.runFor(MINUTE)
    assert.deepEqual(
      after.renewals.map(({ commitment }) => commitment.data[0]),
      [7, 8],
    )
  })

  test('that was done in the future, by a clock that was wrong, is not forgotten until then', async () => {
    const keeper = new Keeper()
    keeper.add(1, 0, keeper.time.now() + 365 * 24 * 60 * MINUTE)
    await keeper.time.runFor(INTERVAL)
    assert.equal(keeper.renewals.length, 1)
  })

  test('and is promised anew is renewed with the new data, from then on', async () => {
    const keeper = new Keeper()
    keeper.add(1, 7)
    await keeper.time.runFor(10 * MINUTE)
    keeper.add(1, 8)
    await keeper.time.runFor(13 * MINUTE)
    assert.equal(keeper.renewals.length, 0)
    await keeper.time.runFor(2 * MINUTE)
    assert.deepEqual(
      keeper.renewals.map(({ commitment }) => commitment.data[0]),
      [8],
    )
  })

  test('is from then on what its renewal found to be newer', async () => {
    const keeper = new Keeper()
    keeper.add(1, 7)
    keeper.newData = Uint8Array.of(9)
    await keeper.time.runFor(INTERVAL)
    assert.deepEqual(keeper.state.commitments()[0]!.data, Uint8Array.of(9))
    await keeper.time.runFor(INTERVAL)
    assert.deepEqual(
      keeper.renewals.map(({ commitment }) => commitment.data[0]),
      [7, 9],
    )
  })

  test('is renewed in the order in which it became due, whatever its kind and interval', async () => {
    const keeper = new Keeper(undefined, undefined, 1)
    const order: string[] = []
    for (const [kind, intervalMs] of [
      ['hourly', 4 * INTERVAL],
      ['yearly', 4 * 24 * 365 * INTERVAL],
    ] as const) {
      keeper.keepAlive.keep(kind, {
        intervalMs,
        renew: async ({ data }) => {
          order.push(kind)
          return data
        },
      })
    }
    const now = keeper.time.now()
    const [key, data] = [Uint8Array.of(1), Uint8Array.of()]
    keeper.state.saveCommitment({ kind: 'yearly', key, data, doneAt: now - 4 * 24 * 365 * INTERVAL })
    keeper.state.saveCommitment({ kind: 'hourly', key, data, doneAt: now - 5 * INTERVAL })
    keeper.keepAlive.resume()
    await keeper.time.runFor(0)
    assert.deepEqual(order, ['hourly', 'yearly'])
  })

  test('and is promised anew while it is renewed keeps its new data, whether or not that renewal succeeds', async () => {
    for (const ok of [true, false]) {
      const keeper = new Keeper()
      keeper.succeeds = null
      keeper.newData = Uint8Array.of(9)
      keeper.add(1, 7, 0)
      await keeper.time.runFor(0)
      keeper.add(1, 8)
      keeper.renewals[0]!.done(ok)
      await keeper.time.runFor(2 * MINUTE)
      assert.equal(keeper.state.commitments()[0]!.data[0], 8)
      assert.equal(keeper.renewals.length, 1)
      await keeper.time.runFor(INTERVAL)
      assert.equal(keeper.renewals[1]!.commitment.data[0], 8)
    }
  })
})

describe('What is given up', () => {
  test('is not renewed any more, nor taken up after a restart; it says whether there was anything', async () => {
    const keeper = new Keeper()
    keeper.add(1)
    keeper.add(2)
    assert.equal(keeper.remove(1), true)
    assert.equal(keeper.remove(1), false)
    assert.equal(keeper.keepAlive.remove('publish', Uint8Array.of(2)), false)
    await keeper.time.runFor(INTERVAL)
    assert.deepEqual(
      keeper.renewals.map(({ commitment }) => commitment.key[0]),
      [2],
    )
    assert.deepEqual(
      keeper.state.commitments().map(({ key }) => key[0]),
      [2],
    )
  })

  test('while it is renewed does not come back, and holds up no other', async () => {
    const keeper = new Keeper()
    keeper.succeeds = null
    for (let key = 1; key <= 6; key++) keeper.add(key, 0, 0)
    await keeper.time.runFor(0)
    const first = keeper.renewals.slice(0, 4)
    for (const { commitment } of first) keeper.remove(commitment.key[0]!)
    for (const { done } of first) done(true)
    await keeper.time.runFor(1_000)
    assert.equal(keeper.renewals.length, 6)
    assert.equal(keeper.state.commitments().length, 2)
  })
})

describe('After closing', () => {
  test('nothing is renewed, also when a renewal ends late, and no timer is left', async () => {
    const keeper = new Keeper()
    keeper.succeeds = null
    keeper.add(1, 0, 0)
    keeper.add(2)
    await keeper.time.runFor(0)
    keeper.keepAlive.close()
    keeper.keepAlive.close()
    const { changes } = keeper
    keeper.renewals[0]!.done(true)
    await keeper.time.runFor(0)
    assert.equal(keeper.time.pending, 0)
    assert.equal(keeper.changes, changes)
    assert.equal(keeper.renewals.length, 1)
  })
})
