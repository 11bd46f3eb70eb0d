// `xorbit start`: a node that runs until Ctrl-C, alone or with a test network around it, and what it tells meanwhile.
// Not here: its options (start-options.ts) and the words for its events (start-report.ts).
import { hostPort } from '../codecs/compact-address.ts'
import { Ending } from './ending.ts'
import { FOUND, Stopped } from './failure.ts'
import type { AnyNode } from './network.ts'
import { counted, type Output } from './output.ts'
import { withProgress } from './progress.ts'
import type { Call } from './program.ts'
import { tried } from './short-lived-node.ts'
import { readStart, type Start, type StartFlags } from './start-options.ts'
import { reportAlone, reportEvents, reportListening } from './start-report.ts'
import { growTestNetwork } from './test-network.ts'

/** How long closing may take before the process ends without it. */
const CLOSE_WITHIN_MS = 5_000

/** Runs the node. Throws Failure when it cannot be opened. */
export async function start(
  _words: readonly string[],
  { flags, output, version }: Call<StartFlags>,
): Promise<number> {
  const what = readStart(flags)
  const ending = new Ending(output, null)
  const nodes: AnyNode[] = []
  try {
    const node = await what.network.open(what.options)
    nodes.push(node)
    const joined = await ready(what, { nodes, ending, output })
    reportListening(output, { node, what, joined, version })
    if (joined === 'alone') reportAlone(output, what)
    reportEvents(output, { node, what, joined })
    await ending.whenStopped()
  } catch (error) {
    // Ctrl-C while it was still joining is no failure.
    if (!(error instanceof Stopped)) throw error
  } finally {
    if (nodes.length > 0) output.result('stopping', { event: 'stopping' })
    await closeAll(nodes)
    ending.dispose()
  }
  return FOUND
}

/** Who a node finds when it starts. 'first': it was told to join nobody. 'late': still trying when time was up. */
export type Joined = 'joined' | 'alone' | 'first' | 'late'

async function ready(
  what: Start,
  { nodes, ending, output }: { nodes: AnyNode[]; ending: Ending; output: Output },
): Promise<Joined> {
  const [node] = nodes as [AnyNode]
  const { network, options, joinsNobody } = what
  const joining = ending.unlessEnded(Promise.race([node.join(), within(what.timeoutMs)]))
  const report = await withProgress(
    output,
    joinsNobody ? 'joining' : `joining through ${tried(network, options)}`,
    joining,
  )
  if (what.testnet > 0) {
    const seeds = node.addresses.map(hostPort)
    const growing = growTestNetwork(
      what.testnet,
      { network, host: what.hosts, wire: what.wire, seeds, signal: ending.signal },
      nodes,
    )
    await withProgress(output, `starting ${counted(what.testnet, 'more node')}`, ending.unlessEnded(growing))
  }
  if (report === 'late') return 'late'
  if (report.via !== 'nobody' || what.testnet > 0) return 'joined'
  return joinsNobody ? 'first' : 'alone'
}

function within(ms: number): Promise<'late'> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms, 'late').unref()
  })
}

/** What was acknowledged is in the file already; this saves the table, too. */
async function closeAll(nodes: readonly AnyNode[]): Promise<void> {
  let timer
  const late = new Promise((resolve) => (timer = setTimeout(resolve, CLOSE_WITHIN_MS)))
  await Promise.race([Promise.all(nodes.map((node) => node.close())), late])
  clearTimeout(timer)
}
