// Items on a whole node, asked in raw packets (BEP 44): every error code as it is on the wire, what a get brings, and what
// is kept over hours, restarts, floods and quarrels. The rules one by one are in networks/mainline/answer-items.test.ts.
import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { toHex } from '../../src/kademlia/id.ts'
import { targetOf, type RawItem } from '../../src/networks/mainline/items/item.ts'
import { createMemoryStore } from '../../src/stores/memory-store.ts'
import { bencoded, fromHex, immutable, TestPublisher, vectors } from '../networks/mainline/item-fixtures.ts'
import { Encoded, RawClient, type RawArguments } from './raw-client.ts'
import { MINUTE, scenario, someId } from './scenario.ts'

import { argumentsOf, get, isHeld, oneNode, put, putCounts, tokenOf } from './raw-items.ts'

const publisher = new TestPublisher('publisher')

describe('A put on the wire', () => {
  scenario(
    'is taken as BEP 44 writes it, and comes back byte for byte (B44-01, B44-02, B44-03, B44-15, B44-16)',
    {},
    async (network) => {
      const { node, to, client } = oneNode(network)
      for (const { item, target } of vectors) {
        assert.equal(await put(client, to, item), null)
        const results = await client.reply(to, 'get', { target: fromHex(target) })
        assert.deepEqual(results.rawOf('v'), item.value)
        const keys = ['id', 'nodes', 'token', 'v', ...(item.signed === null ? [] : ['k', 'seq', 'sig'])]
        assert.deepEqual([...results.keys()], keys.toSorted(), 'and never a salt')
        if (item.signed === null) continue
        assert.deepEqual(results.get('k'), item.signed.publicKey)
        assert.deepEqual(results.get('sig'), item.signed.signature)
        assert.equal(results.get('seq'), 1)
      }
      const { stored } = node.node.stats()
      assert.equal(stored.items, 3)
      assert.ok(stored.itemBytes > 3 * 15 && stored.itemBytes < 1_000)
    },
  )

  scenario(
    'gets 203 without a good token, and says nothing else of the item (B44-08, T11)',
    {},
    async (network) => {
      const { node, to, client } = oneNode(network)
      const item = publisher.item('a value', 1n)
      const other = await tokenOf(client, to, someId(network))
      const stranger = await tokenOf(new RawClient(network), to, targetOf(item))
      for (const token of [other, stranger, '', 'x'.repeat(8), 'x'.repeat(65), 7]) {
        assert.equal(await put(client, to, item, { token }), 203)
      }
      const { v, k, seq, sig } = argumentsOf(item)
      const answer = await client.ask(to, 'put', { v: v!, k: k!, seq: seq!, sig: sig! })
      assert.equal(answer?.code, 203)
      assert.equal(node.node.stats().stored.items, 0)
    },
  )

  scenario('gets 203 for key, signature or seq that can be none (B44-02, B44-14)', {}, async (network) => {
    const { node, to, client } = oneNode(network)
    const item = publisher.item('a value', 1n)
    const { publicKey, signature } = item.signed
    const wrong: readonly RawArguments[] = [
      { k: publicKey.subarray(1) },
      { k: Buffer.concat([publicKey, Buffer.of(0)]) },
      { k: 7 },
      { sig: signature.subarray(1) },
      { sig: [] },
      { seq: -1 },
      { seq: 2n ** 63n },
      { seq: 'one' },
      { cas: -1 },
      { cas: 'one' },
      { salt: 7 },
    ]
    for (const changes of wrong) {
      assert.equal(await put(client, to, item, changes), 203, Object.keys(changes).join())
    }
    assert.equal(node.node.stats().stored.items, 0)
    const newest = publisher.item('the last', 2n ** 63n - 1n)
    assert.equal(await put(client, to, newest), null)
    assert.equal((await get(client, to, newest)).get('seq'), 2n ** 63n - 1n)
  })

  scenario(
    'gets 203 for a value that is not the one form of what it says (B44-07, T19)',
    {},
    async (network) => {
      const { node, to, client } = oneNode(network)
      const token = await tokenOf(client, to, someId(network))
      // Each is signed, and hashed, as it is.
      const malleated = [
        'i03e',
        'i-0e',
        'i-03e',
        '03:abc',
        'd1:bi1e1:ai1ee',
        'd1:ai1e1:ai1ee',
        'li1ei02ee',
        'd01:ai1ee',
      ]
      for (const text of malleated) {
        const v = new Encoded(text)
        const mutable = publisher.item(v.bytes, 1n)
        assert.equal(await put(client, to, mutable), 203, text)
        assert.equal(await put(client, to, { value: v.bytes, signed: null }), 203, text)
        assert.equal((await client.ask(to, 'put', { token, v }))?.code, 203, 'before the token is looked at')
      }
      assert.equal(node.node.stats().stored.items, 0)
      const { dropped } = node.node.stats().families[0]!
      assert.equal(dropped['malformed-query'], 3 * malleated.length, 'each is counted')
    },
  )

  scenario(
    'gets 205 for more than 1000 bytes, 207 for a salt of more than 64 (B44-04, B44-05)',
    {},
    async (network) => {
      const { node, to, client } = oneNode(network)
      const sized = (bytes: number) => bencoded('x'.repeat(bytes - 4))
      assert.equal(sized(1_000).length, 1_000)
      for (const value of [sized(1_001), bencoded('x'.repeat(1_300))]) {
        assert.equal(await put(client, to, { value, signed: null }), 205)
        assert.equal(await put(client, to, publisher.item(value, 1n)), 205)
      }
      assert.equal(await put(client, to, publisher.item('salted', 1n, 's'.repeat(65))), 207)
      assert.equal(node.node.stats().stored.items, 0)
      const largest = publisher.item(sized(1_000), 1n, 's'.repeat(64))
      assert.equal(await put(client, to, largest), null)
      assert.equal(await put(client, to, { value: largest.value, signed: null }), null)
      assert.ok(await isHeld(client, node, largest))
    },
  )

  scenario(
    'gets 206 for a signature that is not good, which is counted (B44-06, B44-23, T20)',
    {},
    async (network) => {
      const { node, to, client } = oneNode(network)
      const item = publisher.item('a value', 1n)
      const { signature } = item.signed
      const flipped = signature.with(5, signature[5]! ^ 1)
      const smallOrder = Buffer.alloc(32)
      smallOrder[0] = 1
      const free = {
        ...item.signed,
        publicKey: smallOrder,
        signature: Buffer.concat([smallOrder, Buffer.alloc(32)]),
      }
      const wrong: readonly [RawItem, RawArguments][] = [
        [item, { sig: flipped }],
        [item, { sig: plusOrder(signature) }],
        [item, { seq: 2 }],
        [item, { v: 'another value' }],
        [{ value: item.value, signed: free }, {}],
      ]
      for (const [signed, changes] of wrong) assert.equal(await put(client, to, signed, changes), 206)
      assert.equal(node.node.stats().stored.items, 0)
      assert.deepEqual(putCounts(node), { received: wrong.length, refused: wrong.length })
      // It is no guess at a token: who made 60 such mistakes is answered still.
      for (let i = 0; i < 60; i++) await put(client, to, item, { sig: flipped })
      assert.equal(await put(client, to, item), null)
    },
  )

  scenario('gets 301 for a cas that is not the stored seq, 0 included (B44-12)', {}, async (network) => {
    const { node, to, client } = oneNode(network)
    assert.equal(await put(client, to, publisher.item('zero', 0n), { cas: 5 }), null, 'where there is none')
    assert.equal(await put(client, to, publisher.item('one', 1n), { cas: 1 }), 301)
    assert.equal(await put(client, to, publisher.item('one', 1n), { cas: 0 }), null)
    assert.equal(await put(client, to, publisher.item('two', 2n), { cas: 0 }), 301)
    assert.ok(await isHeld(client, node, publisher.item('one', 1n)))
    assert.deepEqual(putCounts(node), { received: 4, refused: 2 })
  })

  scenario(
    'gets 302 for an older seq, and for another value of the same (B44-09, B44-10, B44-11)',
    {},
    async (network) => {
      const { node, to, client } = oneNode(network)
      const stored = publisher.item('two', 2n)
      assert.equal(await put(client, to, stored), null)
      assert.equal(await put(client, to, publisher.item('one', 1n)), 302)
      assert.equal(await put(client, to, publisher.item('another', 2n)), 302)
      assert.equal(await put(client, to, stored), null)
      assert.ok(await isHeld(client, node, stored))
      const next = publisher.item('three', 3n)
      assert.equal(await put(client, to, next), null)
      assert.ok(await isHeld(client, node, next))
    },
  )

  scenario('gets 202 where there is no room, and a get no token then (T12)', {}, async (network) => {
    const node = network.add({ store: createMemoryStore({ recordLimits: { maxRecords: 1 } }) })
    const to = node.address
    const client = new RawClient(network)
    const late = immutable('late')
    const token = await tokenOf(client, to, targetOf(late))
    const first = immutable('first')
    assert.equal(await put(client, to, first), null)
    assert.equal((await client.ask(to, 'put', { token, ...argumentsOf(late) }))?.code, 202)
    assert.equal((await get(client, to, late)).has('token'), false)
    assert.ok((await get(client, to, first)).has('token'))
  })

  scenario(
    'from a read-only node is served as any other, and its sender is not asked (B43-03)',
    {},
    async (network) => {
      const { node, to, client } = oneNode(network)
      const item = immutable('of a reader')
      const top = { ro: 1 }
      const token = (await client.reply(to, 'get', { target: targetOf(item), top })).get('token')
      const answer = await client.ask(to, 'put', { token: token as Uint8Array, ...argumentsOf(item), top })
      assert.equal(answer?.code, null)
      assert.equal(node.node.stats().stored.items, 1)
      await network.clock.runFor(MINUTE)
      assert.equal(client.puppet.asked.length, 0)
    },
  )
})

