// One network in virtual time, in which askers of every variant look up the same targets under one condition.
// Not here: what is done with the figures (figures.ts).
import type { Contact } from '../../src/kademlia/contact.ts'
import { asId, compareDistance, toHex, type Id } from '../../src/kademlia/id.ts'
import { MainlineNetwork } from '../../src/simulator/mainline-network.ts'
import { SeededRandom } from '../../src/simulator/seeded-random.ts'
import { addAsker, type Asker } from './asker.ts'
import { Conspiracy, liar } from './liars.ts'
import { roundTripMs } from './path.ts'
import type { Variant } from './variants.ts'

export interface Condition {
  readonly name: string
  /** Share of the nodes that has just died without anybody having noticed. */
  readonly dead: number
  /** Share of datagrams that is lost in each direction. */
  readonly loss: number
  /** Share of the nodes that names made-up ones. */
  readonly liars: number
  /** Share of the nodes that takes 0.5 to 2.5 s longer to answer. */
  readonly busy: number
}

export const CONDITIONS: readonly Condition[] = [
  { name: 'clean', dead: 0, loss: 0, liars: 0, busy: 0 },
  { name: 'dead', dead: 0.2, loss: 0, liars: 0, busy: 0 },
  { name: 'loss', dead: 0, loss: 0.05, liars: 0, busy: 0 },
  { name: 'both', dead: 0.2, loss: 0.05, liars: 0, busy: 0 },
  { name: 'busy', dead: 0.2, loss: 0.05, liars: 0, busy: 0.02 },
  { name: 'liars', dead: 0, loss: 0, liars: 0.1, busy: 0 },
]

export interface TrialSize {
  readonly nodes: number
  /** Askers of each variant. */
  readonly askers: number
  /** Lookups of each asker, one after the other. */
  readonly rounds: number
}

/** What one lookup came to. Times are ms from its start. */
export interface Sample {
  /** Share of the eight living nodes closest to the target that it found. */
  readonly recall: number
  readonly endMs: number
  /** Until the first answer of one of those that were closest before any died: they hold what was stored. */
  readonly firstMs: number | null
  /** Until what is stored upon its findings has reached all of them. */
  readonly storedMs: number
  /** Datagrams sent for it, also after its end. */
  readonly messages: number
  /** Answers from the own table to the nearest node found. */
  readonly hops: number
}

/** Between two rounds: nothing of one is under way in the next, and nobody notices who died. */
const PAUSE_MS = 10_000
/** For askers to settle. */
const SETTLE_MS = 60_000
/** Round-trip time of nodes to join through: the paper's lookup would not wait for slower ones. */
const QUICK_MS = 500
const K = 8

/** The samples of each variant. The same arguments give the same samples. */
export async function trial(
  seed: number,
  condition: Condition,
  variants: readonly Variant[],
  size: TrialSize,
): Promise<Sample[][]> {
  const network = new MainlineNetwork(seed)
  const conspiracy = await grow(network, condition, size.nodes)
  // From here on the paths of the askers alone decide.
  network.network.quality = { minDelayMs: 0, maxDelayMs: 0, loss: 0, duplication: 0 }
  const random = new SeededRandom(seed, 'targets')
  const askers = await addAskers(network, condition, variants, size.askers)
  const holders = network.nodes.map(({ id }) => id)
  const dead = network.random.sample(network.nodes, Math.round(condition.dead * size.nodes))
  for (const node of dead) network.crash(node)
  for (const { path } of askers.flat()) path.loss = condition.loss
  conspiracy.lying = true
  const samples: Sample[][] = variants.map(() => [])
  for (let round = 0; round < size.rounds; round++) {
    const targets = Array.from({ length: size.askers }, () => asId(random.bytes(20)))
    const lookups = variants.flatMap((variant, v) =>
      targets.map(async (target, i) => {
        const finish = await lookup(network, { variant, condition, holders }, askers[v]![i]!, target)
        return () => samples[v]!.push(finish())
      }),
    )
    const finishes = await network.clock.settle(Promise.all(lookups))
    await network.clock.runFor(PAUSE_MS)
    for (const finish of finishes) finish()
  }
  return samples
}

async function grow(network: MainlineNetwork, condition: Condition, count: number): Promise<Conspiracy> {
  const conspiracy = new Conspiracy(network)
  const all = Array.from({ length: count }, (_, index) => index)
  const liars = new Set(network.random.sample(all, Math.round(condition.liars * count)))
  await network.grow(count, (index) =>
    liars.has(index) ? { wrap: (inner) => liar(inner, conspiracy, () => network.nodes[index]!.id) } : {},
  )
  return conspiracy
}

/** Askers of each variant, who join all at once, each through a node that no other of his variant joins through. */
async function addAskers(
  network: MainlineNetwork,
  { busy }: Condition,
  variants: readonly Variant[],
  count: number,
): Promise<Asker[][]> {
  const dice = new SeededRandom(network.seed, 'askers')
  const quick = network.nodes.filter(({ host }) => roundTripMs(host, busy) < QUICK_MS)
  const bootstraps = dice.sample(quick, count)
  const askers = variants.map(({ name, parameters }) =>
    bootstraps.map(({ address }, index) => {
      const random = new SeededRandom(network.seed, `${name} ${index}`)
      return addAsker(network, { bootstrap: address, random, parameters, busyShare: busy })
    }),
  )
  await network.clock.settle(Promise.all(askers.flat().map(({ node }) => node.joining.join())))
  await network.clock.runFor(SETTLE_MS)
  return askers
}

/** Does one lookup. What it gives is to be called when nothing of it is under way any more. */
async function lookup(
  network: MainlineNetwork,
  setting: { variant: Variant; condition: Condition; holders: readonly Id[] },
  { node, path }: Asker,
  target: Id,
): Promise<() => Sample> {
  const { clock } = network
  const { variant, condition } = setting
  const startedAt = clock.now()
  const since = (): number => clock.now() - startedAt
  const truth = network.trueClosest(target, K)
  const holders = new Set(nearest(setting.holders, target))
  const depths = new Map<string, number>()
  let messages = 0
  let firstMs: number | null = null
  path.onSent = (bytes) => {
    if (Buffer.from(bytes).includes('9:find_node')) messages++
  }
  const onAnswer = ({ id }: Contact, depth: number): void => {
    depths.set(toHex(id), depth)
    if (holders.has(toHex(id))) firstMs ??= since()
  }
  const found = await variant.lookup(node, target, { onAnswer })
  const endMs = since()
  const reachedMs = found.map(({ address }) => endMs + roundTripMs(address.host, condition.busy) / 2)
  const hops = found.length === 0 ? 0 : (depths.get(toHex(found[0]!.id)) ?? 0) + 1
  const recall = network.recall(truth, found)
  return () => ({ recall, endMs, firstMs, storedMs: Math.max(endMs, ...reachedMs), messages, hops })
}

function nearest(ids: readonly Id[], target: Id): string[] {
  const sorted = ids.toSorted((a, b) => compareDistance(target, a, b))
  return sorted.slice(0, K).map((id) => toHex(id))
}
