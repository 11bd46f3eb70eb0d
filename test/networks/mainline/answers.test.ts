// What a mainline node answers, asked without a wire: whose address is stored, and what a store that fails does.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { unpackAddress } from '../../../src/codecs/compact-address.ts'
import { asId } from '../../../src/kademlia/id.ts'
import { defaultParameters } from '../../../src/kademlia/parameters.ts'
import { WriteTokens } from '../../../src/kademlia/write-tokens.ts'
import { MainlineAnswers } from '../../../src/networks/mainline/answers.ts'
import { createRandom, sha1 } from '../../../src/node/system.ts'
import { createMemoryStore } from '../../../src/stores/memory-store.ts'

const random = createRandom()
const infoHash = asId(random.bytes(20))
const asker = { id: asId(random.bytes(20)), address: { host: '9.8.7.6', port: 5_000 } }
const NOW = 1_000_000

function answers() {
  const store = createMemoryStore()
  const failures: unknown[] = []
  const serving = new MainlineAnswers({
    family: 4,
    tables: () => null,
    tokens: new WriteTokens({ parameters: defaultParameters, random, hash: sha1, now: NOW }),
    peers: store.peers,
    fraction: () => random.fraction(),
    storeFailed: (error) => failures.push(error),
    readOnly: () => false,
    k: 8,
  })
  const question = { method: 'get_peers', infoHash, want: null, noSeed: false, scrape: false } as const
  const asked = serving.answer(question, asker, NOW)
  assert.ok(asked !== null && 'reply' in asked && asked.reply.token !== undefined)
  const announce = {
    method: 'announce_peer',
    infoHash,
    port: 80,
    token: asked.reply.token,
    seed: false,
  } as const
  return { serving, store, failures, announce }
}

describe('What a mainline node answers', () => {
  test('B5-17 an announce stores the address that it came from, with the port that it names or its own', () => {
    const { serving, store, announce } = answers()
    const stored = () => [...store.peers.all(infoHash, 4)].map(({ compact }) => unpackAddress(compact))
    assert.ok('reply' in serving.answer(announce, asker, NOW)!)
    assert.deepEqual(stored(), [{ host: '9.8.7.6', port: 80 }])
    assert.ok('reply' in serving.answer({ ...announce, port: 'implied' }, asker, NOW)!)
    assert.deepEqual(stored(), [{ host: '9.8.7.6', port: 5_000 }])
  })

  test('B5-15 a wrong token is answered with 203, counted as such, and nothing is stored', () => {
    const { serving, store, announce } = answers()
    const forged = { ...announce, token: new Uint8Array(8) }
    const answer = serving.answer(forged, asker, NOW)
    assert.ok(answer !== null && 'refusal' in answer)
    assert.deepEqual([answer.refusal.code, answer.failedToken], [203, true])
    assert.equal(store.peers.size.peers, 0)
  })

  test('a store that fails is told of, and answered with 202', () => {
    const { serving, store, failures, announce } = answers()
    store.close()
    const answer = serving.answer(announce, asker, NOW)
    assert.ok(answer !== null && 'refusal' in answer)
    assert.deepEqual([answer.refusal.code, answer.failedToken, failures.length], [202, false, 1])
  })
})
