// Items on a whole node over hours, restarts, floods and quarrels, asked in raw packets (BEP 44).
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe } from 'node:test'
import type { Address } from '../../src/kademlia/contact.ts'
import { targetOf } from '../../src/networks/mainline/items/item.ts'
import type { MainlineNetwork, SimulatedNode } from '../../src/simulator/mainline-network.ts'
import { openSqliteStore } from '../../src/stores/sqlite-store.ts'
import { immutable, TestPublisher } from '../networks/mainline/item-fixtures.ts'
import { temporaryFolder } from '../stores/temporary-folder.ts'
import { RawClient } from './raw-client.ts'
import { HOUR, MINUTE, scenario } from './scenario.ts'

import { get, isHeld, oneNode, put } from './raw-items.ts'

const publisher = new TestPublisher('publisher')

describe('An item on a node', () => {
  scenario(
    'is forgotten two hours after its last put, whoever put it, and no older one comes back (B44-19, B44-20, B44-21, T13)',
    {},
    async (network) => {
      const { node, to, client } = oneNode(network)
      const items = [publisher.item('mutable', 5n), immutable('immutable')]
      for (const item of items) await put(client, to, item)
      await network.clock.runFor(110 * MINUTE)
      const other = new RawClient(network)
      for (const item of items) assert.equal(await put(other, to, item), null)
      await network.clock.runFor(119 * MINUTE)
      for (const item of items) assert.ok(await isHeld(other, node, item))
      await network.clock.runFor(MINUTE)
      for (const item of items) assert.equal((await get(other, to, item)).has('v'), false)
      await network.clock.runFor(MINUTE)
      const { stored } = node.node.stats()
      assert.deepEqual([stored.items, stored.itemBytes], [0, 0], 'and takes no room')
      assert.equal(await put(client, to, publisher.item('older', 4n)), 302)
      assert.equal(await put(client, to, publisher.item('newer', 6n)), null)
    },
  )

  scenario('never goes back over restarts, while it is held and after (B44-19, T13)', {}, async (network) => {
    const path = join(temporaryFolder(), 'store.sqlite')
    const start = (addresses?: readonly Address[]): SimulatedNode => {
      const store = openSqliteStore(path, { now: network.clock.now() })
      return network.add({ store, ...(addresses === undefined ? {} : { addresses }) })
    }
    const restart = async (node: SimulatedNode, awayMs: number): Promise<SimulatedNode> => {
      network.crash(node)
      node.store.close()
      await network.clock.runFor(awayMs)
      return start([node.address])
    }
    const client = new RawClient(network)
    let node = start()
    const newest = publisher.item('newest', 7n)
    assert.equal(await put(client, node.address, newest), null)
    node = await restart(node, MINUTE)
    assert.ok(await isHeld(client, node, newest))
    assert.equal(await put(client, node.address, publisher.item('older', 6n)), 302)
    // Away while it expires, and once more: what expired is remembered.
    node = await restart(node, 3 * HOUR)
    assert.equal((await get(client, node.address, newest)).has('v'), false)
    node = await restart(node, HOUR)
    assert.equal(await put(client, node.address, publisher.item('older', 6n)), 302)
    assert.equal(await put(client, node.address, publisher.item('another', 7n)), 302)
    assert.equal(await put(client, node.address, newest), null)
    network.crash(node)
    node.store.close()
  })

  scenario(
    'of one seq with two values stays on each node what it was there first (T15, B44-10)',
    {},
    async (network) => {
      await network.grow(8)
      const [one, two] = [new RawClient(network), new RawClient(network)]
      const ofOne = publisher.item('of one machine', 3n)
      const ofTwo = publisher.item('of another machine', 3n)
      const half = network.nodes.slice(0, 4)
      const rest = network.nodes.slice(4)
      for (const { address } of half) assert.equal(await put(one, address, ofOne), null)
      for (const { address } of rest) assert.equal(await put(two, address, ofTwo), null)
      for (const { address } of rest) assert.equal(await put(one, address, ofOne), 302)
      for (const { address } of half) assert.equal(await put(two, address, ofTwo, { cas: 3 }), 302)
      for (const node of half) assert.ok(await isHeld(two, node, ofOne))
      for (const node of rest) assert.ok(await isHeld(one, node, ofTwo))
      // A newer one ends the quarrel everywhere.
      const next = publisher.item('agreed', 4n)
      for (const { address } of network.nodes) assert.equal(await put(one, address, next, { cas: 3 }), null)
    },
  )
})

describe('A flood of puts (T12)', () => {
  scenario(
    'of one network is bounded, with its limits on and off, and costs no other item its place',
    {},
    async (network, tell) => {
      for (const rateLimit of [true, false]) {
        const node = network.add({ options: { rateLimit } })
        const honest = Array.from({ length: 30 }, (_, n) => ({
          client: new RawClient(network),
          item: new TestPublisher(`honest ${n}`).item('kept', 1n),
        }))
        for (const { client, item } of honest.slice(0, 15)) {
          assert.equal(await put(client, node.address, item), null)
        }
        const { taken, asked } = await flood(network, node)
        tell(`limits ${rateLimit ? 'on' : 'off'}: ${taken} of ${asked} items of one /24 were taken`)
        assert.ok(taken > 0 && taken <= 200)
        for (const { client, item } of honest.slice(15)) {
          assert.equal(await put(client, node.address, item), null)
        }
        for (const { client, item } of honest) assert.ok(await isHeld(client, node, item))
        assert.equal(node.node.stats().stored.items, honest.length + taken)
      }
    },
  )
})

/** Ten hosts of one /24 put as fast as they get tokens. */
async function flood(
  network: MainlineNetwork,
  node: SimulatedNode,
): Promise<{ taken: number; asked: number }> {
  const before = node.node.stats().stored.items
  const { host } = network.freshAddress()
  const prefix = host.slice(0, host.lastIndexOf('.'))
  const flooders = Array.from({ length: 10 }, (_, n) => {
    return new RawClient(network, { address: { host: `${prefix}.${n + 1}`, port: 6_881 } }).puppet
  })
  let asked = 0
  for (let round = 0; round < 120; round++) {
    const items = flooders.map((_, n) => immutable(`${prefix} ${round} ${n}`))
    const replies = await Promise.all(
      flooders.map((flooder, n) => {
        const get = { method: 'get', target: targetOf(items[n]!), want: null, seq: null } as const
        return flooder.ask(get, node.address)
      }),
    )
    for (const [n, answer] of replies.entries()) {
      asked++
      const token = answer?.reply?.token
      if (token === undefined) continue
      flooders[n]!.shout({ method: 'put', ...items[n]!, token, cas: null }, node.address)
    }
    await network.clock.runFor(100)
  }
  await network.clock.runFor(MINUTE)
  for (const flooder of flooders) flooder.leave()
  return { taken: node.node.stats().stored.items - before, asked }
}
