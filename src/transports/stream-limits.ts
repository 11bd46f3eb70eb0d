// The bounds of a transport over connections, each with its victim. Not here: who counts.

export interface StreamLimits {
  /**
   * Incoming connections in all. Full: the one goes that has brought no whole message for the longest time, for who
   * refuses newcomers is closed by whoever opens connections and stays silent. It loses only what it may open again.
   */
  readonly maxIncoming: number
  /** Incoming connections of one source. Full: the newcomer is refused, unread, for only its own are to blame. */
  readonly maxIncomingPerSource: number
  /** Outgoing connections in all. Full: the longest idle one goes; where none is idle, the request fails: 'overload'. */
  readonly maxOutgoing: number
  /** Outgoing connections to one address. Full: requests wait. */
  readonly maxOutgoingPerAddress: number
  /** Requests under way on one connection. Full: the next goes by another one, or waits. */
  readonly maxUnderWay: number
  /** Requests that wait for a connection to one address. Full: the next one fails, 'overload'. */
  readonly maxWaiting: number
  /**
   * Bytes of one connection that wait to be written, besides the frame that passes the bound: the connection is cut off.
   * Also what may be under way on one connection, and may wait for one address.
   */
  readonly maxQueuedBytes: number
  /** From dialling until the connection is open, TLS included. */
  readonly connectTimeoutMs: number
  /** From accepting until TLS is agreed. */
  readonly handshakeTimeoutMs: number
  /** An outgoing connection on which no answer came for so long is closed. Engines give up sooner, and tell nobody. */
  readonly responseTimeoutMs: number
  /** From the first byte of a message until it is whole; and for a peer that does not read its answers. */
  readonly slowMessageMs: number
  /** An incoming connection is closed after so long without a whole message or an answer. */
  readonly idleIncomingMs: number
  /** Less than others take for idle, so that we seldom write on what they have just closed. */
  readonly idleOutgoingMs: number
  /**
   * How long an ended connection may take to send what is queued, an incoming one also to be ended by the other side; and
   * one that the other side has ended, to get an answer.
   */
  readonly lingerMs: number
  /** The same for all of them at close(). */
  readonly closeMs: number
}

export const STREAM_LIMITS: StreamLimits = {
  maxIncoming: 512,
  maxIncomingPerSource: 16,
  maxOutgoing: 256,
  // Half of what the other side allows one source.
  maxOutgoingPerAddress: 8,
  maxUnderWay: 32,
  maxWaiting: 64,
  maxQueuedBytes: 256 * 1024,
  // drogulus B9, RPC_TIMEOUT.
  connectTimeoutMs: 5_000,
  handshakeTimeoutMs: 5_000,
  responseTimeoutMs: 30_000,
  slowMessageMs: 10_000,
  idleIncomingMs: 30_000,
  idleOutgoingMs: 15_000,
  lingerMs: 2_000,
  closeMs: 1_000,
}
