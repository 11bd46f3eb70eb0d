// Lookups of a real engine through a network of scripted peers: what is found, whom they ask, and whom they never do.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { toHex } from '../../src/kademlia/id.ts'
import { defaultParameters } from '../../src/kademlia/parameters.ts'
import type { Contact } from '../../src/kademlia/contact.ts'
import { idOf } from './table-fixtures.ts'
import { ToyNetwork, type Peer } from './toy-network.ts'
import { findToy, type ToyMessage } from './toy-wire.ts'
import { TARGET, A, begin, highsOf, network, peerAt } from './walk-fixtures.ts'

/** A node that knows that its network answers within 20 ms, and beside all others a peer near the target that never does. */
function experienced(): { net: ToyNetwork; silent: Peer; all: readonly Contact[] } {
  const net = network({}, 0x10, 0x18, 0x20, 0x30, 0x40, 0x60, 0x80, 0xa0)
  for (const { contact } of net.peers) net.ask(contact.address)
  net.runFor(100)
  const silent = net.addPeer(peerAt(0xf0))
  silent.answer = () => null
  return { net, silent, all: net.peers.map(({ contact }) => contact) }
}

/** A question about another target than that of the lookup. */
const isAside = ({ q }: ToyMessage): boolean => q?.target !== undefined && q.target !== toHex(TARGET)

