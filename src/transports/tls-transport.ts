// Messages over connections: TLS on node:tls, or plain TCP by option. One listening socket, and what it takes in
// (incoming.ts) and opens (outgoing.ts). Not here: what the messages mean, how they are framed, who may be talked to.
import { createServer, isIP, type AddressInfo, type Server } from 'node:net'
import type { Address } from '../kademlia/contact.ts'
import type { ReplyTo } from '../kademlia/ports.ts'
import type { Framing, Receiver, Transport } from '../node/ports.ts'
import { DropCounts } from './drop-counts.ts'
import { IncomingConnection, IncomingConnections } from './incoming.ts'
import { OutgoingConnection } from './outgoing-connection.ts'
import { OutgoingConnections } from './outgoing.ts'
import { isPort } from './socket-address.ts'
import { STREAM_LIMITS, type StreamLimits } from './stream-limits.ts'
import { PLAIN_SOCKETS, type SocketMaker } from './stream-sockets.ts'
import type { KeyAndCertificate } from './tls-sockets.ts'
import { TransportError, openingError } from './transport-error.ts'

export interface TlsOptions {
  /** An IP address of this machine, or 0.0.0.0 or :: for all of one family. Of IPv6 no IPv4 is taken in. */
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  readonly framing: Framing
  /** null: plain TCP. */
  readonly tls: KeyAndCertificate | null
  /** What differs from STREAM_LIMITS. */
  readonly limits?: Partial<StreamLimits>
  /** Lifts maxIncomingPerSource: in a private network many nodes share one IP. Default: false. */
  readonly unlimitedPerIp?: boolean
  /** By what incoming connections are counted together; default: by IP address. */
  readonly sourceOf?: (host: string) => string
}

/** What a transport over connections has counted since it was opened. */
export interface TlsCounters {
  /** Connections that are open now, or being opened or closed. */
  readonly incoming: number
  readonly outgoing: number
  /** Connections that were ever let in, and opened. */
  readonly accepted: number
  readonly opened: number
  /** Connections refused or broken off and messages not sent, by reason: a word of ours, or the system's code. */
  readonly dropped: Readonly<Record<string, number>>
}

export interface TlsTransport extends Transport {
  counters(): TlsCounters
}

/** Connections that the system holds until we take them. */
const BACKLOG = 511

/** Opens and binds a listening socket. Throws TransportError. */
export async function openTlsTransport(options: TlsOptions): Promise<TlsTransport> {
  const { host, port, tls } = options
  if (isIP(host) === 0) {
    throw new TransportError('bad-address', `host must be an IPv4 or IPv6 address, got '${host}'`)
  }
  if (!isPort(port) && port !== 0) {
    throw new TransportError('bad-address', `port must be a whole number from 0 to 65535, got ${port}`)
  }
  const sockets = tls === null ? PLAIN_SOCKETS : (await import('./tls-sockets.ts')).tlsSockets(tls)
  // Half open: whoever has asked may say that this was all, and still gets an answer.
  const server = createServer({ allowHalfOpen: true, noDelay: true })
  try {
    await listening(server, host, port)
  } catch (error) {
    throw openingError(error, { protocol: 'TCP', host, port })
  }
  return new ConnectionTransport(server, sockets, options)
}

/** Resolves when the socket is bound; rejects with the system's error. */
function listening(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    // exclusive: workers of a cluster must not share the socket of a node.
    server.listen({ host, port, exclusive: true, ipv6Only: true, backlog: BACKLOG }, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

class ConnectionTransport implements TlsTransport {
  readonly local: Address
  readonly #server: Server
  readonly #limits: StreamLimits
  readonly #incoming: IncomingConnections
  readonly #outgoing: OutgoingConnections
  readonly #drops = new DropCounts()
  #receiver: Receiver | null = null
  #closed: Promise<void> | null = null
  /** Called whenever there is no connection any more. */
  #emptied: () => void = () => {}

  constructor(server: Server, sockets: SocketMaker, options: TlsOptions) {
    this.#server = server
    const { address, port } = server.address() as AddressInfo
    this.local = { host: address, port }
    const perSource = options.unlimitedPerIp === true ? { maxIncomingPerSource: Infinity } : {}
    this.#limits = { ...STREAM_LIMITS, ...options.limits, ...perSource }
    const isAny = address === '0.0.0.0' || address === '::'
    const parts = {
      framing: options.framing,
      limits: this.#limits,
      sockets,
      drops: this.#drops,
      sourceOf: options.sourceOf ?? ((host: string) => host),
      // Others must see us at the address where they can reach us.
      connectFrom: isAny ? undefined : address,
      receiver: () => (this.#closed === null ? this.#receiver : null),
      gone: () => {
        if (this.#incoming.size + this.#outgoing.size === 0) this.#emptied()
      },
    }
    this.#incoming = new IncomingConnections(parts)
    this.#outgoing = new OutgoingConnections(parts)
    server.on('connection', (socket) => this.#incoming.accept(socket))
    // The system could not hand over a connection, for it has no descriptors left, say.
    server.on('error', (error: NodeJS.ErrnoException) => this.#drops.add(error.code ?? 'error'))
  }

  start(receiver: Receiver): void {
    if (this.#receiver !== null) throw new Error('start() was called twice')
    this.#receiver = receiver
  }

  send(bytes: Uint8Array, to: ReplyTo): void {
    if (this.#closed !== null) return this.#drops.add('closed')
    const isConnection = to instanceof IncomingConnection || to instanceof OutgoingConnection
    if (!isConnection || !to.answer(bytes)) this.#drops.add('gone')
  }

  dial(bytes: Uint8Array, to: Address): void {
    if (this.#closed !== null) return this.#drops.add('closed')
    if (isPort(to.port) && isIP(to.host) === isIP(this.local.host)) return this.#outgoing.dial(bytes, to)
    // A name, which drogulus refuses (B0), or another family.
    this.#drops.add('bad-address')
    setImmediate(() => {
      if (this.#closed === null) this.#receiver?.unreachable(to, 'bad-address')
    })
  }

  counters(): TlsCounters {
    return {
      incoming: this.#incoming.size,
      outgoing: this.#outgoing.size,
      accepted: this.#incoming.accepted,
      opened: this.#outgoing.opened,
      dropped: this.drops(),
    }
  }

  drops(): Readonly<Record<string, number>> {
    return this.#drops.toRecord()
  }

  close(): Promise<void> {
    this.#closed ??= this.#shut()
    return this.#closed
  }

  /** Ends every connection once what is queued on it has left; whoever takes longer than closeMs is cut off. */
  async #shut(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    this.#incoming.end()
    this.#outgoing.end()
    const late = setTimeout(() => {
      this.#incoming.cut('closed')
      this.#outgoing.cut('closed')
    }, this.#limits.closeMs)
    await closed
    if (this.#incoming.size + this.#outgoing.size > 0) {
      await new Promise<void>((resolve) => {
        this.#emptied = resolve
      })
    }
    clearTimeout(late)
  }
}
