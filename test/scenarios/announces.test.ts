// Announced peers over hours: tokens, expiry, keeping alive, and what of many peers a reply carries.
import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { packAddress, unpackAddress } from '../../src/codecs/compact-address.ts'
import type { Address } from '../../src/kademlia/contact.ts'
import { toHex, type Id } from '../../src/kademlia/id.ts'
import type { MainlineNetwork, SimulatedNode } from '../../src/simulator/mainline-network.ts'
import { createMemoryStore } from '../../src/stores/memory-store.ts'
import { Puppet } from './puppet.ts'
import { HOUR, MINUTE, scenario, SECOND, someId } from './scenario.ts'

const getPeers = (infoHash: Id) =>
  ({ method: 'get_peers', infoHash, want: null, noSeed: false, scrape: false }) as const

const announcePeer = (infoHash: Id, token: Uint8Array) =>
  ({ method: 'announce_peer', infoHash, port: 4_242, token, seed: false }) as const

async function tokenFor(puppet: Puppet, infoHash: Id, node: SimulatedNode): Promise<Uint8Array> {
  const answer = await puppet.ask(getPeers(infoHash), node.address)
  assert.ok(answer?.reply?.token, 'a token in every get_peers reply (B5-13)')
  return answer.reply.token
}

/** The error code that an announce was refused with; null when it was taken. */
async function announceWith(
  token: Uint8Array,
  by: Puppet,
  infoHash: Id,
  node: SimulatedNode,
): Promise<number | null> {
  const answer = await by.ask(announcePeer(infoHash, token), node.address)
  assert.ok(answer)
  return answer.refusal?.code ?? null
}

async function find(network: MainlineNetwork, by: SimulatedNode, infoHash: Id): Promise<string[]> {
  const search = by.node.peers(infoHash)
  await network.clock.settle(search.outcome)
  return (await Array.fromAsync(search)).map(({ host, port }) => `${host}:${port}`)
}

describe('A write token (B5-14, T11)', () => {
  scenario('is good at once and after one rotation, and not after two', {}, async (network) => {
    const node = network.add()
    const puppet = new Puppet(network)
    for (const [waitMs, code] of [
      [0, null],
      [5 * MINUTE, null],
      [10 * MINUTE + SECOND, 203],
    ] as const) {
      const infoHash = someId(network)
      const token = await tokenFor(puppet, infoHash, node)
      await network.clock.runFor(waitMs)
      assert.equal(await announceWith(token, puppet, infoHash, node), code, `after ${waitMs} ms`)
    }
  })

  scenario('is bound to IP and infohash, and not to the port', {}, async (network) => {
    const node = network.add()
    const puppet = new Puppet(network)
    const otherPort = new Puppet(network, { address: { ...puppet.address, port: 7_000 } })
    const otherIp = new Puppet(network)
    const infoHash = someId(network)
    const token = await tokenFor(puppet, infoHash, node)
    assert.equal(await announceWith(token, otherIp, infoHash, node), 203)
    assert.equal(await announceWith(token, puppet, someId(network), node), 203)
    assert.equal(node.node.stats().stored.peers, 0, 'nothing is stored on a bad token (B5-15)')
    assert.equal(await announceWith(token, otherPort, infoHash, node), null)
    assert.equal(node.node.stats().stored.peers, 1)
  })

  scenario('of a former run is refused after a restart', {}, async (network) => {
    const node = network.add()
    const puppet = new Puppet(network)
    const infoHash = someId(network)
    const token = await tokenFor(puppet, infoHash, node)
    network.crash(node)
    const again = network.add({ addresses: [node.address], store: node.store })
    assert.equal(toHex(again.id), toHex(node.id))
    assert.equal(await announceWith(token, puppet, infoHash, again), 203)
  })
})

