// One filter made of those of several nodes, a few of which may lie (BEP 33; threat T21).
// Not here: which filters cannot be true by themselves (scrape-query.ts).
import { BloomFilter } from './bloom-filter.ts'

/** Filters that are united, at most: there are 1,820 choices of four to leave out. */
const MAX_FILTERS = 16
/** Of so many one may be a lie. T21: 2 of 8. */
const FILTERS_PER_LIE = 4
/** What those that may be lies may add to what the others say: a tenth, and in small swarms some addresses. */
const MAX_ADDED = 0.1
const MAX_ADDED_ADDRESSES = 10

export interface FilterUnion {
  readonly filter: BloomFilter
  /** Which filters were left out, by their place. */
  readonly dropped: readonly number[]
}

/**
 * The union of filters, without those few, at most a quarter, that alone say much that nobody else says. Honest nodes hold
 * much the same, for a peer announces itself on many of them; a lie stands alone, or with those that agreed on it.
 * Counts the first MAX_FILTERS only: the nearest nodes come first.
 */
export function uniteFilters(given: readonly BloomFilter[]): FilterUnion {
  const filters = given.slice(0, MAX_FILTERS)
  const most = Math.floor(filters.length / FILTERS_PER_LIE)
  const least = leastUnion(filters, most)
  const { estimate } = least.filter
  const believed = estimate + Math.max(MAX_ADDED * estimate, MAX_ADDED_ADDRESSES)
  for (let count = 0; count < most; count++) {
    const union = leastUnion(filters, count)
    if (union.filter.estimate <= believed) return union
  }
  return least
}

/** The smallest union that is left when `count` of them are left out. */
function leastUnion(filters: readonly BloomFilter[], count: number): FilterUnion {
  let least: FilterUnion | null = null
  let leastEstimate = Infinity
  const dropped: number[] = []
  const choose = (at: number, filter: BloomFilter): void => {
    const { estimate } = filter
    // What comes after only adds to it.
    if (estimate >= leastEstimate) return
    if (at === filters.length) {
      least = { filter, dropped: [...dropped] }
      leastEstimate = estimate
      return
    }
    if (dropped.length < count) {
      dropped.push(at)
      choose(at + 1, filter)
      dropped.pop()
    }
    // Whoever has not been left out by now must be taken in.
    if (filters.length - at <= count - dropped.length) return
    const more = new BloomFilter(filter.bytes)
    more.unite(filters[at]!)
    choose(at + 1, more)
  }
  choose(0, new BloomFilter())
  return least ?? { filter: new BloomFilter(), dropped: [] }
}
