// A real engine among scripted peers in virtual time: what it sends is recorded, peers answer after their delay, and
// it is woken when it asked to be. Time is a number that goes from event to event.
import { createHash } from 'node:crypto'
import { addressKey } from '../../src/kademlia/contact.ts'
import type { Address, Contact } from '../../src/kademlia/contact.ts'
import { Counters } from '../../src/kademlia/counters.ts'
import { Deadlines } from '../../src/kademlia/deadlines.ts'
import { Engine } from '../../src/kademlia/engine.ts'
import { compareDistance, idFromHex, toHex } from '../../src/kademlia/id.ts'
import type { Id } from '../../src/kademlia/id.ts'
import { defaultParameters } from '../../src/kademlia/parameters.ts'
import type { Parameters } from '../../src/kademlia/parameters.ts'
import type { AdmissionPolicy, Answers, Effects, EngineEvent, ReplyTo } from '../../src/kademlia/ports.ts'
import { NO_LIMITS, SourceLimits } from '../../src/kademlia/rate-limits.ts'
import type { SourceLimitRates } from '../../src/kademlia/rate-limits.ts'
import type { RequestOutcome } from '../../src/kademlia/requester.ts'
import { RoutingTable } from '../../src/kademlia/routing-table.ts'
import { Suspects } from '../../src/kademlia/suspects.ts'
import type { LookupOutcome } from '../../src/kademlia/walk.ts'
import { WriteTokens } from '../../src/kademlia/write-tokens.ts'
import { idOf, openPolicy, seededRandom } from './table-fixtures.ts'
import { createToyWire, findToy, nodeOf, read, toyProbes, write } from './toy-wire.ts'
import type { ToyMessage, ToyQuery, ToyReply } from './toy-wire.ts'

export const START = 1_700_000_000_000

/** Two bytes an id, four contacts a bucket, three requests at once; times as in earnest. */
export const toyParameters: Parameters = {
  ...defaultParameters,
  idBytes: 2,
  k: 4,
  alpha: 3,
  replacementCacheSize: 4,
}

export interface Sent {
  readonly at: number
  readonly to: Address
  readonly message: ToyMessage
}

/** Who is out there. `answer`: what it says to a message, or nothing at all. */
export interface Peer {
  readonly contact: Contact
  delayMs: number
  answer: (message: ToyMessage) => ToyMessage | null
}

export interface ToyOptions {
  readonly ownId?: Id
  readonly parameters?: Partial<Parameters>
  readonly policy?: AdmissionPolicy
  readonly limits?: SourceLimitRates
  readonly answers?: Answers<ToyQuery, ToyReply>
  readonly seed?: number
}

export class ToyNetwork implements Effects {
  now = START
  readonly parameters: Parameters
  readonly engine: Engine<ToyQuery, ToyReply>
  readonly table: RoutingTable
  readonly tokens: WriteTokens
  readonly suspects: Suspects
  /** What the engine sent, in order: queries of its own, and answers. */
  readonly dialed: Sent[] = []
  readonly sent: Sent[] = []
  readonly afterCommit: Sent[] = []
  readonly notices: EngineEvent[] = []
  readonly checkpoints: number[] = []
  readonly votes: { readonly address: Address; readonly by: Address }[] = []
  readonly #peers = new Map<string, Peer>()
  readonly #arrivals = new Deadlines<{ readonly bytes: Uint8Array; readonly from: Address }>()
  #wakeAt = Infinity

  constructor(options: ToyOptions = {}) {
    const { ownId = idOf(0, 0), policy = openPolicy, limits = NO_LIMITS, seed = 1 } = options
    const parameters = { ...toyParameters, ...options.parameters }
    const random = seededRandom(seed)
    const hash = (data: Uint8Array): Uint8Array => createHash('sha1').update(data).digest()
    this.parameters = parameters
    this.table = new RoutingTable({ ownId, parameters, policy })
    this.suspects = new Suspects({ parameters, policy })
    this.tokens = new WriteTokens({ parameters, random, hash, now: this.now })
    const answers = options.answers ?? {
      answer: () => ({ reply: { nodes: [] }, acknowledgesWrite: false }),
    }
    const parts = {
      parameters,
      random,
      policy,
      answers,
      wire: createToyWire(() => this.table.ownId),
      probes: toyProbes,
      effects: this,
      table: this.table,
      suspects: this.suspects,
      limits: new SourceLimits(limits, random),
      counters: new Counters(),
    }
    this.engine = new Engine(parts, this.tokens, this.now)
  }

  get wakeTime(): number {
    return this.#wakeAt
  }

