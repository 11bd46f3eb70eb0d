// The connections that others open: how many, which of them go, and when an answer is the last thing on one.
// Not here: what is answered.
import type { Socket } from 'node:net'
import type { Address } from '../kademlia/contact.ts'
import type { Framing, Receiver } from '../node/ports.ts'
import type { DropCounts } from './drop-counts.ts'
import { withoutMapping } from './socket-address.ts'
import { StreamConnection, type Closing, type ConnectionListener } from './stream-connection.ts'
import type { StreamLimits } from './stream-limits.ts'
import type { SocketMaker } from './stream-sockets.ts'

export interface IncomingParts {
  readonly framing: Framing
  readonly limits: StreamLimits
  readonly sockets: SocketMaker
  readonly drops: DropCounts
  /** By what connections are counted together. */
  readonly sourceOf: (host: string) => string
  /** null: not started yet. */
  readonly receiver: () => Receiver | null
  /** One connection less. */
  readonly gone: () => void
}

export class IncomingConnections {
  readonly #parts: IncomingParts
  /** In the order in which they last brought a message. At most maxIncoming; the first of them goes. */
  readonly #connections = new Set<IncomingConnection>()
  /** Connections by source; as many entries as connections. */
  readonly #bySource = new Map<string, number>()
  #accepted = 0

  constructor(parts: IncomingParts) {
    this.#parts = parts
  }

  get size(): number {
    return this.#connections.size
  }

  /** All that were ever let in. */
  get accepted(): number {
    return this.#accepted
  }

  accept(socket: Socket): void {
    // Whoever is refused or gone may have an error to tell.
    socket.on('error', () => {})
    const { limits, drops, receiver } = this.#parts
    const { remoteAddress, remotePort } = socket
    if (remoteAddress === undefined || remotePort === undefined) return refuse(socket)
    if (receiver() === null) {
      drops.add('not-started')
      return refuse(socket)
    }
    const from: Address = { host: withoutMapping(remoteAddress), port: remotePort }
    const source = this.#parts.sourceOf(from.host)
    const count = this.#bySource.get(source) ?? 0
    if (count >= limits.maxIncomingPerSource) {
      drops.add('connections-per-source')
      return refuse(socket)
    }
    for (const oldest of this.#connections) {
      if (this.#connections.size < limits.maxIncoming) break
      oldest.stream.cut('connections-full')
    }
    this.#bySource.set(source, (this.#bySource.get(source) ?? 0) + 1)
    this.#accepted++
    this.#connections.add(new IncomingConnection(socket, from, this.#partsOf(source)))
  }

  /** Ends all of them. */
  end(): void {
    for (const connection of this.#connections) connection.stream.end({ lingers: true })
  }

  cut(reason: string): void {
    for (const connection of this.#connections) connection.stream.cut(reason)
  }

  #partsOf(source: string): ConnectionParts {
    return {
      ...this.#parts,
      used: (connection) => {
        if (this.#connections.delete(connection)) this.#connections.add(connection)
      },
      left: (connection) => {
        this.#connections.delete(connection)
        const left = (this.#bySource.get(source) ?? 1) - 1
        if (left === 0) this.#bySource.delete(source)
        else this.#bySource.set(source, left)
        this.#parts.gone()
      },
    }
  }
}

interface ConnectionParts extends IncomingParts {
  used(connection: IncomingConnection): void
  left(connection: IncomingConnection): void
}

/** One of them; also the `replyTo` of what came by it. */
export class IncomingConnection implements ConnectionListener {
  readonly stream: StreamConnection
  readonly #from: Address
  readonly #parts: ConnectionParts
  #isOpen: boolean
  #unanswered = 0
  /** Whether somebody who waits for an answer here expects the connection to be closed after it. */
  #endsAfterAnswers = false
  /** Whether the other side sends nothing more: it may be gone altogether, which looks the same. */
  #isFinished = false

  constructor(socket: Socket, from: Address, parts: ConnectionParts) {
    const { framing, limits, sockets } = parts
    this.#from = from
    this.#parts = parts
    this.stream = new StreamConnection(sockets.accept(socket), {
      reader: framing.reader(),
      limits,
      listener: this,
    })
    this.#isOpen = !this.stream.isOpening
    if (this.#isOpen) this.#rest()
    else this.stream.expect(limits.handshakeTimeoutMs, 'handshake')
  }

  /** Sends an answer. False: nobody is there any more. */
  answer(bytes: Uint8Array): boolean {
    if (!this.stream.write(this.#parts.framing.frame(bytes))) return false
    this.#unanswered = Math.max(0, this.#unanswered - 1)
    this.#rest()
    if (!this.stream.hasMore) this.caughtUp()
    return true
  }

  opened(): void {
    this.#isOpen = true
    this.#rest()
  }

  message(bytes: Uint8Array): void {
    this.#unanswered++
    if (!this.#parts.framing.keepsOpen(bytes)) this.#endsAfterAnswers = true
    this.#parts.used(this)
    this.#rest()
    this.#parts.receiver()?.receive(bytes, this.#from, this)
  }

  /** What never is answered, for it was refused in silence, leaves the connection to its idle time, or its linger time. */
  caughtUp(): void {
    if (this.#endsAfterAnswers && this.#unanswered === 0) this.stream.end({ lingers: true })
  }

  finished(): void {
    if (!this.#isOpen) return this.stream.cut('handshake')
    // What came whole before it is answered all the same.
    if (this.stream.isWithin) this.#parts.drops.add('cut-short')
    this.#endsAfterAnswers = true
    this.#isFinished = true
    this.#rest()
    if (!this.stream.hasMore) this.caughtUp()
  }

  closed(how: Closing, reason: string): void {
    this.#parts.left(this)
    // There are a hundred ways to be no TLS.
    if (how === 'lost' && !this.#isOpen) this.#parts.drops.add('handshake')
    else if (how !== 'ended') this.#parts.drops.add(reason)
  }

  #rest(): void {
    const { idleIncomingMs, lingerMs } = this.#parts.limits
    this.stream.expect(this.#isFinished ? lingerMs : idleIncomingMs, 'idle')
  }
}

/** Without a farewell, which would keep something of it in the system. */
function refuse(socket: Socket): void {
  socket.resetAndDestroy()
}
