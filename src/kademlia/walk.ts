// One lookup on its way through the network: asks whom the lookup machine offers, feeds it what comes back, and streams
// what it finds. Not here: whose turn it is (lookup.ts) and what an answer means (LookupQuery of a network).
import type { Candidate } from './candidates.ts'
import { sameAddress, type Contact } from './contact.ts'
import type { EngineParts } from './engine-parts.ts'
import { sameId, sharedPrefixBits, type Id } from './id.ts'
import { LookAside } from './look-aside.ts'
import { Lookup } from './lookup.ts'
import { ProtocolError, type LookupQuery, type LookupStep } from './ports.ts'
import type { RequestFailure, RequestHandle, RequestOutcome, Requester } from './requester.ts'

/** One answered or failed request of a lookup: its way, for people to look at. */
export interface Hop {
  readonly contact: Contact
  /** Who named it; null for a contact of our own table. */
  readonly namedBy: Contact | null
  readonly depth: number
  /** Leading bits that it shares with the target: more is nearer. */
  readonly sharedBits: number
  /** null when it did not answer. */
  readonly rttMs: number | null
  readonly outcome: 'answered' | 'refused' | RequestFailure
  /** Contacts that it named. */
  readonly named: number
}

/** A contact that answered, with its answer. `reply` is null for the local node. */
export interface Answered<R> {
  readonly contact: Contact
  readonly reply: R | null
  readonly self: boolean
}

export interface LookupOutcome<R> {
  /** converged: the closest have answered. done: the query had enough. cancelled: given up. */
  readonly why: 'converged' | 'done' | 'cancelled'
  /** The k closest that answered, nearest first; the local node among them where it takes part. */
  readonly closest: readonly Answered<R>[]
  readonly asked: number
  readonly answered: number
  readonly failed: number
}

export interface LookupListener<R, T> {
  onResults?(results: readonly T[], from: Contact): void
  onHop?(hop: Hop): void
  onEnd(outcome: LookupOutcome<R>, now: number): void
}

export interface WalkOptions {
  /** Whether the local node takes part (counts as one of the closest). */
  readonly self: boolean
  readonly disjointPaths?: number
  /** Asked besides the contacts of the table. */
  readonly seeds?: readonly Contact[]
}

/** Outcomes that show nobody at an endpoint. */
const SILENT: ReadonlySet<Hop['outcome']> = new Set(['timeout', 'unreachable', 'overload', 'not-dialable'])

export class Walk<Q extends { readonly method: string }, R, T> {
  readonly #parts: EngineParts<Q, R>
  readonly #requester: Requester<Q, R>
  readonly #query: LookupQuery<Q, R, T>
  readonly #listener: LookupListener<R, T>
  readonly #lookup: Lookup
  readonly #seeds: readonly Contact[]
  /** Requests under way. At most maxAsked a path. */
  readonly #handles = new Map<Candidate, RequestHandle>()
  /** Those whose IP has as many requests under way as it may have. At most maxAsked a path. */
  readonly #deferred = new Set<Candidate>()
  /** Replies of those who answered. At most maxAsked a path. */
  readonly #replies = new Map<Candidate, R>()
  readonly #counts = { asked: 0, answered: 0, failed: 0 }
  /** The second look; null before it. */
  #aside: LookAside<Q, R> | null = null
  /** Questions of the second look that are open. */
  #looking = false
  #ended = false

