// A hundred nodes in one process on loopback: how fast lookups are, what a node costs in memory, and whether
// the lookups find who they should. The same for every implementation; each runs in a process of its own.
import { answerCalls } from '../process.ts'

/** One node of an implementation. */
export interface NetworkNode {
  readonly id: Uint8Array
  readonly port: number
  /** Walks to a target as for its peers; returns the ids of the closest nodes that answered, closest first. */
  lookup(target: Uint8Array): Promise<readonly Uint8Array[]>
  close(): Promise<void>
}

/** Opens a node that joins through the given ports; none for the first. */
export type OpenNode = (bootstrapPorts: readonly number[]) => Promise<NetworkNode>

export interface NetworkResult {
  readonly nodes: number
  readonly lookupsPerSecond: number
  readonly p50Ms: number
  /** Resident memory a node, when all have joined, and after the lookups. */
  readonly idleBytesPerNode: number
  readonly usedBytesPerNode: number
  /** Share of the truly closest eight that lookups found, in the mean. */
  readonly recall: number
}

export interface NetworkOptions {
  readonly nodes: number
  readonly ms: number
}

const CONCURRENT_LOOKUPS = 4
const WARM_UP_SHARE = 0.3
const RECALL_LOOKUPS = 50
const CLOSEST = 8
const MAX_LOOKUPS = 1_000_000

/** Answers the parent's call `measure`. */
export function measureNetwork(open: OpenNode): void {
  answerCalls({ measure: (options: NetworkOptions) => measure(open, options) })
}

async function measure(open: OpenNode, options: NetworkOptions): Promise<NetworkResult> {
  // The first node loads what all of them share, so that only what a node costs is counted.
  const first = await open([])
  const before = residentBytes()
  const nodes = [first]
  try {
    while (nodes.length < options.nodes) {
      const last = nodes.at(-1)!
      nodes.push(await open(last === first ? [first.port] : [first.port, last.port]))
    }
    const idleBytes = residentBytes() - before
    await timedLookups(nodes, options.ms * WARM_UP_SHARE)
    const startedAt = performance.now()
    const delays = await timedLookups(nodes, options.ms)
    const seconds = (performance.now() - startedAt) / 1000
    const usedBytes = residentBytes() - before
    const sorted = delays.toSorted((a, b) => a - b)
    return {
      nodes: nodes.length,
      lookupsPerSecond: delays.length / seconds,
      p50Ms: sorted[sorted.length >> 1] ?? Number.NaN,
      idleBytesPerNode: idleBytes / (nodes.length - 1),
      usedBytesPerNode: usedBytes / (nodes.length - 1),
      recall: await recall(nodes),
    }
  } finally {
    await Promise.all(nodes.map((node) => node.close()))
  }
}

/** Memory in use after a full collection. */
function residentBytes(): number {
  globalThis.gc?.()
  globalThis.gc?.()
  return process.memoryUsage.rss()
}

const randomTarget = (): Uint8Array => crypto.getRandomValues(new Uint8Array(20))

/** Runs lookups of random targets from random nodes, a few at a time; returns their delays in ms. */
async function timedLookups(nodes: readonly NetworkNode[], ms: number): Promise<number[]> {
  const until = performance.now() + ms
  const delays: number[] = []
  const lane = async (): Promise<void> => {
    while (performance.now() < until && delays.length < MAX_LOOKUPS) {
      const node = nodes[Math.floor(Math.random() * nodes.length)]!
      const startedAt = performance.now()
      await node.lookup(randomTarget())
      delays.push(performance.now() - startedAt)
    }
  }
  await Promise.all(Array.from({ length: CONCURRENT_LOOKUPS }, lane))
  return delays
}

async function recall(nodes: readonly NetworkNode[]): Promise<number> {
  let found = 0
  let expected = 0
  for (let round = 0; round < RECALL_LOOKUPS; round++) {
    const target = randomTarget()
    const node = nodes[round % nodes.length]!
    // A node does not look itself up over the wire.
    const others = nodes.filter((other) => other !== node)
    const nearest = others.map(({ id }) => distance(id, target)).toSorted()
    const answered = new Set((await node.lookup(target)).map((id) => distance(id, target)))
    for (const hex of nearest.slice(0, CLOSEST)) if (answered.has(hex)) found++
    expected += Math.min(CLOSEST, nearest.length)
  }
  return found / expected
}

/** The XOR distance in hex, which sorts as the distance does. */
function distance(a: Uint8Array, b: Uint8Array): string {
  return Buffer.from(a.map((byte, index) => byte ^ b[index]!)).toString('hex')
}
