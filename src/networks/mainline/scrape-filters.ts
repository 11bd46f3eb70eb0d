// What a node tells who scrapes it (BEP 33): the filters over the peers that it stores of an infohash in one family.
// Not here: the filter itself (bloom-filter.ts), peers one by one (answer-peers.ts).
import type { Family } from '../../codecs/compact-address.ts'
import { toHex, type Id } from '../../kademlia/id.ts'
import type { PeerStore } from '../../stores/store.ts'
import { BloomFilter } from './bloom-filter.ts'
import type { MainlineReply } from './messages.ts'

/** Up to so many peers are hashed anew each time, which costs less than the rest of a reply, and is never stale. */
const MAX_UNCACHED_PEERS = 64

/**
 * Filters kept, about 0.7 kB each; the pair not asked for longest goes. All 200,000 peers of a full store fit in 512
 * infohashes of 390, so who asks for one more in turn makes us hash no more than that for each question.
 */
const MAX_CACHED = 512

/** How long kept filters are told. Peers live 45 min: some 1 % of them change meanwhile. */
const KEPT_FOR_MS = 30_000

export type Filters = NonNullable<MainlineReply['filters']>

interface Kept {
  readonly filters: Filters
  readonly until: number
}

export interface ScrapeFiltersParts {
  readonly family: Family
  readonly peers: PeerStore
  /** A peer that has not announced itself for so long counts no more, in ms. */
  readonly peerLifetimeMs: number
}

export class ScrapeFilters {
  readonly #parts: ScrapeFiltersParts
  /** By infohash; least recently asked for first. At most MAX_CACHED. */
  readonly #kept = new Map<string, Kept>()

  constructor(parts: ScrapeFiltersParts) {
    this.#parts = parts
  }

  /** The filters of an infohash; null when no peer of it is stored (B33-06). Their bytes are not to be changed. */
  of(infoHash: Id, now: number): Filters | null {
    const { peers, family } = this.#parts
    const stored = peers.count(infoHash, family).peers
    if (stored === 0) return null
    return stored <= MAX_UNCACHED_PEERS ? this.#build(infoHash, now) : this.#cached(infoHash, now)
  }

  #cached(infoHash: Id, now: number): Filters | null {
    const key = toHex(infoHash)
    const kept = this.#kept.get(key)
    this.#kept.delete(key)
    if (kept !== undefined && now < kept.until) {
      this.#kept.set(key, kept)
      return kept.filters
    }
    const filters = this.#build(infoHash, now)
    if (filters === null) return null
    this.#kept.set(key, { filters, until: now + KEPT_FOR_MS })
    if (this.#kept.size > MAX_CACHED) this.#kept.delete(this.#kept.keys().next().value!)
    return filters
  }

  #build(infoHash: Id, now: number): Filters | null {
    const { peers, family, peerLifetimeMs } = this.#parts
    const seeds = new BloomFilter()
    const others = new BloomFilter()
    let counted = 0
    for (const { compact, seed, refreshedAt } of peers.all(infoHash, family)) {
      if (refreshedAt < now - peerLifetimeMs) continue
      // Its IP, without the two bytes of its port (B33-01). Who is a seed is no `peer` as well (BEP 33).
      const into = seed ? seeds : others
      into.add(compact.subarray(0, compact.length - 2))
      counted++
    }
    return counted === 0 ? null : { seeds: seeds.bytes, peers: others.bytes }
  }
}
