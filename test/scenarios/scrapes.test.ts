// Counting swarms without joining them (BEP 33): as good as the nodes closest to them know, whatever some of them say.
import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { packAddress } from '../../src/codecs/compact-address.ts'
import { compareDistance, type Id } from '../../src/kademlia/id.ts'
import { BloomFilter } from '../../src/networks/mainline/bloom-filter.ts'
import type { MainlineReply } from '../../src/networks/mainline/messages.ts'
import { ipOf } from '../../src/networks/mainline/scrape-query.ts'
import { Scraper, scrapeSwarm, type ScrapeResult } from '../../src/networks/mainline/scrape.ts'
import type { MainlineNetwork, SimulatedNode } from '../../src/simulator/mainline-network.ts'
import { Puppet } from './puppet.ts'
import { scenario, SECOND, someId, type Tell } from './scenario.ts'

function scraperOf({ node, store }: SimulatedNode): Scraper {
  return new Scraper(() => node['locals'], store.peers)
}

function scrape(network: MainlineNetwork, by: SimulatedNode, infoHash: Id): Promise<ScrapeResult> {
  return network.clock.settle(
    scrapeSwarm(by.node['locals'], { infoHash, peers: by.store.peers, signal: undefined }),
  )
}

/** Stores a peer as if it had announced itself there. */
function store(
  network: MainlineNetwork,
  node: SimulatedNode,
  infoHash: Id,
  peer: { compact: Uint8Array; seed: boolean },
) {
  const outcome = node.store.peers.announce(infoHash, { ...peer, refreshedAt: network.clock.now() })
  assert.ok(outcome.stored)
}

/** Seeds and peers, each on eight of the ten nodes closest to the infohash. */
function spread(
  network: MainlineNetwork,
  infoHash: Id,
  swarm: { readonly seeds: number; readonly peers: number },
): void {
  const closest = [...network.nodes].sort((a, b) => compareDistance(infoHash, a.id, b.id)).slice(0, 10)
  for (let i = 0; i < swarm.seeds + swarm.peers; i++) {
    const peer = { compact: packAddress(network.freshAddress())!, seed: i < swarm.seeds }
    for (const node of network.random.sample(closest, 8)) store(network, node, infoHash, peer)
  }
}

function within(share: number, counted: number, truth: number, tell: Tell): void {
  const error = Math.abs(counted - truth) / truth
  tell(`${counted} counted of ${truth}: ${(100 * error).toFixed(1)} % off`)
  assert.ok(error <= share, `${counted} of ${truth}`)
}

/** Liars that every node knows, and an infohash to which `near` of them and 8 − near others are closest. */
async function withLiars(network: MainlineNetwork, near: number): Promise<{ liars: Puppet[]; infoHash: Id }> {
  const liars = Array.from({ length: 8 }, () => new Puppet(network))
  for (const liar of liars) {
    for (const { address } of network.nodes) liar.shout({ method: 'ping' }, address)
    await network.clock.runFor(5 * SECOND)
  }
  for (;;) {
    const infoHash = someId(network)
    const ids = [...network.nodes.map(({ id }) => id), ...liars.map(({ id }) => id)]
    const closest = ids.sort((a, b) => compareDistance(infoHash, a, b)).slice(0, 8)
    if (liars.filter(({ id }) => closest.includes(id)).length === near) return { liars, infoHash }
  }
}

function randomFilter(network: MainlineNetwork, share: number): Uint8Array {
  const bytes = new Uint8Array(256)
  for (let bit = 0; bit < 2_048; bit++) {
    if (network.random.fraction() < share) bytes[bit >> 3]! |= 1 << (bit & 7)
  }
  return bytes
}

const ALL_ONES = new Uint8Array(256).fill(0xff)

