// A PeerStore against the simplest model of it, by random operations under small bounds. fast-check prints
// the seed.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { PeerLimits } from '../../src/stores/memory-peers.ts'
import type { PeerStore, StoredPeer } from '../../src/stores/store.ts'
import {
  contentOf,
  describePeer,
  infoHash,
  nameOf,
  numbered4,
  peer6,
  seededFraction,
} from './peer-examples.ts'
import type { OpenStore } from './store-contract.ts'

const LIMITS: PeerLimits = {
  maxInfoHashes: 4,
  maxPeersPerInfoHash: 5,
  maxPeers: 12,
  maxPerIp: 3,
  maxPerPrefix: 6,
}

/** What is done to a store and to its model. */
export type Operation =
  | { readonly do: 'announce'; readonly hash: number; readonly peer: StoredPeer }
  | { readonly do: 'withdraw'; readonly hash: number; readonly peer: StoredPeer }
  | { readonly do: 'expire'; readonly before: number; readonly limit: number }
  | { readonly do: 'sample'; readonly hash: number; readonly count: number; readonly noSeeds: boolean }

const hashes = fc.nat(5)
const details = fc.record({ seed: fc.boolean(), at: fc.nat(30) })
const peers = fc.oneof(
  fc
    .tuple(fc.nat(3), fc.nat(4), details)
    .map(([prefix, host, more]) => numbered4((prefix << 8) + host, more)),
  fc
    .tuple(fc.constantFrom('20010db80000', '20010db80001'), fc.nat(2), fc.nat(2), details)
    .map(([prefix, net, host, more]) => peer6(`${prefix}000${net}000000000000000${host}`, 6881, more)),
)

export const operations: fc.Arbitrary<Operation[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constant('announce' as const), hash: hashes, peer: peers }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('withdraw' as const), hash: hashes, peer: peers }) },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant('expire' as const), before: fc.nat(35), limit: fc.nat(5) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant('sample' as const),
        hash: hashes,
        count: fc.nat(6),
        noSeeds: fc.boolean(),
      }),
    },
  ),
  { maxLength: 60 },
)

export function apply(store: PeerStore, operation: Operation, fraction: () => number): unknown {
  switch (operation.do) {
    case 'announce':
      return store.announce(infoHash(operation.hash), operation.peer)
    case 'withdraw':
      return store.withdraw(infoHash(operation.hash), operation.peer.compact)
    case 'expire':
      return store.expire(operation.before, operation.limit)
    case 'sample':
      return store.sample(infoHash(operation.hash), { family: 4, fraction, ...operation })
  }
}

interface Entry {
  readonly hash: number
  readonly ip: string
  readonly peer: StoredPeer
}

const ipOf = (peer: StoredPeer): string => nameOf(peer).replace(/:\d+$/, '')
const addressOf = (ip: string): string => (ip.includes('.') ? ip : ip.slice(0, 16))
const prefixOf = (ip: string): string => (ip.includes('.') ? ip.replace(/\.\d+$/, '') : ip.slice(0, 12))

/** A list, least recently refreshed first, searched from end to end for everything. */
class NaivePeers {
  entries: Entry[] = []
  latest = Number.NEGATIVE_INFINITY

  announce(hash: number, announced: StoredPeer): string | null {
    const ip = ipOf(announced)
    const rest = this.entries.filter((entry) => !(entry.hash === hash && entry.ip === ip))
    const refusal = rest.length < this.entries.length ? null : this.refusal(hash, ip)
    if (refusal !== null) return refusal
    this.latest = Math.max(this.latest, announced.refreshedAt)
    this.entries = [...rest, { hash, ip, peer: { ...announced, refreshedAt: this.latest } }]
    return null
  }

  refusal(hash: number, ip: string): string | null {
    const all = this.entries
    const isV4 = ip.includes('.')
    const held = all.filter((entry) => entry.hash === hash)
    const known = new Set(all.map((entry) => entry.hash))
    if (all.length >= LIMITS.maxPeers) return 'too-many-peers'
    if (held.length === 0 && known.size >= LIMITS.maxInfoHashes) return 'too-many-infohashes'
    const ofFamily = held.filter((entry) => entry.ip.includes('.') === isV4)
    if (ofFamily.length >= LIMITS.maxPeersPerInfoHash) return 'infohash-full'
    const ofIp = all.filter((entry) => addressOf(entry.ip) === addressOf(ip))
    if (ofIp.length >= LIMITS.maxPerIp) return 'too-many-from-ip'
    const ofPrefix = all.filter((entry) => prefixOf(entry.ip) === prefixOf(ip))
    return ofPrefix.length >= LIMITS.maxPerPrefix ? 'too-many-from-prefix' : null
  }

  withdraw(hash: number, peer: StoredPeer): void {
    this.entries = this.entries.filter((entry) => !(entry.hash === hash && entry.ip === ipOf(peer)))
  }

  expire(before: number, limit: number): number {
    const due = this.entries.filter((entry) => entry.peer.refreshedAt < before).slice(0, limit)
    this.entries = this.entries.filter((entry) => !due.includes(entry))
    return due.length
  }

  content(): string[] {
    return this.entries.map(({ hash, peer }) => describePeer(infoHash(hash), peer)).toSorted()
  }
}

export function peerProperties(open: OpenStore, numRuns: number): void {
  test('does what the naive model does, answer by answer, and never exceeds a bound', () => {
    fc.assert(
      fc.property(operations, (sequence) => {
        const store = open({ peerLimits: LIMITS })
        const model = new NaivePeers()
        const fraction = seededFraction(1)
        for (const operation of sequence) {
          const foretold =
            operation.do === 'announce'
              ? store.peers.refusal(infoHash(operation.hash), operation.peer.compact)
              : null
          const answer = apply(store.peers, operation, fraction)
          compare(model, operation, answer)
          if (operation.do === 'announce')
            assert.deepEqual(answer, foretold === null ? { stored: true } : { stored: false, why: foretold })
          assert.deepEqual(contentOf(store.peers), model.content())
          const { infoHashes, peers: held } = store.peers.size
          assert.equal(held, model.entries.length)
          assert.equal(infoHashes, new Set(model.entries.map((entry) => entry.hash)).size)
        }
        store.close()
      }),
      { numRuns },
    )
  })
}

/** Does the operation to the model too, and holds the store's answer against the model's. */
function compare(model: NaivePeers, operation: Operation, answer: unknown): void {
  if (operation.do === 'announce') {
    const why = model.announce(operation.hash, operation.peer)
    assert.deepEqual(answer, why === null ? { stored: true } : { stored: false, why })
  } else if (operation.do === 'withdraw') {
    model.withdraw(operation.hash, operation.peer)
  } else if (operation.do === 'expire') {
    assert.equal(answer, model.expire(operation.before, operation.limit))
  } else {
    const held = model.entries.filter((entry) => entry.hash === operation.hash && entry.ip.includes('.'))
    const drawn = answer as StoredPeer[]
    assert.equal(drawn.length, Math.min(operation.count, held.length))
    assert.equal(new Set(drawn.map(nameOf)).size, drawn.length)
    const names = new Set(held.map((entry) => nameOf(entry.peer)))
    assert.ok(drawn.every((peer) => names.has(nameOf(peer))))
    const leechers = held.filter((entry) => !entry.peer.seed).length
    const drawnLeechers = drawn.filter((peer) => !peer.seed).length
    if (operation.noSeeds) assert.equal(drawnLeechers, Math.min(leechers, drawn.length))
  }
}
