// The dice of the simulator.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { SeededRandom } from '../../src/simulator/seeded-random.ts'

const drawn = (random: SeededRandom, count = 4): number[] =>
  Array.from({ length: count }, () => random.uint32())

describe('Seeded randomness', () => {
  test('is the same for the same seed and stream, and another for any other', () => {
    assert.deepEqual(drawn(new SeededRandom(1)), drawn(new SeededRandom(1)))
    assert.deepEqual(drawn(new SeededRandom(1).stream('a')), drawn(new SeededRandom(1, 'a')))
    const streams = [
      new SeededRandom(1),
      new SeededRandom(2),
      new SeededRandom(1, 'a'),
      new SeededRandom(1, 'b'),
    ]
    assert.equal(new Set(streams.map((stream) => drawn(stream, 1)[0])).size, 4)
  })

  test('does not change from version to version: seeds of failures are kept', () => {
    assert.deepEqual(drawn(new SeededRandom(42, 'network')), [2802962707, 3323712935, 3031028200, 1443000299])
  })

  test('is evenly spread', () => {
    const random = new SeededRandom(3)
    const counts = Array.from({ length: 16 }, () => 0)
    for (let i = 0; i < 32_000; i++) counts[random.below(16)]!++
    // 2,000 expected each, with a deviation of 43; six of them are out of the question.
    for (const count of counts) assert.ok(Math.abs(count - 2_000) < 260, String(counts))
    const bits = random
      .bytes(4_001)
      .reduce((sum, byte) => sum + byte.toString(2).replaceAll('0', '').length, 0)
    assert.ok(Math.abs(bits / (4_001 * 8) - 0.5) < 0.02)
  })

  test('samples without repetition', () => {
    const random = new SeededRandom(4)
    const items = [1, 2, 3, 4, 5]
    assert.equal(new Set(random.sample(items, 3)).size, 3)
    assert.deepEqual(new Set(random.sample(items, 9)), new Set(items))
    assert.throws(() => random.pick([]), RangeError)
  })
})
