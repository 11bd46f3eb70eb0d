// Networks of khashmir nodes: do lookups find the true closest, are values stored on as many as they should be, and do
// the versions of the original, as far as their options differ, form one network?
import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { encodeBencode } from '../../src/codecs/bencode.ts'
import { asId, compareDistance, type Id } from '../../src/kademlia/id.ts'
import type { KhashmirNetwork, SimulatedNode } from '../../src/simulator/khashmir-network.ts'
import { goodLink } from '../../src/simulator/virtual-network.ts'
import { KhashmirPuppet, SOME_TOKEN } from './khashmir-puppet.ts'
import { khashmirScenario as scenario, mean, median, SECOND, someId, type Tell } from './scenario.ts'

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')

async function recallOf(network: KhashmirNetwork, lookups: number, tell: Tell): Promise<number> {
  const recalls: number[] = []
  const times: number[] = []
  const messages: number[] = []
  for (let i = 0; i < lookups; i++) {
    const asker = network.random.pick(network.nodes)
    const target = someId(network)
    const startedAt = network.clock.now()
    let asked = 0
    const found = await network.clock.settle(asker.node.closest(target, { onHop: () => asked++ }))
    recalls.push(network.recall(network.trueClosest(target, 8, asker), found))
    times.push(network.clock.now() - startedAt)
    messages.push(asked)
  }
  const recall = mean(recalls)
  const least = Math.min(...recalls)
  tell(
    `recall ${(100 * recall).toFixed(2)} % (least ${100 * least} %), median ${median(messages)} requests, ` +
      `${median(times).toFixed(0)} ms, ${lookups} lookups`,
  )
  return recall
}

/** A fifth of the nodes dies without a word, and 5 % of the datagrams are lost in each direction. */
function trouble(network: KhashmirNetwork): void {
  for (const node of network.random.sample(network.nodes, network.nodes.length / 5)) network.crash(node)
  network.network.quality = { ...goodLink, loss: 0.05 }
}

async function countOf(network: KhashmirNetwork, { node }: SimulatedNode, key: Id): Promise<number> {
  return (await network.clock.settle(node.values(key).outcome)).found
}

describe('A hundred khashmir nodes that joined one by one (khashmir A7)', () => {
  scenario('find the true eight closest', { seed: 100 }, async (network, tell) => {
    await network.grow(100)
    assert.ok((await recallOf(network, 100, tell)) >= 0.99)
  })

  scenario(
    'find them, and values, when a fifth has just died and 5 % is lost in each direction',
    { seed: 101 },
    async (network, tell) => {
      await network.grow(100)
      const before = someId(network)
      await network.clock.settle(network.random.pick(network.nodes).node.store(before, 'before'))
      trouble(network)
      assert.ok((await recallOf(network, 200, tell)) >= 0.99)
      const after = someId(network)
      const report = await network.clock.settle(network.random.pick(network.nodes).node.store(after, 'after'))
      assert.equal(report.stored, 6)
      for (const reader of network.random.sample(network.nodes, 20)) {
        assert.equal(await countOf(network, reader, before), 1)
        assert.equal(await countOf(network, reader, after), 1)
      }
    },
  )
})

describe('Khashmir nodes with the defaults of both times (khashmir A0, A9)', () => {
  scenario('form one network: each finds the closest and what others store', {}, async (network, tell) => {
    await network.grow(40, (index) => ({
      options: index % 2 === 1 ? { preset: 'march-2008', version: '' } : { preset: 'head', version: 'A000' },
    }))
    assert.ok((await recallOf(network, 100, tell)) >= 0.99)
    const [head, march] = [network.nodes[0]!, network.nodes[1]!]
    for (const [storer, reader, copies] of [
      [head, march, 6],
      [march, head, 3],
    ] as const) {
      const key = someId(network)
      assert.equal((await network.clock.settle(storer.node.store(key, 'value'))).stored, copies)
      assert.equal(await countOf(network, reader, key), 1)
    }
  })

  scenario('answer transactions of any length, or of 20 bytes alone (khashmir A1)', {}, async (network) => {
    const puppet = new KhashmirPuppet(network)
    for (const [preset, length, answers] of [
      ['head', 20, 1],
      ['head', 4, 0],
      ['march-2008', 20, 1],
      ['march-2008', 4, 1],
      ['march-2008', 0, 1],
    ] as const) {
      const { address } = network.add({ options: { preset } })
      const t = new Uint8Array(length).fill(0x74)
      puppet.datagrams.length = 0
      puppet.sendRaw(
        encodeBencode({ t, y: 'q', q: 'find_node', a: { id: puppet.id, target: puppet.id } }),
        address,
      )
      await network.clock.runFor(SECOND)
      const replies = puppet.datagrams.filter(({ bytes }) => text(bytes).includes('1:y1:r'))
      assert.equal(replies.length, answers, `${preset}, ${length} bytes`)
      assert.ok(replies.every(({ bytes }) => text(bytes).includes(`1:t${length}:${'t'.repeat(length)}1:y`)))
    }
  })
})

describe('A store of khashmir (khashmir A7)', () => {
  for (const { sentence, fail } of [
    { sentence: 'asks the next in line where a node is silent', fail: null },
    {
      sentence: 'asks the next in line where a node refuses',
      fail: { code: 205, message: 'token is invalid' },
    },
  ]) {
    scenario(`${sentence}: six take it though two of the first six do not`, { seed: 6 }, async (network) => {
      await network.grow(30)
      const key = someId(network)
      const storer = network.nodes.toSorted((a, b) => compareDistance(key, b.id, a.id))[0]!
      // Closer than any of the others.
      const ids = [1, 2].map((last) => asId(Uint8Array.from([...key.subarray(0, 19), key[19]! ^ last])))
      const bad = ids.map((id) => new KhashmirPuppet(network, { id }))
      for (const puppet of bad) {
        const answer = puppet.answer
        puppet.answer = (query, message, from) => {
          if (query.method !== 'store_value') return answer(query, message, from)
          return fail === null ? null : puppet.rawError(message.transaction, fail.code, fail.message)
        }
        for (const { address } of network.nodes) await puppet.ask({ method: 'ping' }, address)
      }
      await network.clock.runFor(60_000)
      const report = await network.clock.settle(storer.node.store(key, 'value'))
      assert.deepEqual([report.stored, report.asked], [6, 8])
      assert.deepEqual(
        report.refused.map(({ host, code }) => [host, code]),
        bad.map(({ address }) => [address.host, fail?.code ?? 'timeout']),
      )
      const holders = network.nodes.filter(({ store }) => store.values.count(key, 0) === 1)
      assert.equal(holders.length, 6)
      for (const puppet of bad) {
        const sent = puppet.asked.flatMap(({ query }) => (query.method === 'store_value' ? [query] : []))
        assert.equal(sent.length, fail === null ? 3 : 1)
        assert.deepEqual(sent[0]!.token, SOME_TOKEN)
        assert.equal(text(sent[0]!.value), 'value')
      }
    })
  }

  scenario('takes our own node as one of them where it is close enough', {}, async (network) => {
    await network.grow(30)
    const key = someId(network)
    const [nearest] = network.trueClosest(key, 1)
    const storer = network.nodes.find(({ id }) => id === nearest)!
    const report = await network.clock.settle(storer.node.store(key, 'value'))
    assert.equal(report.stored, 6)
    assert.ok(report.accepted.some(({ host }) => host === 'self'))
    assert.equal(storer.store.values.count(key, 0), 1)
    const holders = await network.clock.settle(network.nodes[0]!.node.holders(key))
    assert.ok(holders.length >= 6)
  })
})
