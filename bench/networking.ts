// The network half of the benchmark: a hundred nodes of each implementation, several times over, interleaved.
import type { Contestant } from './contestants.ts'
import type { NetworkOptions, NetworkResult } from './networks/measure.ts'
import { start } from './process.ts'

export interface NetworkingOptions extends NetworkOptions {
  readonly rounds: number
  readonly log: (line: string) => void
}

export interface NetworkingResult {
  readonly name: string
  readonly rounds: readonly NetworkResult[]
}

/** Measures each implementation that has a network. One that fails is left out, aloud. */
export async function measureNetworks(
  all: readonly Contestant[],
  { rounds, log, nodes, ms }: NetworkingOptions,
): Promise<NetworkingResult[]> {
  const results = new Map<string, NetworkResult[]>()
  for (let round = 0; round < rounds; round++) {
    for (const { name, network, words } of all) {
      if (network === null) continue
      const child = start(name, network, null, words)
      try {
        const result = await child.call<NetworkResult>('measure', { nodes, ms } satisfies NetworkOptions)
        results.set(name, [...(results.get(name) ?? []), result])
      } catch (error) {
        log(`left out of the networks: ${(error as Error).message}`)
      } finally {
        await child.stop()
      }
    }
    log(`measured the networks, round ${round + 1} of ${rounds}`)
  }
  return [...results].map(([name, measured]) => ({ name, rounds: measured }))
}
