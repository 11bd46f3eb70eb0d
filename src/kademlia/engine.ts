// The engine: one node of one network over one address family, sans-IO. Inputs: receive, tick, unreachable, and what its
// owner asks for; outputs: the Effects. Not here: sockets, clocks, files, and what the messages mean.
import { sameAddress, type Address, type Contact } from './contact.ts'
import type { Counters } from './counters.ts'
import type { EngineParts } from './engine-parts.ts'
import { sameId, type Id } from './id.ts'
import { Maintenance } from './maintenance.ts'
import { Membership } from './membership.ts'
import { Population } from './population.ts'
import { ProtocolError, type LookupQuery, type Message, type QueryMessage, type ReplyTo } from './ports.ts'
import {
  Requester,
  type Request,
  type RequestFailure,
  type RequestHandle,
  type RequestListener,
} from './requester.ts'
import { Responder } from './responder.ts'
import type { RoutingTable } from './routing-table.ts'
import { Walk, type LookupListener, type WalkOptions } from './walk.ts'
import type { WriteTokens } from './write-tokens.ts'

/** A lookup that may be given up. */
export interface LookupHandle {
  cancel(now: number): void
}

export class Engine<Q extends { readonly method: string }, R> {
  readonly population: Population
  readonly #parts: EngineParts<Q, R>
  readonly #tokens: WriteTokens
  readonly #requester: Requester<Q, R>
  readonly #membership: Membership<Q, R>
  readonly #responder: Responder<Q, R>
  readonly #maintenance: Maintenance
  /** Lookups under way. At most maxLookups; a further one is refused. */
  readonly #walks = new Set<Walk<Q, R, unknown>>()
  #refreshing = false
  #closed = false
  #lastInputAt: number
  #wishAt = Infinity

  constructor(parts: EngineParts<Q, R>, tokens: WriteTokens, now: number) {
    this.#parts = parts
    this.#tokens = tokens
    this.#membership = new Membership(parts, () => this.#requester)
    this.#requester = new Requester(parts, this.#membership)
    this.#responder = new Responder(parts)
    this.#maintenance = new Maintenance(parts.parameters, parts.random, now)
    this.population = new Population()
    this.#lastInputAt = now
    this.#wish()
  }

  get ownId(): Id {
    return this.#parts.table.ownId
  }

  get table(): RoutingTable {
    return this.#parts.table
  }

  get counters(): Counters {
    return this.#parts.counters
  }

  get offline(): boolean {
    return this.#requester.offline
  }

