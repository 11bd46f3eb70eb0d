import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { compareDistance, randomId } from '../../src/kademlia/id.ts'
import type { Id } from '../../src/kademlia/id.ts'
import { Population } from '../../src/kademlia/population.ts'
import { idOf, seededRandom } from './table-fixtures.ts'

/** Lookups of random targets in a network of `ids`, each finding the true `n` closest. */
function observe(population: Population, ids: readonly Id[], n: number, lookups: number, seed: number): void {
  const random = seededRandom(seed)
  for (let i = 0; i < lookups; i++) {
    const target = randomId(20, random)
    population.observe(target, ids.toSorted((a, b) => compareDistance(target, a, b)).slice(0, n))
  }
}

function network(nodes: number, seed: number): Id[] {
  const random = seededRandom(seed)
  return Array.from({ length: nodes }, () => randomId(20, random))
}

describe('the estimate of the network size', () => {
  test('is none before the first lookup, and after lookups that found nobody', () => {
    const population = new Population()
    population.observe(idOf(1, 2), [])
    assert.equal(population.estimate(), null)
    population.observe(idOf(1, 2), [idOf(1, 2)])
    assert.equal(population.estimate(), null)
  })

  for (const n of [8, 20]) {
    test(`from the ${n} closest lies around the truth, as widely as it says (algorithms.md 3.6)`, () => {
      const nodes = 1_000
      const lookups = 16
      const errors: number[] = []
      let stated = 0
      for (let seed = 1; seed <= 60; seed++) {
        const population = new Population()
        observe(population, network(nodes, seed), n, lookups, 1_000 + seed)
        const estimate = population.estimate()
        assert.ok(estimate !== null && estimate.lookups === lookups)
        errors.push(estimate.nodes / nodes - 1)
        stated = estimate.relativeError
      }
      const mean = errors.reduce((a, b) => a + b) / errors.length
      const deviation = Math.sqrt(errors.reduce((a, b) => a + b * b, 0) / errors.length)
      assert.ok(Math.abs(mean) < 0.04, `mean error ${mean}`)
      assert.ok(
        deviation > 0.7 * stated && deviation < 1.4 * stated,
        `deviation ${deviation}, stated ${stated}`,
      )
    })
  }

  test('states an error of 0.38 for one lookup of 8 and 0.24 for one of 20, less with the root of their number', () => {
    const ids = network(100, 1)
    const errorOf = (n: number, lookups: number): number => {
      const population = new Population()
      observe(population, ids, n, lookups, 2)
      return population.estimate()!.relativeError
    }
    assert.ok(Math.abs(errorOf(8, 1) - 0.377) < 0.001)
    assert.ok(Math.abs(errorOf(20, 1) - 0.242) < 0.001)
    assert.ok(Math.abs(errorOf(8, 16) - 0.377 / 4) < 0.001)
  })

  test('counts a network of few nodes, of which every lookup finds all', () => {
    const population = new Population()
    observe(population, network(5, 3), 8, 200, 4)
    const { nodes } = population.estimate()!
    assert.ok(nodes >= 4 && nodes <= 6, `${nodes}`)
  })

  test('rests on the last 256 lookups and no more', () => {
    const population = new Population()
    observe(population, network(20, 5), 8, 300, 6)
    observe(population, network(400, 7), 8, 256, 8)
    const { nodes, lookups } = population.estimate()!
    assert.equal(lookups, 256)
    assert.ok(nodes > 340 && nodes < 460, `${nodes}`)
  })
})
