// Lookups of a real engine through a network of scripted peers: what is found, whom they ask, and whom they never do.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Address, Contact } from '../../src/kademlia/contact.ts'
import { toHex } from '../../src/kademlia/id.ts'
import type { Hop, LookupOutcome } from '../../src/kademlia/walk.ts'
import { contactOf, idOf, publicPolicy } from './table-fixtures.ts'
import { ToyNetwork } from './toy-network.ts'
import type { ToyOptions } from './toy-network.ts'
import { findToy, nodeOf } from './toy-wire.ts'
import type { ToyMessage, ToyReply } from './toy-wire.ts'

const TARGET = idOf(0xff, 0xff)
const A = contactOf(idOf(0x80, 1), '198.51.100.1')

const peerAt = (high: number, low = 0): Contact => contactOf(idOf(high, low), `10.${high}.${low}.1`)

function network(options: ToyOptions, ...highs: number[]): ToyNetwork {
  const net = new ToyNetwork(options)
  for (const high of highs) net.addPeer(peerAt(high))
  return net
}

const highsOf = (outcome: LookupOutcome<ToyReply> | null): number[] =>
  outcome!.closest.map(({ contact }) => contact.id[0]!)

interface Walked {
  outcome: LookupOutcome<ToyReply> | null
  values: string[]
  hops: Hop[]
}

/** Begins a lookup and lets the caller drive. */
function begin(net: ToyNetwork, seeds: readonly Contact[], options: { enough?: number } = {}) {
  const walked: Walked = { outcome: null, values: [], hops: [] }
  const handle = net.engine.lookup(
    findToy(TARGET, options),
    {
      onHop: (hop) => void walked.hops.push(hop),
      onResults: (values) => void walked.values.push(...values),
      onEnd(outcome) {
        assert.equal(walked.outcome, null, 'it ends once')
        walked.outcome = outcome
      },
    },
    { seeds, self: false, now: net.now },
  )
  assert.ok(handle !== null)
  return { walked, handle }
}

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
    const peers = fc.uniqueArray(fc.integer({ min: 1, max: 0xffff }), { minLength: 1, maxLength: 40 })
    const delays = fc.array(fc.integer({ min: 1, max: 4_000 }), { minLength: 40, maxLength: 40 })
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

