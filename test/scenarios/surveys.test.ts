// Surveying which infohashes nodes store (BEP 51): everything is found, nobody is asked too often, liars win little.
import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { packAddress } from '../../src/codecs/compact-address.ts'
import { addressKey, type Address, type Contact } from '../../src/kademlia/contact.ts'
import { asId, toHex, type Id } from '../../src/kademlia/id.ts'
import type { MainlineQuery, MainlineReply } from '../../src/networks/mainline/messages.ts'
import { nodeIdFor } from '../../src/networks/mainline/node-id.ts'
import { Surveys, type SampleOptions } from '../../src/networks/mainline/sample.ts'
import type { Sample, SampleOutcome } from '../../src/networks/mainline/sweep.ts'
import { createWire } from '../../src/networks/mainline/wire.ts'
import type { MainlineNetwork, SimulatedNode } from '../../src/simulator/mainline-network.ts'
import { Puppet } from './puppet.ts'
import { HOUR, MINUTE, scenario, SECOND, someId } from './scenario.ts'

function surveysOf(network: MainlineNetwork, { node, machine }: SimulatedNode): Surveys {
  const random = network.random.stream('surveys')
  return new Surveys({ families: () => node['families'], scheduler: machine, random, private: false })
}

interface Survey {
  readonly infoHashes: string[]
  readonly samples: readonly Sample[]
  readonly outcome: SampleOutcome
}

/** A whole survey. */
async function survey(
  network: MainlineNetwork,
  by: SimulatedNode | Surveys,
  options: SampleOptions = {},
): Promise<Survey> {
  const surveys = by instanceof Surveys ? by : surveysOf(network, by)
  const stream = surveys.begin(options)
  const samples = await network.clock.settle(Array.fromAsync(stream))
  const outcome = await stream.outcome
  return { samples, infoHashes: samples.map(({ infoHash }) => toHex(infoHash)), outcome }
}

function storePeer(network: MainlineNetwork, node: SimulatedNode, infoHash: Id): void {
  const compact = packAddress(network.freshAddress())!
  const outcome = node.store.peers.announce(infoHash, {
    compact,
    seed: false,
    refreshedAt: network.clock.now(),
  })
  assert.ok(outcome.stored)
}

/** Queries of one method that a host sends, in order; a resend after a second counts as one more. */
function queriesBy(network: MainlineNetwork, host: string, method: MainlineQuery['method']) {
  const wire = createWire({
    family: 4,
    ownId: () => asId(new Uint8Array(20)),
    ownPort: 1,
    readOnly: () => false,
    version: Uint8Array.of(0, 0, 0, 0),
  })
  const queries: { readonly to: string; readonly time: number; readonly query: MainlineQuery }[] = []
  network.network.watchers.add(({ from, to, bytes }) => {
    if (from.host !== host) return
    const message = wire.decode(bytes.slice(), from)
    if (message.kind !== 'query' || message.query.method !== method) return
    queries.push({ to: addressKey(to), time: network.clock.now(), query: message.query })
  })
  return queries
}

function sentBy(network: MainlineNetwork, host: string): { readonly to: Address; readonly time: number }[] {
  const sent: { readonly to: Address; readonly time: number }[] = []
  network.network.watchers.add(({ from, to }) => {
    if (from.host === host) sent.push({ to, time: network.clock.now() })
  })
  return sent
}

/** Puppets that everybody knows by now. */
async function befriended(network: MainlineNetwork, count: number, node: SimulatedNode): Promise<Puppet[]> {
  const puppets = Array.from({ length: count }, () => new Puppet(network))
  for (const puppet of puppets) await network.clock.settle(node.node.ping(puppet.address))
  return puppets
}

/** When somebody was asked for samples. */
function samplings({ asked }: Puppet): number[] {
  return asked.filter(({ query }) => query.method === 'sample_infohashes').map(({ time }) => time)
}

