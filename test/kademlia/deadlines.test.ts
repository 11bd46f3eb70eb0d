// The queue of deadlines against a sorted list that does the same slowly.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { Deadlines } from '../../src/kademlia/deadlines.ts'

describe('The queue of deadlines', () => {
  test('is empty at first: nothing is due, ever', () => {
    const queue = new Deadlines<string>()
    assert.equal(queue.nextAt, Infinity)
    assert.equal(queue.popDue(Infinity), undefined)
    assert.equal(queue.size, 0)
  })

  test('gives out what is due and nothing before its time', () => {
    const queue = new Deadlines<string>()
    queue.push(20, 'later')
    queue.push(10, 'soon')
    assert.equal(queue.nextAt, 10)
    assert.equal(queue.popDue(9.999), undefined)
    assert.equal(queue.popDue(10), 'soon')
    assert.equal(queue.popDue(10), undefined)
    assert.equal(queue.popDue(20), 'later')
    assert.equal(queue.nextAt, Infinity)
  })

  test('keeps the order of what is due at the same time', () => {
    const queue = new Deadlines<number>()
    for (let i = 0; i < 100; i++) queue.push(7, i)
    for (let i = 0; i < 100; i++) assert.equal(queue.popDue(7), i)
  })

  test('does what a sorted list does, under any pushes, pops and clearances', () => {
    const step = fc.oneof(
      { weight: 5, arbitrary: fc.record({ push: fc.integer({ min: 0, max: 30 }) }) },
      { weight: 3, arbitrary: fc.record({ pop: fc.integer({ min: 0, max: 30 }) }) },
      { weight: 1, arbitrary: fc.record({ keep: fc.integer({ min: 1, max: 4 }) }) },
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const queue = new Deadlines<number>()
        let list: { time: number; item: number }[] = []
        for (const [item, each] of steps.entries()) {
          if ('push' in each) {
            queue.push(each.push, item)
            list.push({ time: each.push, item })
            list = list.toSorted((a, b) => a.time - b.time || a.item - b.item)
          } else if ('pop' in each) {
            const due = list[0] !== undefined && list[0].time <= each.pop ? list.shift() : undefined
            assert.equal(queue.popDue(each.pop), due?.item)
          } else {
            const isWanted = (wanted: number): boolean => wanted % each.keep !== 0
            queue.retain(isWanted)
            list = list.filter((entry) => isWanted(entry.item))
          }
          assert.equal(queue.size, list.length)
          assert.equal(queue.nextAt, list[0]?.time ?? Infinity)
        }
      }),
      { numRuns: 500 },
    )
  })
})
