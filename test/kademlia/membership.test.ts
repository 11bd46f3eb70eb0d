// Who gets into the table of a real engine and who leaves it: nobody by hearsay, everybody by an answer, and a flood of
// either makes us send next to nothing.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Contact } from '../../src/kademlia/contact.ts'
import { toHex } from '../../src/kademlia/id.ts'
import { contactOf, idOf, openPolicy, publicPolicy } from './table-fixtures.ts'
import { ToyNetwork } from './toy-network.ts'

const A = contactOf(idOf(0x80, 1), '198.51.100.1')

/** Contacts of one bucket, each with a network of its own. */
const inBucket = (count: number): Contact[] =>
  Array.from({ length: count }, (_, i) => contactOf(idOf(0x80, i + 1), `10.${i >> 8}.${i & 255}.1`))

function query(net: ToyNetwork, from: Contact, port: number | null = from.address.port): void {
  net.deliver({ t: 'aa', id: toHex(from.id), q: { method: 'ping' }, port }, from.address)
}

describe('A node that asks us', () => {
  test('is pinged once, however often it asks, and is a contact when it has answered (B5-21)', () => {
    const net = new ToyNetwork()
    net.addPeer(A)
    for (let i = 0; i < 50; i++) query(net, A)
    assert.equal(net.dialed.length, 1)
    assert.equal(net.table.size, 0)
    net.runFor(20)
    assert.notEqual(net.table.find(A.id), null)
    for (let i = 0; i < 50; i++) query(net, A)
    net.runFor(1_000)
    assert.equal(net.dialed.length, 1)
  })

  test('is dialled at the port that it names, not at that of its question', () => {
    const net = new ToyNetwork()
    query(net, A, 7_777)
    assert.deepEqual(net.dialed[0]!.to, { ...A.address, port: 7_777 })
  })

  test('is no contact when it does not answer, and is left alone for a while then', () => {
    const net = new ToyNetwork()
    query(net, A)
    net.runFor(4_500)
    assert.equal(net.dialed.length, 3)
    for (let i = 0; i < 20; i++) query(net, A)
    assert.equal(net.dialed.length, 3)
    assert.equal(net.table.size, 0)
  })

  test('is not pinged when it wants to be no contact (BEP 43, T31)', () => {
    const net = new ToyNetwork()
    net.addPeer(A)
    for (let i = 0; i < 20; i++) query(net, A, null)
    net.runFor(10_000)
    assert.equal(net.dialed.length, 0)
    assert.equal(net.table.size, 0)
  })

  test('is not pinged when it claims our own id, or an address that may not be dialled (T25)', () => {
    const net = new ToyNetwork({ policy: { ...openPolicy, admits: ({ address }) => address.port !== 1 } })
    query(net, { ...A, id: net.table.ownId })
    query(net, A, 1)
    net.runFor(10_000)
    assert.equal(net.dialed.length, 0)
  })

  test('is not pinged where its bucket is full of good contacts (B5-05, B5-21)', () => {
    const net = new ToyNetwork()
    net.befriend(...inBucket(4), contactOf(idOf(1, 1), '10.9.9.9'))
    for (const stranger of inBucket(40).slice(4)) query(net, stranger)
    assert.equal(net.dialed.length, 0)
  })

  test('is seen by it when it is a contact: it stays good without answering us (B5-07)', () => {
    const net = new ToyNetwork({ parameters: { maintenanceMs: 1e9, checkpointMs: 1e9, sleptAfterMs: 1e9 } })
    net.befriend(A)
    net.runFor(10 * 60_000)
    query(net, A)
    net.runFor(10 * 60_000)
    assert.equal(net.table.closest(A.id, 1, net.now).length, 1)
    assert.equal(net.dialed.length, 0)
  })

  test('shares 32 places with all other strangers that are being pinged', () => {
    const net = new ToyNetwork({ parameters: { k: 10_000 } })
    for (const stranger of inBucket(200)) query(net, stranger)
    assert.equal(net.dialed.length, 32)
    net.runFor(4_500)
    assert.equal(net.dialed.length, 32 * 3)
    for (const stranger of inBucket(200).slice(100)) query(net, stranger)
    assert.equal(net.dialed.length, 32 * 4)
  })

  test('takes no place from contacts that need a ping, however many strangers ask', () => {
    const net = new ToyNetwork({ parameters: { k: 10_000 } })
    const old = contactOf(idOf(0x40, 1), '10.200.0.1')
    net.table.restore([{ ...old, repliedAt: 1 }], net.now)
    for (let second = 0; second < 12; second++) {
      for (let i = 0; i < 40; i++) query(net, contactOf(idOf(0x80, i), `10.${second}.${i}.1`))
      net.runFor(1_000)
    }
    assert.ok(net.dialedTo(old.address).length > 0)
  })
})

