// One engine as a whole: it asks for being woken at the right time, notices that it slept, changes its id, and closes.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Address, Contact } from '../../src/kademlia/contact.ts'
import { toHex } from '../../src/kademlia/id.ts'
import { contactOf, idOf, openPolicy } from './table-fixtures.ts'
import { ToyNetwork } from './toy-network.ts'
import { findToy } from './toy-wire.ts'

const A = contactOf(idOf(0x80, 1), '198.51.100.1')

const peerAt = (high: number, low = 0): Contact => contactOf(idOf(high, low), `10.${high}.${low}.1`)

/** A network of which some are slow, some dead, and some die and come back. */
interface Scene {
  readonly seed: number
  readonly peers: readonly { readonly id: number; readonly delayMs: number; readonly dead: boolean }[]
  readonly lookups: readonly { readonly atMs: number; readonly target: number }[]
}

const scenes: fc.Arbitrary<Scene> = fc.record({
  seed: fc.integer(),
  peers: fc.uniqueArray(
    fc.record({
      id: fc.integer({ min: 1, max: 0xffff }),
      delayMs: fc.integer({ min: 0, max: 6_000 }),
      dead: fc.boolean(),
    }),
    { maxLength: 12, selector: ({ id }) => id },
  ),
  lookups: fc.array(
    fc.record({ atMs: fc.integer({ min: 0, max: 20_000 }), target: fc.integer({ min: 0, max: 0xffff }) }),
    { maxLength: 4 },
  ),
})

/** Plays a scene for half a minute; `drive` lets the time pass. What was done, in order and with its times. */
function play({ seed, peers, lookups }: Scene, drive: (net: ToyNetwork, until: number) => void): unknown[] {
  const net = new ToyNetwork({
    seed,
    parameters: { maintenanceMs: 3_000, bucketRefreshMs: 7_000, checkpointMs: 9_000 },
  })
  const contacts = peers.map(({ id }) => peerAt(id >> 8, id & 255))
  for (const [i, { delayMs, dead }] of peers.entries()) if (!dead) net.addPeer(contacts[i]!, delayMs)
  net.table.restore(
    contacts.map((contact, i) => ({ ...contact, repliedAt: 1 + i })),
    net.now,
  )
  const start = net.now
  const ends: unknown[] = []
  for (const { atMs, target } of lookups.toSorted((a, b) => a.atMs - b.atMs)) {
    drive(net, start + atMs)
    const onEnd = (outcome: unknown, now: number): void => void ends.push(outcome, now)
    net.engine.lookup(findToy(idOf(target >> 8, target & 255)), { onEnd }, { self: false, now: net.now })
  }
  drive(net, start + 30_000)
  return [net.dialed, net.notices, net.checkpoints, ends]
}

describe('An engine that is woken', () => {
  test('only when it wished does the same as one that is asked every millisecond, to the millisecond', () => {
    fc.assert(
      fc.property(scenes, (scene) => {
        const asWished = play(scene, (net, until) => net.runUntil(until))
        assert.deepEqual(
          play(scene, (net, until) => net.runUntil(until, 1)),
          asWished,
        )
        assert.deepEqual(
          play(scene, (net, until) => net.runUntil(until, 7.3)),
          asWished,
        )
      }),
      { numRuns: 25 },
    )
  })

  test('much too late sends no more than it would have, and everything ends', () => {
    fc.assert(
      fc.property(scenes, fc.array(fc.integer({ min: 1, max: 20_000 }), { minLength: 1 }), (scene, naps) => {
        let turn = 0
        let last: ToyNetwork | null = null
        play(scene, (net, until) => {
          last = net
          while (net.now < until) {
            net.now += naps[turn++ % naps.length]!
            net.step()
          }
        })
        const net = last!
        for (const [to, sent] of Map.groupBy(net.dialed, ({ message }) => message.t)) {
          assert.equal(sent.length, 1, `transaction ${to} was sent twice`)
        }
        net.engine.close(net.now)
        assert.deepEqual(net.engine.underWay, { requests: 0, lookups: 0 })
      }),
      { numRuns: 50 },
    )
  })

  test('wishes for a time even with nothing under way, and never one that has long passed', () => {
    const net = new ToyNetwork()
    assert.ok(net.wakeTime > net.now && net.wakeTime < Infinity)
    for (let i = 0; i < 200; i++) {
      net.ask(peerAt(i).address)
      net.runFor(137)
      assert.ok(net.wakeTime > net.now, 'it wished to be woken in the past')
    }
  })
})

