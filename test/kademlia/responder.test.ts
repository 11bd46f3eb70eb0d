// The serving side of a real engine: what is answered, refused and dropped, and when an answer leaves.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Address } from '../../src/kademlia/contact.ts'
import { toHex } from '../../src/kademlia/id.ts'
import type { Answer, Answers } from '../../src/kademlia/ports.ts'
import { NO_LIMITS } from '../../src/kademlia/rate-limits.ts'
import type { SourceLimitRates } from '../../src/kademlia/rate-limits.ts'
import { contactOf, idOf, publicPolicy } from './table-fixtures.ts'
import { ToyNetwork } from './toy-network.ts'
import type { ToyQuery, ToyReply } from './toy-wire.ts'

const A = contactOf(idOf(0x80, 1), '198.51.100.1')
const B = contactOf(idOf(0x80, 2), '203.0.113.2')

const ping = { t: 'aa01', id: toHex(A.id), q: { method: 'ping' } } as const

const answering = (answer: Answer<ToyReply>): Answers<ToyQuery, ToyReply> => ({ answer: () => answer })

const countsOf = (net: ToyNetwork) => net.engine.counters.snapshot().methods['ping']!
const droppedBy = (net: ToyNetwork) => net.engine.counters.snapshot().dropped

const limits = (changes: Partial<SourceLimitRates>): SourceLimitRates => ({ ...NO_LIMITS, ...changes })
const once = { perSecond: 0.001, burst: 1 }

describe('A query', () => {
  test('is answered at once to where it came from, with its transaction', () => {
    const net = new ToyNetwork({ answers: answering({ reply: { values: ['x'] }, acknowledgesWrite: false }) })
    net.deliver(ping, A.address)
    assert.deepEqual(net.sent, [
      { at: net.now, to: A.address, message: { t: 'aa01', r: { values: ['x'] }, id: '0000' } },
    ])
    assert.equal(countsOf(net).received, 1)
  })

  test('that wrote is answered only after the commit', () => {
    const net = new ToyNetwork({ answers: answering({ reply: {}, acknowledgesWrite: true }) })
    net.deliver(ping, A.address)
    assert.deepEqual(net.sent, [])
    assert.deepEqual(
      net.afterCommit.map(({ message }) => message.t),
      ['aa01'],
    )
  })

  test('that is refused gets the error with its code', () => {
    const refusal = { code: 203, message: 'bad token' }
    const net = new ToyNetwork({ answers: answering({ refusal, failedToken: false }) })
    net.deliver(ping, A.address)
    assert.deepEqual(net.sent[0]!.message, { t: 'aa01', e: refusal })
    assert.equal(countsOf(net).refused, 1)
  })

  test('gets no answer from a node that serves nobody (BEP 43)', () => {
    const net = new ToyNetwork({ answers: answering(null) })
    net.deliver(ping, A.address)
    assert.deepEqual([net.sent, net.afterCommit], [[], []])
  })

  test('knows who asks: the id as claimed and the address as it is', () => {
    const asked: { id: string; address: Address }[] = []
    const net = new ToyNetwork({
      answers: {
        answer(_query, { id, address }) {
          asked.push({ id: toHex(id), address })
          return null
        },
      },
    })
    net.deliver({ ...ping, port: 9 }, A.address)
    assert.deepEqual(asked, [{ id: '8001', address: A.address }])
  })

  test('that is malformed gets the error that the wire names, and is counted as dropped', () => {
    const net = new ToyNetwork()
    net.deliver({ t: 'aa01', q: { method: 'ping' } }, A.address)
    assert.deepEqual(net.sent[0]!.message, { t: 'aa01', e: { code: 203, message: 'no id' } })
    assert.deepEqual(droppedBy(net), { 'no-id': 1 })
  })

  test('whose transaction leaves no room for an error gets none', () => {
    const net = new ToyNetwork()
    net.deliver({ t: 'aa'.repeat(200), q: { method: 'ping' } }, A.address)
    assert.deepEqual(net.sent, [])
    assert.equal(droppedBy(net)['too-big'], 1)
  })
})

