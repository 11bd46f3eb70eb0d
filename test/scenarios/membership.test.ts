// Who is in the routing table and who is not: joining, restarts, refreshes, read-only nodes, routers.
import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { hostPort } from '../../src/codecs/compact-address.ts'
import { addressKey, type Address } from '../../src/kademlia/contact.ts'
import { sharedPrefixBits, toHex, type Id } from '../../src/kademlia/id.ts'
import type { MainlineNetwork, SimulatedNode } from '../../src/simulator/mainline-network.ts'
import { createMemoryStore } from '../../src/stores/memory-store.ts'
import { Puppet } from './puppet.ts'
import { MINUTE, scenario, SECOND, someId } from './scenario.ts'

const findNode = (target: Id) => ({ method: 'find_node', target, want: null }) as const

function knows(node: SimulatedNode, address: Address): boolean {
  return node.node.contacts().some((contact) => addressKey(contact.address) === addressKey(address))
}

/** The targets of find_node that a host sends, as they come. */
function targetsOf(network: MainlineNetwork, host: string): { target: string; time: number; to: string }[] {
  const seen: { target: string; time: number; to: string }[] = []
  const key = Buffer.from('6:target20:')
  network.network.watchers.add(({ from, to, bytes }) => {
    const at = Buffer.from(bytes).indexOf(key)
    if (from.host !== host || at < 0) return
    const target = toHex(bytes.slice(at + key.length, at + key.length + 20))
    seen.push({ target, time: network.clock.now(), to: to.host })
  })
  return seen
}

describe('Joining', () => {
  scenario('walks to the own id, and ends when nobody is closer (B5-10)', { seed: 2 }, async (network) => {
    await network.grow(40)
    const joining = network.add({ bootstrap: [network.nodes[3]!.address] })
    const targets = targetsOf(network, joining.host)
    const report = await network.clock.settle(joining.node.join())
    assert.equal(report.via, 'bootstrap')
    const own = targets.filter(({ target }) => target === toHex(joining.id))
    const asked = new Set(own.map(({ to }) => to))
    for (const id of network.trueClosest(joining.id, 8, joining)) {
      const { host } = network.nodes.find((node) => toHex(node.id) === toHex(id))!
      assert.ok(asked.has(host), 'the eight closest were all asked')
    }
    await network.clock.runFor(MINUTE)
    const table = joining.node.contacts()
    assert.equal(network.recall(network.trueClosest(joining.id, 8, joining), table), 1)
  })

  scenario('alone is no failure: who comes later finds the first of the network', {}, async (network) => {
    const nowhere = network.freshAddress()
    const first = network.add({ bootstrap: [nowhere] })
    const report = await network.clock.settle(first.node.join())
    assert.deepEqual([report.via, report.contacts], ['nobody', 0])
    const second = network.add({ bootstrap: [first.address] })
    assert.equal((await network.clock.settle(second.node.join())).via, 'bootstrap')
    await network.clock.runFor(MINUTE)
    assert.ok(knows(first, second.address) && knows(second, first.address))
  })

  scenario('is tried again until a bootstrap node answers', {}, async (network) => {
    const late = network.freshAddress()
    const node = network.add({ bootstrap: [late] })
    await network.clock.settle(node.node.join())
    await network.clock.runFor(3 * MINUTE)
    const bootstrap = network.add({ addresses: [late] })
    await network.clock.runFor(6 * MINUTE)
    assert.ok(knows(node, bootstrap.address))
  })
})

