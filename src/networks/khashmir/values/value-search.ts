// Getting the values of a key: who holds any, then their values from the nearest holders on, each new batch once
// (khashmir A7, "get"). Holders take turns of one question each, so that none who has endless values, or takes its time,
// keeps others from being asked. Not here: the walk (holders.ts), what one holder is asked (one-holder.ts).
import { toHex, type Id } from '../../../kademlia/id.ts'
import { ResultStream } from '../../../node/result-stream.ts'
import type { FamilyNode } from '../family.ts'
import { findHolders, type ValueHolder } from './holders.ts'
import { OneHolder } from './one-holder.ts'

/** How getting the values of a key ended. */
export interface ValuesOutcome {
  /** Distinct values, our own among them. */
  readonly found: number
  /** Nodes that have values, as far as they say. */
  readonly holders: number
  /** Requests sent, answered and failed, of the walk and of the holders. */
  readonly asked: number
  readonly answered: number
  readonly failed: number
}

export interface ValueRequest {
  readonly key: Id
  /** So many distinct values are enough; 0: all, of every holder. */
  readonly limit: number
  /** Whether it is also enough when so many holders have told theirs; null: no. */
  readonly enoughHolders: number | null
  /** Holders asked at once. */
  readonly alpha: number
  /** What we hold ourselves. */
  readonly own: readonly Uint8Array[]
  readonly signal: AbortSignal | undefined
}

/** Values that one search remembers and tells; further ones are not told. Some 14 MB of the longest. */
const MAX_FOUND = 10_000

/** Questions to all holders of one search; then it ends with what it has. */
const MAX_TURNS = 4_096

type Batch = readonly Uint8Array[]

/** Starts the search; the stream ends by itself, and leaving it early stops the traffic. */
export function searchValues(node: FamilyNode, request: ValueRequest): ResultStream<Batch, ValuesOutcome> {
  const stream = new ResultStream<Batch, ValuesOutcome>(() => search.stop())
  const search = new ValueSearch(node, request, (batch) => stream.push(batch))
  search.run().then(
    (outcome) => stream.end(outcome),
    (error: unknown) => stream.fail(error),
  )
  return stream
}

class ValueSearch {
  readonly #node: FamilyNode
  readonly #request: ValueRequest
  readonly #tell: (batch: Batch) => void
  readonly #enough: number
  /** Hex of the values told. At most MAX_FOUND. */
  readonly #told = new Set<string>()
  readonly #counts = { holders: 0, asked: 0, answered: 0, failed: 0 }
  /** Aborted when enough is found, nobody reads any more, or the user gives up: then nothing more is sent. */
  readonly #ending = new AbortController()
  /** It ended well: enough is found, or nobody reads any more. */
  #stopped = false
  /** Values that may come with the answers that are awaited. */
  #expected = 0
  #finishedHolders = 0

  constructor(node: FamilyNode, request: ValueRequest, tell: (batch: Batch) => void) {
    this.#node = node
    this.#request = request
    this.#tell = tell
    this.#enough = request.limit === 0 ? MAX_FOUND : Math.min(request.limit, MAX_FOUND)
  }

  stop(): void {
    this.#stopped = true
    this.#ending.abort()
  }

  async run(): Promise<ValuesOutcome> {
    const { key, own, signal } = this.#request
    // Not AbortSignal.any(): with Node 22 a signal that lives long would remember every search that it was given to.
    const giveUp = (): void => this.#ending.abort(signal?.reason)
    signal?.addEventListener('abort', giveUp, { once: true })
    try {
      this.#take(own)
      if (this.#wanted > 0) {
        const { holders, ...counts } = await findHolders(this.#node, key, {
          own: 0,
          signal: this.#ending.signal,
        })
        Object.assign(this.#counts, counts)
        this.#counts.holders = holders.length
        await this.#askAll(holders)
      }
    } catch (error) {
      if (!this.#stopped) throw error
    } finally {
      signal?.removeEventListener('abort', giveUp)
    }
    if (own.length > 0) this.#counts.holders++
    return { found: this.#told.size, ...this.#counts }
  }

  /** How many distinct values are still wanted. */
  get #wanted(): number {
    return this.#enough - this.#told.size
  }

  /** The nearest first, alpha at once; a further one only while more is wanted than is expected already. */
  async #askAll(holders: readonly ValueHolder[]): Promise<void> {
    const underWay = new Set<Promise<void>>()
    /** Those who have something to tell yet, in the order of their turns. */
    const waiting = holders.map((holder) => new OneHolder(holder))
    let turns = 0
    const take = async (holder: OneHolder): Promise<void> => {
      await this.#ask(holder)
      if (holder.state === 'asked') waiting.push(holder)
      else if (holder.state !== 'failed') this.#finishedHolders++
      if (this.#finishedHolders === this.#request.enoughHolders) this.stop()
    }
    for (;;) {
      const mayAsk = (): boolean => underWay.size < this.#request.alpha && turns < MAX_TURNS
      while (waiting.length > 0 && mayAsk() && this.#wanted > this.#expected) {
        turns++
        const turn = take(waiting.shift()!).finally(() => underWay.delete(turn))
        underWay.add(turn)
      }
      if (underWay.size === 0) return
      await Promise.race(underWay)
    }
  }

  /** One question to one holder. */
  async #ask(holder: OneHolder): Promise<void> {
    const { id, address } = holder.contact
    const { expected } = holder
    const query = holder.ask(this.#request.key, this.#wanted)
    this.#counts.asked++
    this.#expected += expected
    try {
      const { runner } = this.#node
      const outcome = await runner.ask(
        { query, to: address, expectedId: id },
        { signal: this.#ending.signal },
      )
      const values = holder.answered(outcome)
      if (values === null) this.#counts.failed++
      else {
        this.#counts.answered++
        this.#take(values)
      }
    } finally {
      this.#expected -= expected
    }
  }

  /** Tells those that are new. */
  #take(values: Batch): void {
    const fresh: Uint8Array[] = []
    for (const value of values) {
      const name = toHex(value)
      if (this.#told.has(name) || this.#told.size >= MAX_FOUND) continue
      this.#told.add(name)
      fresh.push(new Uint8Array(value))
    }
    if (fresh.length > 0) this.#tell(fresh)
    if (this.#wanted <= 0) this.stop()
  }
}
