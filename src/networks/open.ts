// What the composition roots of all networks over UDP share: real sockets, stores, names and this machine's addresses.
// Not here: which network it is (each one's open.ts).
import { lookup } from 'node:dns/promises'
import { networkInterfaces } from 'node:os'
import { canonicalHost, familyOf, type Family } from '../codecs/compact-address.ts'
import type { Address } from '../kademlia/contact.ts'
import type { HostPort, LocalPorts } from '../node/local-node.ts'
import type { NodeParts } from '../node/node-life.ts'
import type { Transport } from '../node/ports.ts'
import { createRandom, createScheduler, sha1 } from '../node/system.ts'
import { createMemoryStore, type MemoryStoreOptions } from '../stores/memory-store.ts'
import { openSqliteStore } from '../stores/sqlite-store.ts'
import type { Store } from '../stores/store.ts'
import { TransportError } from '../transports/transport-error.ts'
import { openUdpTransport } from '../transports/udp-transport.ts'
import type { ResolvedNodeOptions } from './node-options.ts'

/** How long the name server may take; then the name counts as unknown and the others are used. */
const RESOLVE_TIMEOUT_MS = 5_000
/** Addresses of one name that are asked. */
const MAX_ADDRESSES_PER_NAME = 4
/** How often this machine's addresses are compared, to notice another network. */
const WATCH_INTERVAL_MS = 15_000

/** What opens on this machine. */
export interface Opening {
  readonly options: ResolvedNodeOptions
  /** Where it listens when the user says nothing. */
  readonly defaultHosts: readonly string[]
  /** The nodes to join through when the user names none. */
  readonly builtIn: readonly HostPort[]
  /** Bounds of the store other than its defaults. */
  readonly storeLimits?: MemoryStoreOptions
  /** Binds one address. Default: a UDP socket. */
  readonly bind?: (host: string, port: number) => Promise<Transport>
}

const bindUdp = (host: string, port: number): Promise<Transport> =>
  openUdpTransport({ host, port, family: familyOf(host)! })

interface OpenNode {
  start(): void
  join(): Promise<unknown>
}

/** What a node is made of here. `warning`: something that it does without. */
export interface RealParts extends NodeParts {
  readonly locals: readonly LocalPorts[]
}

/**
 * Opens store and sockets, makes a node of them, and begins to join in the background. Throws TransportError or
 * StoreError, each with a code, and leaves nothing open then.
 */
export async function openNode<Node extends OpenNode>(
  opening: Opening,
  make: (parts: RealParts) => { readonly node: Node; readonly warn: (warning: unknown) => void },
): Promise<Node> {
  const { options } = opening
  const ownsStore = typeof options.store === 'string'
  const store = openStore(options, opening.storeLimits)
  try {
    const { transports, warning } = await openSockets(opening)
    const locals = transports.map((transport) => portsOf(transport, opening))
    const scheduler = createScheduler()
    const { node, warn } = make({ store, ownsStore, locals, scheduler, random: createRandom(), hash: sha1 })
    node.start()
    void node.join().catch(() => {})
    if (warning !== null) scheduler.soon(() => warn(warning))
    return node
  } catch (error) {
    if (ownsStore) store.close()
    throw error
  }
}

/** Calls back when the addresses of this machine have changed; the result ends that. */
export function watchAddresses(changed: () => void): () => void {
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

/** With port 0 the second family takes the port that the first one got; another try where that is taken. */
const MAX_TRIES = 5

async function openSockets({
  options: { hosts, port },
  defaultHosts,
  bind = bindUdp,
}: Opening): Promise<{ transports: readonly Transport[]; warning: unknown }> {
  for (let tries = 1; ; tries++) {
    const { transports, error } = await bindAll(hosts ?? defaultHosts, port, bind)
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
  bind: (host: string, port: number) => Promise<Transport>,
): Promise<{ transports: readonly Transport[]; error: TransportError | null }> {
  const transports: Transport[] = []
  try {
    for (const host of hosts) {
      transports.push(await bind(host, transports[0]?.local.port ?? port))
    }
    return { transports, error: null }
  } catch (error) {
    if (error instanceof TransportError) return { transports, error }
    throw error
  }
}

function openStore(options: ResolvedNodeOptions, storeLimits: MemoryStoreOptions = {}): Store {
  const { store } = options
  if (typeof store !== 'string') return store
  const limits = { ...storeLimits, unlimitedPerIp: options.private || !options.rateLimit }
  return store === 'memory' ? createMemoryStore(limits) : openSqliteStore(store, limits)
}

function portsOf(transport: Transport, { options, builtIn }: Opening): LocalPorts {
  const { bootstrap } = options
  const family = familyOf(transport.local.host)!
  const routers = new Set<string>()
  return {
    transport,
    resolve: (host) => resolve(host, family),
    isRouter: ({ host, port }) => routers.has(`${host}|${port}`),
    bootstrap: async () => {
      const resolved = await Promise.all((bootstrap ?? builtIn).map((each) => resolve(each, family)))
      const addresses = resolved.flat()
      // Who the user names is an ordinary contact; the built-in routers are not (B5-23).
      if (bootstrap === null) for (const { host, port } of addresses) routers.add(`${host}|${port}`)
      return addresses
    },
  }
}

/** The addresses of a name in a family; none when it cannot be resolved in time. */
async function resolve({ host, port }: HostPort, family: Family): Promise<Address[]> {
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
