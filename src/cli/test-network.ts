// Nodes of a test network: in this process, in memory, on free ports of one address, joined through somebody.
// Not here: the node that a user runs among them (start.ts), nor virtual networks (simulator/).
import { reachOf } from '../networks/addresses.ts'
import { Failure, misuse } from './failure.ts'
import type { AnyNode, Network, WireOptions } from './network.ts'

/** Nodes that join at the same time. */
const AT_ONCE = 8
/** How often a node tries that nobody answers: loopback loses packets too, when a machine is busy. */
const ATTEMPTS = 3

export interface Growing {
  readonly network: Network
  readonly host: readonly string[]
  /** How they talk: all alike. */
  readonly wire: WireOptions
  readonly seeds: readonly string[]
  readonly signal: AbortSignal
}

/** Only where nobody outside can join by accident. Throws Failure naming `name`. */
export function checkTestHost(name: string, host: string): void {
  if (reachOf(host) === 'local') return
  throw misuse(name, 'a loopback or private address for a test network, such as 127.0.0.1', host)
}

/**
 * Opens `count` nodes, each joined through one of the seeds. Every opened one is pushed to `nodes` at once, so that the
 * caller can close them whatever happens. Throws Failure when one cannot join.
 */
export async function growTestNetwork(
  count: number,
  { network, host, wire, seeds, signal }: Growing,
  nodes: AnyNode[],
): Promise<void> {
  for (let left = count; left > 0; left -= AT_ONCE) {
    signal.throwIfAborted()
    const batch = Array.from({ length: Math.min(left, AT_ONCE) }, async () => {
      // All packets come from one address, and no limit is meant for that.
      const local = { host, port: 0, bootstrap: seeds, store: 'memory', private: true, rateLimit: false }
      const node = await network.open({ ...wire, ...local })
      nodes.push(node)
      await joinSurely(node, seeds)
    })
    // All, so that none opens behind the back of who closes them.
    const failed = (await Promise.allSettled(batch)).find((each) => each.status === 'rejected')
    if (failed !== undefined) throw failed.reason
  }
}

async function joinSurely(node: AnyNode, seeds: readonly string[]): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if ((await node.join()).via !== 'nobody') return
  }
  throw new Failure('no-answer', `a node of the test network got no answer from ${seeds.join(', ')}`)
}
