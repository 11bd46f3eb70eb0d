// An engine on a transport: what callbacks become as promises and streams, and that aborting and closing stop the traffic.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Hop } from '../../src/kademlia/walk.ts'
import { idOf } from '../kademlia/table-fixtures.ts'
import { findToy } from '../kademlia/toy-wire.ts'
import { Ether } from './toy-nodes.ts'
import type { ToyNode } from './toy-nodes.ts'

const TARGET = idOf(0xff, 0xff)
const ping = { method: 'ping' } as const

/** Nodes at 10.0.0.1 and so on; the first knows the second, the second the third. */
function nodes(ether: Ether, count: number): ToyNode[] {
  const opened = Array.from({ length: count }, (_, i) => ether.open(idOf(0x10 * i + 1, 0), `10.0.0.${i + 1}`))
  for (const [i, node] of opened.entries()) {
    const next = opened[i + 1]
    if (next !== undefined) node.table.answered(next.contact, ether.time.now(), 10)
  }
  return opened
}

describe('Asking one node', () => {
  test('resolves with how it ended: an answer, and none', async () => {
    const ether = new Ether()
    const [a, b] = nodes(ether, 2) as [ToyNode, ToyNode]
    const answered = a.runner.ask({ query: ping, to: b.contact.address, expectedId: null })
    const lost = a.runner.ask({ query: ping, to: { host: '10.0.9.9', port: 1 }, expectedId: null })
    await ether.time.runFor(10_000)
    assert.deepEqual(await answered, { kind: 'reply', contact: b.contact, reply: {}, rttMs: 20 })
    assert.deepEqual(await lost, { kind: 'failed', why: 'timeout' })
  })

  test('that is aborted rejects with the signal’s reason, whatever it is, and sends nothing more', async () => {
    const ether = new Ether()
    const [a] = nodes(ether, 1) as [ToyNode]
    for (const reason of [new Error('enough'), 'a word', undefined]) {
      const controller = new AbortController()
      const to = { host: '10.0.9.9', port: 1 }
      const asked = a.runner.ask({ query: ping, to, expectedId: null }, { signal: controller.signal })
      const sent = ether.packets.length
      controller.abort(reason)
      await assert.rejects(asked, (error) => error === controller.signal.reason)
      await ether.time.runFor(5_000)
      assert.equal(ether.packets.length, sent)
    }
    assert.deepEqual(a.runner.engine.underWay, { requests: 0, lookups: 0 })
  })

  test('with a signal that is aborted already sends nothing', async () => {
    const ether = new Ether()
    const [a, b] = nodes(ether, 2) as [ToyNode, ToyNode]
    const signal = AbortSignal.abort('late')
    const asked = a.runner.ask({ query: ping, to: b.contact.address, expectedId: null }, { signal })
    await assert.rejects(asked, (error) => error === 'late')
    assert.equal(ether.packets.length, 0)
  })
})

