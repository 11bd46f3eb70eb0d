// The options of a mainline node: what may be given, what is the default, and what is refused.
// Not here: parameters of the algorithm beyond those that users set (kademlia/parameters.ts).
import { canonicalHost, familyOf, type Family } from '../../codecs/compact-address.ts'
import { defaultParameters, type Parameters } from '../../kademlia/parameters.ts'
import { badArgument } from '../../node/errors.ts'
import { refuseUnknown, toFlag, toInteger } from '../../node/reading.ts'
import type { Store } from '../../stores/store.ts'
import { isPort, isPrivateHost, prefixGroup } from '../addresses.ts'

export const DEFAULT_PORT = 6881

/** Parameters that may be set; the others are the network's. */
export type TunableParameters = Pick<
  Parameters,
  | 'k'
  | 'alpha'
  | 'disjointPaths'
  | 'requestTimeoutMs'
  | 'resendAfterMs'
  | 'goodForMs'
  | 'bucketRefreshMs'
  | 'checkpointMs'
  | 'maintenanceMs'
>

export interface MainlineOptions {
  /**
   * IP addresses to listen on, several of a family for a node at several addresses (BEP 45): it has an id, a socket and a
   * routing table for each, and one store. Default: every IPv4 address, and the first global IPv6 address of
   * this machine where there is one (BEP 32); in a network that is bootstrapped from loopback, loopback.
   */
  readonly host?: string | readonly string[]
  /** UDP port, the same for both families; 0 takes any free one. Default 6881. */
  readonly port?: number
  /** A file for SQLite, 'memory', or a store of your own, which close() then leaves open. Default 'memory'. */
  readonly store?: string | Store
  /** 'HOST:PORT' of nodes to join through; 'none' or [] for none. Default: the public routers. */
  readonly bootstrap?: readonly string[] | 'none'
  /** Whether loopback and private addresses are contacts, and limits per IP are lifted. Default: as hosts suggest. */
  readonly private?: boolean
  /** Asks, but answers nothing and enters no table (BEP 43). Default false. */
  readonly readOnly?: boolean
  /** false lifts all limits on what is served, for a benchmark. Default true. */
  readonly rateLimit?: boolean
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

export interface BootstrapHost {
  readonly host: string
  readonly port: number
}

export interface ResolvedOptions {
  /** null: as the machine has them. IPv4 first; at most MAX_HOSTS_PER_FAMILY of a family. */
  readonly hosts: readonly string[] | null
  readonly port: number
  readonly store: string | Store
  /** null: the built-in public routers. */
  readonly bootstrap: readonly BootstrapHost[] | null
  readonly private: boolean
  readonly readOnly: boolean
  readonly rateLimit: boolean
  readonly announceIntervalMs: number
  readonly publishIntervalMs: number
  readonly peerLifetimeMs: number
  readonly itemLifetimeMs: number
  readonly version: Uint8Array
  readonly parameters: Parameters
}

const KNOWN: readonly (keyof MainlineOptions)[] = [
  'host',
  'port',
  'store',
  'bootstrap',
  'private',
  'readOnly',
  'rateLimit',
  'announceIntervalMs',
  'publishIntervalMs',
  'peerLifetimeMs',
  'itemLifetimeMs',
  'version',
  'parameters',
]

/** Each with the least and the most that is allowed. */
const TUNABLE: Readonly<Record<keyof TunableParameters, readonly [least: number, most: number]>> = {
  k: [1, 64],
  alpha: [1, 32],
  disjointPaths: [1, 16],
  requestTimeoutMs: [10, 60_000],
  resendAfterMs: [1, 60_000],
  goodForMs: [100, 86_400_000],
  bucketRefreshMs: [100, 86_400_000],
  checkpointMs: [100, 86_400_000],
  maintenanceMs: [10, 600_000],
}

const MINUTE = 60_000

/** Checks the options and fills in the defaults. Throws XorbitError naming the option, what it got and what is allowed. */
export function resolveOptions(options: MainlineOptions): ResolvedOptions {
  refuseUnknown('option', options, KNOWN)
  const bootstrap = resolveBootstrap(options.bootstrap)
  const hosts = resolveHosts(options.host, bootstrap)
  checkFamilies(hosts, bootstrap ?? [])
  const isPrivate = [...(hosts ?? []), ...(bootstrap ?? []).map(({ host }) => host)].some(isLocal)
  const privateNetwork = flag('private', options.private, isPrivate)
  return {
    hosts,
    port: toInteger('port', options.port ?? DEFAULT_PORT, [0, 65_535]),
    store: resolveStore(options.store),
    // Nobody outside is asked about a private network.
    bootstrap: bootstrap ?? (privateNetwork ? [] : null),
    private: privateNetwork,
    readOnly: flag('readOnly', options.readOnly, false),
    rateLimit: flag('rateLimit', options.rateLimit, true),
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

/** Reads 'HOST:PORT' or '[v6]:PORT'; the port may be missing where there is a default. Throws XorbitError naming `name`. */
export function parseHostPort(
  name: string,
  text: string,
  defaultPort: number | null = DEFAULT_PORT,
): BootstrapHost {
  const parts = splitHostPort(text.trim())
  const port = parts.port === '' ? defaultPort : Number(parts.port)
  if (parts.host === '' || port === null || !isPort(port)) {
    throw badArgument(
      name,
      `HOST:PORT with a port from 1 to 65535${defaultPort === null ? '' : ', or HOST'}`,
      text,
    )
  }
  return { host: canonicalHost(parts.host) ?? parts.host, port }
}

function splitHostPort(text: string): { host: string; port: string } {
  // More than one colon without brackets is a bare IPv6 address.
  if (familyOf(text) === 6) return { host: text, port: '' }
  const match = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(text)
  return { host: match?.[1] ?? match?.[2] ?? '', port: match?.[3] ?? '' }
}

function resolveHosts(
  host: MainlineOptions['host'],
  bootstrap: readonly BootstrapHost[] | null,
): readonly string[] | null {
  if (host === undefined) return loopbackFor(bootstrap)
  const given: readonly unknown[] = Array.isArray(host) ? host : [host]
  if (given.length === 0) throw badArgument('host', 'an IPv4 or IPv6 address of this machine', host)
  const hosts = given.map((each) => {
    const canonical = typeof each === 'string' ? canonicalHost(each) : null
    if (canonical === null) throw badArgument('host', 'an IPv4 or IPv6 address of this machine', each)
    return canonical
  })
  // IPv4 first: the first family is the one whose id is `id`.
  return ([4, 6] as const).flatMap((family) => hostsOf(family, hosts))
}

/** Of one node and family; each needs a table of its own. */
const MAX_HOSTS_PER_FAMILY = 8

function hostsOf(family: Family, hosts: readonly string[]): readonly string[] {
  const own = hosts.filter((host) => familyOf(host) === family)
  if (own.length > MAX_HOSTS_PER_FAMILY) {
    throw badArgument('host', `at most ${MAX_HOSTS_PER_FAMILY} addresses of IPv${family}`, own.length)
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
function checkFamilies(hosts: readonly string[] | null, bootstrap: readonly BootstrapHost[]): void {
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
function loopbackFor(bootstrap: readonly BootstrapHost[] | null): readonly string[] | null {
  if (bootstrap === null || bootstrap.length === 0) return null
  const all = bootstrap.map(({ host }) => host)
  if (!all.every((host) => host.startsWith('127.') || host === '::1' || host === 'localhost')) return null
  return [
    ...(all.every((host) => host === '::1') ? [] : ['127.0.0.1']),
    ...(all.includes('::1') ? ['::1'] : []),
  ]
}

function resolveBootstrap(bootstrap: MainlineOptions['bootstrap']): readonly BootstrapHost[] | null {
  if (bootstrap === undefined) return null
  if (bootstrap === 'none') return []
  if (!Array.isArray(bootstrap)) throw badArgument('bootstrap', "a list of 'HOST:PORT', or 'none'", bootstrap)
  return bootstrap.map((each) => {
    if (typeof each !== 'string' || each === 'none') throw badArgument('bootstrap', "'HOST:PORT'", each)
    return parseHostPort('bootstrap', each)
  })
}

function resolveStore(store: MainlineOptions['store']): string | Store {
  if (store === undefined) return 'memory'
  const isStore =
    typeof store === 'object' &&
    store !== null &&
    ['peers', 'records', 'state'].every((part) => part in store)
  if (!isStore && (typeof store !== 'string' || store === '')) {
    throw badArgument('store', "a file name, 'memory' or a store", store)
  }
  return store
}

function resolveVersion(version: MainlineOptions['version']): Uint8Array {
  if (version === undefined) return Uint8Array.of(0x58, 0x4f, 0, 1)
  if (!(version instanceof Uint8Array) || version.length !== 4)
    throw badArgument('version', '4 bytes', version)
  return version
}

function resolveParameters(given: Partial<TunableParameters>): Parameters {
  const names = Object.keys(TUNABLE) as (keyof TunableParameters)[]
  refuseUnknown('parameter', given, names)
  const resolved: { -readonly [name in keyof Parameters]: Parameters[name] } = { ...defaultParameters }
  for (const name of names) {
    const value = given[name]
    if (value === undefined) continue
    if (name === 'resendAfterMs') resolved[name] = resendSchedule(value)
    else resolved[name] = toInteger(`parameters.${name}`, value, TUNABLE[name])
  }
  return resolved
}

/** At most two resends: three attempts are the most that one request makes. */
const MAX_RESENDS = 2

function resendSchedule(value: unknown): readonly number[] {
  const name = 'parameters.resendAfterMs'
  const allowed = `at most ${MAX_RESENDS} ascending times in ms`
  if (!Array.isArray(value) || value.length > MAX_RESENDS) throw badArgument(name, allowed, value)
  const times = value.map((each) => toInteger(name, each, TUNABLE.resendAfterMs))
  if (times.some((time, i) => i > 0 && time <= times[i - 1]!)) throw badArgument(name, allowed, value)
  return times
}

function flag(name: string, value: unknown, byDefault: boolean): boolean {
  return value === undefined ? byDefault : toFlag(name, value)
}

function isLocal(host: string): boolean {
  return host === 'localhost' || isPrivateHost(host)
}
