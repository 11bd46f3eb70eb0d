// Machines that sleep, links that die and come back, networks that change (T30, B45-09).
import assert from 'node:assert/strict'
import { describe } from 'node:test'
import type { Id } from '../../src/kademlia/id.ts'
import type { MainlineNetwork, SimulatedNode } from '../../src/simulator/mainline-network.ts'
import { Puppet } from './puppet.ts'
import { HOUR, mean, MINUTE, scenario, SECOND, someId } from './scenario.ts'

const findNode = (target: Id) => ({ method: 'find_node', target, want: null }) as const

async function recallOf(network: MainlineNetwork, node: SimulatedNode, lookups = 10): Promise<number> {
  const recalls: number[] = []
  for (let i = 0; i < lookups; i++) {
    const target = someId(network)
    const found = await network.clock.settle(node.node.closest(target))
    recalls.push(network.recall(network.trueClosest(target, 8, node), found))
  }
  return mean(recalls)
}

/** Hosts that have answered a node from now on. */
function answeredTo(network: MainlineNetwork, node: SimulatedNode): Set<string> {
  const hosts = new Set<string>()
  network.network.watchers.add(({ from, to, bytes }) => {
    if (to.host === node.host && Buffer.from(bytes).includes('1:y1:r')) hosts.add(from.host)
  })
  return hosts
}

describe('A node that slept for eight hours (T30)', () => {
  scenario(
    'hands out nobody before he answered again, refuses its old tokens, and works within minutes',
    { seed: 2 },
    async (network) => {
      await network.grow(25)
      const node = network.nodes[7]!
      const slept: number[] = []
      node.node.on('slept', ({ forMs }) => slept.push(forMs))
      const puppet = new Puppet(network)
      const infoHash = someId(network)
      const asked = await puppet.ask(
        { method: 'get_peers', infoHash, want: null, noSeed: false, scrape: false },
        node.address,
      )
      const token = asked!.reply!.token!
      assert.ok(asked!.reply!.nodes!.length === 8)
      node.sleep()
      // Of the others a third is gone when it wakes.
      for (const other of network.random.sample(network.nodes, 8)) if (other !== node) network.crash(other)
      await network.clock.runFor(8 * HOUR)
      const answered = answeredTo(network, node)
      node.wake()
      let named = 0
      for (let i = 0; i < 60; i++) {
        const answer = await puppet.ask(findNode(someId(network)), node.address)
        for (const { address } of answer!.reply!.nodes!) {
          assert.ok(answered.has(address.host))
          named++
        }
        if (i === 0) {
          const announce = { method: 'announce_peer', infoHash, port: 1, token, seed: false } as const
          assert.equal((await puppet.ask(announce, node.address))!.refusal!.code, 203)
        }
        await network.clock.runFor(SECOND)
      }
      assert.ok(named > 0)
      assert.equal(slept.length, 1)
      assert.ok(Math.abs(slept[0]! - 8 * HOUR) < MINUTE)
      puppet.leave()
      await network.clock.runFor(2 * MINUTE)
      assert.equal(await recallOf(network, node), 1)
    },
  )

  scenario('serves no peer that expired meanwhile', {}, async (network) => {
    const node = network.add()
    const puppet = new Puppet(network)
    const infoHash = someId(network)
    const getPeers = { method: 'get_peers', infoHash, want: null, noSeed: false, scrape: false } as const
    const { token } = (await puppet.ask(getPeers, node.address))!.reply!
    await puppet.ask({ method: 'announce_peer', infoHash, port: 1, token: token!, seed: false }, node.address)
    assert.equal((await puppet.ask(getPeers, node.address))!.reply!.values!.length, 1)
    node.sleep()
    await network.clock.runFor(8 * HOUR)
    node.wake()
    assert.equal((await puppet.ask(getPeers, node.address))!.reply!.values, undefined)
  })

  scenario('announces again what it keeps alive', { seed: 3 }, async (network) => {
    await network.grow(25)
    const node = network.nodes[4]!
    const infoHash = someId(network)
    await network.clock.settle(node.node.announce(infoHash, { port: 4_242 }))
    node.sleep()
    await network.clock.runFor(2 * HOUR)
    const search = async (): Promise<number> => {
      const peers = network.nodes[20]!.node.peers(infoHash)
      await network.clock.settle(peers.outcome)
      return (await Array.fromAsync(peers)).length
    }
    assert.equal(await search(), 0)
    node.wake()
    await network.clock.runFor(2 * MINUTE)
    assert.equal(await search(), 1)
  })
})

describe('A node whose link is dead for half an hour (B45-09)', () => {
  scenario('says so, keeps its table, and recovers when the link is back', { seed: 4 }, async (network) => {
    await network.grow(40)
    const node = network.nodes[9]!
    const events: string[] = []
    node.node.on('offline', () => events.push('offline'))
    node.node.on('online', () => events.push('online'))
    const before = node.node.contacts().length
    node.unplug()
    // Somebody uses it meanwhile, which must not empty its table either.
    for (let minute = 0; minute < 30; minute++) {
      if (minute % 3 === 0) await network.clock.settle(node.node.closest(someId(network)))
      await network.clock.runFor(MINUTE)
    }
    assert.deepEqual(events, ['offline'])
    assert.ok(node.node.stats().families[0]!.offline)
    assert.ok(node.node.contacts().length >= before - 2, `${node.node.contacts().length} of ${before}`)
    node.plug()
    await network.clock.runFor(3 * MINUTE)
    assert.deepEqual(events, ['offline', 'online'])
    assert.ok(node.node.stats().families[0]!.goodContacts >= 0.8 * before)
    assert.equal(await recallOf(network, node), 1)
  })

  scenario(
    'recovers also when nobody uses it and most of its contacts died meanwhile',
    { seed: 5 },
    async (network) => {
      await network.grow(30)
      const node = network.nodes[9]!
      node.unplug()
      await network.clock.runFor(30 * MINUTE)
      for (const other of network.random.sample(network.nodes, 22)) if (other !== node) network.crash(other)
      await network.clock.runFor(5 * MINUTE)
      node.plug()
      await network.clock.runFor(15 * MINUTE)
      assert.equal(node.node.stats().families[0]!.offline, false)
      assert.equal(await recallOf(network, node), 1)
    },
  )
})

describe('A node whose machine has moved to another network', () => {
  scenario('verifies its table at once and hands out nobody before that', { seed: 6 }, async (network) => {
    await network.grow(30)
    const node = network.nodes[3]!
    const puppet = new Puppet(network)
    const socket = node.sockets[0]!
    network.network.place(socket, network.freshAddress())
    const answered = answeredTo(network, node)
    node.node.networkChanged()
    for (let i = 0; i < 20; i++) {
      const answer = await puppet.ask(findNode(someId(network)), node.address)
      for (const { address } of answer!.reply!.nodes!) assert.ok(answered.has(address.host))
    }
    puppet.leave()
    await network.clock.runFor(2 * MINUTE)
    assert.ok(node.node.stats().families[0]!.goodContacts >= 8)
    assert.equal(await recallOf(network, node), 1)
  })
})
