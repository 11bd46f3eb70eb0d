// Peers by infohash in memory, and every bound on them: what both stores read from. BEP 5, BEP 33.
// Not here: the file (sqlite-peers.ts follows the changes told to it), when to expire, which announce is
// honest.
import type { Id } from '../kademlia/id.ts'
import { byteKey, ipKeyOf } from './byte-key.ts'
import { dropDue } from './drop-due.ts'
import type { StoreLife } from './life.ts'
import { RefreshOrder } from './refresh-order.ts'
import { SourceQuota, type QuotaLimits } from './source-quota.ts'
import type { Family, PeerRefusal, PeerSampleOptions, PeerStore, StoredPeer } from './store.ts'
import { Swarm, type SwarmEntry, type Swarms } from './swarm.ts'
import { wholeMs } from './whole-ms.ts'

/**
 * The bounds. When one is reached the newcomer is refused and nobody is thrown out: what was acknowledged
 * stays until it expires, so a flood can keep others out for as long as it pays for it, but never wash out
 * who was there before.
 */
export interface PeerLimits extends QuotaLimits {
  /** Infohashes with at least one peer, both families together. About 1 kB each. */
  readonly maxInfoHashes: number
  /** Peers of one infohash in one family. */
  readonly maxPeersPerInfoHash: number
  /** Peers in all, both families together. About 0.4 kB each. */
  readonly maxPeers: number
}

/** Some 110 MB of memory when all is full. An ordinary node of the living network holds a few thousand peers. */
export const defaultPeerLimits: PeerLimits = {
  maxInfoHashes: 20_000,
  // A reply carries at most some 150 peers, so these are more than ten different replies. Below the 6,000 of
  // BEP 33 (B33-10), beyond which its filters cannot count; and 1 % of the store for one infohash.
  maxPeersPerInfoHash: 2_000,
  maxPeers: 200_000,
  // Of each infohash of a source, eight nodes among millions hear: 100 are generous also for a shared address.
  maxPerIp: 100,
  // 1 % of the store, and a tenth of the infohashes.
  maxPerPrefix: 2_000,
}

export interface PeerStoreOptions {
  /** Bounds other than the defaults. */
  readonly peerLimits?: Partial<PeerLimits>
  /**
   * No limits per IP and prefix, and a peer is unique per IP and port: in a private network, or a benchmark, many share
   * one address.
   */
  readonly unlimitedPerIp?: boolean
}

/** Who is told of every change, after it has been made. `key` is unique per infohash and compact address. */
export interface PeerChanges {
  put(key: string, infoHash: Id, peer: StoredPeer): void
  drop(key: string, infoHash: Id, peer: StoredPeer): void
}

const STORED = { stored: true } as const

export class MemoryPeers implements PeerStore {
  readonly #life: StoreLife
  readonly #limits: PeerLimits
  readonly #changes: PeerChanges | null
  readonly #quota: SourceQuota
  /** What makes a peer of an infohash the same as another: its IP (B5-18, B33-09), or its whole address. */
  readonly #identityOf: (compact: Uint8Array) => string
  readonly #byInfoHash = new Map<string, Swarms>()
  readonly #order = new RefreshOrder<SwarmEntry>()
  #peers = 0
  /** The latest refresh: keeps the order of the list and the order of the times the same. */
  #latest = Number.NEGATIVE_INFINITY

  constructor(life: StoreLife, options: PeerStoreOptions = {}, changes: PeerChanges | null = null) {
    this.#life = life
    this.#limits = { ...defaultPeerLimits, ...options.peerLimits }
    this.#quota = new SourceQuota(options.unlimitedPerIp === true ? null : this.#limits)
    this.#identityOf = options.unlimitedPerIp === true ? byteKey : ipKeyOf
    this.#changes = changes
  }