describe('A survey of infohashes (BEP 51)', () => {
  for (const seed of [1, 2, 3]) {
    scenario(
      `finds every infohash that anybody stores, each once, seed ${seed}`,
      { seed },
      async (network, tell) => {
        await network.grow(120)
        const by = network.add({ bootstrap: [network.nodes[0]!.address] })
        await network.clock.settle(by.node.join())
        const stored = new Set<string>()
        // Most on one node alone, which therefore must be asked itself; on none more than one reply holds.
        for (const node of network.nodes) {
          if (node === by) continue
          for (let i = network.random.below(4); i > 0; i--) {
            const infoHash = someId(network)
            storePeer(network, node, infoHash)
            if (i === 1)
              storePeer(network, network.random.pick(network.nodes.filter((each) => each !== by)), infoHash)
            stored.add(toHex(infoHash))
          }
        }
        const asked = queriesBy(network, by.host, 'sample_infohashes')
        const { infoHashes, samples, outcome } = await survey(network, by)
        assert.equal(new Set(infoHashes).size, infoHashes.length, 'each once')
        assert.deepEqual(new Set(infoHashes), stored)
        assert.equal(new Set(asked.map(({ to }) => to)).size, asked.length, 'each node once')
        assert.equal(outcome.supporting, 120)
        assert.equal(asked.length, 120)
        assert.deepEqual([outcome.answered, outcome.failed], [outcome.asked, 0])
        assert.equal(outcome.asked - outcome.contactsOnly, 120)
        assert.equal(outcome.infoHashes, stored.size)
        assert.ok(outcome.num >= stored.size)
        for (const { infoHash, from } of samples) {
          const holder = network.nodes.find(({ host }) => host === from.address.host)!
          assert.equal(toHex(holder.id), toHex(from.id))
          assert.ok([...holder.store.peers.infoHashes()].some((each) => toHex(each) === toHex(infoHash)))
        }
        tell(`${outcome.asked} requests for ${stored.size} infohashes on 120 nodes`)
      },
    )
  }

  scenario(
    'finds those that live among many dead, and samples each node once',
    { seed: 4 },
    async (network, tell) => {
      await network.grow(150)
      const by = network.add({ bootstrap: [network.nodes[0]!.address] })
      await network.clock.settle(by.node.join())
      for (const dead of network.random.sample(network.nodes.slice(0, 150), 45)) network.crash(dead)
      const stored = new Map<string, SimulatedNode>()
      for (const node of network.nodes) {
        if (node === by) continue
        const infoHash = someId(network)
        storePeer(network, node, infoHash)
        stored.set(toHex(infoHash), node)
      }
      const { infoHashes, outcome } = await survey(network, by)
      tell(`${infoHashes.length} of ${stored.size} found among 45 dead, ${outcome.asked} asked`)
      assert.ok(infoHashes.length >= 0.98 * stored.size)
      assert.ok(outcome.asked - outcome.contactsOnly <= 150)
      assert.equal(outcome.answered - outcome.contactsOnly, outcome.supporting)
    },
  )

  scenario('asks the nodes of both families (BEP 32)', { seed: 19 }, async (network) => {
    const both = () => ({ addresses: [network.freshAddress(4), network.freshAddress(6)] })
    await network.grow(20, both)
    const stored = new Set<string>()
    for (const [i, node] of network.nodes.entries()) {
      const infoHash = someId(network)
      const compact = packAddress(network.freshAddress(i % 2 === 0 ? 4 : 6))!
      node.store.peers.announce(infoHash, { compact, seed: false, refreshedAt: network.clock.now() })
      stored.add(toHex(infoHash))
    }
    const by = network.add({ ...both(), bootstrap: network.nodes[0]!.sockets.map(({ seenAs }) => seenAs) })
    await network.clock.settle(by.node.join())
    const { infoHashes, outcome } = await survey(network, by)
    assert.deepEqual(new Set(infoHashes), stored)
    assert.equal(outcome.supporting, 40)
  })

  scenario('keeps to its rate and to its number of requests at once', { seed: 5 }, async (network) => {
    await network.grow(60)
    const by = network.nodes[30]!
    const asked = queriesBy(network, by.host, 'sample_infohashes')
    await survey(network, by, { queriesPerSecond: 5, concurrency: 2 })
    assert.ok(asked.length >= 59)
    for (const [i, { time }] of asked.entries()) {
      const withinASecond = asked.slice(i).filter((other) => other.time < time + SECOND - 1)
      assert.ok(withinASecond.length <= 5, `${withinASecond.length} within a second`)
    }
  })

  scenario('ends at its limit, and then sends nothing more', { seed: 6 }, async (network) => {
    await network.grow(40)
    for (const node of network.nodes) storePeer(network, node, someId(network))
    const by = network.nodes[3]!
    const { infoHashes, outcome } = await survey(network, by, { limit: 7, queriesPerSecond: 10 })
    assert.equal(infoHashes.length, 7)
    assert.equal(outcome.infoHashes, 7)
    const asked = queriesBy(network, by.host, 'sample_infohashes')
    await network.clock.runFor(MINUTE)
    assert.deepEqual(asked, [])
  })

  scenario('asks no more nodes than it may', { seed: 6 }, async (network) => {
    await network.grow(40)
    const by = network.nodes[3]!
    const asked = queriesBy(network, by.host, 'sample_infohashes')
    const { outcome } = await survey(network, by, { maxNodes: 12 })
    assert.equal(outcome.asked - outcome.contactsOnly, 12)
    assert.equal(asked.length, 12)
  })

  scenario(
    'stops its traffic when the loop is left, and when it is aborted',
    { seed: 7 },
    async (network) => {
      await network.grow(30)
      for (const node of network.nodes) storePeer(network, node, someId(network))
      const by = network.nodes[3]!
      const asked = queriesBy(network, by.host, 'sample_infohashes')
      const leave = async (): Promise<void> => {
        for await (const _sample of surveysOf(network, by).begin()) return
      }
      await network.clock.settle(leave())
      const left = asked.length
      assert.ok(left > 0 && left < 20, String(left))
      await network.clock.runFor(10 * MINUTE)
      assert.equal(asked.length, left)

      const controller = new AbortController()
      const stream = surveysOf(network, by).begin({ signal: controller.signal, again: true })
      await network.clock.runFor(SECOND)
      controller.abort(new Error('enough'))
      await assert.rejects(network.clock.settle(Array.fromAsync(stream)), { message: 'enough' })
      await assert.rejects(stream.outcome, { message: 'enough' })
      const aborted = asked.length
      assert.ok(aborted > left)
      // Ten minutes is the interval of our nodes.
      await network.clock.runFor(15 * MINUTE)
      assert.equal(asked.length, aborted)
    },
  )

  scenario('waits for whoever reads slowly, and loses nothing', { seed: 8 }, async (network) => {
    const by = network.add()
    const puppets = await befriended(network, 60, by)
    for (const puppet of puppets) {
      puppet.answer = (): MainlineReply => ({
        nodes: [],
        interval: 0,
        num: 40,
        samples: Array.from({ length: 40 }, () => someId(network)),
      })
    }
    const known = by.node.contacts().length
    const stream = surveysOf(network, by).begin({ queriesPerSecond: 1_000 })
    assert.equal((await network.clock.settle(stream.next())).done, false)
    await network.clock.runFor(10 * MINUTE)
    const askedBefore = puppets.filter(({ asked }) =>
      asked.some(({ query }) => query.method === 'sample_infohashes'),
    )
    assert.ok(askedBefore.length <= 35, `${askedBefore.length} asked though nobody reads`)
    const rest = await network.clock.settle(Array.fromAsync(stream))
    assert.equal(rest.length, 40 * known - 1)
  })

  scenario(
    'tells who reads that the node was closed, also while it waits for its time',
    { seed: 9 },
    async (network) => {
      await network.grow(20)
      const surveys = surveysOf(network, network.nodes[0]!)
      const stream = surveys.begin({ again: true })
      await network.clock.runFor(MINUTE)
      surveys.close()
      await assert.rejects(network.clock.settle(Array.fromAsync(stream), SECOND), { code: 'closed' })
      assert.equal((await survey(network, surveys)).outcome.failed, 0)
      await network.nodes[0]!.node.close()
      await assert.rejects(network.clock.settle(surveys.begin().outcome, SECOND), { code: 'closed' })
    },
  )

  scenario('is refused while four are under way', {}, async (network) => {
    await network.grow(10)
    const surveys = surveysOf(network, network.nodes[0]!)
    const streams = Array.from({ length: 4 }, () => surveys.begin())
    assert.throws(() => surveys.begin(), { code: 'overload' })
    await network.clock.settle(Promise.all(streams.map(({ outcome }) => outcome)))
    await survey(network, surveys)
  })

  scenario('of whoever is alone ends at once, with nothing', {}, async (network) => {
    const { infoHashes, outcome } = await survey(network, network.add(), { again: true })
    assert.deepEqual(infoHashes, [])
    assert.equal(outcome.asked, 0)
  })
})

