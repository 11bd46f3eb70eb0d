// What a node does without being asked: pings, refreshes and checkpoints, each when it is due and none in bursts.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { sharedPrefixBits, idFromHex } from '../../src/kademlia/id.ts'
import { Maintenance } from '../../src/kademlia/maintenance.ts'
import type { Contact } from '../../src/kademlia/contact.ts'
import type { Random } from '../../src/kademlia/ports.ts'
import { contactOf, idOf, seededRandom, tableAt } from './table-fixtures.ts'
import { START, ToyNetwork, toyParameters } from './toy-network.ts'

const MINUTE = 60_000

const rolling = (fraction: number): Random => ({ ...seededRandom(1), fraction: () => fraction })

const peerAt = (high: number, low = 0): Contact => contactOf(idOf(high, low), `10.${high}.${low}.1`)

/** Queries by what they ask. */
const asked = (net: ToyNetwork, method: string) =>
  net.dialed.filter(({ message }) => message.q!.method === method)

describe('The plan of maintenance', () => {
  const table = tableAt(idOf(0, 0), toyParameters)

  test('has nothing due before its time', () => {
    const plan = new Maintenance(toyParameters, rolling(0.5), 1_000)
    assert.equal(plan.nextAt, 11_000)
    assert.deepEqual(plan.due(10_999, table, false), { pings: [], refresh: null, checkpoint: false })
    assert.equal(plan.nextAt, 11_000)
  })

  test('keeps its intervals within a tenth, by the dice, so that nodes do not act together', () => {
    for (const [fraction, factor] of [
      [0, 0.9],
      [0.5, 1],
      [1 - 2 ** -32, 1.1],
    ] as const) {
      const plan = new Maintenance(toyParameters, rolling(fraction), 0)
      plan.due(10_000, table, false)
      assert.ok(Math.abs(plan.nextAt - 10_000 - factor * 10_000) < 1e-3)
      let checkpoints = 0
      for (let now = 0; now < 100 * 5 * MINUTE; now += 1_000)
        if (plan.due(now, table, false).checkpoint) checkpoints++
      assert.ok(Math.abs(checkpoints - 100 / factor) <= 2, `${checkpoints} checkpoints`)
    }
  })

  test('comes at once when it is to hurry', () => {
    const plan = new Maintenance(toyParameters, rolling(0.5), START)
    plan.hurry(START + 3)
    assert.equal(plan.nextAt, START + 3)
    assert.notEqual(plan.due(START + 3, table, false).refresh, null)
    assert.equal(plan.nextAt, START + 10_003)
  })

  test('does not make up for what it missed: one round, however late', () => {
    const plan = new Maintenance(toyParameters, rolling(0.5), 0)
    plan.due(1e9, table, false)
    assert.equal(plan.nextAt, 1e9 + 10_000)
  })
})

