// The asking side of an engine: sends requests, resends them, matches what comes back, and tells the routing table and
// the suspects who answered and who did not. Not here: whom to ask (walk.ts, maintenance.ts) and the serving side.
import { addressKey, sameAddress, type Address, type Contact } from './contact.ts'
import type { EngineParts } from './engine-parts.ts'
import { sameId, type Id } from './id.ts'
import type { ErrorMessage, ReplyMessage, Refusal } from './ports.ts'
import { RequestTable, type PendingRequest } from './request-table.ts'
import { RoundTrips } from './round-trips.ts'

/** How one request ended. Everything but 'reply' and 'error' counts as a failure of the one asked. */
export type RequestOutcome<R> =
  | { readonly kind: 'reply'; readonly contact: Contact; readonly reply: R; readonly rttMs: number }
  | { readonly kind: 'error'; readonly refusal: Refusal; readonly rttMs: number }
  /** `answeredAs`: only of an imposter, the id under which it answered. */
  | { readonly kind: 'failed'; readonly why: RequestFailure; readonly answeredAs?: Id }

/**
 * timeout: no answer in time. unreachable: the transport says so. malformed: an answer that is none.
 * imposter: another id answered than was expected. overload: too many requests of ours under way. closed: we stop.
 */
export type RequestFailure =
  | 'timeout'
  | 'unreachable'
  | 'malformed'
  | 'imposter'
  | 'overload'
  | 'not-dialable'
  | 'cancelled'
  | 'closed'

export interface RequestListener<R> {
  onSlow?(now: number): void
  /** Only of a hurried one: it is asked for the last time. */
  onDoubtful?(now: number): void
  /** Only of a hurried one: all attempts are made, and whoever lives would have answered. It may still. */
  onSilent?(now: number): void
  onOutcome(outcome: RequestOutcome<R>, now: number): void
}

export interface Request<Q> {
  readonly query: Q
  readonly to: Address
  readonly expectedId: Id | null
  /** Sent again as soon as its answer is overdue by what the network has shown, for somebody waits. Default: false. */
  readonly hurried?: boolean
}

/** Who keeps the routing table in step with what requests show. */
export interface ContactObserver {
  answered(contact: Contact, rttMs: number, now: number): void
  missed(expectedId: Id, address: Address, now: number): void
  /** Somebody answered there under this id, which is not the one that was asked for, or is our own. */
  answeredAs(id: Id, address: Address, now: number): void
}

/** A request that may be given up. */
export interface RequestHandle {
  /**
   * The listener hears nothing more, and nothing is sent again. What answers yet is still known by it to live: else
   * who is asked and given up again and again would seem never to answer. Silence is not held against it, for it got
   * fewer datagrams and less patience than others.
   */
  cancel(): void
}

interface Waiting<R> {
  listener: RequestListener<R>
  /** Datagrams or messages sent; at most 1 + resendAfterMs.length. */
  sent: number
}

/** In place of who has given up, so that nothing of it is kept alive. */
const NOBODY: RequestListener<never> = { onOutcome: () => {} }

type Pending<Q, R> = PendingRequest<Q, Waiting<R>>

export class Requester<Q extends { readonly method: string }, R> {
  readonly roundTrips: RoundTrips
  readonly #parts: EngineParts<Q, R>
  readonly #observer: ContactObserver
  readonly #table: RequestTable<Q, Waiting<R>>
  /** Endpoints that missed, with nothing received between. At most offlineAfterMisses; then our link is down. */
  readonly #missing = new Set<string>()
  #offlineNow = false
  #closed = false

  constructor(parts: EngineParts<Q, R>, observer: ContactObserver) {
    this.#parts = parts
    this.#observer = observer
    this.roundTrips = new RoundTrips(parts.parameters)
    this.#table = new RequestTable(parts.parameters, parts.random)
  }

  get nextAt(): number {
    return this.#table.nextAt
  }

  get inFlight(): number {
    return this.#table.size
  }

  /** Whether so many of our requests in a row went unanswered that our own link must be down. */
  get offline(): boolean {
    return this.#offlineNow
  }

