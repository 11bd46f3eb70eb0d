// Whole nodes that are scraped (BEP 33) and surveyed (BEP 51), asked in raw packets: what is in the replies and what fits.
// The rules one by one are in networks/mainline/answer-peers.test.ts and infohash-samples.test.ts.
import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { packAddress } from '../../src/codecs/compact-address.ts'
import type { Address } from '../../src/kademlia/contact.ts'
import { toHex, type Id } from '../../src/kademlia/id.ts'
import { BloomFilter } from '../../src/networks/mainline/bloom-filter.ts'
import type { MainlineNetwork, SimulatedNode } from '../../src/simulator/mainline-network.ts'
import { createMemoryStore } from '../../src/stores/memory-store.ts'
import { RawClient } from './raw-client.ts'
import { MINUTE, scenario, SECOND, someId } from './scenario.ts'

const FAMILIES = [
  [0, 4],
  [1, 6],
] as const

const dual = (network: MainlineNetwork) => ({
  addresses: [network.freshAddress(4), network.freshAddress(6)],
})

/** Past the wire: peers from as many prefixes. */
function fill(
  network: MainlineNetwork,
  { store }: SimulatedNode,
  swarm: { infoHash: Id; family: 4 | 6; count: number; seeds?: number },
): void {
  const { infoHash, family, count, seeds = 0 } = swarm
  for (let n = 0; n < count; n++) {
    const compact = packAddress(network.freshAddress(family))!
    const outcome = store.peers.announce(infoHash, {
      compact,
      seed: n < seeds,
      refreshedAt: network.clock.now(),
    })
    assert.ok(outcome.stored)
  }
}

async function announce(by: RawClient, to: Address, infoHash: Id, seed?: number): Promise<number | null> {
  const token = (await by.reply(to, 'get_peers', { info_hash: infoHash })).get('token')
  assert.ok(token instanceof Uint8Array)
  const answer = await by.ask(to, 'announce_peer', {
    info_hash: infoHash,
    port: 4_242,
    token,
    ...(seed === undefined ? {} : { seed }),
  })
  return answer!.code
}

async function scrape(by: RawClient, to: Address, infoHash: Id) {
  const results = await by.reply(to, 'get_peers', { info_hash: infoHash, scrape: 1 })
  const filter = (key: string): BloomFilter | null => {
    const bytes = results.get(key)
    return bytes instanceof Uint8Array ? new BloomFilter(bytes) : null
  }
  return { results, seeds: filter('BFsd'), peers: filter('BFpe') }
}

const ipOf = ({ address }: RawClient): Uint8Array => packAddress(address)!.subarray(0, -2)

