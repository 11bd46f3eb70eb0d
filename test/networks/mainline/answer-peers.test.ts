// Peers at a storing node (BEP 33): scrapes, seeds, and swarms that are full. Real answers over a real store; the wire in
// front of them is in test/scenarios/serving-surveys.test.ts.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { packAddress, readHost } from '../../../src/codecs/compact-address.ts'
import { toHex, type Id } from '../../../src/kademlia/id.ts'
import { BloomFilter } from '../../../src/networks/mainline/bloom-filter.ts'
import { ALICE, Answering, BOB, from, PEER_LIFETIME_MS, START } from './answering.ts'

const SECOND = 1_000

/** Each from a prefix of its own. */
function host(n: number): string {
  return readHost(Uint8Array.of(20 + (n >> 12), (n >> 4) & 0xff, n & 0x0f, 7), 0, 4)
}

function announce(serving: Answering, infoHash: Id, peer: { host: string; seed?: boolean; port?: number }) {
  const by = from(peer.host)
  const { token } = serving.getPeers(infoHash, { by })
  assert.ok(token !== undefined, 'a token')
  const { port = 80, seed = false } = peer
  serving.reply({ method: 'announce_peer', infoHash, port, token, seed }, by)
}

/** Fills a swarm past the answers, at once. */
function fill(serving: Answering, infoHash: Id, count: number, isSeed = (_n: number) => false): void {
  for (let n = 0; n < count; n++) {
    const compact = packAddress({ host: host(n), port: 80 })!
    serving.store.peers.announce(infoHash, { compact, seed: isSeed(n), refreshedAt: serving.now })
  }
}

/** The filter over these hosts, made in another way than the node does. */
function filterOf(hosts: readonly string[]): Uint8Array {
  const filter = new BloomFilter()
  for (const each of hosts) filter.add(packAddress({ host: each, port: 1 })!.subarray(0, -2))
  return filter.bytes
}

function estimates({ filters }: { filters?: { seeds: Uint8Array; peers: Uint8Array } }) {
  assert.ok(filters !== undefined)
  return { seeds: new BloomFilter(filters.seeds).estimate, peers: new BloomFilter(filters.peers).estimate }
}