  constructor(
    parts: EngineParts<Q, R>,
    requester: Requester<Q, R>,
    request: { query: LookupQuery<Q, R, T>; listener: LookupListener<R, T>; options: WalkOptions },
  ) {
    this.#parts = parts
    this.#requester = requester
    this.#query = request.query
    this.#listener = request.listener
    const { disjointPaths = parts.parameters.disjointPaths, self } = request.options
    this.#lookup = new Lookup({
      target: request.query.target,
      parameters: { ...parts.parameters, disjointPaths },
      eligible: (contact) => parts.policy.eligible(contact),
      group: (contact) => parts.policy.tableGroup(contact.address),
      self: self ? parts.table.ownId : null,
    })
    this.#seeds = request.options.seeds ?? []
  }

  /** Begins; the listener may hear of the end before this returns when there is nobody to ask. */
  start(now: number): void {
    const { table, parameters } = this.#parts
    this.#lookup.seed(this.#dialable(this.#seeds, now))
    // Those not heard of for long are asked too: the table may hold nobody else after a restart or a sleep. More than
    // k, so that there is somebody left to ask when the nearest ones are dead.
    this.#lookup.seed(table.closest(this.#query.target, parameters.maxCandidates, now, 'any'))
    this.#advance(now)
  }

  /** Gives up: nothing more is sent, late answers only tell the table who lives. Ends as 'cancelled'. */
  cancel(now: number): void {
    this.#end('cancelled', now)
  }

  #advance(now: number): void {
    for (const candidate of this.#deferred) if (this.#mayAsk(candidate, now)) this.#send(candidate, now)
    while (!this.#ended) {
      const candidate = this.#lookup.next()
      if (candidate !== null) this.#ask(candidate, now)
      else if (this.#handles.size > 0 || !this.#failDeferred()) break
    }
    if (this.#ended) return
    if (this.#lookup.stalled) this.#lookAside(now)
    // Who was doubtful may have answered meanwhile, and nothing is hidden any more.
    const waitsForLook = this.#looking && this.#lookup.hasGaps
    if (this.#lookup.finished && !waitsForLook) this.#end('converged', now)
  }

  /** Once, and only where somebody near the target has failed, or is waited for with little hope. */
  #lookAside(now: number): void {
    if (this.#aside !== null || !this.#lookup.hasGaps) return
    this.#aside = new LookAside(this.#parts, this.#requester, {
      onNamed: (namedBy, contacts, at) => this.#lookup.named(namedBy, this.#dialable(contacts, at)),
      onEnd: (at) => {
        this.#looking = false
        this.#advance(at)
      },
    })
    const asked = this.#aside.start(this.#query.target, this.#lookup.closest(), now)
    this.#counts.asked += asked
    this.#looking = asked > 0
  }

  /**
   * Of those that others named those that may be asked (T25). Under our own id others name us, maybe at an address that
   * we had before a restart.
   */
  #dialable(contacts: readonly Contact[], now: number): readonly Contact[] {
    const { policy, suspects, table } = this.#parts
    return contacts.filter(
      ({ id, address }) =>
        !sameId(id, table.ownId) && policy.dialable(address) && !suspects.isSuspect(address, now),
    )
  }

  #ask(candidate: Candidate, now: number): void {
    if (this.#mayAsk(candidate, now)) return this.#send(candidate, now)
    // Other lookups may be asking at its IP right now: their answers make room. Its slot is free meanwhile.
    this.#lookup.slow(candidate)
    this.#deferred.add(candidate)
  }

  /** Whether the IP of a contact that we only heard of may get one more request (T7). */
  #mayAsk({ contact }: Candidate, now: number): boolean {
    return this.#isKnown(contact) || this.#parts.suspects.mayDial(contact.address, now)
  }

  /** Nothing is under way any more that could make room: gives up on those that wait. False: none does. */
  #failDeferred(): boolean {
    if (this.#deferred.size === 0) return false
    for (const candidate of this.#deferred) this.#fail(candidate, 'not-dialable', null)
    this.#deferred.clear()
    return true
  }

  #send(candidate: Candidate, now: number): void {
    this.#deferred.delete(candidate)
    const { contact } = candidate
    const query = this.#query.question(contact)
    const request = { query, to: contact.address, expectedId: contact.id, hurried: true }
    const handle = this.#requester.ask(
      request,
      {
        onSlow: (at) => {
          this.#lookup.slow(candidate)
          this.#advance(at)
        },
        onDoubtful: (at) => {
          this.#lookup.doubtful(candidate)
          this.#advance(at)
        },
        onSilent: (at) => {
          this.#lookup.silent(candidate)
          this.#advance(at)
        },
        onOutcome: (outcome, at) => this.#settled(candidate, outcome, at),
      },
      now,
    )
    this.#counts.asked++
    if (typeof handle === 'string') this.#fail(candidate, handle, null)
    else this.#handles.set(candidate, handle)
  }

  #isKnown({ id, address }: Contact): boolean {
    const known = this.#parts.table.find(id)
    return known !== null && sameAddress(known.address, address)
  }

  #settled(candidate: Candidate, outcome: RequestOutcome<R>, now: number): void {
    this.#handles.delete(candidate)
    if (this.#ended) return
    if (outcome.kind === 'failed') {
      if (outcome.answeredAs !== undefined) this.#renamed(candidate, outcome.answeredAs, now)
      this.#fail(candidate, outcome.why, null)
    } else if (outcome.kind === 'error') this.#fail(candidate, 'refused', outcome.rttMs)
    else this.#take(candidate, outcome.reply, outcome.rttMs, now)
    this.#advance(now)
  }

  /** It answered under another id. Who gave several such ids is banned by now. */
  #renamed(candidate: Candidate, answeredAs: Id, now: number): void {
    const { address } = candidate.contact
    if (this.#dialable([{ id: answeredAs, address }], now).length > 0)
      this.#lookup.answeredAs(candidate, answeredAs)
  }

  #take(candidate: Candidate, reply: R, rttMs: number, now: number): void {
    const step = this.#read(candidate, reply)
    if (step === null) {
      // Like an answer that is none at all: it counts against whoever gave it.
      this.#requester.blame(candidate.contact, now)
      return this.#fail(candidate, 'malformed', rttMs)
    }
    if (step.lie !== undefined) this.#parts.counters.dropped(step.lie)
    this.#counts.answered++
    this.#replies.set(candidate, reply)
    this.#lookup.answered(candidate, { closer: this.#dialable(step.closer, now), counts: step.counts })
    this.#hop(candidate, { rttMs, outcome: 'answered', named: step.closer.length })
    if (!this.#ended && step.results.length > 0) this.#listener.onResults?.(step.results, candidate.contact)
    if (step.done) this.#end('done', now)
  }

  #read(candidate: Candidate, reply: R): LookupStep<T> | null {
    try {
      return this.#query.read(reply, candidate.contact)
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      this.#parts.counters.dropped(error.reason)
      return null
    }
  }

  #fail(candidate: Candidate, outcome: Hop['outcome'], rttMs: number | null): void {
    this.#counts.failed++
    this.#lookup.failed(candidate, !SILENT.has(outcome))
    this.#hop(candidate, { rttMs, outcome, named: 0 })
  }

  #hop(candidate: Candidate, facts: Pick<Hop, 'rttMs' | 'outcome' | 'named'>): void {
    const { contact, namedBy, depth } = candidate
    const sharedBits = sharedPrefixBits(contact.id, this.#query.target)
    this.#listener.onHop?.({ contact, namedBy, depth, sharedBits, ...facts })
  }

  #end(why: LookupOutcome<R>['why'], now: number): void {
    if (this.#ended) return
    this.#ended = true
    for (const [candidate, handle] of this.#handles) {
      handle.cancel()
      if (why === 'converged' && candidate.state === 'silent') this.#fail(candidate, 'timeout', null)
    }
    this.#handles.clear()
    this.#deferred.clear()
    this.#aside?.cancel()
    const closest = this.#lookup.closest().map((candidate) => ({
      contact: candidate.contact,
      reply: this.#replies.get(candidate) ?? null,
      self: candidate.self,
    }))
    this.#listener.onEnd({ why, closest, ...this.#counts }, now)
  }
}
