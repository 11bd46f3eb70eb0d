// Records by key in memory, of which the newest version wins: what both stores read from. BEP 44. Not here: the file
// (sqlite-records.ts follows the changes told to it), the bounds (record-room.ts), when to expire, what the bytes mean
// and whether they are signed.
import type { Id } from '../kademlia/id.ts'
import { byteKey } from './byte-key.ts'
import { dropDue } from './drop-due.ts'
import { assertKey, assertSource } from './entry-fields.ts'
import { ExpiryHeap, type Expiring } from './expiry-heap.ts'
import type { StoreLife } from './life.ts'
import { assertVersion, checkedRecord, copyOfRecord } from './record-fields.ts'
import { defaultRecordLimits, RecordRoom, type RecordLimits } from './record-room.ts'
import {
  MAX_SEEN,
  MAX_TOMBSTONES,
  type RecordRefusal,
  type RecordStore,
  type RecordVersion,
  type StoredRecord,
} from './store.ts'
import { VersionList, type RowChanges, type VersionRow } from './version-list.ts'
import { wholeMs } from './whole-ms.ts'

export interface RecordStoreOptions {
  /** Bounds other than the defaults. */
  readonly recordLimits?: Partial<RecordLimits>
  /** No limits per IP and prefix: in a private network, or a benchmark, many share one address. */
  readonly unlimitedPerIp?: boolean
}

/** Who is told of every change, after it has been made. */
export interface RecordChanges {
  readonly records: RowChanges<StoredRecord>
  readonly versions: RowChanges<VersionRow>
}

const STORED = { stored: true } as const

/** A record in its two places: under its key, and among those that expire. */
class HeldRecord implements Expiring {
  readonly key: string
  /** Replaced as a whole, so that what a reader holds never changes. */
  record: StoredRecord
  place = 0

  constructor(key: string, record: StoredRecord) {
    this.key = key
    this.record = record
  }

  get expiresAt(): number {
    return this.record.expiresAt
  }
}

export class MemoryRecords implements RecordStore {
  readonly #life: StoreLife
  readonly #changes: RecordChanges | null
  readonly #room: RecordRoom
  /** Bounded by the room; what has none is refused. The heap holds the same. */
  readonly #held = new Map<string, HeldRecord>()
  readonly #expiry = new ExpiryHeap<HeldRecord>()
  readonly #tombstones: VersionList
  readonly #seen: VersionList

  constructor(life: StoreLife, options: RecordStoreOptions = {}, changes: RecordChanges | null = null) {
    this.#life = life
    this.#changes = changes
    const limits = { ...defaultRecordLimits, ...options.recordLimits }
    this.#room = new RecordRoom(limits, options.unlimitedPerIp === true)
    this.#tombstones = new VersionList('tombstone', MAX_TOMBSTONES, changes?.versions ?? null)
    this.#seen = new VersionList('seen', MAX_SEEN, changes?.versions ?? null)
  }

  get size(): { readonly records: number; readonly bytes: number } {
    return this.#room.size
  }

  put(
    given: StoredRecord,
  ): { readonly stored: true } | { readonly stored: false; readonly why: RecordRefusal } {
    this.#life.assertOpen()
    const record = checkedRecord(given)
    const key = byteKey(record.key)
    const held = this.#held.get(key)
    const why = this.#behind(key, record) ?? this.#noRoom(held, record)
    if (why !== null) return { stored: false, why }
    if (!held) this.#insert(key, record)
    else if (record.version === held.record.version) this.#replace(held, refreshed(held.record, record))
    else this.#replace(held, copyOfRecord(record))
    this.#changes?.records.put(key, this.#held.get(key)!.record)
    // Last, because each change may be the one that commits: a tombstone gives way to a record that is written.
    this.#tombstones.forget(key)
    return STORED
  }

  get(key: Id, now: number): StoredRecord | null {
    const held = this.#held.get(byteKey(key))
    return held !== undefined && held.expiresAt > now ? held.record : null
  }

  refusal(key: Id, source: Uint8Array): RecordRefusal | null {
    assertSource(source)
    return this.#held.has(byteKey(key)) ? null : this.#room.refusal(source, 1)
  }

  remove(key: Id): void {
    this.#life.assertOpen()
    const held = this.#held.get(byteKey(key))
    if (held) this.#drop(held, held.record.refreshedAt)
  }

  newest(key: Id): RecordVersion | null {
    const newest = this.#newest(byteKey(key))
    return newest && { version: newest.version, digest: newest.digest }
  }

