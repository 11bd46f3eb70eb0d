// Surveying which infohashes nodes store (BEP 51): everything is found, at a polite rate, within its bounds.
import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { packAddress } from '../../src/codecs/compact-address.ts'
import { toHex } from '../../src/kademlia/id.ts'
import type { MainlineReply } from '../../src/networks/mainline/messages.ts'
import type { SimulatedNode } from '../../src/simulator/mainline-network.ts'
import { MINUTE, scenario, SECOND, someId } from './scenario.ts'
import { surveysOf, survey, storePeer, queriesBy, befriended } from './survey-fixtures.ts'

describe('A survey of infohashes (BEP 51)', () => {
  for (const seed of [1, 2, 3]) {
    scenario(
      `finds every infohash that anybody stores, each once, seed ${seed}`,
      { seed },
      async (network, tell) => {
        await network.grow(120)
        const by = network.add({ bootstrap: [network.nodes[0]!.address] })
        await network.clock.settle(by.node.join())
        const stored = new Set<string>()
        // Most on one node alone, which therefore must be asked itself; on none more than one reply holds.
        for (const node of network.nodes) {
          if (node === by) continue
          for (let i = network.random.below(4); i > 0; i--) {
            const infoHash = someId(network)
            storePeer(network, node, infoHash)
            if (i === 1)
              storePeer(network, network.random.pick(network.nodes.filter((each) => each !== by)), infoHash)
            stored.add(toHex(infoHash))
          }
        }
        const asked = queriesBy(network, by.host, 'sample_infohashes')
        const { infoHashes, samples, outcome } = await survey(network, by)
        assert.equal(new Set(infoHashes).size, infoHashes.length, 'each once')
        assert.deepEqual(new Set(infoHashes), stored)
        assert.equal(new Set(asked.map(({ to }) => to)).size, asked.length, 'each node once')
        assert.equal(outcome.supporting, 120)
        assert.equal(asked.length, 120)
        assert.deepEqual([outcome.answered, outcome.failed], [outcome.asked, 0])
        assert.equal(outcome.asked - outcome.contactsOnly, 120)
        assert.equal(outcome.infoHashes, stored.size)
        assert.ok(outcome.num >= stored.size)
        for (const { infoHash, from } of samples) {
          const holder = network.nodes.find(({ host }) => host === from.address.host)!
          assert.equal(toHex(holder.id), toHex(from.id))
          assert.ok([...holder.store.peers.infoHashes()].some((each) => toHex(each) === toHex(infoHash)))
        }
        tell(`${outcome.asked} requests for ${stored.size} infohashes on 120 nodes`)
      },
    )
  }

  scenario(
    'finds those that live among many dead, and samples each node once',
    { seed: 4 },
    async (network, tell) => {
      await network.grow(150)
      const by = network.add({ bootstrap: [network.nodes[0]!.address] })
      await network.clock.settle(by.node.join())
      for (const dead of network.random.sample(network.nodes.slice(0, 150), 45)) network.crash(dead)
      const stored = new Map<string, SimulatedNode>()
      for (const node of network.nodes) {
        if (node === by) continue
        const infoHash = someId(network)
        storePeer(network, node, infoHash)
        stored.set(toHex(infoHash), node)
      }
      const { infoHashes, outcome } = await survey(network, by)
      tell(`${infoHashes.length} of ${stored.size} found among 45 dead, ${outcome.asked} asked`)
      assert.ok(infoHashes.length >= 0.98 * stored.size)
      assert.ok(outcome.asked - outcome.contactsOnly <= 150)
      assert.equal(outcome.answered - outcome.contactsOnly, outcome.supporting)
    },
  )

  scenario('asks the nodes of both families (BEP 32)', { seed: 19 }, async (network) => {
    const both = () => ({ addresses: [network.freshAddress(4), network.freshAddress(6)] })
    await network.grow(20, both)
    const stored = new Set<string>()
    for (const [i, node] of network.nodes.entries()) {
      const infoHash = someId(network)
      const compact = packAddress(network.freshAddress(i % 2 === 0 ? 4 : 6))!
      node.store.peers.announce(infoHash, { compact, seed: false, refreshedAt: network.clock.now() })
      stored.add(toHex(infoHash))
    }
    const by = network.add({ ...both(), bootstrap: network.nodes[0]!.sockets.map(({ seenAs }) => seenAs) })
    await network.clock.settle(by.node.join())
    const { infoHashes, outcome } = await survey(network, by)
    assert.deepEqual(new Set(infoHashes), stored)
    assert.equal(outcome.supporting, 40)
  })

  scenario('keeps to its rate and to its number of requests at once', { seed: 5 }, async (network) => {
    await network.grow(60)
    const by = network.nodes[30]!
    const asked = queriesBy(network, by.host, 'sample_infohashes')
    await survey(network, by, { queriesPerSecond: 5, concurrency: 2 })
    assert.ok(asked.length >= 59)
    for (const [i, { time }] of asked.entries()) {
      const withinASecond = asked.slice(i).filter((other) => other.time < time + SECOND - 1)
      assert.ok(withinASecond.length <= 5, `${withinASecond.length} within a second`)
    }
  })

  scenario('ends at its limit, and then sends nothing more', { seed: 6 }, async (network) => {
    await network.grow(40)
    for (const node of network.nodes) storePeer(network, node, someId(network))
    const by = network.nodes[3]!
    const { infoHashes, outcome } = await survey(network, by, { limit: 7, queriesPerSecond: 10 })
    assert.equal(infoHashes.length, 7)
    assert.equal(outcome.infoHashes, 7)
    const asked = queriesBy(network, by.host, 'sample_infohashes')
    await network.clock.runFor(MINUTE)
    assert.deepEqual(asked, [])
  })

  scenario('asks no more nodes than it may', { seed: 6 }, async (network) => {
    await network.grow(40)
    const by = network.nodes[3]!
    const asked = queriesBy(network, by.host, 'sample_infohashes')
    const { outcome } = await survey(network, by, { maxNodes: 12 })
    assert.equal(outcome.asked - outcome.contactsOnly, 12)
    assert.equal(asked.length, 12)
  })

  scenario(
    'stops its traffic when the loop is left, and when it is aborted',
    { seed: 7 },
    async (network) => {
      await network.grow(30)
      for (const node of network.nodes) storePeer(network, node, someId(network))
      const by = network.nodes[3]!
      const asked = queriesBy(network, by.host, 'sample_infohashes')
      const leave = async (): Promise<void> => {
        for await (const _sample of surveysOf(network, by).begin()) return
      }
      await network.clock.settle(leave())
      const left = asked.length
      assert.ok(left > 0 && left < 20, String(left))
      await network.clock.runFor(10 * MINUTE)
      assert.equal(asked.length, left)

      const controller = new AbortController()
      const stream = surveysOf(network, by).begin({ signal: controller.signal, again: true })
      await network.clock.runFor(SECOND)
      controller.abort(new Error('enough'))
      await assert.rejects(network.clock.settle(Array.fromAsync(stream)), { message: 'enough' })
      await assert.rejects(stream.outcome, { message: 'enough' })
      const aborted = asked.length
      assert.ok(aborted > left)
      // Ten minutes is the interval of our nodes.
      await network.clock.runFor(15 * MINUTE)
      assert.equal(asked.length, aborted)
    },
  )

  scenario('waits for whoever reads slowly, and loses nothing', { seed: 8 }, async (network) => {
    const by = network.add()
    const puppets = await befriended(network, 60, by)
    for (const puppet of puppets) {
      puppet.answer = (): MainlineReply => ({
        nodes: [],
        interval: 0,
        num: 40,
        samples: Array.from({ length: 40 }, () => someId(network)),
      })
    }
    const known = by.node.contacts().length
    const stream = surveysOf(network, by).begin({ queriesPerSecond: 1_000 })
    assert.equal((await network.clock.settle(stream.next())).done, false)
    await network.clock.runFor(10 * MINUTE)
    const askedBefore = puppets.filter(({ asked }) =>
      asked.some(({ query }) => query.method === 'sample_infohashes'),
    )
    assert.ok(askedBefore.length <= 35, `${askedBefore.length} asked though nobody reads`)
    const rest = await network.clock.settle(Array.fromAsync(stream))
    assert.equal(rest.length, 40 * known - 1)
  })

  scenario(
    'tells who reads that the node was closed, also while it waits for its time',
    { seed: 9 },
    async (network) => {
      await network.grow(20)
      const surveys = surveysOf(network, network.nodes[0]!)
      const stream = surveys.begin({ again: true })
      await network.clock.runFor(MINUTE)
      surveys.close()
      await assert.rejects(network.clock.settle(Array.fromAsync(stream), SECOND), { code: 'closed' })
      assert.equal((await survey(network, surveys)).outcome.failed, 0)
      await network.nodes[0]!.node.close()
      await assert.rejects(network.clock.settle(surveys.begin().outcome, SECOND), { code: 'closed' })
    },
  )

  scenario('is refused while four are under way', {}, async (network) => {
    await network.grow(10)
    const surveys = surveysOf(network, network.nodes[0]!)
    const streams = Array.from({ length: 4 }, () => surveys.begin())
    assert.throws(() => surveys.begin(), { code: 'overload' })
    await network.clock.settle(Promise.all(streams.map(({ outcome }) => outcome)))
    await survey(network, surveys)
  })

  scenario('of whoever is alone ends at once, with nothing', {}, async (network) => {
    const { infoHashes, outcome } = await survey(network, network.add(), { again: true })
    assert.deepEqual(infoHashes, [])
    assert.equal(outcome.asked, 0)
  })
})
