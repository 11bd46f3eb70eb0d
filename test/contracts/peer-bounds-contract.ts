// The bounds of a PeerStore: each at its edge, what it refuses, and what a flood can and cannot do. Threats
// T6 and T12.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defaultPeerLimits } from '../../src/stores/memory-peers.ts'
import { contentOf, infoHash, numbered4, peer4, peer6 } from './peer-examples.ts'
import type { OpenStore } from './store-contract.ts'

const HASH = infoHash(1)
const STORED = { stored: true }
const refused = (why: string): { stored: false; why: string } => ({ stored: false, why })

export function peerBoundsContract(open: OpenStore): void {
  edges(open)
  foretold(open)
  sources(open)
  floods(open)
}

function edges(open: OpenStore): void {
  test('B33-10: an infohash takes so many peers of a family and no more, below the 6,000 of BEP 33', () => {
    assert.ok(defaultPeerLimits.maxPeersPerInfoHash < 6_000)
    const { peers } = open({ unlimitedPerIp: true })
    for (let i = 0; i < defaultPeerLimits.maxPeersPerInfoHash; i++) peers.announce(HASH, numbered4(i))
    assert.deepEqual(peers.announce(HASH, numbered4(99_999)), refused('infohash-full'))
    assert.deepEqual(peers.announce(HASH, peer6('20010db8', 1)), STORED, 'the other family has its own bound')
    assert.deepEqual(peers.announce(infoHash(2), numbered4(99_999)), STORED)
  })

  test('a full store refuses newcomers, still refreshes who is there, and takes others when there is room', () => {
    const { peers } = open({ peerLimits: { maxPeers: 3, maxInfoHashes: 10 } })
    for (let i = 0; i < 3; i++) peers.announce(infoHash(i), numbered4(i, { at: i }))
    assert.deepEqual(peers.announce(HASH, numbered4(77)), refused('too-many-peers'))
    assert.deepEqual(peers.announce(infoHash(0), peer4('0.0.0.0', 5, { at: 9 })), STORED)
    assert.equal(peers.expire(2, 10), 1)
    assert.deepEqual(peers.announce(HASH, numbered4(77, { at: 9 })), STORED)
  })

  test('refuses an infohash too many, and leaves every other as it was', () => {
    const { peers } = open({ peerLimits: { maxInfoHashes: 2 } })
    peers.announce(infoHash(1), numbered4(1))
    peers.announce(infoHash(2), numbered4(2))
    const before = contentOf(peers)
    assert.deepEqual(peers.announce(infoHash(3), numbered4(3)), refused('too-many-infohashes'))
    assert.deepEqual(contentOf(peers), before)
    assert.deepEqual(peers.announce(infoHash(2), numbered4(3)), STORED)
  })
}

function foretold(open: OpenStore): void {
  test('foretells what an announce would meet, and of a known peer nothing (B33-10)', () => {
    const limits = { maxPeersPerInfoHash: 3, maxPerIp: 1, maxPerPrefix: 2, maxInfoHashes: 2 }
    const { peers } = open({ peerLimits: limits })
    const [known, same] = [peer4('10.0.0.1', 1), peer4('10.0.0.1', 2)]
    assert.equal(peers.refusal(HASH, known.compact), null)
    peers.announce(HASH, known)
    assert.equal(peers.refusal(HASH, same.compact), null)
    assert.equal(peers.refusal(infoHash(2), same.compact), 'too-many-from-ip')
    peers.announce(HASH, peer4('10.0.0.2', 1))
    assert.equal(peers.refusal(HASH, peer4('10.0.0.3', 1).compact), 'too-many-from-prefix')
    assert.equal(peers.refusal(HASH, peer6('20010db8', 1).compact), null)
    peers.announce(HASH, peer4('10.0.1.1', 1))
    assert.equal(peers.refusal(HASH, peer4('10.0.2.1', 1).compact), 'infohash-full')
    peers.announce(infoHash(2), peer4('10.0.2.1', 1))
    assert.equal(peers.refusal(infoHash(3), peer4('10.0.3.1', 1).compact), 'too-many-infohashes')
    assert.deepEqual(peers.size, { infoHashes: 2, peers: 4 })
    assert.throws(() => peers.refusal(HASH, new Uint8Array(7)), /RangeError.*got 7/)
  })
}