describe('A get on the wire', () => {
  scenario('with a seq that is not lower gets the seq alone (B44-17)', {}, async (network) => {
    const { to, client } = oneNode(network)
    const item = publisher.item('a value', 5n, 'salt')
    await put(client, to, item)
    const target = targetOf(item)
    const keys = async (seq: number) => [...(await client.reply(to, 'get', { target, seq })).keys()]
    for (const seq of [5, 6]) assert.deepEqual(await keys(seq), ['id', 'nodes', 'seq', 'token'])
    for (const seq of [0, 4])
      assert.deepEqual(await keys(seq), ['id', 'k', 'nodes', 'seq', 'sig', 'token', 'v'])
  })

  scenario(
    'is answered in one unfragmented datagram with the largest item, over both families (B44-16, K-15)',
    {},
    async (network) => {
      await network.grow(20, () => ({ addresses: [network.freshAddress(4), network.freshAddress(6)] }))
      const node = network.nodes[3]!
      const item = publisher.item(bencoded('x'.repeat(996)), 2n ** 63n - 1n, 's'.repeat(64))
      for (const [index, family, most] of [
        [0, 4, 1_472],
        [1, 6, 1_452],
      ] as const) {
        const client = new RawClient(network, { address: network.freshAddress(family) })
        const to = node.sockets[index]!.seenAs
        assert.equal(await put(client, to, item), null)
        for (const want of [[], ['n4', 'n6']]) {
          const answer = await client.ask(to, 'get', { target: targetOf(item), want })
          assert.ok(answer !== null && answer.results !== null)
          assert.ok(answer.bytes.length <= most, `${answer.bytes.length} bytes`)
          for (const key of ['v', 'k', 'sig', 'seq', 'token']) assert.ok(answer.results.has(key), key)
          assert.ok(answer.results.has(family === 4 ? 'nodes' : 'nodes6'))
        }
      }
    },
  )

  scenario('of a read-only node is not answered, nor is any other query (B43-01)', {}, async (network) => {
    const { address: to } = network.add({ options: { readOnly: true } })
    const client = new RawClient(network)
    const target = someId(network)
    assert.equal(await client.ask(to, 'get', { target }), null)
    assert.equal(await client.ask(to, 'put', { token: 'x'.repeat(8), ...argumentsOf(immutable('x')) }), null)
    assert.equal(await client.ask(to, 'sample_infohashes', { target }), null)
    assert.equal(await client.ask(to, 'get_peers', { info_hash: target, scrape: 1 }), null)
  })
})

/** The same signature with S + L for S, which loose verifiers take too. RFC 8032, 5.1.7. */
function plusOrder(signature: Uint8Array): Uint8Array {
  const order = 2n ** 252n + 27_742_317_777_372_353_535_851_937_790_883_648_493n
  const s = BigInt(`0x${toHex(signature.slice(32).reverse())}`) + order
  const bytes = fromHex(s.toString(16).padStart(64, '0')).reverse()
  return Buffer.concat([signature.subarray(0, 32), bytes])
}
