// How a node joins a network of real engines in virtual time: by its own table, else by bootstrap nodes, else again.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Address } from '../../src/kademlia/contact.ts'
import { Joining } from '../../src/node/joining.ts'
import type { JoinReport } from '../../src/node/joining.ts'
import { idOf } from '../kademlia/table-fixtures.ts'
import { toyProbes } from '../kademlia/toy-wire.ts'
import type { ToyQuery, ToyReply } from '../kademlia/toy-wire.ts'
import { Ether } from './toy-nodes.ts'
import type { ToyNode } from './toy-nodes.ts'

const NOWHERE: Address = { host: '10.0.9.9', port: 1 }

interface Joiner {
  readonly node: ToyNode
  readonly joining: Joining<ToyQuery, ToyReply>
  readonly reports: JoinReport[]
  /** Times at which bootstrap nodes were asked for. */
  readonly resolved: number[]
  bootstrap: readonly Address[]
}

function joiner(ether: Ether, options: Parameters<Ether['open']>[2], ...bootstrap: Address[]): Joiner {
  const node = ether.open(idOf(0xee, 0xee), '10.0.7.7', options)
  const made: Joiner = {
    node,
    bootstrap,
    reports: [],
    resolved: [],
    joining: new Joining({
      runner: node.runner,
      probes: toyProbes,
      scheduler: ether.time,
      bootstrap: async () => {
        made.resolved.push(ether.time.now())
        return made.bootstrap
      },
      onJoined: (report) => void made.reports.push(report),
    }),
  }
  return made
}

/** A network in which everybody knows everybody. */
function network(ether: Ether, count: number): ToyNode[] {
  const nodes = Array.from({ length: count }, (_, i) => ether.open(idOf(0x2d * i + 1, i), `10.0.0.${i + 1}`))
  for (const node of nodes)
    for (const other of nodes) if (other !== node) node.table.answered(other.contact, ether.time.now(), 10)
  return nodes
}

describe('A node that joins', () => {
  test('asks its bootstrap nodes where its table is empty, and then everybody near its own id (B5-10)', async () => {
    const ether = new Ether()
    const [first] = network(ether, 6) as [ToyNode]
    const { joining, node, reports } = joiner(ether, {}, first.contact.address, NOWHERE)
    const joined = joining.join()
    await ether.time.runFor(20_000)
    const report = await joined
    assert.equal(report.via, 'bootstrap')
    assert.deepEqual(report.bootstrap, [
      { address: first.contact.address, rttMs: 20 },
      { address: NOWHERE, rttMs: null },
    ])
    assert.ok(report.contacts >= 4)
    assert.equal(node.table.size, 6, 'the rest of the table filled afterwards')
    assert.deepEqual(reports, [report])
  })

  test('goes on half a second after one bootstrap node has answered, though another is dead', async () => {
    const ether = new Ether()
    const [first] = network(ether, 6) as [ToyNode]
    const { joining, node, reports } = joiner(ether, {}, NOWHERE, first.contact.address)
    void joining.join()
    await ether.time.runFor(1_500)
    assert.deepEqual(
      reports.map(({ via }) => via),
      ['bootstrap'],
    )
    assert.ok(node.table.size >= 5)
    const [dead, alive] = reports[0]!.bootstrap
    assert.equal(dead!.rttMs, null)
    assert.ok(alive!.rttMs !== null)
  })

  test('asks no bootstrap node where somebody of its own table answers', async () => {
    const ether = new Ether()
    const [first] = network(ether, 6) as [ToyNode]
    const { joining, node, resolved } = joiner(ether, {}, NOWHERE)
    node.table.restore([{ ...first.contact, repliedAt: 5 }], ether.time.now())
    const joined = joining.join()
    await ether.time.runFor(20_000)
    const { via, bootstrap } = await joined
    assert.deepEqual([via, bootstrap], ['table', []])
    assert.deepEqual(resolved, [])
    assert.equal(node.table.size, 6)
  })

  test('asks its bootstrap nodes too where one alone of its table answers, and names nobody (T24)', async () => {
    const ether = new Ether()
    const [first] = network(ether, 6) as [ToyNode]
    const lonely = ether.open(idOf(9, 9), '10.0.8.8')
    const { joining, node, resolved } = joiner(ether, {}, first.contact.address)
    node.table.restore([{ ...lonely.contact, repliedAt: 5 }], ether.time.now())
    const joined = joining.join()
    await ether.time.runFor(20_000)
    assert.equal((await joined).via, 'table')
    assert.equal(resolved.length, 1)
    assert.ok(node.table.size >= 6)
  })

  test('asks its bootstrap nodes where its whole table is dead', async () => {
    const ether = new Ether()
    const [first] = network(ether, 3) as [ToyNode]
    const { joining, node } = joiner(ether, {}, first.contact.address)
    node.table.restore([{ id: idOf(5, 5), address: NOWHERE, repliedAt: 5 }], ether.time.now())
    const joined = joining.join()
    await ether.time.runFor(20_000)
    assert.equal((await joined).via, 'bootstrap')
    assert.ok(node.table.size >= 3)
  })

  test('asks the seeds that it is given, also where its table would do', async () => {
    const ether = new Ether()
    const [first, second] = network(ether, 2) as [ToyNode, ToyNode]
    const { joining, node, resolved } = joiner(ether, {})
    node.table.restore([{ ...first.contact, repliedAt: 5 }], ether.time.now())
    const joined = joining.join([second.contact.address])
    await ether.time.runFor(20_000)
    assert.deepEqual((await joined).bootstrap, [{ address: second.contact.address, rttMs: 20 }])
    assert.deepEqual(resolved, [])
  })

  test('waits for the attempt that is under way; who brings seeds has them asked, each of them', async () => {
    const ether = new Ether()
    const nodes = network(ether, 4)
    const { joining, reports } = joiner(ether, {}, nodes[0]!.contact.address)
    const asked = [
      joining.join(),
      joining.join(),
      joining.join([nodes[1]!.contact.address]),
      joining.join([nodes[2]!.contact.address]),
    ]
    await ether.time.runFor(20_000)
    const [first, second, ...seeded] = await Promise.all(asked)
    assert.equal(first, second)
    assert.deepEqual(
      seeded.map(({ bootstrap }) => bootstrap[0]!.address),
      [nodes[1]!.contact.address, nodes[2]!.contact.address],
    )
    assert.equal(reports.length, 3)
  })
})

