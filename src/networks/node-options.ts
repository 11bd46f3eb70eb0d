// The options that nodes of every network over IP have, and parameters of the algorithm that may be set: read, checked,
// and filled in. Not here: what only one network has (its options.ts).
import { canonicalHost, familyOf, type Family } from '../codecs/compact-address.ts'
import { defaultParameters, type Parameters } from '../kademlia/parameters.ts'
import { badArgument } from '../node/errors.ts'
import type { HostPort } from '../node/local-node.ts'
import { refuseUnknown, toFlag, toInteger } from '../node/reading.ts'
import type { Store } from '../stores/store.ts'
import { isPrivateHost, prefixGroup } from './addresses.ts'
import { parseHostPort } from './host-port.ts'

export interface NodeOptions {
  /** UDP port; 0 takes any free one. */
  readonly port?: number
  /** A file for SQLite, 'memory', or a store of your own, which close() then leaves open. Default 'memory'. */
  readonly store?: string | Store
  /** 'HOST:PORT' of nodes to join through; 'none' or [] for none. */
  readonly bootstrap?: readonly string[] | 'none'
  /** Whether loopback and private addresses are contacts, and limits per IP are lifted. Default: as hosts suggest. */
  readonly private?: boolean
  /** Asks, but answers nothing and enters no table. Default false. */
  readonly readOnly?: boolean
  /** false lifts all limits on what is served, for a benchmark. Default true. */
  readonly rateLimit?: boolean
}

export interface ResolvedNodeOptions {
  /** null: as the machine has them. IPv4 first; at most MAX_HOSTS_PER_FAMILY of a family. */
  readonly hosts: readonly string[] | null
  readonly port: number
  readonly store: string | Store
  /** null: those that the network has built in. */
  readonly bootstrap: readonly HostPort[] | null
  readonly private: boolean
  readonly readOnly: boolean
  readonly rateLimit: boolean
}

export const NODE_OPTIONS = [
  'host',
  'port',
  'store',
  'bootstrap',
  'private',
  'readOnly',
  'rateLimit',
] as const

/** How one network has them. */
export interface NodeOptionRules {
  readonly defaultPort: number
  readonly families: readonly Family[]
  /** Addresses of ours; each needs a table of its own. */
  readonly maxHostsPerFamily: number
}

/** Checks them and fills in the defaults. Throws XorbitError naming the option, what it got and what is allowed. */
export function resolveNodeOptions(
  options: NodeOptions & { readonly host?: string | readonly string[] },
  rules: NodeOptionRules,
): ResolvedNodeOptions {
  const bootstrap = resolveBootstrap(options.bootstrap, rules.defaultPort)
  const hosts = resolveHosts(options.host, bootstrap, rules)
  checkFamilies(hosts, bootstrap ?? [])
  const isPrivate = [...(hosts ?? []), ...(bootstrap ?? []).map(({ host }) => host)].some(isLocal)
  const privateNetwork = toFlagOr('private', options.private, isPrivate)
  return {
    hosts,
    port: toInteger('port', options.port ?? rules.defaultPort, [0, 65_535]),
    store: resolveStore(options.store),
    // Nobody outside is asked about a private network.
    bootstrap: bootstrap ?? (privateNetwork ? [] : null),
    private: privateNetwork,
    readOnly: toFlagOr('readOnly', options.readOnly, false),
    rateLimit: toFlagOr('rateLimit', options.rateLimit, true),
  }
}

/** The names and bounds of the parameters that may be set in a network; resendAfterMs is among them everywhere. */
export type TunableBounds<Name extends keyof Parameters> = Readonly<
  Record<Name, readonly [least: number, most: number]>
>

/** Bounds that hold in every network. */
export const TUNABLE_BOUNDS = {
  k: [1, 64],
  alpha: [1, 32],
  disjointPaths: [1, 16],
  requestTimeoutMs: [10, 60_000],
  resendAfterMs: [1, 60_000],
  goodForMs: [100, 86_400_000],
  maxFailures: [1, 20],
  bucketRefreshMs: [100, 86_400_000],
  checkpointMs: [100, 86_400_000],
  maintenanceMs: [10, 600_000],
} as const satisfies TunableBounds<
  | 'k'
  | 'alpha'
  | 'disjointPaths'
  | 'requestTimeoutMs'
  | 'resendAfterMs'
  | 'goodForMs'
  | 'maxFailures'
  | 'bucketRefreshMs'
  | 'checkpointMs'
  | 'maintenanceMs'
>

/** Parameters that may be set; the others are the network's. */
export type TunableParameters = Pick<Parameters, keyof typeof TUNABLE_BOUNDS>

/** `byDefault`: what the network has instead of the defaults. */
export function resolveParameters(
  given: Partial<TunableParameters>,
  byDefault: Partial<Parameters> = {},
): Parameters {
  const names = Object.keys(TUNABLE_BOUNDS) as (keyof TunableParameters)[]
  refuseUnknown('parameter', given, names)
  const resolved: { -readonly [name in keyof Parameters]: Parameters[name] } = {
    ...defaultParameters,
    ...byDefault,
  }
  for (const name of names) {
    const value = given[name]
    if (value === undefined) continue
    if (name === 'resendAfterMs') resolved[name] = resendSchedule(value)
    else resolved[name] = toInteger(`parameters.${name}`, value, TUNABLE_BOUNDS[name])
  }
  return resolved
}

