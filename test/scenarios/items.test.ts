// Items over hours, writers and restarts (BEP 44): who may put what, and what a reader believes.
// What is kept alive: kept-items.test.ts.
import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { toHex, type Id } from '../../src/kademlia/id.ts'
import { digestOf, mutableTarget } from '../../src/networks/mainline/items/item.ts'
import type { Item } from '../../src/networks/mainline/items/reader.ts'
import type { SimulatedNode } from '../../src/simulator/mainline-network.ts'
import { holders, keyPairOf, NAME, plant, resolve, SALT, signedItem } from './item-fixtures.ts'
import { Puppet } from './puppet.ts'
import { HOUR, MINUTE, scenario } from './scenario.ts'

function sentBy({ node }: SimulatedNode, method: string): number {
  return node.stats().families[0]!.methods[method]?.sent ?? 0
}

describe('An immutable item', () => {
  scenario(
    'is put on the eight closest and found by everybody under its hash (B44-01)',
    {},
    async (network) => {
      await network.grow(30)
      const report = await network.clock.settle(network.nodes[0]!.node.put('Hello World!'))
      assert.equal(report.key, 'e5f96f6f38320f0f33959cb4d3d656452117aadb')
      assert.deepEqual([report.stored, report.asked, report.refused], [8, 8, []])
      const ids = holders(network, report.key).map(({ id }) => toHex(id))
      const key = new Uint8Array(Buffer.from(report.key, 'hex')) as Id
      assert.deepEqual(ids.toSorted(), network.trueClosest(key).map(toHex).toSorted())
      for (const { node } of network.nodes) {
        const item: Item | null = await network.clock.settle(node.get(report))
        assert.equal(item?.text, 'Hello World!')
      }
      assert.equal(
        await network.clock.settle(network.nodes[1]!.node.get(toHex(network.random.bytes(20)))),
        null,
      )
    },
  )

  scenario('takes one round trip when it is put again within minutes', {}, async (network) => {
    await network.grow(20)
    const [writer] = network.nodes as [SimulatedNode]
    await network.clock.settle(writer.node.put('twice'))
    const asked = sentBy(writer, 'get')
    const again = await network.clock.settle(writer.node.put('twice'))
    assert.equal(again.stored, 8)
    assert.equal(sentBy(writer, 'get'), asked, 'no lookup')
    await network.clock.runFor(5 * MINUTE)
    await network.clock.settle(writer.node.put('twice'))
    assert.ok(sentBy(writer, 'get') > asked, 'tokens of five minutes ago are not relied on')
  })
})

