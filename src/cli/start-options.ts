// The options of `xorbit start`, read: what node to open, and what stands around it.
import { readNodeCount, readNodeOptions, readPort, type NodeFlags } from './arguments.ts'
import { defaultStore } from './data-folder.ts'
import { readDuration } from './duration.ts'
import { Failure, MISUSE, misuse } from './failure.ts'
import type { Network, OpenOptions, WireOptions } from './network.ts'
import { joinsNobody, networkOf } from './networks.ts'
import { whyNoFile } from './new-file.ts'
import type { OutputFlags } from './output.ts'
import { checkTestHost } from './test-network.ts'

export interface StartFlags extends NodeFlags, OutputFlags {
  readonly port?: string
  readonly store?: string
  readonly api: string
  readonly testnet?: string
  readonly readOnly?: true
  readonly identity?: string
  readonly rateLimit: boolean
  readonly timeout: string
}

/** A command line of `xorbit start`, understood. */
export interface Start {
  readonly network: Network
  readonly options: OpenOptions & { readonly store: string }
  readonly private: boolean
  /** It is told nobody to join through: unless it knows somebody from before, it is the first of its network. */
  readonly joinsNobody: boolean
  /** Nodes around ours; 0 for none. */
  readonly testnet: number
  /** How they talk: as ours. */
  readonly wire: WireOptions
  /** Where these listen: on our own hosts. */
  readonly hosts: readonly string[]
  /** How long joining may take before it goes on in the background. */
  readonly timeoutMs: number
}

/** Reads them. Throws Failure naming the option, what it got and what is allowed. */
export function readStart(flags: StartFlags): Start {
  if (flags.api !== 'off') {
    throw misuse('--api', "'off' (this version has no HTTP API yet)", flags.api)
  }
  const testnet = flags.testnet === undefined ? 0 : readNodeCount('--testnet', flags.testnet)
  const hosts = flags.host ?? (testnet > 0 ? ['127.0.0.1'] : undefined)
  const network = networkOf(flags.network)
  const node = readNodeOptions(network, { ...flags, ...(hosts === undefined ? {} : { host: hosts }) })
  if (testnet > 0) checkTestnet(flags, node.host ?? [])
  const isPrivate = network.resolve(node).private
  const options = {
    ...node,
    ...readIdentity(flags),
    port: readPort('--port', flags.port ?? String(network.defaultPort), 0),
    store: readStore(flags.store, testnet > 0 ? 'memory' : defaultStore(network.name, isPrivate)),
    readOnly: flags.readOnly === true,
    rateLimit: flags.rateLimit,
  }
  return {
    network,
    options,
    private: isPrivate,
    joinsNobody: joinsNobody(network, node),
    testnet,
    wire: wireOf(node),
    hosts: node.host ?? [],
    timeoutMs: readDuration('--timeout', flags.timeout),
  }
}

function wireOf({ revision, tls }: OpenOptions): WireOptions {
  return { ...(revision === undefined ? {} : { revision }), ...(tls === undefined ? {} : { tls }) }
}

function readIdentity({ identity }: StartFlags): Pick<OpenOptions, 'identityFile'> {
  if (identity === '') throw misuse('--identity', 'a file name', identity)
  return identity === undefined ? {} : { identityFile: identity }
}

function checkTestnet(flags: StartFlags, hosts: readonly string[]): void {
  for (const host of hosts) checkTestHost('--testnet: --host', host)
  if (flags.readOnly === true) {
    throw misuse(
      '--testnet',
      'no --read-only beside it (the others join through a node that answers)',
      flags.testnet,
    )
  }
}

function readStore(given: string | undefined, byDefault: string): string {
  if (given === '') throw misuse('--store', "a file name, or 'memory'", given)
  const why = given === undefined || given === 'memory' ? null : whyNoFile(given)
  if (why !== null) throw new Failure('not-openable', `--store: ${given} cannot be opened: ${why}`, MISUSE)
  return given ?? byDefault
}