describe('The interval of a node (B51-06)', () => {
  /** Puppets with intervals of their own, in the table of a node. */
  async function withIntervals(
    network: MainlineNetwork,
    by: SimulatedNode,
    intervals: readonly number[],
  ): Promise<Puppet[]> {
    const puppets = await befriended(network, intervals.length, by)
    for (const [i, puppet] of puppets.entries()) {
      puppet.answer = (query): MainlineReply => {
        const nodes = network.random.sample(puppets, 8).map(({ contact }) => contact)
        if (query.method !== 'sample_infohashes') return { nodes }
        return { nodes, interval: intervals[i]!, num: 1_000, samples: [someId(network)] }
      }
    }
    return puppets
  }

  scenario(
    'passes before it is sampled again, when the survey goes on (B51-06)',
    { seed: 10 },
    async (network) => {
      const by = network.add()
      const intervals = Array.from({ length: 24 }, (_, i) => [0, 60, 600, 3_600, 7_200, 21_600][i % 6]!)
      const puppets = await withIntervals(network, by, intervals)
      const stream = surveysOf(network, by).begin({ again: true, limit: 1_000_000 })
      const hours = 25
      await network.clock.runFor(hours * HOUR)
      void stream.return()
      for (const [i, puppet] of puppets.entries()) {
        const times = samplings(puppet)
        const intervalMs = Math.max(intervals[i]! * SECOND, 5 * MINUTE)
        for (const [j, time] of times.entries()) {
          assert.ok(
            j === 0 || time - times[j - 1]! >= intervalMs,
            `${time - times[j - 1]!} of ${intervalMs} ms`,
          )
        }
        const due = Math.floor((hours * HOUR) / intervalMs)
        assert.ok(times.length >= 0.9 * due, `${times.length} of ${due} times, each ${intervalMs} ms`)
      }
      const { asked, supporting, num } = await stream.outcome
      assert.equal(supporting, 24)
      assert.equal(num, 24_000)
      assert.ok(asked >= puppets.reduce((sum, puppet) => sum + samplings(puppet).length, 0))
    },
  )

  scenario(
    'passes before it is sampled by a later survey, which asks it for contacts alone until then (B51-06)',
    { seed: 11 },
    async (network) => {
      const by = network.add()
      const puppets = await withIntervals(
        network,
        by,
        Array.from({ length: 12 }, () => 3_600),
      )
      const surveys = surveysOf(network, by)
      assert.equal((await survey(network, surveys)).infoHashes.length, 12)
      await network.clock.runFor(59 * MINUTE)
      const early = await survey(network, surveys)
      assert.deepEqual(early.infoHashes, [])
      assert.equal(early.outcome.contactsOnly, early.outcome.asked)
      assert.equal(early.outcome.answered, early.outcome.asked)
      for (const puppet of puppets) assert.equal(samplings(puppet).length, 1)
      await network.clock.runFor(2 * MINUTE)
      assert.equal((await survey(network, surveys)).infoHashes.length, 12)
      for (const puppet of puppets) assert.equal(samplings(puppet).length, 2)
    },
  )

  scenario(
    'is six hours where it is not told, or longer than that (B51-06)',
    { seed: 12 },
    async (network) => {
      const by = network.add()
      const [silent, greedy] = await befriended(network, 2, by)
      silent!.answer = ({ method }) => (method === 'sample_infohashes' ? null : { nodes: [] })
      greedy!.answer = ({ method }, { transaction }, from) => {
        if (method !== 'sample_infohashes') return { nodes: [] }
        // The wire of ours would not write such an interval.
        const reply = `d1:rd2:id20:${latin1(greedy!.id)}8:intervali999999e5:nodes0:3:numi1e7:samples20:${'s'.repeat(20)}e`
        greedy!.sendRaw(
          Buffer.from(`${reply}1:t${transaction.length}:${latin1(transaction)}1:y1:re`, 'latin1'),
          from,
        )
        return null
      }
      const stream = surveysOf(network, by).begin({ again: true })
      await network.clock.runFor(13 * HOUR)
      void stream.return()
      for (const puppet of [silent!, greedy!]) {
        // Of the silent one only the first of each three datagrams.
        const times = samplings(puppet).filter((time, i, all) => i === 0 || time - all[i - 1]! > 10 * SECOND)
        assert.ok(times.length >= 2 && times.length <= 3, String(times.length))
        for (const [i, time] of times.entries())
          assert.ok(i === 0 || time - times[i - 1]! >= 6 * HOUR - 10 * SECOND)
      }
      assert.equal((await stream.outcome).supporting, 1)
    },
  )
})

