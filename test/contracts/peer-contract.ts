// What a PeerStore does with announces, withdrawals, draws and time. Its bounds are
// peer-bounds-contract.ts's.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  contentOf,
  infoHash,
  nameOf,
  namesOf,
  numbered4,
  peer4,
  peer6,
  seededFraction,
} from './peer-examples.ts'
import type { OpenStore } from './store-contract.ts'

const HASH = infoHash(1)
const STORED = { stored: true }

export function peerContract(open: OpenStore): void {
  uniqueness(open)
  draws(open)
  time(open)
}

function uniqueness(open: OpenStore): void {
  test('B5-18, B33-09: a second announce of one IP replaces its port, seed flag and time', () => {
    const { peers } = open()
    assert.deepEqual(peers.announce(HASH, peer4('10.0.0.1', 6881, { at: 1 })), STORED)
    assert.deepEqual(peers.announce(HASH, peer4('10.0.0.1', 7000, { at: 2, seed: true })), STORED)
    assert.deepEqual([...peers.all(HASH, 4)], [peer4('10.0.0.1', 7000, { at: 2, seed: true })])
    assert.deepEqual(peers.count(HASH, 4), { peers: 1, seeds: 1 })
    peers.announce(HASH, peer4('10.0.0.1', 7000, { at: 3 }))
    assert.deepEqual(peers.count(HASH, 4), { peers: 1, seeds: 0 })
  })

  test('keeps one IP under several infohashes, and the families apart', () => {
    const { peers } = open()
    const v6 = peer6('20010db8', 1)
    for (const hash of [HASH, infoHash(2)]) {
      peers.announce(hash, peer4('10.0.0.1', 1))
      peers.announce(hash, v6)
    }
    assert.deepEqual(peers.size, { infoHashes: 2, peers: 4 })
    assert.deepEqual(peers.sample(HASH, { family: 6, count: 9, fraction: seededFraction(1) }), [v6])
    assert.deepEqual(namesOf(peers.all(HASH, 4)), ['10.0.0.1:1'])
  })

  test('withdraws by IP whatever the port, and forgets an infohash with its last peer of either family', () => {
    const { peers } = open()
    peers.announce(HASH, peer4('10.0.0.1', 1))
    peers.announce(HASH, peer6('20010db8', 1))
    peers.withdraw(HASH, peer4('10.0.0.2', 1).compact)
    peers.withdraw(infoHash(2), peer4('10.0.0.1', 1).compact)
    assert.equal(peers.size.peers, 2)
    peers.withdraw(HASH, peer4('10.0.0.1', 999).compact)
    assert.deepEqual([...peers.infoHashes()], [HASH])
    peers.withdraw(HASH, peer6('20010db8', 1).compact)
    assert.deepEqual(peers.size, { infoHashes: 0, peers: 0 })
    assert.deepEqual([...peers.infoHashes()], [])
  })

  test('copies what it is given, and what it hands out does not change later', () => {
    const { peers } = open()
    const hash = Buffer.from(infoHash(7))
    const compact = Buffer.from([10, 0, 0, 1, 0, 80])
    peers.announce(hash as unknown as typeof HASH, { compact, seed: false, refreshedAt: 1 })
    hash.fill(0xff)
    compact.fill(0xff)
    const [before] = peers.all(infoHash(7), 4)
    peers.announce(infoHash(7), peer4('10.0.0.1', 81, { at: 2 }))
    assert.equal(nameOf(before!), '10.0.0.1:80')
    assert.equal(before!.refreshedAt, 1)
    assert.deepEqual([...peers.infoHashes()], [infoHash(7)])
  })

  test('takes a compact address of another length, and a time that is no number, as misuse', () => {
    const { peers } = open()
    const compact = new Uint8Array(7)
    assert.throws(() => peers.announce(HASH, { compact, seed: false, refreshedAt: 1 }), /RangeError.*got 7/)
    assert.throws(() => peers.announce(HASH, peer4('10.0.0.1', 1, { at: Number.NaN })), /RangeError.*NaN/)
    assert.deepEqual(peers.size, { infoHashes: 0, peers: 0 })
  })
}

