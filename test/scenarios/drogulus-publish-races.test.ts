// Publishing on drogulus where calls overlap or are broken off: the last word of the user counts, and what was not
// published is not kept (drogulus B0, B8).
import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { XorbitError } from '../../src/node/errors.ts'
import { holdersOf, strangerTo, textAt } from './drogulus-fixtures.ts'
import { drogulusScenario as scenario, HOUR } from './scenario.ts'

describe('Publishing on drogulus', () => {
  scenario('is taken back by unpublish, also where it waited for its turn', {}, async (network) => {
    await network.grow(30)
    const { clock } = network
    const { owner, key } = strangerTo(network, 'twice')
    const first = owner.node.publish('twice', 'one')
    const second = owner.node.publish('twice', 'two')
    assert.equal(owner.node.unpublish('twice'), true)
    await clock.settle(Promise.all([first, second]))
    assert.deepEqual(owner.node.published(), [])
    assert.equal(owner.node.stats().commitments, 0)
    assert.equal(owner.store.records.get(key, clock.now()), null)
    // What is published after it counts again.
    const third = owner.node.publish('twice', 'three')
    assert.equal(owner.node.unpublish('twice'), true)
    const fourth = owner.node.publish('twice', 'four')
    await clock.settle(Promise.all([third, fourth]))
    assert.deepEqual(
      owner.node.published().map(({ text }) => text),
      ['four'],
    )
  })

  scenario('once what is kept alive keeps the newer value alive', {}, async (network) => {
    await network.grow(40)
    const { clock } = network
    const { owner, key } = strangerTo(network, 'kept')
    await clock.settle(owner.node.publish('kept', 'one'))
    await clock.runFor(HOUR / 4)
    await clock.settle(owner.node.publish('kept', 'two', { keepAlive: false }))
    await clock.runFor(5 * HOUR)
    assert.deepEqual(
      owner.node.published().map(({ text }) => text),
      ['two'],
    )
    assert.equal(await textAt(network, owner, key), 'two')
    assert.equal(owner.node.unpublish('kept'), true)
  })

  scenario('that was broken off leaves nothing behind that nobody could take back', {}, async (network) => {
    await network.grow(30)
    const { clock } = network
    const { owner, key } = strangerTo(network, 'broken off')
    const stopped = new AbortController()
    const publishing = owner.node.publish('broken off', 'never told', { signal: stopped.signal })
    publishing.catch(() => {})
    await clock.runFor(1)
    assert.equal(owner.store.records.size.records, 1)
    stopped.abort()
    await assert.rejects(clock.settle(publishing), { name: 'AbortError' })
    await clock.runFor(2 * HOUR)
    assert.equal(owner.store.records.size.records, 0)
    assert.deepEqual(holdersOf(network, key), [])
  })

  scenario('ends by one error or a report, whenever the node closes meanwhile', {}, async (network) => {
    await network.grow(30)
    const { clock } = network
    const ends: string[] = []
    for (const [n, ms] of [0, 1, 20, 60, 100, 150, 200, 300, 500, 1_000, 2_000, 3_000, 10_000].entries()) {
      const { node } = network.nodes[10 + n]!
      const publishing = [node.publish('closing', 'one'), node.publish('closing', 'two')].map((each) =>
        each.then(
          () => 'report',
          (error: unknown) => (error instanceof XorbitError ? error.code : String(error)),
        ),
      )
      await clock.runFor(ms)
      const closing = node.close()
      ends.push(...(await clock.settle(Promise.all(publishing))))
      await clock.settle(closing)
    }
    assert.deepEqual([...new Set(ends)].toSorted(), ['closed', 'report'])
  })
})
