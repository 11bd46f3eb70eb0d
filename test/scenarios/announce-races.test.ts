// Announces of one infohash that meet: of the user, of what is kept alive, and what is taken back meanwhile (BEP 5).
import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { toHex } from '../../src/kademlia/id.ts'
import type { SimulatedNode } from '../../src/simulator/mainline-network.ts'
import { onSending } from './on-sending.ts'
import { Puppet } from './puppet.ts'
import { MINUTE, scenario, SECOND } from './scenario.ts'

describe('An announce that is taken back', () => {
  scenario('while it is under way leaves nothing in our own store', {}, async (network) => {
    await network.grow(5)
    const infoHash = network.random.bytes(20)
    const [announcer] = network.nodes as [SimulatedNode]
    const options = { private: true }
    const alone = network.add({ options })
    const announcing = alone.node.announce(infoHash, { port: 1 })
    assert.equal(alone.node.unannounce(infoHash), true)
    assert.equal((await network.clock.settle(announcing)).stored, 1)
    assert.equal(alone.node.stats().stored.peers, 0)
    assert.deepEqual(alone.node.announced(), [])
    assert.equal(announcer.node.unannounce(infoHash), false)
  })

  scenario('while it is announced again leaves nothing there either', {}, async (network) => {
    const infoHash = network.random.bytes(20)
    const options = { private: true }
    const first = network.add({ options })
    const second = network.add({ options, bootstrap: [first.address] })
    await network.clock.settle(second.node.join())
    await network.clock.settle(first.node.announce(infoHash, { port: 1 }))
    assert.equal(first.node.stats().stored.peers, 1)
    let taken = false
    const stop = onSending(network, first, '9:get_peers', () => {
      stop()
      taken = first.node.unannounce(infoHash)
    })
    await network.clock.runFor(16 * MINUTE)
    assert.equal(taken, true)
    assert.equal(first.node.stats().stored.peers, 0)
    assert.deepEqual(first.node.announced(), [])
  })
})

describe('Two announces of one infohash at once', () => {
  scenario('keep alive what was asked for last, also when the first takes longer', {}, async (network) => {
    await network.grow(4)
    const { node } = network.nodes[0]!
    const puppet = new Puppet(network)
    const ports: (number | 'implied')[] = []
    puppet.answer = (query) => {
      if (query.method !== 'announce_peer') return { nodes: [], token: Uint8Array.of(1) }
      ports.push(query.port)
      return query.port === 1 ? null : {}
    }
    await network.clock.settle(node.ping(puppet.address))
    const infoHash = network.random.bytes(20)
    const both = [1, 2].map((port) => node.announce(infoHash, { port }))
    await network.clock.settle(Promise.all(both))
    assert.deepEqual(node.announced(), [{ infoHash: toHex(infoHash), port: 2 }])
    assert.equal(ports.at(-1), 2)
  })

  scenario('leave the last one with the nodes, also where one was only done again', {}, async (network) => {
    await network.grow(4)
    const [announcer] = network.nodes as [SimulatedNode]
    const puppet = new Puppet(network)
    const ports: (number | 'implied')[] = []
    let isDeaf = false
    puppet.answer = (query) => {
      if (query.method !== 'announce_peer') return { nodes: [], token: Uint8Array.of(1) }
      // Of what is announced again it misses the first datagram, and hears the second one a second later.
      isDeaf = !isDeaf && query.port === 1 && ports.length > 0
      if (!isDeaf) ports.push(query.port)
      return isDeaf ? null : {}
    }
    await network.clock.settle(announcer.node.ping(puppet.address))
    const infoHash = network.random.bytes(20)
    await network.clock.settle(announcer.node.announce(infoHash, { port: 1 }))
    let announcing: Promise<unknown> | null = null
    const stop = onSending(network, announcer, '9:get_peers', () => {
      stop()
      announcing = announcer.node.announce(infoHash, { port: 2 })
    })
    await network.clock.runFor(15 * MINUTE + 10 * SECOND)
    await network.clock.settle(announcing!)
    assert.deepEqual(ports, [1, 1, 2])
    assert.deepEqual(announcer.node.announced(), [{ infoHash: toHex(infoHash), port: 2 }])
  })
})
