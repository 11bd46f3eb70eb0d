// When drogulus values end (drogulus B0): what has expired is neither served, stored, believed nor spread, what expires at 0
// or before never does, and clocks may be wrong by minutes.
import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { ERROR, type SignedValue } from '../../src/networks/drogulus/messages.ts'
import type { DrogulusNetwork, SimulatedNode } from '../../src/simulator/drogulus-network.ts'
import {
  about,
  closestNodes,
  farName,
  holdersOf,
  K,
  keyAt,
  noting,
  signed,
  strangerTo,
  textAt,
} from './drogulus-fixtures.ts'
import { DrogulusPuppet } from './drogulus-puppet.ts'
import { drogulusScenario as scenario, HOUR, MINUTE, SECOND } from './scenario.ts'

const MODES = ['first', 'latest'] as const

const secondsOf = ({ clock }: DrogulusNetwork): number => clock.now() / 1_000

/** The code of the error that a store is answered with; null: it was taken. */
async function codeOf(puppet: DrogulusPuppet, item: SignedValue, to: SimulatedNode): Promise<number | null> {
  const answer = await puppet.ask({ method: 'store', item }, to.address)
  assert.ok(answer !== null)
  return answer.refusal?.code ?? null
}

describe('A drogulus value that expires', () => {
  scenario('is gone everywhere when its time is over', {}, async (network) => {
    await network.grow(40)
    const { clock } = network
    const { owner, key } = strangerTo(network, 'short')
    const expiresAt = clock.now() + 150 * MINUTE
    await clock.settle(owner.node.publish('short', 'told', { expires: new Date(expiresAt) }))
    const puppet = new DrogulusPuppet(network)
    const [holder] = closestNodes(network, key)
    const served = async (): Promise<boolean> => {
      const answer = await puppet.ask({ method: 'findvalue', key, anyPort: true }, holder!.address)
      return answer?.reply?.item !== undefined
    }
    await clock.runUntil(expiresAt - 2 * SECOND)
    assert.equal(await served(), true)
    const found = await clock.settle(network.nodes[0]!.node.get(key))
    assert.ok(Math.abs(1_000 * found!.expires! - expiresAt) < 1)
    await clock.runUntil(expiresAt)
    assert.equal(await served(), false)
    for (const { node } of network.nodes) {
      for (const mode of MODES) assert.equal(await clock.settle(node.get(key, { mode })), null)
    }
    const sent = noting(network, 'store', 'value')
    await clock.runFor(2 * HOUR)
    assert.deepEqual(about(sent, key), [])
    assert.ok(network.nodes.every(({ store }) => store.records.size.records === 0))
  })

  scenario('is not stored again by holders when its time is over', {}, async (network) => {
    await network.grow(40)
    const { clock } = network
    const { owner, key } = strangerTo(network, 'orphan')
    const expiresAt = clock.now() + 100 * MINUTE
    await clock.settle(owner.node.publish('orphan', 'told', { expires: new Date(expiresAt) }))
    network.crash(owner)
    const stores = noting(network, 'store')
    await clock.runFor(6 * HOUR)
    assert.ok(about(stores, key).length >= K - 1)
    assert.ok(about(stores, key).every(({ time }) => time < expiresAt))
    assert.equal(holdersOf(network, key).length, 0)
  })

  scenario('is not taken any more, and neither is one from the future', {}, async (network) => {
    const holder = network.add()
    const puppet = new DrogulusPuppet(network)
    const now = secondsOf(network)
    const names = ['past', 'future', 'near future', 'zero', 'negative']
    const [past, future, near, zero, negative] = [
      { timestamp: now - 100, expires: now - 1 },
      { timestamp: now + 600 },
      { timestamp: now + 240 },
      { timestamp: now, expires: 0 },
      { timestamp: now, expires: -7.5 },
    ].map((each, n) => signed({ ...each, name: names[n]! })) as [SignedValue, ...SignedValue[]]
    assert.equal(await codeOf(puppet, past, holder), ERROR.badRequest)
    assert.equal(await codeOf(puppet, future!, holder), ERROR.badRequest)
    for (const item of [near!, zero!, negative!]) assert.equal(await codeOf(puppet, item, holder), null)
    assert.equal(holder.node.stats().banned, 0)
    assert.equal(holder.node.stats().stored.values, 3)
    // What is from the future today may be stored when its time has come.
    await network.clock.runFor(6 * MINUTE)
    assert.equal(await codeOf(puppet, future!, holder), null)
  })
})

