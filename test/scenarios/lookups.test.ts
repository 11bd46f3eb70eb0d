// Networks that nodes join one by one: do lookups find the true closest, and does what one announces reach the others?
import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { toHex } from '../../src/kademlia/id.ts'
import { defaultParameters } from '../../src/kademlia/parameters.ts'
import type { MainlineNetwork, SimulatedNode } from '../../src/simulator/mainline-network.ts'
import { goodLink, type Datagram } from '../../src/simulator/virtual-network.ts'
import { mean, median, MINUTE, scenario, someId, type Tell } from './scenario.ts'

interface Figures {
  readonly recalls: number[]
  /** Answers from our own table to the nearest node found. */
  readonly hops: number[]
  /** Requests of one lookup. */
  readonly messages: number[]
  readonly ms: number[]
}

async function lookups(network: MainlineNetwork, count: number): Promise<Figures> {
  const figures: Figures = { recalls: [], hops: [], messages: [], ms: [] }
  for (let i = 0; i < count; i++) {
    const asker = network.random.pick(network.nodes)
    const target = someId(network)
    const depths = new Map<string, number>()
    let asked = 0
    const startedAt = network.clock.now()
    const onHop = ({ contact, depth }: { contact: { id: Uint8Array }; depth: number }): void => {
      asked++
      depths.set(toHex(contact.id), depth)
    }
    const found = await network.clock.settle(asker.node.closest(target, { onHop }))
    figures.recalls.push(network.recall(network.trueClosest(target, 8, asker), found))
    figures.hops.push((depths.get(toHex(found[0]!.id)) ?? 0) + 1)
    figures.messages.push(asked)
    figures.ms.push(network.clock.now() - startedAt)
  }
  return figures
}

function report(tell: Tell, what: string, { recalls, hops, messages, ms }: Figures): void {
  const least = recalls.reduce((a, b) => Math.min(a, b), 1)
  tell(
    `${what}: recall ${(100 * mean(recalls)).toFixed(2)} % (least ${(100 * least).toFixed(0)} %), ` +
      `median hops ${median(hops)}, messages ${median(messages)}, ${Math.round(median(ms))} ms, ` +
      `${recalls.length} lookups`,
  )
}

/** The announce of one is found by all of these. */
async function announcesReach(network: MainlineNetwork, searchers: readonly SimulatedNode[]): Promise<void> {
  const infoHash = someId(network)
  const announcer = network.random.pick(network.nodes)
  const { stored } = await network.clock.settle(announcer.node.announce(infoHash, { port: 4_242 }))
  assert.equal(stored, 8)
  for (const { node, host } of searchers) {
    const search = node.peers(infoHash)
    await network.clock.settle(search.outcome)
    assert.deepEqual(
      await Array.fromAsync(search),
      [{ host: announcer.host, port: 4_242 }],
      `seen by ${host}`,
    )
  }
}

/** From now on 5 % of them, in each direction. */
function loseDatagrams(network: MainlineNetwork): void {
  network.network.quality = { ...goodLink, loss: 0.05 }
}

function loseNodes(network: MainlineNetwork): void {
  for (const node of network.random.sample(network.nodes, network.nodes.length / 5)) network.crash(node)
}

/** A fifth of the nodes dies, and datagrams are lost. */
function loseAFifth(network: MainlineNetwork): void {
  loseNodes(network)
  loseDatagrams(network)
}

describe('Nodes that joined one by one (B5-04, B5-09, B5-10, B5-20)', () => {
  for (const [size, sample] of [
    [100, 100],
    [500, 50],
  ] as const) {
    const sentence =
      `${size} of them find the true eight closest, and what one announces, ` +
      'also when a fifth has just died and 5 % is lost in each direction'
    scenario(sentence, { seed: size }, async (network, tell) => {
      await network.grow(size)
      const steady = await lookups(network, sample)
      report(tell, 'steady', steady)
      assert.ok(mean(steady.recalls) >= 0.99)
      await announcesReach(network, network.random.sample(network.nodes, sample / 2))

      loseAFifth(network)
      const lossy = await lookups(network, 2 * sample)
      report(tell, 'a fifth dead, 5 % loss', lossy)
      assert.ok(mean(lossy.recalls) >= 0.99)
      await announcesReach(network, network.random.sample(network.nodes, sample / 4))
    })
  }

  scenario(
    'find them with 5 % loss when a fifth has been dead for a while',
    { seed: 3 },
    async (network, tell) => {
      await network.grow(100)
      loseAFifth(network)
      await network.clock.runFor(20 * MINUTE)
      const later = await lookups(network, 100)
      report(tell, '20 min later', later)
      assert.ok(mean(later.recalls) >= 0.99)
    },
  )
})