describe('A survey among nodes of another kind', () => {
  scenario(
    'takes the contacts of those who answer as to find_node, and of those who refuse',
    { seed: 13 },
    async (network) => {
      const by = network.add()
      const hidden = Array.from({ length: 6 }, () => new Puppet(network))
      for (const puppet of hidden) {
        puppet.answer = () => ({ nodes: [], interval: 60, num: 1, samples: [asId(puppet.id.slice())] })
      }
      const [old, refusing] = await befriended(network, 2, by)
      old!.answer = () => ({ nodes: hidden.slice(0, 3).map(({ contact }) => contact) })
      refusing!.answer = ({ method }, { transaction }, from) => {
        if (method !== 'sample_infohashes') return { nodes: hidden.slice(3).map(({ contact }) => contact) }
        refusing!.sendRaw(
          Buffer.from(
            `d1:eli204e14:Method Unknowne1:t${transaction.length}:${latin1(transaction)}1:y1:ee`,
            'latin1',
          ),
          from,
        )
        return null
      }
      const { infoHashes, outcome } = await survey(network, by)
      assert.deepEqual(new Set(infoHashes), new Set(hidden.map(({ id }) => toHex(id))))
      assert.deepEqual([outcome.supporting, outcome.failed], [6, 0])
    },
  )

  scenario('believes no samples of a wrong length (B51-07)', { seed: 14 }, async (network) => {
    const by = network.add()
    const [broken, good] = await befriended(network, 2, by)
    const infoHash = someId(network)
    good!.answer = () => ({ nodes: [], interval: 60, num: 1, samples: [infoHash] })
    broken!.answer = ({ method }, { transaction }, from) => {
      if (method !== 'sample_infohashes') return { nodes: [] }
      const reply = `d1:rd2:id20:${latin1(broken!.id)}8:intervali60e5:nodes0:3:numi2e7:samples39:${'s'.repeat(39)}e`
      broken!.sendRaw(
        Buffer.from(`${reply}1:t${transaction.length}:${latin1(transaction)}1:y1:re`, 'latin1'),
        from,
      )
      return null
    }
    const { infoHashes, outcome } = await survey(network, by)
    assert.deepEqual(infoHashes, [toHex(infoHash)])
    assert.equal(outcome.supporting, 1)
  })
})

