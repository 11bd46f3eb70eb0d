// A drogulus network as its users see it: what one publishes all find, whatever its size, and a node that comes back has
// kept what it promised. What becomes of values over hours is in the other drogulus scenarios.
import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { toHex, type Id } from '../../src/kademlia/id.ts'
import { nodeIdOf } from '../../src/networks/drogulus/keys/identity.ts'
import { MAX_MESSAGE_BYTES } from '../../src/networks/drogulus/wire/bounds.ts'
import type { XorbitError } from '../../src/node/errors.ts'
import { DrogulusPuppet } from './drogulus-puppet.ts'
import {
  K,
  holdersOf,
  keyAt,
  knows,
  noting,
  restart,
  someId64,
  strangerTo,
  textAt,
} from './drogulus-fixtures.ts'
import { drogulusScenario as scenario, HOUR, mean, MINUTE } from './scenario.ts'

describe('A drogulus network of thirty nodes', () => {
  scenario(
    'finds at every node what every node has published (drogulus B7, B8)',
    {},
    async (network, tell) => {
      await network.grow(30)
      const { clock, nodes } = network
      const publishing = nodes.map(({ node }, n) => node.publish(`name ${n}`, `value ${n}`))
      for (const { stored, asked } of await clock.settle(Promise.all(publishing))) {
        assert.deepEqual([stored, asked], [K, K])
      }
      for (const mode of ['first', 'latest'] as const) {
        const startedAt = clock.now()
        const reading = nodes.flatMap((reader) =>
          nodes.map(({ node }, n) => reader.node.resolve(node.publicKey, `name ${n}`, { mode })),
        )
        const texts = (await clock.settle(Promise.all(reading))).map((found) => found?.text)
        assert.deepEqual(
          texts,
          nodes.flatMap(() => nodes.map((_, n) => `value ${n}`)),
        )
        tell(`${mode}: 900 reads within ${clock.now() - startedAt} ms of virtual time`)
      }
    },
  )

  scenario('finds the closest nodes to anything (drogulus B7)', {}, async (network, tell) => {
    await network.grow(30)
    const recalls: number[] = []
    for (const asker of network.nodes) {
      const target = someId64(network)
      const found = await network.clock.settle(asker.node.closest(target))
      recalls.push(network.recall(network.trueClosest(target, K, asker), found))
    }
    tell(`recall ${mean(recalls)}`)
    assert.equal(mean(recalls), 1)
  })

  scenario('keeps values of 60 kB', {}, async (network) => {
    await network.grow(30)
    const bytes = network.random.bytes(60_000)
    const { owner, key } = strangerTo(network, 'large')
    const report = await network.clock.settle(owner.node.publish('large', bytes))
    assert.equal(report.stored, K)
    for (const mode of ['first', 'latest'] as const) {
      const found = await network.clock.settle(network.random.pick(network.nodes).node.get(key, { mode }))
      assert.ok(found !== null && Buffer.from(found.bytes).equals(bytes))
    }
  })

  scenario(
    'keeps the largest value there is, and sends nothing of a larger one (drogulus B1)',
    {},
    async (network) => {
      await network.grow(30)
      const { clock } = network
      const { owner, key } = strangerTo(network, 'huge')
      let datagrams = 0
      const watcher = ({ from, bytes }: { from: { host: string }; bytes: Uint8Array }): void => {
        if (from.host === owner.host && bytes.length > 1_000) datagrams++
      }
      network.network.watchers.add(watcher)
      const publish = (length: number): Promise<unknown> =>
        clock.settle(owner.node.publish('huge', new Uint8Array(length).fill(0xee)))
      let bytes = 0
      await assert.rejects(publish(MAX_MESSAGE_BYTES), ({ code, details }: XorbitError) => {
        bytes = Number(details['bytes'])
        return code === 'too-large' && details['limit'] === MAX_MESSAGE_BYTES
      })
      const room = 2 * MAX_MESSAGE_BYTES - bytes
      await assert.rejects(publish(room + 1), {
        details: { bytes: MAX_MESSAGE_BYTES + 1, limit: MAX_MESSAGE_BYTES },
      })
      assert.equal(datagrams, 0)
      assert.deepEqual(owner.node.published(), [])
      assert.equal(owner.store.records.size.records, 0)
      await publish(room)
      assert.equal(holdersOf(network, key).length, K + 1)
      const found = await clock.settle(network.nodes.at(-1)!.node.get(key))
      assert.equal(found!.bytes.length, room)
    },
  )
})