  /**
   * Asks one node. The listener hears exactly once how it ended, unless it cancels; never before this returns.
   * Whether its address may be dialled was asked where it came in: of the user, of a reply, of a query (T25).
   */
  ask(request: Request<Q>, listener: RequestListener<R>, now: number): RequestHandle | RequestFailure {
    const { table, counters } = this.#parts
    const { to, expectedId, query, hurried = false } = request
    if (this.#closed) return 'closed'
    const known = expectedId === null ? null : table.find(expectedId)
    const pending = this.#table.begin(
      {
        query,
        to,
        expectedId,
        slowAfterMs: this.roundTrips.slowAfterMs(known?.rttMs ?? null),
        hurried,
        patienceMs: this.roundTrips.patienceMs,
        context: { listener, sent: 0 },
      },
      now,
    )
    if (pending === null) return 'overload'
    counters.method(query.method).started++
    this.#transmit(pending, now)
    return {
      cancel: () => {
        pending.context.listener = NOBODY
        this.#table.abandon(pending)
      },
    }
  }

  /** A reply came in. False: nobody asked for it from there. */
  reply(message: ReplyMessage<R>, from: Address, now: number): boolean {
    const match = this.#table.match(message.transaction, from, now)
    if (match === null) return false
    const { request, rttMs } = match
    this.#table.settle(request)
    this.heard()
    this.#reached(request, now)
    if (message.seenAs !== null) this.#parts.effects.seenAs(message.seenAs, from, now)
    const { expectedId, to } = request
    const why = this.#disown(message.senderId, expectedId, to, now)
    if (why !== null) {
      const answeredAs = why === 'imposter' ? { answeredAs: message.senderId } : {}
      this.#end(request, { kind: 'failed', why, ...answeredAs }, now)
      return true
    }
    const contact: Contact = { id: message.senderId, address: to }
    this.roundTrips.add(rttMs)
    this.#parts.counters.delayed(request.query.method, rttMs)
    this.#observer.answered(contact, rttMs, now)
    this.#end(request, { kind: 'reply', contact, reply: message.reply, rttMs }, now)
    return true
  }

  /** An error came in. False: nobody asked. It proves life but, without an id, no identity. */
  error(message: ErrorMessage, from: Address, now: number): boolean {
    const match = this.#table.match(message.transaction, from, now)
    if (match === null) return false
    this.#table.settle(match.request)
    this.heard()
    this.#reached(match.request, now)
    if (message.seenAs !== null) this.#parts.effects.seenAs(message.seenAs, from, now)
    const refusal = { code: message.code, message: message.message }
    this.#end(match.request, { kind: 'error', refusal, rttMs: match.rttMs }, now)
    return true
  }

  /** An answer came that is none: its request fails at once. False: nobody asked. */
  malformed(transaction: Uint8Array, from: Address, now: number): boolean {
    const match = this.#table.match(transaction, from, now)
    if (match === null) return false
    this.#table.settle(match.request)
    this.heard()
    this.#blame(match.request, now)
    this.#end(match.request, { kind: 'failed', why: 'malformed' }, now)
    return true
  }

  /** It answered, but not what it was asked: as bad as no answer. */
  blame({ id, address }: Contact, now: number): void {
    this.#blame({ to: address, expectedId: id }, now)
  }

  /** The transport cannot reach this address, or has no room for what is to go there, for which nobody else is to blame. */
  unreachable(address: Address, why: 'unreachable' | 'overload', now: number): void {
    for (const request of this.#table.pendingTo(address)) {
      this.#table.settle(request)
      if (why === 'overload') this.#end(request, { kind: 'failed', why }, now)
      else this.#miss(request, why, now)
    }
  }

  /** Whether an answer from this endpoint is awaited. */
  expects(from: Address): boolean {
    return this.#table.pendingTo(from).length > 0
  }

