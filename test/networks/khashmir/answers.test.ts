// What a khashmir node answers (khashmir A3, A4): real answers over a real store. Against recorded bytes of the originals
// they stand in vectors.test.ts.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { asId, compareDistance, type Id } from '../../../src/kademlia/id.ts'
import { sha1 } from '../../../src/node/system.ts'
import { MAX_VALUE_BYTES } from '../../../src/stores/store.ts'
import { ALICE, Answering, BOB, from, KEY_EXPIRE_MS, MINUTE, TOKEN_ROTATION_MS } from './answering.ts'

const INVALID = {
  code: 205,
  message: 'token is invalid, do a find_nodes to get a fresh one',
  failedToken: true,
}

/** Puts values into the store, past the answers. */
function fill(serving: Answering, key: Id, values: readonly string[]): void {
  for (const value of values) {
    const stored = { value: Buffer.from(value), source: null, refreshedAt: serving.now }
    assert.ok(serving.store.values.store(key, stored).stored)
  }
}

describe('A ping', () => {
  test('is answered with nothing but our id (khashmir A3)', () => {
    assert.deepEqual(new Answering().reply({ method: 'ping' }), {})
  })

  test('of a sender who claims our own id is answered too (khashmir A3)', () => {
    const serving = new Answering()
    const answer = serving.answer({ method: 'ping' }, { ...ALICE, id: serving.table.ownId })
    assert.deepEqual(answer, { reply: {}, acknowledgesWrite: false })
  })
})

describe('A join', () => {
  test('is told the address and port that it came from (khashmir A3)', () => {
    const serving = new Answering()
    assert.deepEqual(serving.reply({ method: 'join' }, from('9.8.7.6', 1_234)), {
      seenAs: { host: '9.8.7.6', port: 1_234 },
    })
  })
})

describe('A find_node', () => {
  test('brings the k closest that are good, nearest first, and a token (khashmir A3)', () => {
    const serving = new Answering()
    const target = serving.someId()
    const contacts = Array.from({ length: 20 }, (_, n) => ({
      id: serving.someId(),
      address: { host: `9.${n}.1.1`, port: 9_977 },
    }))
    for (const contact of contacts) serving.table.answered(contact, serving.now, null)
    const held = [...serving.table.contacts()].toSorted((a, b) => compareDistance(target, a.id, b.id))
    const reply = serving.reply({ method: 'find_node', target })
    assert.deepEqual(Object.keys(reply).toSorted(), ['nodes', 'token'])
    assert.deepEqual(
      reply.nodes?.map(({ id }) => id),
      held.slice(0, 8).map(({ id }) => id),
    )
    serving.now += 16 * MINUTE
    assert.deepEqual(serving.reply({ method: 'find_node', target }).nodes, [], 'nobody answered lately')
  })

  test('does not bring whoever asks for the first time: it has not answered us yet (khashmir A3, A6)', () => {
    const serving = new Answering()
    assert.deepEqual(serving.reply({ method: 'find_node', target: ALICE.id }).nodes, [])
  })
})

describe('A token', () => {
  test('has 20 bytes and belongs to an IP: to every port of it, and to every key (khashmir A2)', () => {
    const serving = new Answering()
    const token = serving.token(from('9.8.7.6', 1_000))
    assert.equal(token.length, 20)
    for (const port of [1_000, 2_000]) {
      assert.deepEqual(serving.token(from('9.8.7.6', port)), token)
      assert.equal(serving.storeValue(serving.someId(), 'v', { by: from('9.8.7.6', port), token }), null)
    }
    assert.notDeepEqual(serving.token(BOB), token)
    assert.deepEqual(serving.storeValue(serving.someId(), 'v', { by: BOB, token }), INVALID)
  })

  test('is good for two rotations of the secret, and not for a third (khashmir A2)', () => {
    const serving = new Answering()
    const token = serving.token()
    for (let rotation = 1; rotation <= 2; rotation++) {
      serving.now += TOKEN_ROTATION_MS
      assert.notDeepEqual(serving.token(), token)
      assert.equal(serving.storeValue(serving.someId(), 'v', { token }), null)
    }
    serving.now += TOKEN_ROTATION_MS
    assert.deepEqual(serving.storeValue(serving.someId(), 'v', { token }), INVALID)
  })

  test('that is none of ours is refused with 205 and the one text, whatever its length (khashmir A3, A4)', () => {
    const serving = new Answering()
    const key = serving.someId()
    for (const length of [0, 19, 20, 21, 1_000]) {
      assert.deepEqual(serving.storeValue(key, 'v', { token: new Uint8Array(length) }), INVALID)
    }
    assert.equal(serving.store.values.size.values, 0)
  })
})

