// Sets of values in memory, and every bound on them: what both stores read from. khashmir. Not here: the file
// (sqlite-values.ts follows the changes told to it), when to expire, what fits an answer.
import type { Id } from '../kademlia/id.ts'
import { byteKey, bytesOfKey } from './byte-key.ts'
import { dropDue } from './drop-due.ts'
import { assertKey, assertSource } from './entry-fields.ts'
import { ExpiryHeap } from './expiry-heap.ts'
import type { StoreLife } from './life.ts'
import { Room, type RoomLimits } from './room.ts'
import {
  MAX_VALUE_BYTES,
  type StoredValue,
  type ValueReading,
  type ValueRefusal,
  type ValueStore,
} from './store.ts'
import { HeldValue, ValueSet, type ValueFields } from './value-set.ts'
import type { RowChanges } from './version-list.ts'
import { wholeMs } from './whole-ms.ts'

/**
 * The bounds. When one is reached the newcomer is refused and nothing is thrown out: what was acknowledged stays until it
 * expires. A refresh always fits.
 */
export interface ValueLimits extends RoomLimits {
  /** Keys with at least one value. About 0.3 kB each. */
  readonly maxKeys: number
  /** Values of one key. */
  readonly maxValuesPerKey: number
  /** Values of one key from one IPv4 /24 or one IPv6 /48: nobody shall fill a key alone. */
  readonly maxPerKeyAndPrefix: number
  /** Values in all. About 0.2 kB each, and as much again where each has a source of its own, besides their bytes. */
  readonly maxValues: number
}

/** Some 110 MB of memory when all is full, and each value has a source of its own. */
export const defaultValueLimits: ValueLimits = {
  maxKeys: 20_000,
  // An answer carries at most some 150 addresses, so these are more than ten different answers; and 1 % of the store for
  // one key.
  maxValuesPerKey: 2_000,
  // A tenth of a key.
  maxPerKeyAndPrefix: 200,
  maxValues: 200_000,
  // 32 MiB: 160 bytes for each value when there are as many as there may be.
  maxBytes: 33_554_432,
  // As of peers: 100 are generous also for a shared address, and a prefix has 1 % of the store (T12).
  maxPerIp: 100,
  maxPerPrefix: 2_000,
  // Room for 100 of the largest values that fit an answer.
  maxBytesPerIp: 163_840,
  // 1 % of the store, rounded down.
  maxBytesPerPrefix: 327_680,
}

export interface ValueStoreOptions {
  /** Bounds other than the defaults. */
  readonly valueLimits?: Partial<ValueLimits>
  /** No limits per IP and prefix: in a private network, or a benchmark, many share one address. */
  readonly unlimitedPerIp?: boolean
}

/** A value as the file keeps it. `key`, `value` and `source` are byteKeys. */
export interface ValueRow extends ValueFields {
  readonly key: string
}

const STORED = { stored: true } as const

export class MemoryValues implements ValueStore {
  readonly #life: StoreLife
  readonly #limits: ValueLimits
  readonly #changes: RowChanges<ValueRow> | null
  readonly #unlimitedPerIp: boolean
  readonly #room: Room<'too-many-values'>
  /** Bounded by maxKeys; what has no room is refused. None is empty. The heap holds the same. */
  readonly #byKey = new Map<string, ValueSet>()
  readonly #expiry = new ExpiryHeap<ValueSet>()
  /** The latest refresh: keeps the order of the refreshes and the order of the times the same. */
  #latest = Number.NEGATIVE_INFINITY
  #nextPosition = 1

