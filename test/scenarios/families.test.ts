// Nodes with two address families: two DHTs that share a store, and find each other through one another (BEP 32).
import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { toHex, type Id } from '../../src/kademlia/id.ts'
import type { MainlineQuery, Want } from '../../src/networks/mainline/messages.ts'
import { isValidNodeId } from '../../src/networks/mainline/node-id.ts'
import type { MainlineNetwork, SimulatedNode } from '../../src/simulator/mainline-network.ts'
import { Puppet } from './puppet.ts'
import { MINUTE, scenario, someId } from './scenario.ts'

const dual = (network: MainlineNetwork) => ({
  addresses: [network.freshAddress(4), network.freshAddress(6)],
})

const getPeers = (infoHash: Id, want: Want = null) =>
  ({ method: 'get_peers', infoHash, want, noSeed: false, scrape: false }) as const

function familiesOf(node: SimulatedNode): number[] {
  return node.node.stats().families.map(({ contacts }) => contacts)
}

describe('A node of two families (B32-01)', () => {
  scenario('has a table and an id of its own in each DHT', { seed: 2 }, async (network) => {
    await network.grow(25, () => dual(network))
    for (const node of network.nodes) {
      const [v4, v6] = node.sockets.map(({ seenAs }) => seenAs.host)
      assert.ok(isValidNodeId(node.node.id, v4!) && isValidNodeId(node.node.id6!, v6!))
      const { families } = node.node.stats()
      assert.deepEqual(
        families.map(({ family }) => family),
        [4, 6],
      )
      for (const { contacts } of families) assert.ok(contacts >= 10)
      const inV6 = node.node.contacts().filter(({ address }) => address.host.includes(':'))
      assert.equal(inV6.length, families[1]!.contacts)
    }
  })

  scenario(
    'keeps peers apart by family, whatever is wanted (B32-05), and finds those of both (B32-11)',
    { seed: 3 },
    async (network) => {
      await network.grow(20, () => dual(network))
      const infoHash = someId(network)
      const announcer = network.nodes[4]!
      const { stored } = await network.clock.settle(announcer.node.announce(infoHash, { port: 4_242 }))
      assert.equal(stored, 16, 'eight in each DHT')
      const search = network.nodes[11]!.node.peers(infoHash)
      await network.clock.settle(search.outcome)
      const found = (await Array.fromAsync(search)).map(({ host }) => host)
      assert.deepEqual(new Set(found), new Set(announcer.sockets.map(({ seenAs }) => seenAs.host)))

      const holder = network.nodes.find(({ store }) =>
        ([4, 6] as const).every((family) => store.peers.count(infoHash, family).peers === 1),
      )!
      for (const [index, family, bytes] of [
        [0, 4, 6],
        [1, 6, 18],
      ] as const) {
        const puppet = new Puppet(network, { address: network.freshAddress(family) })
        const to = holder.sockets[index]!.seenAs
        for (const want of [null, { n4: true, n6: true }, { n4: family === 6, n6: family === 4 }]) {
          const answer = await puppet.ask(getPeers(infoHash, want), to)
          assert.deepEqual(
            answer!.reply!.values!.map(({ length }) => length),
            [bytes],
          )
        }
      }
    },
  )

  scenario(
    'gives the contacts that are wanted, and else those of the transport, whatever it is asked (B32-02, B32-04, K-18)',
    {},
    async (network) => {
      await network.grow(20, () => dual(network))
      const node = network.nodes[2]!
      const questions: ((want: Want) => MainlineQuery)[] = [
        (want) => ({ method: 'find_node', target: someId(network), want }),
        (want) => getPeers(someId(network), want),
        (want) => ({ method: 'get', target: someId(network), want, seq: null }),
        (want) => ({ method: 'sample_infohashes', target: someId(network), want }),
      ]
      for (const question of questions) {
        for (const [index, family] of [
          [0, 4],
          [1, 6],
        ] as const) {
          const puppet = new Puppet(network, { address: network.freshAddress(family) })
          const ask = async (want: Want): Promise<(number | undefined)[]> => {
            const answer = await puppet.ask(question(want), node.sockets[index]!.seenAs)
            assert.ok(answer!.bytes.length <= 1_024)
            return [answer!.reply!.nodes?.length, answer!.reply!.nodes6?.length]
          }
          assert.deepEqual(await ask(null), family === 4 ? [8, undefined] : [undefined, 8])
          assert.deepEqual(await ask({ n4: true, n6: false }), [8, undefined])
          assert.deepEqual(await ask({ n4: false, n6: true }), [undefined, 8])
          assert.deepEqual(await ask({ n4: true, n6: true }), [8, 8])
        }
      }
    },
  )

  scenario(
    'that knows IPv4 nodes only gets into the IPv6 DHT through their nodes6 (B32-09)',
    { seed: 5 },
    async (network) => {
      await network.grow(25, () => dual(network))
      const [bootstrap] = network.nodes[8]!.sockets.map(({ seenAs }) => seenAs)
      const joiner = network.add({ ...dual(network), bootstrap: [bootstrap!] })
      await network.clock.settle(joiner.node.join())
      await network.clock.runFor(2 * MINUTE)
      const [v4, v6] = familiesOf(joiner)
      assert.ok(v4! >= 10)
      assert.ok(v6! >= 8, `${v6} contacts of IPv6`)
      const known = new Set(joiner.node.contacts().map(({ id }) => toHex(id)))
      assert.ok(network.nodes.filter(({ node }) => known.has(toHex(node.id6!))).length >= 8)
    },
  )
})