describe('A signed item', () => {
  scenario(
    'is replaced by the next one and by no older one, and cas guards it (B44-09…12)',
    {},
    async (network) => {
      await network.grow(20)
      const me = keyPairOf(network)
      const [a, b, c] = network.nodes as [SimulatedNode, SimulatedNode, SimulatedNode]
      const first = await network.clock.settle(a.node.publish(NAME, 'one', { keyPair: me }))
      assert.deepEqual([first.seq, first.stored], [1n, 8])
      const second = await network.clock.settle(b.node.publish(NAME, 'two', { keyPair: me }))
      assert.deepEqual([second.seq, second.stored], [2n, 8])
      const older = await network.clock.settle(c.node.publish(NAME, 'old', { keyPair: me, seq: 1 }))
      assert.deepEqual([older.stored, older.asked], [0, 8])
      assert.ok(older.refused.every(({ code }) => code === 302))
      const wrong = await network.clock.settle(c.node.publish(NAME, 'x', { keyPair: me, cas: 1 }))
      assert.deepEqual([wrong.stored, wrong.refused[0]?.code], [0, 301])
      const right = await network.clock.settle(c.node.publish(NAME, 'three', { keyPair: me, cas: 2n }))
      assert.deepEqual([right.seq, right.stored], [3n, 8])
      const found = await resolve(network, network.nodes[9]!, me)
      assert.deepEqual([found?.value, found?.seq, found?.copies], ['three', 3n, 8])
    },
  )

  scenario(
    'is refreshed by the same value under the same seq, and by no other value (B44-10, B44-14)',
    {},
    async (network) => {
      await network.grow(12)
      const me = keyPairOf(network)
      const nodes = network.nodes.slice(0, 3).map(({ node }) => node)
      const seq = 2n ** 63n - 1n
      for (const node of [...nodes, ...nodes]) {
        const report = await network.clock.settle(node.publish(NAME, 'last', { keyPair: me, seq }))
        assert.deepEqual([report.seq, report.stored, report.refused], [seq, 8, []])
      }
      const other = await network.clock.settle(nodes[1]!.publish(NAME, 'other', { keyPair: me, seq }))
      assert.deepEqual([other.stored, new Set(other.refused.map(({ code }) => code))], [0, new Set([302])])
      const next = nodes[1]!.publish(NAME, 'next', { keyPair: me })
      await network.clock.settle(
        assert.rejects(next, /^XorbitError: seq: there is none above 9223372036854775807/),
      )
      const found = await resolve(network, network.nodes[7]!, me)
      assert.deepEqual([found?.value, found?.seq, found?.conflict], ['last', seq, false])
    },
  )

  scenario('keeps names under one key apart (B44-02, B44-22)', {}, async (network) => {
    await network.grow(15)
    const me = keyPairOf(network)
    const { node } = network.nodes[0]!
    await network.clock.settle(node.publish('', 'nameless', { keyPair: me }))
    await network.clock.settle(node.publish('named', 'other', { keyPair: me }))
    const reader = network.nodes[5]!.node
    assert.equal((await network.clock.settle(reader.resolve(me.publicKey)))?.value, 'nameless')
    assert.equal((await network.clock.settle(reader.resolve(me.publicKey, 'named')))?.value, 'other')
    assert.equal(await network.clock.settle(reader.resolve(me.publicKey, 'other')), null)
    const byKey = await network.clock.settle(
      reader.get(mutableTarget(me.publicKey, new Uint8Array(0)), { mode: 'first' }),
    )
    assert.equal(byKey?.value, 'nameless')
  })

  scenario('leaves cas out for nodes that hold nothing (B44-13)', {}, async (network) => {
    await network.grow(5)
    const me = keyPairOf(network)
    const { node } = network.nodes[0]!
    await network.clock.settle(node.publish(NAME, 'one', { keyPair: me, keepAlive: false }))
    // One remote that holds the item, and one that holds nothing.
    const [{ value, signed }, token] = [signedItem(me, 1n, 'one'), Uint8Array.of(1)]
    const cas = new Map<string, (bigint | null)[]>()
    for (const held of ['something', 'nothing']) {
      const puppet = new Puppet(network)
      const item = held === 'something' ? { value, ...signed } : {}
      cas.set(held, [])
      puppet.answer = (query) => {
        if (query.method === 'put') cas.get(held)!.push(query.cas)
        return query.method === 'get' ? { nodes: [], token, ...item } : { nodes: [] }
      }
      await network.clock.settle(node.ping(puppet.address))
    }
    await network.clock.runFor(5 * MINUTE)
    const report = await network.clock.settle(node.publish(NAME, 'two', { keyPair: me, cas: 1 }))
    assert.equal(report.stored, 7)
    assert.deepEqual(Object.fromEntries(cas), { something: [1n], nothing: [null] })
  })

  scenario('is read as the newest though seven of eight serve the one before (T13)', {}, async (network) => {
    await network.grow(9)
    const me = keyPairOf(network)
    const target = mutableTarget(me.publicKey, SALT)
    const closest = network.trueClosest(target).map(toHex)
    const [rest] = network.nodes.filter(({ id }) => !closest.includes(toHex(id))) as [SimulatedNode]
    const eight = network.nodes.filter((each) => each !== rest)
    for (const [index, each] of eight.entries()) {
      plant(each, signedItem(me, index === 3 ? 2n : 1n, index === 3 ? 'new' : 'old'), network)
    }
    const found = await resolve(network, rest, me)
    assert.deepEqual([found?.value, found?.seq, found?.copies], ['new', 2n, 1])
  })

  scenario(
    'is never read older than it has been seen, also after a restart (T13, B44-19)',
    {},
    async (network) => {
      await network.grow(12)
      const me = keyPairOf(network)
      const [publisher, reader] = network.nodes as [SimulatedNode, SimulatedNode]
      const keepAlive = false
      await network.clock.settle(publisher.node.publish(NAME, 'one', { keyPair: me, seq: 5, keepAlive }))
      assert.equal((await resolve(network, reader, me))?.seq, 5n)
      // Everybody rolls back: other machines at the same addresses, which hold the version before.
      for (const each of network.nodes.filter((node) => node !== reader)) {
        network.crash(each)
        const again = network.add({ addresses: [each.address], bootstrap: [reader.address] })
        plant(again, signedItem(me, 4n, 'rolled back'), network)
        await network.clock.settle(again.node.join())
      }
      reader.store.records.remove(mutableTarget(me.publicKey, SALT))
      for (const mode of ['first', 'latest'] as const) {
        assert.equal(await resolve(network, reader, me, mode), null, mode)
      }
      network.crash(reader)
      const again = network.add({
        addresses: [reader.address],
        store: reader.store,
        bootstrap: [network.nodes[0]!.address],
      })
      await network.clock.settle(again.node.join())
      assert.equal(await resolve(network, again, me), null)
      // Who has not seen it believes what everybody serves.
      const stranger = network.add({ bootstrap: [network.nodes[0]!.address] })
      await network.clock.settle(stranger.node.join())
      assert.equal((await resolve(network, stranger, me))?.seq, 4n)
    },
  )

  scenario(
    'of two writers with one seq is a conflict, the same for every reader (T15, B44-10)',
    {},
    async (network) => {
      await network.grow(20)
      const me = keyPairOf(network)
      const target = mutableTarget(me.publicKey, SALT)
      const closest = new Set(network.trueClosest(target, 8).map(toHex))
      const eight = network.nodes.filter(({ id }) => closest.has(toHex(id)))
      const [left, right] = [signedItem(me, 3n, 'left'), signedItem(me, 3n, 'right')]
      for (const [index, each] of eight.entries()) plant(each, index % 2 === 0 ? left : right, network)
      const lower = toHex(digestOf(left)) < toHex(digestOf(right)) ? 'left' : 'right'
      for (const reader of network.nodes) {
        const found = await resolve(network, reader, me)
        assert.equal(found?.value, lower)
        assert.equal(found?.conflict, true)
        assert.deepEqual(found?.others, [lower === 'left' ? 'right' : 'left'])
        assert.equal(found?.copies, 4)
      }
      // Neither of the two replaces the other, and the next one ends it.
      const again = await network.clock.settle(
        network.nodes[0]!.node.publish(NAME, 'third', { keyPair: me, seq: 3 }),
      )
      assert.deepEqual([again.stored, new Set(again.refused.map(({ code }) => code))], [0, new Set([302])])
      const next = await network.clock.settle(network.nodes[0]!.node.publish(NAME, 'end', { keyPair: me }))
      assert.deepEqual([next.seq, next.stored], [4n, 8])
      const settled = await resolve(network, network.nodes[2]!, me)
      assert.deepEqual([settled?.value, settled?.conflict], ['end', false])
    },
  )

  scenario('is published in turn by who publishes twice at once', {}, async (network) => {
    await network.grow(15)
    const me = keyPairOf(network)
    const { node } = network.nodes[0]!
    const both = ['a', 'b', 'c'].map((value) => node.publish(NAME, value, { keyPair: me }))
    const reports = await network.clock.settle(Promise.all(both))
    assert.deepEqual(
      reports.map(({ seq, stored }) => [seq, stored]),
      [
        [1n, 8],
        [2n, 8],
        [3n, 8],
      ],
    )
  })

  scenario('takes the time as seq where nodes remember one that expired', {}, async (network) => {
    await network.grow(15)
    const me = keyPairOf(network)
    const keepAlive = false
    const [first, later] = network.nodes as [SimulatedNode, SimulatedNode]
    await network.clock.settle(first.node.publish(NAME, 'then', { keyPair: me, seq: 7, keepAlive }))
    network.crash(first)
    await network.clock.runFor(3 * HOUR)
    assert.equal(await resolve(network, later, me), null, 'expired')
    // A publisher without a memory: it has not seen seq 7.
    const blank = network.add({ bootstrap: [later.address] })
    await network.clock.settle(blank.node.join())
    const seconds = (): bigint => BigInt(Math.floor(network.clock.now() / 1_000))
    const from = seconds()
    const report = await network.clock.settle(blank.node.publish(NAME, 'now', { keyPair: me, keepAlive }))
    assert.equal(report.stored, 8)
    assert.ok(report.seq >= from && report.seq <= seconds())
    assert.equal((await resolve(network, later, me))?.value, 'now')
  })
})

