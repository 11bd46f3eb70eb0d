// The asking side of a real engine: how requests end, and what table and suspects learn from it.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { liveness } from '../../src/kademlia/contact.ts'
import type { Address, Contact } from '../../src/kademlia/contact.ts'
import { toHex } from '../../src/kademlia/id.ts'
import type { RequestOutcome } from '../../src/kademlia/requester.ts'
import { contactOf, idOf, publicPolicy } from './table-fixtures.ts'
import { ToyNetwork } from './toy-network.ts'
import type { ToyReply } from './toy-wire.ts'

const A = contactOf(idOf(0x80, 1), '198.51.100.1')
const B = contactOf(idOf(0x80, 2), '203.0.113.2')

const at = (index: number): Contact => contactOf(idOf(0x80, index), `10.${index}.0.1`)

/** The last thing we asked this node. */
const transactionTo = (net: ToyNetwork, to: Address): string => net.dialedTo(to).at(-1)!.message.t

describe('A request', () => {
  test('ends with the reply, its sender and the time it took; the sender is in the table then', () => {
    const net = new ToyNetwork()
    net.addPeer(A, 70)
    const asked = net.ask(A.address)
    assert.equal(asked.outcome, null, 'nobody hears of it before it is asked')
    net.runFor(69)
    assert.equal(asked.outcome, null)
    net.runFor(1)
    assert.deepEqual(asked.outcome, { kind: 'reply', contact: A, reply: {}, rttMs: 70 })
    assert.equal(net.table.find(A.id)!.rttMs, 70)
    assert.deepEqual(net.notices, [{ kind: 'contact-added', contact: A }])
  })

  test('fails when no answer came in 4.5 s, after three attempts with three transactions', () => {
    const net = new ToyNetwork()
    const asked = net.ask(A.address)
    net.runFor(4_499)
    assert.equal(asked.outcome, null)
    net.runFor(1)
    assert.deepEqual(asked.outcome, { kind: 'failed', why: 'timeout' })
    const attempts = net.dialedTo(A.address)
    assert.deepEqual(
      attempts.map((sent) => sent.at - attempts[0]!.at),
      [0, 1_000, 2_500],
    )
    assert.equal(new Set(attempts.map(({ message }) => message.t)).size, 3)
  })

  test('ends once: the answer to a former attempt counts, and a second one is unknown', () => {
    const net = new ToyNetwork()
    const outcomes: RequestOutcome<ToyReply>[] = []
    const listener = { onOutcome: (outcome: RequestOutcome<ToyReply>) => void outcomes.push(outcome) }
    net.engine.ask({ query: { method: 'ping' }, to: A.address, expectedId: null }, listener, net.now)
    const first = transactionTo(net, A.address)
    net.runFor(1_200)
    const second = transactionTo(net, A.address)
    net.deliver({ t: first, id: toHex(A.id), r: {} }, A.address)
    net.deliver({ t: second, id: toHex(A.id), r: {} }, A.address)
    net.deliver({ t: first, id: toHex(A.id), r: {} }, A.address)
    net.runFor(10_000)
    assert.deepEqual(outcomes, [{ kind: 'reply', contact: A, reply: {}, rttMs: 1_200 }])
    assert.equal(net.engine.counters.snapshot().dropped['unknown-transaction'], 2)
  })

  test('that needed several attempts leaves nothing on the count of its IP once it is answered (T7)', () => {
    const net = new ToyNetwork({ policy: publicPolicy })
    net.ask(A.address, A.id)
    net.runFor(2_600)
    assert.equal(net.dialed.length, 3)
    assert.equal(net.suspects.size.ips, 1)
    net.deliver({ t: transactionTo(net, A.address), id: toHex(A.id), r: {} }, A.address)
    assert.equal(net.suspects.size.ips, 0)
  })

  test('is not ended by a reply with its transaction from elsewhere (K-10, T16)', () => {
    const net = new ToyNetwork()
    const asked = net.ask(A.address, A.id)
    const t = transactionTo(net, A.address)
    for (const from of [B.address, { ...A.address, port: 1 }]) {
      net.deliver({ t, id: toHex(A.id), r: {} }, from)
      net.deliver({ t, e: { code: 201, message: 'no' } }, from)
      net.deliver({ t, r: {} }, from)
    }
    assert.equal(asked.outcome, null)
    assert.equal(net.table.size, 0)
    net.deliver({ t, id: toHex(A.id), r: {} }, A.address)
    assert.equal((asked.outcome as unknown as RequestOutcome<ToyReply>).kind, 'reply')
  })

  test('ends with the error that came, its code and text; that is no failure and nobody enters by it', () => {
    const net = new ToyNetwork()
    const peer = net.addPeer(A)
    peer.answer = ({ t }) => ({ t, e: { code: 204, message: 'method unknown' } })
    const asked = net.ask(A.address, A.id)
    net.runFor(20)
    const refusal = { code: 204, message: 'method unknown' }
    assert.deepEqual(asked.outcome, { kind: 'error', refusal, rttMs: 20 })
    assert.equal(net.table.size, 0)
    const { ping } = net.engine.counters.snapshot().methods
    assert.deepEqual([ping!.started, ping!.answered, ping!.failed], [1, 1, 0])
  })

  test('fails at once upon a reply that is none, and the contact has missed', () => {
    const net = new ToyNetwork()
    net.befriend(A)
    net.addPeer(A).answer = ({ t }) => ({ t, r: {} })
    const asked = net.ask(A.address, A.id)
    net.runFor(20)
    assert.deepEqual(asked.outcome, { kind: 'failed', why: 'malformed' })
    assert.equal(net.table.find(A.id)!.failures, 1)
    net.runFor(5_000)
    assert.equal(net.dialed.length, 1, 'it is not sent again')
  })

  test('fails at once when its address cannot be reached, with all others to it and none to elsewhere', () => {
    const net = new ToyNetwork()
    const asked = [net.ask(A.address), net.ask(A.address, A.id), net.ask({ ...A.address, port: 9 })]
    net.engine.unreachable(A.address, 'unreachable', net.now)
    const failed = { kind: 'failed', why: 'unreachable' }
    assert.deepEqual(
      asked.map(({ outcome }) => outcome),
      [failed, failed, null],
    )
  })

  test('fails where our own side has no room for it, and nobody else is blamed', () => {
    const net = new ToyNetwork()
    net.befriend(A)
    const asked = net.ask(A.address, A.id)
    net.engine.unreachable(A.address, 'overload', net.now)
    assert.deepEqual(asked.outcome, { kind: 'failed', why: 'overload' })
    assert.equal(net.table.find(A.id)!.failures, 0)
  })

  test('that is given up sends nothing more and tells nobody, and its silence is held against nobody', () => {
    const net = new ToyNetwork({ policy: publicPolicy })
    net.befriend(A)
    let heard = 0
    const listener = { onOutcome: () => void heard++, onSlow: () => void heard++ }
    const request = { query: { method: 'ping' } as const, to: A.address, expectedId: A.id }
    const handle = net.engine.ask(request, listener, net.now)
    assert.ok(typeof handle !== 'string')
    handle.cancel()
    handle.cancel()
    net.runFor(60_000)
    assert.equal(net.dialed.length, 1)
    assert.equal(heard, 0)
    assert.equal(net.table.find(A.id)!.failures, 0)
    assert.equal(net.suspects.isSuspect(A.address, net.now), false)
    assert.deepEqual(net.engine.underWay, { requests: 0, lookups: 0 })
  })

  test('that is given up may still be answered, which shows who lives: no number of them makes it suspect', () => {
    const net = new ToyNetwork({ policy: publicPolicy })
    net.addPeer(A)
    for (let i = 0; i < 20; i++) {
      const request = { query: { method: 'ping' } as const, to: A.address, expectedId: A.id }
      const handle = net.engine.ask(request, { onOutcome: () => assert.fail() }, net.now)
      assert.ok(typeof handle !== 'string')
      handle.cancel()
      net.runFor(50)
    }
    assert.deepEqual(net.suspects.size, { endpoints: 0, ips: 0 })
    assert.equal(net.table.find(A.id)!.rttMs, 20)
    assert.equal(net.engine.counters.snapshot().dropped['unknown-transaction'], undefined)
  })

  test('beyond maxInFlight is refused as overload, and counts as not begun', () => {
    const net = new ToyNetwork({ parameters: { maxInFlight: 2 } })
    const asked = [net.ask(A.address), net.ask(B.address), net.ask(at(3).address)]
    assert.deepEqual(
      asked.map(({ outcome }) => outcome),
      [null, null, 'overload'],
    )
    assert.equal(net.dialed.length, 2)
    assert.equal(net.engine.counters.snapshot().methods['ping']!.started, 2)
  })

  test('to an address that may not be dialled is never sent (T25)', () => {
    const dialable = ({ host }: Address): boolean => !host.startsWith('127.')
    const net = new ToyNetwork({ policy: { ...publicPolicy, dialable } })
    assert.equal(net.ask({ host: '127.0.0.1', port: 6881 }).outcome, 'not-dialable')
    net.runFor(60_000)
    assert.equal(net.dialed.length, 0)
  })

  test('tells how its address is seen only when somebody answers what we asked (BEP 42)', () => {
    const net = new ToyNetwork()
    const seen = { host: '192.0.2.99', port: 6881 }
    const id = toHex(A.id)
    net.deliver({ t: 'aabb', id, r: {}, seen }, A.address)
    assert.deepEqual(net.votes, [])
    net.ask(A.address)
    net.deliver({ t: transactionTo(net, A.address), id, r: {}, seen }, A.address)
    assert.deepEqual(net.votes, [{ address: seen, by: A.address }])
  })
})

