// Searching peers over all families of a node at once: one stream, each peer once, our own store's first.
// Not here: the walk of one family (kademlia/walk.ts).
import { unpackAddress } from '../../codecs/compact-address.ts'
import type { Id } from '../../kademlia/id.ts'
import type { LookupOutcome } from '../../kademlia/walk.ts'
import { ResultStream } from '../../node/result-stream.ts'
import type { Found } from '../../node/running-engine.ts'
import type { PeerStore } from '../../stores/store.ts'
import type { FamilyNode } from './family.ts'
import type { MainlineReply } from './messages.ts'
import { getPeers, type Peer } from './queries.ts'

/** How a search ended. */
export interface SearchOutcome {
  /** Distinct results, those of our own store among them. */
  readonly found: number
  /** Requests sent, answered and failed. */
  readonly asked: number
  readonly answered: number
  readonly failed: number
}

/** Distinct peers that one search remembers and tells; further ones are not told. */
const MAX_FOUND = 100_000

/** Starts the search; the stream ends when the closest nodes of every family have answered. */
export function searchPeers(
  families: readonly FamilyNode[],
  request: { readonly infoHash: Id; readonly peers: PeerStore; readonly signal: AbortSignal | undefined },
): ResultStream<Peer, SearchOutcome> {
  const { infoHash, peers, signal } = request
  const walks: ResultStream<Found<Peer>, LookupOutcome<MainlineReply>>[] = []
  // Each walk ends as cancelled then, with what it has counted.
  let stopped = false
  const stop = (): void => {
    stopped = true
    for (const walk of walks) void walk.return()
  }
  const stream = new ResultStream<Peer, SearchOutcome>(stop)
  const seen = new Set<string>()
  const tell = (peer: Peer): void => {
    const key = `${peer.host}|${peer.port}`
    if (seen.has(key) || seen.size >= MAX_FOUND) return
    seen.add(key)
    stream.push(peer)
  }
  const searches = families.map(async (node) => {
    const { family, runner, queryOptions } = node
    for (const { compact } of peers.all(infoHash, family)) {
      const peer = unpackAddress(compact)
      if (peer !== null) tell(peer)
    }
    await node.knowsSomebody(signal)
    if (stopped) return { asked: 0, answered: 0, failed: 0 }
    const walk = runner.lookup({ query: getPeers(infoHash, { ...queryOptions, forAnnounce: false }), signal })
    walks.push(walk)
    for await (const { result } of walk) tell(result)
    return walk.outcome
  })
  Promise.all(searches).then(
    (outcomes) => stream.end({ found: seen.size, ...sumOf(outcomes) }),
    (error: unknown) => {
      stream.fail(error)
      stop()
    },
  )
  return stream
}

function sumOf(outcomes: readonly Omit<SearchOutcome, 'found'>[]): Omit<SearchOutcome, 'found'> {
  const sum = { asked: 0, answered: 0, failed: 0 }
  for (const { asked, answered, failed } of outcomes) {
    sum.asked += asked
    sum.answered += answered
    sum.failed += failed
  }
  return sum
}