function sources(open: OpenStore): void {
  test('in a private network peers of one address are told apart by their ports', () => {
    const { peers } = open({ unlimitedPerIp: true })
    peers.announce(HASH, peer4('10.0.0.1', 1, { at: 1 }))
    peers.announce(HASH, peer4('10.0.0.1', 2, { at: 2 }))
    peers.announce(HASH, peer4('10.0.0.1', 1, { at: 3 }))
    assert.deepEqual(peers.count(HASH, 4), { peers: 2, seeds: 0 })
    peers.withdraw(HASH, peer4('10.0.0.1', 2).compact)
    assert.deepEqual(
      [...peers.all(HASH, 4)].map(({ refreshedAt }) => refreshedAt),
      [3],
    )
  })

  test('T6: one IP announcing 1,000 ports of 1,000 infohashes gets one entry each, and so many in all', () => {
    const { peers } = open()
    for (let hash = 0; hash < 1_000; hash++) {
      for (let port = 1; port <= 1_000; port += 333) peers.announce(infoHash(hash), peer4('10.0.0.1', port))
    }
    assert.deepEqual(peers.size, {
      infoHashes: defaultPeerLimits.maxPerIp,
      peers: defaultPeerLimits.maxPerIp,
    })
    assert.deepEqual(peers.announce(infoHash(5_000), peer4('10.0.0.1', 1)), refused('too-many-from-ip'))
    assert.deepEqual(peers.announce(infoHash(5_000), peer4('10.0.0.2', 1)), STORED)
  })

  test('counts an IPv6 /64 as one IP and a /48 as its prefix', () => {
    const { peers } = open({ peerLimits: { maxPerIp: 2, maxPerPrefix: 3 } })
    assert.deepEqual(peers.announce(HASH, peer6('20010db8000000010000000000000001', 1)), STORED)
    assert.deepEqual(peers.announce(HASH, peer6('20010db8000000010000000000000002', 1)), STORED)
    assert.deepEqual(
      peers.announce(HASH, peer6('20010db8000000010000000000000003', 1)),
      refused('too-many-from-ip'),
    )
    assert.deepEqual(peers.announce(HASH, peer6('20010db8000000020000000000000001', 1)), STORED)
    assert.deepEqual(
      peers.announce(HASH, peer6('20010db8000000030000000000000001', 1)),
      refused('too-many-from-prefix'),
    )
    assert.deepEqual(peers.announce(HASH, peer6('20010db8000100030000000000000001', 1)), STORED)
  })

  test('gives a source back what is withdrawn or expires', () => {
    const { peers } = open({ peerLimits: { maxPerIp: 1 } })
    const peer = peer4('10.0.0.1', 1)
    peers.announce(infoHash(1), peer)
    assert.deepEqual(peers.announce(infoHash(2), peer), refused('too-many-from-ip'))
    peers.withdraw(infoHash(1), peer.compact)
    assert.deepEqual(peers.announce(infoHash(2), peer), STORED)
    assert.deepEqual(peers.announce(infoHash(3), peer), refused('too-many-from-ip'))
    peers.expire(2_000, 10)
    assert.deepEqual(peers.announce(infoHash(3), peer), STORED)
  })

  test('has no limits per source in a private network', () => {
    const { peers } = open({ unlimitedPerIp: true })
    for (let hash = 0; hash < 3_000; hash++) {
      assert.deepEqual(peers.announce(infoHash(hash), peer4('127.0.0.1', 1)), STORED)
    }
  })
}

function floods(open: OpenStore): void {
  test('T12: a flood of one /24 stays below its share, and every honest peer survives it', () => {
    const { peers } = open()
    for (let i = 0; i < 1_000; i++) peers.announce(infoHash(i), numbered4(0x0b_00_00_01 + (i << 8)))
    const honest = new Set(contentOf(peers))
    for (let i = 0; i < 50_000; i++)
      peers.announce(infoHash(1_000_000 + i), numbered4(0x0a_00_00_00 + (i % 256)))
    assert.equal(peers.size.peers, 1_000 + defaultPeerLimits.maxPerPrefix)
    const after = new Set(contentOf(peers))
    assert.ok(honest.isSubsetOf(after))
    assert.deepEqual(peers.announce(infoHash(5), numbered4(0x0c_00_00_01)), STORED)
    assert.deepEqual(peers.announce(infoHash(999_999), numbered4(0x0c_00_00_01)), STORED)
  })
}
