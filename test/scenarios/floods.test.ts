// Floods against a whole node with its limits on: reflection, exhaustion, guessed tokens (T8, T9, T10).
import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { packAddress } from '../../src/codecs/compact-address.ts'
import type { Address } from '../../src/kademlia/contact.ts'
import type { Id } from '../../src/kademlia/id.ts'
import { defaultParameters } from '../../src/kademlia/parameters.ts'
import { defaultSourceLimits } from '../../src/kademlia/rate-limits.ts'
import { targetOf } from '../../src/networks/mainline/items/item.ts'
import type { MainlineQuery } from '../../src/networks/mainline/messages.ts'
import type { MainlineNetwork, SimulatedNode } from '../../src/simulator/mainline-network.ts'
import { immutable, TestPublisher } from '../networks/mainline/item-fixtures.ts'
import { Puppet } from './puppet.ts'
import { MINUTE, scenario, SECOND, someId, type Tell } from './scenario.ts'

/** A node with its limits in a network, so that its table and its store are full of what it may be asked for. */
async function servingNode(network: MainlineNetwork, infoHash: Id): Promise<SimulatedNode> {
  await network.grow(30)
  const node = network.add({ options: { rateLimit: true }, bootstrap: [network.nodes[0]!.address] })
  await network.clock.settle(node.node.join())
  for (let i = 0; i < 300; i++) {
    const compact = packAddress(network.freshAddress())!
    node.store.peers.announce(infoHash, { compact, seed: false, refreshedAt: network.clock.now() })
  }
  await network.clock.runFor(MINUTE)
  return node
}

const getPeers = (infoHash: Id): Extract<MainlineQuery, { method: 'get_peers' }> => ({
  method: 'get_peers',
  infoHash,
  want: null,
  noSeed: false,
  scrape: false,
})

/** Datagrams and bytes that a node sends to a host from now on. */
function bytesTo(
  network: MainlineNetwork,
  node: SimulatedNode,
  to: Address,
): { datagrams: number; bytes: number } {
  const sum = { datagrams: 0, bytes: 0 }
  network.network.watchers.add((datagram) => {
    if (datagram.from.host !== node.host || datagram.to.host !== to.host) return
    sum.datagrams++
    sum.bytes += datagram.bytes.length
  })
  return sum
}

/** Puts a mutable item of 1000 bytes with the longest salt; its target. */
async function largestItem(network: MainlineNetwork, node: SimulatedNode): Promise<Id> {
  const item = new TestPublisher('floods').item('x'.repeat(996), 1n, 's'.repeat(64))
  const target = targetOf(item)
  const puppet = new Puppet(network)
  const { token } = (await puppet.ask({ method: 'get', target, want: null, seq: null }, node.address))!.reply!
  const put = { method: 'put', ...item, token: token!, cas: null } as const
  assert.deepEqual((await puppet.ask(put, node.address))!.reply, {})
  puppet.leave()
  return target
}