describe('A node left to itself', () => {
  test('keeps contacts that live, and never lets all be unusable at a time (B5-06)', () => {
    const net = new ToyNetwork()
    for (let i = 0; i < 4; i++) net.addPeer(peerAt(0x80, i))
    net.befriend(...net.peers.map(({ contact }) => contact))
    for (let minute = 0; minute < 180; minute++) {
      net.runFor(MINUTE)
      assert.equal(net.table.size, 4)
      assert.ok(net.table.closest(idOf(0, 0), 4, net.now).length >= 1, `all questionable at minute ${minute}`)
    }
    assert.equal(net.countOf('contact-removed'), 0)
    const pings = asked(net, 'ping').length
    assert.ok(pings <= (4 * 180) / 10, `${pings} pings for four contacts in three hours`)
  })

  test('drops contacts that died, after a while and not at the first miss', () => {
    const net = new ToyNetwork()
    net.befriend(peerAt(0x80, 1))
    net.runFor(20 * MINUTE)
    assert.equal(net.table.size, 1)
    net.runFor(120 * MINUTE)
    assert.equal(net.table.size, 0)
    assert.equal(net.countOf('contact-removed'), 1)
  })

  test('pings at most four contacts a round', () => {
    const net = new ToyNetwork({ parameters: { k: 100, bucketRefreshMs: 1e15, bucketLookupMs: 1e15 } })
    const saved = Array.from({ length: 60 }, (_, i) => ({ ...peerAt(0x80, i), repliedAt: 1 }))
    for (const contact of saved) net.addPeer(contact)
    net.table.restore(saved, net.now)
    net.runFor(60_000)
    const rounds = Map.groupBy(asked(net, 'ping'), ({ at }) => at)
    assert.ok(rounds.size >= 5)
    for (const pings of rounds.values()) assert.ok(pings.length <= 4)
  })

  test('walks into each bucket in which nothing happened for 15 minutes, one a round (B5-09)', () => {
    const net = new ToyNetwork({ parameters: { k: 2 } })
    for (const high of [0x80, 0x90, 0x40, 0x50, 0x20, 0x28, 0x01, 0x02]) net.addPeer(peerAt(high))
    net.befriend(...net.peers.map(({ contact }) => contact))
    const buckets = net.table.buckets().length
    assert.ok(buckets >= 4)
    net.runFor(14 * MINUTE)
    const before = new Set(asked(net, 'find').map(({ message }) => message.q!.target!))
    net.runFor(60 * MINUTE)
    const targets = new Set(asked(net, 'find').map(({ message }) => message.q!.target!))
    const walked = [...targets]
      .filter((target) => !before.has(target))
      .map((target) => Math.min(buckets - 1, sharedPrefixBits(net.table.ownId, idFromHex(target, 2))))
    for (let bucket = 0; bucket < buckets; bucket++)
      assert.ok(walked.includes(bucket), `bucket ${bucket} was not refreshed`)
    const starts = new Map(asked(net, 'find').map(({ message, at }) => [message.q!.target!, at]))
    assert.ok(new Set(starts.values()).size > 1)
  })

  test('measures the network by those walks, for their targets are random', () => {
    const net = new ToyNetwork()
    for (let i = 1; i <= 40; i++) net.addPeer(contactOf(idOf((i * 53) & 255, (i * 97) & 255), `10.0.${i}.1`))
    net.befriend(net.peers[0]!.contact)
    assert.equal(net.engine.population.estimate(), null)
    for (let i = 0; i < 30; i++) {
      net.engine.refresh(true, () => {}, net.now)
      net.runFor(5_000)
    }
    const { nodes } = net.engine.population.estimate()!
    assert.ok(nodes > 20 && nodes < 80, `${nodes} nodes`)
    net.lookup(idOf(1, 1))
    assert.equal(net.engine.population.estimate()!.nodes, nodes, 'a lookup for a chosen key says nothing')
  })

  test('saves its state every five minutes, give or take a tenth', () => {
    const net = new ToyNetwork()
    net.runFor(60 * MINUTE)
    const { checkpoints } = net
    assert.ok(checkpoints.length >= 10 && checkpoints.length <= 13, `${checkpoints.length} checkpoints`)
    for (const [i, time] of checkpoints.entries()) {
      const gap = time - (checkpoints[i - 1] ?? START)
      assert.ok(gap >= 4.5 * MINUTE && gap <= 5.5 * MINUTE, `${gap} ms between checkpoints`)
    }
  })

  test('asks one contact a round while offline, any of them, and so finds that its link is back (B45-09)', () => {
    const net = new ToyNetwork({ parameters: { k: 40 } })
    const saved = Array.from({ length: 20 }, (_, i) => ({ ...peerAt(0x80, i), repliedAt: 1_000 + i }))
    net.table.restore(saved, net.now)
    for (const { address, id } of saved.slice(0, 16)) net.ask(address, id)
    net.runFor(4_500)
    assert.equal(net.engine.offline, true)
    const before = net.dialed.length
    net.runFor(10 * MINUTE)
    const pings = asked(net, 'ping').slice(before)
    const perRound = Map.groupBy(pings, ({ to }) => to.host)
    assert.ok(perRound.size > 5, 'not always the same one')
    assert.ok(pings.length <= 3 * 67, 'one a round, with its resends')
    assert.equal(net.table.size, 20)
    for (const contact of saved.slice(15)) net.addPeer(contact)
    net.runFor(5 * MINUTE)
    assert.ok(net.countOf('online') > 0)
  })

  test('asks good ones, too, while offline: they are the first to show that its link works', () => {
    const net = new ToyNetwork({ parameters: { k: 40 } })
    net.addPeer(peerAt(0x40))
    net.befriend(peerAt(0x40))
    for (let i = 0; i < 16; i++) net.ask(peerAt(0x80, i).address)
    net.runFor(4_500)
    assert.equal(net.engine.offline, true)
    net.runFor(10_000)
    assert.equal(net.engine.offline, false)
  })
})