describe('A put', () => {
  scenario(
    'goes to the closest that gave a token, each with its own, and says who took it and why others did not (B44-08)',
    {},
    async (network) => {
      await network.grow(2)
      const { node, host } = network.nodes[0]!
      const me = keyPairOf(network)
      const token = (length: number): Uint8Array => network.random.bytes(length)
      const tokens = new Map<string, Uint8Array | null>([
        ['no bytes', token(0)],
        ['the most bytes', token(64)],
        ['too many bytes', token(65)],
        ['none', null],
        ['silent', token(4)],
      ])
      const got = new Map<string, Uint8Array>()
      const names = new Map<string, string>()
      for (const [name, given] of tokens) {
        const puppet = new Puppet(network)
        names.set(puppet.address.host, name)
        puppet.answer = (query) => {
          if (query.method !== 'put') return { nodes: [], ...(given === null ? {} : { token: given }) }
          got.set(name, query.token)
          return name === 'silent' ? null : {}
        }
        await network.clock.settle(node.ping(puppet.address))
      }
      const report = await network.clock.settle(node.publish(NAME, 'value', { keyPair: me }))
      const [other] = network.nodes.slice(1) as [SimulatedNode]
      assert.deepEqual(
        report.accepted.map((each) => names.get(each.host) ?? each.host).toSorted(),
        [other.host, 'no bytes', 'self', 'the most bytes'].toSorted(),
      )
      assert.deepEqual(
        report.refused.map((each) => [names.get(each.host), each.code]),
        [['silent', 'timeout']],
      )
      assert.deepEqual([report.stored, report.asked], [4, 5])
      assert.deepEqual([...got.keys()].toSorted(), ['no bytes', 'silent', 'the most bytes'])
      for (const [name, brought] of got) assert.deepEqual(brought, tokens.get(name))
      assert.notEqual(other.host, host)
    },
  )
})

