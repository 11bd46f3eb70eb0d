// The node learns its address from others, and its id follows: votes, liars, moves (BEP 42, T22).
import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { packAddress } from '../../src/codecs/compact-address.ts'
import { asId, toHex } from '../../src/kademlia/id.ts'
import type { Transport } from '../../src/node/ports.ts'
import { isValidNodeId } from '../../src/networks/mainline/node-id.ts'
import type { MainlineEvents } from '../../src/networks/mainline/events.ts'
import type { MainlineNetwork, SimulatedNode } from '../../src/simulator/mainline-network.ts'
import { Puppet } from './puppet.ts'
import { HOUR, MINUTE, scenario, someId } from './scenario.ts'

/** A node that does not see its public address, behind a one-to-one translator. */
function behindTranslator(network: MainlineNetwork, bootstrap: SimulatedNode): SimulatedNode {
  return network.add({
    locals: [{ host: '0.0.0.0', port: 6881 }],
    bootstrap: [bootstrap.address],
  })
}

function idChanges(node: SimulatedNode): MainlineEvents['idChanged'][] {
  const changes: MainlineEvents['idChanged'][] = []
  node.node.on('idChanged', (change) => changes.push(change))
  return changes
}

/** Says `host` for `ip` in all replies. */
function lying(host: string): (transport: Transport) => Transport {
  const lie = packAddress({ host, port: 6881 })!
  return (transport) => ({
    local: transport.local,
    start: (receiver) => transport.start(receiver),
    dial: (bytes, to) => transport.dial(bytes, to),
    close: () => transport.close(),
    drops: () => transport.drops(),
    send: (bytes, to) => {
      const at = Buffer.from(bytes).indexOf('2:ip6:')
      if (at >= 0) bytes.set(lie, at + 6)
      transport.send(bytes, to)
    },
  })
}

/** Answers with these six bytes for `ip`. */
function sayingAlways(liar: Puppet, lie: Uint8Array): void {
  liar.answer = (_query, { transaction }, from) => {
    const bytes = liar.encodeReply({ nodes: [] }, transaction, from)
    bytes.set(lie, Buffer.from(bytes).indexOf('2:ip6:') + 6)
    liar.sendRaw(bytes, from)
    return null
  }
}

async function isFound(network: MainlineNetwork, node: SimulatedNode): Promise<boolean> {
  const asker = network.random.pick(network.nodes.filter((each) => each !== node))
  const found = await network.clock.settle(asker.node.closest(node.id))
  return toHex(found[0]!.id) === toHex(node.id)
}

describe('A node that does not know its public address (B42-06)', () => {
  scenario(
    'takes an id that fits it when others agree, says so, saves it, and is found under it',
    { seed: 2 },
    async (network) => {
      await network.grow(40)
      const node = behindTranslator(network, network.nodes[3]!)
      const changes = idChanges(node)
      const oldId = toHex(node.id)
      await network.clock.settle(node.node.join())
      await network.clock.runFor(2 * MINUTE)
      assert.equal(changes.length, 1)
      assert.equal(toHex(changes[0]!.oldId), oldId)
      assert.equal(toHex(changes[0]!.id), toHex(node.id))
      assert.ok(isValidNodeId(node.id, node.host))
      assert.equal(node.node.stats().families[0]!.externalHost, node.host)
      assert.equal(toHex(node.store.state.identity('v4')!), toHex(node.id))
      const closest = network.trueClosest(node.id, 8, node)
      assert.equal(network.recall(closest, node.node.contacts()), 1, 'the table lies around the new id')
      assert.ok(await isFound(network, node))
    },
  )

  scenario(
    'moves its id within a quarter of an hour when the address changes, and not oftener than once an hour (T22)',
    { seed: 3 },
    async (network, tell) => {
      await network.grow(25)
      const node = behindTranslator(network, network.nodes[3]!)
      const changedAt: number[] = []
      node.node.on('idChanged', () => changedAt.push(network.clock.now()))
      const move = (): void => network.network.place(node.sockets[0]!, network.freshAddress())
      await network.clock.settle(node.node.join())
      await network.clock.runFor(HOUR + MINUTE)
      assert.equal(changedAt.length, 1)

      const movedAt = network.clock.now()
      move()
      await network.clock.runFor(15 * MINUTE)
      assert.equal(changedAt.length, 2)
      assert.ok(isValidNodeId(node.id, node.host))
      tell(`noticed after ${((changedAt[1]! - movedAt) / MINUTE).toFixed(1)} min`)

      move()
      await network.clock.runFor(HOUR + 15 * MINUTE)
      assert.equal(changedAt.length, 3)
      assert.ok(changedAt[2]! - changedAt[1]! >= HOUR)
      assert.ok(isValidNodeId(node.id, node.host))
      await network.clock.settle(node.node.refresh({ force: true }))
      assert.ok(await isFound(network, node))
    },
  )
})

