// The options of a mainline node: what may be given, what is the default, and what is refused.
// Not here: parameters of the algorithm beyond those that users set (kademlia/parameters.ts).
import type { Parameters } from '../../kademlia/parameters.ts'
import { badArgument } from '../../node/errors.ts'
import { refuseUnknown, toInteger } from '../../node/reading.ts'
import {
  NODE_OPTIONS,
  resolveNodeOptions,
  resolveParameters,
  type NodeOptions,
  type ResolvedNodeOptions,
  type TunableParameters,
} from '../node-options.ts'

export const DEFAULT_PORT = 6881

/** Of one node and family. */
const MAX_HOSTS_PER_FAMILY = 8

/** Beside them: the default port is 6881, the default bootstrap nodes are the public routers, `readOnly` is BEP 43. */
export interface MainlineOptions extends NodeOptions {
  /**
   * IP addresses to listen on, several of a family for a node at several addresses (BEP 45): it has an id, a socket and a
   * routing table for each, and one store. Default: every IPv4 address, and the first global IPv6 address of
   * this machine where there is one (BEP 32); in a network that is bootstrapped from loopback, loopback.
   */
  readonly host?: string | readonly string[]
  /** How often what is announced is announced again. Default 15 min (libtorrent), at most 30 min. */
  readonly announceIntervalMs?: number
  /** How often an item that is kept alive is put again. Default 1 h (BEP 44), at most that. */
  readonly publishIntervalMs?: number
  /** How long a peer is kept that does not announce itself again. Default 45 min (libtorrent). */
  readonly peerLifetimeMs?: number
  /** How long an item is kept that nobody puts again. Default 2 h (BEP 44). */
  readonly itemLifetimeMs?: number
  /** The client version `v` in every message: 4 bytes. Default 'XO' and 0.1. BEP 5, BEP 20. */
  readonly version?: Uint8Array
  readonly parameters?: Partial<TunableParameters>
}

export interface ResolvedOptions extends ResolvedNodeOptions {
  readonly announceIntervalMs: number
  readonly publishIntervalMs: number
  readonly peerLifetimeMs: number
  readonly itemLifetimeMs: number
  readonly version: Uint8Array
  readonly parameters: Parameters
}

const KNOWN: readonly (keyof MainlineOptions)[] = [
  ...NODE_OPTIONS,
  'announceIntervalMs',
  'publishIntervalMs',
  'peerLifetimeMs',
  'itemLifetimeMs',
  'version',
  'parameters',
]

const MINUTE = 60_000

/** Checks the options and fills in the defaults. Throws XorbitError naming the option, what it got and what is allowed. */
export function resolveOptions(options: MainlineOptions): ResolvedOptions {
  refuseUnknown('option', options, KNOWN)
  return {
    ...resolveNodeOptions(options, {
      defaultPort: DEFAULT_PORT,
      families: [4, 6],
      maxHostsPerFamily: MAX_HOSTS_PER_FAMILY,
    }),
    announceIntervalMs: toInteger('announceIntervalMs', options.announceIntervalMs ?? 15 * MINUTE, [
      100,
      30 * MINUTE,
    ]),
    publishIntervalMs: toInteger('publishIntervalMs', options.publishIntervalMs ?? 60 * MINUTE, [
      100,
      60 * MINUTE,
    ]),
    peerLifetimeMs: toInteger('peerLifetimeMs', options.peerLifetimeMs ?? 45 * MINUTE, [100, 1_440 * MINUTE]),
    itemLifetimeMs: toInteger('itemLifetimeMs', options.itemLifetimeMs ?? 120 * MINUTE, [
      100,
      1_440 * MINUTE,
    ]),
    version: resolveVersion(options.version),
    parameters: resolveParameters(options.parameters ?? {}),
  }
}

function resolveVersion(version: MainlineOptions['version']): Uint8Array {
  if (version === undefined) return Uint8Array.of(0x58, 0x4f, 0, 1)
  if (!(version instanceof Uint8Array) || version.length !== 4)
    throw badArgument('version', '4 bytes', version)
  return version
}
