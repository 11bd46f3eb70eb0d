// Surveys among those who have intervals, know no BEP 51 or lie: nobody is asked too often, liars win little.
import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { type Contact } from '../../src/kademlia/contact.ts'
import { asId, toHex } from '../../src/kademlia/id.ts'
import type { MainlineReply } from '../../src/networks/mainline/messages.ts'
import { nodeIdFor } from '../../src/networks/mainline/node-id.ts'
import type { MainlineNetwork, SimulatedNode } from '../../src/simulator/mainline-network.ts'
import { Puppet } from './puppet.ts'
import { HOUR, MINUTE, scenario, SECOND, someId } from './scenario.ts'
import { surveysOf, survey, storePeer, sentBy, befriended, samplings } from './survey-fixtures.ts'

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
