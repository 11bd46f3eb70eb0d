// Peers and infohashes for tests, from short words; and a small seeded random source.
import { asId, type Id } from '../../src/kademlia/id.ts'
import type { Family, PeerStore, StoredPeer } from '../../src/stores/store.ts'

/** An infohash of 20 bytes that ends in this number. */
export function infoHash(number: number): Id {
  const bytes = new Uint8Array(20)
  new DataView(bytes.buffer).setUint32(16, number)
  return asId(bytes)
}

interface Details {
  readonly seed?: boolean
  readonly at?: number
}

export function peer4(ip: string, port: number, { seed = false, at = 1_000 }: Details = {}): StoredPeer {
  return {
    compact: Uint8Array.from([...ip.split('.').map(Number), port >> 8, port & 0xff]),
    seed,
    refreshedAt: at,
  }
}

/** The IPv4 peer whose address is this number. */
export function numbered4(number: number, details: Details = {}): StoredPeer {
  const ip = [number >>> 24, (number >>> 16) & 0xff, (number >>> 8) & 0xff, number & 0xff].join('.')
  return peer4(ip, 6881, details)
}

/** An IPv6 peer from its 32 hex digits. */
export function peer6(hex: string, port: number, { seed = false, at = 1_000 }: Details = {}): StoredPeer {
  const ip = Buffer.from(hex.padEnd(32, '0'), 'hex')
  return { compact: Uint8Array.from([...ip, port >> 8, port & 0xff]), seed, refreshedAt: at }
}

/** 'a.b.c.d:port' or the hex digits of an IPv6 address and its port. */
export function nameOf({ compact }: StoredPeer): string {
  const ip = compact.subarray(0, -2)
  const port = compact.at(-2)! * 256 + compact.at(-1)!
  return `${ip.length === 4 ? ip.join('.') : Buffer.from(ip).toString('hex')}:${port}`
}

export function namesOf(peers: Iterable<StoredPeer>): string[] {
  return Array.from(peers, nameOf).toSorted()
}

/** Infohash, address, kind and time in one line. */
export function describePeer(hash: Id, peer: StoredPeer): string {
  const kind = peer.seed ? 'seed' : 'leecher'
  return `${Buffer.from(hash).toString('hex')} ${nameOf(peer)} ${kind} ${peer.refreshedAt}`
}

/** Everything a peer store holds, in a form that can be compared. */
export function contentOf(peers: PeerStore): string[] {
  const families: Family[] = [4, 6]
  return [...peers.infoHashes()]
    .flatMap((hash) =>
      families.flatMap((family) => Array.from(peers.all(hash, family), (peer) => describePeer(hash, peer))),
    )
    .toSorted()
}

/** Uniform in [0, 1), the same sequence for the same seed: mulberry32. */
export function seededFraction(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}