describe('Looking up', () => {
  test('gives results with who gave them, and then its outcome', async () => {
    const ether = new Ether()
    const all = nodes(ether, 4)
    const hops: Hop[] = []
    const walk = all[0]!.runner.lookup({ query: findToy(TARGET), onHop: (hop) => void hops.push(hop) })
    await ether.time.runFor(10_000)
    const { why, closest } = await walk.outcome
    assert.equal(why, 'converged')
    assert.deepEqual(
      closest.map(({ contact }) => contact.id[0]),
      [0x31, 0x21, 0x11],
    )
    assert.equal(hops.length, 3)
    assert.deepEqual(await walk.next(), { value: undefined, done: true })
  })

  test('that is aborted rejects with the signal’s reason, in the loop and in its outcome, and sends nothing more', async () => {
    const ether = new Ether()
    const [a] = nodes(ether, 4) as [ToyNode]
    const controller = new AbortController()
    const walk = a.runner.lookup({ query: findToy(TARGET), signal: controller.signal })
    const reading = walk.next()
    await ether.time.runFor(15)
    const sent = ether.dialedBy(a)
    controller.abort(new Error('enough'))
    await assert.rejects(reading, { message: 'enough' })
    await assert.rejects(walk.outcome, { message: 'enough' })
    await ether.time.runFor(5_000)
    assert.equal(ether.dialedBy(a), sent)
    assert.equal(a.runner.engine.underWay.lookups, 0)
  })

  test('that is left early sends nothing more', async () => {
    const ether = new Ether()
    const [a] = nodes(ether, 4) as [ToyNode]
    const walk = a.runner.lookup({ query: findToy(TARGET) })
    await walk.return()
    assert.equal((await walk.outcome).why, 'cancelled')
    const sent = ether.dialedBy(a)
    await ether.time.runFor(5_000)
    assert.equal(ether.dialedBy(a), sent)
  })

  test('may be aborted from within onHop, also before lookup() has returned', async () => {
    const ether = new Ether()
    const [a] = nodes(ether, 3) as [ToyNode]
    const controller = new AbortController()
    const stop = (): void => controller.abort(new Error('seen enough'))
    const walk = a.runner.lookup({ query: findToy(TARGET), signal: controller.signal, onHop: stop })
    await ether.time.runFor(10_000)
    await assert.rejects(walk.outcome, { message: 'seen enough' })
    // The second one is refused as overload while the first is asked: onHop is called before lookup() returns.
    const busy = ether.open(idOf(9, 9), '10.0.1.1', { parameters: { maxInFlight: 1 } })
    for (const i of [2, 3]) {
      const contact = { id: idOf(i, i), address: { host: `10.0.1.${i}`, port: 1 } }
      busy.table.answered(contact, ether.time.now(), 1)
    }
    const second = new AbortController()
    const onHop = (): void => second.abort(new Error('at once'))
    const early = busy.runner.lookup({ query: findToy(TARGET), signal: second.signal, onHop })
    assert.equal(second.signal.aborted, true)
    await assert.rejects(early.outcome, { message: 'at once' })
    assert.deepEqual(busy.runner.engine.underWay, { requests: 0, lookups: 0 })
  })

  test('whose onHop throws fails with that error, and harms no other lookup', async () => {
    const ether = new Ether()
    const [a] = nodes(ether, 4) as [ToyNode]
    const bad = a.runner.lookup({
      query: findToy(TARGET),
      onHop() {
        throw new Error('a bad listener')
      },
    })
    const good = a.runner.lookup({ query: findToy(TARGET) })
    await ether.time.runFor(10_000)
    await assert.rejects(bad.outcome, { message: 'a bad listener' })
    assert.equal((await good.outcome).closest.length, 3)
  })

  test('above maxLookups fails as overload', async () => {
    const ether = new Ether()
    const a = ether.open(idOf(1, 1), '10.0.0.1', { parameters: { maxLookups: 1 } })
    a.table.answered({ id: idOf(2, 2), address: { host: '10.0.9.9', port: 1 } }, ether.time.now(), 10)
    a.runner.lookup({ query: findToy(TARGET) })
    const refused = a.runner.lookup({ query: findToy(TARGET) })
    await assert.rejects(refused.outcome, { name: 'XorbitError', code: 'overload' })
    await assert.rejects(refused.next(), { code: 'overload' })
  })
})

describe('A running engine', () => {
  test('acknowledges what wrote after the store has committed, and all of one turn by one commit', async () => {
    const ether = new Ether()
    const [a, b] = nodes(ether, 2) as [ToyNode, ToyNode]
    const keeper = ether.open(idOf(7, 7), '10.0.0.9', { writes: true })
    const asked = [a, b, a].map(({ runner }) =>
      runner.ask({ query: { method: 'keep' }, to: keeper.contact.address, expectedId: null }),
    )
    await ether.time.runFor(1_000)
    for (const outcome of await Promise.all(asked)) assert.equal(outcome.kind, 'reply')
    assert.ok(keeper.commits >= 1 && keeper.commits <= 3)
  })

  test('refreshes its buckets and tells when it is done', async () => {
    const ether = new Ether()
    const [a] = nodes(ether, 4) as [ToyNode]
    let done = false
    void a.runner.refresh(true).then(() => (done = true))
    assert.equal(done, false)
    await ether.time.runFor(10_000)
    assert.equal(done, true)
    assert.equal(a.table.size, 3)
  })

  test('that is closed has ended all that was under way, sends nothing, and leaves no timer behind', async () => {
    const ether = new Ether()
    const [a, b] = nodes(ether, 2) as [ToyNode, ToyNode]
    await b.runner.close()
    const walk = a.runner.lookup({ query: findToy(TARGET) })
    const asked = a.runner.ask({ query: ping, to: b.contact.address, expectedId: null })
    const sent = ether.dialedBy(a)
    // What was not finished must not look like what was not found.
    const ended = [
      assert.rejects(asked, { code: 'closed' }),
      assert.rejects(walk.outcome, { code: 'closed' }),
    ]
    await Promise.all([a.runner.close(), a.runner.close()])
    await Promise.all(ended)
    await ether.time.runFor(100)
    assert.equal(ether.time.pending, 0)
    a.runner.receive(Uint8Array.of(1), b.contact.address, b.contact.address)
    a.runner.unreachable(b.contact.address, 'ECONNREFUSED')
    a.runner.wakeAt(ether.time.now() + 1)
    assert.equal(ether.time.pending, 0)
    await ether.time.runFor(3_600_000)
    assert.equal(ether.dialedBy(a), sent)
  })

  test('that is closed refuses further work with a typed error', async () => {
    const ether = new Ether()
    const [a] = nodes(ether, 1) as [ToyNode]
    await a.runner.close()
    const closed = { name: 'XorbitError', code: 'closed' }
    await assert.rejects(a.runner.ask({ query: ping, to: a.contact.address, expectedId: null }), closed)
    await assert.rejects(a.runner.refresh(true), closed)
    assert.throws(() => a.runner.lookup({ query: findToy(TARGET) }), closed)
  })
})