describe('A lookup on its way', () => {
  test('finds the k closest of the network and has their answers', () => {
    const net = network({}, 0x10, 0x20, 0x40, 0x80, 0xa0, 0xc0, 0xf0, 0xf8)
    const { outcome } = net.lookup(TARGET, { seeds: [peerAt(0x10)] })
    assert.equal(outcome!.why, 'converged')
    assert.deepEqual(highsOf(outcome), [0xf8, 0xf0, 0xc0, 0xa0])
    assert.ok(outcome!.closest.every(({ reply }) => reply!.nodes!.length > 0))
    assert.deepEqual([outcome!.asked, outcome!.answered, outcome!.failed], [5, 5, 0])
  })

  test('begins with its own table, also with contacts that are no longer good', () => {
    const net = network({}, 0xf0)
    net.table.restore([{ ...peerAt(0xf0), repliedAt: 1 }], net.now)
    assert.deepEqual(highsOf(net.lookup(TARGET).outcome), [0xf0])
  })

  test('is over at once, before lookup() returns, when nobody is known', () => {
    const net = new ToyNetwork()
    const { outcome } = begin(net, []).walked
    assert.deepEqual(outcome, { why: 'converged', closest: [], asked: 0, answered: 0, failed: 0 })
    assert.equal(net.engine.underWay.lookups, 0)
  })

  test('counts the local node where it takes part, without asking it', () => {
    const net = network({ ownId: idOf(0xe0, 0) }, 0x10, 0x20, 0x40, 0xf0)
    const { outcome } = net.lookup(TARGET, { seeds: net.peers.map(({ contact }) => contact), self: true })
    assert.deepEqual(
      outcome!.closest.map(({ contact, self, reply }) => [contact.id[0], self, reply === null]),
      [
        [0xf0, false, false],
        [0xe0, true, true],
        [0x40, false, false],
        [0x20, false, false],
      ],
    )
  })

  test('streams results as they come, and stops sending when the query has enough', () => {
    const net = network({ parameters: { alpha: 1 } }, 0x10, 0x20, 0x40, 0x80)
    for (const peer of net.peers) {
      peer.answer = ({ t }) => ({
        t,
        id: toHex(peer.contact.id),
        r: { nodes: [], values: [toHex(peer.contact.id)] },
      })
    }
    const all = net.peers.map(({ contact }) => contact)
    const { walked } = begin(net, all, { enough: 2 })
    net.runFor(20)
    assert.deepEqual(walked.values, ['8000'])
    assert.equal(walked.outcome, null)
    net.runFor(60_000)
    assert.deepEqual(walked.values, ['8000', '4000'])
    assert.equal(walked.outcome!.why, 'done')
    assert.equal(net.dialed.filter(({ message }) => message.q!.method === 'find').length, 2)
  })

  test('that is given up sends nothing more, ends once as cancelled, and hears no late answers', () => {
    const net = network(
      { parameters: { maintenanceMs: 1e9, checkpointMs: 1e9, sleptAfterMs: 1e9 } },
      0x10,
      0x20,
    )
    const { walked, handle } = begin(net, [peerAt(0x10)])
    net.runFor(5)
    handle.cancel(net.now)
    handle.cancel(net.now)
    assert.equal(walked.outcome!.why, 'cancelled')
    const sent = net.dialed.length
    net.runFor(60_000)
    assert.equal(net.dialed.length, sent)
    assert.equal(walked.hops.length, 0)
    assert.deepEqual(net.engine.underWay, { requests: 0, lookups: 0 })
  })

  test('tells its way: who answered, who named whom, how deep and how near, and who failed and why', () => {
    const net = network({}, 0x10, 0xf0)
    net.addPeer(peerAt(0xf8)).answer = ({ t }) => ({ t, e: { code: 202, message: '' } })
    net.addPeer(peerAt(0xfc)).answer = ({ t, q }) =>
      q === undefined ? null : { t, id: toHex(peerAt(0xfc).id), r: {} }
    net.addPeer(peerAt(0xfe)).answer = () => null
    const { walked } = begin(net, [peerAt(0x10)])
    net.runFor(500)
    assert.equal(
      net.engine.table.find(peerAt(0xfc).id)?.failures,
      1,
      'a reply without what was asked for counts',
    )
    net.runFor(60_000)
    const told = walked.hops.map(({ contact, namedBy, depth, sharedBits, outcome, named, rttMs }) => [
      contact.id[0],
      namedBy?.id[0] ?? null,
      depth,
      sharedBits,
      outcome,
      named,
      rttMs,
    ])
    assert.deepEqual(told, [
      [0x10, null, 0, 0, 'answered', 4, 20],
      [0xfc, 0x10, 1, 6, 'malformed', 0, 20],
      [0xf8, 0x10, 1, 5, 'refused', 0, 20],
      [0xf0, 0x10, 1, 4, 'answered', 4, 20],
      [0xfe, 0x10, 1, 7, 'timeout', 0, null],
    ])
    assert.deepEqual(highsOf(walked.outcome), [0xf0, 0x10])
  })

  test('uses the answer of a slow one, and meanwhile asks another', () => {
    const net = network({ parameters: { alpha: 1, k: 1 } }, 0x10)
    const slow = net.addPeer(peerAt(0xf0), 1_500)
    const { walked } = begin(net, [slow.contact, peerAt(0x10)])
    net.runFor(999)
    assert.equal(net.dialed.length, 1)
    net.runFor(21)
    assert.equal(net.dialedTo(peerAt(0x10).address).length, 1)
    net.runFor(500)
    assert.deepEqual(highsOf(walked.outcome), [0xf0])
  })

  test('asks again as soon as others would have answered, each time in a new transaction (K-05)', () => {
    const { net, silent, all } = experienced()
    begin(net, all)
    net.runFor(4_400)
    const sent = net.dialedTo(silent.contact.address)
    assert.deepEqual(
      sent.map(({ at }) => at - sent[0]!.at),
      [0, 150, 300],
    )
    assert.equal(new Set(sent.map(({ message }) => message.t)).size, 3)
  })

  test('ends without one that is silent after three attempts, and says that its time was up', () => {
    const { net, silent, all } = experienced()
    const { walked } = begin(net, all)
    net.runFor(449)
    assert.equal(walked.outcome, null)
    net.runFor(1)
    assert.deepEqual(highsOf(walked.outcome), [0xa0, 0x80, 0x60, 0x40])
    assert.equal(walked.outcome!.failed, 1)
    const told = walked.hops.find(({ contact }) => contact === silent.contact)
    assert.deepEqual([told!.outcome, told!.rttMs], ['timeout', null])
  })

  test('looks aside while it waits for one that it has asked for the last time, and no longer when that answers', () => {
    const { net, silent, all } = experienced()
    const asides = (): number => net.dialed.filter(({ message }) => isAside(message)).length
    const { walked } = begin(net, all)
    net.runFor(299)
    assert.equal(asides(), 0)
    net.runFor(1)
    assert.ok(asides() > 0)
    assert.equal(walked.outcome, null)
    const { t } = net.dialedTo(silent.contact.address).at(-1)!.message
    net.deliver({ t, id: toHex(silent.contact.id), r: { nodes: [] } }, silent.contact.address)
    assert.deepEqual(highsOf(walked.outcome), [0xf0, 0xa0, 0x80, 0x60])
  })

  test('counts the answer of a silent one that comes before it ends', () => {
    const { net, all } = experienced()
    const late = net.addPeer(peerAt(0xfe), 500)
    const dead = [0xf1, 0xf2, 0xf3, 0xf4, 0xf5].map((high) => net.addPeer(peerAt(high)))
    for (const peer of dead) peer.answer = () => null
    const { walked } = begin(net, [...all, late.contact, ...dead.map(({ contact }) => contact)])
    net.runFor(499)
    assert.equal(walked.outcome, null)
    net.runFor(4_000)
    assert.deepEqual(highsOf(walked.outcome), [0xfe, 0xa0, 0x80, 0x60])
  })

  test('does not count who names no token, and goes on to the next', () => {
    const net = network({}, 0x10, 0x20, 0x40, 0x80, 0xf0)
    const full = net.peers.at(-1)!
    full.answer = (message) => {
      const truth = net.truth(full, message)
      return truth === null ? null : { ...truth, r: { ...truth.r, token: false } }
    }
    assert.deepEqual(highsOf(net.lookup(TARGET, { seeds: [peerAt(0x10)] }).outcome), [0x80, 0x40, 0x20, 0x10])
  })

  test('is refused above maxLookups, until one has ended', () => {
    const net = network({ parameters: { maxLookups: 2 } }, 0x10)
    const walks = [begin(net, [peerAt(0x10)]), begin(net, [peerAt(0x10)])]
    const start = () =>
      net.engine.lookup(findToy(TARGET), { onEnd: () => {} }, { self: false, seeds: [A], now: net.now })
    assert.equal(start(), null)
    walks[0]!.handle.cancel(net.now)
    assert.notEqual(start(), null)
  })

  test('finds the true k closest of any network, over slow and fast peers and any number of paths', () => {
    // Whoever answers before three attempts are slow in the fastest of networks is never missed.
    const slowestMs = 3 * defaultParameters.slowAfterMinMs - 1
    const peers = fc.uniqueArray(fc.integer({ min: 1, max: 0xffff }), { minLength: 1, maxLength: 40 })
    const delays = fc.array(fc.integer({ min: 1, max: slowestMs }), { minLength: 40, maxLength: 40 })
    fc.assert(
      fc.property(peers, delays, fc.integer({ min: 1, max: 4 }), (ids, delayMs, disjointPaths) => {
        const net = new ToyNetwork({ parameters: { disjointPaths } })
        for (const [i, id] of ids.entries()) net.addPeer(peerAt(id >> 8, id & 255), delayMs[i])
        const { outcome } = net.lookup(TARGET, { seeds: [net.peers[0]!.contact] })
        const truth = net.closestPeers(TARGET).slice(0, net.parameters.k)
        assert.deepEqual(
          outcome!.closest.map(({ contact }) => toHex(contact.id)),
          truth.map(({ id }) => toHex(id)),
        )
      }),
      { numRuns: 150 },
    )
  })
})