/** Lookups among 100 nodes, before and after a fifth of them has died. */
async function beforeAndAmongDead(
  network: MainlineNetwork,
  tell: Tell,
): Promise<{ steady: Figures; among: Figures }> {
  await network.grow(100)
  const steady = await lookups(network, 50)
  report(tell, 'steady', steady)
  loseNodes(network)
  const among = await lookups(network, 100)
  report(tell, 'a fifth dead', among)
  return { steady, among }
}

/** A query of a lookup by this node. */
const isLookupOf =
  ({ host }: SimulatedNode) =>
  ({ from, bytes }: Datagram): boolean =>
    from.host === host && Buffer.from(bytes).includes('9:find_node')

describe('A lookup', () => {
  scenario(
    'asks alpha of the nearest at once, whoever farther away has not answered yet',
    { seed: 10 },
    async (network) => {
      await network.grow(100)
      const asker = network.nodes[50]!
      const isQuery = isLookupOf(asker)
      let most = 0
      for (let i = 0; i < 20; i++) {
        let underWay = 0
        // Before that nobody is slow, and nothing is sent again.
        const quietUntil = network.clock.now() + defaultParameters.slowAfterMinMs
        const watch = (datagram: Datagram): void => {
          if (!isQuery(datagram)) return
          underWay++
          if (network.clock.now() < quietUntil) most = Math.max(most, underWay)
        }
        network.network.watchers.add(watch)
        await network.clock.settle(asker.node.closest(someId(network), { onHop: () => void underWay-- }))
        network.network.watchers.delete(watch)
      }
      assert.ok(most > defaultParameters.alpha, `${most} at once`)
    },
  )

  scenario(
    'takes hardly longer when 5 % is lost in each direction: what is overdue is asked for again',
    { seed: 11 },
    async (network, tell) => {
      await network.grow(100)
      const steady = await lookups(network, 100)
      report(tell, 'steady', steady)
      loseDatagrams(network)
      const lossy = await lookups(network, 100)
      report(tell, '5 % loss', lossy)
      assert.ok(median(lossy.ms) <= 1.5 * median(steady.ms))
    },
  )

  scenario(
    'does not wait until the dead have failed for good, once whoever lives would have answered',
    { seed: 12 },
    async (network, tell) => {
      const { steady, among } = await beforeAndAmongDead(network, tell)
      assert.ok(median(among.ms) <= 4 * median(steady.ms))
      assert.ok(mean(among.recalls) >= 0.99)
    },
  )

  scenario(
    'looks for those whom the dead hide while it waits for them',
    { seed: 13 },
    async (network, tell) => {
      const { steady, among } = await beforeAndAmongDead(network, tell)
      // Three times 200 ms for the dead, which overlap with the rest; to look afterwards would take 130 ms more.
      assert.ok(median(among.ms) - median(steady.ms) <= 520)
    },
  )
})

describe('A simulated network', () => {
  scenario('is the same run for the same seed, to the last datagram', { seed: 7 }, async (network) => {
    const other = new (network.constructor as typeof MainlineNetwork)(network.seed)
    const foreign = new (network.constructor as typeof MainlineNetwork)(network.seed + 1)
    const hashes: string[] = []
    for (const each of [network, other, foreign]) {
      await each.grow(20)
      await each.clock.runFor(20 * MINUTE)
      hashes.push(each.network.trace.toString())
    }
    assert.equal(hashes[0], hashes[1])
    assert.notEqual(hashes[0], hashes[2])
  })
})