  get size(): { readonly infoHashes: number; readonly peers: number } {
    return { infoHashes: this.#byInfoHash.size, peers: this.#peers }
  }

  refusal(infoHash: Id, compact: Uint8Array): PeerRefusal | null {
    const swarms = this.#byInfoHash.get(byteKey(infoHash))
    const family = familyOf(compact)
    // Every get_peers asks, and hardly ever is anything full: then it does not matter who asks.
    if (this.#fullness(swarms, family) === null && !this.#quota.mayRefuse()) return null
    const identity = this.#identityOf(compact)
    if (swarms && swarmOf(swarms, family).get(identity)) return null
    return this.#refusal(swarms, family, identity)
  }

  announce(
    infoHash: Id,
    peer: StoredPeer,
  ): { readonly stored: true } | { readonly stored: false; readonly why: PeerRefusal } {
    this.#life.assertOpen()
    const entry = this.#place(infoHash, peer)
    if (typeof entry === 'string') return { stored: false, why: entry }
    this.#changes?.put(rowKey(entry), entry.swarms.infoHash, entry.peer)
    return STORED
  }

  /** An announce that comes from the file: the same, but told to nobody. Whether it was stored. */
  restore(infoHash: Id, peer: StoredPeer): boolean {
    return typeof this.#place(infoHash, peer) !== 'string'
  }

  withdraw(infoHash: Id, compact: Uint8Array): void {
    this.#life.assertOpen()
    const swarms = this.#byInfoHash.get(byteKey(infoHash))
    const entry = swarms && swarmOf(swarms, familyOf(compact)).get(this.#identityOf(compact))
    if (entry) this.#drop(entry)
  }

  sample(infoHash: Id, options: PeerSampleOptions): readonly StoredPeer[] {
    const swarms = this.#byInfoHash.get(byteKey(infoHash))
    if (!swarms) return []
    return swarmOf(swarms, options.family).draw(options.count, options.noSeeds === true, options.fraction)
  }

  count(infoHash: Id, family: Family): { readonly peers: number; readonly seeds: number } {
    const swarms = this.#byInfoHash.get(byteKey(infoHash))
    if (!swarms) return { peers: 0, seeds: 0 }
    const swarm = swarmOf(swarms, family)
    return { peers: swarm.size, seeds: swarm.seeds }
  }

  all(infoHash: Id, family: Family): Iterable<StoredPeer> {
    const swarms = this.#byInfoHash.get(byteKey(infoHash))
    if (!swarms) return []
    const peers = Array.from(swarmOf(swarms, family).entries(), (entry) => entry.peer)
    return peers.sort((a, b) => a.refreshedAt - b.refreshedAt)
  }

  *infoHashes(): Generator<Id> {
    for (const { infoHash } of this.#byInfoHash.values()) yield infoHash
  }

  expire(before: number, limit: number): number {
    this.#life.assertOpen()
    const due = (): SwarmEntry | null => {
      const { oldest } = this.#order
      return oldest !== null && oldest.peer.refreshedAt < before ? oldest : null
    }
    return dropDue(limit, due, (entry) => this.#drop(entry))
  }

  /** Every peer of every infohash, least recently refreshed first, as the file keeps them. */
  *rows(): Generator<{ readonly infoHash: Id; readonly peer: StoredPeer }> {
    for (const { swarms, peer } of this.#order) yield { infoHash: swarms.infoHash, peer }
  }

  #place(infoHash: Id, peer: StoredPeer): SwarmEntry | PeerRefusal {
    const family = familyOf(peer.compact)
    const key = byteKey(infoHash)
    const identity = this.#identityOf(peer.compact)
    const time = Math.max(wholeMs(peer.refreshedAt, 'refreshedAt'), this.#latest)
    // Copied, because the bytes may be part of a datagram, which would stay alive with them; not by slice(),
    // which on a Buffer copies nothing.
    const kept = { compact: new Uint8Array(peer.compact), seed: peer.seed, refreshedAt: time }
    let swarms = this.#byInfoHash.get(key)
    const known = swarms && swarmOf(swarms, family).get(identity)
    if (swarms && known) {
      // Another port of the same IP: its row is another one.
      if (!samePort(known.peer.compact, kept.compact))
        this.#changes?.drop(rowKey(known), swarms.infoHash, known.peer)
      swarmOf(swarms, family).replace(known, kept)
      this.#order.refresh(known)
      this.#latest = time
      return known
    }
    const refusal = this.#refusal(swarms, family, identity)
    if (refusal !== null) return refusal
    if (!swarms) {
      swarms = { infoHash: new Uint8Array(infoHash) as Id, key, v4: new Swarm(), v6: new Swarm() }
      this.#byInfoHash.set(key, swarms)
    }
    const entry: SwarmEntry = { swarms, identity, peer: kept, place: 0, older: null, newer: null }
    swarmOf(swarms, family).add(entry)
    this.#order.append(entry)
    this.#quota.take(identity)
    this.#peers++
    this.#latest = time
    return entry
  }

  #refusal(swarms: Swarms | undefined, family: Family, identity: string): PeerRefusal | null {
    return this.#fullness(swarms, family) ?? this.#quota.refusal(identity)
  }

  /** What would refuse anybody who is not there yet. */
  #fullness(swarms: Swarms | undefined, family: Family): PeerRefusal | null {
    if (this.#peers >= this.#limits.maxPeers) return 'too-many-peers'
    if (!swarms && this.#byInfoHash.size >= this.#limits.maxInfoHashes) return 'too-many-infohashes'
    const held = swarms ? swarmOf(swarms, family).size : 0
    return held >= this.#limits.maxPeersPerInfoHash ? 'infohash-full' : null
  }

  #drop(entry: SwarmEntry): void {
    const { swarms, identity, peer } = entry
    const key = rowKey(entry)
    swarmOf(swarms, familyOf(peer.compact)).remove(entry)
    if (swarms.v4.size + swarms.v6.size === 0) this.#byInfoHash.delete(swarms.key)
    this.#order.remove(entry)
    this.#quota.giveBack(identity)
    this.#peers--
    this.#changes?.drop(key, swarms.infoHash, peer)
  }
}

function rowKey({ swarms, peer }: SwarmEntry): string {
  return swarms.key + byteKey(peer.compact)
}

function samePort(a: Uint8Array, b: Uint8Array): boolean {
  return a.at(-1) === b.at(-1) && a.at(-2) === b.at(-2)
}

/** Throws RangeError for a length that no family has. */
function familyOf(compact: Uint8Array): Family {
  if (compact.length === 6) return 4
  if (compact.length === 18) return 6
  throw new RangeError(`a compact address has 6 or 18 bytes, got ${compact.length}`)
}

function swarmOf(swarms: Swarms, family: Family): Swarm {
  return family === 4 ? swarms.v4 : swarms.v6
}