describe('Those that a reply names', () => {
  /** A peer that names these, whatever it is asked. */
  function naming(net: ToyNetwork, nodes: readonly Contact[], contact = A): void {
    const answer = ({ t }: ToyMessage): ToyMessage => ({
      t,
      id: toHex(contact.id),
      r: { nodes: nodes.map(nodeOf) },
    })
    net.addPeer(contact).answer = answer
  }

  test('are never dialled where that may not be: bogons, port 0, ourselves (T25)', () => {
    const bogons = [
      '0.0.0.1',
      '10.1.2.3',
      '127.0.0.1',
      '169.254.1.1',
      '172.16.0.1',
      '192.168.1.1',
      '224.0.0.1',
    ]
    const isBogon = ({ host, port }: Address): boolean => port === 0 || bogons.includes(host)
    const net = new ToyNetwork({ policy: { ...publicPolicy, dialable: (address) => !isBogon(address) } })
    const good = contactOf(idOf(0xfe, 1), '203.0.113.9')
    const named = bogons.map((host, i) => contactOf(idOf(0xff, i), host))
    naming(net, [
      ...named,
      contactOf(idOf(0xff, 99), '203.0.113.7', 0),
      contactOf(net.table.ownId, '203.0.113.8'),
      good,
    ])
    net.lookup(TARGET, { seeds: [A] })
    net.runFor(60_000)
    assert.deepEqual(
      new Set(net.dialed.map(({ to }) => to.host)),
      new Set([A.address.host, good.address.host]),
    )
  })

  test('at one IP get at most six datagrams in five minutes, however many replies name it under whatever ids and ports (T7)', () => {
    const VICTIM = '192.0.2.66'
    const net = new ToyNetwork({ policy: publicPolicy, parameters: { k: 8, alpha: 4, maxLookups: 64 } })
    let named = 0
    const liars = Array.from({ length: 40 }, (_, i) => contactOf(idOf(0x80, i), `203.0.${i}.1`))
    for (const liar of liars) {
      const peer = net.addPeer(liar)
      peer.answer = ({ t }) => ({
        t,
        id: toHex(liar.id),
        r: {
          nodes: Array.from({ length: 16 }, () => {
            named++
            return [toHex(idOf(0xff, named & 255)), VICTIM, 1 + (named % 65_000)] as const
          }),
        },
      })
    }
    // Many at a time, so that none knows yet what becomes of the others.
    while (named < 10_000) {
      for (let i = 0; i < 30; i++) {
        net.engine.lookup(findToy(TARGET), { onEnd: () => {} }, { self: false, seeds: liars, now: net.now })
      }
      net.runFor(45_000)
    }
    const times = net.dialed.filter(({ to }) => to.host === VICTIM).map(({ at }) => at)
    assert.ok(times.length > 0)
    for (const start of times) {
      const inWindow = times.filter((at) => at >= start && at < start + net.parameters.unprovenWindowMs)
      assert.ok(inWindow.length <= net.parameters.maxUnansweredPerIp, `${inWindow.length} datagrams`)
    }
  })

  test('long before they are asked count against their IP when they are: many lookups share its six datagrams (T7)', () => {
    const VICTIM = '192.0.2.66'
    const quiet = { maintenanceMs: 1e9, checkpointMs: 1e9, sleptAfterMs: 1e9 }
    const net = new ToyNetwork({ policy: publicPolicy, parameters: { ...quiet, k: 4, alpha: 1 } })
    const nearer = contactOf(idOf(0xff, 1), '198.51.100.9')
    const victims = [1, 2].map((i) => contactOf(idOf(0xfe, i), VICTIM, i))
    naming(net, [nearer, ...victims])
    net.addPeer(nearer, 100)
    for (let i = 0; i < 5; i++) begin(net, [A])
    net.runFor(60_000)
    const times = net.dialed.filter(({ to }) => to.host === VICTIM).map(({ at }) => at)
    assert.equal(times.length, 6)
    assert.equal(net.engine.underWay.lookups, 0)
  })

  test('and wait for room at their IP are asked when there is some, and never after the lookup has ended', () => {
    const quiet = { maintenanceMs: 1e9, checkpointMs: 1e9, sleptAfterMs: 1e9, maxUnansweredPerIp: 1 }
    const both = [contactOf(idOf(0xff, 1), '192.0.2.66', 1), contactOf(idOf(0xff, 2), '192.0.2.66', 2)]
    for (const enough of [Infinity, 1]) {
      const net = new ToyNetwork({ policy: publicPolicy, parameters: { ...quiet, k: 4, alpha: 3 } })
      naming(net, both)
      for (const contact of both) {
        const answer = ({ t }: ToyMessage): ToyMessage => ({
          t,
          id: toHex(contact.id),
          r: { nodes: [], values: ['found'] },
        })
        net.addPeer(contact).answer = answer
      }
      const { walked } = begin(net, [A], { enough })
      net.runFor(60_000)
      assert.equal(walked.outcome!.why, enough === 1 ? 'done' : 'converged')
      assert.equal(net.dialed.filter(({ to }) => to.host === '192.0.2.66').length, enough === 1 ? 1 : 2)
      assert.deepEqual(net.engine.underWay, { requests: 0, lookups: 0 })
    }
  })

  test('and answer under another id each time are never among the closest, and banned after two (T5)', () => {
    const net = new ToyNetwork({ policy: publicPolicy })
    const liar = contactOf(idOf(0xff, 0xfe), '192.0.2.5')
    naming(net, [liar])
    let turn = 0
    net.addPeer(liar).answer = ({ t }) => ({ t, id: toHex(idOf(0xff, turn++)), r: { nodes: [] } })
    for (let i = 0; i < 20; i++) {
      const { outcome } = net.lookup(TARGET, { seeds: [A] })
      assert.deepEqual(highsOf(outcome), [0x80])
    }
    assert.equal(net.dialedTo(liar.address).length, 2)
    assert.equal(net.suspects.isSuspect(liar.address, net.now), true)
  })

  test('and are renamed by a liar are found all the same, each asked at most twice (T5)', () => {
    const net = new ToyNetwork({ policy: publicPolicy })
    const honest = Array.from({ length: 60 }, (_, i) => peerAt(4 * i + 1, i))
    for (const contact of honest) net.addPeer(contact)
    // Under ids so near to the target that all of them come before the honest ones.
    const renamed = net.closestPeers(TARGET).slice(0, 16)
    const near = renamed.map(({ address }, i) => ({ id: idOf(0xff, 0x80 + i), address }))
    naming(net, near)
    const { outcome } = net.lookup(TARGET, { seeds: [A, honest[0]!] })
    assert.deepEqual(highsOf(outcome), [237, 233, 229, 225])
    for (const { address } of honest) {
      const asked = net.dialedTo(address).filter(({ message }) => message.q!.target === toHex(TARGET))
      assert.ok(asked.length <= 2, `asked ${asked.length} times`)
    }
    assert.ok(honest.every(({ address }) => !net.suspects.isSuspect(address, net.now)))
  })

  test('are found, in this lookup and the next ones, though a liar names nobody’s ports at their IPs (T7)', () => {
    const net = new ToyNetwork({ policy: publicPolicy })
    const honest = Array.from({ length: 60 }, (_, i) => peerAt(4 * i + 1, i))
    for (const contact of honest) net.addPeer(contact)
    const victims = net.closestPeers(TARGET).slice(0, 4)
    let port = 10_000
    net.addPeer(A).answer = ({ t }) => {
      const bogus = victims.flatMap(({ address: { host } }, i) =>
        [0, 1, 2, 3].map((j) => contactOf(idOf(0xff, 0x80 + 4 * i + j), host, port++)),
      )
      return { t, id: toHex(A.id), r: { nodes: bogus.map(nodeOf) } }
    }
    for (let i = 0; i < 10; i++) {
      const { outcome } = net.lookup(TARGET, { seeds: [A, honest[0]!] })
      assert.deepEqual(highsOf(outcome), [237, 233, 229, 225], `lookup ${i}`)
    }
    for (const { address } of victims) {
      const toNobody = net.dialed.filter(({ to }) => to.host === address.host && to.port !== address.port)
      const times = toNobody.map(({ at }) => at)
      for (const start of times) {
        const within = times.filter((at) => at >= start && at < start + net.parameters.unprovenWindowMs)
        assert.ok(within.length <= net.parameters.maxUnansweredPerIp, `${within.length} datagrams`)
      }
    }
  })

  test('and are eligible are found though nearer ones are not, of which any number may be named (BEP 42)', () => {
    const net = new ToyNetwork({
      policy: { ...publicPolicy, eligible: ({ address }) => !address.host.startsWith('192.') },
    })
    const honest = [1, 2, 3, 4].map((i) => contactOf(idOf(0xf0, i), `203.0.${i}.1`))
    for (const contact of honest) net.addPeer(contact)
    const sybils = Array.from({ length: 60 }, (_, i) => contactOf(idOf(0xff, i), `192.0.${i}.1`))
    for (const sybil of sybils) naming(net, [...sybils, ...honest].slice(0, 64), sybil)
    naming(net, [...sybils.slice(0, 8), ...honest])
    const { outcome } = net.lookup(TARGET, { seeds: [A] })
    assert.deepEqual(highsOf(outcome), [0xf0, 0xf0, 0xf0, 0xf0])
  })
})
