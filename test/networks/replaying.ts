// What nodes of ours in the place of recorded ones share, in every network: dice that were recorded, and where somebody was.
// Not here: the node itself (each network's replay.ts).
import type { Address } from '../../src/kademlia/contact.ts'
import type { Random } from '../../src/kademlia/ports.ts'
import { SeededRandom } from '../../src/simulator/seeded-random.ts'

/**
 * Randomness of which the first bytes are given, in order: each where as many are asked for. All others, and fractions,
 * are seeded.
 */
export function scripted(bytes: readonly Uint8Array[]): Random {
  const random = new SeededRandom(1, 'replay')
  const left = [...bytes]
  return {
    bytes: (count) => {
      const next = left[0]?.length === count ? left.shift() : undefined
      return next?.slice() ?? random.bytes(count)
    },
    fraction: () => random.fraction(),
  }
}

/** `127.0.0.1:20500` */
export function addressOf(text: string): Address {
  const [host = '', port = ''] = text.split(':')
  return { host, port: Number(port) }
}