describe('An answer under another id than was asked for', () => {
  test('is a failure, and costs the contact known at that very address its place (T5, B45-08)', () => {
    const net = new ToyNetwork()
    net.befriend(A)
    net.addPeer({ ...A, id: B.id })
    const asked = net.ask(A.address, A.id)
    net.runFor(20)
    assert.deepEqual(asked.outcome, { kind: 'failed', why: 'imposter', answeredAs: B.id })
    assert.equal(net.table.size, 0)
    assert.equal(net.notices.length, 1)
    const [notice] = net.notices
    assert.ok(notice?.kind === 'contact-removed' && notice.why === 'other-id')
    assert.deepEqual(notice.contact.address, A.address)
  })

  test('costs nobody anything who is known at another address: anybody may name an id with his own (T5)', () => {
    const net = new ToyNetwork()
    net.befriend(A)
    net.addPeer({ id: idOf(6, 6), address: B.address })
    net.ask(B.address, A.id)
    net.runFor(20)
    assert.notEqual(net.table.find(A.id), null)
    assert.equal(net.table.find(A.id)!.failures, 0)
  })

  test('costs an honest contact nothing that was named under a false id', () => {
    const net = new ToyNetwork({ policy: publicPolicy })
    net.befriend(A)
    net.addPeer(A)
    for (let i = 0; i < 20; i++) {
      net.ask(A.address, idOf(7, i))
      net.runFor(20)
    }
    assert.notEqual(net.table.find(A.id), null)
    assert.equal(liveness(net.table.find(A.id)!, net.now, net.parameters), 'good')
    assert.equal(net.suspects.mayDial(A.address, net.now), true)
  })

  test('bans who gives a second such id, and no one else at its IP (T5)', () => {
    const net = new ToyNetwork({ policy: publicPolicy })
    const peer = net.addPeer(A)
    let turn = 0
    peer.answer = ({ t }) => ({ t, id: toHex(idOf(9, turn++)), r: { nodes: [] } })
    net.ask(A.address, A.id)
    net.runFor(20)
    assert.equal(net.suspects.isSuspect(A.address, net.now), false)
    net.ask(A.address, A.id)
    net.runFor(20)
    assert.equal(net.suspects.isSuspect(A.address, net.now), true)
    assert.equal(net.suspects.isSuspect({ ...A.address, port: 1 }, net.now), false)
    assert.equal(net.table.size, 0)
  })

  test('makes room for the replacement that waited, once that has answered', () => {
    const net = new ToyNetwork({ parameters: { k: 1 } })
    const [held, waiting] = [contactOf(idOf(0x80, 1), '10.0.0.1'), contactOf(idOf(0xc0, 1), '10.0.0.2')]
    net.befriend(held, contactOf(idOf(0, 1), '10.0.0.3'))
    net.addPeer(waiting)
    net.ask(waiting.address)
    net.runFor(20)
    assert.equal(net.table.find(waiting.id), null)
    net.addPeer({ ...held, id: idOf(6, 6) })
    net.ask(held.address, held.id)
    net.runFor(40)
    assert.equal(net.table.find(held.id), null)
    assert.notEqual(net.table.find(waiting.id), null)
  })

  test('is no answer either when it is our own id; the address, our own, is left alone from then on (B5-24)', () => {
    const net = new ToyNetwork()
    net.addPeer({ id: net.table.ownId, address: A.address })
    for (const expectedId of [null, A.id]) {
      const asked = net.ask(A.address, expectedId)
      net.runFor(20)
      assert.deepEqual(asked.outcome, { kind: 'failed', why: 'malformed' })
    }
    assert.equal(net.table.size, 0)
    assert.equal(net.suspects.mayDial(A.address, net.now), false)
  })
})

