// The composition root of mainline: the one place that names real sockets, files, clocks and name servers.
import { lookup } from 'node:dns/promises'
import { networkInterfaces } from 'node:os'
import { canonicalHost, familyOf, type Family } from '../../codecs/compact-address.ts'
import type { Address } from '../../kademlia/contact.ts'
import type { Transport } from '../../node/ports.ts'
import { createRandom, createScheduler, sha1 } from '../../node/system.ts'
import { createMemoryStore } from '../../stores/memory-store.ts'
import { openSqliteStore } from '../../stores/sqlite-store.ts'
import type { Store } from '../../stores/store.ts'
import { TransportError } from '../../transports/transport-error.ts'
import { openUdpTransport } from '../../transports/udp-transport.ts'
import { reachOf } from '../addresses.ts'
import { PUBLIC_ROUTERS } from './bootstrap-hosts.ts'
import type { FamilyPorts } from './family.ts'
import type { MainlineParts } from './life.ts'
import { MainlineNode } from './node.ts'
import { resolveOptions, type BootstrapHost, type MainlineOptions, type ResolvedOptions } from './options.ts'

/** How long the name server may take; then the name counts as unknown and the others are used. */
const RESOLVE_TIMEOUT_MS = 5_000
/** Addresses of one name that are asked. */
const MAX_ADDRESSES_PER_NAME = 4
/** How often this machine's addresses are compared, to notice another network. */
const WATCH_INTERVAL_MS = 15_000

/** A node of the BitTorrent DHT on real sockets. */
export class Mainline extends MainlineNode {
  readonly #unwatch: () => void

  private constructor(parts: MainlineParts) {
    super(parts)
    this.#unwatch = watchAddresses(() => void this.#addressesChanged())
  }

  /**
   * Opens a node: binds its sockets, opens its store and begins to join in the background (`await dht.join()` waits for
   * that). Throws XorbitError, TransportError or StoreError, each with a code, and leaves nothing open then.
   */
  static async open(options: MainlineOptions = {}): Promise<Mainline> {
    const resolved = resolveOptions(options)
    const ownsStore = typeof resolved.store === 'string'
    const store = openStore(resolved)
    try {
      const { transports, warning } = await openSockets(resolved)
      const families = transports.map((transport) => portsOf(transport, resolved))
      const clockwork = { scheduler: createScheduler(), random: createRandom(), hash: sha1 }
      const node = new Mainline({ options: resolved, store, ownsStore, families, ...clockwork })
      node.start()
      void node.join().catch(() => {})
      if (warning !== null) clockwork.scheduler.soon(() => node.warn(warning))
      return node
    } catch (error) {
      if (ownsStore) store.close()
      throw error
    }
  }

  override close(): Promise<void> {
    this.#unwatch()
    return super.close()
  }

  async #addressesChanged(): Promise<void> {
    this.networkChanged()
    // An IPv6 socket is bound to one address (BEP 32), which may be gone; where we chose it, we choose again.
    const [host] = globalIpv6Hosts()
    const bound = this.addresses.find((address) => familyOf(address.host) === 6)
    if (this.parts.options.hosts !== null || bound === undefined || host === undefined) return
    if (globalIpv6Hosts().includes(bound.host)) return
    try {
      await this.rebind(await openUdpTransport({ host, port: bound.port, family: 6 }))
    } catch (error) {
      this.warn(error)
    }
  }
}

/** With port 0 the second family takes the port that the first one got; another try where that is taken. */
const MAX_TRIES = 5

async function openSockets({
  hosts,
  port,
}: ResolvedOptions): Promise<{ transports: readonly Transport[]; warning: unknown }> {
  for (let tries = 1; ; tries++) {
    const { transports, error } = await bindAll(hosts ?? defaultHosts(), port)
    if (error === null) return { transports, warning: null }
    const isPartial = transports.length > 0
    const again = isPartial && port === 0 && tries < MAX_TRIES
    // Nobody asked for IPv6: without it the node is as good as before.
    if (isPartial && !again && hosts === null) return { transports, warning: error }
    await Promise.all(transports.map((transport) => transport.close()))
    if (!again) throw error
  }
}

/** One socket a host, up to the first that fails. */
async function bindAll(
  hosts: readonly string[],
  port: number,
): Promise<{ transports: readonly Transport[]; error: TransportError | null }> {
  const transports: Transport[] = []
  try {
    for (const host of hosts) {
      const bound = { host, port: transports[0]?.local.port ?? port, family: familyOf(host)! }
      transports.push(await openUdpTransport(bound))
    }
    return { transports, error: null }
  } catch (error) {
    if (error instanceof TransportError) return { transports, error }
    throw error
  }
}

function openStore(options: ResolvedOptions): Store {
  const { store } = options
  if (typeof store !== 'string') return store
  const limits = { unlimitedPerIp: options.private || !options.rateLimit }
  return store === 'memory' ? createMemoryStore(limits) : openSqliteStore(store, limits)
}

/** Every IPv4 address, and the first global IPv6 one: BEP 32 wants a definite address there, and no Teredo (B32-10). */
function defaultHosts(): string[] {
  return ['0.0.0.0', ...globalIpv6Hosts().slice(0, 1)]
}

function globalIpv6Hosts(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .map(({ address }) => canonicalHost(address) ?? '')
    .filter((host) => familyOf(host) === 6 && reachOf(host) === 'global')
}

function portsOf(transport: Transport, { bootstrap }: ResolvedOptions): FamilyPorts {
  const family = familyOf(transport.local.host)!
  const routers = new Set<string>()
  return {
    family,
    transport,
    resolve: (host) => resolve(host, family),
    isRouter: ({ host, port }) => routers.has(`${host}|${port}`),
    bootstrap: async () => {
      const resolved = await Promise.all((bootstrap ?? PUBLIC_ROUTERS).map((each) => resolve(each, family)))
      const addresses = resolved.flat()
      // Who the user names is an ordinary contact; the built-in routers are not (B5-23).
      if (bootstrap === null) for (const { host, port } of addresses) routers.add(`${host}|${port}`)
      return addresses
    },
  }
}

/** The addresses of a name in a family; none when it cannot be resolved in time. */
async function resolve({ host, port }: BootstrapHost, family: Family): Promise<Address[]> {
  const literal = canonicalHost(host)
  if (literal !== null) return familyOf(literal) === family ? [{ host: literal, port }] : []
  const timeout = new Promise<never[]>((give) => {
    setTimeout(give, RESOLVE_TIMEOUT_MS, []).unref()
  })
  const found = await Promise.race([lookup(host, { all: true, family }).catch(() => []), timeout])
  return found.slice(0, MAX_ADDRESSES_PER_NAME).flatMap(({ address }) => {
    const canonical = canonicalHost(address)
    return canonical === null ? [] : [{ host: canonical, port }]
  })
}

/** Calls back when the addresses of this machine have changed; the result ends that. */
function watchAddresses(changed: () => void): () => void {
  const now = (): string =>
    JSON.stringify(
      Object.values(networkInterfaces()).map((addresses) => addresses?.map(({ address }) => address)),
    )
  let last = now()
  const timer = setInterval(() => {
    const current = now()
    if (current === last) return
    last = current
    changed()
  }, WATCH_INTERVAL_MS)
  timer.unref()
  return () => clearInterval(timer)
}
