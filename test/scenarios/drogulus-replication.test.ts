// What holders of drogulus values do for hours after the publisher has gone (Kademlia paper, 2.5; drogulus B0): they store
// them again, few of them and by little traffic, and hand them to who joins near.
import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { toHex, type Id } from '../../src/kademlia/id.ts'
import { recordOf } from '../../src/networks/drogulus/values/record.ts'
import { createWire } from '../../src/networks/drogulus/wire.ts'
import type { DrogulusNetwork, SimulatedNode } from '../../src/simulator/drogulus-network.ts'
import {
  about,
  addAt,
  closestNodes,
  holdersOf,
  K,
  keyAt,
  near,
  noting,
  signed,
  someId64,
  strangerTo,
  textAt,
} from './drogulus-fixtures.ts'
import { DrogulusPuppet, honest } from './drogulus-puppet.ts'
import { drogulusScenario as scenario, HOUR, MINUTE } from './scenario.ts'

/** Rounds of replication are a quarter of an interval apart, or a little more. */
const ROUND = 17 * MINUTE

/** Who has told that it replicated this value, each time. */
function replicators({ nodes }: DrogulusNetwork, key: Id): { who: SimulatedNode; sent: number }[] {
  const told: { who: SimulatedNode; sent: number }[] = []
  for (const who of nodes) {
    who.node.on('replicated', (report) => {
      if (report.key === toHex(key)) told.push({ who, sent: report.asked })
    })
  }
  return told
}

const hostsOf = (nodes: readonly SimulatedNode[]): string[] => nodes.map(({ host }) => host).toSorted()

/** A value whose publisher is gone for good. */
async function orphan(network: DrogulusNetwork, name: string): Promise<Id> {
  const { owner, key } = strangerTo(network, name)
  assert.equal((await network.clock.settle(owner.node.publish(name, `value of ${name}`))).stored, K)
  network.crash(owner)
  return key
}

describe('A drogulus value whose publisher is gone', () => {
  scenario(
    'is on the k closest again an interval after half of its holders have crashed',
    { seed: 3 },
    async (network, tell) => {
      await network.grow(60)
      const { clock } = network
      const key = await orphan(network, 'orphan')
      await clock.runFor(10 * MINUTE)
      const holders = holdersOf(network, key)
      assert.equal(holders.length, K)
      for (const holder of network.random.sample(holders, K / 2)) network.crash(holder)
      const told = replicators(network, key)
      const stores = noting(network, 'store')
      await clock.runFor(HOUR + ROUND - 10 * MINUTE)
      tell(`${told.length} replications, ${about(stores, key).length} stores`)
      const holding = holdersOf(network, key)
      const near = closestNodes(network, key).filter((each) => holding.includes(each)).length
      tell(`${holding.length} holders, ${near} of the ${K} closest among them`)
      // Somebody may take a dead node for alive or the other way round, so that the wrong one has it until the next round.
      assert.ok(holding.length >= K && near >= K - 2)
      for (const mode of ['first', 'latest'] as const) {
        const stranger = network.nodes.find((each) => !holdersOf(network, key).includes(each))!
        assert.equal(await textAt(network, stranger, key, mode), 'value of orphan')
      }
    },
  )

  scenario(
    'is stored again about once an interval, not by each of its holders',
    {},
    async (network, tell) => {
      await network.grow(40)
      const { clock } = network
      const keys: Id[] = []
      for (let n = 0; n < 5; n++) keys.push(await orphan(network, `orphan ${n}`))
      const told = keys.map((key) => replicators(network, key))
      const stores = noting(network, 'store')
      const hours = 6
      await clock.runFor(hours * HOUR)
      for (const [n, key] of keys.entries()) {
        const times = told[n]!.length
        const sent = about(stores, key).length
        tell(`value ${n}: ${times} replications and ${sent} stores in ${hours} h`)
        assert.ok(times >= hours - 2 && times <= 1.5 * hours, `${times} replications`)
        // A contact that takes the place of the dead publisher may be handed the value too.
        assert.ok(sent >= times * (K - 1) && sent <= times * (K - 1) + K, `${sent} stores`)
        assert.equal(holdersOf(network, key).length, K)
      }
    },
  )

  scenario('is looked after by a look around, not by one lookup for each', {}, async (network, tell) => {
    await network.grow(30)
    const { clock } = network
    const owner = network.nodes[4]!
    const names = Array.from({ length: 60 }, (_, n) => `name ${n}`)
    await clock.settle(Promise.all(names.map((name) => owner.node.publish(name, name))))
    network.crash(owner)
    const keys = names.map((name) => keyAt(owner, name))
    await clock.runFor(30 * MINUTE)
    const found = noting(network, 'findnode')
    const stores = noting(network, 'store')
    await clock.runFor(HOUR)
    // Everybody holds about two thirds of the values.
    for (const key of keys) {
      assert.equal(about(found, key).length, 0)
      const times = about(stores, key).length / (K - 1)
      assert.ok(times >= 1 && times <= 3, `${times} replications`)
    }
    const around = network.nodes.map(
      (each) => about(found, each.id).filter(({ from }) => from.host === each.host).length,
    )
    tell(`${around.join(' ')} findnodes around oneself, ${stores.length} stores of 60 values`)
    // A look around asks everybody here once, and there are four rounds.
    assert.ok(around.every((count) => count <= 5 * network.nodes.length))
  })
})