  /** Whatever came in: our link works. */
  heard(): void {
    if (this.#missing.size > 0) this.#missing.clear()
    if (!this.#offlineNow) return
    this.#offlineNow = false
    this.#parts.effects.notice({ kind: 'online' })
  }

  tick(now: number): void {
    for (let event = this.#table.nextEvent(now); event !== null; event = this.#table.nextEvent(now)) {
      if (event.kind === 'resend') this.#resend(event.request, now)
      else if (event.kind === 'slow') event.request.context.listener.onSlow?.(now)
      else if (event.kind === 'silent') this.#silent(event.request, now)
      else if (event.request.abandoned) this.#end(event.request, { kind: 'failed', why: 'cancelled' }, now)
      else this.#miss(event.request, 'timeout', now)
    }
  }

  /** Ends everything under way as failed, and asks nobody any more: we close. */
  close(now: number): void {
    this.#closed = true
    for (const request of this.#table.pending()) {
      this.#table.settle(request)
      this.#end(request, { kind: 'failed', why: 'closed' }, now)
    }
  }

  /** Why an answer under this id is none: it is our own id, or not the one that was asked for (T5). */
  #disown(senderId: Id, expectedId: Id | null, address: Address, now: number): RequestFailure | null {
    const { table, suspects } = this.#parts
    const isOwn = sameId(senderId, table.ownId)
    if (!isOwn && (expectedId === null || sameId(senderId, expectedId))) return null
    if (isOwn) suspects.ban(address, now)
    else suspects.imposter(address, senderId, now)
    this.#observer.answeredAs(senderId, address, now)
    return isOwn ? 'malformed' : 'imposter'
  }

  /** An answer came: what was sent for it was not sent to somebody who never asked for it (T7). */
  #reached(request: Pending<Q, R>, now: number): void {
    for (let i = 0; i < request.context.sent; i++) this.#parts.suspects.answered(request.to, now)
  }

  /** Of whom we only heard gets no more datagrams without an answer than its IP may get, resends included (T7). */
  #resend(request: Pending<Q, R>, now: number): void {
    if (!this.#isHearsay(request) || this.#parts.suspects.mayResend(request.to, now))
      this.#transmit(request, now)
    const { resendAfterMs } = this.#parts.parameters
    if (request.hurried && request.resends === resendAfterMs.length)
      request.context.listener.onDoubtful?.(now)
  }

  /** Whether others only named it: it has not answered us, or it left the table. */
  #isHearsay({ expectedId, to }: Pending<Q, R>): boolean {
    const known = expectedId === null ? null : this.#parts.table.find(expectedId)
    return expectedId !== null && (known === null || !sameAddress(known.address, to))
  }

  #transmit(request: Pending<Q, R>, now: number): void {
    const { wire, effects, counters, suspects } = this.#parts
    suspects.sent(request.to, now)
    request.context.sent++
    const { query, transaction, to, expectedId } = request
    effects.dial(wire.encodeQuery(query, transaction, { ...to, id: expectedId }), to)
    counters.method(request.query.method).sent++
  }

  /** It has missed, and others need not find that out anew. Should it answer yet, that is taken back. */
  #silent(request: Pending<Q, R>, now: number): void {
    this.#missed(request, now)
    request.context.listener.onSilent?.(now)
  }

  #miss(request: Pending<Q, R>, why: RequestFailure, now: number): void {
    if (!request.silent) this.#missed(request, now)
    this.#end(request, { kind: 'failed', why }, now)
  }

  #missed(request: Pending<Q, R>, now: number): void {
    const { requestTimeoutMs, sleptAfterMs, offlineAfterMisses } = this.#parts.parameters
    // While we slept nobody could answer us (T30).
    const slept = now - request.startedAt > requestTimeoutMs + sleptAfterMs
    // Of hearsay no silence counts: else whoever names the dead to us could make us believe that our link is.
    if (!slept && !this.#isHearsay(request)) this.#missing.add(addressKey(request.to))
    if (!this.#offlineNow && this.#missing.size >= offlineAfterMisses) {
      this.#missing.clear()
      this.#offlineNow = true
      this.#parts.effects.notice({ kind: 'offline' })
    }
    // On a dead link nobody is to blame but ourselves. BEP 45, "Determining Connectivity" (B45-09).
    if (!slept && !this.#offlineNow) this.#blame(request, now)
  }

  #blame({ to, expectedId }: Pick<Pending<Q, R>, 'to' | 'expectedId'>, now: number): void {
    this.#parts.suspects.unanswered(to, now)
    if (expectedId !== null) this.#observer.missed(expectedId, to, now)
  }

  #end(request: Pending<Q, R>, outcome: RequestOutcome<R>, now: number): void {
    const counts = this.#parts.counters.method(request.query.method)
    if (outcome.kind === 'failed') counts.failed++
    else counts.answered++
    request.context.listener.onOutcome(outcome, now)
  }
}