describe('Votes on our address (T22)', () => {
  scenario('change nothing when 30 % of all nodes lie alike', { seed: 4 }, async (network) => {
    const lie = network.freshAddress().host
    await network.grow(50, (index) => (index % 10 < 3 ? { wrap: lying(lie) } : {}))
    const changes = network.nodes.map(idChanges)
    await network.clock.runFor(HOUR)
    for (const each of changes) assert.deepEqual(each, [])
    for (const { node, host } of network.nodes) {
      assert.ok([host, null].includes(node.stats().families[0]!.externalHost))
    }
  })

  scenario(
    'change nothing when they come from private addresses: there everybody sees another one',
    {},
    async (network) => {
      const node = network.add({ options: { private: true } })
      const changes = idChanges(node)
      const lie = packAddress(network.freshAddress())!
      for (let i = 0; i < 30; i++) {
        const liar = new Puppet(network, { address: { host: `10.${i}.0.1`, port: 1 } })
        sayingAlways(liar, lie)
        await network.clock.settle(node.node.ping(liar.address))
      }
      assert.deepEqual(changes, [])
      assert.equal(node.node.stats().families[0]!.externalHost, null)
    },
  )

  scenario('change nothing when one host votes again and again, or nobody was asked', {}, async (network) => {
    const node = network.add()
    const changes = idChanges(node)
    const lie = packAddress(network.freshAddress())!
    // Eight ports of one address, and eight of one /16: together they are one voter.
    const { host } = network.freshAddress()
    const [a, b] = host.split('.')
    const liars = [
      ...Array.from({ length: 8 }, (_, i) => new Puppet(network, { address: { host, port: 7_000 + i } })),
      ...Array.from(
        { length: 8 },
        (_, i) => new Puppet(network, { address: { host: `${a}.${b}.${i * 5}.9`, port: 1 } }),
      ),
    ]
    for (const liar of liars) {
      sayingAlways(liar, lie)
      await network.clock.settle(node.node.ping(liar.address))
    }
    // Unasked replies from everywhere are no votes.
    for (let i = 0; i < 40; i++) {
      const stranger = new Puppet(network)
      const bytes = stranger.encodeReply({ nodes: [] }, stranger.nextTransaction(), node.address)
      bytes.set(lie, Buffer.from(bytes).indexOf('2:ip6:') + 6)
      stranger.sendRaw(bytes, node.address)
    }
    await network.clock.runFor(10 * MINUTE)
    assert.deepEqual(changes, [])
    assert.equal(node.node.stats().families[0]!.externalHost, null)
    assert.equal(node.node.stats().families[0]!.dropped['unknown-transaction'], 40)
  })
})

describe('Nodes whose id does not fit their address (B42-07)', () => {
  scenario(
    'are asked and served, but are none of the closest that a lookup returns or announces to',
    { seed: 6 },
    async (network) => {
      await network.grow(40)
      const target = someId(network)
      const cheats = Array.from({ length: 12 }, (_, i) => {
        const id = target.slice()
        id[19]! ^= i + 1
        return new Puppet(network, { id: asId(id) })
      })
      for (const cheat of cheats) {
        cheat.answer = (query) => {
          const contacts = cheats.map(({ contact }) => contact)
          if (query.method === 'find_node') return { nodes: contacts.slice(0, 8) }
          return query.method === 'get_peers' ? { nodes: contacts.slice(0, 8), token: Uint8Array.of(1) } : {}
        }
        for (const { address } of network.random.sample(network.nodes, 5)) {
          const answer = await cheat.ask({ method: 'find_node', target, want: null }, address)
          assert.ok(answer!.reply!.nodes!.length > 0, 'they are served')
        }
      }
      await network.clock.runFor(MINUTE)
      const asker = network.nodes[17]!
      const found = await network.clock.settle(asker.node.closest(target))
      assert.equal(network.recall(network.trueClosest(target, 8, asker), found), 1)
      assert.ok(
        cheats.some(({ asked }) => asked.length > 0),
        'they were asked',
      )
      await network.clock.settle(asker.node.announce(target, { port: 1 }))
      for (const { asked } of cheats) assert.ok(asked.every(({ query }) => query.method !== 'announce_peer'))
    },
  )
})
