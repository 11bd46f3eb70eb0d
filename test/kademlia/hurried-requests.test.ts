// Requests of which somebody waits for the answer: silence is believed sooner, and taken back when an answer comes yet.
// When they are sent again is in request-table.test.ts.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Contact } from '../../src/kademlia/contact.ts'
import { toHex, type Id } from '../../src/kademlia/id.ts'
import type { RequestOutcome } from '../../src/kademlia/requester.ts'
import { contactOf, idOf, publicPolicy } from './table-fixtures.ts'
import { START, ToyNetwork } from './toy-network.ts'
import type { ToyReply } from './toy-wire.ts'

const A = contactOf(idOf(0x80, 1), '198.51.100.1')

describe('A hurried request', () => {
  test('has missed once when it is silent, and fails when others do', () => {
    const net = new ToyNetwork({ policy: publicPolicy })
    net.befriend(A)
    const heard: string[] = []
    const request = { query: { method: 'ping' } as const, to: A.address, expectedId: A.id, hurried: true }
    const listener = {
      onSlow: (now: number) => void heard.push(`slow ${now - START}`),
      onSilent: (now: number) => void heard.push(`silent ${now - START}`),
      onOutcome: ({ kind }: RequestOutcome<ToyReply>, now: number) =>
        void heard.push(`${kind} ${now - START}`),
    }
    net.engine.ask(request, listener, net.now)
    net.runFor(449)
    assert.equal(net.table.find(A.id)!.failures, 0)
    net.runFor(1)
    assert.equal(net.table.find(A.id)!.failures, 1)
    assert.equal(net.suspects.isSuspect(A.address, net.now), true)
    net.runFor(5_000)
    assert.equal(net.table.find(A.id)!.failures, 1)
    assert.deepEqual(heard, ['slow 150', 'silent 450', 'failed 4500'])
    assert.equal(net.dialed.length, 3)
  })

  test('that is silent may yet be answered, which takes back that it has missed', () => {
    const net = new ToyNetwork({ policy: publicPolicy })
    net.befriend(A)
    const outcomes: string[] = []
    const request = { query: { method: 'ping' } as const, to: A.address, expectedId: A.id, hurried: true }
    const onOutcome = ({ kind }: RequestOutcome<ToyReply>): void => void outcomes.push(kind)
    net.engine.ask(request, { onOutcome }, net.now)
    net.runFor(450)
    net.deliver({ t: net.dialed.at(-1)!.message.t, id: toHex(A.id), r: {} }, A.address)
    assert.deepEqual(outcomes, ['reply'])
    assert.equal(net.table.find(A.id)!.failures, 0)
    assert.equal(net.suspects.isSuspect(A.address, net.now), false)
  })

  test('shows that our link is down as soon as it is silent, and once (B45-09)', () => {
    const net = new ToyNetwork()
    const ask = ({ address }: Contact, expectedId: Id | null): void => {
      const request = { query: { method: 'ping' } as const, to: address, expectedId, hurried: true }
      net.engine.ask(request, { onOutcome: () => {} }, net.now)
    }
    for (let i = 0; i < 15; i++) ask(contactOf(idOf(0x80, i), `10.${i}.0.1`), null)
    net.runFor(5_000)
    assert.equal(net.engine.offline, false)
    net.befriend(A)
    ask(A, A.id)
    net.runFor(450)
    assert.equal(net.engine.offline, true)
    assert.equal(net.table.find(A.id)!.failures, 0)
  })
})
