// What others answer is not believed: liars, imposters, victims named to us, addresses that nobody may dial.
import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { packAddress } from '../../src/codecs/compact-address.ts'
import { addressKey, type Address, type Contact } from '../../src/kademlia/contact.ts'
import { asId, toHex, type Id } from '../../src/kademlia/id.ts'
import type { MainlineQuery, MainlineReply } from '../../src/networks/mainline/messages.ts'
import type { MainlineNetwork, SimulatedNode } from '../../src/simulator/mainline-network.ts'
import { Puppet } from './puppet.ts'
import { mean, MINUTE, scenario, SECOND, someId } from './scenario.ts'

interface Packet {
  readonly to: Address
  readonly time: number
}

/** Everything that a node sends to addresses of which `wanted` is true. */
function sentBy(network: MainlineNetwork, node: SimulatedNode, wanted: (to: Address) => boolean): Packet[] {
  const sent: Packet[] = []
  network.network.watchers.add(({ from, to }) => {
    if (from.host === node.host && wanted(to)) sent.push({ to, time: network.clock.now() })
  })
  return sent
}

/** An id that shares its first bits with the target. */
function near(network: MainlineNetwork, target: Id): Id {
  const id = network.random.bytes(20)
  id.set(target.subarray(0, 6))
  return asId(id)
}

function targetOf(query: MainlineQuery): Id | null {
  if (query.method === 'find_node') return query.target
  return query.method === 'get_peers' ? query.infoHash : null
}

/** Puppets that are in the table of a node and name whom `names` says. */
async function liarsAround(
  network: MainlineNetwork,
  node: SimulatedNode,
  count: number,
  names: (target: Id) => Contact[],
): Promise<Puppet[]> {
  const liars = Array.from({ length: count }, () => new Puppet(network))
  for (const liar of liars) {
    liar.answer = (query): MainlineReply => {
      const target = targetOf(query)
      return target === null ? {} : { nodes: names(target), token: Uint8Array.of(1) }
    }
    await network.clock.settle(node.node.ping(liar.address))
  }
  return liars
}

describe('Contacts that others name (T4)', () => {
  scenario(
    'are not in the table before they answered, and are tried at most once a minute',
    {},
    async (network) => {
      const node = network.add()
      const dead = Array.from({ length: 1_000 }, () => network.freshAddress())
      const deadHosts = new Set(dead.map(({ host }) => host))
      const liars = await liarsAround(network, node, 8, (target) =>
        network.random.sample(dead, 8).map((address) => ({ id: near(network, target), address })),
      )
      const sent = sentBy(network, node, ({ host }) => deadHosts.has(host))
      for (let i = 0; i < 60; i++) {
        await network.clock.settle(node.node.closest(someId(network)))
        await network.clock.runFor(SECOND)
      }
      assert.ok(sent.length > 100)
      assert.ok(node.node.contacts().every(({ address }) => !deadHosts.has(address.host)))
      const answer = await liars[0]!.ask(
        { method: 'find_node', target: someId(network), want: null },
        node.address,
      )
      assert.ok(answer!.reply!.nodes!.every(({ address }) => !deadHosts.has(address.host)))
      // One try is up to three datagrams within 4.5 s.
      const tries = new Map<string, number[]>()
      for (const { to, time } of sent) {
        const times = tries.get(to.host) ?? []
        if (times.length === 0 || time - times.at(-1)! > 5 * SECOND) times.push(time)
        tries.set(to.host, times)
      }
      for (const [host, times] of tries) {
        for (const [i, time] of times.entries()) {
          assert.ok(i === 0 || time - times[i - 1]! >= MINUTE, `${host} after ${time - times[i - 1]!} ms`)
        }
      }
    },
  )

  scenario(
    'are found under their right id though a liar names them first under one far away',
    { seed: 2 },
    async (network) => {
      await network.grow(20)
      const node = network.nodes[2]!
      const farAway = (target: Id): Id => {
        const id = network.random.bytes(20)
        id[0] = target[0]! ^ 0xff
        return asId(id)
      }
      await liarsAround(network, node, 3, (target) =>
        network.random.sample(network.nodes, 16).map(({ address }) => ({ id: farAway(target), address })),
      )
      let sum = 0
      for (let i = 0; i < 20; i++) {
        const target = someId(network)
        const found = await network.clock.settle(node.node.closest(target))
        const honest = found.filter(({ id }) => network.nodes.some((each) => toHex(each.id) === toHex(id)))
        sum += network.recall(network.trueClosest(target, honest.length, node), honest) / 20
      }
      assert.ok(sum >= 0.95, String(sum))
    },
  )
})