describe('A restart with a saved table', () => {
  scenario(
    'joins through it before any bootstrap node is asked, and hands out nobody before he answered (B5-11)',
    { seed: 4 },
    async (network) => {
      await network.grow(40)
      const store = createMemoryStore()
      const router = network.nodes[0]!
      const before = network.add({ store, bootstrap: [router.address] })
      await network.clock.settle(before.node.join())
      await network.clock.runFor(10 * MINUTE)
      await before.node.close()
      network.crash(before)
      const saved = store.state.contacts('v4')
      assert.ok(saved.length > 12)
      const dead = network.random.sample(network.nodes.slice(1), 10)
      for (const node of dead) network.crash(node)

      const unasked = new Puppet(network)
      const again = network.add({
        store,
        addresses: before.sockets.map(({ local }) => local),
        bootstrap: [unasked.address],
      })
      assert.equal(toHex(again.id), toHex(before.id))
      assert.equal(again.node.contacts().length, saved.length)
      const puppet = new Puppet(network)
      const answered = new Set<string>()
      network.network.watchers.add(({ from, to, bytes }) => {
        if (to.host === again.host && Buffer.from(bytes).includes('1:y1:r')) answered.add(from.host)
      })
      const first = await puppet.ask(findNode(someId(network)), again.address)
      assert.deepEqual(first!.reply!.nodes, [], 'nobody has answered yet')
      const join = again.node.join()
      for (let i = 0; i < 30; i++) {
        const answer = await puppet.ask(findNode(someId(network)), again.address)
        for (const { address } of answer!.reply!.nodes!) assert.ok(answered.has(address.host))
        await network.clock.runFor(SECOND)
      }
      assert.equal((await network.clock.settle(join)).via, 'table')
      assert.deepEqual(unasked.asked, [])
      const deadHosts = new Set(dead.map(({ host }) => host))
      for (let i = 0; i < 20; i++) {
        const answer = await puppet.ask(findNode(someId(network)), again.address)
        assert.equal(answer!.reply!.nodes!.length, 8)
        for (const { address } of answer!.reply!.nodes!) assert.ok(!deadHosts.has(address.host))
      }
    },
  )

  scenario('asks the bootstrap nodes when nobody of it answers any more', { seed: 4 }, async (network) => {
    await network.grow(10)
    const store = createMemoryStore()
    const before = network.add({ store, bootstrap: [network.nodes[0]!.address] })
    await network.clock.settle(before.node.join())
    await before.node.close()
    for (const node of network.nodes.slice()) network.crash(node)
    await network.grow(5)
    const again = network.add({ store, bootstrap: [network.nodes[0]!.address] })
    assert.equal((await network.clock.settle(again.node.join())).via, 'bootstrap')
    assert.ok(again.node.contacts().length > 0)
  })
})

describe('A bucket', () => {
  /** Whether each bucket of a node has a lookup in its range among these targets. */
  function eachIsAmong(node: SimulatedNode, targets: readonly { target: string }[]): boolean {
    const { buckets } = node.node.stats().families[0]!
    return buckets.every(({ prefixBits }) =>
      targets.some(({ target }) => {
        const bits = sharedPrefixBits(Buffer.from(target, 'hex'), node.id)
        return prefixBits === buckets.length - 1 ? bits >= prefixBits : bits === prefixBits
      }),
    )
  }

  scenario(
    'in which nothing happened for 15 minutes is refreshed with a random id of its range (B5-09)',
    {},
    async (network) => {
      const node = network.add()
      const puppets = Array.from({ length: 20 }, () => new Puppet(network))
      for (const puppet of puppets) await network.clock.settle(node.node.ping(puppet.address))
      await network.clock.runFor(MINUTE)
      assert.ok(node.node.stats().families[0]!.buckets.length >= 2)
      const targets = targetsOf(network, node.host)
      // Who asks us is good without a ping (B5-07), and does not change his bucket.
      const ask = async (): Promise<void> => {
        await network.clock.runFor(4.5 * MINUTE)
        for (const puppet of puppets) puppet.shout({ method: 'ping' }, node.address)
      }
      await ask()
      await ask()
      await ask()
      assert.equal(targets.length, 0)
      await ask()
      // Who answers the refresh of one bucket changes his own, which then needs none.
      const { buckets } = node.node.stats().families[0]!
      const depths = buckets.map(({ prefixBits }) => prefixBits)
      const shared = sharedPrefixBits(Buffer.from(targets[0]!.target, 'hex'), node.id)
      assert.ok(depths.includes(Math.min(shared, depths.length - 1)))
      assert.ok(buckets.every(({ lastChangedAt }) => network.clock.now() - lastChangedAt < 5 * MINUTE))
    },
  )

  scenario('is refreshed every hour however lively it is', { seed: 2 }, async (network) => {
    await network.grow(20)
    const node = network.nodes[5]!
    for (let hour = 0; hour < 3; hour++) {
      const targets = targetsOf(network, node.host)
      await network.clock.runFor(65 * MINUTE)
      assert.ok(eachIsAmong(node, targets))
    }
  })
})

describe('Contacts of an idle network', () => {
  scenario(
    'are pinged before they become questionable, so that replies are always full (B5-07, B5-08)',
    { seed: 5 },
    async (network) => {
      await network.grow(30)
      for (let minute = 0; minute < 35; minute++) {
        await network.clock.runFor(MINUTE)
        for (const { node } of network.nodes) {
          const { contacts, goodContacts } = node.stats().families[0]!
          assert.ok(goodContacts >= 0.9 * contacts, `${goodContacts} of ${contacts} after ${minute} min`)
        }
      }
    },
  )
})

