// What a node tells who surveys it (BEP 51): some of the infohashes of which it stores peers in one family.
// Not here: contacts beside them (near-contacts.ts), asking others.
import type { Family } from '../../codecs/compact-address.ts'
import type { Id } from '../../kademlia/id.ts'
import type { PeerStore } from '../../stores/store.ts'

/** In one reply, as libtorrent has it: 400 bytes. Beside the contacts of both families the wire sheds one or two. */
const MAX_SAMPLES = 20

/**
 * How long one subset is told, in seconds; BEP 51 allows 0 … 21,600. Peers live 45 min here: who comes back each ten
 * minutes sees four subsets of what is stored at a time, and need not ask more often. Drawing one costs some ms.
 */
const INTERVAL_S = 600

export interface Samples {
  /** Seconds until others come. */
  readonly interval: number
  /** How many infohashes there are in all. As many as samples: these are all of them. */
  readonly num: number
  /** At most 20. */
  readonly samples: readonly Id[]
}

export interface InfohashSamplesParts {
  readonly family: Family
  readonly peers: PeerStore
  /** Uniform in [0, 1). */
  readonly fraction: () => number
}

export class InfohashSamples {
  readonly #parts: InfohashSamplesParts
  #drawn: Samples | null = null
  /** Until when what was drawn is told (ms). */
  #drawnUntil = 0

  constructor(parts: InfohashSamplesParts) {
    this.#parts = parts
  }

  /**
   * A random subset, the same until its interval has passed, whatever was asked around (B51-04, B51-05). Where
   * everything fits nothing is chosen, and it is what there is now.
   */
  at(now: number): Samples {
    if (this.#parts.peers.size.infoHashes <= MAX_SAMPLES) return this.#draw()
    if (this.#drawn === null || now >= this.#drawnUntil) {
      this.#drawn = this.#draw()
      this.#drawnUntil = now + INTERVAL_S * 1_000
    }
    return this.#drawn
  }

  /** Every subset is equally likely: Vitter's algorithm R, for the store does not number its infohashes. */
  #draw(): Samples {
    const { family, peers, fraction } = this.#parts
    const samples: Id[] = []
    let num = 0
    for (const infoHash of peers.infoHashes()) {
      // The two DHTs of BEP 32 are told apart.
      if (peers.count(infoHash, family).peers === 0) continue
      num++
      if (samples.length < MAX_SAMPLES) {
        samples.push(infoHash)
        continue
      }
      const place = Math.floor(fraction() * num)
      if (place < MAX_SAMPLES) samples[place] = infoHash
    }
    return { interval: INTERVAL_S, num, samples }
  }
}