describe('While our link seems down', () => {
  const asleep = (net: ToyNetwork, count: number): void => {
    for (let i = 0; i < count; i++) net.ask(at(i).address)
    net.runFor(4_500)
  }

  test('as after 16 misses with nothing received, no contact is blamed any more (B45-09)', () => {
    const net = new ToyNetwork()
    asleep(net, 15)
    assert.equal(net.engine.offline, false)
    net.befriend(A)
    net.ask(A.address, A.id)
    net.runFor(4_500)
    assert.equal(net.engine.offline, true)
    assert.equal(net.countOf('offline'), 1)
    assert.equal(net.table.find(A.id)!.failures, 0)
    assert.equal(net.suspects.mayDial(A.address, net.now), true)
    net.ask(A.address, A.id)
    net.runFor(4_500)
    assert.equal(net.table.find(A.id)!.failures, 0)
    assert.equal(net.countOf('offline'), 1)
  })

  test('misses before and after a sign of life are not added up', () => {
    const net = new ToyNetwork()
    net.addPeer(A)
    asleep(net, 15)
    net.ask(A.address)
    net.runFor(20)
    for (let i = 15; i < 30; i++) net.ask(at(i).address)
    net.runFor(4_500)
    assert.equal(net.engine.offline, false)
  })

  test('the misses of one contact over and over do not count: it is the one that is down', () => {
    const net = new ToyNetwork()
    for (let i = 0; i < 40; i++) net.ask(A.address, A.id)
    net.runFor(4_500)
    assert.equal(net.engine.offline, false)
  })

  test('misses of those whom others only named do not count: anybody may name the dead', () => {
    const net = new ToyNetwork()
    for (let i = 0; i < 40; i++) net.ask(at(i).address, at(i).id)
    net.runFor(4_500)
    assert.equal(net.engine.offline, false)
    assert.equal(net.suspects.mayDial(at(7).address, net.now), false)
  })

  test('answers that are none do not count: something came', () => {
    const net = new ToyNetwork()
    for (let i = 0; i < 40; i++) net.addPeer(at(i)).answer = ({ t }) => ({ t, r: {} })
    asleep(net, 40)
    assert.equal(net.engine.offline, false)
  })

  test('anything that comes shows that it is up: a reply, an error, or the query of a stranger', () => {
    const id = toHex(B.id)
    for (const kind of ['reply', 'error', 'query']) {
      const net = new ToyNetwork()
      asleep(net, 16)
      assert.equal(net.engine.offline, true)
      net.ask(B.address)
      const t = transactionTo(net, B.address)
      if (kind === 'reply') net.deliver({ t, id, r: {} }, B.address)
      else if (kind === 'error') net.deliver({ t, e: { code: 201, message: '' } }, B.address)
      else net.deliver({ t, id, q: { method: 'ping' } }, B.address)
      assert.equal(net.engine.offline, false)
      assert.equal(net.countOf('online'), 1)
    }
  })
})