describe('A scrape on the wire', () => {
  scenario(
    'brings two filters of 256 bytes, or none where nothing is stored (B33-01, B33-06, B33-07, B33-09)',
    {},
    async (network) => {
      const to = network.add().address
      const infoHash = someId(network)
      const [seed, peer, other] = [new RawClient(network), new RawClient(network), new RawClient(network)]
      const none = await scrape(other, to, infoHash)
      assert.deepEqual([...none.results.keys()], ['id', 'nodes', 'token'])
      assert.equal(await announce(seed, to, infoHash, 1), null)
      assert.equal(await announce(peer, to, infoHash), null)
      assert.equal(await announce(other, to, infoHash, 2), null, 'seed is 1 or it is none')
      const { results, seeds, peers } = await scrape(other, to, infoHash)
      assert.deepEqual([...results.keys()], ['BFpe', 'BFsd', 'id', 'nodes', 'token', 'values'])
      assert.ok(seeds !== null && peers !== null)
      assert.deepEqual([Math.round(seeds.estimate), Math.round(peers.estimate)], [1, 2])
      assert.ok(seeds.has(ipOf(seed)) && peers.has(ipOf(peer)) && peers.has(ipOf(other)))

      assert.equal(await announce(peer, to, infoHash, 1), null)
      const later = await scrape(other, to, infoHash)
      assert.deepEqual([Math.round(later.seeds!.estimate), Math.round(later.peers!.estimate)], [2, 1])
      assert.ok(later.seeds!.has(ipOf(peer)))
      const plain = await other.reply(to, 'get_peers', { info_hash: infoHash, scrape: 0 })
      assert.equal(plain.has('BFsd') || plain.has('BFpe'), false)
    },
  )

  scenario(
    'fits 1024 bytes with all contacts, whatever is wanted, and is of its own family (B33-06, B33-11)',
    {},
    async (network, tell) => {
      await network.grow(20, () => dual(network))
      const node = network.nodes[5]!
      const infoHash = someId(network)
      fill(network, node, { infoHash, family: 4, count: 700, seeds: 200 })
      fill(network, node, { infoHash, family: 6, count: 300, seeds: 30 })
      for (const [index, family] of FAMILIES) {
        const client = new RawClient(network, { address: network.freshAddress(family) })
        const to = node.sockets[index]!.seenAs
        for (const want of [[], ['n4', 'n6']]) {
          const answer = await client.ask(to, 'get_peers', { info_hash: infoHash, scrape: 1, want })
          const { results, bytes } = answer!
          assert.ok(results !== null && bytes.length <= 1_024)
          const nodes = results.get(family === 4 ? 'nodes' : 'nodes6')
          assert.equal((nodes as Uint8Array).length, 8 * (family === 4 ? 26 : 38))
          assert.equal(results.has(family === 4 ? 'nodes6' : 'nodes'), false)
          const values = results.get('values') as Uint8Array[]
          tell(`IPv${family}: ${bytes.length} bytes, ${values.length} values`)
          assert.ok(values.length > 0)
        }
        const { seeds, peers } = await scrape(client, to, infoHash)
        const [ofSeeds, ofPeers] = family === 4 ? [200, 500] : [30, 270]
        assert.ok(Math.abs(seeds!.estimate - ofSeeds) < 0.1 * ofSeeds)
        assert.ok(Math.abs(peers!.estimate - ofPeers) < 0.1 * ofPeers)
      }
    },
  )

  scenario('with noseed brings others than seeds (B33-08)', {}, async (network) => {
    const node = network.add()
    const infoHash = someId(network)
    fill(network, node, { infoHash, family: 4, count: 100, seeds: 50 })
    const seeds = new Set(
      [...node.store.peers.all(infoHash, 4)].filter(({ seed }) => seed).map(({ compact }) => toHex(compact)),
    )
    const ask = { info_hash: infoHash, noseed: 1 }
    const values = (await new RawClient(network).reply(node.address, 'get_peers', ask)).get('values')
    // 90 of 100: all 50 others, and seeds where those run out.
    const others = (values as Uint8Array[]).filter((value) => !seeds.has(toHex(value)))
    assert.equal(others.length, 50)
  })
})

describe('A full swarm (B33-10)', () => {
  scenario('gives no token on the wire, but to who is in it', {}, async (network) => {
    const store = createMemoryStore({ peerLimits: { maxPeersPerInfoHash: 5 } })
    const node = network.add({ store })
    const to = node.address
    const infoHash = someId(network)
    const [inside, outside] = [new RawClient(network), new RawClient(network)]
    assert.equal(await announce(inside, to, infoHash), null)
    const early = (await outside.reply(to, 'get_peers', { info_hash: infoHash })).get('token')
    fill(network, node, { infoHash, family: 4, count: 4 })
    for (const extra of [{}, { scrape: 1 }]) {
      const results = await outside.reply(to, 'get_peers', { info_hash: infoHash, ...extra })
      assert.equal(results.has('token'), false)
      assert.ok(results.has('nodes') && results.has('values'))
    }
    const refused = await outside.ask(to, 'announce_peer', {
      info_hash: infoHash,
      port: 1,
      token: early as Uint8Array,
    })
    assert.equal(refused?.code, 202)
    assert.equal(await announce(inside, to, infoHash, 1), null)
    // Who announces takes those that gave a token.
    await network.clock.runFor(46 * MINUTE)
    assert.equal(await announce(outside, to, infoHash), null)
  })

  scenario('of one node is announced to others by who looks for places (B33-10)', {}, async (network) => {
    await network.grow(12)
    const full = network.add({
      store: createMemoryStore({ peerLimits: { maxPeersPerInfoHash: 1 } }),
      bootstrap: [network.nodes[0]!.address],
    })
    await network.clock.settle(full.node.join())
    await network.clock.runFor(MINUTE)
    // It is the closest of all to this infohash.
    const infoHash = full.id
    fill(network, full, { infoHash, family: 4, count: 1 })
    const { stored, refused } = await network.clock.settle(
      network.nodes[3]!.node.announce(infoHash, { port: 4_242 }),
    )
    assert.deepEqual([stored, refused], [8, []])
  })
})