describe('Limits', () => {
  test('drop the queries of a source that sends too many, and no one else’s', () => {
    const net = new ToyNetwork({ policy: publicPolicy, limits: limits({ requestsPerIp: once }) })
    for (let i = 0; i < 5; i++) net.deliver(ping, A.address)
    net.deliver(ping, B.address)
    assert.deepEqual(
      net.sent.map(({ to }) => to),
      [A.address, B.address],
    )
    assert.equal(droppedBy(net)['rate-limited'], 4)
  })

  test('let answers to our own requests in, however much else comes from there', () => {
    const net = new ToyNetwork({ policy: publicPolicy, limits: limits({ requestsPerIp: once }) })
    for (let i = 0; i < 5; i++) net.deliver(ping, A.address)
    const asked = net.ask(A.address, A.id)
    const t = net.dialedTo(A.address).at(-1)!.message.t
    net.deliver({ t, id: toHex(A.id), r: {} }, A.address)
    assert.deepEqual(asked.outcome, { kind: 'reply', contact: A, reply: {}, rttMs: 0 })
  })

  test('let nothing but answers in while one is awaited: no query, no malformed one, no error of ours goes out', () => {
    const net = new ToyNetwork({ policy: publicPolicy, limits: limits({ requestsPerIp: once }) })
    net.deliver(ping, A.address)
    net.ask(A.address, A.id)
    for (let i = 0; i < 5; i++) {
      net.deliver(ping, A.address)
      net.deliver({ t: 'aa01', q: { method: 'ping' } }, A.address)
    }
    assert.equal(net.sent.length, 1)
    assert.equal(countsOf(net).received, 1)
    assert.equal(droppedBy(net)['rate-limited'], 5)
  })

  test('hold back answers and errors beyond the bytes of a network, and count them (T8)', () => {
    const rates = limits({ bytesPerPrefix: { perSecond: 0.001, burst: 60 } })
    const net = new ToyNetwork({ policy: publicPolicy, limits: rates })
    // Other hosts of the network have no quota of their own, though the table may hold one of each.
    for (let i = 0; i < 5; i++) net.deliver(ping, { ...A.address, host: `198.51.${i}.1` })
    net.deliver({ t: 'aa01', q: { method: 'ping' } }, A.address)
    assert.equal(net.sent.length, 1)
    assert.equal(countsOf(net).refused, 4)
    assert.equal(droppedBy(net)['bytes-out-limit'], 5)
  })

  test('silence who guesses tokens (T10)', () => {
    const failedTokens = { perSecond: 0.001, burst: 2, blockMs: 60_000 }
    const refusal = { code: 203, message: 'bad token' }
    const net = new ToyNetwork({
      policy: publicPolicy,
      limits: limits({ failedTokens }),
      answers: answering({ refusal, failedToken: true }),
    })
    for (let i = 0; i < 10; i++) net.deliver(ping, A.address)
    assert.equal(net.sent.length, 3)
    net.deliver(ping, B.address)
    assert.equal(net.sent.length, 4)
    net.runFor(60_000)
    net.deliver(ping, A.address)
    assert.equal(net.sent.length, 5)
  })

  test('silence nobody for refusals of another kind', () => {
    const failedTokens = { perSecond: 0.001, burst: 2, blockMs: 60_000 }
    const answers = answering({ refusal: { code: 204, message: 'no such method' }, failedToken: false })
    const net = new ToyNetwork({ policy: publicPolicy, limits: limits({ failedTokens }), answers })
    for (let i = 0; i < 10; i++) net.deliver(ping, A.address)
    assert.equal(net.sent.length, 10)
  })
})

describe('Bytes from outside', () => {
  const datagrams = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.json().map((text) => new TextEncoder().encode(text)),
    fc
      .record(
        {
          t: fc.oneof(fc.constantFrom('', 'aabb', 'zz', 'a'), fc.integer()),
          id: fc.oneof(fc.constantFrom('', '0000', '8001', 'x'), fc.boolean()),
          q: fc.constantFrom({ method: 'ping' }, { method: 'find', target: '00' }),
          r: fc.constantFrom({}, { nodes: [] }),
          e: fc.constant({ code: 1, message: '' }),
          port: fc.constantFrom(0, 6881, null),
        },
        { requiredKeys: [] },
      )
      .map((message) => new TextEncoder().encode(JSON.stringify(message))),
  )

  test('never throw out of receive, whatever they are, and whatever is under way', () => {
    fc.assert(
      fc.property(fc.array(datagrams, { maxLength: 30 }), (received) => {
        const net = new ToyNetwork()
        net.addPeer(B)
        for (const bytes of received) {
          net.ask(A.address, A.id)
          net.deliverBytes(bytes, A.address)
          net.runFor(10)
        }
        assert.equal(net.table.find(net.table.ownId), null)
      }),
      { numRuns: 200 },
    )
  })
})
