// One survey of the infohashes that nodes store (BEP 51): goes from node to node at a polite rate, and tells what they
// say. Not here: whom it asks next, and when again (survey-frontier.ts).
import type { Contact } from '../../kademlia/contact.ts'
import { asId, toHex, type Id } from '../../kademlia/id.ts'
import type { RequestOutcome } from '../../kademlia/requester.ts'
import type { Cancel, Scheduler } from '../../node/ports.ts'
import { ResultStream } from '../../node/result-stream.ts'
import type { FamilyNode } from './family.ts'
import type { MainlineReply } from './messages.ts'
import type { SampleIntervals } from './sample-intervals.ts'
import { SurveyFrontier, type FrontierParts, type Surveyed, type Turn } from './survey-frontier.ts'

/** An infohash that some node stores peers of. */
export interface Sample {
  /** 20 bytes. */
  readonly infoHash: Id
  /** The first node that told of it. */
  readonly from: Contact
}

/** How a survey ended. */
export interface SampleOutcome {
  /** Requests sent, answered and failed. */
  readonly asked: number
  readonly answered: number
  readonly failed: number
  /** Of those sent the ones for contacts alone: to nodes that may not be sampled yet, or refused it, or know others. */
  readonly contactsOnly: number
  /** Nodes that gave samples, be it none; the others do not know of BEP 51. */
  readonly supporting: number
  /** Distinct infohashes told. */
  readonly infoHashes: number
  /** What these nodes say that they store, in sum. An infohash is stored on about k nodes, and so counted k times. */
  readonly num: number
}

/** What is asked for: every number is there. */
export interface SweepOptions {
  readonly signal: AbortSignal | undefined
  /** Infohashes told; then it ends. */
  readonly limit: number
  readonly maxNodes: number
  readonly again: boolean
  readonly concurrency: number
  readonly queriesPerSecond: number
}

export interface SweepParts extends Pick<FrontierParts, 'random' | 'private'> {
  readonly families: readonly FamilyNode[]
  readonly intervals: SampleIntervals
  readonly scheduler: Scheduler
  /** It has ended, in whatever way. */
  readonly ended: () => void
}

/** Infohashes that are known to be told, 0.1 kB each; the one told first is forgotten, and may be told again. */
const MAX_TOLD = 200_000
/** Of one reply. More than 1400 bytes can carry; BEP 51 sets no bound. */
const MAX_SAMPLES = 100
/** Stored infohashes that one node is believed to have: more than any deployed node stores. */
const MAX_NUM = 100_000
/** How long nobody is asked after too many requests of ours were under way, whosever they are. */
const OVERLOAD_MS = 1_000
/** Results that may wait for a slow reader before nobody is asked any more, and how often is looked. */
const MAX_BACKLOG = 1_000
const LOOK_MS = 100