describe('An id that changes with who asks (T5)', () => {
  scenario('gets nobody into the closest set, and is banned', { seed: 3 }, async (network) => {
    await network.grow(25)
    const node = network.nodes[6]!
    const imposter = new Puppet(network)
    const ownId = imposter.id
    imposter.answer = (query) => {
      const target = targetOf(query)
      imposter.id = ownId
      if (target === null) return {}
      const id = asId(target.slice())
      id[19]! ^= 1
      imposter.id = id
      return { nodes: [], token: Uint8Array.of(1) }
    }
    // Everybody meets it under its first id, and names it.
    for (const other of network.nodes) {
      imposter.shout({ method: 'ping' }, other.address)
      await network.clock.runFor(SECOND)
      imposter.id = ownId
    }
    assert.ok(network.nodes.some((other) => other.node.contacts().some(isImposter)))
    function isImposter({ address }: Contact): boolean {
      return address.host === imposter.address.host
    }
    const asked = sentBy(network, node, (to) => to.host === imposter.address.host)
    let inClosest = 0
    for (let i = 0; i < 60; i++) {
      const target = i % 2 === 0 ? asId(ownId.slice()) : someId(network)
      target[19] = i
      const found = await network.clock.settle(node.node.closest(target))
      inClosest += found.filter(isImposter).length
    }
    assert.equal(inClosest, 0)
    assert.ok(asked.length >= 1 && asked.length <= 4, `asked ${asked.length} times`)
    assert.ok(!node.node.contacts().some(isImposter))
  })
})

describe('A victim that others name to us (T7)', () => {
  scenario(
    'hears at most six requests in five minutes, under however many ids and ports',
    {},
    async (network) => {
      const node = network.add()
      const victim = network.freshAddress()
      let named = 0
      await liarsAround(network, node, 12, (target) =>
        Array.from({ length: 8 }, () => {
          named++
          return {
            id: near(network, target),
            address: { host: victim.host, port: 1 + network.random.below(60_000) },
          }
        }),
      )
      const sent = sentBy(network, node, ({ host }) => host === victim.host)
      for (let round = 0; round < 20; round++) {
        const walks = Array.from({ length: 10 }, () => node.node.closest(someId(network)))
        await network.clock.settle(Promise.all(walks))
        await network.clock.runFor(10 * SECOND)
      }
      assert.ok(named >= 10_000, String(named))
      assert.ok(sent.length > 0)
      for (const { time } of sent) {
        const within = sent.filter((other) => other.time >= time && other.time < time + 5 * MINUTE)
        // Each request is three datagrams.
        assert.ok(within.length <= 18, `${within.length} datagrams`)
      }
    },
  )

  scenario('is never contacted for being a peer', { seed: 2 }, async (network) => {
    const node = network.add()
    const victim = network.freshAddress()
    const liar = new Puppet(network)
    liar.answer = () => ({ nodes: [], values: [packAddress(victim)!], token: Uint8Array.of(1) })
    await network.clock.settle(node.node.ping(liar.address))
    const sent = sentBy(network, node, ({ host }) => host === victim.host)
    const search = node.node.peers(someId(network))
    await network.clock.settle(search.outcome)
    assert.deepEqual(await Array.fromAsync(search), [victim])
    await network.clock.runFor(30 * MINUTE)
    assert.deepEqual(sent, [])
  })

  scenario('is no honest node that answers many lookups at once', { seed: 4 }, async (network, tell) => {
    await network.grow(60)
    const node = network.nodes[8]!
    const walks = Array.from({ length: 60 }, async () => {
      const target = someId(network)
      const found = await node.node.closest(target)
      return network.recall(network.trueClosest(target, 8, node), found)
    })
    const recalls = await network.clock.settle(Promise.all(walks))
    tell(`60 lookups at once: recall ${(100 * mean(recalls)).toFixed(2)} %`)
    assert.ok(mean(recalls) >= 0.99, String(mean(recalls)))
  })
})

