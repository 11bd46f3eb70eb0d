// The peers of one infohash in one family: unique per IP (B5-18, B33-09), drawn at random in O(count)
// (B5-19). No bounds and no expiry here; those look at all infohashes together and are memory-peers.ts's.
import type { Id } from '../kademlia/id.ts'
import type { Aged } from './refresh-order.ts'
import type { StoredPeer } from './store.ts'

/** An infohash and its peers; `key` is its byteKey. */
export interface Swarms {
  readonly infoHash: Id
  readonly key: string
  readonly v4: Swarm
  readonly v6: Swarm
}

/** One peer and its places: in the array it is drawn from, and in the refresh order of the whole store. */
export interface SwarmEntry extends Aged<SwarmEntry> {
  readonly swarms: Swarms
  /** What makes it unique: the key of its IP, or of its whole address in a private network. */
  readonly identity: string
  /** Replaced as a whole by a refresh, so that what a reader holds never changes. */
  peer: StoredPeer
  /** Index in the array of its kind. */
  place: number
}

export class Swarm {
  readonly #byIp = new Map<string, SwarmEntry>()
  // Two arrays, because BEP 33 `noseed` prefers one of them. Their order is meaningless: draws shuffle it.
  readonly #leechers: SwarmEntry[] = []
  readonly #seeds: SwarmEntry[] = []

  get size(): number {
    return this.#byIp.size
  }

  get seeds(): number {
    return this.#seeds.length
  }

  get(identity: string): SwarmEntry | undefined {
    return this.#byIp.get(identity)
  }

  add(entry: SwarmEntry): void {
    this.#byIp.set(entry.identity, entry)
    this.#push(entry)
  }

  remove(entry: SwarmEntry): void {
    this.#byIp.delete(entry.identity)
    this.#pull(entry)
  }

  /** Gives an entry of this swarm its new peer, with the same IP. */
  replace(entry: SwarmEntry, peer: StoredPeer): void {
    if (peer.seed === entry.peer.seed) {
      entry.peer = peer
      return
    }
    this.#pull(entry)
    entry.peer = peer
    this.#push(entry)
  }

  /**
   * At most `count` peers, every subset of that size equally likely; `noSeeds`: seeds only where the others
   * run out.
   */
  draw(count: number, noSeeds: boolean, fraction: () => number): StoredPeer[] {
    const drawn: StoredPeer[] = []
    let leechers = 0
    let seeds = 0
    // Two Fisher-Yates shuffles at once, each stopped after what is needed: the drawn ones move to the front.
    while (drawn.length < count) {
      const leechersLeft = this.#leechers.length - leechers
      const left = leechersLeft + this.#seeds.length - seeds
      if (left === 0) break
      const pick = Math.floor(fraction() * (noSeeds && leechersLeft > 0 ? leechersLeft : left))
      const entry =
        pick < leechersLeft
          ? moveForward(this.#leechers, leechers++, pick)
          : moveForward(this.#seeds, seeds++, pick - leechersLeft)
      drawn.push(entry.peer)
    }
    return drawn
  }

  entries(): Iterable<SwarmEntry> {
    return this.#byIp.values()
  }

  #push(entry: SwarmEntry): void {
    const list = entry.peer.seed ? this.#seeds : this.#leechers
    entry.place = list.length
    list.push(entry)
  }

  #pull(entry: SwarmEntry): void {
    const list = entry.peer.seed ? this.#seeds : this.#leechers
    const last = list.pop()!
    if (last === entry) return
    list[entry.place] = last
    last.place = entry.place
  }
}

/** Swaps the entry `steps` behind `front` to `front` and returns it. */
function moveForward(list: SwarmEntry[], front: number, steps: number): SwarmEntry {
  const chosen = list[front + steps]!
  const displaced = list[front]!
  list[front + steps] = displaced
  displaced.place = front + steps
  list[front] = chosen
  chosen.place = front
  return chosen
}
