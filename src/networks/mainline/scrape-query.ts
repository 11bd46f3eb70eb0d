// What is asked of nodes to count a swarm, and which of their filters cannot be true (BEP 33).
// Not here: what is made of all of them (filter-union.ts), what we answer ourselves (scrape-filters.ts).
import { COMPACT_BYTES, type Family } from '../../codecs/compact-address.ts'
import type { Id } from '../../kademlia/id.ts'
import { ProtocolError } from '../../kademlia/ports.ts'
import { BloomFilter } from './bloom-filter.ts'
import type { MainlineQuery, MainlineReply } from './messages.ts'
import { closerOf, wanted, type MainlineLookup, type QueryOptions } from './queries.ts'

/**
 * Values that may be missing in the filters beside them: a quarter. Nodes may keep their filters for a while, and tell of
 * a peer that has just come.
 */
const MAX_MISSING = 1 / 4

/** Walks to the nodes closest to an infohash, and asks each for its filters. They are in the replies of the closest. */
export function scrapeQuery(infoHash: Id, options: QueryOptions): MainlineLookup<never> {
  const question: MainlineQuery = {
    method: 'get_peers',
    infoHash,
    want: wanted(options),
    noSeed: false,
    scrape: true,
  }
  return {
    target: infoHash,
    question: () => question,
    read: (reply) => {
      const closer = closerOf(reply, options)
      if (closer === undefined && reply.values === undefined && reply.filters === undefined) {
        throw new ProtocolError('get_peers: the reply has neither nodes nor values', { reason: 'no-nodes' })
      }
      const lie = lieIn(reply, options.family)
      return { closer: closer ?? [], results: [], done: false, counts: true, lie }
    },
  }
}

/** Why the filters of a reply are not believed (B33-14), as a word for counting; undefined when they are, or are none. */
export function lieIn({ filters, values = [] }: MainlineReply, family: Family): string | undefined {
  if (filters === undefined) return undefined
  const all = new BloomFilter(filters.seeds)
  all.unite(new BloomFilter(filters.peers))
  if (all.isFull) return 'filter-full'
  // Those of the other family may be counted elsewhere.
  const own = values.filter(({ length }) => length === COMPACT_BYTES[family])
  const missing = own.filter((compact) => !all.has(ipOf(compact))).length
  return missing > MAX_MISSING * own.length ? 'filter-without-values' : undefined
}

/** The IP of a compact address: what filters count (B33-01). */
export function ipOf(compact: Uint8Array): Uint8Array {
  return compact.subarray(0, compact.length - 2)
}
