// Copies that readers of drogulus values leave on their way (Kademlia paper, 2.3; drogulus B0, B8): where, for how long, and
// that nobody spreads them.
import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { compareDistance } from '../../src/kademlia/id.ts'
import { goodLink } from '../../src/simulator/virtual-network.ts'
import { closestNodes, holdersOf, keyAt, noting, about, signed, textAt } from './drogulus-fixtures.ts'
import { DrogulusPuppet } from './drogulus-puppet.ts'
import { drogulusScenario as scenario, HOUR, MINUTE, SECOND } from './scenario.ts'

const SMALL = { options: { parameters: { k: 4 }, duplicate: 2 } }

/** As many ms one way, whoever it is. */
const STEADY = { ...goodLink, minDelayMs: 40, maxDelayMs: 40 }

describe('A copy of a drogulus value', () => {
  scenario(
    'is left at the nearest node that was asked and had none',
    { quality: STEADY },
    async (network, tell) => {
      await network.grow(80, () => SMALL)
      const { clock } = network
      let copies = 0
      for (let n = 0; n < 30; n++) {
        const owner = network.random.pick(network.nodes)
        const key = keyAt(owner, `name ${n}`)
        await clock.settle(owner.node.publish(`name ${n}`, 'told'))
        const reader = network.nodes.find((each) => !holdersOf(network, key).includes(each))!
        const stores = noting(network, 'store')
        assert.equal(await textAt(network, reader, key, 'latest'), 'told')
        assert.deepEqual(about(stores, key), [])
        const answers = noting(network, 'nodes', 'value')
        assert.equal(await textAt(network, reader, key, 'first'), 'told')
        // All take the same time, so what was sent before the value came before it.
        const got = answers.filter(({ to }) => to.host === reader.host)
        const before = got.slice(
          0,
          got.findIndex(({ name }) => name === 'value'),
        )
        const [nearest] = closestNodes(network, key, 80).filter(({ host }) =>
          before.some(({ from }) => from.host === host),
        )
        await clock.runFor(SECOND)
        const left = about(stores, key).map(({ to }) => to.host)
        assert.deepEqual(left, nearest === undefined ? [] : [nearest.host])
        copies += left.length
        network.network.watchers.clear()
      }
      tell(`${copies} copies of 30 reads`)
      assert.ok(copies >= 5, `${copies} copies`)
    },
  )

  scenario(
    'is kept the shorter, the more nodes are nearer, and then not served',
    {},
    async (network, tell) => {
      await network.grow(80, () => SMALL)
      const { clock } = network
      const item = signed({ timestamp: clock.now() / 1_000 })
      const puppet = new DrogulusPuppet(network)
      const ranked = closestNodes(network, item.key, 80)
      const lives: { nearer: number; ms: number }[] = []
      for (const holder of ranked) {
        const storedAt = clock.now()
        const answer = await puppet.ask({ method: 'store', item }, holder.address)
        assert.ok(answer?.reply !== null)
        const nearer = holder.node
          .contacts()
          .filter(({ id }) => compareDistance(item.key, id, holder.id) < 0).length
        lives.push({ nearer, ms: holder.store.records.get(item.key, clock.now())!.expiresAt - storedAt })
      }
      const forGood = lives.filter(({ nearer }) => nearer < 4)
      assert.ok(forGood.length >= 4 && forGood.every(({ ms }) => ms > 24 * HOUR))
      const copies = lives.filter(({ nearer }) => nearer >= 4).sort((a, b) => a.nearer - b.nearer)
      for (const { ms, nearer } of copies) {
        const expected = HOUR * 2 ** (1 - nearer / 4)
        // Between sending and storing there is the way.
        assert.ok(Math.abs(ms - expected) <= SECOND, `${ms} ms with ${nearer}`)
      }
      tell(`${copies.length} copies, for ${copies[0]!.ms} to ${copies.at(-1)!.ms} ms`)
      assert.ok(copies.at(-1)!.ms < HOUR / 4)
      const farthest = ranked.at(-1)!
      const asking = (): Promise<boolean> =>
        puppet
          .ask({ method: 'findvalue', key: item.key, anyPort: true }, farthest.address)
          .then((answer) => answer?.reply?.item !== undefined)
      assert.equal(await asking(), true)
      await clock.runFor(lives.at(-1)!.ms + SECOND)
      assert.equal(await asking(), false)
    },
  )

  scenario('is not stored again by who keeps it, and is gone in time', {}, async (network) => {
    await network.grow(80, () => SMALL)
    const { clock } = network
    const item = signed({ timestamp: clock.now() / 1_000 })
    const puppet = new DrogulusPuppet(network)
    const far = closestNodes(network, item.key, 80).slice(-10)
    for (const { address } of far) await puppet.ask({ method: 'store', item }, address)
    assert.equal(new Set([...far, ...holdersOf(network, item.key)]).size, 10)
    assert.equal(holdersOf(network, item.key).length, 10)
    puppet.leave()
    const stores = noting(network, 'store')
    await clock.runFor(HOUR + MINUTE)
    assert.equal(holdersOf(network, item.key).length, 0)
    assert.ok(far.every(({ store }) => store.records.size.records === 0))
    await clock.runFor(2 * HOUR)
    assert.deepEqual(about(stores, item.key), [])
  })
})
