// Which of several versions of a drogulus value wins (drogulus B0, B4): the newer one, wherever it is looked for, and
// whatever the clocks of those say who publish.
import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { toHex } from '../../src/kademlia/id.ts'
import { versionOf } from '../../src/networks/drogulus/keys/signed-value.ts'
import { ERROR, type SignedValue } from '../../src/networks/drogulus/messages.ts'
import { simulatedKeyPairs } from '../../src/simulator/drogulus-keys.ts'
import type { DrogulusNetwork } from '../../src/simulator/drogulus-network.ts'
import {
  closestNodes,
  farName,
  holdersOf,
  K,
  keyAt,
  knows,
  restart,
  signed,
  strangerTo,
  textAt,
} from './drogulus-fixtures.ts'
import { DrogulusPuppet } from './drogulus-puppet.ts'
import { drogulusScenario as scenario, HOUR, MINUTE, SECOND } from './scenario.ts'

/** The time as those say who have no better: seconds since 1970. */
const secondsOf = ({ clock }: DrogulusNetwork): number => clock.now() / 1_000

const MODES = ['first', 'latest'] as const

describe('A newer drogulus value', () => {
  scenario('replaces the older one wherever a reader looks', {}, async (network) => {
    await network.grow(40)
    const { owner, key } = strangerTo(network, 'news')
    for (const news of ['first', 'second', 'third']) {
      const { stored, timestamp } = await network.clock.settle(owner.node.publish('news', news))
      assert.equal(stored, K)
      assert.equal(holdersOf(network, key, versionOf({ timestamp })).length, K + 1)
      assert.equal(holdersOf(network, key).length, K + 1)
      for (const mode of MODES) {
        for (const reader of network.random.sample(network.nodes, 8)) {
          assert.equal(await textAt(network, reader, key, mode), news)
        }
      }
    }
  })

  scenario('is newer also where it is published in the same millisecond', {}, async (network) => {
    await network.grow(30)
    const { owner, key } = strangerTo(network, 'quick')
    const publishing = ['a', 'b', 'c', 'd'].map((each) => owner.node.publish('quick', each))
    const reports = await network.clock.settle(Promise.all(publishing))
    const timestamps = reports.map(({ timestamp }) => timestamp)
    assert.deepEqual(
      timestamps,
      timestamps.toSorted((a, b) => a - b),
    )
    assert.equal(new Set(timestamps).size, 4)
    assert.equal(await textAt(network, network.nodes.at(-1)!, key), 'd')
  })

  scenario('is found by latest though most holders were cut off and are old', {}, async (network, tell) => {
    await network.grow(40)
    const { clock } = network
    const { owner, key } = strangerTo(network, 'news')
    await clock.settle(owner.node.publish('news', 'old'))
    const cut = closestNodes(network, key).slice(0, 15)
    for (const each of cut) each.unplug()
    await clock.runFor(SECOND)
    const { timestamp } = await clock.settle(owner.node.publish('news', 'new'))
    // Gone, so that nobody asks it.
    network.crash(owner)
    for (const each of cut) each.plug()
    await clock.runFor(20 * MINUTE)
    const now = holdersOf(network, key, versionOf({ timestamp }))
    assert.ok(cut.every((each) => !now.includes(each)))
    tell(`${now.length} hold the new one`)
    for (const reader of network.nodes.filter((each) => !holdersOf(network, key).includes(each))) {
      assert.equal(await textAt(network, reader, key), 'new')
    }
    // Whoever holds the old one is put right by those who hold the new one.
    await clock.runFor(2 * HOUR)
    const after = holdersOf(network, key, versionOf({ timestamp }))
    assert.ok(closestNodes(network, key).every((each) => after.includes(each)))
    for (const mode of MODES) assert.equal(await textAt(network, network.nodes[0]!, key, mode), 'new')
  })

  scenario('makes whoever saw it believe no older one, also after a restart', {}, async (network) => {
    const timestamp = secondsOf(network)
    const [old, recent] = [timestamp - 100, timestamp - 50].map((at) =>
      signed({ timestamp: at, value: `${at}` }),
    )
    const { key } = old!
    const puppet = new DrogulusPuppet(network)
    let item: SignedValue = recent!
    puppet.answer = ({ method }) =>
      method === 'findvalue' ? { item } : method === 'findnode' ? { nodes: [] } : {}
    const setup = { bootstrap: [puppet.address] }
    let reader = network.add(setup)
    await network.clock.settle(reader.node.join())
    const banned: string[] = []
    for (const mode of MODES) {
      reader.node.on('banned', ({ why }) => banned.push(why))
      for (const [offered, expected] of [
        [recent!, `${recent!.timestamp}`],
        [old!, null],
        [recent!, `${recent!.timestamp}`],
      ] as const) {
        item = offered
        assert.equal(await textAt(network, reader, key, mode), expected)
      }
      // It knew no better: it is neither banned nor lost.
      assert.ok(knows(reader, puppet))
      reader = restart(network, reader, setup)
      await network.clock.settle(reader.node.join())
      item = old!
      assert.equal(await textAt(network, reader, key, mode), null)
    }
    assert.deepEqual(banned, [])
  })
})