export class Sweep {
  readonly stream: ResultStream<Sample, SampleOutcome>
  readonly #parts: SweepParts
  readonly #options: SweepOptions
  readonly #frontier: SurveyFrontier
  /** As hex. At most MAX_TOLD. */
  readonly #told = new Set<string>()
  readonly #counts = {
    asked: 0,
    answered: 0,
    failed: 0,
    contactsOnly: 0,
    supporting: 0,
    infoHashes: 0,
    num: 0,
  }
  readonly #stop = new AbortController()
  readonly #onAbort: () => void
  /** Requests under way. At most `concurrency`. */
  #open = 0
  #nextSendAt = 0
  #cancelTimer: Cancel | null = null
  #ended = false

  constructor(parts: SweepParts, options: SweepOptions) {
    this.#parts = parts
    this.#options = options
    this.#frontier = new SurveyFrontier({ ...parts, ...options })
    this.stream = new ResultStream<Sample, SampleOutcome>(() => this.#end())
    this.#onAbort = () => this.fail(options.signal?.reason)
    options.signal?.addEventListener('abort', this.#onAbort, { once: true })
  }

  /** Begins with the contacts of our tables, once there are some. */
  async start(): Promise<void> {
    const { families, scheduler } = this.#parts
    try {
      await Promise.all(families.map((family) => family.knowsSomebody(this.#options.signal)))
    } catch (error) {
      return this.fail(error)
    }
    for (const family of families) this.#frontier.hear(family, [...family.table.contacts()], scheduler.now())
    this.#advance()
  }

  /** Ends it with an error. */
  fail(error: unknown): void {
    this.stream.fail(error)
    this.#end()
  }

  #end(): void {
    if (this.#ended) return
    this.#ended = true
    this.#options.signal?.removeEventListener('abort', this.#onAbort)
    this.#cancelTimer?.()
    this.#stop.abort()
    this.stream.end({ ...this.#counts })
    this.#parts.ended()
  }

  /** Asks whom it may ask now, and sees to it that it goes on. */
  #advance(): void {
    if (this.#ended) return
    const { concurrency, queriesPerSecond } = this.#options
    const now = this.#parts.scheduler.now()
    let wakeAt = Infinity
    while (this.#open < concurrency) {
      wakeAt = this.#pausedUntil(now)
      if (wakeAt > now) break
      const turn = this.#frontier.next(now, this.#open === 0)
      wakeAt = this.#frontier.nextAt
      if (turn === null) break
      this.#nextSendAt = Math.max(this.#nextSendAt, now) + 1_000 / queriesPerSecond
      void this.#ask(turn)
    }
    if (this.#open === 0 && this.#frontier.isExhausted) return this.#end()
    this.#cancelTimer?.()
    this.#cancelTimer = wakeAt === Infinity ? null : this.#parts.scheduler.at(wakeAt, () => this.#advance())
  }

  #pausedUntil(now: number): number {
    return this.stream.backlog >= MAX_BACKLOG ? now + LOOK_MS : this.#nextSendAt
  }

  async #ask(turn: Turn): Promise<void> {
    const { node, query } = turn
    const { address, id } = node.contact
    this.#open++
    this.#counts.asked++
    if (query.method === 'find_node') this.#counts.contactsOnly++
    try {
      const request = { query, to: address, expectedId: id }
      const outcome = await node.family.runner.ask(request, { signal: this.#stop.signal })
      if (this.#ended) return
      this.#open--
      this.#frontier.settled(node)
      this.#settled(turn, outcome, this.#parts.scheduler.now())
      this.#advance()
    } catch (error) {
      // The node is closed; or we have ended, and then it means nothing any more.
      this.fail(error)
    }
  }

  #settled(turn: Turn, outcome: RequestOutcome<MainlineReply>, now: number): void {
    const { node, query } = turn
    if (outcome.kind === 'failed') return this.#failed(turn, outcome, now)
    this.#counts.answered++
    if (outcome.kind === 'error') return this.#frontier.refused(turn, now)
    const { reply } = outcome
    if (query.method === 'sample_infohashes') this.#take(node, reply, now)
    this.#frontier.answered(turn, (node.family.family === 4 ? reply.nodes : reply.nodes6) ?? [], now)
  }

  #failed(
    turn: Turn,
    { why, answeredAs }: RequestOutcome<MainlineReply> & { kind: 'failed' },
    now: number,
  ): void {
    const { node } = turn
    this.#counts.failed++
    if (why === 'overload') {
      this.#nextSendAt = now + OVERLOAD_MS
      this.#frontier.notSent(node, now)
    } else if (answeredAs !== undefined && !node.ownWord) this.#frontier.renamed(turn, answeredAs, now)
    else if (this.#frontier.failed(turn, now) && node.num !== null) {
      this.#counts.supporting--
      this.#counts.num -= node.num
    }
  }

  /** Samples, where there are any: a node without BEP 51 takes the question for a find_node. */
  #take(node: Surveyed, { samples, interval = 0, num = 0 }: MainlineReply, now: number): void {
    if (samples === undefined) return
    this.#parts.intervals.set(node.endpoint, now + 1_000 * interval, now)
    if (node.num === null) this.#counts.supporting++
    const believed = Math.min(Math.max(num, samples.length), MAX_NUM)
    this.#counts.num += believed - (node.num ?? 0)
    node.num = believed
    for (const infoHash of samples.slice(0, MAX_SAMPLES)) this.#tell(infoHash, node.contact)
  }

  #tell(infoHash: Id, from: Contact): void {
    const key = toHex(infoHash)
    if (this.#ended || this.#told.has(key)) return
    this.#told.add(key)
    if (this.#told.size > MAX_TOLD) this.#told.delete(this.#told.values().next().value!)
    this.#counts.infoHashes++
    // A copy: else each would keep its whole datagram.
    this.stream.push({ infoHash: asId(infoHash.slice()), from })
    if (this.#counts.infoHashes >= this.#options.limit) this.#end()
  }
}
