// How properties are run: the same cases each time, unless XORBIT_TEST_SEED says otherwise ("random" for new ones).
// fast-check prints seed and path of what it found.
import type fc from 'fast-check'

const DEFAULT_SEED = 20_261_120

export function runs(numRuns: number): fc.Parameters<unknown> {
  const wanted = process.env['XORBIT_TEST_SEED']
  if (wanted === 'random') return { numRuns }
  return { numRuns, seed: wanted === undefined ? DEFAULT_SEED : Number(wanted) }
}