const BOGONS = [
  '0.1.2.3', '10.1.2.3', '100.64.1.2', '127.0.0.1', '169.254.1.2', '172.16.1.2', '172.31.255.1', '192.0.0.8',
  '192.0.2.1', '192.168.1.2', '198.18.0.1', '198.51.100.1', '203.0.113.9', '224.0.0.1', '240.0.0.1',
  '255.255.255.255', '::', '::1', '::5.6.7.8', '64:ff9b::506:708', 'fe80::1', 'fc00::1', 'fd12::1', 'ff02::1',
  '2001::1', '2001:db8::1', '2002:506:708::1', '100::1',
] // prettier-ignore

describe('Addresses that nobody may dial (T25)', () => {
  scenario('get not one packet, of whatever family', {}, async (network) => {
    const node = network.add({ addresses: [network.freshAddress(4), network.freshAddress(6)] })
    for (const family of [4, 6] as const) {
      const own = node.sockets[family === 4 ? 0 : 1]!.seenAs
      const good = network.freshAddress(family)
      const bad: Address[] = [
        ...BOGONS.filter((host) => host.includes(':') === (family === 6)).map((host) => ({
          host,
          port: 6881,
        })),
        { ...good, port: 0 },
        own,
      ]
      const allowed = new Set<string>()
      const liars = Array.from(
        { length: 4 },
        () => new Puppet(network, { address: network.freshAddress(family) }),
      )
      for (const liar of liars) {
        allowed.add(addressKey(liar.address))
        liar.answer = (query) => {
          const target = targetOf(query)
          if (target === null) return {}
          const named = network.random
            .sample(bad, 7)
            .map((address) => ({ id: near(network, target), address }))
          const contacts = [...named, { id: near(network, target), address: good }]
          return family === 4 ? { nodes: contacts } : { nodes6: contacts }
        }
      }
      const sent = sentBy(network, node, () => true)
      // The node's other socket has another host, so both are watched.
      network.network.watchers.add(({ from, to }) => {
        if (from.host === own.host) sent.push({ to, time: network.clock.now() })
      })
      for (const liar of liars) await network.clock.settle(node.node.ping(liar.address))
      for (let i = 0; i < 20; i++) await network.clock.settle(node.node.closest(someId(network)))
      assert.ok(
        sent.some(({ to }) => to.host === good.host),
        'whom one may dial was dialled',
      )
      const badKeys = new Set(bad.map(addressKey))
      for (const { to } of sent) assert.ok(!badKeys.has(addressKey(to)), addressKey(to))
    }
  })
})

describe('A reply that is full of one address (T26)', () => {
  scenario('brings one candidate, or two at a time where ports differ', {}, async (network) => {
    const node = network.add()
    const named = network.freshAddress()
    let differ = false
    await liarsAround(network, node, 1, (target) => {
      const id = near(network, target)
      return Array.from({ length: 50 }, (_, i) => ({
        id: differ ? near(network, target) : id,
        address: differ ? { host: named.host, port: 1_000 + i } : named,
      }))
    })
    await network.clock.runFor(11 * MINUTE)
    for (const [expected, other] of [
      [1, false],
      [2, true],
    ] as const) {
      differ = other
      const sent = sentBy(network, node, ({ host }) => host === named.host)
      await network.clock.settle(node.node.closest(someId(network)))
      // Whoever has been silent makes room for others there: else one could keep us from them (T7).
      const atOnce = sent.filter(({ time }) => time < sent[0]!.time + 4 * SECOND)
      assert.equal(new Set(atOnce.map(({ to }) => to.port)).size, expected)
      assert.ok(sent.length <= 6, `${sent.length} datagrams`)
      await network.clock.runFor(11 * MINUTE)
    }
  })
})

describe('A forged answer (T16, K-10)', () => {
  scenario('is accepted neither with guessed transactions nor from another endpoint', {}, async (network) => {
    const node = network.add()
    const asked = new Puppet(network)
    const thief = new Puppet(network)
    asked.answer = (_query, { transaction }) => {
      // It tells the transaction to another one, who answers in its place.
      thief.sendRaw(thief.encodeReply({}, transaction, node.address), node.address)
      return null
    }
    const ping = node.node.ping(asked.address).catch((error: { code: string }) => error.code)
    for (let i = 0; i < 20_000; i++) {
      const guess = asked.encodeReply({}, network.random.bytes(4), node.address)
      network.network.carry(asked.address, node.address, guess)
    }
    assert.equal(await network.clock.settle(ping), 'no-answer')
    assert.ok(node.node.stats().families[0]!.dropped['unknown-transaction']! >= 20_001)
    assert.deepEqual(node.node.contacts(), [])
  })
})
