// What the engine is handed (randomness, hashing, a wire, answers, an admission policy) and what it hands out (effects).
// Interfaces only; whoever runs an engine or teaches it a network implements them.
import type { Address, Contact } from './contact.ts'
import type { Id } from './id.ts'

/** Randomness. On real nodes cryptographic, in the simulator seeded. */
export interface Random {
  /** `count` fresh bytes, the caller's to keep. */
  bytes(count: number): Uint8Array
  /** Uniform in [0, 1). */
  fraction(): number
}

/** A cryptographic hash; at least 20 bytes long. */
export type Hash = (data: Uint8Array) => Uint8Array

/** Where an answer goes: a UDP endpoint, or a connection. Opaque to the engine. */
export type ReplyTo = unknown

/** An error that a node reports of a query: its network's code and a text. */
export interface Refusal {
  readonly code: number
  readonly message: string
  /** What else it says, in networks that have such a thing (drogulus). */
  readonly details?: Readonly<Record<string, string>>
}

/** A message from outside after decoding: everything in it has been checked. */
export type Message<Q, R> = QueryMessage<Q> | ReplyMessage<R> | ErrorMessage

export interface QueryMessage<Q> {
  readonly kind: 'query'
  /** Echoed byte by byte in the answer. */
  readonly transaction: Uint8Array
  readonly senderId: Id
  /** The port under which the sender can be dialled, or null when it must not become a contact (BEP 43 `ro`). */
  readonly dialPort: number | null
  readonly query: Q
}

export interface ReplyMessage<R> {
  readonly kind: 'reply'
  readonly transaction: Uint8Array
  readonly senderId: Id
  readonly reply: R
  /** Our own address as the sender sees it (BEP 42 `ip`), or null. */
  readonly seenAs: Address | null
}

export interface ErrorMessage extends Refusal {
  readonly kind: 'error'
  readonly transaction: Uint8Array
  readonly seenAs: Address | null
}

/**
 * Bytes that are no message of the network. Thrown by `Wire.decode` and by `LookupQuery.read`, nowhere else.
 * `reason` is one of few fixed words, for counting; `message` names field, what it got and what is allowed.
 */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError'
  readonly reason: string
  /** What is to be answered to a malformed query; null: silence. */
  readonly answer: (Refusal & { readonly transaction: Uint8Array }) | null
  /** The transaction of a malformed reply, so that its request fails at once; null when unknown. */
  readonly failedTransaction: Uint8Array | null

  constructor(
    message: string,
    details: {
      reason?: string
      answer?: (Refusal & { readonly transaction: Uint8Array }) | null
      failedTransaction?: Uint8Array | null
    } = {},
  ) {
    super(message)
    this.reason = details.reason ?? 'malformed'
    this.answer = details.answer ?? null
    this.failedTransaction = details.failedTransaction ?? null
  }
}

/** Whom a query goes to. Some networks name the receiver in the message. */
export interface Recipient extends Address {
  /** The id that must answer; null or absent where only the address is known yet. */
  readonly id?: Id | null
}

/** A network's codec. Sizes and caps are its own business. */
export interface Wire<Q, R> {
  /** Throws ProtocolError. Slices of `datagram` may be kept only where a reply carries them; queries are answered at once. */
  decode(datagram: Uint8Array, from: Address): Message<Q, R>
  encodeQuery(query: Q, transaction: Uint8Array, to: Recipient): Uint8Array
  /** The result may be a view of a buffer that the next call reuses: who sends it, sends or copies it at once. */
  encodeReply(reply: R, transaction: Uint8Array, to: Address): Uint8Array
  encodeError(refusal: Refusal, transaction: Uint8Array, to: Address): Uint8Array
}

/** Who asks: for tokens, limits and provenance. */
export interface Asker {
  readonly id: Id
  readonly address: Address
}

/**
 * What a node answers to a query. `acknowledgesWrite`: sent only after the store has committed.
 * null: no answer at all (a read-only node, BEP 43).
 */
export type Answer<R> =
  | { readonly reply: R; readonly acknowledgesWrite: boolean }
  | { readonly refusal: Refusal; readonly failedToken: boolean }
  | null

/** The serving side of a network. Synchronous: it reads memory. */
export interface Answers<Q, R> {
  answer(query: Q, from: Asker, now: number): Answer<R>
}

/** What one answer means to a lookup. `done`: enough, the walk may stop. */
export interface LookupStep<T> {
  readonly closer: readonly Contact[]
  readonly results: readonly T[]
  readonly done: boolean
  /** False: its answer is of use, but it is none of the closest that the lookup looks for (it gave no token). */
  readonly counts: boolean
  /** What in its answer cannot be true, as one of few fixed words, for counting; its contacts are used all the same. */
  readonly lie?: string | undefined
}

/** What a lookup asks and what an answer means: the network's words for the engine's walk. */
export interface LookupQuery<Q, R, T> {
  readonly target: Id
  question(to: Contact): Q
  /** Throws ProtocolError when the reply is none to this question; its sender then counts as failed. */
  read(reply: R, from: Contact): LookupStep<T>
}

/** The two questions that the engine asks on its own account. */
export interface Probes<Q, R> {
  ping(): Q
  closestTo(target: Id): LookupQuery<Q, R, never>
}

/** Who may enter the table and be talked to. A policy per network; a private network lifts the limits. */
export interface AdmissionPolicy {
  /** Whether this address may be dialled at all: false for bogons, port 0, our own address. */
  dialable(address: Address): boolean
  /** Whether this contact may enter the routing table: it is dialable, and no public router. */
  admits(contact: Contact): boolean
  /** One table entry a group (an IP address); null: no limit. */
  tableGroup(address: Address): string | null
  /** One bucket entry a group (a /24 or /64); null: no limit. */
  bucketGroup(address: Address): string | null
  /** The network that shares one quota of bytes out (a /24 or /56, T8); null: no limit. */
  sourceGroup(address: Address): string | null
  /** Whether the id fits the address (BEP 42): preferred in the table, and the only ones a lookup counts or stores on. */
  eligible(contact: Contact): boolean
}

/** What the engine hands out, in order. Called synchronously from within its inputs. */
export interface Effects {
  /** To be sent at once; the bytes are valid only during the call. */
  send(bytes: Uint8Array, to: ReplyTo): void
  /** To be sent after the store has committed; the bytes are valid only during the call. */
  sendAfterCommit(bytes: Uint8Array, to: ReplyTo): void
  /** Dial this contact and send. On UDP the same as send. */
  dial(bytes: Uint8Array, to: Address): void
  /** Call tick at this time (ms), or later if need be. Replaces the wish before. */
  wakeAt(time: number): void
  /** Save id and contacts, drop what has expired, commit. */
  checkpoint(now: number): void
  /** Somebody who answered us says how it sees our address (BEP 42). */
  seenAs(address: Address, by: Address, now: number): void
  /** For counting and logging; see EngineEvent. */
  notice(event: EngineEvent): void
}

/** Why a contact has left the table. */
export type Removal = 'no-answer' | 'replaced' | 'other-id' | 'own-id-changed' | 'expelled'

/** Things worth counting or telling; never needed for correctness. */
export type EngineEvent =
  | { readonly kind: 'contact-added'; readonly contact: Contact }
  | { readonly kind: 'contact-removed'; readonly contact: Contact; readonly why: Removal }
  | { readonly kind: 'dropped'; readonly why: string; readonly from: Address }
  | { readonly kind: 'slept'; readonly forMs: number }
  | { readonly kind: 'offline' }
  | { readonly kind: 'online' }