describe('A scrape', () => {
  test('brings the filters of seeds and of others, 256 bytes each, over their raw IPs (B33-01, B33-06, B33-07)', () => {
    const serving = new Answering()
    const infoHash = serving.someId()
    const seeds = [1, 2, 3].map(host)
    const others = [11, 12].map(host)
    for (const each of seeds) announce(serving, infoHash, { host: each, seed: true })
    for (const each of others) announce(serving, infoHash, { host: each, port: 4_242 })
    const { filters, values, token } = serving.getPeers(infoHash, { scrape: true })
    assert.deepEqual(filters, { seeds: filterOf(seeds), peers: filterOf(others) })
    assert.deepEqual([filters.seeds.length, filters.peers.length], [256, 256])
    assert.equal(values?.length, 5)
    assert.ok(token !== undefined)
  })

  test('brings an empty filter of the kind of which there is none (B33-06)', () => {
    const serving = new Answering()
    const infoHash = serving.someId()
    announce(serving, infoHash, { host: host(1), seed: true })
    assert.deepEqual(serving.getPeers(infoHash, { scrape: true }).filters, {
      seeds: filterOf([host(1)]),
      peers: new Uint8Array(256),
    })
  })

  test('of an infohash without peers brings neither filter, and no get_peers without scrape does (B33-06)', () => {
    const serving = new Answering()
    const infoHash = serving.someId()
    const keys = (scrape: boolean) => Object.keys(serving.getPeers(infoHash, { scrape })).toSorted()
    assert.deepEqual(keys(true), ['nodes', 'token'])
    announce(serving, infoHash, { host: host(1) })
    assert.deepEqual(keys(false), ['nodes', 'token', 'values'])
    assert.deepEqual(keys(true), ['filters', 'nodes', 'token', 'values'])
  })

  test('brings the filters of the family that it came by, over 4 or 16 bytes of IP (B33-01, B33-06)', () => {
    const six = new Answering({ parts: { family: 6 } })
    const four = new Answering({ store: six.store })
    const infoHash = six.someId()
    const asker = from('2a00:1450::2')
    announce(four, infoHash, { host: '9.9.9.9' })
    assert.equal(six.getPeers(infoHash, { scrape: true, by: asker }).filters, undefined)
    announce(six, infoHash, { host: '2a00:1450::7', seed: true })
    assert.deepEqual(six.getPeers(infoHash, { scrape: true, by: asker }).filters, {
      seeds: filterOf(['2a00:1450::7']),
      peers: new Uint8Array(256),
    })
    assert.deepEqual(four.getPeers(infoHash, { scrape: true }).filters, {
      seeds: new Uint8Array(256),
      peers: filterOf(['9.9.9.9']),
    })
  })

  test('counts an IP once, with the flag and port of its last announce (B33-07, B33-09)', () => {
    const serving = new Answering()
    const infoHash = serving.someId()
    for (const [port, seed] of [
      [80, false],
      [81, true],
      [82, false],
    ] as const) {
      announce(serving, infoHash, { host: host(1), port, seed })
      const { filters, values } = serving.getPeers(infoHash, { scrape: true })
      const [full, empty] = [filterOf([host(1)]), new Uint8Array(256)]
      assert.deepEqual(filters, seed ? { seeds: full, peers: empty } : { seeds: empty, peers: full })
      assert.deepEqual(values, [packAddress({ host: host(1), port })])
    }
  })

  test('brings fewer values, and contacts of one family even where both are wanted (B33-11)', () => {
    const serving = new Answering()
    const infoHash = serving.someId()
    fill(serving, infoHash, 200)
    const want = { n4: true, n6: true }
    const both = { method: 'get_peers', infoHash, want, noSeed: false, scrape: false } as const
    assert.equal(serving.reply(both).values?.length, 90)
    assert.ok(serving.reply(both).nodes6 !== undefined)
    const reply = serving.reply({ ...both, scrape: true })
    assert.ok(reply.values !== undefined && reply.values.length > 0 && reply.values.length <= 24)
    assert.ok(reply.nodes !== undefined)
    assert.equal('nodes6' in reply, false)
    const n6 = serving.reply({ ...both, scrape: true, want: { n4: false, n6: true } })
    assert.deepEqual([n6.nodes, n6.nodes6], [undefined, []], 'of the one that is asked for')
  })

  test('of a large swarm is counted within a few percent, seeds and others (B33-02, B33-06)', () => {
    const serving = new Answering()
    const infoHash = serving.someId()
    fill(serving, infoHash, 2_000, (n) => n % 4 === 0)
    const { seeds, peers } = estimates(serving.getPeers(infoHash, { scrape: true }))
    assert.ok(Math.abs(seeds - 500) < 50, `${seeds} seeds`)
    assert.ok(Math.abs(peers - 1_500) < 100, `${peers} others`)
  })

  test('of a small swarm is of this moment, of a large one at most half a minute old', () => {
    const serving = new Answering()
    const [small, large] = [serving.someId(), serving.someId()]
    const counted = (infoHash: Id) =>
      Math.round(estimates(serving.getPeers(infoHash, { scrape: true })).seeds)
    fill(serving, small, 10)
    fill(serving, large, 100)
    assert.deepEqual([counted(small), counted(large)], [0, 0])
    for (const infoHash of [small, large]) announce(serving, infoHash, { host: '9.9.9.9', seed: true })
    assert.deepEqual([counted(small), counted(large)], [1, 0])
    serving.now += 29 * SECOND
    assert.equal(counted(large), 0)
    serving.now += SECOND
    assert.equal(counted(large), 1)
  })

  test('of more large swarms than filters are kept is right for each of them', () => {
    const serving = new Answering({ memory: { unlimitedPerIp: true } })
    const swarms = Array.from({ length: 600 }, (_, n) => ({ infoHash: serving.someId(), seeds: n % 60 }))
    for (const { infoHash, seeds } of swarms) fill(serving, infoHash, 65, (n) => n < seeds)
    for (let round = 0; round < 2; round++) {
      for (const { infoHash, seeds } of swarms) {
        const { filters } = serving.getPeers(infoHash, { scrape: true })
        assert.equal(toHex(filters!.seeds), toHex(filterOf(Array.from({ length: seeds }, (_, n) => host(n)))))
      }
    }
  })
})

