// Nodes of the npm package bittorrent-dht and ours, two or three on loopback: joining, announcing and finding in both
// directions, and each other's errors. It sends neither `v` nor `ip`, and transaction ids of 2 bytes that count up.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { idFromHex, Mainline, toHex, XorbitError, type MainlineQuery } from '../../src/index.ts'
import { BittorrentDht } from './bittorrent-dht.ts'
import { endpointOf, peersOf, randomInfoHash, until, XorbitNetwork } from './xorbit-network.ts'

describe('bittorrent-dht and xorbit', () => {
  test('B5-10, B5-21: it joins through us, and enters our table once it has answered', async () => {
    await using xorbit = await XorbitNetwork.open(3)
    await using other = await BittorrentDht.open([endpointOf(xorbit.first)])
    assert.deepEqual(other.contacts, xorbit.endpoints.toSorted())
    for (const node of xorbit.nodes) {
      const contacts = await until(
        'every node knows it',
        () => node.contacts().map(({ id }) => toHex(id)),
        (ids) => ids.includes(other.id),
      )
      assert.equal(contacts.length, 3)
    }
    assert.deepEqual(other.warnings, [])
  })

  test('B5-10, K-04, K-16: we join through it, whose replies have neither `v` nor `ip`', async () => {
    await using first = await BittorrentDht.open()
    await using second = await BittorrentDht.open([first.endpoint])
    await using xorbit = await XorbitNetwork.open(1, { bootstrap: [first.endpoint] })
    const report = await xorbit.first.join()
    assert.notEqual(report.via, 'nobody')
    const contacts = xorbit.first.contacts().map(({ id }) => toHex(id))
    assert.deepEqual(contacts.toSorted(), [first.id, second.id].toSorted())
    const [family] = xorbit.first.stats().families
    assert.equal(family!.externalHost, null)
    assert.deepEqual(family!.dropped, {})
    assert.deepEqual([...first.warnings, ...second.warnings], [])
  })

  test('B5-13, B5-15: what it announces we find, from a node that stored it and from one that did not', async () => {
    await using xorbit = await XorbitNetwork.open(2)
    await using other = await BittorrentDht.open([endpointOf(xorbit.first)])
    const infoHash = randomInfoHash()
    assert.equal(await other.announce(infoHash, 5_001), 2)
    await using stranger = await XorbitNetwork.open(1, { bootstrap: [other.endpoint] })
    for (const node of [...xorbit.nodes, stranger.first]) {
      assert.deepEqual(await peersOf(node, infoHash), ['127.0.0.1:5001'])
    }
  })

  test('B5-16: when it implies its port, we store and find the UDP port that we saw', async () => {
    await using xorbit = await XorbitNetwork.open(2)
    await using other = await BittorrentDht.open([endpointOf(xorbit.first)])
    const infoHash = randomInfoHash()
    assert.equal(await other.announce(infoHash, 0), 2)
    for (const node of xorbit.nodes) assert.deepEqual(await peersOf(node, infoHash), [other.endpoint])
  })

  test('B5-15, B5-20: what we announce it finds, on its own kind and on ours', async () => {
    await using first = await BittorrentDht.open()
    await using xorbit = await XorbitNetwork.open(2, { bootstrap: [first.endpoint] })
    await using second = await BittorrentDht.open([first.endpoint])
    const infoHash = randomInfoHash()
    const { stored, refused } = await xorbit.first.announce(infoHash, { port: 5_002 })
    assert.equal(stored, 4)
    assert.deepEqual(refused, [])
    for (const node of [first, second]) assert.deepEqual(await node.peersOf(infoHash), ['127.0.0.1:5002'])
  })

  test('B5-16: when we imply our port, it finds the UDP port of our node', async () => {
    await using first = await BittorrentDht.open()
    await using xorbit = await XorbitNetwork.open(1, { bootstrap: [first.endpoint] })
    await using second = await BittorrentDht.open([first.endpoint])
    const infoHash = randomInfoHash()
    const { stored } = await xorbit.first.announce(infoHash, { impliedPort: true })
    assert.equal(stored, 3)
    assert.deepEqual(await second.peersOf(infoHash), [endpointOf(xorbit.first)])
  })

  test('B43-02, B43-03: a read-only node of ours announces to it and finds what it announced', async () => {
    await using first = await BittorrentDht.open()
    await using second = await BittorrentDht.open([first.endpoint])
    const [ours, its] = [randomInfoHash(), randomInfoHash()]
    await first.announce(its, 5_005)
    await using reader = await Mainline.open({ port: 0, bootstrap: [second.endpoint], readOnly: true })
    await reader.join()
    assert.deepEqual(await peersOf(reader, its), ['127.0.0.1:5005'])
    assert.equal((await reader.announce(ours, { port: 5_004 })).stored, 2)
    // Some seconds: it asks our reader too, does not know of BEP 43, and waits for an answer.
    assert.deepEqual(await first.peersOf(ours), ['127.0.0.1:5004'])
  })
})