  sawVersion(key: Id, seen: RecordVersion, now: number): void {
    this.#life.assertOpen()
    assertKey(key)
    assertVersion(seen)
    this.#seen.note({ key, version: seen.version, digest: seen.digest }, wholeMs(now, 'now'))
  }

  expire(now: number, limit: number): number {
    this.#life.assertOpen()
    const at = wholeMs(now, 'now')
    const due = (): HeldRecord | null => {
      const next = this.#expiry.first
      return next !== null && next.expiresAt <= at ? next : null
    }
    return dropDue(limit, due, (held) => this.#drop(held, at))
  }

  *all(): Generator<StoredRecord> {
    for (const { record } of this.#held.values()) yield record
  }

  /**
   * A record from the file. Only the bounds on the whole store count, for it was taken once, and a refresh may have
   * brought its source above its share. Without room, as the bounds may have been lowered, it goes as if it had expired.
   */
  restore(given: StoredRecord, now: number): void {
    const record = notFromTheFuture(checkedRecord(given), wholeMs(now, 'now'))
    const key = byteKey(record.key)
    if (this.#room.wholeRefusal(record.data.length) === null) {
      this.#insert(key, record)
      if (record.refreshedAt !== given.refreshedAt) this.#changes?.records.put(key, record)
      return
    }
    this.#tombstones.note(record, record.refreshedAt)
    this.#changes?.records.drop(key, record)
  }

  /** A version from the file, oldest first. */
  restoreVersion(row: VersionRow): void {
    assertKey(row.key)
    assertVersion(row)
    const list = row.kind === 'seen' ? this.#seen : this.#tombstones
    list.restore(row, wholeMs(row.notedAt, 'notedAt'))
  }

  /** All versions as the file keeps them. */
  *versionRows(): Generator<VersionRow> {
    yield* this.#tombstones.rows()
    yield* this.#seen.rows()
  }

  #newest(key: string): RecordVersion | null {
    let newest: RecordVersion | null = this.#held.get(key)?.record ?? null
    for (const known of [this.#tombstones.get(key), this.#seen.get(key)]) {
      if (known !== null && (newest === null || known.version > newest.version)) newest = known
    }
    return newest
  }

  #behind(key: string, { version, digest }: RecordVersion): RecordRefusal | null {
    const newest = this.#newest(key)
    if (newest === null || version > newest.version) return null
    if (version < newest.version) return 'older'
    return digest.every((byte, index) => byte === newest.digest[index]) ? null : 'conflict'
  }

  #noRoom(held: HeldRecord | undefined, record: StoredRecord): RecordRefusal | null {
    if (!held) return this.#room.refusal(record.source, record.data.length)
    if (record.version === held.record.version) return null
    return this.#room.growthRefusal(held.record, record)
  }

  #insert(key: string, record: StoredRecord): void {
    const held = new HeldRecord(key, copyOfRecord(record))
    this.#held.set(key, held)
    this.#expiry.add(held)
    this.#room.take(record)
  }

  #replace(held: HeldRecord, record: StoredRecord): void {
    this.#room.giveBack(held.record)
    this.#room.take(record)
    held.record = record
    this.#expiry.changed(held)
  }

  /** Its version stays behind, so that none that is older is taken; noted first, for the same reason as above. */
  #drop(held: HeldRecord, now: number): void {
    this.#held.delete(held.key)
    this.#expiry.remove(held)
    this.#room.giveBack(held.record)
    this.#tombstones.note(held.record, now)
    this.#changes?.records.drop(held.key, held.record)
  }
}

/** The same record, brought again: perhaps by somebody else, and never for a shorter time. Its bytes stay. */
function refreshed(held: StoredRecord, { source, refreshedAt, expiresAt }: StoredRecord): StoredRecord {
  return {
    ...held,
    source: source && new Uint8Array(source),
    refreshedAt: Math.max(held.refreshedAt, refreshedAt),
    expiresAt: Math.max(held.expiresAt, expiresAt),
  }
}

/** A time after `now` came from a clock that was wrong, and counts as now. */
function notFromTheFuture(record: StoredRecord, now: number): StoredRecord {
  const { refreshedAt, expiresAt } = record
  if (refreshedAt <= now) return record
  const lifetimeMs = Math.max(0, expiresAt - refreshedAt)
  return { ...record, refreshedAt: now, expiresAt: Math.min(expiresAt, now + lifetimeMs) }
}
