// What others send is not believed in a drogulus network unless it is signed and stands under its key (drogulus B0, B4):
// reads go on and find the honest value, and whoever forges is kept out, by id and address together.
import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { asId, sameId, type Id } from '../../src/kademlia/id.ts'
import { ERROR, type SignedValue } from '../../src/networks/drogulus/messages.ts'
import { simulatedKeyPairs } from '../../src/simulator/drogulus-keys.ts'
import type { DrogulusNetwork, SimulatedNode } from '../../src/simulator/drogulus-network.ts'
import { knows, near, restart, signed, strangerTo, textAt, utf8 } from './drogulus-fixtures.ts'
import { DrogulusPuppet, honest } from './drogulus-puppet.ts'
import { drogulusScenario as scenario, HOUR, MINUTE } from './scenario.ts'

interface Scene {
  readonly network: DrogulusNetwork
  readonly key: Id
  /** What is published. */
  readonly item: SignedValue
  readonly asker: SimulatedNode
  /** It has the id closest to the key, and everybody knows it. */
  readonly liar: DrogulusPuppet
  readonly bans: string[]
}

const BAN_MS = 6 * HOUR

/** One after the other is asked, the nearest first: no honest one is quicker than the liar. */
const OPTIONS = { banMs: BAN_MS, readOnly: true, parameters: { alpha: 1 } }

/** Twenty-five nodes, of which the closest hold the honest value, and a liar that is closer than any of them. */
async function sceneOf(network: DrogulusNetwork): Promise<Scene> {
  await network.grow(25)
  const { clock } = network
  const { owner, key } = strangerTo(network, 'honest')
  const liar = new DrogulusPuppet(network, { id: near(key, 1) })
  for (const { address } of network.nodes) await liar.ask({ method: 'ping' }, address)
  await clock.settle(owner.node.publish('honest', 'true'))
  const item = liar.asked.map(({ query }) => (query.method === 'store' ? query.item : null)).find(Boolean)!
  const asker = network.add({ options: OPTIONS, bootstrap: [network.nodes[0]!.address] })
  await clock.settle(asker.node.ping(liar.address))
  await clock.settle(asker.node.join())
  await clock.runFor(MINUTE)
  assert.ok(knows(asker, liar))
  const bans: string[] = []
  asker.node.on('banned', ({ contact, why }) => bans.push(`${contact.address.host} ${why}`))
  return { network, key, item, asker, liar, bans }
}

function flipped(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte, n) => (n === bytes.length - 1 ? byte ^ 1 : byte))
}

/** What a forger makes of a value. */
const FORGERIES: readonly (readonly [
  string,
  'unverifiable' | 'key-mismatch',
  (item: SignedValue) => SignedValue,
])[] = [
  ['whose value was altered', 'unverifiable', (item) => ({ ...item, value: utf8('false') })],
  ['whose time was altered', 'unverifiable', (item) => ({ ...item, timestamp: item.timestamp + 1 })],
  ['that shall never expire', 'unverifiable', (item) => ({ ...item, expires: 0 })],
  [
    'whose signature was altered',
    'unverifiable',
    (item) => ({ ...item, signature: flipped(item.signature) }),
  ],
  ['without a signature', 'unverifiable', (item) => ({ ...item, signature: new Uint8Array(0) })],
  ['of a public key that is none', 'unverifiable', (item) => ({ ...item, publicKey: utf8('none') })],
  ['that somebody else has signed', 'key-mismatch', (item) => ({ ...foreign(item), key: item.key })],
]

function foreign({ publicKey, timestamp }: SignedValue): SignedValue {
  const keyPair = simulatedKeyPairs.find((each) => !Buffer.from(publicKey).equals(utf8(each.publicKey)))!
  return signed({ keyPair, name: 'honest', value: 'false', timestamp: timestamp + 1 })
}

describe('A drogulus value', () => {
  for (const [what, why, forge] of [...FORGERIES, ['of another key', 'key-mismatch', foreign] as const]) {
    scenario(`${what} is not believed, and who sent it is kept out`, {}, async (network) => {
      for (const mode of ['first', 'latest'] as const) {
        const scene = await sceneOf(network)
        const { key, item, asker, liar, bans } = scene
        liar.answer = (query) => (query.method === 'findvalue' ? { item: forge(item) } : honest(query))
        assert.equal(await textAt(network, asker, key, mode), 'true')
        assert.deepEqual(bans, [`${liar.address.host} ${why}`])
        assert.equal(knows(asker, liar), false)
        // Its next neighbours name it, and it is not asked again.
        const times = liar.asked.filter(({ from }) => from.host === asker.host).length
        for (const each of ['first', 'latest'] as const) {
          assert.equal(await textAt(network, asker, key, each), 'true')
        }
        assert.equal(liar.asked.filter(({ from }) => from.host === asker.host).length, times)
        liar.leave()
      }
    })
  }
})