/** At most two resends: three attempts are the most that one request makes. */
const MAX_RESENDS = 2

function resendSchedule(value: unknown): readonly number[] {
  const name = 'parameters.resendAfterMs'
  const allowed = `at most ${MAX_RESENDS} ascending times in ms`
  if (!Array.isArray(value) || value.length > MAX_RESENDS) throw badArgument(name, allowed, value)
  const times = value.map((each) => toInteger(name, each, TUNABLE_BOUNDS.resendAfterMs))
  if (times.some((time, i) => i > 0 && time <= times[i - 1]!)) throw badArgument(name, allowed, value)
  return times
}

export function toFlagOr(name: string, value: unknown, byDefault: boolean): boolean {
  return value === undefined ? byDefault : toFlag(name, value)
}

function resolveHosts(
  host: string | readonly string[] | undefined,
  bootstrap: readonly HostPort[] | null,
  rules: NodeOptionRules,
): readonly string[] | null {
  if (host === undefined) return loopbackFor(bootstrap, rules)
  const allowed = `an ${rules.families.map((family) => `IPv${family}`).join(' or ')} address of this machine`
  const given: readonly unknown[] = Array.isArray(host) ? host : [host]
  if (given.length === 0) throw badArgument('host', allowed, host)
  const hosts = given.map((each) => {
    const canonical = typeof each === 'string' ? canonicalHost(each) : null
    const family = canonical === null ? null : familyOf(canonical)
    if (family === null || !rules.families.includes(family)) throw badArgument('host', allowed, each)
    return canonical!
  })
  // IPv4 first: the first family is the one whose id is `id`.
  return ([4, 6] as const).flatMap((family) => hostsOf(family, hosts, rules.maxHostsPerFamily))
}

function hostsOf(family: Family, hosts: readonly string[], most: number): readonly string[] {
  const own = hosts.filter((host) => familyOf(host) === family)
  if (own.length > most) {
    throw badArgument(
      'host',
      `at most ${most} ${most === 1 ? 'address' : 'addresses'} of IPv${family}`,
      own.length,
    )
  }
  if (own.length > 1 && own.some((host) => host === '0.0.0.0' || host === '::')) {
    throw badArgument('host', `either every address of IPv${family}, or definite ones`, own)
  }
  if (new Set(own).size < own.length) throw badArgument('host', 'each address once', own)
  // Others count a /64 as one node, and would drop the second (B45-05).
  if (family === 6 && new Set(own.map(prefixGroup)).size < own.length) {
    throw badArgument('host', 'at most one IPv6 address of each /64', own)
  }
  return own
}

/** A bootstrap node that none of our hosts can reach is a mistake; of names we do not know. */
function checkFamilies(hosts: readonly string[] | null, bootstrap: readonly HostPort[]): void {
  if (hosts === null) return
  const ours = [...new Set(hosts.map((host) => familyOf(host)))]
  for (const { host } of bootstrap) {
    const family = familyOf(host)
    if (family !== null && !ours.includes(family)) {
      throw badArgument('bootstrap', `an address of IPv${ours.join(' or IPv')}, as host has`, host)
    }
  }
}

/** Who joins through loopback alone need not listen anywhere else. */
function loopbackFor(
  bootstrap: readonly HostPort[] | null,
  { families }: NodeOptionRules,
): readonly string[] | null {
  if (bootstrap === null || bootstrap.length === 0) return null
  const all = bootstrap.map(({ host }) => host)
  if (!all.every((host) => host.startsWith('127.') || host === '::1' || host === 'localhost')) return null
  const hosts = [
    ...(all.every((host) => host === '::1') ? [] : ['127.0.0.1']),
    ...(all.includes('::1') ? ['::1'] : []),
  ].filter((host) => families.includes(familyOf(host)!))
  return hosts.length === 0 ? null : hosts
}

function resolveBootstrap(
  bootstrap: NodeOptions['bootstrap'],
  defaultPort: number,
): readonly HostPort[] | null {
  if (bootstrap === undefined) return null
  if (bootstrap === 'none') return []
  if (!Array.isArray(bootstrap)) throw badArgument('bootstrap', "a list of 'HOST:PORT', or 'none'", bootstrap)
  return bootstrap.map((each) => {
    if (typeof each !== 'string' || each === 'none') throw badArgument('bootstrap', "'HOST:PORT'", each)
    return parseHostPort('bootstrap', each, defaultPort)
  })
}

function resolveStore(store: NodeOptions['store']): string | Store {
  if (store === undefined) return 'memory'
  const isStore =
    typeof store === 'object' &&
    store !== null &&
    ['peers', 'records', 'values', 'state'].every((part) => part in store)
  if (!isStore && (typeof store !== 'string' || store === '')) {
    throw badArgument('store', "a file name, 'memory' or a store", store)
  }
  return store
}

function isLocal(host: string): boolean {
  return host === 'localhost' || isPrivateHost(host)
}
