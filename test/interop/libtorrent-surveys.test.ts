// Counting swarms (BEP 33) and sampling infohashes (BEP 51) between libtorrent and xorbit: it answers both, asks for samples,
// and announces itself as a seed or not. Nodes at several addresses of 127.0.0.0/8 are several IPs to a filter; these here
// are nobody else's, for a file that is tested at the same time may send to a port that was another's a moment ago.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Mainline, toHex, type Address, type MainlineReply } from '../../src/index.ts'
import { BloomFilter } from '../../src/networks/mainline/bloom-filter.ts'
import { Libtorrent, withoutLibtorrent } from './libtorrent.ts'
import { endpointOf, randomInfoHash, textOf, XorbitNetwork } from './xorbit-network.ts'

const skip = withoutLibtorrent()

/** Of what it tells no more than this is in one answer; and it says that it will be the same for six hours. */
const ITS_SAMPLES = 20
const ITS_INTERVAL_S = 21_600
/** Of ours as many fit as a datagram of 1024 bytes has room for. */
const OUR_INTERVAL_S = 600

/** An address of ours on this machine, by its last byte. */
const host = (last: number): string => `127.0.1.${last}`

interface Swarm extends AsyncDisposable {
  readonly session: Libtorrent
  readonly its: Address
  /** At the addresses 2, 3 …, joined through it, which is at 1. */
  readonly ours: readonly Mainline[]
}

async function openSwarm(count: number): Promise<Swarm> {
  const stack = new AsyncDisposableStack()
  try {
    const session = stack.use(await Libtorrent.open({ bootstrap: [], hosts: [`${host(1)}:0`] }))
    const its = { host: host(1), port: session.port }
    const ours: Mainline[] = []
    for (let i = 0; i < count; i++) {
      ours.push(stack.use(await Mainline.open({ host: host(2 + i), port: 0, bootstrap: [textOf(its)] })))
    }
    await Promise.all(ours.map((node) => node.join()))
    return { session, its, ours, [Symbol.asyncDispose]: () => stack.disposeAsync() }
  } catch (error) {
    await stack.disposeAsync()
    throw error
  }
}

async function scrapeOf(by: Mainline, to: Address, infoHash: string): Promise<MainlineReply> {
  return (await by.query(to, { method: 'get_peers', infoHash, scrape: true })).reply
}

/** The filter of these addresses, in hex. */
function filterOf(lasts: readonly number[]): string {
  const filter = new BloomFilter()
  for (const last of lasts) filter.add(Uint8Array.of(127, 0, 1, last))
  return toHex(filter.bytes)
}

describe('A swarm that libtorrent holds', { skip }, () => {
  test('is told by its filters to the bit: seeds and others apart (B33-01, B33-06, B33-07, B33-11)', async () => {
    await using swarm = await openSwarm(5)
    const infoHash = randomInfoHash()
    for (const [index, node] of swarm.ours.entries()) {
      const { accepted } = await node.announce(infoHash, { port: 5_100, seed: index < 2 })
      assert.ok(accepted.some(({ port }) => port === swarm.its.port))
    }
    const { filters, values, nodes, token } = await scrapeOf(swarm.ours[0]!, swarm.its, infoHash)
    assert.deepEqual([toHex(filters!.seeds), toHex(filters!.peers)], [filterOf([2, 3]), filterOf([4, 5, 6])])
    assert.equal(values, undefined, 'it sends no peers beside filters')
    assert.ok(nodes!.length > 0 && token !== undefined)
    await swarm.session.findsNoFault()
  })

  test('that is empty has no filters, with it as with us (B33-06)', async () => {
    await using swarm = await openSwarm(2)
    for (const to of [swarm.its, swarm.ours[1]!.addresses[0]!]) {
      const { filters, token } = await scrapeOf(swarm.ours[0]!, to, randomInfoHash())
      assert.deepEqual([filters, token === undefined], [undefined, false])
    }
  })

  test('leaves out seeds where they are not wanted (B33-08)', async () => {
    await using swarm = await openSwarm(4)
    const infoHash = randomInfoHash()
    for (const [index, node] of swarm.ours.entries()) {
      await node.announce(infoHash, { port: 5_100, seed: index === 0 })
    }
    for (const [noSeed, count] of [
      [true, 3],
      [false, 4],
    ] as const) {
      const query = { method: 'get_peers', infoHash, noSeed } as const
      assert.equal((await swarm.ours[0]!.query(swarm.its, query)).reply.values?.length, count)
    }
  })

  test('is counted by a node of ours that holds nothing, whoever of both holds it (B33-02, B33-05)', async () => {
    await using swarm = await openSwarm(6)
    const infoHash = randomInfoHash()
    for (const [index, node] of swarm.ours.entries()) {
      await node.announce(infoHash, { port: 5_100, seed: index < 2 })
    }
    const bootstrap = [textOf(swarm.its)]
    await using counting = await Mainline.open({ host: host(9), port: 0, bootstrap, readOnly: true })
    await counting.join()
    const { seeds, peers, holders, legacy, disbelieved, failed } = await counting.scrape(infoHash)
    assert.deepEqual({ seeds, peers }, { seeds: 2, peers: 4 })
    assert.deepEqual(
      { holders, legacy, disbelieved, failed },
      { holders: 7, legacy: 0, disbelieved: 0, failed: 0 },
    )
    await swarm.session.findsNoFault()
  })
})