describe('Who sent a forged drogulus value', () => {
  scenario('is kept out also after a restart, until banMs have passed', {}, async (network) => {
    const { key, item, asker, liar, bans } = await sceneOf(network)
    const { clock } = network
    liar.answer = (query) =>
      query.method === 'findvalue' ? { item: { ...item, value: utf8('false') } } : honest(query)
    assert.equal(await textAt(network, asker, key), 'true')
    assert.equal(bans.length, 1)
    const bannedAt = clock.now()
    const byAsker = (): number => liar.asked.filter(({ from }) => from.host === asker.host).length
    const before = byAsker()
    await clock.runFor(2 * HOUR)
    const again = restart(network, asker, { options: OPTIONS, bootstrap: [network.nodes[0]!.address] })
    await clock.settle(again.node.join())
    assert.equal(again.node.stats().banned, 1)
    await clock.runUntil(bannedAt + BAN_MS - 2 * MINUTE)
    for (const mode of ['first', 'latest'] as const) {
      assert.equal(await textAt(network, again, key, mode), 'true')
    }
    assert.equal(knows(again, liar), false)
    assert.equal(byAsker(), before)
    await clock.runUntil(bannedAt + BAN_MS + 2 * MINUTE)
    assert.equal(again.node.stats().banned, 0)
    liar.answer = honest
    await clock.settle(again.node.closest(key))
    assert.ok(byAsker() > before)
    assert.ok(knows(again, liar))
  })

  scenario('does no harm to a node elsewhere that has the same id', {}, async (network) => {
    const { key, item, asker, liar } = await sceneOf(network)
    liar.answer = (query) =>
      query.method === 'findvalue' ? { item: { ...item, value: utf8('false') } } : honest(query)
    assert.equal(await textAt(network, asker, key), 'true')
    const other = new DrogulusPuppet(network, { id: liar.id })
    await network.clock.settle(asker.node.ping(other.address))
    const known = asker.node.contacts().filter(({ id }) => sameId(id, other.id))
    assert.deepEqual(
      known.map(({ address }) => address.host),
      [other.address.host],
    )
    // And nobody is put out by one who lies under his id.
    other.answer = (query) => (query.method === 'findvalue' ? { item } : honest(query))
    const asked = other.asked.length
    await network.clock.settle(asker.node.get(key, { mode: 'first' }))
    assert.ok(other.asked.length > asked)
  })
})

describe('An answer to findvalue that is none', () => {
  scenario('fails its request, keeps nobody out, and the value is found', {}, async (network) => {
    const { key, asker, liar, bans } = await sceneOf(network)
    const pieces = [
      (transaction: Uint8Array) => liar.encodeReply({}, transaction, asker.address),
      (transaction: Uint8Array) => {
        const bytes = liar.encodeReply({ nodes: [] }, transaction, asker.address)
        return bytes.subarray(0, bytes.length - 20)
      },
      () => network.random.bytes(300),
      () => new Uint8Array(0),
    ]
    for (const make of pieces) {
      liar.answer = (query, { transaction }) =>
        query.method === 'findvalue' ? make(transaction) : honest(query)
      for (const mode of ['first', 'latest'] as const) {
        assert.equal(await textAt(network, asker, key, mode), 'true')
      }
    }
    assert.deepEqual(bans, [])
    assert.ok(liar.asked.filter(({ query }) => query.method === 'findvalue').length >= 4)
  })
})

describe('A store of a forged drogulus value', () => {
  for (const [what, why, forge] of FORGERIES) {
    const code = why === 'unverifiable' ? ERROR.unverifiable : ERROR.keyMismatch
    scenario(`${what} is refused with ${code}, and its sender kept out for a day`, {}, async (network) => {
      const { clock } = network
      const holder = network.add()
      const forger = new DrogulusPuppet(network)
      await forger.ask({ method: 'ping' }, holder.address)
      await clock.runFor(MINUTE)
      assert.ok(knows(holder, forger))
      const item = signed({ timestamp: clock.now() / 1_000 })
      const answer = await forger.ask({ method: 'store', item: forge(item) }, holder.address)
      assert.equal(answer?.refusal?.code, code)
      assert.deepEqual(answer?.refusal?.details, { message: 'You have been blacklisted.' })
      assert.equal(holder.store.records.size.records, 0)
      assert.equal(knows(holder, forger), false)
      const asked = forger.asked.length
      // It is answered, and stays out.
      for (let hour = 0; hour < 24; hour++) {
        assert.ok((await forger.ask({ method: 'ping' }, holder.address))?.reply !== null)
        await clock.runFor(HOUR - MINUTE)
      }
      assert.equal(forger.asked.length, asked)
      await clock.runFor(HOUR)
      await forger.ask({ method: 'ping' }, holder.address)
      await clock.runFor(MINUTE)
      assert.ok(knows(holder, forger))
    })
  }

  scenario('does not put out whose id its sender claims', {}, async (network) => {
    await network.grow(10)
    const { clock, nodes } = network
    const [holder, victim] = nodes as [SimulatedNode, SimulatedNode]
    const forger = new DrogulusPuppet(network, { id: asId(victim.id) })
    const item = { ...signed({ timestamp: clock.now() / 1_000 }), value: utf8('false') }
    const answer = await forger.ask({ method: 'store', item }, holder.address)
    assert.equal(answer?.refusal?.code, ERROR.unverifiable)
    await clock.runFor(HOUR)
    assert.ok(knows(holder, victim))
    assert.equal(holder.node.stats().banned, 1)
  })
})
