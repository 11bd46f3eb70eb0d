// Many values under one key of khashmir: all of them are retrieved, each once, also where no datagram has room for them.
import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { describe } from 'node:test'
import type { Id } from '../../src/kademlia/id.ts'
import type { ValuesOptions } from '../../src/networks/khashmir/node.ts'
import type { ValuesOutcome } from '../../src/networks/khashmir/values/value-search.ts'
import type { KhashmirNetwork, SimulatedNode } from '../../src/simulator/khashmir-network.ts'
import { khashmirScenario as scenario, MINUTE, someId } from './scenario.ts'

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')

/** So many values of so many bytes, no two alike. */
function valuesOf(count: number, bytes: number): string[] {
  return Array.from({ length: count }, (_, n) => `${n} `.padEnd(bytes, 'x'))
}

/** Stores them, each from a random node. */
async function storeAll(network: KhashmirNetwork, key: Id, values: readonly string[]): Promise<void> {
  const storing = values.map((value) => network.random.pick(network.nodes).node.store(key, value))
  for (const report of await network.clock.settle(Promise.all(storing))) assert.equal(report.stored, 6)
}

interface Retrieved {
  readonly values: string[]
  readonly batches: number
  readonly outcome: ValuesOutcome
  /** How many get_value the asker sent. */
  readonly asks: number
}

async function retrieve(
  network: KhashmirNetwork,
  asker: SimulatedNode,
  key: Id,
  options: ValuesOptions = {},
): Promise<Retrieved> {
  const before = sentOf(asker)
  const stream = asker.node.values(key, options)
  const outcome = await network.clock.settle(stream.outcome)
  const batches = await Array.fromAsync(stream)
  return {
    values: batches.flat().map(text),
    batches: batches.length,
    outcome,
    asks: sentOf(asker) - before,
  }
}

function sentOf({ node }: SimulatedNode): number {
  return node.stats().families[0]!.methods['get_value']?.sent ?? 0
}

/** Somebody who holds nothing of the key. */
function strangerTo(network: KhashmirNetwork, key: Id): SimulatedNode {
  return network.nodes.find(({ store }) => store.values.count(key, 0) === 0)!
}

