// What one holder is asked until it has told all that it has: by holders that are honest, as the original is, and others.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { asId } from '../../../../src/kademlia/id.ts'
import type { RequestOutcome } from '../../../../src/kademlia/requester.ts'
import type { KhashmirQuery, KhashmirReply } from '../../../../src/networks/khashmir/messages.ts'
import { OneHolder } from '../../../../src/networks/khashmir/values/one-holder.ts'
import { SeededRandom } from '../../../../src/simulator/seeded-random.ts'
import { runs } from '../../../property-runs.ts'

const KEY = asId(new Uint8Array(20).fill(7))
const CONTACT = { id: asId(new Uint8Array(20).fill(8)), address: { host: '1.2.3.4', port: 9_977 } }
const MANY = 10_000

type Outcome = RequestOutcome<KhashmirReply>

const replyOf = (reply: KhashmirReply): Outcome => ({ kind: 'reply', contact: CONTACT, reply, rttMs: 1 })
const valuesOf = (...values: readonly string[]): Outcome =>
  replyOf({ values: values.map((value) => Buffer.from(value)) })
const SERVER_ERROR: Outcome = { kind: 'error', refusal: { code: 201, message: '' }, rttMs: 1 }
const SILENT: Outcome = { kind: 'failed', why: 'timeout' }

function holder(count: number): OneHolder {
  return new OneHolder({ contact: CONTACT, count })
}

function numOf(query: KhashmirQuery): number {
  assert.ok(query.method === 'get_value')
  return query.num
}

/** Asks until it is done; what it told, and how often it was asked. */
function exhaust(
  asked: OneHolder,
  answer: (num: number) => Outcome,
  wanted = MANY,
): { told: Set<string>; asks: number } {
  const told = new Set<string>()
  let asks = 0
  while (asked.state === 'asked' && told.size < wanted) {
    asks++
    const values = asked.answered(answer(numOf(asked.ask(KEY, wanted - told.size)))) ?? []
    for (const value of values) told.add(Buffer.from(value).toString())
  }
  return { told, asks }
}

/** As the original answers: all where all are wanted, else shuffled; and of them the first that a datagram takes. */
function original(values: readonly string[], room: number, random: SeededRandom): (num: number) => Outcome {
  return (num) => {
    const isAll = num === 0 || num >= values.length
    const chosen = isAll ? values : random.sample(values, num)
    return valuesOf(...chosen.slice(0, room))
  }
}