  constructor(life: StoreLife, options: ValueStoreOptions = {}, changes: RowChanges<ValueRow> | null = null) {
    this.#life = life
    this.#changes = changes
    this.#limits = { ...defaultValueLimits, ...options.valueLimits }
    this.#unlimitedPerIp = options.unlimitedPerIp === true
    this.#room = new Room({
      limits: this.#limits,
      maxEntries: this.#limits.maxValues,
      full: 'too-many-values',
      unlimitedPerIp: this.#unlimitedPerIp,
    })
  }

  get size(): { readonly keys: number; readonly values: number; readonly bytes: number } {
    return { keys: this.#byKey.size, values: this.#room.entries, bytes: this.#room.bytes }
  }

  store(
    key: Id,
    given: StoredValue,
  ): { readonly stored: true } | { readonly stored: false; readonly why: ValueRefusal } {
    this.#life.assertOpen()
    const fields = this.#checked(key, given)
    const setKey = byteKey(key)
    const set = this.#byKey.get(setKey)
    const held = set?.get(fields.value)
    if (held) {
      this.#refresh(held, fields)
      return STORED
    }
    const why =
      this.#fullness(set) ??
      this.#keyShareRefusal(set, fields.source) ??
      this.#room.refusal({ bytes: fields.value.length, ip: fields.source })
    if (why !== null) return { stored: false, why }
    this.#nextPosition++
    const entry = this.#insert(setKey, fields)
    if (set === undefined) this.#expiry.add(entry.set)
    this.#latest = fields.refreshedAt
    this.#tell(entry)
    return STORED
  }

  read(key: Id, { count, since, bytes = Infinity, fraction }: ValueReading): readonly Uint8Array[] {
    const set = this.#byKey.get(byteKey(key))
    if (!set) return []
    const values: Uint8Array[] = []
    let left = bytes
    if (count <= 0) return values
    for (const { value } of fraction ? set.draw(since, fraction) : set.since(since)) {
      values.push(bytesOfKey(value))
      left -= value.length
      if (values.length >= count || left <= 0) break
    }
    return values
  }

  count(key: Id, since: number): number {
    return this.#byKey.get(byteKey(key))?.count(since) ?? 0
  }

  isOurs(key: Id, value: Uint8Array): boolean {
    return this.#held(key, value)?.source === null
  }

  withdraw(key: Id, value: Uint8Array): void {
    this.#life.assertOpen()
    const entry = this.#held(key, value)
    if (entry) this.#drop(entry)
  }

  expire(before: number, limit: number): number {
    this.#life.assertOpen()
    const due = (): HeldValue | null => {
      const oldest = this.#expiry.first?.oldest ?? null
      return oldest !== null && oldest.refreshedAt < before ? oldest : null
    }
    return dropDue(limit, due, (entry) => this.#drop(entry))
  }

  *all(): Generator<StoredValue & { readonly key: Id }> {
    for (const { key, value, source, refreshedAt } of this.rows()) {
      yield {
        key: bytesOfKey(key) as Id,
        value: bytesOfKey(value),
        source: source === null ? null : bytesOfKey(source),
        refreshedAt,
      }
    }
  }

  /** Everything as the file keeps it, in the order of `all`. */
  *rows(): Generator<ValueRow> {
    for (const set of this.#byKey.values()) for (const entry of set.since(-Infinity)) yield rowOf(entry)
  }

  /**
   * What the file holds, in the order of positions; into an empty store. Only the bounds on the whole and on keys count,
   * for each was taken once; what finds no room, as the bounds may have been lowered, is dropped. A time after `now`
   * came from a clock that was wrong, and counts as now. Throws RangeError for a row that cannot be.
   */
  restore(rows: Iterable<ValueRow>, now: number): void {
    const latest = wholeMs(now, 'now')
    for (const row of rows) {
      const set = this.#byKey.get(row.key)
      if (set?.get(row.value)) throw new RangeError('a value is held twice')
      this.#nextPosition = Math.max(this.#nextPosition, row.position + 1)
      if ((this.#fullness(set) ?? this.#room.wholeRefusal(row.value.length)) !== null) {
        this.#changes?.drop(String(row.position), row)
        continue
      }
      const entry = this.#insert(row.key, { ...row, refreshedAt: Math.min(row.refreshedAt, latest) })
      if (entry.refreshedAt !== row.refreshedAt) this.#tell(entry)
      this.#latest = Math.max(this.#latest, entry.refreshedAt)
    }
    for (const set of this.#byKey.values()) {
      set.sortRefreshes()
      this.#expiry.add(set)
    }
  }

  #held(key: Id, value: Uint8Array): HeldValue | undefined {
    if (value.length > MAX_VALUE_BYTES) return undefined
    return this.#byKey.get(byteKey(key))?.get(byteKey(value))
  }

  #checked(key: Id, { value, source, refreshedAt }: StoredValue): ValueFields {
    assertKey(key)
    if (value.length > MAX_VALUE_BYTES) {
      throw new RangeError(`a value may have ${MAX_VALUE_BYTES} bytes, got ${value.length}`)
    }
    if (source !== null) assertSource(source)
    return {
      value: byteKey(value),
      source: source && byteKey(source),
      refreshedAt: Math.max(wholeMs(refreshedAt, 'refreshedAt'), this.#latest),
      position: this.#nextPosition,
    }
  }

  /** What would refuse any value that is not there yet. */
  #fullness(set: ValueSet | undefined): ValueRefusal | null {
    if (set === undefined) return this.#byKey.size >= this.#limits.maxKeys ? 'too-many-keys' : null
    return set.size >= this.#limits.maxValuesPerKey ? 'key-full' : null
  }

  /** Whether whoever brings it has its share of the key already; looked for only where so many may be there. */
  #keyShareRefusal(set: ValueSet | undefined, source: string | null): ValueRefusal | null {
    const { maxPerKeyAndPrefix } = this.#limits
    if (this.#unlimitedPerIp || source === null || set === undefined) return null
    if (set.size < maxPerKeyAndPrefix) return null
    return set.countFrom(source) >= maxPerKeyAndPrefix ? 'too-many-from-prefix' : null
  }

  #refresh(held: HeldValue, { source, refreshedAt }: ValueFields): void {
    // What others brought stays theirs when we store it too: they were told that it is kept, and we may take ours back.
    const isMoving = source !== null && held.source !== source
    if (isMoving && this.#room.moveRefusal(held, { bytes: held.bytes, ip: source }) === null) {
      this.#room.giveBack(held)
      held.source = source
      this.#room.take(held)
    }
    held.refreshedAt = refreshedAt
    held.set.refreshed(held)
    this.#expiry.changed(held.set)
    this.#latest = refreshedAt
    this.#tell(held)
  }

  /** The heap is the caller's: it wants sets whose oldest value is known. */
  #insert(key: string, fields: ValueFields): HeldValue {
    let set = this.#byKey.get(key)
    if (!set) {
      set = new ValueSet(key)
      this.#byKey.set(key, set)
    }
    const entry = new HeldValue(set, fields)
    set.add(entry)
    this.#room.take(entry)
    return entry
  }

  #drop(entry: HeldValue): void {
    const { set } = entry
    set.remove(entry)
    if (set.size > 0) {
      this.#expiry.changed(set)
    } else {
      this.#expiry.remove(set)
      this.#byKey.delete(set.key)
    }
    this.#room.giveBack(entry)
    this.#changes?.drop(String(entry.position), rowOf(entry))
  }

  #tell(entry: HeldValue): void {
    this.#changes?.put(String(entry.position), rowOf(entry))
  }
}

function rowOf({ set, value, source, refreshedAt, position }: HeldValue): ValueRow {
  return { key: set.key, value, source, refreshedAt, position }
}