describe('Liars among the nodes of a survey', () => {
  /** A contact that nobody is. */
  function nobody(network: MainlineNetwork): Contact {
    const address = network.freshAddress()
    return { id: nodeIdFor(address.host, network.random), address }
  }

  for (const seed of [15, 103, 108])
    scenario(
      `who name thousands of nodes that are not there keep nobody from what others store (T4), seed ${seed}`,
      { seed },
      async (network, tell) => {
        await network.grow(60)
        const by = network.add()
        const liars = await befriended(network, 6, by)
        await network.clock.settle(by.node.join([network.nodes[0]!.address]))
        let named = 0
        for (const liar of liars) {
          liar.answer = (query): MainlineReply => {
            if (query.method === 'ping') return {}
            // Each names further liars, at ports of its own, too.
            const contacts = Array.from({ length: 8 }, () => nobody(network))
            const own = Array.from({ length: 8 }, () => ({
              id: someId(network),
              address: { host: liar.address.host, port: 1 + network.random.below(65_000) },
            }))
            named += 16
            return { nodes: [...contacts, ...own], interval: 0, num: 2 ** 40, samples: [] }
          }
        }
        const stored = new Set<string>()
        for (const node of network.nodes) {
          if (node === by) continue
          const infoHash = someId(network)
          storePeer(network, node, infoHash)
          stored.add(toHex(infoHash))
        }
        const sent = sentBy(network, by.host)
        const { infoHashes, outcome } = await survey(network, by, { maxNodes: 400 })
        tell(`${infoHashes.length} of ${stored.size} found, ${named} named by liars, ${outcome.asked} asked`)
        assert.deepEqual(new Set(infoHashes), stored)
        assert.ok(outcome.asked - outcome.contactsOnly <= 400)
        assert.ok(outcome.num <= 60 + 6 * 100_000)
        const perHost = Map.groupBy(sent, ({ to }) => to.host)
        for (const liar of liars) {
          const ports = new Set(perHost.get(liar.address.host)!.map(({ to }) => to.port))
          assert.ok(ports.size <= 8, `${ports.size} ports of one IP`)
        }
      },
    )

  scenario('bring no more than six unanswered datagrams to one IP (T7)', { seed: 16 }, async (network) => {
    const by = network.add()
    const victim = network.freshAddress()
    const liars = await befriended(network, 20, by)
    for (const liar of liars) {
      liar.answer = () => ({
        nodes: Array.from({ length: 16 }, () => ({
          id: someId(network),
          address: { host: victim.host, port: 1 + network.random.below(65_000) },
        })),
      })
    }
    const sent = sentBy(network, by.host)
    const surveys = surveysOf(network, by)
    for (let i = 0; i < 4; i++) await survey(network, surveys, { queriesPerSecond: 1_000, concurrency: 64 })
    const hits = sent.filter(({ to }) => to.host === victim.host)
    assert.ok(hits.length > 0)
    for (const { time } of hits) {
      const within = hits.filter((other) => other.time >= time && other.time < time + 5 * MINUTE)
      assert.ok(within.length <= 6, `${within.length} datagrams`)
    }
  })

  scenario('who name bogons bring not one packet there (T25)', { seed: 17 }, async (network) => {
    const by = network.add()
    const [liar] = await befriended(network, 1, by)
    const hosts = ['10.1.2.3', '127.0.0.1', '192.168.1.2', '224.0.0.1', '0.1.2.3', by.host]
    liar!.answer = () => ({
      nodes: hosts.map((host) => ({ id: someId(network), address: { host, port: 6881 } })),
    })
    const sent = sentBy(network, by.host)
    const { outcome } = await survey(network, by)
    assert.equal(outcome.supporting, 0)
    for (const { to } of sent) assert.equal(to.host, liar!.address.host)
  })

  scenario('who name others under a false id keep nobody from them (T5)', { seed: 18 }, async (network) => {
    const by = network.add()
    const [liar] = await befriended(network, 1, by)
    const honest = Array.from({ length: 8 }, () => new Puppet(network))
    for (const puppet of honest) {
      puppet.answer = () => ({ nodes: [], interval: 60, num: 1, samples: [asId(puppet.id.slice())] })
    }
    liar!.answer = () => ({ nodes: honest.map(({ address }) => ({ id: someId(network), address })) })
    const { infoHashes, samples } = await survey(network, by)
    assert.deepEqual(new Set(infoHashes), new Set(honest.map(({ id }) => toHex(id))))
    for (const { infoHash, from } of samples) assert.equal(toHex(from.id), toHex(infoHash))
    for (const puppet of honest) assert.equal(samplings(puppet).length, 2)
  })
})

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1')
}
