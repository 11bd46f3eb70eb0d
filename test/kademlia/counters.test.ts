// Counters: what they add up, and that no flood of names makes more of them (T33).
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Counters } from '../../src/kademlia/counters.ts'

describe('Counters', () => {
  test('begin at zero for each method and keep what is added', () => {
    const counters = new Counters()
    counters.method('ping').sent++
    counters.method('ping').sent++
    counters.method('find_node').received++
    counters.delayed('ping', 30)
    counters.delayed('ping', 10)
    counters.dropped('malformed')
    counters.dropped('malformed')
    const { methods, dropped } = counters.snapshot()
    assert.equal(methods['ping']!.sent, 2)
    assert.deepEqual(methods['ping']!.delays, { count: 2, totalMs: 40, maxMs: 30 })
    assert.equal(methods['find_node']!.received, 1)
    assert.equal(methods['find_node']!.started, 0)
    assert.deepEqual(dropped, { malformed: 2 })
  })

  test('give copies, which do not change any more', () => {
    const counters = new Counters()
    counters.delayed('ping', 5)
    const before = counters.snapshot()
    counters.delayed('ping', 5)
    assert.equal(before.methods['ping']!.delays.count, 1)
  })

  test('tell 64 methods and 64 reasons apart, and count all others together (T33)', () => {
    const counters = new Counters()
    for (let i = 0; i < 10_000; i++) {
      counters.method(`method ${i}`).received++
      counters.dropped(`reason ${i}`)
    }
    const { methods, dropped } = counters.snapshot()
    assert.equal(Object.keys(methods).length, 65)
    assert.equal(methods['other']!.received, 10_000 - 64)
    assert.equal(Object.keys(dropped).length, 65)
    assert.equal(dropped['other'], 10_000 - 64)
  })

  test('take any name for what it is, also those that mean something to JavaScript', () => {
    const counters = new Counters()
    for (const name of ['__proto__', 'constructor', 'toString']) {
      counters.method(name).received++
      counters.dropped(name)
    }
    const { methods, dropped } = counters.snapshot()
    assert.deepEqual(Object.keys(methods), ['__proto__', 'constructor', 'toString'])
    assert.equal(Object.values(dropped).length, 3)
    assert.equal(({} as { received?: number }).received, undefined)
  })
})
