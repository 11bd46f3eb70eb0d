// Lookups of a real engine among liars: whom others name is asked within bounds, and nobody is kept from us by naming.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Address, Contact } from '../../src/kademlia/contact.ts'
import { toHex } from '../../src/kademlia/id.ts'
import { contactOf, idOf, openPolicy, publicPolicy } from './table-fixtures.ts'
import { ToyNetwork } from './toy-network.ts'
import { findToy, nodeOf } from './toy-wire.ts'
import type { ToyMessage } from './toy-wire.ts'
import { TARGET, A, begin, highsOf, peerAt } from './walk-fixtures.ts'

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

  test('are left out also of those with which the lookup begins (T25)', () => {
    const net = new ToyNetwork({ policy: { ...openPolicy, dialable: ({ port }) => port !== 0 } })
    net.addPeer(A)
    const { outcome } = net.lookup(TARGET, {
      seeds: [contactOf(idOf(0xff, 1), '203.0.113.7', 0), contactOf(net.table.ownId, '203.0.113.8'), A],
    })
    assert.deepEqual([outcome!.asked, outcome!.failed, highsOf(outcome)], [1, 0, [0x80]])
    assert.ok(net.dialed.every(({ to }) => to.host === A.address.host))
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