describe('A holder of khashmir values', () => {
  test('is asked for all at once where as many are wanted as it has, and no more when it gives them', () => {
    const asked = holder(3)
    assert.equal(numOf(asked.ask(KEY, MANY)), 0)
    assert.equal(asked.answered(valuesOf('a', 'b', 'c'))!.length, 3)
    assert.equal(asked.state, 'told')
  })

  test('is asked for as many as are wanted where it has more', () => {
    assert.equal(numOf(holder(30).ask(KEY, 5)), 5)
    assert.equal(numOf(holder(5).ask(KEY, 5)), 0)
  })

  test('is asked for one fewer from the second time on, so that it has to choose others', () => {
    const asked = holder(30)
    asked.ask(KEY, MANY)
    asked.answered(valuesOf('a', 'b'))
    assert.equal(asked.state, 'asked')
    assert.equal(numOf(asked.ask(KEY, MANY)), 29)
    asked.answered(valuesOf('c', 'a'))
    assert.equal(numOf(asked.ask(KEY, 4)), 4)
  })

  test('is expected to bring with an answer no more than its longest answer, nor than it has left', () => {
    const asked = holder(2 ** 40)
    assert.equal(asked.expected, 600)
    asked.ask(KEY, MANY)
    asked.answered(valuesOf('a', 'b'))
    assert.equal(asked.expected, 2)
    assert.equal(holder(3).expected, 3)
    const nearlyDone = holder(3)
    nearlyDone.ask(KEY, MANY)
    nearlyDone.answered(valuesOf('a', 'b'))
    assert.equal(nearlyDone.expected, 1)
  })

  test('tells all of them, however few an answer takes', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 2, max: 40 }),
        fc.nat(),
        (count, room, seed) => {
          const values = Array.from({ length: count }, (_, n) => `value ${n}`)
          const asked = holder(count)
          const random = new SeededRandom(seed, 'original')
          const { told, asks } = exhaust(asked, original(values, room, random))
          assert.ok(asks <= 256)
          if (count <= room) assert.equal(asks, 1)
          // One in 1,000 is let go with a value missing.
          assert.ok(told.size >= count - 1, `${told.size} of ${count}`)
          assert.ok(['told', 'given up'].includes(asked.state))
        },
      ),
      runs(200),
    )
  })

  test('tells 30 values of which an answer takes one, with some hundred questions', () => {
    const values = Array.from({ length: 30 }, (_, n) => `value ${n}`)
    const { told, asks } = exhaust(holder(30), original(values, 1, new SeededRandom(1, 'original')))
    assert.equal(told.size, 30)
    assert.ok(asks < 256, `${asks}`)
  })

  test('is given up when it says that it has more, but tells nothing new', () => {
    // At least three times; with v values of which an answer tells r, 7 · v/r times.
    for (const [count, barren] of [
      [2, 14],
      [10, 70],
      [2 ** 50, 255],
    ] as const) {
      const asked = holder(count)
      const { asks } = exhaust(asked, () => valuesOf('always the same'))
      assert.equal(asks, 1 + barren)
      assert.equal(asked.state, 'given up')
    }
    const empty = exhaust(holder(1), () => valuesOf())
    assert.equal(empty.told.size, 0)
    assert.equal(empty.asks, 7)
  })

  test('is asked 256 times at most, also where it always tells something new', () => {
    let n = 0
    const asked = holder(Number.MAX_SAFE_INTEGER)
    const { told, asks } = exhaust(asked, () => valuesOf(`garbage ${n++}`))
    assert.deepEqual([told.size, asks, asked.state], [256, 256, 'given up'])
  })

  test('is asked the less often the longer it takes: a second counts as a question', () => {
    for (const [rttMs, most] of [
      [999, 256],
      [1_000, 128],
      [8_500, 29],
    ] as const) {
      let n = 0
      const asked = holder(Number.MAX_SAFE_INTEGER)
      const late = (): Outcome => ({ ...valuesOf(`garbage ${n++}`), rttMs }) as Outcome
      assert.equal(exhaust(asked, late).asks, most)
    }
    const refusing = holder(Number.MAX_SAFE_INTEGER)
    assert.equal(exhaust(refusing, () => ({ ...SERVER_ERROR, rttMs: 8_500 })).asks, 29)
  })

  test('has told all when it has told more than it said', () => {
    const asked = holder(2)
    const { told } = exhaust(asked, () => valuesOf('a', 'b', 'c', 'd'))
    assert.deepEqual([told.size, asked.state], [4, 'told'])
  })

  test('has failed when it does not answer, refuses, or answers without values', () => {
    for (const outcome of [SILENT, replyOf({}), { ...SERVER_ERROR, refusal: { code: 203, message: '' } }]) {
      const asked = holder(30)
      asked.ask(KEY, MANY)
      assert.equal(asked.answered(outcome), null)
      assert.equal(asked.state, 'failed')
    }
  })

  test('is asked again where the value that it chose fits no datagram, unless it has no other (khashmir A4)', () => {
    const asked = holder(2)
    asked.ask(KEY, MANY)
    assert.deepEqual(asked.answered(SERVER_ERROR), [])
    assert.equal(asked.state, 'asked')
    assert.equal(numOf(asked.ask(KEY, MANY)), 1)
    asked.answered(valuesOf('small'))
    assert.equal(asked.state, 'asked')
    const only = holder(1)
    only.ask(KEY, MANY)
    assert.equal(only.answered(SERVER_ERROR), null)
    assert.equal(only.state, 'failed')
  })
})
