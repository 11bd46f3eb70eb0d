// Keeps alive what a node has announced, published or stored: does it again before it expires, also after a restart,
// until told otherwise. Not here: what doing it again means; that is the network's word.
import { Deadlines } from '../kademlia/deadlines.ts'
import { toHex } from '../kademlia/id.ts'
import type { Random } from '../kademlia/ports.ts'
import type { Commitment, NodeState } from '../stores/store.ts'
import type { Cancel, Scheduler } from './ports.ts'

/** Commitments renewed at once; the others wait, the longest due first. */
const MAX_AT_ONCE = 16
/** After a failure: 1 min, doubling up to the interval. */
const RETRY_MIN_MS = 60_000

/** Plans that may linger in the queue after they were replaced or ended, however few there are. */
const FEW = 64

/** How one kind of commitment is kept. */
export interface Keeper {
  /** How often it is done again, in ms. */
  readonly intervalMs: number
  /**
   * Does it again. What is to be kept from now on, its data or newer; null when no other node accepted it. What it gives
   * counts only if the commitment was neither ended nor made anew in the meantime.
   */
  readonly renew: (commitment: Commitment) => Promise<Uint8Array | null>
}

/** When a commitment is due. A new one is made whenever it is added, so that who renews it notices. */
interface Plan {
  readonly kind: string
  readonly key: Uint8Array
  dueAt: number
  /** How long to wait after the next failure. */
  retryMs: number
  /** Whether nobody accepted it the last time. */
  failed: boolean
  /** Whether it waits in the queue. */
  queued: boolean
}

export class KeepAlive {
  readonly #scheduler: Scheduler
  readonly #random: Random
  readonly #state: NodeState
  /** By kind: a few, named by the network's code. What is of another kind is left alone in the store. */
  readonly #keepers = new Map<string, Keeper>()
  readonly #changed: () => void
  readonly #failed: (error: unknown) => void
  /** As many as the store has commitments (MAX_COMMITMENTS). */
  readonly #plans = new Map<string, Plan>()
  /** The plans by when they are due, and some that hold no more: they fall out when due, or when they are the majority. */
  readonly #queue = new Deadlines<Plan>()
  /** At most MAX_AT_ONCE. */
  readonly #renewing = new Set<string>()
  #timer: Cancel | null = null
  #closed = false

  constructor(parts: {
    scheduler: Scheduler
    random: Random
    state: NodeState
    /** Something is to be committed. */
    changed: () => void
    /** What was done could not be written down; it will be done again. */
    failed: (error: unknown) => void
  }) {
    this.#scheduler = parts.scheduler
    this.#random = parts.random
    this.#state = parts.state
    this.#changed = parts.changed
    this.#failed = parts.failed
  }

  /** Says how commitments of a kind are kept; before the first of them is added, and before `resume`. */
  keep(kind: string, keeper: Keeper): void {
    this.#keepers.set(kind, keeper)
  }

  /** Takes up what a former run promised. What has become due meanwhile is renewed at once. */
  resume(): void {
    for (const commitment of this.#state.commitments()) this.#plan(commitment)
    this.#arm()
  }

  /** Promises to keep this alive; it has just been done if doneAt is now. */
  add(commitment: Commitment): void {
    this.#state.saveCommitment(commitment)
    this.#plan(commitment)
    this.#changed()
    this.#arm()
  }

  /** Others can be reached again: what nobody accepted the last time is done again now. */
  hurry(): void {
    const dueAt = this.#scheduler.now()
    for (const plan of this.#plans.values()) {
      if (plan.failed) this.#take({ ...plan, dueAt, retryMs: Math.min(plan.retryMs, RETRY_MIN_MS) })
    }
    this.#arm()
  }

  /** Ends the promise; false when there was none. */
  remove(kind: string, key: Uint8Array): boolean {
    const known = this.#plans.delete(nameOf({ kind, key }))
    this.#state.removeCommitment(kind, key)
    this.#changed()
    return known
  }

  close(): void {
    this.#closed = true
    this.#timer?.()
  }

  #plan({ kind, key, doneAt }: Commitment): void {
    const keeper = this.#keepers.get(kind)
    if (keeper === undefined) return
    const { intervalMs } = keeper
    // Done in the future: the clock was wrong then, or is now. It is not to be forgotten for so long.
    const since = Math.min(doneAt, this.#scheduler.now())
    const dueAt = since + intervalMs * (0.9 + 0.1 * this.#random.fraction())
    this.#take({ kind, key, dueAt, retryMs: Math.min(RETRY_MIN_MS, intervalMs) })
  }

  #take(plan: Omit<Plan, 'failed' | 'queued'>): void {
    const taken = { ...plan, failed: false, queued: false }
    this.#plans.set(nameOf(taken), taken)
    this.#enqueue(taken)
  }

  #enqueue(plan: Plan): void {
    plan.queued = true
    this.#queue.push(plan.dueAt, plan)
    if (this.#queue.size <= 2 * this.#plans.size + FEW) return
    this.#queue.retain((each) => this.#plans.get(nameOf(each)) === each)
  }

  #arm(): void {
    this.#timer?.()
    this.#timer = null
    if (this.#closed || this.#renewing.size >= MAX_AT_ONCE) return
    const { nextAt } = this.#queue
    if (nextAt !== Infinity) this.#timer = this.#scheduler.at(nextAt, () => this.#run())
  }

  #run(): void {
    while (this.#renewing.size < MAX_AT_ONCE) {
      const plan = this.#queue.popDue(this.#scheduler.now())
      if (plan === undefined) break
      plan.queued = false
      const name = nameOf(plan)
      // Of one that is renewed right now, the plan made meanwhile is taken up when that has ended.
      if (this.#plans.get(name) !== plan || this.#renewing.has(name)) continue
      const commitment = this.#state.commitment(plan.kind, plan.key)
      if (commitment === null) this.#plans.delete(name)
      else void this.#renewOne(plan, commitment)
    }
    this.#arm()
  }

  async #renewOne(plan: Plan, commitment: Commitment): Promise<void> {
    const name = nameOf(plan)
    this.#renewing.add(name)
    const { renew, intervalMs } = this.#keepers.get(plan.kind)!
    const data = await renew(commitment).catch(() => null)
    this.#renewing.delete(name)
    if (this.#closed) return
    const current = this.#plans.get(name)
    // Removed, or promised anew with other data in the meantime: then what was just done says nothing of it.
    if (current === plan) {
      const now = this.#scheduler.now()
      if (data !== null && this.#noted({ ...commitment, data, doneAt: now })) return
      plan.failed = true
      plan.dueAt = now + plan.retryMs
      plan.retryMs = Math.min(2 * plan.retryMs, intervalMs)
    }
    if (current !== undefined && !current.queued) this.#enqueue(current)
    this.#arm()
  }

  /** Writes down that it was done; false when the store does not take it. */
  #noted(commitment: Commitment): boolean {
    try {
      this.add(commitment)
      return true
    } catch (error) {
      this.#failed(error)
      return false
    }
  }
}

function nameOf({ kind, key }: Pick<Plan, 'kind' | 'key'>): string {
  return `${kind} ${toHex(key)}`
}