describe('A full bucket', () => {
  /** Full of contacts heard of 16 minutes ago, the first of them least recently. */
  function full(): { net: ToyNetwork; members: Contact[]; newcomer: Contact } {
    const net = new ToyNetwork({ parameters: { maintenanceMs: 1e9, checkpointMs: 1e9, sleptAfterMs: 1e9 } })
    const [newcomer, ...members] = inBucket(5) as [Contact, ...Contact[]]
    for (const member of members) {
      net.befriend(member)
      net.runFor(1)
    }
    net.befriend(contactOf(idOf(1, 1), '10.9.9.9'))
    net.runFor(16 * 60_000)
    net.addPeer(newcomer)
    return { net, members, newcomer }
  }

  test('asks the one heard of longest ago whether it lives, and keeps it when it does (B5-06)', () => {
    const { net, members, newcomer } = full()
    net.addPeer(members[0]!)
    net.ask(newcomer.address)
    net.runFor(20)
    assert.deepEqual(
      net.dialed.map(({ to }) => to),
      [newcomer.address, members[0]!.address],
    )
    net.runFor(10_000)
    assert.equal(net.table.find(newcomer.id), null)
    assert.notEqual(net.table.find(members[0]!.id), null)
  })

  test('replaces it by the newcomer only when it has failed twice (B5-06: one retry)', () => {
    const { net, members, newcomer } = full()
    net.ask(newcomer.address)
    net.runFor(20 + 4_500)
    assert.notEqual(net.table.find(members[0]!.id), null)
    assert.equal(net.table.find(newcomer.id), null)
    net.ask(members[0]!.address, members[0]!.id)
    net.runFor(4_500)
    assert.equal(net.table.find(members[0]!.id), null)
    net.runFor(20)
    assert.notEqual(net.table.find(newcomer.id), null)
    const [removed, added] = net.notices.slice(-2)
    assert.equal(removed!.kind === 'contact-removed' && removed!.why, 'no-answer')
    assert.equal(added!.kind, 'contact-added')
  })

  test('goes on to the next one until one fails, and the newcomer takes its place (B5-06)', () => {
    const net = new ToyNetwork({ parameters: { checkpointMs: 1e9, sleptAfterMs: 1e9 } })
    const [newcomer, ...members] = inBucket(5) as [Contact, ...Contact[]]
    for (const member of members) {
      net.befriend(member)
      net.now++
    }
    net.befriend(contactOf(idOf(1, 1), '10.9.9.9'))
    // So long that all are questionable, and nothing was done about it meanwhile.
    net.now += 16 * 60_000
    const dead = members[3]!
    for (const living of [newcomer, ...members]) if (living !== dead) net.addPeer(living)
    net.ask(newcomer.address)
    net.runFor(2 * 60_000)
    const asked = net.dialed.map(({ to }) => members.findIndex(({ address }) => address.host === to.host))
    assert.deepEqual(
      [...new Set(asked)].filter((index) => index >= 0),
      [0, 1, 2, 3],
    )
    for (const member of members) assert.equal(net.table.find(member.id) === null, member === dead)
    assert.notEqual(net.table.find(newcomer.id), null)
  })

  test('asks one member once at a time, however many newcomers answer', () => {
    const { net, members } = full()
    for (const newcomer of inBucket(60).slice(5)) {
      net.addPeer(newcomer)
      net.ask(newcomer.address)
    }
    net.runFor(20)
    assert.equal(net.dialedTo(members[0]!.address).length, 1)
  })
})

describe('Contacts that others name', () => {
  const dead = Array.from({ length: 1_000 }, (_, i) =>
    contactOf(idOf(0x40, i & 255), `100.${i >> 8}.${i & 255}.7`),
  )

  test('never enter the table unless they answer us: 1000 dead ones leave no trace there (T4)', () => {
    const net = new ToyNetwork({ policy: publicPolicy })
    const liar = net.addPeer(A)
    let turn = 0
    liar.answer = ({ t }) => ({
      t,
      id: toHex(A.id),
      r: {
        nodes: dead
          .slice(16 * turn, 16 * ++turn)
          .map(({ id, address }) => [toHex(id), address.host, address.port]),
      },
    })
    for (let i = 0; i < 60; i++) net.lookup(idOf(0x40, i), { seeds: [A] })
    assert.ok(net.dialed.length > 900, 'they were named and tried')
    assert.deepEqual(
      [...net.table.contacts()].map(({ id }) => id),
      [A.id],
    )
  })

  test('are pinged where the table has room, each once, and enter when they answer', () => {
    const net = new ToyNetwork()
    net.addPeer(A)
    net.engine.consider(A, net.now)
    net.engine.consider(A, net.now)
    assert.equal(net.dialed.length, 1)
    net.runFor(20)
    assert.notEqual(net.table.find(A.id), null)
    net.engine.consider(A, net.now)
    assert.equal(net.dialed.length, 1)
  })
})
