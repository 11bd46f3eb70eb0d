// Who enters the table of a khashmir node and who leaves it, how it joins, and how often it writes that down.
import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { toHex } from '../../src/kademlia/id.ts'
import { XorbitError } from '../../src/node/errors.ts'
import type { KhashmirNetwork, SimulatedNode } from '../../src/simulator/khashmir-network.ts'
import { createMemoryStore } from '../../src/stores/memory-store.ts'
import { KhashmirPuppet } from './khashmir-puppet.ts'
import { HOUR, khashmirScenario as scenario, MINUTE, SECOND, someId } from './scenario.ts'

function knows({ node }: SimulatedNode, { id }: { readonly id: Uint8Array }): boolean {
  return node.contacts().some((contact) => toHex(contact.id) === toHex(id))
}

/** A node that has pinged so many puppets. */
async function amongPuppets(
  network: KhashmirNetwork,
  count: number,
): Promise<{ asker: SimulatedNode; puppets: KhashmirPuppet[] }> {
  const asker = network.add()
  const puppets = Array.from({ length: count }, () => new KhashmirPuppet(network))
  for (const { address } of puppets) await network.clock.settle(asker.node.ping(address))
  // What follows upon a first contact has ended.
  await network.clock.runFor(MINUTE)
  return { asker, puppets }
}

describe('The table of a khashmir node (khashmir A6)', () => {
  scenario('takes who asks only after he has answered a ping', {}, async (network) => {
    const node = network.add()
    const silent = new KhashmirPuppet(network)
    silent.answer = () => null
    const answering = new KhashmirPuppet(network)
    for (const puppet of [silent, answering]) {
      const first = await puppet.ask({ method: 'find_node', target: puppet.id }, node.address)
      // Nor is he in the nodes of his own answer, as he was in March 2008.
      assert.ok(first!.reply!.nodes!.every(({ id }) => toHex(id) !== toHex(puppet.id)))
    }
    await network.clock.runFor(10 * SECOND)
    assert.deepEqual(silent.asked.map(({ query }) => query.method).slice(0, 3), ['ping', 'ping', 'ping'])
    assert.equal(knows(node, silent), false)
    assert.equal(knows(node, answering), true)
  })

  scenario('loses whom three requests in a row found silent, and not before', {}, async (network) => {
    const { asker, puppets } = await amongPuppets(network, 3)
    const [dead] = puppets as [KhashmirPuppet]
    const gone: string[] = []
    asker.node.on('contactRemoved', ({ contact, why }) => gone.push(`${toHex(contact.id)} ${why}`))
    dead.answer = () => null
    for (let misses = 1; misses <= 3; misses++) {
      const startedAt = network.clock.now()
      const asking = asker.node.query(dead.contact, { method: 'ping' })
      await assert.rejects(network.clock.settle(asking), { code: 'no-answer' })
      // Sent again after 2 s and 6 s, given up after 9 s.
      assert.equal(network.clock.now() - startedAt, 9 * SECOND)
      assert.equal(knows(asker, dead), misses < 3, `after ${misses}`)
    }
    assert.deepEqual(gone, [`${toHex(dead.id)} no-answer`])
  })

  scenario('forgives two misses when the third request is answered', {}, async (network) => {
    const { asker, puppets } = await amongPuppets(network, 3)
    const [moody] = puppets as [KhashmirPuppet]
    const honest = moody.answer
    for (let round = 0; round < 3; round++) {
      moody.answer = () => null
      for (let misses = 0; misses < 2; misses++) {
        const asking = asker.node.query(moody.contact, { method: 'ping' })
        await assert.rejects(network.clock.settle(asking), XorbitError)
      }
      moody.answer = honest
      await network.clock.settle(asker.node.query(moody.contact, { method: 'ping' }))
    }
    assert.equal(knows(asker, moody), true)
  })

  for (const mergeBuckets of [true, false]) {
    const sentence = mergeBuckets
      ? 'has fewer buckets again when most of its contacts have died'
      : 'keeps its buckets where mergeBuckets is false, as the very first version did'
    scenario(sentence, { seed: 7 }, async (network) => {
      await network.grow(60)
      const bootstrap = [network.nodes[0]!.address]
      const { node } = network.add({ options: { mergeBuckets }, bootstrap })
      await network.clock.settle(node.join())
      await network.clock.runFor(5 * MINUTE)
      const bucketsOf = (): number => node.stats().families[0]!.buckets.length
      const before = bucketsOf()
      assert.ok(before >= 3)
      for (const each of network.nodes.slice(1, -1)) network.crash(each)
      await network.clock.runFor(3 * HOUR)
      assert.ok(node.contacts().length <= 8)
      if (mergeBuckets) assert.equal(bucketsOf(), 1)
      else assert.ok(bucketsOf() >= before)
    })
  }

  scenario('is written down at every checkpoint: after 0.9 to 1.1 of five minutes', {}, async (network) => {
    const store = createMemoryStore()
    const times: number[] = []
    const saveContacts = store.state.saveContacts.bind(store.state)
    store.state.saveContacts = (slot, contacts) => {
      times.push(network.clock.now())
      saveContacts(slot, contacts)
    }
    network.add({ store })
    await network.clock.runFor(12 * HOUR)
    const pauses = times.slice(1).map((time, i) => time - times[i]!)
    assert.ok(pauses.length >= 130, `${pauses.length} checkpoints`)
    for (const pause of pauses) assert.ok(pause >= 270 * SECOND && pause < 331 * SECOND, `${pause} ms`)
    // All over the range.
    assert.ok(Math.min(...pauses) < 280 * SECOND && Math.max(...pauses) > 320 * SECOND)
  })
})

describe('A khashmir node that joins (khashmir A3, A8)', () => {
  scenario('learns at which address others see it, also behind a translator', {}, async (network) => {
    await network.grow(3)
    const bootstrap = [network.nodes[0]!.address]
    const outside = network.freshAddress(4, 40_123)
    const setup = { addresses: [outside], locals: [{ host: '192.168.1.7', port: 9_977 }], bootstrap }
    const { node } = network.add(setup)
    const report = await network.clock.settle(node.join())
    assert.equal(report.via, 'bootstrap')
    assert.deepEqual(report.seenAs, outside)
    assert.deepEqual(node.stats().families[0]!.seenAs, outside)
    // Through its own table it asks for that as well.
    const again = await network.clock.settle(node.join())
    assert.deepEqual([again.via, again.seenAs], ['table', outside])
  })

  scenario('says so when nobody answers, and is in once somebody does', {}, async (network) => {
    const other = network.freshAddress()
    const { node } = network.add({ bootstrap: [other] })
    const report = await network.clock.settle(node.join())
    assert.deepEqual([report.via, report.contacts, report.seenAs], ['nobody', 0, null])
    network.add({ addresses: [other] })
    await network.clock.runFor(2 * MINUTE)
    assert.equal(node.contacts().length, 1)
    assert.ok(node.stats().families[0]!.seenAs !== null)
  })

  scenario('asks first who was in its table, when it comes back', {}, async (network) => {
    await network.grow(20)
    const old = network.random.pick(network.nodes)
    const { address, store } = old
    network.crash(old)
    await network.clock.runFor(HOUR)
    const { node } = network.add({ addresses: [address], store })
    const report = await network.clock.settle(node.join())
    assert.equal(report.via, 'table')
    assert.deepEqual(report.seenAs, address)
    const target = someId(network)
    const found = await network.clock.settle(node.closest(target))
    const self = network.nodes.at(-1)!
    assert.equal(network.recall(network.trueClosest(target, 8, self), found), 1)
  })
})
