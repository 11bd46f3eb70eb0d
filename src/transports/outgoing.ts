// The connections that we open: one is used again where the other side keeps it open, and so are several requests at once
// under way on it, for answers are matched by what is in them (drogulus B1). Which request goes by which connection, and
// who hears that one could not be sent. Not here: what is asked, and when it is given up.
import type { Address } from '../kademlia/contact.ts'
import type { Framing, Receiver } from '../node/ports.ts'
import type { DropCounts } from './drop-counts.ts'
import { OutgoingConnection, type OutgoingRequest } from './outgoing-connection.ts'
import type { StreamLimits } from './stream-limits.ts'
import type { SocketMaker } from './stream-sockets.ts'

export interface OutgoingParts {
  readonly framing: Framing
  readonly limits: StreamLimits
  readonly sockets: SocketMaker
  readonly drops: DropCounts
  /** The IP address to connect from, or undefined for any. */
  readonly connectFrom: string | undefined
  /** null: not started, or closed. */
  readonly receiver: () => Receiver | null
  /** One connection less. */
  readonly gone: () => void
}

/** What goes to one address. */
export interface Lane {
  readonly to: Address
  /** Those that take requests. At most maxOutgoingPerAddress. */
  readonly connections: Set<OutgoingConnection>
  /** At most maxWaiting, and maxQueuedBytes; a further request fails. Not empty only where there are connections. */
  readonly waiting: OutgoingRequest[]
}

export class OutgoingConnections {
  readonly #parts: OutgoingParts
  /** By address; no more than connections. */
  readonly #lanes = new Map<string, Lane>()
  /** At most maxOutgoing. */
  readonly #connections = new Set<OutgoingConnection>()
  /** Those with nothing under way, the longest idle first: the victims when all are in use. */
  readonly #idle = new Set<OutgoingConnection>()
  #opened = 0
  #closing = false

  constructor(parts: OutgoingParts) {
    this.#parts = parts
  }

  get size(): number {
    return this.#connections.size
  }

  /** All that were ever opened. */
  get opened(): number {
    return this.#opened
  }

  /** Sends a message on some connection to this address. Whoever hears that it failed hears it after this returns. */
  dial(bytes: Uint8Array, to: Address): void {
    const lane = this.#laneTo(to)
    const request: OutgoingRequest = { frame: this.#parts.framing.frame(bytes), again: false }
    try {
      if (this.#place(lane, request) || this.#wait(lane, request)) return
      setImmediate(() => this.failed(lane, 'overload'))
    } catch (error) {
      // What the system sees to be no address.
      setImmediate(() => this.failed(lane, (error as NodeJS.ErrnoException).code ?? 'error'))
    }
    this.#leaveIfEmpty(lane)
  }

  /** Ends all of them, after what is queued has been sent; nobody hears of failures any more. */
  end(): void {
    this.#closing = true
    for (const { waiting } of this.#lanes.values()) {
      for (let i = 0; i < waiting.length; i++) this.#parts.drops.add('closed')
      waiting.length = 0
    }
    for (const connection of this.#connections) connection.stream.end({ lingers: false })
  }

  cut(reason: string): void {
    for (const connection of this.#connections) connection.stream.cut(reason)
  }

  /** A connection has nothing under way; it may have been retired. */
  idle(connection: OutgoingConnection): void {
    this.#idle.add(connection)
  }

  busy(connection: OutgoingConnection): void {
    this.#idle.delete(connection)
  }

  /** A connection takes no more requests, and these were not answered on it. */
  retired(
    connection: OutgoingConnection,
    unanswered: readonly OutgoingRequest[],
    reason: string | null,
  ): void {
    const { lane } = connection
    lane.connections.delete(connection)
    this.idle(connection)
    if (this.#closing) return
    for (const request of unanswered) {
      // Once: an address that closes every connection must not keep us dialling.
      if (reason !== null || request.again || !this.#retry(lane, request)) {
        this.failed(lane, reason ?? 'closed')
        break
      }
    }
    this.ready(lane)
    this.#leaveIfEmpty(lane)
  }

  /** A connection is no more. */
  gone(connection: OutgoingConnection): void {
    this.#connections.delete(connection)
    this.#idle.delete(connection)
    this.#parts.gone()
  }

  /** There may be room for those that wait. */
  ready(lane: Lane): void {
    while (lane.waiting.length > 0 && this.#place(lane, lane.waiting[0]!)) lane.waiting.shift()
    if (lane.waiting.length > 0 && lane.connections.size === 0) this.failed(lane, 'overload')
  }

  /**
   * What is under way to this address fails: the engine does not know connections. So what waits needs not be sent.
   */
  failed(lane: Lane, reason: string): void {
    this.#parts.drops.add(reason)
    lane.waiting.length = 0
    this.#parts.receiver()?.unreachable(lane.to, reason)
  }

  #retry(lane: Lane, { frame }: OutgoingRequest): boolean {
    const request = { frame, again: true }
    return this.#place(lane, request) || this.#wait(lane, request)
  }

  /** False: there is no connection for it. Who is sent again prefers a new one, for old ones may be dead together. */
  #place(lane: Lane, request: OutgoingRequest): boolean {
    const { limits } = this.#parts
    const mayOpen = lane.connections.size < limits.maxOutgoingPerAddress
    const known = request.again && mayOpen ? undefined : roomiest(lane, request)
    if (known !== undefined) {
      known.ask(request)
      return true
    }
    if (!mayOpen || !this.#makeRoom()) return false
    const connection = new OutgoingConnection(lane, this, this.#parts)
    this.#opened++
    this.#connections.add(connection)
    lane.connections.add(connection)
    connection.ask(request)
    return true
  }

  #wait(lane: Lane, request: OutgoingRequest): boolean {
    const { maxWaiting, maxQueuedBytes } = this.#parts.limits
    const bytes = lane.waiting.reduce((sum, { frame }) => sum + frame.length, request.frame.length)
    if (lane.connections.size === 0 || lane.waiting.length >= maxWaiting || bytes > maxQueuedBytes)
      return false
    lane.waiting.push(request)
    return true
  }

  #makeRoom(): boolean {
    const { maxOutgoing } = this.#parts.limits
    for (const connection of this.#idle) {
      if (this.#connections.size < maxOutgoing) break
      connection.stream.cut('connections-full')
    }
    return this.#connections.size < maxOutgoing
  }

  #laneTo(to: Address): Lane {
    const key = keyOf(to)
    const known = this.#lanes.get(key)
    if (known !== undefined) return known
    const lane: Lane = { to: { host: to.host, port: to.port }, connections: new Set(), waiting: [] }
    this.#lanes.set(key, lane)
    return lane
  }

  #leaveIfEmpty(lane: Lane): void {
    if (lane.connections.size > 0 || lane.waiting.length > 0) return
    const key = keyOf(lane.to)
    if (this.#lanes.get(key) === lane) this.#lanes.delete(key)
  }
}

/** The connection with the fewest requests under way that may take this one. */
function roomiest(lane: Lane, { frame }: OutgoingRequest): OutgoingConnection | undefined {
  let best: OutgoingConnection | undefined
  for (const connection of lane.connections) {
    if (connection.hasRoom(frame.length) && (best === undefined || connection.underWay < best.underWay))
      best = connection
  }
  return best
}

function keyOf({ host, port }: Address): string {
  return `${host} ${port}`
}