describe('A node that has joined both DHTs (B32-09)', () => {
  scenario('asks its own family, and both in one walk of 37', { seed: 8 }, async (network, tell) => {
    await network.grow(20, () => dual(network))
    const node = network.nodes[7]!
    const hosts = new Set(node.sockets.map(({ seenAs }) => seenAs.host))
    /** By the target of each walk whether both families are asked for. */
    const walks = new Map<string, boolean>()
    network.network.watchers.add(({ from, bytes }) => {
      const [, target, want] =
        /6:target20:(.{20})(4:wantl2:n42:n6e)?e1:q9:find_node/s.exec(latin1(bytes)) ?? []
      if (!hosts.has(from.host) || target === undefined) return
      assert.ok(want !== undefined || !latin1(bytes).includes('4:want'), 'never for the other one alone')
      walks.set(target, want !== undefined)
    })
    for (let i = 0; i < 200; i++) await network.clock.settle(node.node.refresh({ force: true }))
    const both = [...walks.values()].filter((each) => each).length
    tell(`${both} of ${walks.size} walks asked for both families`)
    assert.ok(walks.size >= 600, String(walks.size))
    // The standard deviation of so rare an event is the root of what is expected: here 27 and 5.
    const expected = walks.size / 37
    assert.ok(Math.abs(both - expected) <= 4 * Math.sqrt(expected), `${both}, expected ${expected}`)
  })
})

describe('A network of IPv6 alone', () => {
  scenario('is joined and searched like any other', { seed: 6 }, async (network) => {
    await network.grow(30, () => ({ addresses: [network.freshAddress(6)] }))
    const infoHash = someId(network)
    const announcer = network.nodes[5]!
    await network.clock.settle(announcer.node.announce(infoHash, { port: 4_242 }))
    const search = network.nodes[20]!.node.peers(infoHash)
    await network.clock.settle(search.outcome)
    assert.deepEqual(await Array.fromAsync(search), [{ host: announcer.host, port: 4_242 }])
    const found = await network.clock.settle(network.nodes[1]!.node.closest(infoHash))
    assert.equal(network.recall(network.trueClosest(infoHash, 8, network.nodes[1]), found), 1)
  })
})

const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')