describe('A read-only drogulus node', () => {
  scenario('publishes and resolves, and is in no table, under an id of no key', {}, async (network) => {
    await network.grow(30)
    const { clock, nodes } = network
    const theirs = nodes[3]!
    await clock.settle(theirs.node.publish('theirs', 'their value'))
    const setup = { options: { readOnly: true }, bootstrap: [nodes[0]!.address] }
    const reader = network.add(setup)
    await clock.settle(reader.node.join())
    assert.equal((await clock.settle(reader.node.publish('ours', 'our value'))).stored, K)
    assert.equal(await textAt(network, reader, keyAt(theirs, 'theirs')), 'their value')
    assert.equal(await textAt(network, theirs, keyAt(reader, 'ours')), 'our value')
    await clock.runFor(2 * HOUR)
    assert.ok(nodes.every((each) => !knows(each, reader)))
    assert.notEqual(toHex(reader.id), toHex(nodeIdOf(reader.node.publicKey)))
    const asking = nodes[0]!.node.ping(reader.address)
    await assert.rejects(clock.settle(asking), { code: 'no-answer' })
    const again = restart(network, reader, setup)
    assert.notEqual(toHex(again.id), toHex(reader.id))
  })
})

describe('A drogulus node that joins (drogulus B8)', () => {
  scenario('says that it has no seeds where it is given none and knows nobody', {}, async (network) => {
    const { node } = network.add()
    await assert.rejects(node.join([]), { name: 'XorbitError', code: 'no-seeds' })
    assert.equal((await network.clock.settle(node.join())).via, 'nobody')
  })

  scenario('learns from an address alone who is there', {}, async (network) => {
    await network.grow(12)
    const newcomer = network.add()
    const { host, port } = network.nodes[5]!.address
    const report = await network.clock.settle(newcomer.node.join([`${host}:${port}`]))
    assert.equal(report.via, 'bootstrap')
    await network.clock.runFor(MINUTE)
    assert.ok(network.nodes.every((each) => each === newcomer || knows(newcomer, each)))
    // Whoever knows somebody needs no seeds.
    assert.equal((await network.clock.settle(newcomer.node.join([]))).via, 'table')
  })
})

describe('A drogulus node that comes back from its store', () => {
  scenario('has what it acknowledged, its contacts and its own values', {}, async (network) => {
    await network.grow(30)
    const { clock, nodes } = network
    const victim = nodes[11]!
    const stores = noting(network, 'store')
    const publishing = nodes.map(({ node }, n) => node.publish(`name ${n}`, `value ${n}`))
    await clock.settle(Promise.all(publishing))
    const own = victim.node.published()
    assert.equal(own.length, 1)
    const keys: Id[] = nodes.map((each, n) => keyAt(each, `name ${n}`))
    const acknowledged = keys.filter((key) =>
      stores.some(({ to, bytes }) => to.host === victim.host && Buffer.from(bytes).includes(key)),
    )
    assert.ok(acknowledged.length >= 10, `${acknowledged.length} values`)
    const contacts = victim.node.contacts().length
    // The contacts are written down at a checkpoint.
    await clock.runFor(6 * MINUTE)
    const again = restart(network, victim)
    assert.equal(toHex(again.id), toHex(victim.id))
    assert.equal(again.node.publicKey, victim.node.publicKey)
    assert.equal(again.node.contacts().length, contacts)
    assert.deepEqual(again.node.published(), own)
    assert.equal((await clock.settle(again.node.join([]))).via, 'table')
    const puppet = new DrogulusPuppet(network)
    for (const key of acknowledged) {
      const answer = await puppet.ask({ method: 'findvalue', key, anyPort: true }, again.address)
      assert.ok(answer?.reply?.item !== undefined)
    }
  })
})