describe('A peer that was announced', () => {
  scenario(
    'is forgotten after 45 minutes, counted from when it announced itself last (B5-18)',
    {},
    async (network) => {
      const node = network.add()
      const puppet = new Puppet(network)
      const infoHash = someId(network)
      const values = async (): Promise<number> =>
        (await puppet.ask(getPeers(infoHash), node.address))?.reply?.values?.length ?? 0
      const announce = async (): Promise<void> => {
        const token = await tokenFor(puppet, infoHash, node)
        assert.equal(await announceWith(token, puppet, infoHash, node), null)
      }
      await announce()
      await network.clock.runFor(40 * MINUTE)
      assert.equal(await values(), 1)
      await announce()
      await network.clock.runFor(44 * MINUTE)
      assert.equal(await values(), 1)
      // Expired peers are dropped at a checkpoint, one every five minutes or so.
      await network.clock.runFor(7 * MINUTE)
      assert.equal(await values(), 0)
      assert.equal(node.node.stats().stored.infoHashes, 0)
    },
  )

  scenario(
    'stays found for hours, announced again at least every 15 minutes, also over a restart; not after unannounce (B5-18)',
    { seed: 2 },
    async (network) => {
      await network.grow(30)
      const store = createMemoryStore()
      const bootstrap = [network.nodes[0]!.address]
      const first = network.add({ store, bootstrap })
      await network.clock.settle(first.node.join())
      const infoHash = someId(network)
      await network.clock.settle(first.node.announce(infoHash, { port: 4_242 }))
      const peer = `${first.host}:4242`
      const announces: { time: number; to: string }[] = []
      network.network.watchers.add(({ from, to, bytes }) => {
        if (from.host === first.host && includes(bytes, '13:announce_peer')) {
          announces.push({ time: network.clock.now(), to: to.host })
        }
      })
      const isFound = async (): Promise<boolean> =>
        (await find(network, network.random.pick(network.nodes.slice(0, 30)), infoHash)).includes(peer)
      let before = network.clock.now()
      for (let quarter = 0; quarter < 12; quarter++) {
        await network.clock.runFor(15 * MINUTE)
        assert.ok(await isFound(), `after ${(quarter + 1) / 4} h`)
      }
      for (const { time } of announces) {
        assert.ok(time - before <= 15 * MINUTE + 10 * SECOND, 'never longer than 15 min between two rounds')
        before = time
      }

      network.crash(first)
      await network.clock.runFor(20 * MINUTE)
      const second = network.add({ store, bootstrap, addresses: [first.address] })
      assert.deepEqual(second.node.announced(), [{ infoHash: toHex(infoHash), port: 4_242 }])
      await network.clock.settle(second.node.join())
      await network.clock.runFor(40 * MINUTE)
      assert.ok(await isFound(), 'an hour after the crash')

      assert.equal(second.node.unannounce(infoHash), true)
      const told = announces.length
      await network.clock.runFor(HOUR)
      assert.equal(announces.length, told)
      assert.equal(await isFound(), false)
    },
  )

  scenario(
    'goes to the closest that gave a token, with their own token, to where it came from (B5-20)',
    { seed: 3 },
    async (network) => {
      await network.grow(40)
      const infoHash = someId(network)
      const announcer = network.nodes[7]!
      const issued = new Map<string, string>()
      const brought = new Map<string, string>()
      network.network.watchers.add(({ from, to, bytes }) => {
        const token = fieldOf(bytes, '5:token8:', 8)
        if (token === null) return
        if (to.host === announcer.host) issued.set(from.host, token)
        else if (from.host === announcer.host) brought.set(to.host, token)
      })
      const { stored } = await network.clock.settle(announcer.node.announce(infoHash, { port: 1 }))
      assert.equal(stored, 8)
      const closest = network.trueClosest(infoHash).map(toHex)
      for (const [host, token] of brought) {
        assert.equal(token, issued.get(host))
        const holder = network.nodes.find((node) => node.host === host)!
        assert.ok(closest.includes(toHex(holder.id)))
        assert.equal(holder.node.stats().stored.peers, 1)
      }
      // Where it is itself one of the closest it stores without a packet.
      assert.equal(brought.size, closest.includes(toHex(announcer.id)) ? 7 : 8)
    },
  )
})

describe('A node with 500 peers of one infohash (B5-19, K-15)', () => {
  scenario('returns every one of them in time, and no datagram exceeds 1024 bytes', {}, async (network) => {
    const node = network.add()
    const infoHash = someId(network)
    const stored = new Set<string>()
    for (let i = 0; i < 500; i++) {
      const peer: Address = { host: network.freshAddress().host, port: 1 + i }
      const compact = packAddress(peer)!
      node.store.peers.announce(infoHash, { compact, seed: false, refreshedAt: network.clock.now() })
      stored.add(`${peer.host}:${peer.port}`)
    }
    const puppet = new Puppet(network)
    const returned = new Set<string>()
    // Each reply has 90 of 500: after 80 replies a peer was missed with probability 0.82 ^ 80 = 1e-7.
    for (let i = 0; i < 80; i++) {
      const answer = await puppet.ask(getPeers(infoHash), node.address)
      const values = answer!.reply!.values!
      assert.ok(answer!.bytes.length <= 1_024)
      assert.ok(values.length >= 50)
      assert.equal(new Set(values.map(toHex)).size, values.length, 'none twice in one reply')
      for (const value of values) {
        const { host, port } = unpackAddress(value)!
        returned.add(`${host}:${port}`)
      }
    }
    assert.deepEqual(returned, stored)
  })
})

function includes(bytes: Uint8Array, text: string): boolean {
  return Buffer.from(bytes).includes(text)
}

function fieldOf(bytes: Uint8Array, key: string, length: number): string | null {
  const at = Buffer.from(bytes).indexOf(key)
  return at < 0 ? null : toHex(bytes.slice(at + key.length, at + key.length + length))
}
