// libtorrent and xorbit on loopback: it joins through our nodes alone, announces what we find, finds what we announced,
// and finds no fault with anything that we sent.
import assert from 'node:assert/strict'
import { networkInterfaces } from 'node:os'
import { describe, test } from 'node:test'
import { idFromHex, toHex, XorbitError, type MainlineQuery } from '../../src/index.ts'
import { Libtorrent, withoutLibtorrent } from './libtorrent.ts'
import { endpointOf, peersOf, randomInfoHash, textOf, until, XorbitNetwork } from './xorbit-network.ts'

const skip = withoutLibtorrent()

describe('libtorrent and xorbit', { skip }, () => {
  test('B5-10, B5-12, K-16: it joins through our nodes alone, and its routing table holds them', async () => {
    await using xorbit = await XorbitNetwork.open(6)
    await using session = await Libtorrent.open({ bootstrap: [endpointOf(xorbit.first)] })
    await session.bootstrapped()
    // Whom it is given as a router it never takes into its table.
    const expected = xorbit.nodes.slice(1).map((node) => `${toHex(node.id)} ${endpointOf(node)}`)
    const nodes = await session.nodes(expected.length)
    assert.deepEqual(nodes.map((node) => `${node.id} ${textOf(node)}`).toSorted(), expected.toSorted())
    await session.findsNoFault()
  })

  test('B5-21: it enters our tables, because it answers', async () => {
    await using xorbit = await XorbitNetwork.open(3)
    await using session = await Libtorrent.open({ bootstrap: [endpointOf(xorbit.first)] })
    const [id] = await session.ids()
    for (const node of xorbit.nodes) {
      await until(
        'libtorrent is in the table',
        () => node.contacts().map((contact) => `${toHex(contact.id)} ${textOf(contact.address)}`),
        (contacts) => contacts.includes(`${id} 127.0.0.1:${session.port}`),
      )
    }
  })

  test('B5-13, B5-14, B5-15, K-19: what it announces every node of ours finds', async () => {
    await using xorbit = await XorbitNetwork.open(6)
    await using session = await Libtorrent.open({ bootstrap: [endpointOf(xorbit.first)] })
    await session.bootstrapped()
    const infoHash = randomInfoHash()
    await session.announce(infoHash, xorbit.endpoints)
    for (const node of xorbit.nodes) {
      assert.deepEqual(await peersOf(node, infoHash), [`127.0.0.1:${session.port}`])
    }
    await session.findsNoFault()
  })

  test('B5-13, B5-15, B5-20: it finds the peers that several nodes of ours announced', async () => {
    await using xorbit = await XorbitNetwork.open(6)
    await using session = await Libtorrent.open({ bootstrap: [endpointOf(xorbit.first)] })
    await session.bootstrapped()
    const infoHash = randomInfoHash()
    const announced: string[] = []
    for (const [index, node] of xorbit.nodes.entries()) {
      const { stored, refused } = await node.announce(infoHash, { port: 5_100 + index, seed: index === 0 })
      assert.ok(stored >= 6)
      assert.deepEqual(refused, [])
      announced.push(`127.0.0.1:${5_100 + index}`)
    }
    const found = await session.peers(infoHash, announced.length)
    assert.deepEqual(found.map(textOf).toSorted(), announced)
    await session.findsNoFault()
  })

  test('B5-15, B5-16, B5-20: it stores what we announce to it, with our port or with the one that it sees', async () => {
    await using session = await Libtorrent.open({ bootstrap: [] })
    await using xorbit = await XorbitNetwork.open(1, { bootstrap: [`127.0.0.1:${session.port}`] })
    const [named, implied] = [randomInfoHash(), randomInfoHash()]
    const reports = [
      await xorbit.first.announce(named, { port: 5_200 }),
      await xorbit.first.announce(implied, { impliedPort: true }),
    ]
    for (const { accepted, refused } of reports) {
      assert.deepEqual(refused, [])
      assert.ok(accepted.some(({ port }) => port === session.port))
    }
    // What libtorrent answers by itself, without our own store.
    const address = { host: '127.0.0.1', port: session.port }
    const held = async (infoHash: string): Promise<string> => {
      const query = { method: 'get_peers', infoHash: idFromHex(infoHash, 20) } as const
      const { reply } = await xorbit.first.query(address, {
        ...query,
        want: null,
        noSeed: false,
        scrape: false,
      })
      return (reply.values ?? []).map((compact) => Buffer.from(compact).toString('hex')).join(' ')
    }
    const ownPort = xorbit.first.addresses[0]!.port
    assert.equal(await held(named), `7f000001${(5_200).toString(16).padStart(4, '0')}`)
    assert.equal(await held(implied), `7f000001${ownPort.toString(16).padStart(4, '0')}`)
    await session.findsNoFault()
  })

  test('K-06: its 203 for a bad token reaches our caller', async () => {
    await using session = await Libtorrent.open({ bootstrap: [] })
    await using xorbit = await XorbitNetwork.open(1, { bootstrap: [`127.0.0.1:${session.port}`] })
    const query: MainlineQuery = {
      method: 'announce_peer',
      infoHash: xorbit.first.id,
      port: 5_300,
      token: new Uint8Array(4),
      seed: false,
    }
    const error = await xorbit.first
      .query({ host: '127.0.0.1', port: session.port }, query)
      .catch((thrown: unknown) => thrown)
    assert.ok(error instanceof XorbitError)
    assert.equal(error.code, 'refused')
    assert.equal((error.details['refusal'] as { code: number }).code, 203)
    const { errors } = await session.report(1)
    assert.deepEqual(
      errors.map(({ sent, code }) => ({ sent, code })),
      [{ sent: true, code: 203 }],
    )
  })

  test('B5-22: it takes a node of ours that it is told of, as a PORT message would', async () => {
    await using xorbit = await XorbitNetwork.open(1)
    await using session = await Libtorrent.open({ bootstrap: [] })
    await session.addNode(xorbit.first.addresses[0]!)
    const nodes = await session.nodes(1)
    assert.deepEqual(nodes.map(textOf), xorbit.endpoints)
    await session.findsNoFault()
  })

  test('B43-02, B43-03: a read-only node of ours is served by it and not taken into its table', async () => {
    await using xorbit = await XorbitNetwork.open(2)
    await using session = await Libtorrent.open({ bootstrap: [endpointOf(xorbit.first)] })
    await session.bootstrapped()
    const infoHash = randomInfoHash()
    await session.announce(infoHash, xorbit.endpoints)
    await using reader = await XorbitNetwork.open(1, {
      bootstrap: [`127.0.0.1:${session.port}`],
      readOnly: true,
    })
    assert.deepEqual(await peersOf(reader.first, infoHash), [`127.0.0.1:${session.port}`])
    const nodes = await session.nodes(1)
    assert.deepEqual(nodes.map(textOf).includes(endpointOf(reader.first)), false)
    await session.findsNoFault()
  })
})

