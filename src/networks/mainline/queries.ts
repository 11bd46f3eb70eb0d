// What mainline asks on a lookup and what an answer means: find_node and get_peers (BEP 5, BEP 32). `get` has a file of
// its own (items/item-search.ts).
// Not here: how it is written (wire.ts), and the walk (kademlia/walk.ts).
import type { Family } from '../../codecs/compact-address.ts'
import { unpackAddress } from '../../codecs/compact-address.ts'
import type { Contact } from '../../kademlia/contact.ts'
import type { Id } from '../../kademlia/id.ts'
import type { LookupQuery, LookupStep, Probes } from '../../kademlia/ports.ts'
import { ProtocolError } from '../../kademlia/ports.ts'
import type { MainlineQuery, MainlineReply, Want } from './messages.ts'

/** A BEP 5 TCP peer of an infohash. */
export interface Peer {
  readonly host: string
  /** 1 … 65535 */
  readonly port: number
}

export interface QueryOptions {
  readonly family: Family
  /** Asks for contacts of the other family too (BEP 32, "Bootstrapping"), and who takes them. */
  readonly both?: ((contacts: readonly Contact[]) => void) | undefined
}

export type MainlineLookup<T> = LookupQuery<MainlineQuery, MainlineReply, T>

/** Walks to the nodes closest to a target. */
export function findNode(target: Id, options: QueryOptions): MainlineLookup<never> {
  const question: MainlineQuery = { method: 'find_node', target, want: wanted(options) }
  return {
    target,
    question: () => question,
    read: (reply) => {
      const closer = closerOf(reply, options)
      if (closer === undefined)
        throw new ProtocolError('find_node: the reply has no nodes', { reason: 'no-nodes' })
      return { closer, results: [], done: false, counts: true }
    },
  }
}

/**
 * Walks to the nodes closest to an infohash and collects peers. `forAnnounce`: only who gives a token counts among the
 * closest, for only there can be announced (B5-20, B33-11).
 */
export function getPeers(
  infoHash: Id,
  options: QueryOptions & { readonly forAnnounce: boolean },
): MainlineLookup<Peer> {
  const question: MainlineQuery = {
    method: 'get_peers',
    infoHash,
    want: wanted(options),
    noSeed: false,
    scrape: false,
  }
  return {
    target: infoHash,
    question: () => question,
    read: (reply): LookupStep<Peer> => {
      const closer = closerOf(reply, options)
      if (closer === undefined && reply.values === undefined) {
        throw new ProtocolError('get_peers: the reply has neither nodes nor values', { reason: 'no-nodes' })
      }
      const counts = !options.forAnnounce || reply.token !== undefined
      return { closer: closer ?? [], results: readPeers(reply.values ?? []), done: false, counts }
    },
  }
}

/** The two questions that the engine asks on its own account. `both` decides anew for each walk. */
export function createProbes(
  options: Omit<QueryOptions, 'both'> & { readonly both: () => QueryOptions['both'] },
): Probes<MainlineQuery, MainlineReply> {
  const ping: MainlineQuery = { method: 'ping' }
  return {
    ping: () => ping,
    closestTo: (target) => findNode(target, { family: options.family, both: options.both() }),
  }
}

/** `want` of a question: both families where somebody takes the contacts of the other. */
export function wanted({ both }: QueryOptions): Want {
  return both === undefined ? null : { n4: true, n6: true }
}

/** The contacts of our family; those of the other go to who wants them. undefined: the reply has neither. */
export function closerOf(
  reply: MainlineReply,
  { family, both }: QueryOptions,
): readonly Contact[] | undefined {
  const [own, other] = family === 4 ? [reply.nodes, reply.nodes6] : [reply.nodes6, reply.nodes]
  if (other !== undefined && other.length > 0) both?.(other)
  return own ?? (other === undefined ? undefined : [])
}

/** Peers of both families are taken (B32-07); port 0 is no peer. */
function readPeers(values: readonly Uint8Array[]): Peer[] {
  const peers: Peer[] = []
  for (const value of values) {
    const peer = unpackAddress(value)
    if (peer !== null && peer.port !== 0) peers.push(peer)
  }
  return peers
}
