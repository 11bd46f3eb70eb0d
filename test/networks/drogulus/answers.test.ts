// What a drogulus node answers to ping, findnode and findvalue (drogulus B4): real answers over a real store. Against
// recorded bytes of the originals they stand in vectors.test.ts; store is in answer-store.test.ts.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { compareDistance, type Id } from '../../../src/kademlia/id.ts'
import { recordOf } from '../../../src/networks/drogulus/values/record.ts'
import { ALICE, Answering, HOUR, K, MINUTE, SECOND, signed, START } from './answering.ts'

/** Contacts at ascending distances from a key, each with one of these ports. */
function near(serving: Answering, key: Id, ports: readonly number[]): Id[] {
  return ports.map((port, n) => {
    const id = key.slice() as Id
    id[63]! ^= n + 1
    serving.knows(id, `9.${n}.1.1`, port)
    return id
  })
}

describe('A ping', () => {
  test('is answered with a pong, which has nothing of its own (drogulus B4)', () => {
    assert.deepEqual(new Answering().reply({ method: 'ping' }), {})
  })

  test('of a sender who claims our own id is answered too (drogulus B4)', () => {
    const serving = new Answering()
    assert.deepEqual(serving.reply({ method: 'ping' }, { ...ALICE, id: serving.table.ownId }), {})
  })
})

describe('A findnode', () => {
  test('brings the K nearest that are good, nearest first (drogulus B4)', () => {
    const serving = new Answering()
    const key = serving.someId()
    for (let n = 0; n < 12; n++) {
      serving.table.answered(
        { id: serving.someId(), address: { host: `9.${n}.1.1`, port: 1_908 } },
        serving.now,
        null,
      )
    }
    const held = [...serving.table.contacts()].toSorted((a, b) => compareDistance(key, a.id, b.id))
    assert.ok(held.length > K)
    const { nodes, ...rest } = serving.reply({ method: 'findnode', key, anyPort: true })
    assert.deepEqual(
      nodes?.map(({ id }) => id),
      held.slice(0, K).map(({ id }) => id),
    )
    assert.deepEqual(rest, {})
    serving.now += HOUR
    assert.deepEqual(
      serving.reply({ method: 'findnode', key, anyPort: true }).nodes,
      [],
      'nobody answered lately',
    )
  })

  test('of an original brings contacts whose port it can read, and as many of them (drogulus B0, B2)', () => {
    const serving = new Answering()
    // In the other half of the table than we are, where K have a place, and whoever is like us is farther.
    const key = serving.table.ownId.slice() as Id
    key[0]! ^= 0x80
    const ids = near(serving, key, [49_151, 49_152, 65_535, 1_908])
    const named = (anyPort: boolean): Id[] =>
      serving.reply({ method: 'findnode', key, anyPort }).nodes!.map(({ id }) => id)
    assert.deepEqual(named(true), ids)
    assert.deepEqual(named(false), [ids[0], ids[3]])
    const other = serving.table.ownId.slice() as Id
    other[63]! ^= 1
    serving.knows(other, '9.100.1.1')
    assert.deepEqual(named(true), ids, 'farther than K others')
    assert.deepEqual(named(false), [ids[0], ids[3], other])
  })
})

describe('A findvalue', () => {
  test('brings the value with the version text that it came with, and no contacts (drogulus B2, B4)', () => {
    const serving = new Answering()
    const item = { ...signed(), version: Uint8Array.of(0x31) }
    near(serving, item.key, [1_908])
    assert.equal(serving.storing(item), null)
    assert.deepEqual(serving.reply({ method: 'findvalue', key: item.key, anyPort: true }), { item })
  })

  test('brings contacts where there is no value, as findnode does (drogulus B4)', () => {
    const serving = new Answering()
    const key = serving.someId()
    const ids = near(serving, key, [1_908, 50_000])
    for (const anyPort of [true, false]) {
      const { nodes, ...rest } = serving.reply({ method: 'findvalue', key, anyPort })
      assert.deepEqual(
        nodes?.map(({ id }) => id),
        anyPort ? ids : ids.slice(0, 1),
      )
      assert.deepEqual(rest, {})
    }
  })

  test('brings no value from the time on at which it expires (drogulus B0)', () => {
    const serving = new Answering()
    const item = signed({ expires: (START + MINUTE) / SECOND })
    assert.equal(serving.storing(item), null)
    serving.now = START + MINUTE - 1
    assert.deepEqual(serving.held(item), item)
    serving.now++
    assert.equal(serving.held(item), null)
  })

  test('brings no value that has expired, also where the store was told to keep it for longer (drogulus B0)', () => {
    const serving = new Answering()
    const item = signed({ expires: (START - MINUTE) / SECOND })
    const record = recordOf(item, { source: null, now: START, lifetimeMs: Infinity })
    assert.ok(serving.store.records.put({ ...record, expiresAt: START + HOUR }).stored)
    assert.ok(serving.store.records.get(item.key, START) !== null)
    assert.equal(serving.held(item), null)
  })

  test('brings a value of which the time is 0 or less at any time (drogulus B0)', () => {
    const serving = new Answering()
    const items = [-1, 0].map((expires) => signed({ expires, name: String(expires) }))
    for (const item of items) assert.equal(serving.storing(item), null)
    serving.now += 100_000 * HOUR
    for (const item of items) assert.deepEqual(serving.held(item), item)
  })
})

describe('A serving side', () => {
  test('that is read-only answers nothing', () => {
    const serving = new Answering({ parts: { readOnly: () => true } })
    assert.equal(serving.answer({ method: 'ping' }), null)
    assert.equal(serving.answer({ method: 'findnode', key: ALICE.id, anyPort: true }), null)
    assert.equal(serving.answer({ method: 'store', item: signed() }), null)
  })

  test('whose store fails answers 3, says so, and goes on', () => {
    const failure = new Error('no disk')
    const failing = () => {
      throw failure
    }
    const { records } = new Answering().store
    const broken = Object.assign(Object.create(records) as typeof records, { newest: failing, get: failing })
    const serving = new Answering({ parts: { records: broken } })
    const item = signed()
    assert.equal(serving.storing(item)?.code, 3)
    const answer = serving.answer({ method: 'findvalue', key: item.key, anyPort: true })
    assert.ok(answer !== null && 'refusal' in answer)
    assert.deepEqual(answer.refusal, {
      code: 3,
      message: 'Internal error',
      details: { message: 'The store is not available.' },
    })
    assert.deepEqual(serving.failures, [failure, failure])
    assert.deepEqual(serving.reply({ method: 'ping' }), {})
  })
})
