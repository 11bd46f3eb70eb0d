// The clock and the machines of the simulator.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Machine } from '../../src/simulator/machine.ts'
import { VirtualClock } from '../../src/simulator/virtual-clock.ts'

const START = 1_000_000

describe('A virtual clock', () => {
  test('runs events by their time, and those of one time in the order in which they were made', async () => {
    const clock = new VirtualClock(START)
    const ran: [string, number][] = []
    const note = (what: string) => (): void => void ran.push([what, clock.now() - START])
    clock.at(START + 20, note('late'))
    clock.at(START + 10, note('first'))
    clock.at(START + 10, note('second'))
    clock.soon(note('soon'))
    clock.at(START - 5, note('overdue'))
    await clock.runFor(15)
    assert.deepEqual(ran, [
      ['soon', 0],
      ['overdue', 0],
      ['first', 10],
      ['second', 10],
    ])
    assert.equal(clock.now(), START + 15)
    await clock.runFor(5)
    assert.deepEqual(ran.at(-1), ['late', 20])
  })

  test('lets promises go on between two events', async () => {
    const clock = new VirtualClock(START)
    const ran: string[] = []
    const work = async (): Promise<void> => {
      for (let step = 0; step < 10; step++) await Promise.resolve()
      ran.push('work')
    }
    clock.at(START + 1, () => void work())
    clock.at(START + 1, () => void ran.push('event'))
    await clock.runFor(1)
    assert.deepEqual(ran, ['work', 'event'])
  })

  test('does not run what was cancelled', async () => {
    const clock = new VirtualClock(START)
    let ran = false
    const cancel = clock.at(START + 1, () => {
      ran = true
    })
    cancel()
    await clock.runFor(10)
    assert.equal(ran, false)
  })

  test('runs until a promise settles and not further, and says when it never does', async () => {
    const clock = new VirtualClock(START)
    const { promise, resolve } = Promise.withResolvers<string>()
    clock.at(START + 7, () => resolve('done'))
    clock.at(START + 8, () => assert.fail('too far'))
    assert.equal(await clock.settle(promise), 'done')
    assert.equal(clock.now(), START + 7)
    await assert.rejects(clock.settle(Promise.reject(new Error('why'))), /why/)
    const never = new VirtualClock(START)
    await assert.rejects(never.settle(new Promise(() => {}), 50), /still pending after 50 ms/)
  })
})

describe('A machine', () => {
  test('runs nothing while suspended, and what became due when it wakes', async () => {
    const clock = new VirtualClock(START)
    const machine = new Machine(clock)
    const ran: [string, number][] = []
    const note = (what: string) => (): void => void ran.push([what, clock.now() - START])
    machine.at(START + 10, note('first'))
    const cancel = machine.at(START + 12, note('cancelled'))
    machine.at(START + 500, note('later'))
    machine.suspend()
    await clock.runFor(100)
    assert.deepEqual(ran, [])
    cancel()
    machine.resume()
    await clock.runFor(0)
    assert.deepEqual(ran, [['first', 100]])
    await clock.runFor(400)
    assert.deepEqual(ran.at(-1), ['later', 500])
  })
})