describe('An engine that slept', () => {
  function slept(): ToyNetwork {
    const net = new ToyNetwork()
    for (let i = 0; i < 4; i++) net.addPeer(peerAt(0x80, i))
    net.befriend(...net.peers.map(({ contact }) => contact))
    net.step()
    net.now += 61_000
    return net
  }

  const named = (net: ToyNetwork): number => net.table.closest(idOf(0x80, 0), 8, net.now).length

  test('names nobody before they have answered again, and all of them soon (T30)', () => {
    const net = slept()
    assert.equal(named(net), 4)
    net.step()
    assert.equal(named(net), 0)
    assert.deepEqual(net.notices.at(-1), { kind: 'slept', forMs: 61_000 })
    net.runFor(60_000)
    assert.equal(named(net), 4)
  })

  test('notices it by the first packet, too, before that is answered (T30)', () => {
    const net = slept()
    net.deliver({ t: 'aa', id: '8000', q: { method: 'find', target: '8000' } }, peerAt(0x80, 0).address)
    assert.equal(named(net), 0)
    assert.equal(net.countOf('slept'), 1)
  })

  test('takes none of the tokens that it gave out before (T11, T30)', () => {
    const net = slept()
    const token = net.tokens.issue(Uint8Array.of(1), net.now)
    assert.equal(net.tokens.verify(token, Uint8Array.of(1), net.now), true)
    net.step()
    assert.equal(net.tokens.verify(token, Uint8Array.of(1), net.now), false)
  })

  test('blames nobody whose answer came while it did, and does not think that its link is down', () => {
    const net = slept()
    const asked = Array.from({ length: 20 }, (_, i) => net.ask(peerAt(0x90, i).address))
    const known = net.ask(peerAt(0x80, 0).address, peerAt(0x80, 0).id)
    for (const { contact } of net.peers) net.removePeer(contact)
    net.now += 8 * 3_600_000
    net.step()
    assert.deepEqual(known.outcome, { kind: 'failed', why: 'timeout' })
    assert.ok(asked.every(({ outcome }) => outcome !== null))
    assert.equal(net.countOf('offline'), 0)
    for (const { failures } of net.table.contacts()) assert.equal(failures, 0)
    assert.equal(net.suspects.mayDial(peerAt(0x90, 1).address, net.now), true)
  })

  test('for a minute or less did not sleep: a busy machine is late', () => {
    const net = slept()
    net.now -= 1_500
    net.step()
    assert.equal(named(net), 4)
    assert.equal(net.countOf('slept'), 0)
  })

  test('forgets who could not be reached, after a change of network as after a sleep', () => {
    const net = new ToyNetwork()
    net.ask(A.address, A.id)
    net.engine.unreachable(A.address, 'unreachable', net.now)
    assert.equal(net.suspects.mayDial(A.address, net.now), false)
    net.engine.networkChanged(net.now)
    assert.equal(net.suspects.mayDial(A.address, net.now), true)
    assert.equal(net.wakeTime, net.now)
  })

  test('takes no harm from a clock that is set back', () => {
    const net = slept()
    net.now -= 3_600_000
    net.step()
    net.runFor(60_000)
    assert.equal(named(net), 4)
    assert.equal(net.countOf('slept'), 0)
  })
})