describe('A get_peers', () => {
  test('with noseed brings seeds only where there are too few others (B33-08)', () => {
    const serving = new Answering()
    const infoHash = serving.someId()
    fill(serving, infoHash, 200, (n) => n < 80)
    const seeds = new Set(
      Array.from({ length: 80 }, (_, n) => toHex(packAddress({ host: host(n), port: 80 })!)),
    )
    const values = serving.getPeers(infoHash, { noSeed: true }).values!
    assert.equal(values.length, 90)
    assert.equal(values.filter((value) => seeds.has(toHex(value))).length, 0)
    const scraped = serving.getPeers(infoHash, { noSeed: true, scrape: true })
    assert.equal(scraped.values!.filter((value) => seeds.has(toHex(value))).length, 0)
    assert.ok(estimates(scraped).seeds > 70, 'which the filters do not care about')
  })

  test('of a full swarm brings no token, but to who is in it, who may refresh (B33-10)', () => {
    const serving = new Answering({ memory: { peerLimits: { maxPeersPerInfoHash: 3 } } })
    const infoHash = serving.someId()
    const early = serving.getPeers(infoHash, { by: BOB }).token!
    for (let n = 0; n < 3; n++) announce(serving, infoHash, { host: host(n) })
    const reply = serving.getPeers(infoHash, { by: BOB })
    assert.equal('token' in reply, false, 'no key at all')
    assert.equal(reply.values?.length, 3)
    assert.equal('token' in serving.getPeers(infoHash, { by: BOB, scrape: true }), false)
    const late = serving.answer(
      { method: 'announce_peer', infoHash, port: 80, token: early, seed: false },
      BOB,
    )
    assert.ok(late !== null && 'refusal' in late)
    assert.deepEqual([late.refusal.code, late.failedToken], [202, false])
    assert.match(late.refusal.message, /no room.*infohash-full/)
    announce(serving, infoHash, { host: host(1), seed: true, port: 99 })
    assert.ok(serving.getPeers(serving.someId(), { by: BOB }).token !== undefined, 'of another infohash')
    serving.now += PEER_LIFETIME_MS + 1
    serving.store.peers.expire(serving.now - PEER_LIFETIME_MS, 10)
    announce(serving, infoHash, { host: BOB.address.host })
  })

  test('brings no token whatever it is that leaves no room: who announces goes elsewhere (B33-10)', () => {
    for (const limit of ['maxPeers', 'maxInfoHashes', 'maxPerIp', 'maxPerPrefix']) {
      const serving = new Answering({ memory: { peerLimits: { [limit]: 1 } } })
      const infoHash = serving.someId()
      announce(serving, infoHash, { host: ALICE.address.host })
      assert.equal(serving.getPeers(serving.someId()).token, undefined, limit)
      assert.ok(serving.getPeers(infoHash).token !== undefined, limit)
    }
  })

  test('brings nobody who has expired, also where nobody has dropped him yet (B5-18)', () => {
    const serving = new Answering()
    const infoHash = serving.someId()
    fill(serving, infoHash, 3)
    serving.now += PEER_LIFETIME_MS / 2
    announce(serving, infoHash, { host: '9.9.9.9', seed: true })
    serving.now = START + PEER_LIFETIME_MS
    assert.equal(serving.getPeers(infoHash).values?.length, 4)
    serving.now += 1
    const reply = serving.getPeers(infoHash, { scrape: true })
    assert.deepEqual(reply.values, [packAddress({ host: '9.9.9.9', port: 80 })])
    assert.deepEqual(reply.filters, { seeds: filterOf(['9.9.9.9']), peers: new Uint8Array(256) })
    serving.now += PEER_LIFETIME_MS
    const keys = Object.keys(serving.getPeers(infoHash, { scrape: true })).toSorted()
    assert.deepEqual(keys, ['nodes', 'token'])
  })
})
