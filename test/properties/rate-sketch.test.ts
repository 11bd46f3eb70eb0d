// The sketch of rates against exact buckets, one a key: it never admits more, and with one key exactly as much.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { GcraCell, RateSketch } from '../../src/kademlia/rate-sketch.ts'
import type { Rate } from '../../src/kademlia/rate-sketch.ts'
import { seededRandom } from '../kademlia/table-fixtures.ts'

const rates: fc.Arbitrary<Rate> = fc.record({
  perSecond: fc.integer({ min: 1, max: 1_000 }),
  burst: fc.integer({ min: 1, max: 50 }),
})

interface Request {
  readonly key: string
  readonly cost: number
  readonly afterMs: number
}

const requests = (keys: fc.Arbitrary<string>): fc.Arbitrary<Request[]> =>
  fc.array(fc.record({ key: keys, cost: fc.integer({ min: 1, max: 20 }), afterMs: fc.nat({ max: 30 }) }), {
    minLength: 1,
    maxLength: 200,
    size: 'max',
  })

/** What sketch and exact bucket say to each request; the bucket is charged for what the sketch admits. */
function compare(
  rate: Rate,
  seed: number,
  all: readonly Request[],
  check: (sketch: boolean, exact: boolean) => void,
) {
  const sketch = new RateSketch(rate, seededRandom(seed))
  const cells = new Map<string, GcraCell>()
  let now = 0
  for (const { key, cost, afterMs } of all) {
    now += afterMs
    const cell = cells.get(key) ?? new GcraCell(rate)
    cells.set(key, cell)
    const exact = cell.hasRoom(cost, now)
    const admitted = sketch.take(key, cost, now)
    if (admitted) cell.charge(cost, now)
    check(admitted, exact)
  }
}

describe('a sketch of rates', () => {
  test('admits nothing that the rate of its source forbids, whatever the sources (T8)', () => {
    fc.assert(
      fc.property(rates, fc.integer(), requests(fc.string({ maxLength: 3 })), (rate, seed, all) => {
        compare(rate, seed, all, (sketch, exact) => assert.ok(exact || !sketch))
      }),
    )
  })

  test('is exact for one source', () => {
    fc.assert(
      fc.property(rates, fc.integer(), requests(fc.constant('192.0.2.1')), (rate, seed, all) => {
        compare(rate, seed, all, (sketch, exact) => assert.equal(sketch, exact))
      }),
    )
  })
})
