// A virtual internet of UDP: datagrams are copied, delayed, lost, doubled and overtake each other; addresses can be cut
// off and moved. Sockets on it are Transports. Not here: who talks on it, and clocks (virtual-clock.ts).
import type { Address } from '../kademlia/contact.ts'
import { addressKey } from '../kademlia/contact.ts'
import type { ReplyTo } from '../kademlia/ports.ts'
import type { Receiver, Scheduler, Transport } from '../node/ports.ts'
import type { SeededRandom } from './seeded-random.ts'
import { TraceHash } from './trace-hash.ts'

/** How the network treats each datagram, one way. */
export interface LinkQuality {
  /** Uniform between the two; what makes datagrams overtake each other. */
  readonly minDelayMs: number
  readonly maxDelayMs: number
  /** Share that is lost, and share that arrives twice: 0 … 1. */
  readonly loss: number
  readonly duplication: number
}

export const goodLink: LinkQuality = { minDelayMs: 10, maxDelayMs: 90, loss: 0, duplication: 0 }

/** Datagrams on their way to one address; further ones are dropped, as by a full buffer. */
const MAX_ON_THE_WAY = 65_536

/** What a datagram may meet, for counting. */
export type Fate = 'delivered' | 'lost' | 'cut' | 'nobody' | 'overflow'

export interface Datagram {
  readonly from: Address
  readonly to: Address
  readonly bytes: Uint8Array
}

export class VirtualNetwork {
  quality: LinkQuality
  readonly trace = new TraceHash()
  readonly fates: Record<Fate, number> = { delivered: 0, lost: 0, cut: 0, nobody: 0, overflow: 0 }
  /** Hears of every datagram when it is sent, whatever becomes of it. */
  readonly watchers = new Set<(datagram: Datagram) => void>()
  readonly #scheduler: Scheduler
  readonly #random: SeededRandom
  /** By public endpoint. As many as are open. */
  readonly #sockets = new Map<string, VirtualSocket>()
  /** Hosts that hear nothing, and hosts from which nothing is heard. */
  readonly #deaf = new Set<string>()
  readonly #mute = new Set<string>()

  constructor(parts: { scheduler: Scheduler; random: SeededRandom; quality?: LinkQuality }) {
    this.#scheduler = parts.scheduler
    this.#random = parts.random
    this.quality = parts.quality ?? goodLink
  }

  /**
   * Binds a socket. `seenAs` is the address that others see where that is another one: a one-to-one address translator.
   * Throws when the address is in use.
   */
  open(local: Address, seenAs: Address = local): VirtualSocket {
    const socket = new VirtualSocket(this, local)
    this.place(socket, seenAs)
    return socket
  }

  /** Gives a socket its public address, or another one. */
  place(socket: VirtualSocket, seenAs: Address): void {
    const key = addressKey(seenAs)
    if (this.#sockets.has(key)) throw new Error(`${seenAs.host}:${seenAs.port} is in use`)
    this.remove(socket)
    socket.seenAs = seenAs
    this.#sockets.set(key, socket)
  }

  remove(socket: VirtualSocket): void {
    const key = addressKey(socket.seenAs)
    if (this.#sockets.get(key) === socket) this.#sockets.delete(key)
  }

  /** Cuts a host off, or connects it again; one direction or both. */
  connect(host: string, { hears = true, speaks = true }: { hears?: boolean; speaks?: boolean } = {}): void {
    if (hears) this.#deaf.delete(host)
    else this.#deaf.add(host)
    if (speaks) this.#mute.delete(host)
    else this.#mute.add(host)
  }

  /** Sends a datagram from any address: also from one that the sender does not have. */
  carry(from: Address, to: Address, bytes: Uint8Array): void {
    const datagram = { from, to, bytes: bytes.slice() }
    for (const watcher of this.watchers) watcher(datagram)
    if (this.#mute.has(from.host)) return this.#end(datagram, 'cut')
    if (this.#random.fraction() < this.quality.loss) return this.#end(datagram, 'lost')
    this.#launch(datagram)
    if (this.#random.fraction() < this.quality.duplication) {
      this.#launch({ ...datagram, bytes: datagram.bytes.slice() })
    }
  }

  #launch(datagram: Datagram): void {
    const { minDelayMs, maxDelayMs } = this.quality
    const delayMs = minDelayMs + this.#random.fraction() * (maxDelayMs - minDelayMs)
    const receiver = this.#sockets.get(addressKey(datagram.to))
    if (receiver === undefined) return this.#end(datagram, 'nobody')
    if (receiver.onTheWay >= MAX_ON_THE_WAY) return this.#end(datagram, 'overflow')
    receiver.onTheWay++
    this.#scheduler.at(this.#scheduler.now() + delayMs, () => {
      receiver.onTheWay--
      this.#arrive(datagram)
    })
  }

  #arrive(datagram: Datagram): void {
    if (this.#deaf.has(datagram.to.host)) return this.#end(datagram, 'cut')
    // Looked up again: it may have closed or moved while the datagram was on its way.
    const receiver = this.#sockets.get(addressKey(datagram.to))
    const taken = receiver !== undefined && receiver.take(datagram)
    this.#end(datagram, taken ? 'delivered' : 'nobody')
  }

  #end({ from, to, bytes }: Datagram, fate: Fate): void {
    this.fates[fate]++
    this.trace.add(this.#scheduler.now(), `${fate}${from.host}:${from.port}${to.host}:${to.port}`, bytes)
  }
}

/** One socket of the virtual network. */
export class VirtualSocket implements Transport {
  readonly local: Address
  /** The address that others see. Changed by VirtualNetwork.place. */
  seenAs: Address
  /** Datagrams on their way here; see MAX_ON_THE_WAY. */
  onTheWay = 0
  readonly #network: VirtualNetwork
  #receiver: Receiver | null = null
  #closed = false

  constructor(network: VirtualNetwork, local: Address) {
    this.#network = network
    this.local = local
    this.seenAs = local
  }

  start(receiver: Receiver): void {
    this.#receiver = receiver
  }

  send(bytes: Uint8Array, to: ReplyTo): void {
    this.dial(bytes, to as Address)
  }

  dial(bytes: Uint8Array, to: Address): void {
    if (!this.#closed) this.#network.carry(this.seenAs, to, bytes)
  }

  /** What the virtual network loses, its own counts tell. */
  drops(): Readonly<Record<string, number>> {
    return {}
  }

  /** A datagram has arrived. False: nobody listens. */
  take({ bytes, from }: Datagram): boolean {
    if (this.#closed || this.#receiver === null) return false
    this.#receiver.receive(bytes, from, from)
    return true
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#network.remove(this)
  }
}
