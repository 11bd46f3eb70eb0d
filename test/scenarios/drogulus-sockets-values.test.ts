// Thirty drogulus nodes on real TLS sockets of loopback: what one publishes others resolve, a newer value replaces an older
// one wherever it is looked for, what has expired is gone. What takes hours is in virtual time, in the other scenarios.
import assert from 'node:assert/strict'
import { before, describe, test, type TestContext } from 'node:test'
import { versionOf } from '../../src/networks/drogulus/keys/signed-value.ts'
import { ERROR } from '../../src/networks/drogulus/messages.ts'
import { SeededRandom } from '../../src/simulator/seeded-random.ts'
import { eventually } from '../transports/streams.ts'
import { signed } from './drogulus-fixtures.ts'
import {
  closestOf,
  holdersOf,
  keyAt,
  network,
  opened,
  addressOf,
  type SocketNode,
} from './drogulus-sockets.ts'
import { DrogulusStranger } from './drogulus-strangers.ts'

const NODES = 30
const K = 8
/** Others that resolve each value, half of them in each mode. */
const READERS = 8
const MODES = ['first', 'latest'] as const

const seed = Number(process.env['XORBIT_SEED'] ?? 2013)
const random = new SeededRandom(seed, 'drogulus sockets')
const tell = (context: TestContext): void =>
  context.diagnostic(`seed ${seed}: repeat it with XORBIT_SEED=${seed}`)

let nodes: SocketNode[]
before(async () => {
  nodes = await network(NODES, (known) => random.pick(known), { parameters: { k: K } })
})

/** Random nodes that are not the owner. */
const readersBut = (owner: SocketNode, count: number): SocketNode[] =>
  random.sample(
    nodes.filter((each) => each !== owner),
    count,
  )

/** Random others that hold nothing of it: they have to ask. */
const strangersTo = (name: string, owner: SocketNode, count: number): SocketNode[] => {
  const holders = holdersOf(nodes, keyAt(owner, name))
  return random.sample(
    nodes.filter((each) => each !== owner && !holders.includes(each)),
    count,
  )
}

/** Between the clocks of nodes of one process; NTP moves the wall's by less in a test. */
const CLOCKS_DIFFER_MS = 500

describe('Thirty drogulus nodes over TLS', () => {
  test('each publish a value, on k nodes, that eight random others resolve (drogulus B0, B8)', async (context) => {
    tell(context)
    const publishing = nodes.map(({ node }, i) => node.publish('mine', `of ${i}`))
    for (const { stored, refused } of await Promise.all(publishing)) {
      assert.deepEqual([stored, refused], [K, []])
    }
    for (const owner of nodes) {
      const key = keyAt(owner, 'mine')
      const holders = holdersOf(nodes, key)
      const others = holders.filter((each) => each !== owner)
      assert.ok(others.length === K || others.length === K - 1, `${others.length} others`)
    }
    const resolving = nodes.flatMap((owner, i) =>
      readersBut(owner, READERS).map(async ({ node }, n) => {
        const found = await node.resolve(owner.node.publicKey, 'mine', { mode: MODES[n % 2]! })
        assert.deepEqual([found?.text, found?.publicKey], [`of ${i}`, owner.node.publicKey])
      }),
    )
    assert.equal(resolving.length, NODES * READERS)
    await Promise.all(resolving)
    for (const { node } of nodes) {
      const [{ dropped, transportDropped }] = node.stats().families as [never]
      assert.deepEqual([dropped, transportDropped, node.stats().banned], [{}, {}, 0])
    }
  })

  test('find the newest of three values wherever they look (drogulus B0, B4)', async (context) => {
    tell(context)
    const owner = random.pick(nodes)
    const key = keyAt(owner, 'news')
    for (const news of ['first', 'second', 'third']) {
      const { timestamp, stored } = await owner.node.publish('news', news)
      assert.equal(stored, K)
      const version = versionOf({ timestamp })
      assert.ok(holdersOf(nodes, key, version).length >= K)
      const found = await Promise.all(
        nodes.map(({ node }) => node.resolve(owner.node.publicKey, 'news', { mode: 'latest' })),
      )
      assert.deepEqual(new Set(found.map((each) => each?.text)), new Set([news]))
    }
    // Everybody has seen the newest by now.
    const found = await Promise.all(
      nodes.map(({ node }) => node.resolve(owner.node.publicKey, 'news', { mode: 'first' })),
    )
    assert.deepEqual(new Set(found.map((each) => each?.text)), new Set(['third']))
  })

  test('prefer no older value to a newer one, though half of the closest hold the older (drogulus B0)', async (context) => {
    tell(context)
    // Signed by hand, so that the two can be brought to whom the test chooses.
    const now = Date.now() / 1_000
    const older = signed({ name: 'two', value: 'older', timestamp: now - 60 })
    const newer = signed({ name: 'two', value: 'newer', timestamp: now - 30 })
    const holders = closestOf(nodes, older.key, K)
    for (const [rank, holder] of holders.entries()) {
      using stranger = await DrogulusStranger.connect(addressOf(holder))
      const item = rank % 2 === 0 ? newer : older
      assert.equal((await stranger.ask({ method: 'store', item })).name, 'pong')
    }
    for (const { node } of random.sample(nodes, 10)) {
      assert.equal((await node.get(older.key, { mode: 'latest' }))?.text, 'newer')
      assert.equal((await node.get(older.key, { mode: 'first' }))?.text, 'newer', 'it has seen the newer')
    }
    using stranger = await DrogulusStranger.connect(addressOf(holders[0]!))
    const { code, details } = await stranger.ask({ method: 'store', item: older })
    assert.deepEqual(
      [code, details],
      [ERROR.superseded, { new_timestamp: String(Math.trunc(newer.timestamp)) }],
    )
    for (const { node } of nodes) assert.equal(node.stats().banned, 0, 'who has an older one is no forger')
  })

  test('find no value any more once it has expired, and hold none (drogulus B0, B4)', async (context) => {
    tell(context)
    const owner = random.pick(nodes)
    const key = keyAt(owner, 'brief')
    const expires = Date.now() / 1_000 + 2
    assert.equal((await owner.node.publish('brief', 'gone soon', { expires })).stored, K)
    const [reader] = strangersTo('brief', owner, 1)
    const found = await reader!.node.resolve(owner.node.publicKey, 'brief')
    assert.deepEqual([found?.text, found?.expires], ['gone soon', expires])
    // Each node set its clock by the wall's when it was opened, and that one may have been corrected a little since.
    await eventually(() => Date.now() >= 1_000 * expires + CLOCKS_DIFFER_MS)
    assert.deepEqual(holdersOf(nodes, key), [])
    const left = await Promise.all(
      nodes.flatMap(({ node }) => MODES.map((mode) => node.resolve(owner.node.publicKey, 'brief', { mode }))),
    )
    assert.deepEqual(new Set(left), new Set([null]))
  })

  test('are joined by a newcomer that resolves all that the thirty published', async () => {
    const newcomer = await opened({ parameters: { k: K } })
    assert.equal((await newcomer.node.join([addressOf(random.pick(nodes))])).via, 'bootstrap')
    const found = await Promise.all(nodes.map(({ node }) => newcomer.node.resolve(node.publicKey, 'mine')))
    assert.deepEqual(
      found.map((each) => each?.text),
      nodes.map((_node, i) => `of ${i}`),
    )
  })
})
