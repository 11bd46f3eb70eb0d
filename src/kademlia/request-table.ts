// Requests under way: transaction ids, matching of replies, resends, slowness, deadlines. It says what is due;
// requester.ts sends. Not here: what a reply means.
import { addressKey, sameAddress, type Address } from './contact.ts'
import { Deadlines } from './deadlines.ts'
import type { Id } from './id.ts'
import type { Parameters } from './parameters.ts'
import type { Random } from './ports.ts'

/** One question to one address, with all its attempts. */
export interface PendingRequest<Q, C> {
  readonly query: Q
  readonly to: Address
  /** The id that must answer; null where only the address is known (bootstrap, ping by address). */
  readonly expectedId: Id | null
  readonly startedAt: number
  /** Ms after startedAt at which it counts as slow. */
  readonly slowAfterMs: number
  /**
   * Whether it is sent again each time that it has been slow once more, where resendAfterMs would come later (unless the
   * network keeps to that: resendsEarly); when it is slow after the last time, and not before patienceMs, it is called silent.
   */
  readonly hurried: boolean
  /** Ms after startedAt. */
  readonly patienceMs: number
  /** Who waits for it. */
  readonly context: C
  /** Transaction key → when it was sent. At most 1 + resendAfterMs.length. */
  readonly attempts: Map<string, number>
  transaction: Uint8Array
  /** When it was last sent, or was due to be. */
  sentAt: number
  resends: number
  slow: boolean
  /** Whoever is asked is not there, as far as one can tell; it may still answer. */
  silent: boolean
  /** Nobody waits for it any more: it is neither resent nor called slow or silent, but its answer is still known as one. */
  abandoned: boolean
  settled: boolean
}

export interface RequestOptions<Q, C> {
  readonly query: Q
  readonly to: Address
  readonly expectedId: Id | null
  readonly slowAfterMs: number
  /** Default: false. */
  readonly hurried?: boolean
  /** Default: 0. */
  readonly patienceMs?: number
  readonly context: C
}

/** What a request needs now. */
export type RequestEvent<Q, C> =
  | { readonly kind: 'resend'; readonly request: PendingRequest<Q, C> }
  | { readonly kind: 'slow'; readonly request: PendingRequest<Q, C> }
  | { readonly kind: 'silent'; readonly request: PendingRequest<Q, C> }
  | { readonly kind: 'expired'; readonly request: PendingRequest<Q, C> }

type Timing = Pick<
  Parameters,
  | 'resendAfterMs'
  | 'resendKeepsTransaction'
  | 'resendsEarly'
  | 'requestTimeoutMs'
  | 'maxInFlight'
  | 'transactionIdBytes'
>

/** Settled requests that may linger in the queue of deadlines however few are open. */
const FEW = 64

/** Replies match by transaction id and by the full endpoint that was asked (BEP 5; K-10, K-11, T16). */
export class RequestTable<Q, C> {
  readonly #timing: Timing
  readonly #random: Random
  /**
   * At most maxInFlight requests with all their attempts. For a further one the one abandoned longest ago is forgotten;
   * where there is none, the further one is refused.
   */
  readonly #byTransaction = new Map<string, PendingRequest<Q, C>>()
  /** The same requests by the endpoint that was asked. */
  readonly #byEndpoint = new Map<string, Set<PendingRequest<Q, C>>>()
  /** Those of them that are abandoned, in the order in which they were. */
  readonly #abandoned = new Set<PendingRequest<Q, C>>()
  /** One entry a request, its next event; entries of settled ones fall out when due, or when they are the majority. */
  readonly #deadlines = new Deadlines<PendingRequest<Q, C>>()
  #open = 0

  constructor(timing: Timing, random: Random) {
    this.#timing = timing
    this.#random = random
  }

  /** Requests that somebody waits for. */
  get size(): number {
    return this.#open - this.#abandoned.size
  }

  /** When tick() should be called next; Infinity when nothing is under way. */
  get nextAt(): number {
    return this.#deadlines.nextAt
  }