describe('A reply that does not verify (B44-18)', () => {
  scenario('is not believed, is counted, and its nodes are asked all the same', {}, async (network) => {
    const me = keyPairOf(network)
    const [publisher] = (await network.grow(10), network.nodes) as [SimulatedNode]
    await network.clock.settle(publisher.node.publish(NAME, 'true', { keyPair: me }))
    const item = signedItem(me, 9n, 'forged')
    const signature = item.signed!.signature.slice()
    signature[0]! ^= 1
    const puppet = new Puppet(network)
    puppet.answer = (query) => {
      const nodes = network.nodes.slice(0, 8).map(({ id, address }) => ({ id, address }))
      if (query.method !== 'get') return query.method === 'ping' ? {} : { nodes }
      const { publicKey } = me
      return { nodes, token: Uint8Array.of(1), value: item.value, publicKey, signature, seq: 9n }
    }
    // A reader that knows the liar alone finds the others through it.
    const reader = network.add()
    await network.clock.settle(reader.node.ping(puppet.address))
    const found = await resolve(network, reader, me)
    assert.deepEqual([found?.value, found?.seq], ['true', 1n])
    assert.ok((reader.node.stats().families[0]!.dropped['false-item'] ?? 0) > 0)
    // What hashes to something else is no answer either.
    const other = await network.clock.settle(reader.node.get(toHex(network.random.bytes(20))))
    assert.equal(other, null)
  })
})
