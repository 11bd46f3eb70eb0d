// Drogulus as its user holds it, and a node that speaks nothing but what was recorded of the originals: it stores to us,
// reads from us, answers us, all over real TLS. Of both versions that work.
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { frameNetstring } from '../../src/codecs/netstring.ts'
import { sameAddress } from '../../src/kademlia/contact.ts'
import { toHex } from '../../src/kademlia/id.ts'
import { Drogulus } from '../../src/networks/drogulus/open.ts'
import type { DrogulusOptions } from '../../src/networks/drogulus/options.ts'
import { simulatedKeyPairs } from '../../src/simulator/drogulus-keys.ts'
import { drogulusVectors, type DrogulusCommit } from '../drogulus-vectors.ts'
import { fieldsOf, messagesIn, text } from '../networks/drogulus/judging.ts'
import { pemOf, revisionOf, valueOfMessage } from '../networks/drogulus/keys/recorded-keys.ts'
import { decodedQuery, october, wire, withoutReplyPort } from '../networks/drogulus/packets.ts'
import { askAsOriginal, OriginalNode } from '../networks/drogulus/original.ts'

const WORKING = ['e9b8c69', '804a320'] as const

/** What they can read in a contact (drogulus B2). */
const MAX_OLD_PORT = 49_151

const open = new Set<Drogulus>()
after(() => Promise.all([...open].map((node) => node.close())))

async function ours(commit: DrogulusCommit, options: DrogulusOptions = {}): Promise<Drogulus> {
  const node = await Drogulus.open({
    host: '127.0.0.1',
    port: 0,
    bootstrap: 'none',
    revision: revisionOf(commit),
    identity: simulatedKeyPairs[open.size % simulatedKeyPairs.length]!,
    ...options,
  })
  open.add(node)
  return node
}

const addressOf = ({ addresses }: Drogulus) => addresses[0]!

/** Fields by name of the only message in a recorded response. */
const recorded = (name: string, commit: DrogulusCommit) =>
  fieldsOf(messagesIn(drogulusVectors({ name, commit, direction: 'response' })[0]!.hex)[0]!)

for (const commit of WORKING) {
  describe(`An original of ${commit}`, () => {
    test('stores to us, and reads what it stored as an original would have handed it out (drogulus B0, B2, B4)', async () => {
      const node = await ours(commit)
      await using original = await OriginalNode.open(commit, 'TLSv1.3')
      const before = await original.ask('findvalue', addressOf(node))
      assert.deepEqual([text(before['message']), before['nodes']], ['nodes', []])
      assert.equal(text((await original.ask('store', addressOf(node)))['message']), 'pong')
      const { reply_port: replyPort, ...value } = await original.ask('findvalue', addressOf(node))
      assert.deepEqual(value, { ...recorded('findvalue', commit), node: node.id })
      assert.equal(replyPort, addressOf(node).port)
      assert.deepEqual(Object.keys(value), Object.keys(recorded('findvalue', commit)), 'in this order')
      const { name, publicKey } = valueOfMessage(
        drogulusVectors({ name: 'store', commit, direction: 'request' })[0]!,
      )
      const got = await node.resolve(Buffer.from(publicKey).toString(), name)
      assert.equal(got?.text, 'world')
      assert.deepEqual([original.connections, node.contacts()], [0, []], 'nobody knows where to dial it')
    })

    test('is asked by us, becomes a contact, and is named to others under the port where it listens (drogulus B0, B5)', async () => {
      const node = await ours(commit)
      await using original = await OriginalNode.open(commit, 'TLSv1.2')
      const { id } = await node.ping(original.address)
      assert.equal(toHex(id), original.id)
      assert.deepEqual(
        node.contacts().map(({ address }) => address),
        [original.address],
      )
      // It asks from somewhere else each time.
      const { nodes } = await original.ask('findnode', addressOf(node))
      const named = (nodes as [Uint8Array, Uint8Array, number, Uint8Array][]).map(
        ([each, host, port, version]) => [toHex(each as never), text(host), port, text(version)],
      )
      const { host, port } = original.address
      const itself = [original.id, host, port, '0.0.0.alpha.0']
      assert.deepEqual(named, port <= MAX_OLD_PORT ? [itself] : [])
      assert.deepEqual(
        node.contacts().map(({ address }) => address),
        [original.address],
      )
    })

    test('lets us join through it, and read what it holds (drogulus B0, B7)', async () => {
      await using original = await OriginalNode.open(commit, 'TLSv1.3')
      original.answers = { findvalue: 'value' }
      const { host, port } = original.address
      const node = await ours(commit, { bootstrap: [`${host}:${port}`] })
      assert.equal((await node.join()).via, 'bootstrap')
      const held = valueOfMessage(
        drogulusVectors({ name: 'value-unsolicited', commit, direction: 'request' })[0]!,
      )
      for (const mode of ['first', 'latest'] as const) {
        const got = await node.get(held.key, { mode })
        assert.deepEqual([got?.text, got?.timestamp], ['world', held.timestamp])
      }
      assert.equal((await node.resolve(pemOf('rsa_a', 'public'), 'hello'))?.text, 'world')
      assert.equal(original.connections, original.heard.length, 'a new connection for each request')
    })

    test('is stored to by us, in what it can read and would believe (drogulus B2, B3, B8)', async () => {
      await using original = await OriginalNode.open(commit, 'TLSv1.3')
      const { host, port } = original.address
      const node = await ours(commit, { bootstrap: [`${host}:${port}`] })
      await node.join()
      const report = await node.publish('mine', 'hello', { meta: { type: 'text', lang: 'en' } })
      assert.ok(report.accepted.some((by) => sameAddress(by, original.address)))
      const stored = original.heard[original.heardNames.indexOf('store')]!
      // What it was sent itself, by one of its own.
      const known = fieldsOf(messagesIn(original.line('store'))[0]!)
      assert.deepEqual(Object.keys(fieldsOf(withoutReplyPort(stored))), Object.keys(known))
      const by = commit === 'e9b8c69' ? wire : october
      const { query } = decodedQuery(stored, by)
      assert.ok(query.method === 'store')
      // An original would hand it on like this, and another of ours believes it.
      const other = await ours(commit)
      const handedOn = frameNetstring(withoutReplyPort(stored))
      const { answers } = await askAsOriginal(handedOn, addressOf(other), 'TLSv1.3')
      assert.deepEqual(
        answers.map((answer) => text(fieldsOf(answer)['message'])),
        ['pong'],
      )
      const got = await other.resolve(node.publicKey, 'mine')
      assert.deepEqual([got?.text, got?.meta], ['hello', { type: 'text', lang: 'en' }])
    })

    test('refuses a store of ours with 8, and we hear of it at once (drogulus B0, B4)', async () => {
      await using original = await OriginalNode.open(commit, 'TLSv1.3')
      original.answers = { store: 'superseded' }
      const { host, port } = original.address
      const node = await ours(commit, { bootstrap: [`${host}:${port}`] })
      await node.join()
      const { refused } = await node.publish('mine', 'hello', { keepAlive: false })
      assert.deepEqual(
        refused.map(({ port: by, code }) => [by, code]),
        [[port, 8]],
      )
    })
  })
}