  /** Registers a request whose `transaction` the caller sends now. null when maxInFlight are waited for. */
  begin(options: RequestOptions<Q, C>, now: number): PendingRequest<Q, C> | null {
    if (this.#open >= this.#timing.maxInFlight && !this.#forgetAbandoned()) return null
    const request: PendingRequest<Q, C> = {
      hurried: false,
      patienceMs: 0,
      ...options,
      sentAt: now,
      startedAt: now,
      attempts: new Map(),
      transaction: new Uint8Array(0),
      resends: 0,
      slow: false,
      silent: false,
      abandoned: false,
      settled: false,
    }
    this.#open++
    this.#newTransaction(request, now)
    const endpoint = addressKey(options.to)
    const others = this.#byEndpoint.get(endpoint)
    if (others === undefined) this.#byEndpoint.set(endpoint, new Set([request]))
    else others.add(request)
    this.#deadlines.push(this.#nextEventAt(request), request)
    return request
  }

  /** The request that this reply belongs to and its round-trip time; null when there is none from that endpoint. */
  match(
    transaction: Uint8Array,
    from: Address,
    now: number,
  ): { request: PendingRequest<Q, C>; rttMs: number } | null {
    const key = transactionKey(transaction)
    const request = this.#byTransaction.get(key)
    if (request === undefined || !sameAddress(request.to, from)) return null
    return { request, rttMs: Math.max(0, now - request.attempts.get(key)!) }
  }

  /** Nobody wants it any more: it only waits for its answer, until its deadline. Harmless when repeated. */
  abandon(request: PendingRequest<Q, C>): void {
    if (request.settled || request.abandoned) return
    request.abandoned = true
    this.#abandoned.add(request)
  }

  /** Forgets a request: it was answered or has failed. Harmless when repeated. */
  settle(request: PendingRequest<Q, C>): void {
    if (request.settled) return
    request.settled = true
    this.#open--
    this.#abandoned.delete(request)
    for (const key of request.attempts.keys()) this.#byTransaction.delete(key)
    const endpoint = addressKey(request.to)
    const others = this.#byEndpoint.get(endpoint)
    others?.delete(request)
    if (others?.size === 0) this.#byEndpoint.delete(endpoint)
    if (this.#deadlines.size > 2 * this.#open + FEW) this.#deadlines.retain((each) => !each.settled)
  }

  /** The next thing that is due at `now`, null when nothing is. Call until null. */
  nextEvent(now: number): RequestEvent<Q, C> | null {
    for (;;) {
      const request = this.#deadlines.popDue(now)
      if (request === undefined) return null
      if (request.settled) continue
      const kind = this.#dueKind(request, now)
      if (kind === null) {
        this.#deadlines.push(this.#nextEventAt(request), request)
        continue
      }
      if (kind === 'expired') this.settle(request)
      else this.#progress(request, kind, now)
      return { kind, request }
    }
  }

  /** Every request under way to this endpoint. */
  pendingTo(address: Address): PendingRequest<Q, C>[] {
    return [...(this.#byEndpoint.get(addressKey(address)) ?? [])]
  }

  /** Every request under way, for closing. */
  pending(): PendingRequest<Q, C>[] {
    return [...new Set(this.#byTransaction.values())]
  }

  #forgetAbandoned(): boolean {
    for (const request of this.#abandoned) {
      this.settle(request)
      return true
    }
    return false
  }

  #progress(request: PendingRequest<Q, C>, kind: 'resend' | 'slow' | 'silent', now: number): void {
    if (kind === 'slow') request.slow = true
    else if (kind === 'silent') request.silent = true
    else {
      request.resends++
      request.sentAt = now
      if (!this.#timing.resendKeepsTransaction) this.#newTransaction(request, now)
    }
    this.#deadlines.push(this.#nextEventAt(request), request)
  }

  #dueKind(request: PendingRequest<Q, C>, now: number): RequestEvent<Q, C>['kind'] | null {
    // Reckoned as in #nextEventAt, not as now - startedAt: rounding would make what is due there not due here.
    const isDue = (afterMs: number): boolean => now >= request.startedAt + afterMs
    if (isDue(this.#timing.requestTimeoutMs)) return 'expired'
    if (request.abandoned) return null
    if (!request.slow && isDue(request.slowAfterMs)) return 'slow'
    if (now >= this.#resendAt(request)) return 'resend'
    return now >= this.#silentAt(request) ? 'silent' : null
  }

  #nextEventAt(request: PendingRequest<Q, C>): number {
    const expiresAt = request.startedAt + this.#timing.requestTimeoutMs
    if (request.abandoned) return expiresAt
    const slowAt = request.slow ? Infinity : request.startedAt + request.slowAfterMs
    return Math.min(expiresAt, slowAt, this.#resendAt(request), this.#silentAt(request))
  }

  /**
   * Reckoned from when it was last sent, not from its start: who was kept from looking for long must read what came
   * meanwhile before he asks again.
   */
  #resendAt(request: PendingRequest<Q, C>): number {
    const latestMs = this.#timing.resendAfterMs[request.resends] ?? Infinity
    const latest = request.startedAt + latestMs
    if (!request.hurried || !this.#timing.resendsEarly || latestMs === Infinity) return latest
    return Math.min(latest, request.sentAt + request.slowAfterMs)
  }

  #silentAt(request: PendingRequest<Q, C>): number {
    const isLast = request.resends >= this.#timing.resendAfterMs.length
    if (!request.hurried || request.silent || !isLast) return Infinity
    return Math.max(request.sentAt + request.slowAfterMs, request.startedAt + request.patienceMs)
  }

  #newTransaction(request: PendingRequest<Q, C>, now: number): void {
    let transaction: Uint8Array
    let key: string
    do {
      transaction = this.#random.bytes(this.#timing.transactionIdBytes)
      key = transactionKey(transaction)
    } while (this.#byTransaction.has(key))
    request.transaction = transaction
    request.attempts.set(key, now)
    this.#byTransaction.set(key, request)
  }
}

function transactionKey(transaction: Uint8Array): string {
  // Foreign transaction ids may be long; none of ours is, so a prefix tells them apart from ours.
  let key = ''
  const length = Math.min(transaction.length, 64)
  for (let i = 0; i < length; i++) key += String.fromCharCode(transaction[i]!)
  return transaction.length > 64 ? `${key}…` : key
}