  get peers(): Peer[] {
    return [...this.#peers.values()]
  }

  /** A peer that answers truthfully: of its network it knows everybody. */
  addPeer(contact: Contact, delayMs = 20): Peer {
    const peer: Peer = { contact, delayMs, answer: (message) => this.truth(peer, message) }
    this.#peers.set(addressKey(contact.address), peer)
    return peer
  }

  removePeer({ address }: Contact): void {
    this.#peers.delete(addressKey(address))
  }

  /** The same peer under another id. */
  truth(peer: Peer, { t, q }: ToyMessage): ToyMessage | null {
    const id = toHex(peer.contact.id)
    if (q === undefined) return null
    if (q.target === undefined) return { t, id, r: {} }
    const target = idFromHex(q.target, this.parameters.idBytes)
    const others = this.closestPeers(target).filter((contact) => contact !== peer.contact)
    return { t, id, r: { nodes: others.slice(0, this.parameters.k).map(nodeOf) } }
  }

  closestPeers(target: Id): Contact[] {
    return this.peers.map(({ contact }) => contact).toSorted((a, b) => compareDistance(target, a.id, b.id))
  }

  /** Somebody sends us this, now. */
  deliver(message: ToyMessage, from: Address): void {
    this.deliverBytes(write(message), from)
  }

  deliverBytes(bytes: Uint8Array, from: Address): void {
    this.engine.receive(bytes, from, from, this.now)
  }

  /** Lets these contacts into the table, as if they had just answered. */
  befriend(...contacts: Contact[]): void {
    for (const contact of contacts) this.table.answered(contact, this.now, 20)
  }

  /** Everything that is due until then happens; afterwards it is `time`. `everyMs`: ticks besides the wished ones. */
  runUntil(time: number, everyMs = Infinity): void {
    let extra = this.now + everyMs
    for (;;) {
      const next = Math.min(this.#arrivals.nextAt, this.#wakeAt, extra)
      if (next > time) break
      this.now = Math.max(this.now, next)
      if (this.now >= extra) extra += everyMs
      this.step()
    }
    this.now = time
  }

  runFor(ms: number, everyMs = Infinity): void {
    this.runUntil(this.now + ms, everyMs)
  }

  /** What has arrived until now, and a tick. */
  step(): void {
    for (
      let next = this.#arrivals.popDue(this.now);
      next !== undefined;
      next = this.#arrivals.popDue(this.now)
    ) {
      this.engine.receive(next.bytes, next.from, next.from, this.now)
    }
    this.#wakeAt = Infinity
    this.engine.tick(this.now)
  }

  /** Asks one contact; the outcome stands in the result once it is there. */
  ask(to: Address, expectedId: Id | null = null): { outcome: RequestOutcome<ToyReply> | string | null } {
    const asked: { outcome: RequestOutcome<ToyReply> | string | null } = { outcome: null }
    const onOutcome = (outcome: RequestOutcome<ToyReply>): void => void (asked.outcome = outcome)
    const handle = this.engine.ask({ query: { method: 'ping' }, to, expectedId }, { onOutcome }, this.now)
    if (typeof handle === 'string') asked.outcome = handle
    return asked
  }

  /** Walks to a target until it has ended, or for so long. */
  lookup(
    target: Id,
    options: { seeds?: readonly Contact[]; self?: boolean; withinMs?: number } = {},
  ): {
    outcome: LookupOutcome<ToyReply> | null
    values: string[]
  } {
    const { seeds = [], self = false, withinMs = 600_000 } = options
    const walked: { outcome: LookupOutcome<ToyReply> | null; values: string[] } = {
      outcome: null,
      values: [],
    }
    const listener = {
      onResults: (values: readonly string[]): void => void walked.values.push(...values),
      onEnd: (outcome: LookupOutcome<ToyReply>): void => void (walked.outcome = outcome),
    }
    this.engine.lookup(findToy(target), listener, { seeds, self, now: this.now })
    const end = this.now + withinMs
    while (walked.outcome === null) {
      const next = Math.min(this.#arrivals.nextAt, this.#wakeAt)
      if (next > end) break
      this.now = Math.max(this.now, next)
      this.step()
    }
    return walked
  }

  /** Queries that went to this address. */
  dialedTo(address: Address): Sent[] {
    return this.dialed.filter(({ to }) => addressKey(to) === addressKey(address))
  }

  countOf(kind: EngineEvent['kind']): number {
    return this.notices.filter((event) => event.kind === kind).length
  }

  send(bytes: Uint8Array, to: ReplyTo): void {
    this.sent.push({ at: this.now, to: to as Address, message: read(bytes) })
  }

  sendAfterCommit(bytes: Uint8Array, to: ReplyTo): void {
    this.afterCommit.push({ at: this.now, to: to as Address, message: read(bytes) })
  }

  dial(bytes: Uint8Array, to: Address): void {
    const message = read(bytes)
    this.dialed.push({ at: this.now, to, message })
    const peer = this.#peers.get(addressKey(to))
    const answer = peer?.answer(message)
    if (peer === undefined || answer === null || answer === undefined) return
    this.#arrivals.push(this.now + peer.delayMs, { bytes: write(answer), from: to })
  }

  wakeAt(time: number): void {
    this.#wakeAt = time
  }

  checkpoint(now: number): void {
    this.checkpoints.push(now)
  }

  seenAs(address: Address, by: Address): void {
    this.votes.push({ address, by })
  }

  notice(event: EngineEvent): void {
    this.notices.push(event)
  }
}
