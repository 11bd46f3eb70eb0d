// Forged, altered and old values over real TLS sockets: none is ever given to a reader, and who sent a forgery is kept out.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MsgPackMap } from '../../src/codecs/msgpack-value.ts'
import { toHex } from '../../src/kademlia/id.ts'
import { ERROR, type SignedValue } from '../../src/networks/drogulus/messages.ts'
import { simulatedKeyPairs } from '../../src/simulator/drogulus-keys.ts'
import { eventually } from '../transports/streams.ts'
import { near, signed, utf8 } from './drogulus-fixtures.ts'
import { honest } from './drogulus-puppet.ts'
import { addressOf, kill, knowsId, opened, type SocketNode } from './drogulus-sockets.ts'
import { DrogulusListener, DrogulusStranger, randomId } from './drogulus-strangers.ts'

const now = Date.now() / 1_000
const MODES = ['first', 'latest'] as const

/** What is good: of key pair 0, a minute old. */
const good = signed({ name: 'n', value: 'the truth', timestamp: now - 60 })
const byOther = signed({ keyPair: simulatedKeyPairs[1]!, name: 'n', value: 'a lie', timestamp: now })
const underOther = signed({ name: 'other', value: 'a lie', timestamp: now })

const FORGERIES: readonly (readonly [what: string, item: SignedValue, why: string])[] = [
  ['with another value', { ...good, value: utf8('a lie') }, 'unverifiable'],
  ['with a later timestamp', { ...good, timestamp: now }, 'unverifiable'],
  ['with another expiry', { ...good, expires: now + 1_000 }, 'unverifiable'],
  ['with another meta', { ...good, meta: new MsgPackMap([[utf8('a'), utf8('b')]]) }, 'unverifiable'],
  ['with its signature cut short', { ...good, signature: good.signature.slice(0, -1) }, 'unverifiable'],
  ['with no signature', { ...good, signature: new Uint8Array(0) }, 'unverifiable'],
  ['under the public key of another', { ...good, publicKey: byOther.publicKey }, 'unverifiable'],
  ['with a public key that is none', { ...good, publicKey: utf8('no PEM') }, 'unverifiable'],
  ['of another, well signed, under this key', { ...byOther, key: good.key }, 'key-mismatch'],
  ['of another, well signed, under its own key', byOther, 'key-mismatch'],
  ['of another name, well signed, under this key', { ...underOther, key: good.key }, 'key-mismatch'],
]

/** Who answers every findvalue with this, and is nearer to the key than any honest node. */
async function liar(item: SignedValue, place = 1): Promise<DrogulusListener> {
  const listener = await DrogulusListener.open(near(good.key, place))
  listener.answers = (query) => (query.method === 'findvalue' ? { item } : honest(query))
  return listener
}

/** A reader that knows whom it should, and notes whom it bans. */
async function reader(known: readonly { address: { host: string; port: number } }[]): Promise<{
  readonly reading: SocketNode
  readonly banned: string[]
}> {
  const reading = await opened()
  const banned: string[] = []
  reading.node.on('banned', ({ contact, why }) => banned.push(`${toHex(contact.id)} ${why}`))
  for (const { address } of known) await reading.node.ping(address)
  return { reading, banned }
}

/** A node that holds the good value. */
async function holder(item = good): Promise<SocketNode & { address: { host: string; port: number } }> {
  const node = await opened()
  using owner = await DrogulusStranger.connect(addressOf(node))
  assert.equal((await owner.ask({ method: 'store', item })).name, 'pong')
  return { ...node, address: addressOf(node) }
}