describe('A scrape (BEP 33)', () => {
  scenario(
    'counts seeds and peers that are spread over the closest nodes (B33-05)',
    { seed: 1 },
    async (network, tell) => {
      await network.grow(60)
      for (const swarm of [
        { seeds: 1, peers: 1 },
        { seeds: 30, peers: 12 },
        { seeds: 700, peers: 300 },
        { seeds: 0, peers: 1_500 },
      ]) {
        const infoHash = someId(network)
        spread(network, infoHash, swarm)
        const result = await scrape(network, network.random.pick(network.nodes), infoHash)
        within(0.05, result.seeds + result.peers, swarm.seeds + swarm.peers, tell)
        assert.ok(Math.abs(result.seeds - swarm.seeds) <= 1 + 0.1 * swarm.seeds)
        assert.ok(Math.abs(result.peers - swarm.peers) <= 1 + 0.1 * swarm.peers)
        assert.ok(result.holders >= 6 && result.holders <= 8)
        assert.deepEqual([result.legacy, result.disbelieved], [0, 0])
        assert.ok(result.answered >= 8)
      }
    },
  )

  scenario('counts those who announced themselves, as what they are', { seed: 2 }, async (network) => {
    await network.grow(50)
    const infoHash = someId(network)
    for (const [i, { node }] of network.random.sample(network.nodes, 20).entries()) {
      await network.clock.settle(node.announce(infoHash, { port: 1_000, seed: i < 12, keepAlive: false }))
    }
    const { seeds, peers } = await scrape(network, network.nodes[0]!, infoHash)
    assert.ok(Math.abs(seeds - 12) <= 1, `${seeds} seeds`)
    assert.ok(Math.abs(peers - 8) <= 1, `${peers} peers`)
  })

  scenario('finds nothing where nothing is', { seed: 3 }, async (network) => {
    await network.grow(20)
    const result = await scrape(network, network.nodes[5]!, someId(network))
    assert.deepEqual([result.seeds, result.peers, result.holders, result.disbelieved], [0, 0, 0, 0])
    assert.ok(result.answered >= 8)
    const alone = await scrape(network, network.add(), someId(network))
    assert.deepEqual([alone.seeds, alone.peers, alone.asked], [0, 0, 0])
  })

  scenario('counts what our own store holds, once', { seed: 4 }, async (network) => {
    await network.grow(20)
    const [by, infoHash] = [network.nodes[3]!, someId(network)]
    const peers = Array.from({ length: 9 }, (_, i) => ({
      compact: packAddress(network.freshAddress())!,
      seed: i < 4,
    }))
    for (const peer of peers) store(network, by, infoHash, peer)
    const alone = await scrape(network, by, infoHash)
    assert.deepEqual([alone.seeds, alone.peers, alone.holders], [4, 5, 0])
    for (const node of network.nodes) for (const peer of peers) store(network, node, infoHash, peer)
    const together = await scrape(network, by, infoHash)
    assert.deepEqual([together.seeds, together.peers, together.holders], [4, 5, 8])
  })

  scenario(
    'counts over both families, and nobody twice within one (BEP 32)',
    { seed: 5 },
    async (network) => {
      await network.grow(20, () => ({ addresses: [network.freshAddress(4), network.freshAddress(6)] }))
      const infoHash = someId(network)
      for (let i = 0; i < 10; i++) {
        const peer = { compact: packAddress(network.freshAddress(i < 7 ? 4 : 6))!, seed: false }
        for (const node of network.nodes) store(network, node, infoHash, peer)
      }
      const { peers, holders } = await scrape(network, network.nodes[2]!, infoHash)
      assert.deepEqual([peers, holders], [10, 16])
    },
  )
})

describe('Nodes without BEP 33 (B33-12)', () => {
  scenario(
    'add the peers that they name, without those that others know as seeds',
    { seed: 6 },
    async (network) => {
      const by = network.add()
      const ips = Array.from({ length: 30 }, () => packAddress(network.freshAddress())!)
      const filters = { seeds: new BloomFilter(), peers: new BloomFilter() }
      for (const compact of ips.slice(0, 10)) filters.seeds.add(ipOf(compact))
      for (const compact of ips.slice(10, 20)) filters.peers.add(ipOf(compact))
      const puppets = Array.from({ length: 6 }, () => new Puppet(network))
      for (const [i, puppet] of puppets.entries()) {
        const knows: MainlineReply = { filters: { seeds: filters.seeds.bytes, peers: filters.peers.bytes } }
        const names: MainlineReply = { values: ips.slice(5, 30) }
        puppet.answer = ({ method }) =>
          method === 'get_peers' ? { nodes: [], ...(i < 3 ? knows : names) } : { nodes: [] }
        await network.clock.settle(by.node.ping(puppet.address))
      }
      const { seeds, peers, holders, legacy } = await scrape(network, by, someId(network))
      assert.deepEqual([seeds, peers, holders, legacy], [10, 20, 6, 3])
    },
  )
})