describe('A store_value', () => {
  test('adds a value to those of its key, and the same once more is still one (khashmir A3)', () => {
    const serving = new Answering()
    const key = serving.someId()
    for (const value of ['a', 'b', 'a', '']) assert.equal(serving.storeValue(key, value), null)
    assert.deepEqual(serving.getValue(key, 0), ['a', 'b', ''])
    assert.deepEqual(serving.getValue(serving.someId(), 0), [])
  })

  test('once more keeps a value alive (khashmir A3)', () => {
    const serving = new Answering()
    const key = serving.someId()
    for (const value of ['kept', 'left']) serving.storeValue(key, value)
    serving.now += KEY_EXPIRE_MS
    serving.storeValue(key, 'kept')
    assert.deepEqual(serving.getValue(key, 0), ['kept', 'left'])
    serving.now += 1
    assert.deepEqual(serving.getValue(key, 0), ['kept'])
  })

  test('counts for the IP that brought it (T12)', () => {
    const serving = new Answering()
    const key = serving.someId()
    serving.storeValue(key, 'v', { by: BOB })
    const [stored] = [...serving.store.values.all()]
    assert.deepEqual(stored?.source, Uint8Array.of(61, 2, 3, 4))
    assert.deepEqual(stored.key, key)
  })

  test('for which there is no room is refused with 201 and the bound that forbids it (khashmir A4, T12)', () => {
    const serving = new Answering({ memory: { valueLimits: { maxKeys: 1 } } })
    assert.equal(serving.storeValue(serving.someId(), 'v'), null)
    const refused = serving.storeValue(serving.someId(), 'v')
    assert.deepEqual([refused?.code, refused?.failedToken], [201, false])
    assert.match(refused?.message ?? '', /no room.*too-many-keys/)
  })
})

describe('A value', () => {
  test('has at most as many bytes as the store takes: one more is refused with 201 (khashmir A4)', () => {
    const serving = new Answering()
    const key = serving.someId()
    assert.equal(serving.storeValue(key, 'v'.repeat(MAX_VALUE_BYTES)), null)
    const refused = serving.storeValue(key, 'v'.repeat(MAX_VALUE_BYTES + 1))
    assert.deepEqual([refused?.code, refused?.failedToken], [201, false])
    assert.match(refused?.message ?? '', /at most 8192 bytes, got 8193/)
    assert.deepEqual(serving.failures, [])
  })
})

describe('A find_value', () => {
  test('brings contacts and the number of values, and no token (khashmir A3)', () => {
    const serving = new Answering()
    const key = serving.someId()
    const contact = { id: serving.someId(), address: BOB.address }
    serving.table.answered(contact, serving.now, null)
    const none = serving.reply({ method: 'find_value', key })
    assert.deepEqual(Object.keys(none).toSorted(), ['nodes', 'num'])
    assert.deepEqual(
      none.nodes?.map(({ id }) => id),
      [contact.id],
    )
    assert.equal(none.num, 0)
    for (const value of ['a', 'b']) serving.storeValue(key, value)
    assert.equal(serving.reply({ method: 'find_value', key }).num, 2)
    serving.now += KEY_EXPIRE_MS + 1
    assert.equal(serving.reply({ method: 'find_value', key }).num, 0, 'what has expired does not count')
  })
})

describe('A get_value', () => {
  const values = ['e', 'd', 'c', 'b', 'a']

  test('of 0, or of no fewer than there are, brings all in the order of the store (khashmir A3)', () => {
    const serving = new Answering()
    const key = serving.someId()
    fill(serving, key, values)
    for (const num of [0, 5, 6, Number.MAX_SAFE_INTEGER]) assert.deepEqual(serving.getValue(key, num), values)
  })

  test('of fewer than there are brings so many, at random and each once (khashmir A3)', () => {
    const serving = new Answering()
    const key = serving.someId()
    fill(serving, key, values)
    const seen = new Map<string, number>()
    for (let round = 0; round < 500; round++) {
      const some = serving.getValue(key, 2)
      assert.equal(new Set(some).size, 2)
      seen.set(some.join(''), (seen.get(some.join('')) ?? 0) + 1)
    }
    assert.equal(seen.size, 20, 'each pair in each order')
  })

  test('counts only what has not expired (khashmir A8)', () => {
    const serving = new Answering()
    const key = serving.someId()
    fill(serving, key, ['old', 'older'])
    serving.now += KEY_EXPIRE_MS + 1
    fill(serving, key, ['new'])
    for (const num of [0, 1, 2]) assert.deepEqual(serving.getValue(key, num), ['new'])
  })

  test('reads no more of a large key than can fit a datagram: 700 values, or 1472 bytes of them (T9)', () => {
    for (const [bytes, most] of [
      [2, 700],
      [40, 37],
      [1_000, 2],
      [8_192, 1],
    ] as const) {
      const serving = new Answering({ memory: { unlimitedPerIp: true } })
      const key = serving.someId()
      const many = Array.from({ length: 1_000 }, (_, n) => n.toString(36).padStart(2, '0').padEnd(bytes))
      fill(serving, key, many)
      assert.deepEqual(serving.getValue(key, 0), many.slice(0, most))
      assert.equal(new Set(serving.getValue(key, 900)).size, most)
    }
  })
})

describe('A serving side', () => {
  test('that is read-only answers nothing', () => {
    const serving = new Answering({ parts: { readOnly: () => true } })
    assert.equal(serving.answer({ method: 'ping' }), null)
    assert.equal(serving.answer({ method: 'find_node', target: ALICE.id }), null)
  })

  test('whose store fails answers 201, says so, and goes on', () => {
    const failure = new Error('no disk')
    const failing = () => {
      throw failure
    }
    const { values } = new Answering().store
    const broken = Object.assign(Object.create(values) as typeof values, { store: failing, read: failing })
    const serving = new Answering({ parts: { values: broken } })
    const key = asId(sha1(Buffer.from('key')))
    const refused = serving.storeValue(key, 'v')
    assert.deepEqual([refused?.code, refused?.failedToken], [201, false])
    const answer = serving.answer({ method: 'get_value', key, num: 0 })
    assert.ok(answer !== null && 'refusal' in answer)
    assert.equal(answer.refusal.code, 201)
    assert.deepEqual(serving.failures, [failure, failure])
    assert.deepEqual(serving.reply({ method: 'ping' }), {})
  })
})