describe('Many values of one khashmir key (khashmir A3, A4, A7)', () => {
  for (const { sentence, count, bytes } of [
    { sentence: 'that fit a datagram are retrieved, each once: 30 of 40 bytes', count: 30, bytes: 40 },
    { sentence: 'of which a datagram holds some: 200 of 40 bytes, all of them', count: 200, bytes: 40 },
    { sentence: 'of which a datagram holds one: 30 of 1,000 bytes, all of them', count: 30, bytes: 1_000 },
    { sentence: 'as long as can be are retrieved one by one: 10 of 1,319 bytes', count: 10, bytes: 1_319 },
  ]) {
    scenario(sentence, {}, async (network, tell) => {
      await network.grow(20)
      const key = someId(network)
      const values = valuesOf(count, bytes)
      await storeAll(network, key, values)
      const got = await retrieve(network, strangerTo(network, key), key)
      tell(`${got.asks} questions, ${got.batches} batches of ${got.outcome.holders} holders`)
      assert.deepEqual(got.values.toSorted(), values.toSorted())
      assert.equal(got.outcome.found, count)
      assert.equal(got.outcome.failed, 0)
    })
  }

  scenario('come with our own first, and none of them again', {}, async (network) => {
    await network.grow(20)
    const key = someId(network)
    const values = valuesOf(30, 40)
    await storeAll(network, key, values)
    const holder = network.nodes.find(({ store }) => store.values.count(key, 0) > 0)!
    const first = await network.clock.settle(holder.node.values(key)[Symbol.asyncIterator]().next())
    assert.equal(first.value!.length, holder.store.values.count(key, 0))
    const all = await retrieve(network, holder, key)
    assert.deepEqual(all.values.toSorted(), values.toSorted())
    const others = await retrieve(network, holder, key, { searchLocal: false })
    assert.deepEqual(others.values.toSorted(), values.toSorted())
  })

  scenario('end when as many were found as are wanted, and nothing more is sent', {}, async (network) => {
    await network.grow(20)
    const key = someId(network)
    await storeAll(network, key, valuesOf(200, 40))
    const asker = strangerTo(network, key)
    const got = await retrieve(network, asker, key, { limit: 5 })
    assert.equal(new Set(got.values).size, got.values.length)
    assert.ok(got.values.length >= 5, `${got.values.length} values`)
    assert.equal(got.asks, 1)
    const queries = countQueries(network, asker)
    await network.clock.runFor(MINUTE)
    assert.deepEqual(queries(), 0)
  })

  scenario('end when their reader leaves', {}, async (network) => {
    await network.grow(20)
    const key = someId(network)
    await storeAll(network, key, valuesOf(200, 40))
    const asker = strangerTo(network, key)
    const stream = asker.node.values(key)
    const reading = async (): Promise<void> => {
      for await (const batch of stream) if (batch.length > 0) break
    }
    await network.clock.settle(reading())
    const queries = countQueries(network, asker)
    await network.clock.runFor(MINUTE)
    assert.equal(queries(), 0)
  })

  scenario('leave nothing on the signal that may give them up', {}, async (network) => {
    await network.grow(20)
    const key = someId(network)
    await storeAll(network, key, valuesOf(30, 40))
    const asker = strangerTo(network, key)
    const { signal } = new AbortController()
    const left = (): number => {
      // What AbortSignal.any() hangs on a signal stays there with Node 22, for as long as the signal lives.
      const [dependants] = Object.getOwnPropertySymbols(signal).flatMap((symbol) => {
        const held: unknown = Reflect.get(signal, symbol)
        return symbol.description === 'kDependantSignals' && held instanceof Set ? [held] : []
      })
      return getEventListeners(signal, 'abort').length + (dependants?.size ?? 0)
    }
    for (const limit of [0, 5]) await retrieve(network, asker, key, { limit, signal })
    const stream = asker.node.values(key, { signal })
    await network.clock.settle(stream.next())
    assert.ok(left() > 0)
    await stream.return()
    await network.clock.runFor(MINUTE)
    assert.equal(left(), 0)
  })

  scenario('end when they are given up, with the reason, and nothing more is sent', {}, async (network) => {
    await network.grow(20)
    const key = someId(network)
    await storeAll(network, key, valuesOf(200, 40))
    const asker = strangerTo(network, key)
    for (const afterMs of [0, 1, 30, 100, 300]) {
      const giving = new AbortController()
      const stream = asker.node.values(key, { limit: 0, signal: giving.signal })
      await network.clock.runFor(afterMs)
      giving.abort(new Error(`after ${afterMs}`))
      await assert.rejects(network.clock.settle(stream.outcome), { message: `after ${afterMs}` })
      const queries = countQueries(network, asker)
      await network.clock.runFor(MINUTE)
      assert.equal(queries(), 0, `after ${afterMs} ms`)
    }
    const before = AbortSignal.abort(new Error('before'))
    assert.throws(() => asker.node.values(key, { signal: before }), { message: 'before' })
  })

  scenario('may be retrieved of all holders, without an end by number', {}, async (network) => {
    await network.grow(20)
    const key = someId(network)
    const values = valuesOf(30, 40)
    await storeAll(network, key, values)
    const asker = strangerTo(network, key)
    const some = await retrieve(network, asker, key)
    const all = await retrieve(network, asker, key, { limit: 0 })
    assert.deepEqual(all.values.toSorted(), values.toSorted())
    // All ask every holder; by default those do that are as many as a value is stored on.
    assert.equal(all.asks, all.outcome.holders)
    assert.ok(some.asks >= 6)
  })
})

/** How many lookups and retrievals a node begins or goes on with from now on, apart from pings. */
function countQueries(network: KhashmirNetwork, { host }: SimulatedNode): () => number {
  let count = 0
  network.network.watchers.add(({ from, bytes }) => {
    const packet = text(bytes)
    if (from.host === host && (packet.includes('9:get_value') || packet.includes('10:find_value'))) count++
  })
  return () => count
}
