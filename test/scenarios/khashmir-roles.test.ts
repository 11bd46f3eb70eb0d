// What a khashmir node serves and uses in each role, and what one does that only asks.
import assert from 'node:assert/strict'
import { describe } from 'node:test'
import type { Id } from '../../src/kademlia/id.ts'
import { toHex } from '../../src/kademlia/id.ts'
import { METHODS, type KhashmirQuery, type Role } from '../../src/networks/khashmir/messages.ts'
import type { KhashmirNetwork } from '../../src/simulator/khashmir-network.ts'
import { KhashmirPuppet, SOME_TOKEN } from './khashmir-puppet.ts'
import { HOUR, khashmirScenario as scenario, MINUTE, someId } from './scenario.ts'

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')

function oneOfEach(key: Id): KhashmirQuery[] {
  return [
    { method: 'ping' },
    { method: 'join' },
    { method: 'find_node', target: key },
    { method: 'find_value', key },
    { method: 'get_value', key, num: 0 },
    { method: 'store_value', key, value: Uint8Array.of(1), token: SOME_TOKEN },
  ]
}

/** The methods that a node sends from now on. */
function methodsOf(network: KhashmirNetwork, host: string): Set<string> {
  const methods = new Set<string>()
  network.network.watchers.add(({ from, bytes }) => {
    const [, method] = /1:q\d+:([a-z_]+)/u.exec(text(bytes)) ?? []
    if (from.host === host && method !== undefined) methods.add(method)
  })
  return methods
}

describe('A khashmir node in a role (khashmir A0)', () => {
  for (const role of ['nodes', 'read', 'write'] as const satisfies Role[]) {
    scenario(`'${role}' answers the methods of it, and all others with 203`, {}, async (network) => {
      const { address } = network.add({ options: { role } })
      const puppet = new KhashmirPuppet(network)
      const key = someId(network)
      for (const query of oneOfEach(key)) {
        const answer = await puppet.ask(query, address)
        const served = METHODS[role].includes(query.method)
        // The token is none of its own: that is seen only where the method is served.
        const code = query.method === 'store_value' ? 205 : null
        assert.equal(answer!.refusal?.code ?? null, served ? code : 203, query.method)
      }
    })

    scenario(`'${role}' uses no other methods, not even by itself in hours`, {}, async (network) => {
      await network.grow(12)
      const bootstrap = [network.nodes[0]!.address]
      const { node, host } = network.add({ options: { role }, bootstrap })
      const methods = methodsOf(network, host)
      await network.clock.settle(node.join())
      const key = someId(network)
      const calls: readonly (readonly [string, () => Promise<unknown>])[] = [
        ['find_node', async () => node.closest(key)],
        ['find_node', async () => node.closeNodes()],
        ['find_value', async () => node.holders(key)],
        ['get_value', async () => node.values(key).outcome],
        ['store_value', async () => node.store(key, 'x')],
        ['store_value', async () => node.unstore(key, 'x')],
      ]
      for (const [method, call] of calls) {
        if ((METHODS[role] as readonly string[]).includes(method)) await network.clock.settle(call())
        else await assert.rejects(call(), { name: 'XorbitError', code: 'not-in-role' })
      }
      for (const query of oneOfEach(key)) {
        if (METHODS[role].includes(query.method)) continue
        await assert.rejects(node.query(bootstrap[0]!, query), { code: 'not-in-role' })
      }
      await network.clock.runFor(4 * HOUR)
      assert.ok(methods.has('find_node'))
      for (const method of methods) assert.ok((METHODS[role] as readonly string[]).includes(method), method)
    })
  }

  scenario(
    "leaves alone what it promised in the role 'write', until it has that again",
    {},
    async (network) => {
      await network.grow(12)
      const bootstrap = [network.nodes[0]!.address]
      const key = someId(network)
      const before = network.add({ bootstrap })
      await network.clock.settle(before.node.store(key, 'kept'))
      const { store } = before
      network.crash(before)
      const reader = network.add({ bootstrap, store, options: { role: 'read' } })
      const methods = methodsOf(network, reader.host)
      await network.clock.settle(reader.node.join())
      await network.clock.runFor(4 * HOUR)
      assert.ok(!methods.has('store_value'))
      assert.deepEqual(reader.node.stored(), [])
      assert.equal((await network.clock.settle(reader.node.values(key).outcome)).found, 0)
      network.crash(reader)
      const writer = network.add({ bootstrap, store })
      await network.clock.settle(writer.node.join())
      await network.clock.runFor(10 * MINUTE)
      assert.deepEqual(
        writer.node.stored().map(({ value }) => text(value)),
        ['kept'],
      )
      assert.equal((await network.clock.settle(network.nodes[1]!.node.values(key).outcome)).found, 1)
    },
  )

  scenario("finds and stores values past those of the role 'nodes'", { seed: 4 }, async (network) => {
    // Every other one of them stores nothing.
    await network.grow(30, (index) => (index % 2 === 1 ? { options: { role: 'nodes' } } : {}))
    const key = someId(network)
    const [storer, reader] = [network.nodes[0]!, network.nodes[2]!]
    const report = await network.clock.settle(storer.node.store(key, 'value'))
    assert.ok(report.stored >= 2, `${report.stored}`)
    assert.ok(report.refused.every(({ code }) => code === 203))
    const stream = reader.node.values(key)
    const { found, failed } = await network.clock.settle(stream.outcome)
    assert.ok(failed > 0)
    assert.equal(found, 1)
  })
})

describe('A read-only khashmir node', () => {
  scenario('asks under the id of the receiver, answers nobody and enters no table', {}, async (network) => {
    await network.grow(20)
    const puppet = new KhashmirPuppet(network)
    const bootstrap = [network.nodes[0]!.address]
    const { node, address, id } = network.add({ options: { readOnly: true }, bootstrap })
    const key = someId(network)
    await network.clock.settle(network.nodes[1]!.node.store(key, 'value'))
    const foreign: string[] = []
    network.network.watchers.add(({ from, to, bytes }) => {
      const [, asks] = /^d1:ad2:id20:([^]{20})/u.exec(text(bytes)) ?? []
      if (asks === undefined || from.host !== address.host) return
      const receiver = network.nodes.find(({ host }) => host === to.host)?.id ?? puppet.id
      if (toHex(receiver) !== toHex(Buffer.from(asks, 'latin1'))) foreign.push(to.host)
    })
    assert.equal((await network.clock.settle(node.join())).via, 'bootstrap')
    // Whose id is not known yet is asked under our own.
    assert.deepEqual(foreign, [bootstrap[0]!.host])
    assert.ok(node.contacts().length > 0)
    const stream = node.values(key)
    assert.equal((await network.clock.settle(stream.outcome)).found, 1)
    assert.equal((await network.clock.settle(node.store(key, 'second'))).stored, 6)
    await network.clock.runFor(30 * MINUTE)
    assert.deepEqual(foreign, [bootstrap[0]!.host])
    for (const other of network.nodes) {
      if (other.node !== node) assert.ok(other.node.contacts().every((each) => toHex(each.id) !== toHex(id)))
    }
    for (const query of oneOfEach(key)) assert.equal(await puppet.ask(query, address), null)
  })
})
