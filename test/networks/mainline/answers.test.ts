// What a mainline node answers, asked without a wire: whose address is stored, who is answered at all, and what a store
// that fails does. Items are in answer-items.test.ts, scrapes and full swarms in answer-peers.test.ts.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { unpackAddress } from '../../../src/codecs/compact-address.ts'
import { targetOf } from '../../../src/networks/mainline/items/item.ts'
import type { MainlineQuery } from '../../../src/networks/mainline/messages.ts'
import type { PeerStore, Store } from '../../../src/stores/store.ts'
import { createMemoryStore } from '../../../src/stores/memory-store.ts'
import { Answering } from './answering.ts'
import { immutable, TestPublisher } from './item-fixtures.ts'

const FLAGS = { want: null, noSeed: false, scrape: false } as const

function announcing() {
  const serving = new Answering()
  const infoHash = serving.someId()
  const { token } = serving.getPeers(infoHash)
  assert.ok(token !== undefined)
  const announce = { method: 'announce_peer', infoHash, port: 80, token, seed: false } as const
  return { serving, infoHash, announce }
}

/** One of each method. */
function everyQuery({ random }: Answering): readonly MainlineQuery[] {
  const token = random.bytes(8)
  const { value, signed } = new TestPublisher('anybody').item('x', 1n)
  const infoHash = new Answering().someId()
  return [
    { method: 'ping' },
    { method: 'find_node', target: infoHash, want: null },
    { method: 'get_peers', infoHash, ...FLAGS },
    { method: 'get_peers', infoHash, ...FLAGS, scrape: true },
    { method: 'announce_peer', infoHash, port: 80, token, seed: false },
    { method: 'get', target: infoHash, want: null, seq: null },
    { method: 'put', token, value, signed, cas: null },
    { method: 'put', token, ...immutable('x'), cas: null },
    { method: 'sample_infohashes', target: infoHash, want: null },
  ]
}

describe('What a mainline node answers', () => {
  test('B5-17 an announce stores the address that it came from, with the port that it names or its own', () => {
    const { serving, infoHash, announce } = announcing()
    const stored = () =>
      [...serving.store.peers.all(infoHash, 4)].map(({ compact }) => unpackAddress(compact))
    serving.reply(announce)
    assert.deepEqual(stored(), [{ host: '9.8.7.6', port: 80 }])
    serving.reply({ ...announce, port: 'implied' })
    assert.deepEqual(stored(), [{ host: '9.8.7.6', port: 5_000 }])
  })

  test('B5-15 a wrong token is answered with 203, counted as such, and nothing is stored', () => {
    const { serving, announce } = announcing()
    const answer = serving.answer({ ...announce, token: new Uint8Array(8) })
    assert.ok(answer !== null && 'refusal' in answer)
    assert.deepEqual([answer.refusal.code, answer.failedToken], [203, true])
    assert.equal(serving.store.peers.size.peers, 0)
  })

  test('is nothing at all while it is read-only, whatever it is asked (B43-01)', () => {
    let readOnly = true
    const serving = new Answering({ parts: { readOnly: () => readOnly } })
    for (const query of everyQuery(serving)) assert.equal(serving.answer(query), null, query.method)
    readOnly = false
    for (const query of everyQuery(serving)) assert.notEqual(serving.answer(query), null, query.method)
  })

  test('is 202 to a write where the store fails, which is told of (K-06)', () => {
    const { serving, announce } = announcing()
    const item = immutable('kept nowhere')
    const { token } = serving.get(targetOf(item))
    serving.store.close()
    for (const query of [announce, { method: 'put', ...item, token: token!, cas: null } as const]) {
      const answer = serving.answer(query)
      assert.ok(answer !== null && 'refusal' in answer)
      assert.deepEqual([answer.refusal.code, answer.failedToken], [202, false])
    }
    assert.equal(serving.failures.length, 2)
  })

  test('is 202 where a store that somebody brought throws at reading, and never an exception (K-06)', () => {
    const serving = new Answering({ store: brokenStore() })
    const refused = everyQuery(serving).filter((query) => {
      const answer = serving.answer(query)
      assert.ok(answer !== null)
      return 'refusal' in answer && answer.refusal.code === 202
    })
    assert.deepEqual(
      refused.map(({ method }) => method),
      ['get_peers', 'get_peers', 'get', 'sample_infohashes'],
      'a write with a bad token does not come as far as the store',
    )
    assert.equal(serving.failures.length, 4)
  })
})

function brokenStore(): Store {
  const broken = (): never => {
    throw new Error('the disk is on fire')
  }
  const throwing = new Proxy({}, { get: broken })
  return { ...createMemoryStore(), peers: throwing as PeerStore, records: throwing as Store['records'] }
}
