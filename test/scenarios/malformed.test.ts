// Malformed datagrams against a whole node: it lives, answers as it should or not at all, and counts (T17, T18).
import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { encodeBencode, type BencodeInput } from '../../src/codecs/bencode.ts'
import { shown } from '../../src/node/errors.ts'
import type { MainlineNetwork, SimulatedNode } from '../../src/simulator/mainline-network.ts'
import { Puppet } from './puppet.ts'
import { scenario, SECOND, someId } from './scenario.ts'

type Dictionary = Record<string, BencodeInput>

function validQueries(network: MainlineNetwork): Record<string, Dictionary> {
  const id = network.random.bytes(20)
  const t = network.random.bytes(4)
  const message = (q: string, a: Dictionary): Dictionary => ({ t, y: 'q', q, a: { id, ...a } })
  return {
    ping: message('ping', {}),
    find_node: message('find_node', { target: network.random.bytes(20) }),
    get_peers: message('get_peers', { info_hash: network.random.bytes(20) }),
    announce_peer: message('announce_peer', {
      info_hash: network.random.bytes(20),
      port: 4_242,
      token: network.random.bytes(8),
    }),
  }
}

/** What a datagram is answered with: '203', 'reply', or nothing. */
async function answersTo(
  network: MainlineNetwork,
  node: SimulatedNode,
  bytes: Uint8Array,
): Promise<string[]> {
  const puppet = new Puppet(network)
  puppet.answer = () => null
  puppet.sendRaw(bytes, node.address)
  await network.clock.runFor(SECOND)
  puppet.leave()
  return puppet.datagrams
    .map(({ bytes: answer }) => Buffer.from(answer).toString('latin1'))
    .filter((text) => !text.includes('1:y1:q'))
    .map((text) => /^d1:eli(\d+)e/.exec(text)?.[1] ?? 'reply')
}

async function lives(network: MainlineNetwork, node: SimulatedNode): Promise<void> {
  const puppet = new Puppet(network)
  const query = { method: 'find_node', target: someId(network), want: null } as const
  assert.notEqual((await puppet.ask(query, node.address))?.reply ?? null, null)
}

describe('Bencode bombs (T17)', () => {
  scenario('get no answer and do no harm', {}, async (network) => {
    const node = network.add({ options: { rateLimit: true } })
    const bombs: Record<string, string> = {
      'lists in lists': 'l'.repeat(65_000),
      'lists in a list, closed': 'd1:a' + 'l'.repeat(30_000) + 'e'.repeat(30_000) + 'e',
      'dictionaries in dictionaries': 'd1:a'.repeat(16_000),
      'a length past the end': 'd1:t99999999999:aa1:y1:qe',
      'a length past every number': `d1:t${'9'.repeat(400)}:aa`,
      'an integer of 60 kB': `d1:ai${'7'.repeat(60_000)}e1:t2:aa1:y1:qe`,
      'ten thousand keys alike': `d${'1:a0:'.repeat(10_000)}1:t2:aa1:y1:qe`,
      'a negative length': 'd1:t-2:aa1:y1:qe',
      nothing: '',
      'an end': 'e',
    }
    for (const [what, bomb] of Object.entries(bombs)) {
      assert.deepEqual(await answersTo(network, node, Buffer.from(bomb)), [], what)
    }
    const dropped = Object.values(node.node.stats().families[0]!.dropped)
    assert.equal(
      dropped.reduce((sum, count) => sum + count, 0),
      Object.keys(bombs).length,
      'each is counted',
    )
    await lives(network, node)
  })
})

const WRONG: readonly BencodeInput[] = [7, -1, 2n ** 63n, '', [], {}, ['x'], 'x'.repeat(19), 'x'.repeat(21)]

