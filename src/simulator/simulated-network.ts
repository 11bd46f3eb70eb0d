// A simulated network: production nodes on virtual machines, sockets and time, and somebody who knows all of them.
// Which network it is says who makes a node of its parts (mainline-network.ts, khashmir-network.ts, drogulus-network.ts). Not here: what is
// done with it; that is what scenarios are for.
import { readHost, type Family } from '../codecs/compact-address.ts'
import { addressKey, type Address } from '../kademlia/contact.ts'
import { compareDistance, toHex, type Id } from '../kademlia/id.ts'
import type { LocalPorts } from '../node/local-node.ts'
import type { NodeParts } from '../node/node-life.ts'
import type { Transport } from '../node/ports.ts'
import { sha1 } from '../node/system.ts'
import { prefixGroup, reachOf } from '../networks/addresses.ts'
import { createMemoryStore } from '../stores/memory-store.ts'
import type { Store } from '../stores/store.ts'
import { Machine } from './machine.ts'
import { SeededRandom } from './seeded-random.ts'
import { VirtualClock } from './virtual-clock.ts'
import { goodLink, VirtualNetwork, type LinkQuality, type VirtualSocket } from './virtual-network.ts'

/** How one node is set up; everything has a default. */
export interface NodeSetup<Options> {
  /** The address that others see, one a family. Default: a random public IPv4 address. */
  readonly addresses?: readonly Address[]
  /** The addresses that the node itself sees, where those are others. */
  readonly locals?: readonly Address[]
  readonly store?: Store
  readonly options?: Options
  /** By how much its clock is wrong; below 0: behind. Default 0. */
  readonly clockAheadMs?: number
  /** Where it joins; of these it takes those of each family. Default: nowhere. */
  readonly bootstrap?: readonly Address[]
  /** Whether these are the built-in routers, which never enter a table. */
  readonly routers?: boolean
  /** Puts something between node and network, such as a liar. */
  readonly wrap?: (transport: Transport) => Transport
}

/** A node of whatever network, as far as the simulator needs it. */
interface AnyNode {
  readonly id: Id
  start(): void
  join(): Promise<unknown>
}

/** What a node is made of here. */
export interface SimulatedParts extends NodeParts {
  readonly locals: readonly LocalPorts[]
}

/** One node with its machine and its sockets. */
export class SimulatedNode<Node extends AnyNode> {
  readonly node: Node
  readonly machine: Machine
  readonly sockets: readonly VirtualSocket[]
  readonly store: Store
  readonly #network: VirtualNetwork

  constructor(parts: {
    node: Node
    machine: Machine
    sockets: readonly VirtualSocket[]
    store: Store
    network: VirtualNetwork
  }) {
    this.node = parts.node
    this.machine = parts.machine
    this.sockets = parts.sockets
    this.store = parts.store
    this.#network = parts.network
  }

  /** Where others find it; the IPv4 address where it has both. */
  get address(): Address {
    return this.sockets[0]!.seenAs
  }

  get host(): string {
    return this.address.host
  }

  /** Its id in the DHT of its first family. */
  get id(): Id {
    return this.node.id
  }

  /** The link is dead, in both directions, and comes back. */
  unplug(): void {
    for (const { seenAs } of this.sockets) {
      this.#network.connect(seenAs.host, { hears: false, speaks: false })
    }
  }

  plug(): void {
    for (const { seenAs } of this.sockets) this.#network.connect(seenAs.host)
  }

  sleep(): void {
    this.machine.suspend()
    this.unplug()
  }

  wake(): void {
    this.plug()
    this.machine.resume()
  }

  /** Gone without a word, as by `kill -9`: only the store is left. */
  crash(): void {
    this.machine.suspend()
    for (const socket of this.sockets) this.#network.remove(socket)
  }
}

export abstract class SimulatedNetwork<Node extends AnyNode, Options> {
  readonly seed: number
  readonly clock = new VirtualClock()
  readonly network: VirtualNetwork
  /** The workload's own dice. */
  readonly random: SeededRandom
  /** Who lives. */
  readonly nodes: SimulatedNode<Node>[] = []
  /** Addresses and /24 or /64 that are taken. As many as there were nodes. */
  readonly #taken = new Set<string>()
  readonly #addressRandom: SeededRandom
  #made = 0