describe('Nodes that must not be in a table', () => {
  scenario(
    'read-only senders are served, and never pinged, kept or named (B43-03, B43-04, B5-21, T31)',
    {},
    async (network) => {
      const node = network.add()
      const readOnly = new Puppet(network, { readOnly: true })
      const normal = new Puppet(network)
      for (const puppet of [readOnly, normal]) {
        const answer = await puppet.ask(
          { method: 'get_peers', infoHash: someId(network), want: null, noSeed: false, scrape: false },
          node.address,
        )
        assert.equal(answer!.reply!.token!.length, 8)
      }
      await network.clock.runFor(MINUTE)
      assert.ok(normal.asked.some(({ query }) => query.method === 'ping'))
      assert.deepEqual(readOnly.asked, [])
      assert.ok(knows(node, normal.address) && !knows(node, readOnly.address))
    },
  )

  scenario('who only asks is not in the table before it has answered (B5-21)', {}, async (network) => {
    const node = network.add()
    const mute = new Puppet(network)
    mute.answer = () => null
    for (let i = 0; i < 20; i++) {
      await mute.ask(findNode(someId(network)), node.address)
      assert.deepEqual(node.node.contacts(), [])
    }
    assert.ok(mute.asked.length > 0, 'it was given the chance')
  })

  scenario(
    'built-in routers are asked to join, and are in no table and no reply; named nodes are (B5-23)',
    { seed: 3 },
    async (network) => {
      await network.grow(10)
      const router = network.nodes[0]!
      const joiner = network.add({ bootstrap: [router.address], routers: true })
      const report = await network.clock.settle(joiner.node.join())
      assert.equal(report.via, 'bootstrap')
      await network.clock.runFor(30 * MINUTE)
      assert.ok(joiner.node.contacts().length >= 9)
      assert.ok(!knows(joiner, router.address))
      const puppet = new Puppet(network)
      const answer = await puppet.ask(findNode(router.id), joiner.address)
      assert.ok(answer!.reply!.nodes!.every(({ address }) => address.host !== router.host))
      const other = network.add({ bootstrap: [router.address] })
      await network.clock.settle(other.node.join())
      assert.ok(knows(other, router.address))
    },
  )
})

describe('Nodes that a PORT message or a torrent names (B5-22)', () => {
  scenario('are pinged, and in the table once they have answered', {}, async (network) => {
    const node = network.add()
    const [living, silent] = [new Puppet(network), new Puppet(network)]
    silent.answer = () => null
    await network.clock.settle(node.node.ping(`${living.address.host}:${living.address.port}`))
    await network.clock.settle(node.node.ping(silent.address).catch(() => {}))
    assert.ok(silent.asked.length > 0 && silent.asked.every(({ query }) => query.method === 'ping'))
    assert.ok(knows(node, living.address) && !knows(node, silent.address))
  })

  scenario(
    'are joined through, those of both families, and are contacts like others',
    {},
    async (network) => {
      const dual = () => ({ addresses: [network.freshAddress(4), network.freshAddress(6)] })
      await network.grow(10, dual)
      const named = network.nodes[4]!.sockets.map(({ seenAs }) => seenAs)
      const node = network.add(dual())
      const report = await network.clock.settle(node.node.join(named.map(hostPort)))
      assert.equal(report.via, 'bootstrap')
      for (const address of named) assert.ok(knows(node, address))
    },
  )
})

describe('A read-only node (B43-01, B43-02)', () => {
  scenario(
    'answers nothing, says ro in every query, is in no table, and finds',
    { seed: 5 },
    async (network) => {
      await network.grow(30)
      const reader = network.add({ options: { readOnly: true }, bootstrap: [network.nodes[0]!.address] })
      let queries = 0
      network.network.watchers.add(({ from, bytes }) => {
        if (from.host !== reader.host) return
        const text = Buffer.from(bytes)
        assert.ok(text.includes('1:y1:q') && text.includes('2:roi1e'))
        queries++
      })
      await network.clock.settle(reader.node.join())
      const infoHash = someId(network)
      await network.clock.settle(network.nodes[9]!.node.announce(infoHash, { port: 4_242 }))
      const search = reader.node.peers(infoHash)
      await network.clock.settle(search.outcome)
      assert.deepEqual(await Array.fromAsync(search), [{ host: network.nodes[9]!.host, port: 4_242 }])
      const puppet = new Puppet(network)
      assert.equal(await puppet.ask({ method: 'ping' }, reader.address), null)
      assert.ok(queries > 10)
      for (const node of network.nodes) assert.ok(node === reader || !knows(node, reader.address))
    },
  )
})