describe('A holder of a drogulus value', () => {
  scenario('does not store it again where it saw a store in the interval', {}, async (network) => {
    await network.grow(40)
    const { owner, key } = strangerTo(network, 'kept')
    const stores = noting(network, 'store')
    const told = replicators(network, key)
    await network.clock.settle(owner.node.publish('kept', 'alive'))
    await network.clock.runFor(6 * HOUR)
    assert.equal(told.length, 0)
    assert.ok(stores.every(({ from }) => from.host === owner.host))
  })

  scenario('lets it go when others are nearer, and they have it', {}, async (network, tell) => {
    await network.grow(30)
    const { clock } = network
    const key = await orphan(network, 'moving')
    const before = holdersOf(network, key)
    for (let n = 1; n <= K; n++) {
      const newcomer = addAt(network, near(key, n), { bootstrap: [network.nodes[n]!.address] })
      await clock.settle(newcomer.node.join())
    }
    await clock.runFor(3 * HOUR)
    const now = holdersOf(network, key)
    tell(`${now.length} holders, ${now.filter((each) => before.includes(each)).length} of them of old`)
    assert.deepEqual(hostsOf(now), hostsOf(closestNodes(network, key)))
    assert.equal(await textAt(network, before[0]!, key), 'value of moving')
  })
})

describe('A holder of a drogulus value that belongs to others by now', () => {
  scenario('offers it to who has no room once an interval, and keeps it', {}, async (network) => {
    const { clock } = network
    const holder = network.add()
    const item = signed({ timestamp: clock.now() / 1_000 })
    const keeping = { source: null, now: clock.now(), lifetimeMs: Infinity }
    assert.ok(holder.store.records.put(recordOf(item, keeping)).stored)
    const wire = createWire({ ownId: () => item.key, revision: 'july-2013', replyPort: () => 1_908 })
    const full = Array.from(
      { length: K },
      (_, n) => new DrogulusPuppet(network, { id: near(item.key, n + 1) }),
    )
    for (const each of full) {
      each.answer = (query, { transaction }, from) =>
        query.method === 'store'
          ? wire.encodeError({ code: 3, message: 'Internal error' }, transaction, from)
          : honest(query)
      await each.ask({ method: 'ping' }, holder.address)
    }
    await clock.runFor(6 * HOUR)
    const offers = full.flatMap(({ asked }) => asked).filter(({ query }) => query.method === 'store')
    assert.ok(offers.length >= 4 * K && offers.length <= 6 * K, `${offers.length} offers`)
    assert.equal(holder.store.records.size.records, 1)
  })
})

describe('A node that joins near a drogulus value', () => {
  scenario('gets it from the closest holder, and from nobody else', {}, async (network) => {
    await network.grow(40)
    const { clock } = network
    const key = await orphan(network, 'awaited')
    await clock.runFor(5 * MINUTE)
    const [closest] = closestNodes(network, key)
    const stores = noting(network, 'store')
    for (const id of [near(key, 200), near(closest!.id, 1)]) {
      const giver = closestNodes(network, key)[0]!
      const newcomer = addAt(network, id, { bootstrap: [network.random.pick(network.nodes).address] })
      await clock.settle(newcomer.node.join())
      await clock.runFor(5 * MINUTE)
      assert.ok(newcomer.store.records.get(key, clock.now()) !== null)
      const got = about(stores, key).filter(({ to }) => to.host === newcomer.host)
      assert.deepEqual(
        got.map(({ from }) => from.host),
        [giver.host],
      )
    }
    assert.equal(about(stores, key).length, 2)
  })

  scenario('gets nothing where it is none of the k closest', {}, async (network) => {
    await network.grow(40)
    const { clock } = network
    const key = await orphan(network, 'far')
    const stores = noting(network, 'store')
    const id = someId64(network)
    id.set(key.subarray(0, 4).map((byte) => byte ^ 0xff))
    const newcomer = addAt(network, id, { bootstrap: [network.nodes[0]!.address] })
    await clock.settle(newcomer.node.join())
    await clock.runFor(5 * MINUTE)
    assert.equal(newcomer.store.records.get(key, clock.now()), null)
    assert.deepEqual(about(stores, key), [])
  })

  scenario(
    'and takes long for each keeps others waiting for a quarter of an interval',
    {},
    async (network) => {
      await network.grow(3)
      const { clock } = network
      const owner = network.nodes[1]!
      const names = Array.from({ length: 300 }, (_, n) => `name ${n}`)
      for (const name of names) await clock.settle(owner.node.publish(name, name))
      await clock.runFor(5 * MINUTE)
      const stores = noting(network, 'store')
      const slow = new DrogulusPuppet(network)
      slow.answer = (query, { transaction }, from) => {
        if (query.method !== 'store') return honest(query)
        clock.at(clock.now() + 14_000, () => slow.sendRaw(slow.encodeReply({}, transaction, from), from))
        return null
      }
      for (const { address } of network.nodes) await slow.ask({ method: 'ping' }, address)
      await clock.runFor(40 * MINUTE)
      for (const { host } of network.nodes) {
        const times = stores.filter(({ from, to }) => from.host === host && to.host === slow.address.host)
        assert.ok(times.length > 50)
        assert.ok(times.at(-1)!.time - times[0]!.time <= 15 * MINUTE)
      }
    },
  )
})