  constructor(seed: number, quality: LinkQuality = goodLink) {
    this.seed = seed
    this.random = new SeededRandom(seed, 'workload')
    this.#addressRandom = this.random.stream('addresses')
    const random = this.random.stream('network')
    this.network = new VirtualNetwork({ scheduler: this.clock, random, quality })
  }

  /** Where its nodes listen when nothing is said. */
  protected abstract readonly defaultPort: number

  /** Makes a node that has not started. */
  protected abstract make(parts: SimulatedParts, options: Options | undefined): Node

  /** What a node keeps where it is handed nothing. */
  protected makeStore(): Store {
    return createMemoryStore()
  }

  /** A public address in a prefix of its own. */
  freshAddress(family: Family = 4, port: number = this.defaultPort): Address {
    for (;;) {
      const bytes = this.#addressRandom.bytes(family === 4 ? 4 : 16)
      // Of IPv6 only 2000::/3 is in use, so the first bits are given.
      if (family === 6) bytes.set([0x2a, bytes[1]! & 0x0f], 0)
      const host = readHost(bytes, 0, family === 4 ? 4 : 16)
      const prefix = prefixGroup(host)
      if (reachOf(host) !== 'global' || this.#taken.has(prefix)) continue
      this.#taken.add(prefix)
      return { host, port }
    }
  }

  /** Makes a node and starts it; it does not join by itself. */
  add(setup: NodeSetup<Options> = {}): SimulatedNode<Node> {
    const { addresses = [this.freshAddress()], bootstrap = [], routers = false } = setup
    const machine = new Machine(this.clock, setup.clockAheadMs)
    const sockets = addresses.map((address, index) =>
      this.network.open(setup.locals?.[index] ?? address, address),
    )
    const store = setup.store ?? this.makeStore()
    const locals = sockets.map((socket) => {
      const family: Family = socket.seenAs.host.includes(':') ? 6 : 4
      const known = bootstrap.filter(({ host }) => host.includes(':') === (family === 6))
      return {
        transport: setup.wrap?.(socket) ?? socket,
        bootstrap: () => Promise.resolve(known),
        // There are no names here: addresses stand for themselves.
        resolve: (host: Address) => Promise.resolve([host]),
        isRouter: (address: Address) =>
          routers && known.some((each) => addressKey(each) === addressKey(address)),
      }
    })
    const random = this.random.stream(`node ${this.#made++}`)
    const parts = { store, ownsStore: false, scheduler: machine, random, hash: sha1, locals }
    const node = this.make(parts, setup.options)
    node.start()
    const made = new SimulatedNode({ node, machine, sockets, store, network: this.network })
    this.nodes.push(made)
    return made
  }

  /** Adds nodes that join one by one, each through some node that is there, and lets the last ones settle. */
  async grow(count: number, setup: (index: number) => NodeSetup<Options> = () => ({})): Promise<void> {
    for (let index = 0; index < count; index++) {
      const known = this.nodes.length === 0 ? [] : [this.random.pick(this.nodes)]
      const bootstrap = known.flatMap(({ sockets }) => sockets.map(({ seenAs }) => seenAs))
      const { node } = this.add({ bootstrap, ...setup(index) })
      if (known.length > 0) await this.clock.settle(node.join())
    }
    await this.clock.runFor(60_000)
  }

  /** Takes a node out without a word. */
  crash(node: SimulatedNode<Node>): void {
    node.crash()
    this.nodes.splice(this.nodes.indexOf(node), 1)
  }

  /** The ids of the living nodes of the first family that are closest to a target, nearest first. */
  trueClosest(target: Id, count = 8, except: SimulatedNode<Node> | null = null): Id[] {
    return this.nodes
      .filter((each) => each !== except)
      .map(({ id }) => id)
      .sort((a, b) => compareDistance(target, a, b))
      .slice(0, count)
  }

  /** The share of the true closest that were found. */
  recall(truth: readonly Id[], found: readonly { readonly id: Id }[]): number {
    const ids = new Set(found.map(({ id }) => toHex(id)))
    return truth.length === 0 ? 1 : truth.filter((id) => ids.has(toHex(id))).length / truth.length
  }
}
