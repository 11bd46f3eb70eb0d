// What the owner of a drogulus value does for hours: stores it again before holders would, also after a restart, until it
// is told otherwise or the value has expired (drogulus B0, B8).
import assert from 'node:assert/strict'
import { describe } from 'node:test'
import type { Id } from '../../src/kademlia/id.ts'
import { reachedOthers } from '../../src/node/write.ts'
import type { DrogulusNetwork, SimulatedNode } from '../../src/simulator/drogulus-network.ts'
import {
  about,
  closestNodes,
  holdersOf,
  K,
  noting,
  restart,
  strangerTo,
  textAt,
} from './drogulus-fixtures.ts'
import { drogulusScenario as scenario, HOUR, MINUTE } from './scenario.ts'

/** When it told that it stored something again, on others too. */
function renewals({ clock }: DrogulusNetwork, { node }: SimulatedNode): number[] {
  const times: number[] = []
  node.on('republished', (report) => {
    if (reachedOthers(report)) times.push(clock.now())
  })
  return times
}

/** A reader that holds nothing of the key. */
function readerOf({ nodes, clock }: DrogulusNetwork, key: Id): SimulatedNode {
  return nodes.find(({ store }) => store.records.get(key, clock.now()) === null)!
}

describe('A drogulus value whose owner is there', () => {
  scenario(
    'is stored again by the owner after 48 to 54 minutes, and by nobody else',
    {},
    async (network, tell) => {
      await network.grow(40)
      const { clock } = network
      const { owner, key } = strangerTo(network, 'kept')
      const stores = noting(network, 'store')
      const times = renewals(network, owner)
      let replicated = 0
      for (const { node } of network.nodes) node.on('replicated', () => replicated++)
      const startedAt = clock.now()
      await clock.settle(owner.node.publish('kept', 'alive'))
      // All holders die, and the newcomers that take their places hold it in time.
      for (const holder of closestNodes(network, key).slice(0, 10)) network.crash(holder)
      await clock.runFor(10 * HOUR)
      const pauses = times.map((time, n) => time - (times[n - 1] ?? startedAt))
      tell(`${times.length} times in 10 h, ${about(stores, key).length} stores`)
      assert.ok(times.length >= 11)
      // 0.9 of an interval, or up to a tenth less.
      for (const pause of pauses) assert.ok(pause >= 48 * MINUTE && pause <= 54.5 * MINUTE, `${pause} ms`)
      assert.equal(replicated, 0)
      const holding = holdersOf(network, key)
      assert.ok(closestNodes(network, key).every((each) => holding.includes(each)))
    },
  )

  scenario('is taken up by an owner that comes back from its store', {}, async (network) => {
    await network.grow(60)
    const { clock } = network
    const { owner, key } = strangerTo(network, 'kept')
    await clock.settle(owner.node.publish('kept', 'alive', { meta: { kind: 'test' } }))
    // Its contacts are written down every five minutes.
    await clock.runFor(6 * MINUTE)
    network.crash(owner)
    // Nobody else has it any more.
    for (const holder of holdersOf(network, key)) network.crash(holder)
    await clock.runFor(3 * HOUR)
    assert.equal(await textAt(network, network.nodes[0]!, key), null)
    const again = network.add({ addresses: [owner.address], store: owner.store })
    const times = renewals(network, again)
    assert.equal(again.node.published()[0]!.text, 'alive')
    await clock.settle(again.node.join())
    await clock.runFor(5 * MINUTE)
    assert.equal(times.length, 1)
    assert.equal(await textAt(network, readerOf(network, key), key), 'alive')
    await clock.runFor(2 * HOUR)
    assert.equal(times.length, 3)
  })

  scenario('is no longer stored by the owner after unpublish, also after a restart', {}, async (network) => {
    await network.grow(40)
    const { clock } = network
    const { owner, key } = strangerTo(network, 'regretted')
    const stores = noting(network, 'store')
    const expires = new Date(clock.now() + 4 * HOUR)
    await clock.settle(owner.node.publish('regretted', 'told', { expires }))
    await clock.runFor(HOUR)
    assert.equal(owner.node.unpublish('regretted'), true)
    assert.equal(owner.node.unpublish('regretted'), false)
    assert.deepEqual(owner.node.published(), [])
    assert.equal(owner.store.records.get(key, clock.now()), null)
    const before = stores.length
    const again = restart(network, owner)
    await clock.settle(again.node.join())
    await clock.runFor(2 * HOUR)
    assert.ok(stores.slice(before).every(({ from }) => from.host !== owner.host))
    // Holders have it until it expires.
    assert.equal(await textAt(network, readerOf(network, key), key), 'told')
    await clock.runFor(2 * HOUR)
    assert.equal(holdersOf(network, key).length, 0)
  })

  scenario(
    'is gone from an owner that does not keep it alive, and stays on its holders',
    {},
    async (network) => {
      await network.grow(40)
      const { clock } = network
      const { owner, key } = strangerTo(network, 'once')
      const times = renewals(network, owner)
      const stores = noting(network, 'store')
      await clock.settle(owner.node.publish('once', 'told', { keepAlive: false }))
      assert.deepEqual(owner.node.published(), [])
      await clock.runFor(HOUR)
      assert.equal(owner.store.records.size.records, 0)
      const holding = holdersOf(network, key)
      assert.equal(holding.length, K)
      await clock.runFor(3 * HOUR)
      assert.deepEqual(times, [])
      assert.equal(stores.filter(({ from }) => from.host === owner.host).length, K)
      assert.equal(await textAt(network, owner, key), 'told')
    },
  )

  scenario('is no longer kept alive when it has expired', {}, async (network) => {
    await network.grow(30)
    const { clock } = network
    const { owner, key } = strangerTo(network, 'for a while')
    const expires = new Date(clock.now() + 2 * HOUR)
    await clock.settle(owner.node.publish('for a while', 'told', { expires }))
    let told = 0
    const stores = noting(network, 'store')
    await clock.runFor(2 * HOUR + MINUTE)
    owner.node.on('republished', () => told++)
    stores.length = 0
    await clock.runFor(4 * HOUR)
    assert.deepEqual(about(stores, key), [])
    assert.equal(told, 0)
    assert.equal(owner.node.stats().commitments, 0)
    assert.equal(owner.node.unpublish('for a while'), false)
  })
})
