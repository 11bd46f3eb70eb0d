// Thirty drogulus nodes on real TLS sockets of loopback, of which some die without a word: within one replication interval,
// here of seconds, those that are left hold what the dead held. With the true interval that is in virtual time
// (drogulus-replication.test.ts).
import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { toHex } from '../../src/kademlia/id.ts'
import { SeededRandom } from '../../src/simulator/seeded-random.ts'
import { eventually } from '../transports/streams.ts'
import { closestOf, holdersOf, keyAt, kill, network, type SocketNode } from './drogulus-sockets.ts'

const NODES = 30
const K = 8
/** Long enough for all that is done in it, on a slow machine. */
const INTERVAL_MS = 4_000

const seed = Number(process.env['XORBIT_SEED'] ?? 2013)
const random = new SeededRandom(seed, 'drogulus holders')

let nodes: SocketNode[]
before(async () => {
  nodes = await network(NODES, (known) => random.pick(known), {
    parameters: { k: K },
    replicateIntervalMs: INTERVAL_MS,
  })
})

describe('A value over TLS of which the owner and half of the holders have died', () => {
  test('is held by as many again after one replication interval, and resolved by all who live (drogulus B0)', async (context) => {
    context.diagnostic(`seed ${seed}: repeat it with XORBIT_SEED=${seed}`)
    // Nobody but holders stores it again: its owner does not keep it alive, and dies.
    await Promise.all(
      nodes.map(({ node }) => node.publish('left behind', 'still here', { keepAlive: false })),
    )
    const owner = nodes.find((each) => !closestOf(nodes, keyAt(each, 'left behind'), K).includes(each))!
    const key = keyAt(owner, 'left behind')
    const { publicKey } = owner.node
    const holders = holdersOf(nodes, key).filter((each) => each !== owner)
    assert.equal(holders.length, K)
    const [nearest] = closestOf(holders, key, 1) as [SocketNode]
    const others = holders.filter((each) => each !== nearest)
    const dead = [owner, nearest, ...random.sample(others, K / 2 - 1)]
    await Promise.all(dead.map(kill))
    const living = nodes.filter((each) => !dead.includes(each))
    const reports: string[] = []
    for (const { node } of living) {
      node.on('replicated', (report) => {
        if (report.key === toHex(key)) reports.push(report.key)
      })
    }
    const held = (): number => holdersOf(living, key).length
    assert.ok(held() < K)
    await eventually(() => held() >= K, 'stored again on those that have moved up')
    await eventually(() => reports.length > 0, 'by replication')
    const found = await Promise.all(
      living.flatMap(({ node }) =>
        (['first', 'latest'] as const).map((mode) => node.resolve(publicKey, 'left behind', { mode })),
      ),
    )
    assert.deepEqual(new Set(found.map((each) => each?.text)), new Set(['still here']))
    // So are the values of all others, living or dead.
    const reader = random.pick(living)
    for (const { node } of nodes) {
      assert.equal((await reader.node.resolve(node.publicKey, 'left behind'))?.text, 'still here')
    }
  })
})
