// The options of a khashmir node: what may be given, what is the default, and what is refused. The two columns of
// defaults are those of the original's last version and of March 2008 (khashmir A9).
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
import type { Role } from './messages.ts'

export const DEFAULT_PORT = 9977

/** `head`: as the original's last version does it. `march-2008`: as its first three. They form one network. */
export type Preset = 'head' | 'march-2008'

/** Beside them: the default port is 9977, nobody is built in to join through, `readOnly` asks under the receiver's own id. */
export interface KhashmirOptions extends NodeOptions {
  /** IPv4 address to listen on. Default: every one; in a network that is bootstrapped from loopback, loopback. */
  readonly host?: string | readonly string[]
  /** Whose defaults: 'head' or 'march-2008'. Default 'head'. */
  readonly preset?: Preset
  /** What the node serves and uses: 'nodes', 'read' or 'write'. Default 'write', which is everything. */
  readonly role?: Role
  /** Text that our own ids end in, as 'A000': the original's VERSION. At most 8 bytes. Default none. */
  readonly version?: string
  /** How long a value is kept that nobody stores again: KEY_EXPIRE. Default 3 h, of March 2008 1 h. */
  readonly keyExpireMs?: number
  /** How often what we stored is stored again: KEY_REFRESH. Default 2.5 h, of March 2008 57 min. */
  readonly keyRefreshMs?: number
  /** On how many nodes a value is stored: STORE_REDUNDANCY. Default 6, of March 2008 3. */
  readonly storeRedundancy?: number
  /**
   * How many values `values` asks for where no limit is given: RETRIEVE_VALUES. 0: all, of every holder. Negative: as many,
   * but enough when storeRedundancy holders have answered. Default -10000.
   */
  readonly retrieveValues?: number
  /** Whether buckets are merged again; the very first version did not. Default true. */
  readonly mergeBuckets?: boolean
  /** `alpha` is CONCURRENT_REQS, `goodForMs` MIN_PING_INTERVAL, `bucketRefreshMs` BUCKET_STALENESS, `maxFailures` MAX_FAILURES. */
  readonly parameters?: Partial<TunableParameters>
}

export interface ResolvedOptions extends ResolvedNodeOptions {
  readonly preset: Preset
  readonly role: Role
  readonly version: string
  readonly keyExpireMs: number
  readonly keyRefreshMs: number
  readonly storeRedundancy: number
  readonly retrieveValues: number
  /** Whether transactions of any length are taken: March 2008. */
  readonly anyTransaction: boolean
  readonly parameters: Parameters
}

const KNOWN: readonly (keyof KhashmirOptions)[] = [
  ...NODE_OPTIONS,
  'preset',
  'role',
  'version',
  'keyExpireMs',
  'keyRefreshMs',
  'storeRedundancy',
  'retrieveValues',
  'mergeBuckets',
  'parameters',
]

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** What both columns have in common. The tokens are good for two to three checkpoints. */
const COMMON: Partial<Parameters> = {
  maxFailures: 3,
  lastChances: 0,
  goodForMs: 15 * MINUTE,
  bucketRefreshMs: HOUR,
  bucketLookupMs: HOUR,
  checkpointMs: 5 * MINUTE,
  resendKeepsTransaction: true,
  resendsEarly: false,
  transactionIdBytes: 20,
  tokenBytes: 20,
  tokenSecrets: 3,
}

type Numbers = Pick<ResolvedOptions, 'keyExpireMs' | 'keyRefreshMs' | 'storeRedundancy' | 'anyTransaction'>

const PRESETS: Readonly<Record<Preset, Numbers & { readonly parameters: Partial<Parameters> }>> = {
  head: {
    keyExpireMs: 3 * HOUR,
    keyRefreshMs: 2.5 * HOUR,
    storeRedundancy: 6,
    anyTransaction: false,
    parameters: { ...COMMON, alpha: 8, resendAfterMs: [2_000, 6_000], requestTimeoutMs: 9_000 },
  },
  'march-2008': {
    keyExpireMs: HOUR,
    keyRefreshMs: 57 * MINUTE,
    storeRedundancy: 3,
    anyTransaction: true,
    parameters: { ...COMMON, alpha: 4, resendAfterMs: [], requestTimeoutMs: 20_000 },
  },
}

/** Of an own id; the rest must tell our nodes apart. */
const MAX_VERSION_BYTES = 8
/** Of one retrieval, in memory at once: some 14 MB. */
const MAX_RETRIEVED = 10_000

/** Checks the options and fills in the defaults. Throws XorbitError naming the option, what it got and what is allowed. */
export function resolveOptions(options: KhashmirOptions): ResolvedOptions {
  refuseUnknown('option', options, KNOWN)
  const preset = oneOf('preset', options.preset ?? 'head', ['head', 'march-2008'])
  const { parameters, ...numbers } = PRESETS[preset]
  const resolved = resolveParameters(options.parameters ?? {}, {
    ...parameters,
    mergesBuckets: toFlagOr('mergeBuckets', options.mergeBuckets, true),
  })
  const keyExpireMs = toInteger('keyExpireMs', options.keyExpireMs ?? numbers.keyExpireMs, [100, DAY])
  // Whoever sets a shorter life means it to be kept up.
  const longestRefreshMs = options.keyExpireMs === undefined ? DAY : Math.floor(0.9 * keyExpireMs)
  return {
    ...resolveNodeOptions(options, { defaultPort: DEFAULT_PORT, families: [4], maxHostsPerFamily: 1 }),
    ...numbers,
    preset,
    role: oneOf('role', options.role ?? 'write', ['nodes', 'read', 'write']),
    version: resolveVersion(options.version),
    keyExpireMs,
    keyRefreshMs: toInteger(
      'keyRefreshMs',
      options.keyRefreshMs ?? Math.min(numbers.keyRefreshMs, longestRefreshMs),
      [50, DAY],
    ),
    storeRedundancy: toInteger('storeRedundancy', options.storeRedundancy ?? numbers.storeRedundancy, [
      1,
      resolved.k,
    ]),
    retrieveValues: toInteger('retrieveValues', options.retrieveValues ?? -MAX_RETRIEVED, [
      -MAX_RETRIEVED,
      MAX_RETRIEVED,
    ]),
    parameters: { ...resolved, tokenRotationMs: resolved.checkpointMs },
  }
}

function oneOf<Word extends string>(name: string, value: unknown, words: readonly Word[]): Word {
  const found = words.find((word) => word === value)
  if (found === undefined) throw badArgument(name, words.map((word) => `'${word}'`).join(' or '), value)
  return found
}

function resolveVersion(version: unknown): string {
  if (version === undefined) return ''
  const bytes = typeof version === 'string' ? new TextEncoder().encode(version).length : -1
  if (bytes < 0 || bytes > MAX_VERSION_BYTES) {
    throw badArgument('version', `text of at most ${MAX_VERSION_BYTES} bytes`, version)
  }
  return version as string
}