function draws(open: OpenStore): void {
  test('B5-19: draws a uniformly random subset without repetition; every stored peer is eventually returned', () => {
    const { peers } = open()
    for (let i = 0; i < 40; i++) peers.announce(HASH, numbered4(i << 8, { seed: i % 4 === 0 }))
    const fraction = seededFraction(42)
    const seen = new Map<string, number>()
    const rounds = 8_000
    for (let round = 0; round < rounds; round++) {
      const drawn = namesOf(peers.sample(HASH, { family: 4, count: 10, fraction }))
      assert.equal(new Set(drawn).size, 10)
      for (const name of drawn) seen.set(name, (seen.get(name) ?? 0) + 1)
    }
    assert.equal(seen.size, 40)
    // Each is drawn with probability 1/4: 2,000 times, standard deviation 39; five of them either way.
    for (const [name, times] of seen) assert.ok(Math.abs(times - rounds / 4) < 194, `${name}: ${times}`)
  })

  test('draws every pair equally often, so that the peers of one reply are independent of each other', () => {
    const { peers } = open()
    for (let i = 0; i < 6; i++) peers.announce(HASH, numbered4(i << 8, { seed: i % 2 === 0 }))
    const fraction = seededFraction(7)
    const pairs = new Map<string, number>()
    for (let round = 0; round < 15_000; round++) {
      const pair = namesOf(peers.sample(HASH, { family: 4, count: 2, fraction })).join()
      pairs.set(pair, (pairs.get(pair) ?? 0) + 1)
    }
    assert.equal(pairs.size, 15)
    // 1,000 each, standard deviation 31.
    for (const [pair, times] of pairs) assert.ok(Math.abs(times - 1_000) < 155, `${pair}: ${times}`)
  })

  test('draws all when asked for more than there are, and none of an infohash that it does not know', () => {
    const { peers } = open()
    for (let i = 0; i < 5; i++) peers.announce(HASH, numbered4(i))
    const fraction = seededFraction(1)
    assert.equal(namesOf(peers.sample(HASH, { family: 4, count: 50, fraction })).length, 5)
    assert.deepEqual(peers.sample(HASH, { family: 4, count: 0, fraction }), [])
    assert.deepEqual(peers.sample(HASH, { family: 6, count: 5, fraction }), [])
    assert.deepEqual(peers.sample(infoHash(2), { family: 4, count: 5, fraction }), [])
    assert.deepEqual(peers.count(infoHash(2), 4), { peers: 0, seeds: 0 })
    assert.deepEqual([...peers.all(infoHash(2), 4)], [])
  })

  test('B33-08: with noSeeds draws seeds only where the others run out, and reaches all of either', () => {
    const { peers } = open()
    for (let i = 0; i < 8; i++) peers.announce(HASH, numbered4(i << 8, { seed: i < 4 }))
    const seeds = new Set(
      namesOf(peers.sample(HASH, { family: 4, count: 8, fraction: seededFraction(3) })).slice(0, 4),
    )
    const seen = new Set<string>()
    const fraction = seededFraction(5)
    for (let round = 0; round < 200; round++) {
      const three = namesOf(peers.sample(HASH, { family: 4, count: 3, noSeeds: true, fraction }))
      assert.ok(three.every((name) => !seeds.has(name)))
      const six = namesOf(peers.sample(HASH, { family: 4, count: 6, noSeeds: true, fraction }))
      assert.equal(six.filter((name) => seeds.has(name)).length, 2)
      for (const name of six) seen.add(name)
    }
    assert.equal(seen.size, 8)
  })
}

function time(open: OpenStore): void {
  test('B5-18: expires by last refresh, oldest first and in pieces', () => {
    const { peers } = open()
    for (let i = 0; i < 10; i++) peers.announce(infoHash(i), numbered4(i, { at: 100 + i }))
    peers.announce(infoHash(0), numbered4(0, { at: 200 }))
    assert.equal(peers.expire(105, 3), 3)
    assert.deepEqual(
      [...peers.infoHashes()].map((hash) => hash[19]).toSorted((a, b) => a! - b!),
      [0, 4, 5, 6, 7, 8, 9],
    )
    assert.equal(peers.expire(105, 3), 1)
    assert.equal(peers.expire(105, 3), 0)
    assert.deepEqual(peers.size, { infoHashes: 6, peers: 6 })
    assert.equal(peers.expire(1_000, 100), 6)
    assert.deepEqual(contentOf(peers), [])
  })

  test('lists the peers of an infohash from the least recently refreshed on', () => {
    const { peers } = open()
    for (let i = 1; i <= 4; i++) peers.announce(HASH, numbered4(i, { at: i }))
    peers.announce(HASH, numbered4(2, { at: 5 }))
    peers.sample(HASH, { family: 4, count: 4, fraction: seededFraction(9) })
    assert.deepEqual(
      Array.from(peers.all(HASH, 4), (peer) => peer.refreshedAt),
      [1, 3, 4, 5],
    )
  })

  test('does not let a clock that went back keep anybody: an earlier time counts as the latest one', () => {
    const { peers } = open()
    peers.announce(HASH, numbered4(1, { at: 500 }))
    peers.announce(HASH, numbered4(2, { at: 100.4 }))
    assert.deepEqual(
      Array.from(peers.all(HASH, 4), (peer) => peer.refreshedAt),
      [500, 500],
    )
    assert.equal(peers.expire(501, 10), 2)
  })
}
