// Keeps alive what a node has announced, published or stored: does it again before it expires, also after a restart,
// until told otherwise. Not here: what doing it again means; that is the network's word.
import { toHex } from '../kademlia/id.ts'
import type { Random } from '../kademlia/ports.ts'
import type { Commitment, NodeState } from '../stores/store.ts'
import type { Cancel, Scheduler } from './ports.ts'

/** Commitments renewed at once; the others wait, the longest due first. */
const MAX_AT_ONCE = 4
/** After a failure: 1 min, doubling up to the interval. */
const RETRY_MIN_MS = 60_000

export class KeepAlive {
  readonly #scheduler: Scheduler
  readonly #random: Random
  readonly #state: NodeState
  readonly #intervalMs: number
  readonly #renew: (commitment: Commitment) => Promise<boolean>
  readonly #changed: () => void
  /** When each is due next; as many as the store has commitments (MAX_COMMITMENTS). */
  readonly #dueAt = new Map<string, number>()
  readonly #retryMs = new Map<string, number>()
  /** At most MAX_AT_ONCE. */
  readonly #renewing = new Set<string>()
  #timer: Cancel | null = null
  #closed = false

  constructor(parts: {
    scheduler: Scheduler
    random: Random
    state: NodeState
    intervalMs: number
    /** Does it again; true when at least one node accepted it. Must not reject. */
    renew: (commitment: Commitment) => Promise<boolean>
    /** Something is to be committed. */
    changed: () => void
  }) {
    this.#scheduler = parts.scheduler
    this.#random = parts.random
    this.#state = parts.state
    this.#intervalMs = parts.intervalMs
    this.#renew = parts.renew
    this.#changed = parts.changed
  }

  /** Takes up what a former run promised. What has become due meanwhile is renewed at once. */
  resume(): void {
    for (const commitment of this.#state.commitments()) this.#plan(commitment)
    this.#arm()
  }

  /** Promises to keep this alive; it has just been done if doneAt is now. */
  add(commitment: Commitment): void {
    this.#state.saveCommitment(commitment)
    this.#retryMs.delete(nameOf(commitment))
    this.#plan(commitment)
    this.#changed()
    this.#arm()
  }

  /** Ends the promise; false when there was none. */
  remove(kind: string, key: Uint8Array): boolean {
    const name = nameOf({ kind, key })
    const known = this.#dueAt.delete(name)
    this.#retryMs.delete(name)
    this.#state.removeCommitment(kind, key)
    this.#changed()
    return known
  }

  close(): void {
    this.#closed = true
    this.#timer?.()
  }

  #plan(commitment: Commitment): void {
    this.#dueAt.set(
      nameOf(commitment),
      commitment.doneAt + this.#intervalMs * (0.9 + 0.1 * this.#random.fraction()),
    )
  }

  #arm(): void {
    this.#timer?.()
    this.#timer = null
    if (this.#closed || this.#renewing.size >= MAX_AT_ONCE) return
    let next = Infinity
    for (const [name, at] of this.#dueAt) if (!this.#renewing.has(name)) next = Math.min(next, at)
    if (next !== Infinity) this.#timer = this.#scheduler.at(next, () => this.#run())
  }

  #run(): void {
    const now = this.#scheduler.now()
    const due = this.#state
      .commitments()
      .filter(
        (each) => (this.#dueAt.get(nameOf(each)) ?? Infinity) <= now && !this.#renewing.has(nameOf(each)),
      )
      .sort((a, b) => a.doneAt - b.doneAt)
    for (const commitment of due.slice(0, MAX_AT_ONCE - this.#renewing.size)) void this.#renewOne(commitment)
    this.#arm()
  }

  async #renewOne(commitment: Commitment): Promise<void> {
    const name = nameOf(commitment)
    this.#renewing.add(name)
    const done = await this.#renew(commitment).catch(() => false)
    this.#renewing.delete(name)
    if (this.#closed || !this.#dueAt.has(name)) return
    if (done) {
      this.add({ ...commitment, doneAt: this.#scheduler.now() })
      return
    }
    const retryMs = this.#retryMs.get(name) ?? RETRY_MIN_MS
    this.#retryMs.set(name, Math.min(2 * retryMs, this.#intervalMs))
    this.#dueAt.set(name, this.#scheduler.now() + retryMs)
    this.#arm()
  }
}

function nameOf({ kind, key }: Pick<Commitment, 'kind' | 'key'>): string {
  return `${kind} ${toHex(key)}`
}
