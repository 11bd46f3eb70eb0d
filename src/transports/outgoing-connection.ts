// One connection that we opened: the requests under way on it, whether it may be used again, and what becomes of them when
// it ends. Not here: who gets a connection (outgoing.ts).
import { StreamConnection, type Closing, type ConnectionListener } from './stream-connection.ts'
import type { Lane, OutgoingConnections, OutgoingParts } from './outgoing.ts'

/** A framed request. `again`: it is sent for the second time. */
export interface OutgoingRequest {
  readonly frame: Uint8Array
  readonly again: boolean
}

/** Also the `replyTo` of what came by it. */
export class OutgoingConnection implements ConnectionListener {
  readonly stream: StreamConnection
  readonly lane: Lane
  readonly #owner: OutgoingConnections
  readonly #parts: OutgoingParts
  /**
   * Not answered yet, the oldest first; at most maxUnderWay and, if there is more than one, maxQueuedBytes. An answer takes
   * off the oldest, though it may be that of another: only a count is needed, and to send one twice does no harm.
   */
  readonly #requests: OutgoingRequest[] = []
  #bytes = 0
  /** Whether the other side has said that it keeps the connection open. */
  #isKept = false
  #isRetired = false

  constructor(lane: Lane, owner: OutgoingConnections, parts: OutgoingParts) {
    const { framing, limits, sockets, connectFrom } = parts
    this.lane = lane
    this.#owner = owner
    this.#parts = parts
    this.stream = new StreamConnection(sockets.connect(lane.to, connectFrom), {
      reader: framing.reader(),
      limits,
      listener: this,
    })
    this.stream.expect(limits.connectTimeoutMs, 'connect-timeout')
  }

  get underWay(): number {
    return this.#requests.length
  }

  /** Whether it takes a further request: only one that is kept open, as far as we know. */
  hasRoom(bytes: number): boolean {
    const { maxUnderWay, maxQueuedBytes } = this.#parts.limits
    if (!this.#isKept || !this.stream.takesMore || this.#requests.length >= maxUnderWay) return false
    return this.#requests.length === 0 || this.#bytes + bytes <= maxQueuedBytes
  }

  ask(request: OutgoingRequest): void {
    if (this.#requests.length === 0) {
      this.#owner.busy(this)
      if (!this.stream.isOpening) this.#awaitAnswer()
    }
    this.#requests.push(request)
    this.#bytes += request.frame.length
    this.stream.write(request.frame)
  }

  /** Answers what came by it. False: it is closed. */
  answer(bytes: Uint8Array): boolean {
    return this.stream.write(this.#parts.framing.frame(bytes))
  }

  opened(): void {
    this.#awaitAnswer()
  }

  message(bytes: Uint8Array): void {
    const answered = this.#requests.shift()
    if (answered !== undefined) this.#bytes -= answered.frame.length
    this.#isKept = this.#parts.framing.keepsOpen(bytes) && !this.#isRetired
    // Before it is handed on: whoever gets it may dial.
    if (this.#isKept) {
      if (answered !== undefined) this.#rest()
      this.#owner.ready(this.lane)
    }
    this.#parts.receiver()?.receive(bytes, this.lane.to, this)
    // After it: should others fail by this, the one that is answered must not.
    if (!this.#isKept) this.#retire(null)
  }

  caughtUp(): void {
    if (this.#isRetired) this.stream.end({ lingers: false })
  }

  /** Nothing more will come, so nothing more is asked. */
  finished(): void {
    this.#lose('closed')
    this.stream.end({ lingers: false })
  }

  closed(how: Closing, reason: string): void {
    if (how === 'lost') this.#lose(reason)
    else {
      if (how === 'cut' && this.#requests.length === 0) this.#parts.drops.add(reason)
      this.#retire(reason)
    }
    this.#owner.gone(this)
  }

  /**
   * The other side closed it. What is under way on a connection that was used before may have been sent too late, and is
   * sent again on another one; not where part of an answer has come.
   */
  #lose(reason: string): void {
    this.#retire(this.#isKept && !this.stream.isWithin ? null : reason)
  }

  /** Takes no more requests. Those that have no answer fail for this reason; null: they are sent again. */
  #retire(reason: string | null): void {
    if (this.#isRetired) return
    this.#isRetired = true
    this.#bytes = 0
    this.#owner.retired(this, this.#requests.splice(0), reason)
  }

  #rest(): void {
    const { limits } = this.#parts
    if (this.#requests.length > 0) return this.#awaitAnswer()
    this.#owner.idle(this)
    this.stream.expect(limits.idleOutgoingMs, 'idle')
  }

  /** From the oldest request on, or the latest answer: asking more does not win time for who is silent. */
  #awaitAnswer(): void {
    this.stream.expect(this.#parts.limits.responseTimeoutMs, 'no-answer')
  }
}