describe('Liars among the closest nodes', () => {
  const lies: [what: string, reply: (network: MainlineNetwork) => MainlineReply][] = [
    ['that say all is set', () => ({ filters: { seeds: ALL_ONES, peers: ALL_ONES } })],
    [
      'with random filters that are 90 % full',
      (network) => ({ filters: { seeds: randomFilter(network, 0.9), peers: randomFilter(network, 0.9) } }),
    ],
    [
      'with random filters that are half full',
      (network) => ({ filters: { seeds: randomFilter(network, 0.5), peers: randomFilter(network, 0.5) } }),
    ],
    [
      'that name peers who are in none of their filters',
      (network) => ({
        filters: { seeds: randomFilter(network, 0.3), peers: new Uint8Array(256) },
        values: Array.from({ length: 10 }, () => packAddress(network.freshAddress())!),
      }),
    ],
  ]
  for (const [what, reply] of lies) {
    for (const seed of [7, 8, 9]) {
      scenario(
        `${what}, two of eight, change the estimate by no more than a tenth (B33-14, T21), seed ${seed}`,
        { seed },
        async (network, tell) => {
          await network.grow(40)
          const { liars, infoHash } = await withLiars(network, 2)
          for (const liar of liars) {
            liar.answer = ({ method }) =>
              method === 'get_peers' ? { nodes: [], ...reply(network) } : { nodes: [] }
          }
          const swarm = { seeds: 600, peers: 250 }
          spread(network, infoHash, swarm)
          const by = network.random.pick(network.nodes)
          const result = await scrape(network, by, infoHash)
          assert.equal(result.disbelieved, 2)
          within(0.1, result.seeds, swarm.seeds, tell)
          within(0.1, result.peers, swarm.peers, tell)
        },
      )
    }
  }

  scenario('are counted by what is wrong with what they say (B33-14)', { seed: 10 }, async (network) => {
    const by = network.add()
    const [full, without] = [new Puppet(network), new Puppet(network)]
    full.answer = () => ({ nodes: [], filters: { seeds: ALL_ONES, peers: ALL_ONES } })
    without.answer = () => ({
      nodes: [],
      filters: { seeds: new Uint8Array(256), peers: new Uint8Array(256) },
      values: [packAddress(network.freshAddress())!],
    })
    for (const puppet of [full, without]) await network.clock.settle(by.node.ping(puppet.address))
    const { seeds, peers, holders, disbelieved } = await scrape(network, by, someId(network))
    assert.deepEqual([seeds, peers, holders, disbelieved], [0, 0, 0, 2])
    const { dropped } = by.node.stats().families[0]!
    assert.equal(dropped['filter-full'], 1)
    assert.equal(dropped['filter-without-values'], 1)
  })
})

describe('Many scrapes of one node (B33-13)', () => {
  scenario('go four at a time, and all come to an end', { seed: 11 }, async (network) => {
    await network.grow(30)
    const by = network.nodes[4]!
    const scraper = scraperOf(by)
    let most = 0
    network.network.watchers.add(() => {
      most = Math.max(most, by.node['locals'][0]!.runner.engine.underWay.lookups)
    })
    const scrapes = Array.from({ length: 30 }, () => scraper.scrape(someId(network)))
    const results = await network.clock.settle(Promise.all(scrapes))
    assert.equal(results.length, 30)
    assert.ok(results.every(({ answered }) => answered >= 8))
    assert.equal(most, 4)
  })

  scenario(
    'are refused when 256 wait, and may be given up while they wait',
    { seed: 12 },
    async (network) => {
      await network.grow(10)
      const scraper = scraperOf(network.nodes[4]!)
      const controller = new AbortController()
      const waiting = Array.from({ length: 260 }, () => scraper.scrape(someId(network), controller.signal))
      await assert.rejects(scraper.scrape(someId(network)), { code: 'overload' })
      controller.abort(new Error('enough'))
      const ends = await network.clock.settle(Promise.allSettled(waiting))
      assert.ok(ends.every(({ status }) => status === 'rejected'))
      assert.ok((await network.clock.settle(scraper.scrape(someId(network)))).answered >= 8)
    },
  )

  scenario('end with the node', { seed: 13 }, async (network) => {
    await network.grow(10)
    const by = network.nodes[4]!
    const scraper = scraperOf(by)
    const scrapes = Array.from({ length: 6 }, () => scraper.scrape(someId(network)))
    await network.clock.runFor(10)
    await by.node.close()
    const ends = await network.clock.settle(Promise.allSettled(scrapes), SECOND)
    for (const end of ends)
      assert.equal(end.status === 'rejected' && (end.reason as { code: string }).code, 'closed')
  })
})
