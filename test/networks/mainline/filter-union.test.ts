// Uniting the filters of several nodes (BEP 33): honest ones as they are, whatever a quarter of them says.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { BloomFilter } from '../../../src/networks/mainline/bloom-filter.ts'
import { uniteFilters } from '../../../src/networks/mainline/filter-union.ts'
import { SeededRandom } from '../../../src/simulator/seeded-random.ts'
import { runs } from '../../property-runs.ts'

function filterOf(ips: readonly Uint8Array[]): BloomFilter {
  const filter = new BloomFilter()
  for (const ip of ips) filter.add(ip)
  return filter
}

function randomIps(random: SeededRandom, count: number): Uint8Array[] {
  return Array.from({ length: count }, () => random.bytes(4))
}

/** What honest nodes hold when each peer announces itself on `copies` of them. */
function honestFilters(
  random: SeededRandom,
  { nodes, ips, copies }: { nodes: number; ips: readonly Uint8Array[]; copies: number },
): BloomFilter[] {
  const filters = Array.from({ length: nodes }, () => new BloomFilter())
  for (const ip of ips) for (const filter of random.sample(filters, copies)) filter.add(ip)
  return filters
}

/** Each bit set with this probability. */
function randomFilter(random: SeededRandom, share: number): BloomFilter {
  const filter = new BloomFilter()
  for (let bit = 0; bit < 2_048; bit++) {
    if (random.fraction() < share) filter.bytes[bit >> 3]! |= 1 << (bit & 7)
  }
  return filter
}

describe('The union of the filters of honest nodes (B33-05)', () => {
  test('counts each address once, however many nodes hold it', () => {
    const random = new SeededRandom(1)
    const ips = randomIps(random, 900)
    const { filter, dropped } = uniteFilters([
      filterOf(ips.slice(0, 500)),
      filterOf(ips.slice(300)),
      filterOf(ips),
    ])
    assert.deepEqual(filter.bytes, filterOf(ips).bytes)
    assert.deepEqual(dropped, [])
  })

  test('leaves nobody out, though none of eight holds all of them', () => {
    for (const count of [1, 3, 10, 100, 1_000, 4_000]) {
      for (let copies = 3; copies <= 8; copies++) {
        const random = new SeededRandom(copies)
        const ips = randomIps(random, count)
        const { filter, dropped } = uniteFilters(honestFilters(random, { nodes: 8, ips, copies }))
        assert.deepEqual(dropped, [], `${count} addresses, ${copies} copies`)
        assert.deepEqual(filter.bytes, filterOf(ips).bytes)
      }
    }
  })

  test('is empty of none, and the filter itself of one', () => {
    assert.equal(uniteFilters([]).filter.estimate, 0)
    const one = filterOf([Uint8Array.of(5, 6, 7, 8)])
    assert.deepEqual(uniteFilters([one]).filter.bytes, one.bytes)
  })
})

describe('Liars among the nodes', () => {
  const cases = fc.record({
    seed: fc.integer(),
    count: fc.constantFrom(0, 5, 50, 500, 2_000),
    nodes: fc.integer({ min: 4, max: 16 }),
    share: fc.double({ min: 0.02, max: 1, noNaN: true }),
    together: fc.boolean(),
  })

  test('up to a quarter of them, change the estimate by no more than a tenth, or ten addresses (B33-14, T21)', () => {
    fc.assert(
      fc.property(cases, ({ seed, count, nodes, share, together }) => {
        const random = new SeededRandom(seed)
        const ips = randomIps(random, count)
        const liars = Math.floor(nodes / 4)
        const honest = honestFilters(random, {
          nodes: nodes - liars,
          ips,
          copies: Math.min(3, nodes - liars),
        })
        const first = randomFilter(random, share)
        const lies = Array.from({ length: liars }, () => (together ? first : randomFilter(random, share)))
        const { filter, dropped } = uniteFilters(random.sample([...honest, ...lies], nodes))
        const truth = filterOf(ips).estimate
        const most = truth + Math.max(0.1 * truth, 10)
        assert.ok(filter.estimate <= most, `${filter.estimate} of ${truth}`)
        // Of those left out some were honest where lies hid behind them; what others hold too is not lost.
        assert.ok(filter.estimate >= 0.75 * truth, `${filter.estimate} of ${truth}`)
        assert.ok(dropped.length <= liars)
      }),
      runs(150),
    )
  })

  test('who say nothing take nothing away', () => {
    const random = new SeededRandom(7)
    const ips = randomIps(random, 400)
    const honest = honestFilters(random, { nodes: 6, ips, copies: 5 })
    const { filter } = uniteFilters([new BloomFilter(), new BloomFilter(), ...honest])
    assert.ok(filter.estimate >= 0.99 * filterOf(ips).estimate)
  })

  test('and the farther of more than sixteen are not looked at', () => {
    const random = new SeededRandom(8)
    const ips = randomIps(random, 100)
    const near = Array.from({ length: 16 }, () => filterOf(ips))
    const far = Array.from({ length: 1_000 }, () => randomFilter(random, 0.9))
    assert.deepEqual(uniteFilters([...near, ...far]).filter.bytes, filterOf(ips).bytes)
  })
})
