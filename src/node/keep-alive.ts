// Keeps alive what a node has announced, published or stored: does it again before it expires, also after a restart,
// until told otherwise. Not here: what doing it again means; that is the network's word.
import { toHex } from '../kademlia/id.ts'
import type { Random } from '../kademlia/ports.ts'
import type { Commitment, NodeState } from '../stores/store.ts'
import type { Cancel, Scheduler } from './ports.ts'

/** Commitments renewed at once; the others wait, the longest due first. */
const MAX_AT_ONCE = 16
/** After a failure: 1 min, doubling up to the interval. */
const RETRY_MIN_MS = 60_000

/** How one kind of commitment is kept. */
export interface Keeper {
  /** How often it is done again, in ms. */
  readonly intervalMs: number
  /** Does it again; true when at least one node accepted it. */
  readonly renew: (commitment: Commitment) => Promise<boolean>
}

/** When a commitment is due. A new one is made whenever it is added, so that who renews it notices. */
interface Plan {
  dueAt: number
  /** How long to wait after the next failure. */
  retryMs: number
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

  #plan(commitment: Commitment): void {
    const keeper = this.#keepers.get(commitment.kind)
    if (keeper === undefined) return
    const { intervalMs } = keeper
    // Done in the future: the clock was wrong then, or is now. It is not to be forgotten for so long.
    const doneAt = Math.min(commitment.doneAt, this.#scheduler.now())
    const dueAt = doneAt + intervalMs * (0.9 + 0.1 * this.#random.fraction())
    this.#plans.set(nameOf(commitment), { dueAt, retryMs: Math.min(RETRY_MIN_MS, intervalMs) })
  }

  #arm(): void {
    this.#timer?.()
    this.#timer = null
    if (this.#closed || this.#renewing.size >= MAX_AT_ONCE) return
    let next = Infinity
    for (const [name, { dueAt }] of this.#plans) if (!this.#renewing.has(name)) next = Math.min(next, dueAt)
    if (next !== Infinity) this.#timer = this.#scheduler.at(next, () => this.#run())
  }

  #run(): void {
    const now = this.#scheduler.now()
    const due = this.#state
      .commitments()
      .filter(
        (each) =>
          (this.#plans.get(nameOf(each))?.dueAt ?? Infinity) <= now && !this.#renewing.has(nameOf(each)),
      )
      .sort((a, b) => a.doneAt - b.doneAt)
    for (const commitment of due.slice(0, MAX_AT_ONCE - this.#renewing.size)) void this.#renewOne(commitment)
    this.#arm()
  }

  async #renewOne(commitment: Commitment): Promise<void> {
    const name = nameOf(commitment)
    const plan = this.#plans.get(name)
    this.#renewing.add(name)
    const { renew, intervalMs } = this.#keepers.get(commitment.kind)!
    const done = await renew(commitment).catch(() => false)
    this.#renewing.delete(name)
    if (this.#closed) return
    // Removed, or promised anew with other data in the meantime: then what was just done says nothing of it.
    if (plan !== undefined && plan === this.#plans.get(name)) {
      if (done && this.#noted({ ...commitment, doneAt: this.#scheduler.now() })) return
      plan.dueAt = this.#scheduler.now() + plan.retryMs
      plan.retryMs = Math.min(2 * plan.retryMs, intervalMs)
    }
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

function nameOf({ kind, key }: Pick<Commitment, 'kind' | 'key'>): string {
  return `${kind} ${toHex(key)}`
}
