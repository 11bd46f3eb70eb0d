// What a whole node answers, datagram by datagram: one for each question, with what the BEPs want in it, and none for what
// is no question. Not here: hostile floods (floods.test.ts), wrong fields (malformed.test.ts).
import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { encodeBencode } from '../../src/codecs/bencode.ts'
import { toHex, type Id } from '../../src/kademlia/id.ts'
import { targetOf } from '../../src/networks/mainline/items/item.ts'
import type { MainlineQuery } from '../../src/networks/mainline/messages.ts'
import type { MainlineNetwork, SimulatedNode } from '../../src/simulator/mainline-network.ts'
import { immutable } from '../networks/mainline/item-fixtures.ts'
import { Puppet } from './puppet.ts'
import { MINUTE, scenario, SECOND, someId } from './scenario.ts'

const findNode = (target: Id): MainlineQuery => ({ method: 'find_node', target, want: null })
const getPeers = (infoHash: Id): MainlineQuery => {
  return { method: 'get_peers', infoHash, want: null, noSeed: false, scrape: false }
}

/** A network, and one of its nodes with more than 8 contacts. */
async function nodeAmongOthers(network: MainlineNetwork): Promise<SimulatedNode> {
  await network.grow(30)
  const node = network.nodes[11]!
  assert.ok(node.node.contacts().length > 12)
  return node
}

describe('A question', () => {
  scenario('gets one datagram in answer, whatever it asks (K-05)', {}, async (network) => {
    const node = await nodeAmongOthers(network)
    const infoHash = someId(network)
    const questions: MainlineQuery[] = [
      { method: 'ping' },
      findNode(someId(network)),
      getPeers(infoHash),
      { method: 'get_peers', infoHash, want: null, noSeed: false, scrape: true },
      { method: 'announce_peer', infoHash, port: 1, token: new Uint8Array(8), seed: false },
      { method: 'get', target: infoHash, want: null, seq: null },
      { method: 'put', token: new Uint8Array(8), ...immutable('x'), cas: null },
      { method: 'sample_infohashes', target: infoHash, want: null },
    ]
    for (const question of questions) {
      const puppet = new Puppet(network)
      puppet.shout(question, node.address)
      await network.clock.runFor(10 * SECOND)
      const answers = puppet.datagrams.filter(({ bytes }) => !Buffer.from(bytes).includes('1:y1:q'))
      assert.equal(answers.length, 1, question.method)
    }
  })

  scenario(
    'of ours that is not answered is asked three times, each a transaction of its own (K-05)',
    {},
    async (network) => {
      const node = network.add()
      const silent = new Puppet(network)
      silent.answer = () => null
      const outcome = node.node.ping(silent.address).catch((error: { code: string }) => error.code)
      assert.equal(await network.clock.settle(outcome), 'no-answer')
      const transactions = silent.datagrams.map(({ bytes }) => /1:t4:(.{4})/s.exec(latin1(bytes))![1])
      assert.equal(transactions.length, 3)
      assert.equal(new Set(transactions).size, 3)
    },
  )
})

describe('A response that nobody asked for', () => {
  scenario('is not answered, and counted, be it a reply or an error (K-09, K-10)', {}, async (network) => {
    const node = network.add()
    const stranger = new Puppet(network)
    const r = { id: stranger.id, nodes: '', token: 'x' }
    for (const t of ['', 'aa', 'aaaa', 'a'.repeat(32)]) {
      stranger.sendRaw(encodeBencode({ t, y: 'r', r }), node.address)
      stranger.sendRaw(encodeBencode({ t, y: 'e', e: [201, 'x'] }), node.address)
      // One that cannot be read fails the request with its transaction; there is none.
      stranger.sendRaw(encodeBencode({ t, y: 'r', r: { id: 'short' } }), node.address)
    }
    await network.clock.runFor(MINUTE)
    assert.deepEqual(stranger.datagrams, [])
    const { dropped } = node.node.stats().families[0]!
    assert.deepEqual(
      [dropped['unknown-transaction'], dropped['malformed-reply']],
      [8, 4],
      JSON.stringify(dropped),
    )
    assert.deepEqual(node.node.contacts(), [])
  })
})

