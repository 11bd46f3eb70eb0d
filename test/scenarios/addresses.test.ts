// Nodes at several addresses of one family (BEP 45): to others they are several nodes, that share what they store.
import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { sharedPrefixBits, toHex, type Id } from '../../src/kademlia/id.ts'
import { isValidNodeId } from '../../src/networks/mainline/node-id.ts'
import type { MainlineNetwork, SimulatedNode } from '../../src/simulator/mainline-network.ts'
import { Puppet } from './puppet.ts'
import { MINUTE, scenario, someId } from './scenario.ts'

const ADDRESSES = 4

function severalAddresses(network: MainlineNetwork): {
  addresses: ReturnType<MainlineNetwork['freshAddress']>[]
} {
  return { addresses: Array.from({ length: ADDRESSES }, () => network.freshAddress()) }
}

/** A network of ordinary nodes, and one at several addresses that has joined it. */
async function withOne(network: MainlineNetwork): Promise<SimulatedNode> {
  await network.grow(20)
  const node = network.add({ ...severalAddresses(network), bootstrap: [network.nodes[0]!.address] })
  await network.clock.settle(node.node.join())
  await network.clock.runFor(MINUTE)
  return node
}

function idsOf({ node }: SimulatedNode): string[] {
  return node.stats().families.map(({ id }) => id)
}

function bytesOf(hex: string): Id {
  return new Uint8Array(Buffer.from(hex, 'hex')) as Id
}

const getPeers = (infoHash: Id) =>
  ({ method: 'get_peers', infoHash, want: null, noSeed: false, scrape: false }) as const

describe('A node at several addresses (BEP 45)', () => {
  scenario(
    'has an id for each, fitting the address and far from the others (B45-01), and keeps them over restarts',
    {},
    async (network) => {
      const several = await withOne(network)
      const ids = idsOf(several)
      assert.equal(new Set(ids).size, ADDRESSES)
      for (const [index, id] of ids.entries()) {
        assert.ok(isValidNodeId(bytesOf(id), several.sockets[index]!.seenAs.host))
        for (const other of ids.slice(index + 1)) assert.ok(sharedPrefixBits(bytesOf(id), bytesOf(other)) < 6)
      }
      network.crash(several)
      const addresses = several.sockets.map(({ seenAs }) => seenAs)
      assert.deepEqual(idsOf(network.add({ addresses, store: several.store })), ids)
    },
  )

  scenario(
    'is known to others by each of its addresses, for each walks to its own id (B45-07)',
    {},
    async (network) => {
      const several = await withOne(network)
      for (const [index, id] of idsOf(several).entries()) {
        const address = several.sockets[index]!.seenAs
        const found = await network.clock.settle(network.nodes[3]!.node.closest(bytesOf(id)))
        assert.equal(toHex(found[0]!.id), id)
        assert.deepEqual(found[0]!.address, address)
      }
    },
  )

  scenario(
    'answers from the address that was asked (B45-02), and serves one store at all (B45-06)',
    {},
    async (network) => {
      const several = await withOne(network)
      const puppet = new Puppet(network)
      const infoHash = someId(network)
      const [first, second] = several.sockets.map(({ seenAs }) => seenAs)
      // What another source sends is no answer to the puppet: it would wait in vain.
      const answer = await puppet.ask(getPeers(infoHash), first!)
      assert.equal(toHex(answer!.senderId!), idsOf(several)[0])
      const announce = { method: 'announce_peer', infoHash, port: 4_242, seed: false } as const
      await puppet.ask({ ...announce, token: answer!.reply!.token! }, first!)
      const elsewhere = await puppet.ask(getPeers(infoHash), second!)
      assert.equal(toHex(elsewhere!.senderId!), idsOf(several)[1])
      assert.equal(elsewhere!.reply!.values?.length, 1)
    },
  )

  scenario('takes a token only at the address that gave it (B45-03)', {}, async (network) => {
    const several = await withOne(network)
    const puppet = new Puppet(network)
    const infoHash = someId(network)
    const [first, second] = several.sockets.map(({ seenAs }) => seenAs)
    const token = (await puppet.ask(getPeers(infoHash), first!))!.reply!.token!
    const announce = { method: 'announce_peer', infoHash, port: 4_242, seed: false, token } as const
    assert.equal((await puppet.ask(announce, second!))!.refusal?.code, 203)
    assert.equal((await puppet.ask(announce, first!))!.refusal, null)
  })

  scenario('asks nobody for one target from two addresses at once (B45-04)', {}, async (network) => {
    const several = await withOne(network)
    const own = new Set(several.sockets.map(({ seenAs }) => seenAs.host))
    const puppet = new Puppet(network)
    for (const each of network.nodes) await network.clock.settle(each.node.ping(puppet.address))
    await network.clock.settle(several.node.ping(puppet.address))
    const askedFrom = async (work: () => Promise<unknown>): Promise<(string | undefined)[]> => {
      puppet.asked.length = 0
      await network.clock.settle(work())
      const ours = puppet.asked.filter(({ from }) => own.has(from.host))
      return ours.map(({ from }) => from.host)
    }
    const used = new Set<string | undefined>()
    for (let round = 0; round < 12; round++) {
      const target = toHex(puppet.id)
      for (const work of [() => several.node.closest(target), () => several.node.get(target)]) {
        const hosts = await askedFrom(work)
        assert.ok(new Set(hosts).size <= 1, String(hosts))
        for (const host of hosts) used.add(host)
      }
    }
    assert.ok(used.size > 1, 'another address each time (B45-10)')
  })

  scenario('announces its peer at every address, one after the other', {}, async (network) => {
    const several = await withOne(network)
    const infoHash = someId(network)
    const report = await network.clock.settle(several.node.announce(infoHash, { port: 4_242 }))
    assert.equal(report.stored, 8 * ADDRESSES)
    const search = network.nodes[5]!.node.peers(infoHash)
    await network.clock.settle(search.outcome)
    const found = (await Array.fromAsync(search)).map(({ host }) => host)
    assert.deepEqual(new Set(found), new Set(several.sockets.map(({ seenAs }) => seenAs.host)))
  })

  scenario('goes on by the others when one link is dead (B45-09, B45-10)', {}, async (network) => {
    const several = await withOne(network)
    const [dead] = several.sockets
    const before = several.node.stats().families[0]!.contacts
    network.network.connect(dead!.seenAs.host, { hears: false, speaks: false })
    await network.clock.runFor(20 * MINUTE)
    const { families } = several.node.stats()
    assert.equal(families[0]!.offline, true)
    assert.ok(families[0]!.contacts >= before / 2, 'its contacts are not blamed')
    for (const { offline } of families.slice(1)) assert.equal(offline, false)
    const target = someId(network)
    for (let round = 0; round < 8; round++) {
      const found = await network.clock.settle(several.node.closest(target))
      assert.equal(found.length, 8)
    }
  })
})