async function amplification(
  network: MainlineNetwork,
  node: SimulatedNode,
  tell: Tell,
  infoHash: Id,
): Promise<Record<string, number>> {
  const queries: Record<string, MainlineQuery> = {
    ping: { method: 'ping' },
    find_node: { method: 'find_node', target: infoHash, want: null },
    'find_node, both families': { method: 'find_node', target: infoHash, want: { n4: true, n6: true } },
    'get_peers of nothing': getPeers(someId(network)),
    'get_peers of many': getPeers(infoHash),
    'get_peers of many, with scrape': { ...getPeers(infoHash), scrape: true },
    'get of nothing': { method: 'get', target: someId(network), want: null, seq: null },
    'get of the largest item': {
      method: 'get',
      target: await largestItem(network, node),
      want: null,
      seq: null,
    },
    sample_infohashes: { method: 'sample_infohashes', target: infoHash, want: null },
    'put without a token': { method: 'put', token: new Uint8Array(0), ...immutable('x'), cas: null },
    'announce_peer without a token': {
      method: 'announce_peer',
      infoHash,
      port: 1,
      token: new Uint8Array(0),
      seed: false,
    },
  }
  const factors: Record<string, number> = {}
  for (const [what, query] of Object.entries(queries)) {
    const puppet = new Puppet(network)
    const out = bytesTo(network, node, puppet.address)
    const sent = puppet.shout(query, node.address)
    await network.clock.runFor(10 * SECOND)
    // Its own ping of the newcomer, with its resends, is what the query brought about, too.
    factors[what] = out.bytes / sent
    tell(`${what}: ${sent} bytes in, ${out.bytes} out, factor ${factors[what].toFixed(1)}`)
  }
  for (const [what, bytes] of Object.entries({
    garbage: 'x'.repeat(80),
    'a reply that nobody asked for': 'd1:rd2:id20:aaaaaaaaaaaaaaaaaaaae1:t2:aa1:y1:re',
  })) {
    const puppet = new Puppet(network)
    const out = bytesTo(network, node, puppet.address)
    puppet.sendRaw(Buffer.from(bytes), node.address)
    await network.clock.runFor(10 * SECOND)
    factors[what] = out.bytes
  }
  return factors
}

describe('What one datagram brings about (T8)', () => {
  scenario(
    'is bounded for every method, and nothing at all for what is no query',
    {},
    async (network, tell) => {
      const infoHash = someId(network)
      const node = await servingNode(network, infoHash)
      const factors = await amplification(network, node, tell, infoHash)
      assert.equal(factors['garbage'], 0)
      assert.equal(factors['a reply that nobody asked for'], 0)
      // A datagram of 1,024 bytes at the most for one of 95, or of 1,472 with an item, and a ping; all others far less.
      for (const [what, factor] of Object.entries(factors)) {
        assert.ok(factor <= (what === 'get of the largest item' ? 18 : 12.5), `${what}: ${factor}`)
      }
      for (const what of ['find_node', 'get_peers of nothing', 'get of nothing', 'sample_infohashes'])
        assert.ok(factors[what]! <= 6, `${what}: ${factors[what]}`)
      for (const what of ['ping', 'announce_peer without a token', 'put without a token'])
        assert.ok(factors[what]! <= 3, `${what}: ${factors[what]}`)
    },
  )
})

describe('A flood of queries in the name of a victim (T8)', () => {
  scenario('brings the victim no more than the quota of its prefix', {}, async (network, tell) => {
    const infoHash = someId(network)
    const node = await servingNode(network, infoHash)
    const flooder = new Puppet(network)
    const victim = network.freshAddress()
    const scrape: MainlineQuery = { ...getPeers(infoHash), scrape: true }
    const target = await largestItem(network, node)
    const getItem: MainlineQuery = { method: 'get', target, want: null, seq: null }
    const out = bytesTo(network, node, victim)
    const SECONDS = 5
    let sent = 0
    for (let tick = 0; tick < 100 * SECONDS; tick++) {
      for (let i = 0; i < 50; i++) sent += flooder.shout(i % 2 === 0 ? scrape : getItem, node.address, victim)
      await network.clock.runFor(10)
    }
    await network.clock.runFor(10 * SECOND)
    tell(
      `${50 * 100 * SECONDS} datagrams, ${sent} bytes in; ${out.datagrams} datagrams, ${out.bytes} bytes out`,
    )
    const { burst, perSecond } = defaultSourceLimits.bytesPerPrefix!
    assert.ok(out.datagrams > 0)
    assert.ok(out.bytes <= burst + perSecond * SECONDS + 3 * 100)
    assert.ok(out.bytes < sent, 'less than the flooder himself could have sent')
  })
})

