// What khashmir keeps for hours: values are stored again before they expire, and are gone when nobody does that.
import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { addressKey } from '../../src/kademlia/contact.ts'
import { toHex, type Id } from '../../src/kademlia/id.ts'
import type { KhashmirNetwork, SimulatedNode } from '../../src/simulator/khashmir-network.ts'
import { KhashmirPuppet } from './khashmir-puppet.ts'
import { HOUR, khashmirScenario as scenario, MINUTE, SECOND, someId } from './scenario.ts'

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')

async function valuesOf(network: KhashmirNetwork, asker: SimulatedNode, key: Id): Promise<string[]> {
  const stream = asker.node.values(key)
  await network.clock.settle(stream.outcome)
  return (await Array.fromAsync(stream)).flat().map(text).toSorted()
}

/** Who has a value of the key in its store, expired or not. */
function holdersOf({ nodes }: KhashmirNetwork, key: Id): SimulatedNode[] {
  return nodes.filter(({ store }) => store.values.count(key, 0) > 0)
}

/** A node that holds nothing of the key. */
function strangerTo({ nodes }: KhashmirNetwork, key: Id): SimulatedNode {
  return nodes.find(({ store }) => store.values.count(key, 0) === 0)!
}

describe('A value that khashmir keeps (khashmir A8)', () => {
  scenario(
    'goes from our own store when it is taken back, unless others stored it there too',
    {},
    async (network) => {
      const { node, address, store } = network.add()
      const puppet = new KhashmirPuppet(network)
      const key = someId(network)
      const { reply } = (await puppet.ask({ method: 'find_node', target: key }, address))!
      const byOther = async (value: string): Promise<void> => {
        const query = { method: 'store_value', key, value: Buffer.from(value), token: reply!.token! } as const
        assert.ok((await puppet.ask(query, address))!.reply)
      }
      const byUs = (value: string): Promise<unknown> => network.clock.settle(node.store(key, value))
      await byUs('ours')
      await byOther('theirs, then ours')
      await byUs('theirs, then ours')
      await byUs('ours, then theirs')
      await byOther('ours, then theirs')
      for (const { value } of node.stored()) assert.ok(node.unstore(key, value))
      assert.deepEqual(node.stored(), [])
      const left = store.values.read(key, { count: 9, since: 0 }).map(text)
      assert.deepEqual(left.toSorted(), ['ours, then theirs', 'theirs, then ours'])
    },
  )

  scenario('is stored again before it expires, on those who are there then', { seed: 5 }, async (network) => {
    await network.grow(40)
    const key = someId(network)
    const storer = strangerTo(network, key)
    const times: number[] = []
    storer.node.on('republished', (report) => {
      assert.equal(report.key, toHex(key))
      times.push(network.clock.now())
    })
    const startedAt = network.clock.now()
    assert.equal((await network.clock.settle(storer.node.store(key, 'kept'))).stored, 6)
    const first = holdersOf(network, key)
    assert.equal(first.length, 6)
    await network.clock.runFor(HOUR)
    for (const holder of first) if (holder !== storer) network.crash(holder)
    await network.clock.runFor(2 * HOUR)
    // Every 2.5 h, or a little earlier.
    assert.equal(times.length, 1)
    assert.ok(times[0]! - startedAt >= 0.9 * 2.5 * HOUR && times[0]! - startedAt <= 2.5 * HOUR + MINUTE)
    await network.clock.runFor(10 * HOUR)
    assert.ok(times.length >= 5, `${times.length} times`)
    const now = holdersOf(network, key)
    assert.equal(now.length, 6)
    assert.ok(now.every((holder) => holder === storer || !first.includes(holder)))
    assert.deepEqual(await valuesOf(network, strangerTo(network, key), key), ['kept'])
  })

  scenario('is gone everywhere after 3 h when nobody keeps it alive', {}, async (network) => {
    await network.grow(20)
    const key = someId(network)
    const { node } = network.random.pick(network.nodes)
    await network.clock.settle(node.store(key, 'once', { keepAlive: false }))
    assert.deepEqual(node.stored(), [])
    await network.clock.runFor(3 * HOUR - 2 * MINUTE)
    assert.deepEqual(await valuesOf(network, strangerTo(network, key), key), ['once'])
    assert.equal(holdersOf(network, key).length, 6)
    await network.clock.runFor(4 * MINUTE)
    assert.deepEqual(await valuesOf(network, strangerTo(network, key), key), [])
    assert.deepEqual(holdersOf(network, key), [])
  })

  scenario('is kept for as long as keyExpireMs says, to the second', {}, async (network) => {
    await network.grow(12, () => ({ options: { keyExpireMs: 10 * MINUTE } }))
    const key = someId(network)
    const { node } = network.random.pick(network.nodes)
    await network.clock.settle(node.store(key, 'short', { keepAlive: false }))
    const holder = holdersOf(network, key)[0]!
    const [value] = [...holder.store.values.all()]
    const servedBy = async (): Promise<number[]> =>
      (await network.clock.settle(node.holders(key))).map(({ count }) => count)
    await network.clock.runUntil(value!.refreshedAt + 10 * MINUTE - SECOND)
    assert.deepEqual(await servedBy(), [1, 1, 1, 1, 1, 1])
    await network.clock.runUntil(value!.refreshedAt + 10 * MINUTE + SECOND)
    assert.deepEqual(await servedBy(), [])
  })

  scenario('is taken up by a node that comes back from its store', {}, async (network) => {
    await network.grow(20)
    const key = someId(network)
    const old = strangerTo(network, key)
    const { address, store, id } = old
    const storing = ['one', 'two'].map((value) => old.node.store(key, value))
    await network.clock.settle(Promise.all(storing))
    network.crash(old)
    await network.clock.runFor(2 * HOUR)
    const again = network.add({ addresses: [address], store })
    assert.equal(toHex(again.id), toHex(id))
    assert.deepEqual(
      again.node
        .stored()
        .map(({ value }) => text(value))
        .toSorted(),
      ['one', 'two'],
    )
    assert.equal((await network.clock.settle(again.node.join())).via, 'table')
    let renewed = 0
    again.node.on('republished', () => renewed++)
    await network.clock.runFor(2 * HOUR)
    assert.equal(renewed, 2)
    const others = network.nodes.filter((each) => each !== again)
    const stranger = others.find(({ store: its }) => its.values.count(key, 0) === 0)!
    assert.deepEqual(await valuesOf(network, stranger, key), ['one', 'two'])
  })

  scenario('is let go by unstore: others forget it in time, we at once', {}, async (network) => {
    await network.grow(20)
    const key = someId(network)
    // One of the closest: it holds the values itself.
    const [nearest] = network.trueClosest(key, 1)
    const storer = network.nodes.find(({ id }) => id === nearest)!
    for (const value of ['stays', 'goes']) await network.clock.settle(storer.node.store(key, value))
    assert.equal(storer.store.values.count(key, 0), 2)
    assert.equal(storer.node.unstore(key, 'goes'), true)
    assert.equal(storer.node.unstore(key, 'goes'), false)
    assert.equal(storer.store.values.count(key, 0), 1)
    assert.deepEqual(
      storer.node.stored().map(({ value }) => text(value)),
      ['stays'],
    )
    assert.deepEqual(await valuesOf(network, strangerTo(network, key), key), ['goes', 'stays'])
    await network.clock.runFor(4 * HOUR)
    assert.deepEqual(await valuesOf(network, strangerTo(network, key), key), ['stays'])
    assert.ok(network.nodes.every(({ store }) => store.values.count(key, 0) <= 1))
  })

  scenario('is let go by unstore also while it is being stored', {}, async (network) => {
    await network.grow(20)
    const key = someId(network)
    const [nearest] = network.trueClosest(key, 1)
    const storer = network.nodes.find(({ id }) => id === nearest)!
    const storing = storer.node.store(key, 'regretted')
    assert.equal(storer.node.unstore(key, 'regretted'), true)
    await network.clock.settle(storing)
    assert.deepEqual(storer.node.stored(), [])
    assert.equal(storer.store.values.count(key, 0), 0)
    await network.clock.runFor(4 * HOUR)
    assert.deepEqual(await valuesOf(network, strangerTo(network, key), key), [])
  })
})

describe('The second value of a key', () => {
  scenario(
    'is stored with the tokens of the first, without a walk, on the same nodes',
    {},
    async (network) => {
      await network.grow(20)
      const key = someId(network)
      const storer = strangerTo(network, key)
      const first = await network.clock.settle(storer.node.store(key, 'first'))
      let walked = 0
      network.network.watchers.add(({ from, bytes }) => {
        if (from.host === storer.host && text(bytes).includes('9:find_node')) walked++
      })
      const second = await network.clock.settle(storer.node.store(key, 'second'))
      assert.equal(walked, 0)
      const accepted = [first, second].map((report) => report.accepted.map(addressKey).toSorted())
      assert.deepEqual(accepted[0], accepted[1])
    },
  )
})
