// UDP on node:dgram: one bound socket of one family, bytes in and out, and what went wrong in numbers.
// Not here: what the bytes mean, who may be talked to, rate limits.
//
// Two things are paid for on the fast path, some 60 ns of about 7,000 for an answer: the copy that makes it safe to
// reuse the bytes after send() (see outbox.ts), and asking how long the socket's queue is.
import { createSocket } from 'node:dgram'
import type { RemoteInfo, Socket } from 'node:dgram'
import { isIP } from 'node:net'
import type { Address } from '../kademlia/contact.ts'
import type { ReplyTo } from '../kademlia/ports.ts'
import type { Receiver, Transport } from '../node/ports.ts'
import { DropCounts } from './drop-counts.ts'
import { Outbox } from './outbox.ts'
import { isPort, withoutMapping } from './socket-address.ts'
import { TransportError, openingError } from './transport-error.ts'

export interface UdpOptions {
  /** An IP address of this machine, or 0.0.0.0 or :: for all of them. */
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  readonly family: 4 | 6
  /** What the kernel is asked to hold for us; it may grant less (Linux: net.core.rmem_max). Default 4 MiB. */
  readonly receiveBufferBytes?: number
}

/** What a UDP transport has counted since it was opened. */
export interface UdpCounters {
  readonly packetsIn: number
  readonly bytesIn: number
  /** Handed to the system. That it took them is known of `dial` only. */
  readonly packetsOut: number
  readonly bytesOut: number
  /** Packets not received or not sent, by reason: a word of ours, or the system's error code. */
  readonly dropped: Readonly<Record<string, number>>
}

export interface UdpTransport extends Transport {
  counters(): UdpCounters
}

/** The default buffer of the kernel loses packets from 256 in flight. */
const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024

/** Bound of the socket's own outgoing queue; when it is full, the newest packet is dropped. */
const QUEUE_BYTES = 4 * 1024 * 1024

/** Packets of one turn that wait to be worked on; a further one has them worked on at once. libuv reads 32 at a time. */
const MAX_INBOX = 256

/** How long close() waits for the queue, and how often it looks. */
const DRAIN_MS = 1000
const DRAIN_STEP_MS = 5

/** Errors that say something of the address, not of the packet or of the moment. */
const UNREACHABLE = new Set([
  'EACCES',
  'EADDRNOTAVAIL',
  'EAFNOSUPPORT',
  'ECONNREFUSED',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'EINVAL',
  'ENETDOWN',
  'ENETUNREACH',
  'EPERM',
])

/** Opens and binds a socket. Throws TransportError. */
export async function openUdpTransport(options: UdpOptions): Promise<UdpTransport> {
  const { host, port, family } = options
  if (isIP(host) !== family) {
    throw new TransportError('bad-address', `host must be an IPv${family} address, got '${host}'`)
  }
  if (!isPort(port) && port !== 0) {
    throw new TransportError('bad-address', `port must be a whole number from 0 to 65535, got ${port}`)
  }
  const socket = createSocket({
    type: family === 4 ? 'udp4' : 'udp6',
    ipv6Only: family === 6,
    // Hosts are addresses already. Answering at once spares the way through DNS for each packet.
    lookup: (address, _options, done) => done(null, address, family),
  })
  try {
    await bound(socket, host, port)
  } catch (error) {
    socket.close()
    throw openingError(error, { protocol: 'UDP', host, port })
  }
  try {
    socket.setRecvBufferSize(options.receiveBufferBytes ?? RECEIVE_BUFFER_BYTES)
  } catch {
    // A system that refuses the size keeps its default: more is lost under load, nothing breaks.
  }
  return new DgramTransport(socket, family)
}

/** Resolves when the socket is bound; rejects with the system's error. */
function bound(socket: Socket, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.once('listening', () => {
      socket.off('error', reject)
      resolve()
    })
    // exclusive: workers of a cluster must not share the socket of a node.
    socket.bind({ address: host, port, exclusive: true })
  })
}

class DgramTransport implements UdpTransport {
  readonly local: Address
  readonly #socket: Socket
  readonly #mapped: boolean
  #receiver: Receiver | null = null
  #closed: Promise<void> | null = null
  /** Packets of this turn, and from where; at most MAX_INBOX each. */
  #inbox: Uint8Array[] = []
  #senders: Address[] = []
  readonly #outbox = new Outbox<SentCallback | undefined>()
  /** Whether packets of a turn are being worked on: what is sent meanwhile leaves together at the end. */
  #working = false
  /** Whether the socket's queue held anything when last looked at. */
  #queued = false
  #packetsIn = 0
  #bytesIn = 0
  #packetsOut = 0
  #bytesOut = 0
  readonly #dropped = new DropCounts()