describe('A flood of 50,000 hostile datagrams from as many addresses (T9)', () => {
  scenario(
    'leaves honest queries answered, and every structure within its bounds',
    {},
    async (network, tell) => {
      const infoHash = someId(network)
      const node = await servingNode(network, infoHash)
      const before = node.node.stats()
      const flooder = new Puppet(network)
      const honest = new Puppet(network)
      const token = network.random.bytes(8)
      const announce: MainlineQuery = { method: 'announce_peer', infoHash, port: 1, token, seed: false }
      const put: MainlineQuery = { method: 'put', ...new TestPublisher('x').item('x', 1n), token, cas: null }
      let answered = 0
      let asked = 0
      const walks: Promise<number>[] = []
      for (let batch = 0; batch < 500; batch++) {
        for (let i = 0; i < 100; i++) {
          const from = { host: randomHost(network), port: 1 + network.random.below(65_535) }
          const kind = i % 4
          if (kind === 0) network.network.carry(from, node.address, network.random.bytes(60))
          else if (kind === 1) flooder.shout(i % 8 === 1 ? put : announce, node.address, from)
          else if (kind === 2) flooder.shout(getPeers(someId(network)), node.address, from)
          else
            network.network.carry(
              from,
              node.address,
              Buffer.from('d1:rd2:id20:aaaaaaaaaaaaaaaaaaaae1:t4:aaaa1:y1:re'),
            )
        }
        await network.clock.runFor(10)
        if (batch % 20 === 0) {
          asked++
          if ((await honest.ask({ method: 'ping' }, node.address)) !== null) answered++
        }
        if (batch % 100 === 50) {
          const goal = someId(network)
          const walk = node.node.closest(goal)
          walks.push(walk.then((found) => network.recall(network.trueClosest(goal, 4, node), found)))
        }
      }
      await network.clock.runFor(30 * SECOND)
      const { families, stored } = node.node.stats()
      const family = families[0]!
      tell(`${answered} of ${asked} honest queries answered; dropped ${JSON.stringify(family.dropped)}`)
      assert.ok(answered >= 0.9 * asked)
      for (const recall of await network.clock.settle(Promise.all(walks))) assert.equal(recall, 1)
      assert.deepEqual(stored, before.stored)
      const dropped = Object.values(family.dropped).reduce((sum, count) => sum + count, 0)
      assert.ok(dropped >= 20_000, 'all was counted')
      assert.ok(Object.keys(family.dropped).length <= 65 && Object.keys(family.methods).length <= 65)
      assert.ok(family.requestsUnderWay <= defaultParameters.maxVetting)
      // Nobody who only flooded has entered.
      assert.ok(node.node.contacts().every(({ address }) => isKnown(network, honest, address)))
    },
  )
})

function isKnown(network: MainlineNetwork, honest: Puppet, { host }: Address): boolean {
  return host === honest.address.host || network.nodes.some((node) => node.host === host)
}

function randomHost(network: MainlineNetwork): string {
  const byte = (): number => 1 + network.random.below(254)
  return `${20 + network.random.below(60)}.${byte()}.${byte()}.${byte()}`
}

describe('Guessed tokens (T10)', () => {
  scenario('are never accepted, and block their source for a while, and nobody else', {}, async (network) => {
    const infoHash = someId(network)
    const node = network.add({ options: { rateLimit: true } })
    const guesser = new Puppet(network)
    const other = new Puppet(network)
    const guess = (): number =>
      guesser.shout(
        { method: 'announce_peer', infoHash, port: 1, token: network.random.bytes(8), seed: false },
        node.address,
      )
    for (let i = 0; i < 200; i++) {
      guess()
      await network.clock.runFor(50)
    }
    const refusals = guesser.datagrams.filter(({ bytes }) => Buffer.from(bytes).includes('1:y1:e')).length
    assert.ok(refusals >= 32 && refusals <= 60, `${refusals} were answered`)
    assert.equal(node.node.stats().stored.peers, 0)
    assert.equal(await guesser.ask({ method: 'ping' }, node.address), null)
    assert.notEqual(await other.ask({ method: 'ping' }, node.address), null)
    for (let i = 0; i < 5_000; i++) guess()
    await network.clock.runFor(2 * MINUTE)
    assert.equal(node.node.stats().stored.peers, 0)
    assert.notEqual(await guesser.ask({ method: 'ping' }, node.address), null, 'it is let off in time')
  })
})