  /** Requests and lookups of ours that are under way. */
  get underWay(): { requests: number; lookups: number } {
    return { requests: this.#requester.inFlight, lookups: this.#walks.size }
  }

  /** One datagram or message came in. Never throws, whatever the bytes. */
  receive(bytes: Uint8Array, from: Address, replyTo: ReplyTo, now: number): void {
    if (this.#closed) return
    this.#passTime(now)
    // Whom we asked may always answer, and no more than that: a flood from elsewhere must not cost us replies.
    const isServed = this.#responder.admits(from, now)
    if (!isServed && !this.#requester.expects(from)) return this.#drop('rate-limited', from)
    let message: Message<Q, R>
    try {
      message = this.#parts.wire.decode(bytes, from)
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      return this.#refused(error, { from, replyTo, isServed }, now)
    }
    // Whatever comes shows that our link works.
    this.#requester.heard()
    if (message.kind === 'query') {
      if (!isServed) return this.#drop('rate-limited', from)
      this.#serve(message, from, replyTo, now)
    } else {
      const known =
        message.kind === 'reply'
          ? this.#requester.reply(message, from, now)
          : this.#requester.error(message, from, now)
      if (!known) this.#drop('unknown-transaction', from)
    }
    this.#wish()
  }

  /** Time has passed: resends, time-outs, maintenance. Early or late calls do no harm. */
  tick(now: number): void {
    if (this.#closed) return
    this.#passTime(now)
    this.#requester.tick(now)
    if (now >= this.#maintenance.nextAt) this.#maintain(now)
    this.#wishAt = Infinity
    this.#wish()
  }

  /** The transport cannot reach this address, or has no room for it (overload): what is under way to it has failed. */
  unreachable(address: Address, why: 'unreachable' | 'overload', now: number): void {
    if (this.#closed) return
    this.#requester.unreachable(address, why, now)
    this.#wish()
  }

  /** Asks one node. The listener hears once how it ended, unless cancelled; a string says why nothing was sent. */
  ask(request: Request<Q>, listener: RequestListener<R>, now: number): RequestHandle | RequestFailure {
    if (!this.#closed && !this.#parts.policy.dialable(request.to)) return 'not-dialable'
    const handle = this.#requester.ask(request, listener, now)
    this.#wish()
    return handle
  }

  /**
   * Whether a node that others named may be asked: not at an address that nobody dials (T25), nor while it is suspect or
   * too much that was sent to its IP is unanswered (T7). Whoever is in our table always may. Lookups see to it themselves.
   */
  mayAsk({ id, address }: Contact, now: number): boolean {
    const { policy, suspects } = this.#parts
    const known = this.table.find(id)
    const isKnown = known !== null && sameAddress(known.address, address)
    return policy.dialable(address) && (isKnown || suspects.mayDial(address, now))
  }

  /** Walks to a target. null: too many lookups are under way, or we are closed. */
  lookup<T>(
    query: LookupQuery<Q, R, T>,
    listener: LookupListener<R, T>,
    options: WalkOptions & { readonly now: number },
  ): LookupHandle | null {
    if (this.#closed || this.#walks.size >= this.#parts.parameters.maxLookups) return null
    const walk = new Walk<Q, R, T>(this.#parts, this.#requester, {
      query,
      options,
      listener: {
        ...listener,
        onEnd: (outcome, now) => {
          this.#walks.delete(walk)
          listener.onEnd(outcome, now)
        },
      },
    })
    this.#walks.add(walk)
    walk.start(options.now)
    this.#wish()
    return walk
  }

  /** Walks to random targets in every bucket that is due, or in all; calls back when all have ended. */
  refresh(force: boolean, onEnd: () => void, now: number): void {
    const buckets = this.table.staleBuckets(now, this.#parts.random, force ? 0 : undefined)
    let open = 1
    const ended = (): void => {
      if (--open === 0) onEnd()
    }
    for (const bucket of buckets) {
      open++
      this.#refreshBucket(bucket.target, now, ended)
      this.table.refreshed(bucket.target, now)
    }
    ended()
  }

  /** Somebody named this contact: where the table has room for it, it is pinged. */
  consider(contact: Contact, now: number): void {
    this.#membership.heardOf(contact, now)
    this.#wish()
  }

  /** Takes out a contact that is not to be one any more (drogulus: it sent what nobody signed). */
  expel(contact: Contact, now: number): void {
    this.#membership.expel(contact, now)
    this.#wish()
  }

  /** Takes another own id, for our address has changed (BEP 42): the table is laid anew around it. */
  setOwnId(id: Id, now: number): void {
    for (const contact of this.table.rekey(id, now)) {
      this.#parts.effects.notice({ kind: 'contact-removed', contact, why: 'own-id-changed' })
    }
    this.#maintenance.hurry(now)
    this.#wish()
  }

  /** We slept or are on another network: nothing known counts as good until it answers again. T30. */
  networkChanged(now: number): void {
    this.table.suspectAll()
    this.#parts.suspects.forgetUnreachable()
    this.#tokens.renew(now)
    this.#maintenance.hurry(now)
    this.#wish()
  }

  /** Ends every lookup as cancelled and every request as failed; nothing is sent, asked or answered after that. */
  close(now: number): void {
    this.#closed = true
    for (const walk of this.#walks) walk.cancel(now)
    this.#requester.close(now)
  }

  #refused(
    { reason, answer, failedTransaction }: ProtocolError,
    { from, replyTo, isServed }: { from: Address; replyTo: ReplyTo; isServed: boolean },
    now: number,
  ): void {
    this.#drop(reason, from)
    if (answer !== null && isServed) this.#responder.refuse(answer, answer.transaction, from, replyTo, now)
    if (failedTransaction !== null) this.#requester.malformed(failedTransaction, from, now)
    this.#wish()
  }

  #serve(message: QueryMessage<Q>, from: Address, replyTo: ReplyTo, now: number): void {
    this.#responder.query(message, from, replyTo, now)
    const { dialPort, senderId } = message
    if (dialPort === null || sameId(senderId, this.ownId)) return
    this.#membership.queriedUs({ id: senderId, address: { host: from.host, port: dialPort } }, now)
  }

  #maintain(now: number): void {
    const due = this.#maintenance.due(now, this.table, this.offline)
    for (const contact of due.pings) this.#membership.ping(contact, now)
    if (due.refresh !== null && !this.#refreshing) {
      this.#refreshing = true
      this.table.refreshed(due.refresh, now)
      this.#refreshBucket(due.refresh, now, () => {
        this.#refreshing = false
      })
    }
    if (due.checkpoint) this.#parts.effects.checkpoint(now)
  }

  /** The targets are random, so these lookups and no others measure the network (algorithms.md 3.6). */
  #refreshBucket(target: Id, now: number, onEnd: () => void): void {
    const handle = this.lookup(
      this.#parts.probes.closestTo(target),
      {
        onEnd: ({ why, closest }) => {
          if (why === 'converged') this.#measure(target, closest)
          onEnd()
        },
      },
      { self: false, now },
    )
    if (handle === null) onEnd()
  }

  #measure(target: Id, closest: readonly { readonly contact: Contact }[]): void {
    this.population.observe(
      target,
      closest.map(({ contact }) => contact.id),
    )
  }

  #passTime(now: number): void {
    const gapMs = now - this.#lastInputAt
    this.#lastInputAt = Math.max(now, this.#lastInputAt)
    if (gapMs <= this.#parts.parameters.sleptAfterMs) return
    // What we asked before has long failed: an answer that waited in a buffer shows nobody alive now.
    this.#requester.tick(now)
    this.networkChanged(now)
    this.#parts.effects.notice({ kind: 'slept', forMs: gapMs })
  }

  #drop(why: string, from: Address): void {
    this.#parts.counters.dropped(why)
    this.#parts.effects.notice({ kind: 'dropped', why, from })
  }

  /** Says when tick is wanted, where that is earlier than what was said before. */
  #wish(): void {
    const at = Math.min(this.#requester.nextAt, this.#maintenance.nextAt)
    if (at >= this.#wishAt) return
    this.#wishAt = at
    this.#parts.effects.wakeAt(at)
  }
}