describe('A node that finds nobody', () => {
  test('says so, and tries again after 10 s, 20 s, 40 s, at most every 10 min', async () => {
    const ether = new Ether()
    const { joining, resolved, reports } = joiner(ether, {})
    const joined = joining.join()
    await ether.time.runFor(0)
    assert.deepEqual(await joined, { via: 'nobody', contacts: 0, bootstrap: [] })
    await ether.time.runFor(3 * 3_600_000)
    const gaps = resolved.slice(1).map((at, i) => (at - resolved[i]!) / 1_000)
    assert.deepEqual(gaps.slice(0, 9), [10, 20, 40, 80, 160, 320, 600, 600, 600])
    assert.equal(reports.length, resolved.length)
  })

  test('joins as soon as a bootstrap node is there, and rests then', async () => {
    const ether = new Ether()
    const late: Address = { host: '10.0.0.1', port: 6881 }
    const { joining, resolved, reports } = joiner(ether, {}, late)
    void joining.join()
    await ether.time.runFor(60_000)
    network(ether, 3)
    await ether.time.runFor(60_000)
    assert.equal(reports.at(-1)!.via, 'bootstrap')
    const { length } = resolved
    await ether.time.runFor(3_600_000)
    assert.equal(resolved.length, length)
  })

  test('though its table is full, of dead contacts, tries its bootstrap nodes again', async () => {
    const ether = new Ether()
    const late: Address = { host: '10.0.0.1', port: 6881 }
    const { joining, node, reports } = joiner(ether, {}, late)
    const dead = [1, 2, 3].map((i) => ({ id: idOf(i, i), address: { ...NOWHERE, port: i }, repliedAt: 5 }))
    node.table.restore(dead, ether.time.now())
    void joining.join()
    await ether.time.runFor(60_000)
    assert.equal(reports[0]!.via, 'nobody')
    network(ether, 3)
    await ether.time.runFor(120_000)
    assert.equal(reports.at(-1)!.via, 'bootstrap')
  })

  test('does not give up when an attempt itself fails, as for too many lookups', async () => {
    const ether = new Ether()
    const [first] = network(ether, 2) as [ToyNode]
    const { joining, node, reports } = joiner(ether, { parameters: { maxLookups: 1 } }, first.contact.address)
    const dead = { id: idOf(5, 5), address: NOWHERE }
    node.runner.lookup({ query: toyProbes.closestTo(idOf(1, 1)), seeds: [dead] })
    await assert.rejects(joining.join(), { code: 'overload' })
    await ether.time.runFor(9_999)
    assert.equal(reports.length, 0)
    await ether.time.runFor(10_000)
    assert.equal(reports[0]!.via, 'bootstrap')
  })

  test('since its few contacts have all died, joins again when its pings have shown it, and not only when they are given up', async () => {
    const ether = new Ether()
    const nodes = network(ether, 4)
    const late: Address = { host: '10.0.1.1', port: 6881 }
    const { joining, node, reports } = joiner(ether, {}, nodes[0]!.contact.address, late)
    void joining.join()
    await ether.time.runFor(60_000)
    assert.equal(node.table.size, 4)
    for (const { runner } of nodes) await runner.close()
    const other = ether.open(idOf(7, 7), late.host)
    await ether.time.runFor(14 * 60_000)
    assert.equal(reports.at(-1)!.via, 'bootstrap')
    assert.equal(reports.length, 2, 'one attempt was enough')
    assert.ok(node.table.find(other.contact.id) !== null)
  })

  test('is watched: one that lost its last contact looks for others', async () => {
    const ether = new Ether()
    const [first] = network(ether, 2) as [ToyNode]
    const { joining, node, reports } = joiner(ether, {}, first.contact.address)
    joining.watch()
    joining.watch()
    await ether.time.runFor(9_999)
    assert.deepEqual(reports, [])
    await ether.time.runFor(10_000)
    assert.equal(reports.length, 1)
    joining.watch()
    await ether.time.runFor(60_000)
    assert.equal(reports.length, 1, 'it knows somebody')
    for (const { id, address } of node.table.closest(idOf(0, 0), 9, ether.time.now(), 'any'))
      node.table.remove(id, address)
    joining.watch()
    await ether.time.runFor(60_000)
    assert.equal(reports.length, 2)
  })
})

describe('After closing', () => {
  test('nothing is tried again, and an attempt under way tells nobody', async () => {
    const ether = new Ether()
    const { joining, resolved, reports } = joiner(ether, {}, NOWHERE)
    const joined = joining.join()
    await ether.time.runFor(10)
    joining.close()
    await ether.time.runFor(20_000)
    assert.equal((await joined).via, 'nobody')
    joining.watch()
    await ether.time.runFor(3_600_000)
    assert.equal(resolved.length, 1)
    assert.deepEqual(reports, [])
  })
})