describe('The errors of bittorrent-dht and of xorbit', () => {
  test('B5-15, K-06: its 203 for a bad token reaches our caller with code and text', async () => {
    await using other = await BittorrentDht.open()
    await using xorbit = await XorbitNetwork.open(1, { bootstrap: [other.endpoint] })
    const infoHash = idFromHex(randomInfoHash(), 20)
    const query: MainlineQuery = {
      method: 'announce_peer',
      infoHash,
      port: 5_006,
      token: new TextEncoder().encode('not a token'),
      seed: false,
    }
    const error = await xorbit.first.query(other.address, query).then(
      () => assert.fail('the token was taken'),
      (thrown: unknown) => thrown,
    )
    assert.ok(error instanceof XorbitError)
    assert.equal(error.code, 'refused')
    assert.deepEqual(error.details['refusal'], {
      code: 203,
      message: 'cannot `announce_peer` with bad token',
    })
    assert.deepEqual(await other.peersOf(toHex(infoHash)), [])
  })

  test('B5-15, K-06: our 203 for a bad token reaches its caller, and nothing is stored', async () => {
    await using xorbit = await XorbitNetwork.open(1)
    await using other = await BittorrentDht.open([endpointOf(xorbit.first)])
    const infoHash = randomInfoHash()
    const a = { info_hash: Buffer.from(infoHash, 'hex'), port: 5_007, token: Buffer.from('not a token') }
    await assert.rejects(other.query(xorbit.first.addresses[0]!, { q: 'announce_peer', a }), {
      code: 203,
      message: /^203 .*token/,
    })
    assert.equal(xorbit.first.stats().stored.peers, 0)
  })

  test('B5-14: a token for one infohash is none for another, as it learns by our 203', async () => {
    await using xorbit = await XorbitNetwork.open(1)
    await using other = await BittorrentDht.open([endpointOf(xorbit.first)])
    const to = xorbit.first.addresses[0]!
    const [asked, announced] = [randomInfoHash(), randomInfoHash()].map((hex) => Buffer.from(hex, 'hex'))
    const { token } = await other.query(to, { q: 'get_peers', a: { info_hash: asked } })
    const announce = (infoHash: Buffer): Promise<unknown> =>
      other.query(to, { q: 'announce_peer', a: { info_hash: infoHash, port: 5_008, token } })
    await assert.rejects(announce(announced!), { code: 203 })
    await announce(asked!)
    assert.equal(xorbit.first.stats().stored.peers, 1)
  })

  test('K-06, K-08: it gets 204 for a method that is none, and nodes where there is a target', async () => {
    await using xorbit = await XorbitNetwork.open(2)
    await using other = await BittorrentDht.open([endpointOf(xorbit.first)])
    const to = xorbit.first.addresses[0]!
    await assert.rejects(other.query(to, { q: 'no_such_method', a: {} }), { code: 204 })
    const { nodes } = await other.query(to, { q: 'no_such_method', a: { target: other.dht.nodeId } })
    assert.ok(nodes!.length >= 26 && nodes!.length % 26 === 0)
  })

  test('K-06: its errors do not cost it its place in our table', async () => {
    await using other = await BittorrentDht.open()
    await using xorbit = await XorbitNetwork.open(1, { bootstrap: [other.endpoint] })
    const before = xorbit.first.contacts().length
    const token = new Uint8Array(8)
    const infoHash = idFromHex(randomInfoHash(), 20)
    for (let i = 0; i < 4; i++) {
      await assert.rejects(
        xorbit.first.query(other.address, {
          method: 'announce_peer',
          infoHash,
          port: 5_009,
          token,
          seed: false,
        }),
        { code: 'refused' },
      )
    }
    assert.equal(xorbit.first.contacts().length, before)
  })
})