describe('A reader over TLS', () => {
  for (const [what, item, why] of FORGERIES) {
    test(`finds nothing where all that is there is a value ${what}, and bans its sender (drogulus B0, B4)`, async () => {
      for (const mode of MODES) {
        const forger = await liar(item)
        const { reading, banned } = await reader([forger])
        assert.ok(knowsId(reading, forger.id))
        assert.equal(await reading.node.get(good.key, { mode }), null)
        assert.deepEqual(banned, [`${toHex(forger.id)} ${why}`])
        assert.equal(reading.node.stats().banned, 1)
        assert.ok(!knowsId(reading, forger.id))
        const before = forger.asked.length
        assert.equal(await reading.node.get(good.key, { mode }), null)
        assert.equal(forger.asked.length, before, 'it is not asked again')
        await kill(reading)
      }
    })
  }

  test('finds the good value behind a dozen forgeries that are all nearer, and bans each sender (drogulus B0)', async () => {
    const honestly = await holder()
    for (const mode of MODES) {
      const forgers = await Promise.all(FORGERIES.map(([, item], i) => liar(item, i + 1)))
      const { reading, banned } = await reader([...forgers, honestly])
      const found = await reading.node.get(good.key, { mode })
      assert.deepEqual([found?.text, found?.timestamp], ['the truth', good.timestamp])
      assert.equal(new Set(banned).size, banned.length)
      // `latest` asks all; `first` is content when it has one that holds good.
      if (mode === 'latest') assert.equal(banned.length, FORGERIES.length)
      assert.equal(reading.node.stats().banned, banned.length)
      await kill(reading)
    }
  })

  test('does not meet again whom it has banned, named by others or asking itself (drogulus B0, B4)', async () => {
    const forger = await liar({ ...good, value: utf8('a lie') })
    const { reading } = await reader([forger])
    assert.equal(await reading.node.get(good.key), null)
    const friend = await DrogulusListener.open()
    friend.answers = (query) =>
      query.method === 'findnode' || query.method === 'findvalue'
        ? { nodes: [{ id: forger.id, address: forger.address }] }
        : {}
    await reading.node.ping(friend.address)
    const before = forger.asked.length
    await reading.node.closest(good.key)
    assert.equal(forger.asked.length, before)
    // It is answered all the same (drogulus B4).
    using stranger = await DrogulusStranger.connect(addressOf(reading), { id: forger.id })
    assert.equal((await stranger.ask({ method: 'ping' })).name, 'pong')
    assert.ok(!knowsId(reading, forger.id))
  })

  test('believes the newer of two good values, and bans nobody for the older (drogulus B0)', async () => {
    const newer = signed({ name: 'n', value: 'newer', timestamp: now - 10 })
    const stale = await liar(good)
    const fresh = await liar(newer, 200)
    const { reading, banned } = await reader([stale, fresh])
    assert.equal((await reading.node.get(good.key))?.text, 'newer')
    assert.equal((await reading.node.get(good.key, { mode: 'first' }))?.text, 'newer')
    // Also when nobody tells the newer one any more.
    fresh.answers = honest
    assert.equal(await reading.node.get(good.key), null)
    assert.equal(await reading.node.get(good.key, { mode: 'first' }), null)
    assert.deepEqual(banned, [])
    assert.ok(knowsId(reading, stale.id))
  })

  test('gives no value that has expired, whoever hands it out (drogulus B0)', async () => {
    const over = signed({ name: 'n', value: 'over', timestamp: now - 60, expires: now - 1 })
    const late = await liar(over)
    const { reading, banned } = await reader([late])
    for (const mode of MODES) assert.equal(await reading.node.get(good.key, { mode }), null)
    assert.deepEqual(banned, [])
  })
})

describe('A holder over TLS', () => {
  for (const [what, item] of FORGERIES.filter(([, { key }]) => key === good.key)) {
    test(`refuses to store a value ${what}, and bans its sender (drogulus B4)`, async () => {
      const { node, store } = await opened()
      const banned: string[] = []
      node.on('banned', ({ contact, why }) => banned.push(`${toHex(contact.id)} ${why}`))
      const id = randomId()
      using stranger = await DrogulusStranger.connect(node.addresses[0]!, { id })
      const { name, code, details } = await stranger.ask({ method: 'store', item })
      const expected = banned[0]?.endsWith('key-mismatch') ? ERROR.keyMismatch : ERROR.unverifiable
      assert.deepEqual([name, code], ['error', expected])
      assert.deepEqual(details, { message: 'You have been blacklisted.' })
      assert.deepEqual([banned.length, node.stats().banned, store.records.size.records], [1, 1, 0])
      assert.equal(node.stats().families[0]!.methods['store']!.refused, 1)
      await kill({ node, store })
    })
  }

  test('keeps the newer value when an older one, or another of the same time, is stored (drogulus B0, B4)', async () => {
    const holding = await holder()
    const older = signed({ name: 'n', value: 'older', timestamp: now - 61 })
    const other = signed({ name: 'n', value: 'other', timestamp: good.timestamp })
    using stranger = await DrogulusStranger.connect(addressOf(holding))
    for (const item of [older, other]) {
      const { code, details } = await stranger.ask({ method: 'store', item })
      assert.equal(code, ERROR.superseded)
      assert.deepEqual(details, { new_timestamp: String(Math.trunc(good.timestamp)) })
    }
    assert.equal((await stranger.ask({ method: 'store', item: good })).name, 'pong', 'the same again')
    const { reading } = await reader([holding])
    for (const mode of MODES) assert.equal((await reading.node.get(good.key, { mode }))?.text, 'the truth')
    await eventually(() => holding.node.stats().banned === 0)
  })
})