describe('A drogulus value that expires at 0 or before', () => {
  scenario('never does', {}, async (network) => {
    await network.grow(25)
    const { clock } = network
    const owner = network.nodes[0]!
    const names = new Map([0, -1, -86_400.5].map((expires) => [`${expires}`, expires]))
    for (const [name, expires] of names) await clock.settle(owner.node.publish(name, name, { expires }))
    network.crash(owner)
    await clock.runFor(30 * HOUR)
    for (const name of names.keys()) {
      for (const mode of MODES) {
        const { node } = network.random.pick(network.nodes)
        const found = await clock.settle(node.get(keyAt(owner, name), { mode }))
        assert.deepEqual([found?.text, found?.expires], [name, null])
      }
    }
  })
})

describe('A drogulus node whose clock is wrong', () => {
  for (const [aheadMinutes, isTaken] of [
    [4, true],
    [-4, true],
    [-600, true],
    [10, false],
  ] as const) {
    scenario(
      `is ${isTaken ? 'heard' : 'refused everywhere'} when it publishes and is ${aheadMinutes} minutes ahead`,
      {},
      async (network) => {
        await network.grow(30)
        const { clock } = network
        const setup = { bootstrap: [network.nodes[0]!.address], clockAheadMs: aheadMinutes * MINUTE }
        const owner = network.add(setup)
        await clock.settle(owner.node.join())
        const name = farName(network, owner)
        const report = await clock.settle(owner.node.publish(name, 'told'))
        const reader = network.nodes.find((each) => each !== owner)!
        assert.equal(report.stored, isTaken ? K : 0)
        const codes = new Set(report.refused.map(({ code }) => code))
        assert.deepEqual([...codes], isTaken ? [] : [ERROR.badRequest])
        assert.equal(await textAt(network, reader, keyAt(owner, name)), isTaken ? 'told' : null)
        // Nobody is kept out for his clock.
        assert.ok(network.nodes.every(({ node }) => node.stats().banned === 0))
      },
    )
  }

  scenario('ends a value by its own clock, and nobody believes it for longer', {}, async (network) => {
    await network.grow(30, (index) => ({ clockAheadMs: [4, 0, -4][index % 3]! * MINUTE }))
    const { clock } = network
    const owner = network.nodes[1]!
    const key = keyAt(owner, 'short')
    const expiresAt = clock.now() + 50 * MINUTE
    await clock.settle(owner.node.publish('short', 'told', { expires: new Date(expiresAt) }))
    assert.equal(holdersOf(network, key).length >= K, true)
    const right = network.nodes.filter((_, index) => index % 3 === 1)
    const readBy = async (readers: readonly SimulatedNode[]): Promise<Set<string | null>> => {
      const reading = readers.map(({ node }) => node.get(key))
      return new Set((await clock.settle(Promise.all(reading))).map((found) => found?.text ?? null))
    }
    await clock.runUntil(expiresAt - 2 * MINUTE)
    assert.deepEqual(await readBy(right), new Set(['told']))
    const ahead = network.nodes.filter((_, index) => index % 3 === 0)
    assert.deepEqual(await readBy(ahead), new Set([null]))
    await clock.runUntil(expiresAt + SECOND)
    assert.deepEqual(await readBy(right), new Set([null]))
    await clock.runUntil(expiresAt + 4 * MINUTE + SECOND)
    assert.deepEqual(await readBy(network.nodes), new Set([null]))
    await clock.runFor(2 * MINUTE)
    assert.ok(network.nodes.every(({ store }) => store.records.size.records === 0))
    assert.ok(network.nodes.every(({ node }) => node.stats().banned === 0))
  })
})