describe('A torrent that libtorrent announces', { skip }, () => {
  test('is one seed to our scrape where it has all of it, and one peer where it has nothing (B33-06, B33-07)', async () => {
    await using xorbit = await XorbitNetwork.open(4, { host: host(2) })
    const hosts = [`${host(1)}:0`]
    await using session = await Libtorrent.open({ bootstrap: [endpointOf(xorbit.first)], hosts })
    await session.bootstrapped()
    const [wanted, had] = [randomInfoHash(), await session.seed(xorbit.endpoints)]
    await session.announce(wanted, xorbit.endpoints)
    for (const [infoHash, seeds, peers] of [
      [had, 1, 0],
      [wanted, 0, 1],
    ] as const) {
      for (const node of xorbit.nodes.slice(1)) {
        const { filters } = await scrapeOf(xorbit.first, node.addresses[0]!, infoHash)
        const expected = [filterOf(seeds === 1 ? [1] : []), filterOf(peers === 1 ? [1] : [])]
        assert.deepEqual([toHex(filters!.seeds), toHex(filters!.peers)], expected)
      }
      const counted = await xorbit.nodes[2]!.scrape(infoHash)
      assert.deepEqual([counted.seeds, counted.peers], [seeds, peers])
    }
    await session.findsNoFault()
  })
})

describe('Samples of infohashes', { skip }, () => {
  test('of libtorrent are twenty of what it holds, the same whatever the target, for six hours (B51-01…05)', async () => {
    await using swarm = await openSwarm(2)
    const [asking] = swarm.ours as [Mainline]
    const sample = async (): Promise<MainlineReply> =>
      (await asking.query(swarm.its, { method: 'sample_infohashes', target: randomInfoHash() })).reply
    const announced = Array.from({ length: ITS_SAMPLES + 5 }, randomInfoHash)
    for (const infoHash of announced) {
      const { accepted } = await asking.announce(infoHash, { port: 5_200 })
      assert.ok(accepted.some(({ port }) => port === swarm.its.port))
    }
    const first = await sample()
    assert.deepEqual([first.num, first.interval], [announced.length, ITS_INTERVAL_S])
    const samples = first.samples!.map((id) => toHex(id))
    assert.equal(new Set(samples).size, ITS_SAMPLES)
    assert.ok(samples.every((infoHash) => announced.includes(infoHash)))
    assert.ok(first.nodes!.length > 0)
    assert.deepEqual((await sample()).samples, first.samples)
    await swarm.session.findsNoFault()
  })

  test('of libtorrent that holds nothing are none, and are there (B51-02)', async () => {
    await using swarm = await openSwarm(1)
    const query = { method: 'sample_infohashes', target: randomInfoHash() } as const
    const { reply } = await swarm.ours[0]!.query(swarm.its, query)
    assert.deepEqual([reply.num, reply.samples, reply.interval], [0, [], ITS_INTERVAL_S])
  })

  test('of ours libtorrent reads: interval, number and infohashes, none of them too (B51-01, B51-02, B51-03)', async () => {
    await using swarm = await openSwarm(2)
    const [node] = swarm.ours as [Mainline]
    const empty = { interval: OUR_INTERVAL_S, num: 0, samples: [] }
    assert.deepEqual(await swarm.session.sample(node.addresses[0]!, randomInfoHash()), empty)
    const other = swarm.ours[1]!
    const announced = Array.from({ length: 15 }, randomInfoHash)
    for (const infoHash of announced) await other.announce(infoHash, { port: 5_200 })
    const seen = await swarm.session.sample(other.addresses[0]!, randomInfoHash())
    assert.deepEqual(seen, { interval: OUR_INTERVAL_S, num: 15, samples: announced.toSorted() })
    await swarm.session.findsNoFault()
  })

  test('of a whole network of both kinds come to our survey, each infohash once (B51-01, B51-06)', async () => {
    await using swarm = await openSwarm(4)
    const announced = Array.from({ length: 12 }, randomInfoHash)
    for (const [index, infoHash] of announced.entries()) {
      await swarm.ours[index % 4]!.announce(infoHash, { port: 5_200 })
    }
    const bootstrap = [textOf(swarm.its)]
    await using surveying = await Mainline.open({ host: host(9), port: 0, bootstrap, readOnly: true })
    await surveying.join()
    const survey = surveying.sample({ queriesPerSecond: 1_000 })
    const found: string[] = []
    for await (const { infoHash } of survey) found.push(toHex(infoHash))
    assert.deepEqual(found.toSorted(), announced.toSorted())
    const { asked, answered, supporting, num } = await survey.outcome
    assert.deepEqual({ asked, answered, supporting, num }, { asked: 5, answered: 5, supporting: 5, num: 60 })
    await swarm.session.findsNoFault()
  })
})
