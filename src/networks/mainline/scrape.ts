// Counting a swarm without joining it (BEP 33): how many seeds and peers announce an infohash, as the nodes closest to it
// tell. Not here: what they are asked (scrape-query.ts), whom of them to believe (filter-union.ts).
import type { Family } from '../../codecs/compact-address.ts'
import { toHex, type Id } from '../../kademlia/id.ts'
import type { LookupOutcome } from '../../kademlia/walk.ts'
import { Turns } from '../../node/turns.ts'
import type { PeerStore } from '../../stores/store.ts'
import { BloomFilter } from './bloom-filter.ts'
import type { FamilyNode } from './family.ts'
import { uniteFilters } from './filter-union.ts'
import type { MainlineReply } from './messages.ts'
import { ipOf, lieIn, scrapeQuery } from './scrape-query.ts'

/** What a scrape found. */
export interface ScrapeResult {
  /** As lower-case hex. */
  readonly infoHash: string
  /** About how many distinct IPs announce it, as seeds and as others; 8,000 at most, and good to some percent. */
  readonly seeds: number
  readonly peers: number
  /** Requests sent, answered and failed. */
  readonly asked: number
  readonly answered: number
  readonly failed: number
  /** Of the closest nodes those that hold peers of it, and were counted. Not our own, which is where it holds some. */
  readonly holders: number
  /** Of these the ones without BEP 33, whose peers were counted one by one. */
  readonly legacy: number
  /** Further ones that were not believed: what they say cannot be, or stands against all others (B33-14). */
  readonly disbelieved: number
}

export interface ScrapeRequest {
  readonly infoHash: Id
  /** Our own store: we may be one of the holders. */
  readonly peers: PeerStore
  readonly signal: AbortSignal | undefined
}

/** B33-13: BEP 33 would have four at once while a client starts. */
const SCRAPES_AT_ONCE = 4
/** Scrapes that wait; a further one is refused as overload. */
const MAX_WAITING = 256

/** The scrapes of one node: a few at once, the others wait. */
export class Scraper {
  readonly #families: () => readonly FamilyNode[]
  readonly #peers: PeerStore
  readonly #turns = new Turns({ what: 'scrapes', atOnce: SCRAPES_AT_ONCE, waiting: MAX_WAITING })

  /** `families`: one node a family; asked anew for each scrape. */
  constructor(families: () => readonly FamilyNode[], peers: PeerStore) {
    this.#families = families
    this.#peers = peers
  }

  /** Rejects with XorbitError 'overload' when too many wait, 'closed', or what the signal says. */
  scrape(infoHash: Id, signal?: AbortSignal): Promise<ScrapeResult> {
    const request = { infoHash, peers: this.#peers, signal }
    return this.#turns.take(() => scrapeSwarm(this.#families(), request), signal)
  }
}

/** One scrape, over every family at once. */
export async function scrapeSwarm(
  families: readonly FamilyNode[],
  request: ScrapeRequest,
): Promise<ScrapeResult> {
  const { infoHash, peers, signal } = request
  const swarm = { seeds: new BloomFilter(), peers: new BloomFilter() }
  const counts = { asked: 0, answered: 0, failed: 0, holders: 0, legacy: 0, disbelieved: 0 }
  const scrapes = families.map(async (node) => {
    await node.knowsSomebody(signal)
    const outcome = await node.runner.lookup({ query: scrapeQuery(infoHash, node.queryOptions), signal })
      .outcome
    const found = unite(outcome, node.family)
    swarm.seeds.unite(found.seeds)
    swarm.peers.unite(found.peers)
    for (const name of COUNTED) counts[name] += { ...outcome, ...found }[name]
    for (const { compact, seed } of peers.all(infoHash, node.family)) {
      swarm[seed ? 'seeds' : 'peers'].add(ipOf(compact))
    }
  })
  await Promise.all(scrapes)
  const [seedCount, peerCount] = [Math.round(swarm.seeds.estimate), Math.round(swarm.peers.estimate)]
  return { infoHash: toHex(infoHash), seeds: seedCount, peers: peerCount, ...counts }
}

const COUNTED = ['asked', 'answered', 'failed', 'holders', 'legacy', 'disbelieved'] as const

/** What the closest nodes of one family say, taken together. */
function unite(
  { closest }: LookupOutcome<MainlineReply>,
  family: Family,
): {
  readonly seeds: BloomFilter
  readonly peers: BloomFilter
  readonly holders: number
  readonly legacy: number
  readonly disbelieved: number
} {
  const replies = closest.flatMap(({ reply }) => (reply === null ? [] : [reply]))
  const withFilters = replies.filter(({ filters }) => filters !== undefined)
  const believed = withFilters.filter((reply) => lieIn(reply, family) === undefined)
  const seeds = uniteFilters(believed.map(({ filters }) => new BloomFilter(filters!.seeds)))
  const legacy = replies.filter(({ filters, values = [] }) => filters === undefined && values.length > 0)
  // All of one list, the nearest first, so that places mean the same nodes in both.
  const peers = uniteFilters([
    ...believed.map(({ filters }) => new BloomFilter(filters!.peers)),
    ...legacy.map(({ values }) => filterOf(values!, seeds.filter)),
  ])
  const dropped = [...new Set([...seeds.dropped, ...peers.dropped])]
  const ofLegacy = dropped.filter((place) => place >= believed.length).length
  return {
    seeds: seeds.filter,
    peers: peers.filter,
    holders: believed.length + legacy.length - dropped.length,
    legacy: legacy.length - ofLegacy,
    disbelieved: withFilters.length - believed.length + dropped.length,
  }
}

/** A filter for a node that only names peers, without those that others know as seeds (B33-12). */
function filterOf(values: readonly Uint8Array[], seeds: BloomFilter): BloomFilter {
  const filter = new BloomFilter()
  for (const compact of values) {
    const ip = ipOf(compact)
    if (!seeds.has(ip)) filter.add(ip)
  }
  return filter
}
