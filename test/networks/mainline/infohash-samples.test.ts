// Samples of infohashes at a node that is surveyed (BEP 51). The wire in front is in test/scenarios/serving-surveys.test.ts.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { packAddress, readHost } from '../../../src/codecs/compact-address.ts'
import { toHex, type Id } from '../../../src/kademlia/id.ts'
import { Answering, from, PEER_LIFETIME_MS } from './answering.ts'
import { immutable } from './item-fixtures.ts'

/** Stores a peer for this many infohashes. */
function fill(serving: Answering, count: number, host = (n: number) => `20.${n >> 8}.${n & 0xff}.1`): Id[] {
  return Array.from({ length: count }, (_, n) => {
    const infoHash = serving.someId()
    const compact = packAddress({ host: host(n), port: 80 })!
    serving.store.peers.announce(infoHash, { compact, seed: false, refreshedAt: serving.now })
    return infoHash
  })
}

function hexOf(ids: readonly Id[] | undefined): string[] {
  assert.ok(ids !== undefined, 'samples')
  return ids.map(toHex).toSorted()
}

describe('A node asked for samples of its infohashes', () => {
  test('that has none says so, with samples that are empty (B51-01, B51-02)', () => {
    const serving = new Answering()
    const { interval, num, samples, nodes, ...rest } = serving.sample()
    assert.deepEqual([num, samples, nodes], [0, [], []])
    assert.ok(interval !== undefined && interval >= 0 && interval <= 21_600)
    assert.deepEqual(rest, {}, 'and gives no token')
  })

  test('gives all of up to twenty, of this moment, and says by num that these are all (B51-01, B51-03)', () => {
    const serving = new Answering()
    const stored: Id[] = []
    for (let count = 1; count <= 20; count++) {
      stored.push(...fill(serving, 1, () => `20.${count}.0.1`))
      const { num, samples } = serving.sample()
      assert.equal(num, count)
      assert.deepEqual(hexOf(samples), hexOf(stored))
    }
  })

  test('gives twenty different ones of more, and says how many there are (B51-03)', () => {
    const serving = new Answering()
    const stored = new Set(fill(serving, 500).map(toHex))
    const { num, samples } = serving.sample()
    assert.equal(num, 500)
    const sampled = new Set(hexOf(samples))
    assert.equal(sampled.size, 20)
    for (const each of sampled) assert.ok(stored.has(each))
  })

  test('gives the same until its interval has passed, whatever came in, and others then (B51-04)', () => {
    const serving = new Answering()
    fill(serving, 200)
    const first = serving.sample()
    const intervalMs = first.interval! * 1_000
    fill(serving, 50, (n) => `30.0.${n}.1`)
    serving.now += intervalMs - 1
    assert.deepEqual(serving.sample(), first)
    serving.now += 1
    const second = serving.sample()
    assert.equal(second.num, 250)
    assert.notDeepEqual(hexOf(second.samples), hexOf(first.samples))
  })

  test('gives the same around every target, to everybody (B51-04, B51-05)', () => {
    const serving = new Answering()
    fill(serving, 200)
    const { samples } = serving.sample()
    for (let n = 0; n < 20; n++) {
      const query = { method: 'sample_infohashes', target: serving.someId(), want: null } as const
      assert.deepEqual(serving.reply(query, from(`70.${n}.1.1`)).samples, samples)
    }
  })

  test('gives every infohash the same chance (B51-03)', () => {
    const serving = new Answering()
    const chosen = new Map(fill(serving, 40).map((infoHash) => [toHex(infoHash), 0]))
    const DRAWS = 2_000
    for (let draw = 0; draw < DRAWS; draw++) {
      const { interval, samples } = serving.sample()
      for (const each of hexOf(samples)) chosen.set(each, chosen.get(each)! + 1)
      serving.now += interval! * 1_000
    }
    // Each in half of all draws, give or take: six standard deviations of 22.
    for (const count of chosen.values()) assert.ok(Math.abs(count - DRAWS / 2) < 134, `${count} of ${DRAWS}`)
  })

  test('gives contacts of the families that are wanted (B51-01, K-18)', () => {
    const serving = new Answering()
    const keys = (want: { n4: boolean; n6: boolean } | null) =>
      Object.keys(serving.reply({ method: 'sample_infohashes', target: serving.someId(), want }))
        .filter((key) => key.startsWith('nodes'))
        .toSorted()
    assert.deepEqual(keys(null), ['nodes'])
    assert.deepEqual(keys({ n4: false, n6: true }), ['nodes6'])
    assert.deepEqual(keys({ n4: true, n6: true }), ['nodes', 'nodes6'])
  })

  test('counts what has peers in the family of the question, and no items (B51-03)', () => {
    const four = new Answering()
    const six = new Answering({ store: four.store, parts: { family: 6 } })
    fill(four, 3)
    const only6 = fill(six, 2, (n) => readHost(Uint8Array.of(0x2a, 0, n, ...new Uint8Array(12), 1), 0, 16))
    assert.equal(four.put(immutable('no infohash')), null)
    assert.equal(four.sample().num, 3)
    assert.deepEqual(hexOf(six.sample().samples), hexOf(only6))
    four.now += PEER_LIFETIME_MS + 1
    four.store.peers.expire(four.now - PEER_LIFETIME_MS, 100)
    assert.deepEqual([four.sample().num, four.sample().samples], [0, []], 'nor what has expired')
  })
})