describe('A survey on the wire', () => {
  scenario(
    'gets interval, num, samples and contacts, also where there is nothing (B51-01, B51-02, B51-05)',
    {},
    async (network) => {
      const node = network.add()
      const client = new RawClient(network)
      const ask = (target: Id) => client.reply(node.address, 'sample_infohashes', { target })
      const empty = await ask(someId(network))
      assert.deepEqual([...empty.keys()], ['id', 'interval', 'nodes', 'num', 'samples'])
      assert.deepEqual([empty.get('num'), (empty.get('samples') as Uint8Array).length], [0, 0])
      const interval = empty.get('interval')
      assert.ok(typeof interval === 'number' && interval >= 0 && interval <= 21_600)
      const infoHash = someId(network)
      assert.equal(await announce(client, node.address, infoHash), null)
      const one = await ask(someId(network))
      assert.equal(one.get('num'), 1)
      assert.deepEqual(one.get('samples'), new Uint8Array(infoHash))
    },
  )

  scenario(
    'gets some of many in 1024 bytes over both families, the same until its interval is over (B51-03, B51-04, B51-05)',
    {},
    async (network) => {
      await network.grow(20, () => dual(network))
      const node = network.nodes[5]!
      const stored = { 4: new Set<string>(), 6: new Set<string>() }
      const add = (count: number): void => {
        for (const family of [4, 6] as const) {
          for (let n = 0; n < count; n++) {
            const infoHash = someId(network)
            fill(network, node, { infoHash, family, count: 1 })
            stored[family].add(toHex(infoHash))
          }
        }
      }
      add(100)
      for (const [index, family] of FAMILIES) {
        const client = new RawClient(network, { address: network.freshAddress(family) })
        const to = node.sockets[index]!.seenAs
        const ask = async () => {
          const target = someId(network)
          const answer = await client.ask(to, 'sample_infohashes', { target, want: ['n4', 'n6'] })
          const { results, bytes } = answer!
          assert.ok(results !== null && bytes.length <= 1_024)
          assert.ok(results.has('nodes') && results.has('nodes6'))
          assert.equal(results.get('num'), 100)
          return results
        }
        const samples = (await ask()).get('samples') as Uint8Array
        const intervalMs = Number((await ask()).get('interval')) * SECOND
        // Sixteen contacts leave room for one or two fewer; the contacts of one family do not.
        assert.ok(samples.length % 20 === 0 && samples.length >= 360, `${samples.length} bytes`)
        const few = await client.reply(to, 'sample_infohashes', { target: someId(network) })
        assert.equal((few.get('samples') as Uint8Array).length, 400)
        const count = samples.length / 20
        const chosen = Array.from({ length: count }, (_, n) => toHex(samples.subarray(20 * n, 20 * n + 20)))
        assert.equal(new Set(chosen).size, count)
        for (const each of chosen) assert.ok(stored[family].has(each), 'with peers in that family')
        await network.clock.runFor(intervalMs - 10 * SECOND)
        assert.deepEqual((await ask()).get('samples'), samples)
        await network.clock.runFor(10 * SECOND)
        assert.notDeepEqual((await ask()).get('samples'), samples)
      }
    },
  )

  scenario('gets 203 without a target (B51-01)', {}, async (network) => {
    const node = network.add()
    const client = new RawClient(network)
    for (const args of [{}, { target: 'short' }, { target: 7 }]) {
      assert.equal((await client.ask(node.address, 'sample_infohashes', args))?.code, 203)
    }
  })
})
