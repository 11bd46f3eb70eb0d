// `xorbit testnet N`: a network on loopback, to try things on, until Ctrl-C.
import { canonicalHost, hostPort } from '../codecs/compact-address.ts'
import { toHex } from '../kademlia/id.ts'
import { readNodeCount, readNodeOptions, type NodeFlags } from './arguments.ts'
import { readDuration } from './duration.ts'
import { Ending } from './ending.ts'
import { FOUND } from './failure.ts'
import type { AnyNode, Network, WireOptions } from './network.ts'
import { networkOf } from './networks.ts'
import { counted, type Output, type OutputFlags } from './output.ts'
import { withProgress } from './progress.ts'
import type { Call } from './program.ts'
import { suggestions } from './suggestions.ts'
import { checkTestHost, growTestNetwork } from './test-network.ts'

export interface TestnetFlags extends Omit<NodeFlags, 'host'>, OutputFlags {
  readonly host: string
  readonly timeout: string
}

/** Addresses that are printed for people; --json has them all. */
const SHOWN = 5

/** Runs the nodes, prints where to join them, and stays. --timeout limits how long they may take to join. */
export async function testnet([n = '']: readonly string[], call: Call<TestnetFlags>): Promise<number> {
  const { flags, output } = call
  const count = readNodeCount('N', n)
  const network = networkOf(flags.network)
  const { host = [], ...wire } = readNodeOptions(network, { ...flags, host: [flags.host] })
  checkTestHost('--host', canonicalHost(flags.host)!)
  const ending = new Ending(output, readDuration('--timeout', flags.timeout))
  const nodes: AnyNode[] = []
  try {
    const first = await network.open({
      ...wire,
      host,
      port: 0,
      bootstrap: 'none',
      private: true,
      rateLimit: false,
    })
    nodes.push(first)
    const seeds = first.addresses.map(hostPort)
    const growing = growTestNetwork(count - 1, { network, host, wire, seeds, signal: ending.signal }, nodes)
    await withProgress(output, `starting ${counted(count, 'node')}`, ending.unlessEnded(growing))
    ending.liftTimeLimit()
    printNodes(output, { network, wire }, nodes)
    await ending.whenStopped()
    output.result('stopping', { event: 'stopping' })
    return FOUND
  } finally {
    await Promise.all(nodes.map((node) => node.close()))
    ending.dispose()
  }
}

function printNodes(
  output: Output,
  { network, wire }: { network: Network; wire: WireOptions },
  nodes: readonly AnyNode[],
): void {
  const bootstrap = nodes.map((node) => hostPort(node.addresses[0]!))
  const more = bootstrap.length > SHOWN ? [`  (and ${bootstrap.length - SHOWN} more)`] : []
  const lines = [
    `${counted(nodes.length, 'node')} of a local ${network.name} network. Join through any of them:`,
    ...bootstrap.slice(0, SHOWN).map((address) => `  --bootstrap ${address}`),
    ...more,
    '',
    ...suggestions(network, nodes[0]!.addresses[0]!, { options: wire, isPublic: false }),
    'Ctrl-C stops them.',
  ]
  output.result(lines.join('\n'), {
    event: 'listening',
    network: network.name,
    bootstrap,
    nodes: nodes.map(({ id, addresses }) => ({ id: toHex(id), ...addresses[0] })),
  })
}
