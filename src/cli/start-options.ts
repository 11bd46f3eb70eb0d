// The options of `xorbit start`, read: what node to open, and what stands around it.
import { readNodeOptions, isPrivateNetwork, readNodeCount, readPort, type NodeFlags } from './arguments.ts'
import type { MainlineOptions } from '../networks/mainline/options.ts'
import { defaultStore } from './data-folder.ts'
import { readDuration } from './duration.ts'
import { Failure, MISUSE, misuse } from './failure.ts'
import { whyNoFile } from './new-file.ts'
import type { OutputFlags } from './output.ts'
import { checkTestHost } from './test-network.ts'

export interface StartFlags extends NodeFlags, OutputFlags {
  readonly port: string
  readonly store?: string
  readonly api: string
  readonly testnet?: string
  readonly readOnly?: true
  readonly rateLimit: boolean
  readonly timeout: string
}

/** A command line of `xorbit start`, understood. */
export interface Start {
  readonly options: Omit<MainlineOptions, 'store'> & { readonly store: string }
  readonly private: boolean
  /** Nodes around ours; 0 for none. */
  readonly testnet: number
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
  const node = readNodeOptions({ ...flags, ...(hosts === undefined ? {} : { host: hosts }) })
  if (testnet > 0) checkTestnet(flags, node.host as readonly string[])
  const isPrivate = isPrivateNetwork(node)
  const options = {
    ...node,
    port: readPort('--port', flags.port, 0),
    store: readStore(flags.store, testnet > 0 ? 'memory' : defaultStore(flags.network, isPrivate)),
    readOnly: flags.readOnly === true,
    rateLimit: flags.rateLimit,
  }
  return {
    options,
    private: isPrivate,
    testnet,
    hosts: (node.host ?? []) as readonly string[],
    timeoutMs: readDuration('--timeout', flags.timeout),
  }
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