describe('Two sessions of libtorrent that know only nodes of ours', { skip }, () => {
  test('B5-08, B5-13: meet through us, and one finds what the other announced', async () => {
    await using xorbit = await XorbitNetwork.open(6)
    await using one = await Libtorrent.open({ bootstrap: [endpointOf(xorbit.nodes[2]!)] })
    await using two = await Libtorrent.open({ bootstrap: [endpointOf(xorbit.nodes[5]!)] })
    await Promise.all([one.bootstrapped(), two.bootstrapped()])
    const infoHash = randomInfoHash()
    await one.announce(infoHash, xorbit.endpoints)
    const found = await two.peers(infoHash, 1)
    assert.deepEqual(found.map(textOf), [`127.0.0.1:${one.port}`])
    await one.findsNoFault()
    await two.findsNoFault()
  })

  test('B32-01, B32-02, B32-05, B32-11: do so over IPv6 as well', async (t) => {
    if (!hasIpv6()) return t.skip('this machine has no IPv6 on loopback')
    const host = ['127.0.0.1', '::1']
    await using xorbit = await XorbitNetwork.open(4, { host })
    const bootstrap = xorbit.first.addresses.map(textOf)
    const hosts = ['127.0.0.1:0', '[::1]:0']
    await using one = await Libtorrent.open({ bootstrap, hosts })
    await using two = await Libtorrent.open({ bootstrap, hosts })
    await Promise.all([one.bootstrapped(), two.bootstrapped()])
    const infoHash = randomInfoHash()
    await one.announce(
      infoHash,
      xorbit.nodes.flatMap(({ addresses }) => addresses.map(textOf)),
    )
    const expected = [`127.0.0.1:${one.ports['127.0.0.1']}`, `[::1]:${one.ports['::1']}`]
    const found = await two.peers(infoHash, 2)
    assert.deepEqual(found.map(textOf).toSorted(), expected.toSorted())
    const ours = await until(
      'both',
      () => peersOf(xorbit.nodes[3]!, infoHash),
      (peers) => peers.length >= 2,
    )
    assert.deepEqual(ours.toSorted(), expected.toSorted())
    await one.findsNoFault()
    await two.findsNoFault()
  })
})

function hasIpv6(): boolean {
  return Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'))
}