describe('The answer', () => {
  scenario('to ping is our id and nothing else (B5-12)', {}, async (network) => {
    const node = network.add()
    const answer = await new Puppet(network).ask({ method: 'ping' }, node.address)
    assert.deepEqual(answer!.reply, {})
    assert.equal(toHex(answer!.senderId!), toHex(node.id))
  })

  scenario(
    'to find_node is the eight closest that we know, the target itself first where it is one (B5-02, B5-12)',
    { seed: 2 },
    async (network) => {
      const node = await nodeAmongOthers(network)
      const contacts = node.node.contacts()
      // Read-only, so that it does not become one of them.
      const puppet = new Puppet(network, { readOnly: true })
      for (const target of [...contacts.slice(0, 5).map(({ id }) => id), someId(network), someId(network)]) {
        const answer = await puppet.ask(findNode(target), node.address)
        const named = answer!.reply!.nodes!.map(({ id }) => toHex(id))
        const closest = contacts
          .map(({ id }) => ({ id, distance: BigInt(`0x${toHex(id)}`) ^ BigInt(`0x${toHex(target)}`) }))
          .toSorted((a, b) => (a.distance < b.distance ? -1 : 1))
          .slice(0, 8)
        assert.deepEqual(
          named,
          closest.map(({ id }) => toHex(id)),
        )
        if (closest[0]!.distance === 0n) assert.equal(named[0], toHex(target))
      }
    },
  )

  scenario(
    'to get_peers has a token and contacts always, and peers where there are some (B5-13, B32-06)',
    { seed: 3 },
    async (network) => {
      const node = await nodeAmongOthers(network)
      const puppet = new Puppet(network)
      const infoHash = someId(network)
      const before = (await puppet.ask(getPeers(infoHash), node.address))!.reply!
      assert.deepEqual(Object.keys(before).toSorted(), ['nodes', 'token'])
      assert.deepEqual([before.nodes!.length, before.token!.length], [8, 8])
      await announce(puppet, { infoHash, token: before.token!, to: node })
      const after = (await puppet.ask(getPeers(infoHash), node.address))!.reply!
      assert.deepEqual(Object.keys(after).toSorted(), ['nodes', 'token', 'values'])
      assert.deepEqual([after.nodes!.length, after.token!.length, after.values!.length], [8, 8, 1])
      // Of another infohash there are none.
      const other = (await puppet.ask(getPeers(someId(network)), node.address))!.reply!
      assert.equal(other.values, undefined)
    },
  )

  scenario('to a read-only node is the same, and what it writes is stored (B43-03)', {}, async (network) => {
    const node = await nodeAmongOthers(network)
    const readOnly = new Puppet(network, { readOnly: true })
    const infoHash = someId(network)
    const { token, nodes } = (await readOnly.ask(getPeers(infoHash), node.address))!.reply!
    assert.equal(nodes!.length, 8)
    await announce(readOnly, { infoHash, token: token!, to: node })
    assert.equal(node.store.peers.count(infoHash, 4).peers, 1)

    const item = immutable('from a read-only node')
    const get: MainlineQuery = { method: 'get', target: targetOf(item), want: null, seq: null }
    const asked = (await readOnly.ask(get, node.address))!.reply!
    const put: MainlineQuery = { method: 'put', ...item, token: asked.token!, cas: null }
    assert.deepEqual((await readOnly.ask(put, node.address))!.reply, {})
    assert.deepEqual((await readOnly.ask(get, node.address))!.reply!.value, item.value)

    await network.clock.runFor(MINUTE)
    assert.deepEqual(readOnly.asked, [])
    assert.ok(node.node.contacts().every(({ address }) => address.host !== readOnly.address.host))
  })
})

async function announce(
  puppet: Puppet,
  { infoHash, token, to }: { infoHash: Id; token: Uint8Array; to: SimulatedNode },
): Promise<void> {
  const answer = await puppet.ask(
    { method: 'announce_peer', infoHash, port: 4_242, token, seed: false },
    to.address,
  )
  assert.deepEqual(answer!.reply, {}, 'an id and nothing else')
}

const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')
