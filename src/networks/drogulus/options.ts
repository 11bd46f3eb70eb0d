// The options of a drogulus node: what may be given, what is the default, and what is refused (drogulus B9).
import type { Parameters } from '../../kademlia/parameters.ts'
import { badArgument } from '../../node/errors.ts'
import { refuseUnknown, toInteger } from '../../node/reading.ts'
import {
  NODE_OPTIONS,
  resolveNodeOptions,
  resolveParameters,
  toFlagOr,
  type NodeOptions,
  type ResolvedNodeOptions,
  type TunableParameters,
} from '../node-options.ts'
import { RsaKeyPair, readRsaKeyPair } from './keys/identity.ts'
import type { Revision } from './messages.ts'

export const DEFAULT_PORT = 1908

/** Beside them: `port` is a TCP port, by default 1908; nobody is built in to join through; `readOnly` enters no table. */
export interface DrogulusOptions extends NodeOptions {
  /** IP address to listen on. Default: every IPv4 address; in a network that is bootstrapped from loopback, loopback. */
  readonly host?: string | readonly string[]
  /**
   * The RSA key pair under which the node publishes, and of whose public key its id is made: PEM text or a key pair.
   * Default: made at the first start, and kept beside the store's file.
   */
  readonly identity?: string | RsaKeyPair
  /** false: plain TCP. Default true: TLS, with a certificate made at the first start and kept beside the store's file. */
  readonly tls?: boolean
  /** Which wire it speaks: 'july-2013', or 'october-2013' with `created_with`. Default 'july-2013'. */
  readonly revision?: Revision
  /** On how many nodes a value is stored: at most k. Default 20. */
  readonly duplicate?: number
  /** How often a holder stores again what nobody has stored meanwhile: REPLICATE_INTERVAL. Default 1 h. */
  readonly replicateIntervalMs?: number
  /** How often the owner stores again what it has published. Default: nine tenths of the above. */
  readonly republishIntervalMs?: number
  /** How long the sender of a forged value is kept out of the table. Default 24 h. */
  readonly banMs?: number
  readonly parameters?: Partial<TunableParameters>
}

export interface ResolvedOptions extends ResolvedNodeOptions {
  /** null: made at the first start. */
  readonly identity: RsaKeyPair | null
  readonly tls: boolean
  readonly revision: Revision
  readonly duplicate: number
  readonly replicateIntervalMs: number
  readonly republishIntervalMs: number
  readonly banMs: number
  readonly parameters: Parameters
}

const KNOWN: readonly (keyof DrogulusOptions)[] = [
  ...NODE_OPTIONS,
  'identity',
  'tls',
  'revision',
  'duplicate',
  'replicateIntervalMs',
  'republishIntervalMs',
  'banMs',
  'parameters',
]

const HOUR = 3_600_000
const WEEK = 168 * HOUR

/**
 * Holders bring what others have published, all of it from one address: their share of our store is larger than where
 * everybody brings only his own.
 */
export const STORE_LIMITS = {
  maxPerIp: 2_000,
  maxPerPrefix: 5_000,
  maxBytesPerIp: 8 * 1_048_576,
  maxBytesPerPrefix: 16 * 1_048_576,
} as const

/** A stream loses nothing, so nothing is sent twice; but a first request takes three round trips more, for its connection. */
const PARAMETERS: Partial<Parameters> = {
  idBytes: 64,
  k: 20,
  alpha: 3,
  replacementCacheSize: 20,
  maxContactsPerReply: 20,
  maxFailures: 5,
  lastChances: 0,
  bucketRefreshMs: HOUR,
  bucketLookupMs: HOUR,
  resendAfterMs: [],
  requestTimeoutMs: 15_000,
  slowAfterMinMs: 500,
  slowAfterMaxMs: 5_000,
  transactionIdBytes: 16,
}

/** Checks the options and fills in the defaults. Throws XorbitError naming the option, what it got and what is allowed. */
export function resolveOptions(options: DrogulusOptions): ResolvedOptions {
  refuseUnknown('option', options, KNOWN)
  const { revision = 'july-2013' } = options
  if (revision !== 'july-2013' && revision !== 'october-2013') {
    throw badArgument('revision', "'july-2013' or 'october-2013'", revision)
  }
  const node = resolveNodeOptions(options, {
    defaultPort: DEFAULT_PORT,
    families: [4, 6],
    maxHostsPerFamily: 1,
  })
  if (node.hosts !== null && node.hosts.length > 1) {
    throw badArgument('host', 'one address, of IPv4 or of IPv6', node.hosts.join(', '))
  }
  const parameters = resolveParameters(options.parameters ?? {}, PARAMETERS)
  const replicateIntervalMs = toInteger('replicateIntervalMs', options.replicateIntervalMs ?? HOUR, [
    100,
    WEEK,
  ])
  const republishMs = options.republishIntervalMs ?? Math.floor(0.9 * replicateIntervalMs)
  return {
    ...node,
    identity: toIdentity(options.identity),
    tls: toFlagOr('tls', options.tls, true),
    revision,
    duplicate: toInteger('duplicate', options.duplicate ?? parameters.k, [1, parameters.k]),
    replicateIntervalMs,
    republishIntervalMs: toInteger('republishIntervalMs', republishMs, [50, WEEK]),
    banMs: toInteger('banMs', options.banMs ?? 24 * HOUR, [100, WEEK]),
    parameters,
  }
}

/** The files that a node keeps beside that of its store: what is lost with it would be of no use alone. null: none. */
export function filesBeside(store: unknown): {
  readonly identity: string | null
  readonly tls: string | null
} {
  if (typeof store !== 'string' || store === 'memory') return { identity: null, tls: null }
  return { identity: `${store}.identity.pem`, tls: `${store}.tls.pem` }
}

function toIdentity(identity: DrogulusOptions['identity']): RsaKeyPair | null {
  if (identity === undefined) return null
  return typeof identity === 'string'
    ? readRsaKeyPair(identity, 'identity')
    : RsaKeyPair.assert('identity', identity)
}