describe('A field of the wrong type (T18, K-03, K-09, B5-16)', () => {
  scenario('is answered with 203 or not at all, whatever field and type', {}, async (network) => {
    const node = network.add()
    for (const [method, query] of Object.entries(validQueries(network))) {
      const args = query['a'] as Dictionary
      for (const [field, right] of Object.entries(args)) {
        for (const wrong of WRONG) {
          if (sameKind(field, right, wrong)) continue
          const bytes = encodeBencode({ ...query, a: { ...args, [field]: wrong } })
          assert.deepEqual(
            await answersTo(network, node, bytes),
            ['203'],
            `${method} ${field} ${shown(wrong)}`,
          )
        }
        const { [field]: _, ...rest } = args
        assert.deepEqual(await answersTo(network, node, encodeBencode({ ...query, a: rest })), ['203'])
      }
      for (const field of ['t', 'y', 'q', 'a']) {
        for (const wrong of WRONG) {
          // Any string is a transaction.
          if (field === 't' && typeof wrong === 'string') continue
          const answers = await answersTo(network, node, encodeBencode({ ...query, [field]: wrong }))
          // An unknown method with a target or infohash is answered like find_node (K-08).
          const allowed = field === 'q' ? ['203', '204', 'reply'] : ['203']
          assert.ok(
            answers.length <= 1 && answers.every((each) => allowed.includes(each)),
            `${method} ${field}`,
          )
          if (field === 't' || field === 'y')
            assert.deepEqual(answers, [], `${method} ${field} ${shown(wrong)}`)
        }
      }
    }
    assert.equal(node.node.stats().stored.peers, 0)
    await lives(network, node)
  })
})

/** Whether a value that is wrong elsewhere is right here: the port is a number, a token any string. */
function sameKind(field: string, right: BencodeInput, wrong: BencodeInput): boolean {
  if (field === 'port') return wrong === 7
  return field === 'token' && typeof wrong === 'string' && right instanceof Uint8Array
}

describe('Mutated datagrams (T18)', () => {
  scenario('never crash a node, and never store anything', { seed: 9 }, async (network, tell) => {
    await network.grow(5)
    const node = network.nodes[2]!
    const puppet = new Puppet(network)
    const seeds = Object.values(validQueries(network)).map((query) => encodeBencode(query))
    seeds.push(puppet.encodeReply({ nodes: [puppet.contact] }, puppet.nextTransaction(), node.address))
    let answered = 0
    network.network.watchers.add(({ from }) => {
      if (from.host === node.host) answered++
    })
    for (let i = 0; i < 10_000; i++) {
      puppet.sendRaw(mutated(network, network.random.pick(seeds)), node.address)
      if (i % 500 === 0) await network.clock.runFor(SECOND)
    }
    await network.clock.runFor(SECOND)
    const { dropped } = node.node.stats().families[0]!
    tell(`answered ${answered}, dropped ${JSON.stringify(dropped)}`)
    assert.ok(answered > 1_000)
    assert.ok(Object.values(dropped).reduce((sum, count) => sum + count, 0) > 1_000)
    assert.equal(node.node.stats().stored.peers, 0)
    await lives(network, node)
  })

  scenario(
    'as answers do no harm either, and join goes on with the honest ones',
    { seed: 10 },
    async (network) => {
      await network.grow(20)
      const garblers = Array.from({ length: 10 }, () => new Puppet(network))
      for (const garbler of garblers) {
        garbler.answer = (_query, { transaction }, from) => {
          const good = garbler.encodeReply(
            { nodes: [garbler.contact], token: transaction },
            transaction,
            from,
          )
          garbler.sendRaw(mutated(network, good), from)
          return null
        }
      }
      const bootstrap = [...garblers.map(({ address }) => address), network.nodes[4]!.address]
      const node = network.add({ bootstrap })
      assert.equal((await network.clock.settle(node.node.join())).via, 'bootstrap')
      for (let i = 0; i < 100; i++) {
        await network.clock.settle(node.node.ping(network.random.pick(garblers).address).catch(() => {}))
      }
      for (const garbler of garblers) garbler.leave()
      const target = someId(network)
      const found = await network.clock.settle(node.node.closest(target))
      assert.equal(network.recall(network.trueClosest(target, 8, node), found), 1)
    },
  )
})

/** Changes, drops, doubles or inserts a few bytes, or cuts the end off. */
function mutated(network: MainlineNetwork, bytes: Uint8Array): Uint8Array {
  const { random } = network
  let changed = [...bytes]
  for (let changes = 1 + random.below(3); changes > 0; changes--) {
    const at = random.below(Math.max(1, changed.length))
    const kind = random.below(5)
    if (kind === 0) changed[at] = random.below(256)
    else if (kind === 1) changed.splice(at, 1 + random.below(3))
    else if (kind === 2) changed.splice(at, 0, random.below(256))
    else if (kind === 3) changed = [...changed, ...changed.slice(at)]
    else changed.length = at
  }
  return Uint8Array.from(changed)
}
