// How a scenario is told: a test in virtual time, from a seed that is printed when it fails and can be given again.
import { test } from 'node:test'
import { asId, type Id } from '../../src/kademlia/id.ts'
import { DrogulusNetwork } from '../../src/simulator/drogulus-network.ts'
import { KhashmirNetwork } from '../../src/simulator/khashmir-network.ts'
import { MainlineNetwork } from '../../src/simulator/mainline-network.ts'
import type { SeededRandom } from '../../src/simulator/seeded-random.ts'
import type { LinkQuality } from '../../src/simulator/virtual-network.ts'

export const SECOND = 1_000
export const MINUTE = 60_000
export const HOUR = 3_600_000

export interface Tell {
  /** A line in the report of the runner. */
  (line: string): void
}

export interface ScenarioSetup {
  readonly seed?: number
  readonly quality?: LinkQuality
}

type Scenario<Network> = (
  sentence: string,
  setup: ScenarioSetup,
  run: (network: Network, tell: Tell) => Promise<void>,
) => void

/** A test on a network of its own. XORBIT_SEED gives another seed to all. */
function scenarioOf<Network>(make: new (seed: number, quality?: LinkQuality) => Network): Scenario<Network> {
  return (sentence, setup, run) => {
    test(sentence, async (context) => {
      const seed = Number(process.env['XORBIT_SEED'] ?? setup.seed ?? 1)
      const network = new make(seed, setup.quality)
      const tell: Tell = (line) => context.diagnostic(line)
      try {
        await run(network, tell)
      } catch (error) {
        tell(`seed ${seed}: repeat it with XORBIT_SEED=${seed}`)
        throw error
      }
    })
  }
}

/** On a network of mainline. */
export const scenario = scenarioOf(MainlineNetwork)

export const khashmirScenario = scenarioOf(KhashmirNetwork)

export const drogulusScenario = scenarioOf(DrogulusNetwork)

/** A random infohash, key or target from the dice of the scenario. */
export function someId({ random }: { readonly random: SeededRandom }): Id {
  return asId(random.bytes(20))
}

export function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN
}

export function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, each) => sum + each, 0) / numbers.length
}
