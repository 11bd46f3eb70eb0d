// What others answer is not believed in a khashmir network: replies that are none, holders that never end, ids that are
// somebody else's. That request fails, and the action goes on (khashmir A0).
import assert from 'node:assert/strict'
import { describe } from 'node:test'
import type { BencodeInput } from '../../src/codecs/bencode.ts'
import { asId, toHex, type Id } from '../../src/kademlia/id.ts'
import type { QueryMessage } from '../../src/kademlia/ports.ts'
import type { KhashmirQuery } from '../../src/networks/khashmir/messages.ts'
import type { ValuesOptions } from '../../src/networks/khashmir/node.ts'
import type { ValuesOutcome } from '../../src/networks/khashmir/values/value-search.ts'
import type { KhashmirNetwork, SimulatedNode } from '../../src/simulator/khashmir-network.ts'
import { KhashmirPuppet, SOME_TOKEN } from './khashmir-puppet.ts'
import { khashmirScenario as scenario, MINUTE, SECOND, someId } from './scenario.ts'

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')

const HONEST = Array.from({ length: 10 }, (_, n) => `honest ${n}`)

const ALPHA = 4

interface Scene {
  readonly network: KhashmirNetwork
  readonly key: Id
  readonly asker: SimulatedNode
  /** They have the ids closest to the key, and everybody knows them. */
  readonly liars: readonly KhashmirPuppet[]
}

/** Twenty nodes, six of which hold the honest values, and liars that are closer to the key than any of them. */
async function sceneOf(network: KhashmirNetwork, count = 1): Promise<Scene> {
  await network.grow(20)
  const key = someId(network)
  const storing = HONEST.map((value) => network.random.pick(network.nodes).node.store(key, value))
  await network.clock.settle(Promise.all(storing))
  const liars = Array.from({ length: count }, (_, n) => {
    const id = asId(Uint8Array.from([...key.subarray(0, 19), key[19]! ^ (n + 1)]))
    return new KhashmirPuppet(network, { id })
  })
  for (const liar of liars) {
    for (const { address } of network.nodes) await liar.ask({ method: 'ping' }, address)
  }
  await network.clock.runFor(MINUTE)
  // He knows them before all others, so that they have a place in his table.
  const asker = network.add({ options: { parameters: { alpha: ALPHA } } })
  for (const { address } of liars) await network.clock.settle(asker.node.ping(address))
  await network.clock.settle(asker.node.join([network.nodes[0]!.address]))
  await network.clock.runFor(MINUTE)
  assert.equal(asker.store.values.count(key, 0), 0)
  return { network, key, asker, liars }
}

async function retrieve(
  { network, key, asker }: Scene,
  options: ValuesOptions = {},
): Promise<{ values: string[]; outcome: ValuesOutcome }> {
  const stream = asker.node.values(key, options)
  const outcome = await network.clock.settle(stream.outcome)
  return { values: (await Array.fromAsync(stream)).flat().map(text).toSorted(), outcome }
}

function knows({ node }: SimulatedNode, { id }: KhashmirPuppet): boolean {
  return node.contacts().some((contact) => toHex(contact.id) === toHex(id))
}

type Lies = Readonly<Record<string, BencodeInput>>

/** Answers a method by these results, and all others as an honest node that has 3 values. */
function lying(liar: KhashmirPuppet, method: KhashmirQuery['method'], lies: Lies): void {
  liar.answer = (query, { transaction }: QueryMessage<KhashmirQuery>) => {
    if (query.method === method) return liar.rawReply(transaction, lies)
    if (query.method === 'find_node') return { nodes: [], token: SOME_TOKEN }
    if (query.method === 'find_value') return { nodes: [], num: 3 }
    return query.method === 'get_value' ? { values: ['a', 'b', 'c'].map((value) => Buffer.from(value)) } : {}
  }
}

/** All values, of every holder: nothing else ends it. */
const ALL: ValuesOptions = { limit: 0 }

const SHORT_CONTACT = new Uint8Array(25)