describe('A store of a drogulus value', () => {
  scenario('is refused with 8 and the held time where a newer one is held', {}, async (network) => {
    const holder = network.add()
    const puppet = new DrogulusPuppet(network)
    const timestamp = secondsOf(network) - 60.25
    const store = async (item: SignedValue): Promise<unknown> => {
      const answer = await puppet.ask({ method: 'store', item }, holder.address)
      return answer?.refusal === null ? 'pong' : [answer?.refusal?.code, answer?.refusal?.details]
    }
    assert.equal(await store(signed({ timestamp })), 'pong')
    const superseded = [ERROR.superseded, { new_timestamp: String(Math.trunc(timestamp)) }]
    assert.deepEqual(await store(signed({ timestamp: timestamp - 0.001 })), superseded)
    // Equal: the same content refreshes, another one is refused.
    const refreshedAt = (): number => holder.store.records.get(signed({ timestamp }).key, 0)!.refreshedAt
    const before = refreshedAt()
    await network.clock.runFor(MINUTE)
    assert.equal(await store(signed({ timestamp })), 'pong')
    assert.ok(refreshedAt() >= before + MINUTE)
    assert.deepEqual(await store(signed({ timestamp, value: 'another' })), superseded)
    assert.deepEqual(await store(signed({ timestamp, expires: 2 * timestamp })), superseded)
    assert.equal(await store(signed({ timestamp: timestamp + 0.001, value: 'another' })), 'pong')
    const found = await network.clock.settle(network.nodes[0]!.node.get(signed({ timestamp }).key))
    assert.equal(found!.text, 'another')
    assert.equal(holder.node.stats().banned, 0)
  })
})

describe('Two machines with one drogulus key', () => {
  for (const behindMs of [SECOND, 3 * HOUR]) {
    scenario(
      `have the later word, also where its clock is ${behindMs / SECOND} s behind`,
      {},
      async (network) => {
        await network.grow(40)
        const { clock } = network
        const identity = simulatedKeyPairs[0]!
        const bootstrap = [network.nodes[0]!.address]
        const right = network.add({ options: { identity }, bootstrap })
        const behind = network.add({ options: { identity }, bootstrap, clockAheadMs: -behindMs })
        for (const { node } of [right, behind]) await clock.settle(node.join())
        // Of these one is far from the one whose word is the earlier, so that nobody stores the later one there.
        const name = farName(network, right)
        const key = keyAt(right, name)
        const first = await clock.settle(right.node.publish(name, 'first'))
        await clock.runFor(SECOND / 2)
        const second = await clock.settle(behind.node.publish(name, 'second'))
        assert.ok(second.timestamp > first.timestamp)
        assert.equal(second.stored, K)
        const readAll = async (expected: string): Promise<void> => {
          for (const mode of MODES) {
            const readers = network.nodes.filter((each) => each !== right && each !== behind)
            const reading = readers.map(({ node }) => node.get(key, { mode }))
            const texts = (await clock.settle(Promise.all(reading))).map((found) => found?.text)
            assert.deepEqual([...new Set(texts)], [expected])
          }
        }
        await readAll('second')
        // Both store again what they have promised; the older one comes back by neither.
        await clock.runFor(3 * HOUR)
        await readAll('second')
        assert.equal(await textAt(network, right, key), 'second')
        // The one whose word was the earlier keeps alive what is the last by now.
        assert.deepEqual(
          right.node.published().map(({ text }) => text),
          ['second'],
        )
        network.crash(behind)
        await clock.runFor(2 * HOUR)
        const third = await clock.settle(right.node.publish(name, 'third'))
        assert.ok(third.timestamp > second.timestamp)
        await readAll('third')
        assert.equal(toHex(key), third.key)
      },
    )
  }
})