  constructor(socket: Socket, family: 4 | 6) {
    this.#socket = socket
    this.#mapped = family === 6
    const { address, port } = socket.address()
    this.local = { host: address, port }
    // Never unhandled: an error between packets (Windows reports refusals this way) must not end the process.
    socket.on('error', (error: NodeJS.ErrnoException) => this.#drop(error.code ?? 'error'))
  }

  start(receiver: Receiver): void {
    if (this.#receiver !== null) throw new Error('start() was called twice')
    this.#receiver = receiver
    if (this.#closed === null) this.#socket.on('message', this.#receive)
  }

  send(bytes: Uint8Array, to: ReplyTo): void {
    // No callback: that an answer could not be sent is nobody's concern, and to be told costs 70 ns.
    this.#hand(bytes, to as Address, undefined)
  }

  dial(bytes: Uint8Array, to: Address): void {
    this.#hand(bytes, to, this.#sent)
  }

  counters(): UdpCounters {
    return {
      packetsIn: this.#packetsIn,
      bytesIn: this.#bytesIn,
      packetsOut: this.#packetsOut,
      bytesOut: this.#bytesOut,
      dropped: this.drops(),
    }
  }

  drops(): Readonly<Record<string, number>> {
    return this.#dropped.toRecord()
  }

  close(): Promise<void> {
    this.#closed ??= this.#shut()
    return this.#closed
  }

  readonly #receive = (bytes: Uint8Array, info: RemoteInfo): void => {
    this.#packetsIn++
    this.#bytesIn += bytes.length
    // Nobody can be answered at port 0.
    if (info.port === 0) return this.#drop('source-port-0')
    const host = this.#mapped ? withoutMapping(info.address) : info.address
    const from: Address = { host, port: info.port }
    this.#inbox.push(bytes)
    this.#senders.push(from)
    if (this.#inbox.length === 1) setImmediate(this.#work)
    else if (this.#inbox.length === MAX_INBOX) this.#work()
  }

  /**
   * Works on the packets of this turn one behind the other, then sends what came of it. Reading, working and sending
   * are code that does not fit the processor's caches together: taking turns packet by packet costs a quarter of the
   * rate (find_node: 0.62 of a bare echo so, 0.78 in batches).
   */
  readonly #work = (): void => {
    const packets = this.#inbox
    const senders = this.#senders
    this.#inbox = []
    this.#senders = []
    this.#working = true
    try {
      for (let i = 0; i < packets.length && this.#closed === null; i++) {
        const from = senders[i]!
        this.#receiver?.receive(packets[i]!, from, from)
      }
    } finally {
      this.#working = false
      this.#flush()
    }
  }

  /** After a packet of dial(); on a later tick, never from within it. */
  readonly #sent: SentCallback = (error) => {
    if (error === null) return
    const { code = 'error', address, port } = error as NodeJS.ErrnoException & Partial<SendTarget>
    this.#drop(code)
    if (!UNREACHABLE.has(code) || address === undefined || port === undefined) return
    if (this.#closed === null) this.#receiver?.unreachable({ host: address, port }, code)
  }

  /** Sends a packet, now or at the end of the work of this turn. */
  #hand(bytes: Uint8Array, to: Address, sent: SentCallback | undefined): void {
    if (this.#closed !== null) return this.#drop('closed')
    if (!isPort(to.port)) return this.#drop('bad-port')
    if (this.#outbox.isFull) this.#flush()
    this.#outbox.add(bytes, to, sent)
    if (!this.#working) this.#flush()
  }

  #flush(): void {
    this.#outbox.drain((bytes, to, sent) => this.#transmit(bytes, to, sent))
    // As long as the socket's queue holds something, it reads from these bytes.
    if (!this.#queued) this.#outbox.rewind()
  }

  #transmit(bytes: Uint8Array, to: Address, sent: SentCallback | undefined): void {
    if (this.#queued && this.#socket.getSendQueueSize() + bytes.length > QUEUE_BYTES) {
      return this.#drop('queue-full')
    }
    this.#packetsOut++
    this.#bytesOut += bytes.length
    try {
      this.#socket.send(bytes, to.port, to.host, sent)
    } catch (error) {
      return this.#drop((error as NodeJS.ErrnoException).code ?? 'error')
    }
    this.#queued = this.#socket.getSendQueueCount() > 0
  }

  #drop(reason: string): void {
    this.#dropped.add(reason)
  }

  async #shut(): Promise<void> {
    this.#socket.off('message', this.#receive)
    const until = performance.now() + DRAIN_MS
    while (this.#socket.getSendQueueCount() > 0 && performance.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, DRAIN_STEP_MS))
    }
    await new Promise<void>((resolve) => this.#socket.close(resolve))
  }
}

type SentCallback = (error: Error | null) => void

/** What dgram adds to the error of a packet. */
interface SendTarget {
  readonly address: string
  readonly port: number
}