describe('A khashmir reply that is none (khashmir A0, A7)', () => {
  for (const [what, method, lies] of [
    ['nodes are no list', 'find_value', { nodes: 'nobody', num: 3 }],
    ['a contact has 25 bytes', 'find_value', { nodes: [SHORT_CONTACT], num: 3 }],
    ['a contact is a number', 'find_value', { nodes: [26], num: 3 }],
    ['num is a string', 'find_value', { nodes: [], num: '3' }],
    ['num is negative', 'find_value', { nodes: [], num: -3 }],
    ['values are no list', 'get_value', { values: 'one' }],
    ['a value is a number', 'get_value', { values: ['one', 2] }],
    ['the id has 19 bytes', 'get_value', { values: ['one'], id: new Uint8Array(19) }],
    ['the id is missing', 'get_value', { values: ['one'], id: [] }],
  ] as const) {
    scenario(
      `fails where ${what}, is held against its sender, and the rest is found`,
      {},
      async (network) => {
        const scene = await sceneOf(network)
        const [liar] = scene.liars as [KhashmirPuppet]
        lying(liar, method, lies)
        const { values, outcome } = await retrieve(scene)
        assert.deepEqual(values, HONEST)
        assert.equal(outcome.failed, 1)
        // It answers nothing else any more: what is well answered would make good for it.
        const lie = liar.answer
        liar.answer = (query, message, from) => (query.method === method ? lie(query, message, from) : null)
        assert.ok(knows(scene.asker, liar))
        for (let failures = 0; failures < 3; failures++) {
          const asking = scene.asker.node.query(liar.contact, oneOf(method, scene.key))
          await assert.rejects(network.clock.settle(asking), { code: 'no-answer', message: /malformed/u })
        }
        assert.equal(knows(scene.asker, liar), false)
      },
    )
  }

  for (const [what, method, lies] of [
    ['nodes', 'find_value', { num: 3 }],
    ['num', 'find_value', { nodes: [] }],
    ['values', 'get_value', {}],
  ] as const) {
    scenario(`fails where it has no ${what}, and the rest is found`, {}, async (network) => {
      const scene = await sceneOf(network)
      lying(scene.liars[0]!, method, lies)
      const { values, outcome } = await retrieve(scene)
      assert.deepEqual(values, HONEST)
      assert.equal(outcome.failed, 1)
    })
  }

  scenario(
    'fails where another id answers than was asked for, and that one goes at once',
    {},
    async (network) => {
      const scene = await sceneOf(network)
      const [liar] = scene.liars as [KhashmirPuppet]
      lying(liar, 'find_value', { nodes: [], num: 3, id: someId(network) })
      const { values, outcome } = await retrieve(scene)
      assert.deepEqual(values, HONEST)
      // It may be asked again under the id that it gave.
      assert.ok(outcome.failed >= 1 && outcome.failed <= 2)
      assert.equal(knows(scene.asker, liar), false)
    },
  )

  scenario('fails where it is of an unknown type', {}, async (network) => {
    const scene = await sceneOf(network)
    const [liar] = scene.liars as [KhashmirPuppet]
    liar.answer = (_query, { transaction }) => {
      const head = Buffer.from('d1:rd2:id20:', 'latin1')
      return Buffer.concat([head, liar.id, Buffer.from('e1:t20:'), transaction, Buffer.from('1:y1:xe')])
    }
    const { values, outcome } = await retrieve(scene)
    assert.deepEqual(values, HONEST)
    assert.equal(outcome.failed, 1)
  })
})

function oneOf(method: KhashmirQuery['method'], key: Id): KhashmirQuery {
  return method === 'find_value' ? { method, key } : { method: 'get_value', key, num: 0 }
}

describe('A khashmir node that gives no token', () => {
  scenario('is not asked to store; the next ones in line are', {}, async (network) => {
    const scene = await sceneOf(network, 2)
    const { key, asker, liars } = scene
    for (const liar of liars) lying(liar, 'find_node', { nodes: [] })
    const report = await network.clock.settle(asker.node.store(key, 'another'))
    assert.equal(report.stored, 6)
    assert.deepEqual(report.refused, [])
    for (const liar of liars) {
      assert.ok(liar.asked.some(({ query }) => query.method === 'find_node'))
      assert.ok(liar.asked.every(({ query }) => query.method !== 'store_value'))
    }
    lying(liars[0]!, 'find_node', { nodes: [], token: [] })
    const second = await network.clock.settle(asker.node.store(someNear(key), 'third'))
    assert.equal(second.stored, 6)
  })
})

function someNear(key: Id): Id {
  return asId(Uint8Array.from([...key.subarray(0, 19), key[19]! ^ 0x80]))
}

describe('A holder of khashmir values that never ends', () => {
  scenario(
    'is asked a bounded number of times where it says 2^64 and gives few',
    {},
    async (network, tell) => {
      const scene = await sceneOf(network)
      const [liar] = scene.liars as [KhashmirPuppet]
      liar.answer = (query, { transaction }) => {
        if (query.method === 'find_value') return liar.rawReply(transaction, { nodes: [], num: 2n ** 64n })
        return query.method === 'get_value' ? { values: [Buffer.from('few')] } : {}
      }
      const { values } = await retrieve(scene, ALL)
      assert.deepEqual(values, ['few', ...HONEST])
      const asks = liar.asked.filter(({ query }) => query.method === 'get_value').length
      tell(`${asks} questions`)
      assert.equal(asks, 256)
    },
  )

  scenario(
    'has its garbage told up to a bound, and keeps nobody from being heard',
    {},
    async (network, tell) => {
      // As many as are asked at once, and nearer than the honest.
      const scene = await sceneOf(network, ALPHA)
      let garbage = 0
      for (const liar of scene.liars) {
        liar.answer = (query, { transaction }, from) => {
          if (query.method === 'find_value') {
            return {
              nodes: network.nodes.slice(0, 8).map(({ id, address }) => ({ id, address })),
              num: 2 ** 40,
            }
          }
          if (query.method !== 'get_value') return {}
          const reply = { values: [Buffer.from(`garbage ${garbage++}`)] }
          const late = liar.encodeReply(reply, transaction, from)
          // As late as it can.
          network.clock.at(network.clock.now() + 8_500, () => liar.sendRaw(late, from))
          return null
        }
      }
      const { key, asker } = scene
      const stream = asker.node.values(key, ALL)
      const startedAt = network.clock.now()
      let honestAfterMs: number | null = null
      const found: string[] = []
      const reading = (async (): Promise<void> => {
        for await (const batch of stream) {
          found.push(...batch.map(text))
          if (HONEST.every((value) => found.includes(value)))
            honestAfterMs ??= network.clock.now() - startedAt
        }
      })()
      const { found: count, asked } = await network.clock.settle(stream.outcome, 24 * 60 * MINUTE)
      await network.clock.settle(reading)
      tell(`honest values after ${honestAfterMs} ms, ${count} values and ${asked} questions in all`)
      assert.equal(new Set(found).size, found.length)
      assert.ok(honestAfterMs !== null && honestAfterMs < 30 * SECOND, `${honestAfterMs}`)
      assert.ok(asked <= 4_096 + 256)
      assert.ok(count <= 10_000)
    },
  )
})
