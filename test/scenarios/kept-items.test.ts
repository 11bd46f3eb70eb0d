// Items that are kept alive over hours (BEP 44, "Expiration"): by who published them, and by who looks after them.
import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { toHex } from '../../src/kademlia/id.ts'
import { mutableTarget } from '../../src/networks/mainline/items/item.ts'
import type { RepublishReport } from '../../src/networks/mainline/items/item-keeper.ts'
import { keptData } from '../../src/networks/mainline/items/kept-item.ts'
import type { SimulatedNode } from '../../src/simulator/mainline-network.ts'
import { createMemoryStore } from '../../src/stores/memory-store.ts'
import { holders, keyPairOf, NAME, resolve, SALT, signedItem } from './item-fixtures.ts'
import { HOUR, MINUTE, scenario, SECOND } from './scenario.ts'

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

  scenario('is the newer version, where this node has published one only once', {}, async (network) => {
    await network.grow(10)
    const me = keyPairOf(network)
    const { node } = network.nodes[0]!
    const keepAlive = false
    await network.clock.settle(node.publish(NAME, 'not kept', { keyPair: me, keepAlive }))
    assert.deepEqual(node.kept(), [])
    await network.clock.settle(node.publish(NAME, 'kept', { keyPair: me }))
    await network.clock.settle(node.publish(NAME, 'newer', { keyPair: me, keepAlive }))
    assert.deepEqual(
      node.kept().map(({ seq }) => seq),
      [3n],
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

  scenario(
    'is put again as soon as the link is back, when nobody but this node could take it (B44-20)',
    {},
    async (network) => {
      await network.grow(6)
      const me = keyPairOf(network)
      const [publisher, other] = network.nodes as [SimulatedNode, SimulatedNode]
      const target = mutableTarget(me.publicKey, SALT)
      const refreshedAt = (): number => other.store.records.get(target, network.clock.now())!.refreshedAt
      await network.clock.settle(publisher.node.publish(NAME, 'kept', { keyPair: me }))
      const published = refreshedAt()
      await network.clock.runFor(50 * MINUTE)
      publisher.unplug()
      await network.clock.runFor(15 * MINUTE)
      assert.equal(refreshedAt(), published)
      publisher.plug()
      // Its next full hour would be over shortly before the copies are gone, and its link may be dead then too.
      await network.clock.settle(publisher.node.join([other.address]))
      await network.clock.runFor(5 * SECOND)
      assert.ok(refreshedAt() > published)
    },
  )

  scenario('alone is put elsewhere as soon as somebody comes', {}, async (network) => {
    const me = keyPairOf(network)
    const first = network.add()
    const report = await network.clock.settle(first.node.publish(NAME, 'first', { keyPair: me }))
    assert.deepEqual([report.stored, report.accepted], [1, [{ host: 'self', port: 0 }]])
    await network.clock.runFor(HOUR)
    const second = network.add({ bootstrap: [first.address] })
    await network.clock.settle(second.node.join())
    await network.clock.runFor(5 * SECOND)
    assert.equal(holders(network, mutableTarget(me.publicKey, SALT)).length, 2)
  })

  scenario(
    'by a watcher is not forgotten when it is told again to look after it, though nobody has it any more',
    {},
    async (network) => {
      await network.grow(12)
      const me = keyPairOf(network)
      const [publisher, watcher] = network.nodes as [SimulatedNode, SimulatedNode]
      const keepAlive = false
      await network.clock.settle(publisher.node.publish(NAME, 'rare', { keyPair: me, keepAlive }))
      await network.clock.settle(watcher.node.watchOver(me.publicKey, NAME))
      const target = mutableTarget(me.publicKey, SALT)
      for (const each of holders(network, target)) each.store.records.remove(target)
      const report = await network.clock.settle(watcher.node.watchOver(me.publicKey, NAME))
      assert.deepEqual([report.copies, report.stored, report.seq], [0, 8, 1n])
      assert.deepEqual(
        watcher.node.kept().map(({ seq }) => seq),
        [1n],
      )
      // Told again and again, it still refreshes those that hold it, too.
      for (let i = 0; i < 5; i++) {
        await network.clock.runFor(40 * MINUTE)
        await network.clock.settle(watcher.node.watchOver(me.publicKey, NAME))
      }
      assert.equal(holders(network, target).length, 8)
    },
  )

  scenario('and is damaged in the file does no harm, nor to what stands beside it', {}, async (network) => {
    await network.grow(5)
    const store = createMemoryStore()
    const me = keyPairOf(network)
    const [whole, other] = [signedItem(me, 3n, 'whole'), signedItem(keyPairOf(network), 3n, 'other')]
    const { publicKey, salt } = whole.signed!
    const key = mutableTarget(publicKey, salt)
    const save = (kind: string, of: Uint8Array, data: Uint8Array): void =>
      store.state.saveCommitment({ kind, key: of, data, doneAt: 0 })
    const kept = keptData({ kind: 'publish', item: whole, publicKey, salt })
    save('publish', key, kept)
    save('watch', key, kept.subarray(0, 50))
    save('put', Uint8Array.of(1, 2, 3), kept)
    const somebody = { kind: 'publish', item: other, publicKey: other.signed!.publicKey, salt } as const
    save('publish', network.random.bytes(20), keptData(somebody))
    const text = (json: string): Uint8Array => new TextEncoder().encode(json)
    const infoHash = network.random.bytes(20)
    save('announce', infoHash, text('{"port":4242}'))
    for (const json of ['', 'null', '{}', '{"port":"x"}', '{"port":0}', '[1]']) {
      save('announce', network.random.bytes(20), text(json))
    }
    const { node } = network.add({ store, bootstrap: [network.nodes[0]!.address] })
    await network.clock.settle(node.join())
    const warnings: unknown[] = []
    node.on('warning', (warning) => warnings.push(warning))
    await network.clock.runFor(HOUR)
    assert.deepEqual(
      node.kept().map(({ kind, seq }) => [kind, seq]),
      [['publish', 3n]],
    )
    assert.deepEqual(node.announced(), [{ infoHash: toHex(infoHash), port: 4_242 }])
    assert.equal((await resolve(network, network.nodes[2]!, me))?.value, 'whole')
    assert.equal(node.unannounce(infoHash), true)
    assert.equal(node.unwatch(me.publicKey, NAME), true)
    assert.deepEqual(warnings, [])
    // What the file said is told to nobody who could see in it anything of ours.
    assert.equal(holders(network, mutableTarget(somebody.publicKey, salt)).length, 0)
  })
})
