// Items that are kept alive over hours (BEP 44, "Expiration"): by who published them, and by who looks after them.
import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { mutableTarget } from '../../src/networks/mainline/items/item.ts'
import type { RepublishReport } from '../../src/networks/mainline/items/item-keeper.ts'
import type { SimulatedNode } from '../../src/simulator/mainline-network.ts'
import { holders, keyPairOf, NAME, resolve, SALT } from './item-fixtures.ts'
import { HOUR, MINUTE, scenario } from './scenario.ts'

describe('What is kept alive', () => {
  scenario(
    'is put again every hour, and outlives its publisher by two (B44-20)',
    {},
    async (network, tell) => {
      await network.grow(30)
      const me = keyPairOf(network)
      const [publisher] = network.nodes as [SimulatedNode]
      const reader = network.nodes[10]!
      const reports: RepublishReport[] = []
      publisher.node.on('republished', (report) => void reports.push(report))
      await network.clock.settle(publisher.node.publish(NAME, 'kept', { keyPair: me }))
      const target = mutableTarget(me.publicKey, SALT)
      await network.clock.runFor(5 * HOUR)
      tell(`${reports.length} rounds in 5 h`)
      assert.ok(reports.length >= 4 && reports.length <= 6)
      assert.ok(
        reports.every(
          ({ kind, copies, stored, seq }) => kind === 'publish' && copies === 8 && stored === 8 && seq === 1n,
        ),
      )
      const last = network.clock.now()
      network.crash(publisher)
      await network.clock.runFor(MINUTE * 55)
      assert.equal((await resolve(network, reader, me, 'first'))?.value, 'kept')
      await network.clock.runFor(2 * HOUR + 10 * MINUTE)
      assert.equal(holders(network, target).length, 0, `put for the last time before ${last}`)
      assert.equal(await resolve(network, reader, me), null)
      // Its publisher comes back, from its store.
      const again = network.add({
        addresses: [publisher.address],
        store: publisher.store,
        bootstrap: [reader.address],
      })
      await network.clock.settle(again.node.join())
      await network.clock.runFor(5 * MINUTE)
      const back = await resolve(network, reader, me)
      assert.deepEqual([back?.value, back?.seq], ['kept', 1n])
      // Until it is told otherwise.
      assert.deepEqual(
        again.node.kept().map(({ kind, name }) => [kind, name]),
        [['publish', NAME]],
      )
      assert.equal(again.node.unpublish(me.publicKey, NAME), true)
      assert.equal(again.node.unpublish(me.publicKey, NAME), false)
      await network.clock.runFor(2 * HOUR + 5 * MINUTE)
      assert.equal(holders(network, target).length, 0)
    },
  )

  scenario('of an immutable item follows who is closest, until unput', {}, async (network) => {
    await network.grow(20)
    const [publisher] = network.nodes as [SimulatedNode]
    const { key } = await network.clock.settle(publisher.node.put('hold on'))
    for (const each of holders(network, key).filter((node) => node !== publisher)) network.crash(each)
    assert.ok(holders(network, key).length <= 1)
    await network.clock.runFor(HOUR + 5 * MINUTE)
    assert.equal(holders(network, key).length, 8)
    assert.equal(publisher.node.unput(key), true)
    await network.clock.runFor(3 * HOUR)
    assert.equal(holders(network, key).length, 0)
  })

  scenario('is the newer version, where another machine has published one', {}, async (network) => {
    await network.grow(20)
    const me = keyPairOf(network)
    const [home, office] = network.nodes as [SimulatedNode, SimulatedNode]
    await network.clock.settle(home.node.publish(NAME, 'at home', { keyPair: me }))
    await network.clock.settle(office.node.publish(NAME, 'at work', { keyPair: me, keepAlive: false }))
    await network.clock.runFor(4 * HOUR)
    const found = await resolve(network, network.nodes[9]!, me)
    assert.deepEqual([found?.value, found?.seq], ['at work', 2n])
    assert.deepEqual(
      home.node.kept().map(({ seq }) => seq),
      [2n],
    )
  })

  scenario(
    'by a watcher lives on without its publisher, and is put where it is missing (B44-21)',
    {},
    async (network) => {
      await network.grow(30)
      const me = keyPairOf(network)
      const [publisher, watcher] = network.nodes as [SimulatedNode, SimulatedNode]
      await network.clock.settle(publisher.node.publish(NAME, 'precious', { keyPair: me }))
      const target = mutableTarget(me.publicKey, SALT)
      const lost = holders(network, target)
        .filter((each) => each !== watcher && each !== publisher)
        .slice(0, 3)
      for (const each of lost) each.store.records.remove(target)
      const before = holders(network, target).length
      const report = await network.clock.settle(watcher.node.watchOver(me.publicKey, NAME))
      assert.deepEqual([report.copies, report.asked, report.stored], [before, 8 - before, 8 - before])
      network.crash(publisher)
      for (let hour = 1; hour <= 6; hour++) {
        await network.clock.runFor(HOUR)
        assert.ok(holders(network, target).length >= 7, `after ${hour} h`)
      }
      assert.equal((await resolve(network, network.nodes[9]!, me))?.value, 'precious')
      assert.equal(watcher.node.unwatch(me.publicKey, NAME), true)
      await network.clock.runFor(2 * HOUR + 5 * MINUTE)
      assert.equal(holders(network, target).length, 0)
    },
  )

  scenario('is not what was taken back while it was on its way', {}, async (network) => {
    await network.grow(10)
    const me = keyPairOf(network)
    const { node } = network.nodes[0]!
    const publishing = node.publish(NAME, 'oops', { keyPair: me })
    await Promise.resolve()
    assert.equal(node.unpublish(me.publicKey, NAME), true)
    await network.clock.settle(publishing)
    assert.deepEqual(node.kept(), [])
  })
})