describe('An engine', () => {
  test('takes another own id, with its contacts laid out anew and those told that have no place (BEP 42)', () => {
    const net = new ToyNetwork({ parameters: { k: 2 } })
    net.befriend(peerAt(0x80), peerAt(0x90), peerAt(0x40), peerAt(0x20), peerAt(0x01))
    const before = net.table.size
    net.engine.setOwnId(idOf(0x80, 1), net.now)
    assert.deepEqual(net.engine.ownId, idOf(0x80, 1))
    assert.equal(net.table.size + net.countOf('contact-removed'), before)
    assert.equal(net.wakeTime, net.now)
    net.ask(A.address)
    assert.equal(net.dialed.at(-1)!.message.id, '8001')
  })

  test('may ask whom it knows, and whom others name only where that may be dialled and answers (T7, T25)', () => {
    const policy = {
      ...openPolicy,
      dialable: ({ host }: Address) => host !== '10.1.1.1',
      tableGroup: ({ host }: Address) => host,
    }
    const net = new ToyNetwork({ policy })
    const at = (port: number) => ({ id: idOf(0x70, port), address: { host: A.address.host, port } })
    assert.equal(net.engine.mayAsk(at(1), net.now), true)
    assert.equal(net.engine.mayAsk(contactOf(idOf(0x70, 1), '10.1.1.1'), net.now), false)
    for (let port = 1; port <= 6; port++) net.ask(at(port).address, at(port).id)
    assert.equal(net.engine.mayAsk(at(7), net.now), false, 'six are unanswered')
    net.befriend(A)
    assert.equal(net.engine.mayAsk(A, net.now), true)
    assert.equal(net.engine.mayAsk({ ...A, id: idOf(0x70, 8) }, net.now), false)
  })

  test('refreshes all buckets when it must, only stale ones otherwise, and tells once when all are done', () => {
    const net = new ToyNetwork({ parameters: { k: 2 } })
    for (const high of [0x80, 0x90, 0x40, 0x20, 0x01]) net.addPeer(peerAt(high))
    net.befriend(...net.peers.map(({ contact }) => contact))
    let ended = 0
    net.engine.refresh(false, () => void ended++, net.now)
    assert.equal(ended, 1, 'nothing is stale')
    net.engine.refresh(true, () => void ended++, net.now)
    assert.equal(net.engine.underWay.lookups, net.table.buckets().length)
    assert.equal(ended, 1)
    net.runFor(10_000)
    assert.equal(ended, 2)
  })
})

describe('A closed engine', () => {
  test('has ended every request and lookup, once each, and begins no other from within', () => {
    const net = new ToyNetwork()
    const ends: string[] = []
    const again = (): void => {
      const why = net.engine.ask(request, { onOutcome: () => ends.push('never') }, net.now)
      ends.push(typeof why === 'string' ? why : 'asked')
    }
    const request = { query: { method: 'ping' } as const, to: A.address, expectedId: null }
    net.engine.ask(
      request,
      {
        onOutcome(outcome) {
          assert.deepEqual(outcome, { kind: 'failed', why: 'closed' })
          again()
        },
      },
      net.now,
    )
    const walk = { self: false, seeds: [A], now: net.now }
    net.engine.lookup(
      findToy(idOf(1, 1)),
      {
        onEnd({ why }) {
          ends.push(why)
          assert.equal(net.engine.lookup(findToy(idOf(1, 1)), { onEnd: () => {} }, walk), null)
        },
      },
      walk,
    )
    net.engine.close(net.now)
    net.engine.close(net.now)
    assert.deepEqual(ends, ['cancelled', 'closed'])
    assert.deepEqual(net.engine.underWay, { requests: 0, lookups: 0 })
  })

  test('sends nothing any more, whatever comes and however late it is', () => {
    const net = new ToyNetwork()
    net.befriend(A)
    net.ask(A.address)
    net.engine.close(net.now)
    const sent = net.dialed.length
    net.deliver({ t: 'aa', id: toHex(A.id), q: { method: 'ping' } }, peerAt(1).address)
    net.engine.unreachable(A.address, 'unreachable', net.now)
    for (let i = 0; i < 100; i++) {
      net.now += 10_000
      net.step()
    }
    assert.equal(net.dialed.length, sent)
    assert.deepEqual([net.sent, net.checkpoints], [[], []])
  })
})
