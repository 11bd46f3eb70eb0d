// What a running node is handed by whoever opens it: transports, a clock with timers. Interfaces only.
// Real ones are in transports/ and system.ts, virtual ones in the simulator.
import type { Address } from '../kademlia/contact.ts'
import type { ReplyTo } from '../kademlia/ports.ts'

/** Who takes in what a transport receives. */
export interface Receiver {
  /** `replyTo` is where an answer goes; on UDP it is `from` itself. The bytes are the receiver's to keep. */
  receive(bytes: Uint8Array, from: Address, replyTo: ReplyTo): void
  /** This address cannot be reached (refused, no route): what is under way to it fails at once. */
  unreachable(to: Address, reason: string): void
}

/** One socket, bound before it is handed over. */
export interface Transport {
  /** The address that it is bound to. */
  readonly local: Address
  /** Starts receiving; called once. */
  start(receiver: Receiver): void
  /** Answers to where a message came from. The bytes are copied or sent before it returns. */
  send(bytes: Uint8Array, to: ReplyTo): void
  /** Sends to a node by its address. The bytes are copied or sent before it returns. */
  dial(bytes: Uint8Array, to: Address): void
  /** What was dropped in and out, by reason. */
  drops(): Readonly<Record<string, number>>
  /** Sends what is queued, stops receiving, frees the socket. May be called twice. */
  close(): Promise<void>
}

/** How messages stand in a stream of bytes: a network's word for a transport over connections. */
export interface Framing {
  /** For one connection. */
  reader(): FrameReader
  /** A message as it is sent. */
  frame(message: Uint8Array): Uint8Array
  /**
   * Whether whoever sent this message leaves the connection open for more. Else a request is answered and the connection
   * closed, and an answer is the last thing that comes.
   */
  keepsOpen(message: Uint8Array): boolean
}

export interface FrameReader {
  /** Takes bytes in whatever pieces, gives the messages that are whole now. Throws when they cannot become one. */
  take(bytes: Uint8Array): readonly Uint8Array[]
  /** Whether a message has begun that is not whole yet. */
  readonly isWithin: boolean
}

/** Takes back a timer; harmless when it has run. */
export type Cancel = () => void

/** Time and timers. */
export interface Scheduler {
  /** Ms since 1970, never going back. It follows the wall clock over a suspension of the machine. */
  now(): number
  /** Runs once at or soon after `time`. Does not keep the process alive by itself. */
  at(time: number, run: () => void): Cancel
  /** Runs once after the packets of this turn of the event loop. */
  soon(run: () => void): void
}
