// The values of one key: unique by their bytes, in the order of their first storing, and with the order of their refreshes
// beside it. No bounds here: those look at all keys together and are memory-values.ts's.
import type { Expiring } from './expiry-heap.ts'
import { RefreshOrder, type Aged } from './refresh-order.ts'
import type { Load } from './room.ts'
import { prefixOf } from './source-quota.ts'

/** A value as it is kept, its bytes as text (byte-key.ts). */
export interface ValueFields {
  /** The byteKey of the value: what it is found by. Kept once, for a Uint8Array beside it would double the memory. */
  readonly value: string
  /** The byteKey of the IP that it counts for; null: our own. */
  readonly source: string | null
  /** In ms since 1970. */
  readonly refreshedAt: number
  /** Of two values the one with the smaller position was first stored earlier. Unique in the store, never used again. */
  readonly position: number
}

/** One value in its two places: in its set, and in the order of refreshes of that set. */
export class HeldValue implements ValueFields, Aged<HeldValue>, Load {
  readonly set: ValueSet
  readonly value: string
  readonly position: number
  source: string | null
  refreshedAt: number
  older: HeldValue | null = null
  newer: HeldValue | null = null

  constructor(set: ValueSet, { value, source, refreshedAt, position }: ValueFields) {
    this.set = set
    this.value = value
    this.position = position
    this.source = source
    this.refreshedAt = refreshedAt
  }

  get bytes(): number {
    return this.value.length
  }

  get ip(): string | null {
    return this.source
  }
}

export class ValueSet implements Expiring {
  /** The byteKey of the key. */
  readonly key: string
  /** Index in the heap of those that expire. */
  place = 0
  /** In the order of first storing: a Map keeps it, also over removals. Bounded by its owner. */
  readonly #byValue = new Map<string, HeldValue>()
  readonly #order = new RefreshOrder<HeldValue>()

  constructor(key: string) {
    this.key = key
  }

  get size(): number {
    return this.#byValue.size
  }

  /** The value that expires first. */
  get oldest(): HeldValue | null {
    return this.#order.oldest
  }

  /** When its oldest value was refreshed: by this sets are put in order. A set in the heap is never empty. */
  get expiresAt(): number {
    return this.#order.oldest!.refreshedAt
  }

  /** How many of its values are of the prefix of this IP; a walk over all of them. */
  countFrom(ipKey: string): number {
    const prefix = prefixOf(ipKey)
    let count = 0
    for (const { source } of this.#byValue.values())
      if (source !== null && prefixOf(source) === prefix) count++
    return count
  }

  get(value: string): HeldValue | undefined {
    return this.#byValue.get(value)
  }

  /** Adds a value that no other is refreshed after. */
  add(entry: HeldValue): void {
    this.#byValue.set(entry.value, entry)
    this.#order.append(entry)
  }

  remove(entry: HeldValue): void {
    this.#byValue.delete(entry.value)
    this.#order.remove(entry)
  }

  /** To be called when a value has been refreshed, later than any other. */
  refreshed(entry: HeldValue): void {
    this.#order.refresh(entry)
  }

  /** Puts the refreshes in order after values were added that were not in that order. */
  sortRefreshes(): void {
    const entries = [...this.#byValue.values()].sort((a, b) => a.refreshedAt - b.refreshedAt)
    for (const entry of entries) this.#order.refresh(entry)
  }

  /** Of those refreshed at `since` or later. Costs as much as there are older ones. */
  count(since: number): number {
    let older = 0
    for (const { refreshedAt } of this.#order) {
      if (refreshedAt >= since) break
      older++
    }
    return this.size - older
  }

  /** In the order of first storing, those refreshed at `since` or later. */
  *since(since: number): Generator<HeldValue> {
    for (const entry of this.#byValue.values()) if (entry.refreshedAt >= since) yield entry
  }

  /** All in uniformly random order, of those refreshed at `since` or later; costs dice for those that are taken. */
  *draw(since: number, fraction: () => number): Generator<HeldValue> {
    // Mostly none has expired, and then copying is ten times as fast.
    const isFresh = (this.oldest?.refreshedAt ?? since) >= since
    const left = [...(isFresh ? this.#byValue.values() : this.since(since))]
    // Fisher and Yates, stopped after what is needed: from `i` on stand those not drawn.
    for (let i = 0; i < left.length; i++) {
      const pick = i + Math.floor(fraction() * (left.length - i))
      yield left[pick]!
      left[pick] = left[i]!
    }
  }
}
