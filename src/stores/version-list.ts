// Versions of records, in the order of the last sign of each; beyond the bound the oldest is forgotten. One list is for
// records that have expired, another for those that were only seen. Not here: which list counts when (memory-records.ts).
import type { Id } from '../kademlia/id.ts'
import { byteKey } from './byte-key.ts'
import { RefreshOrder, type Aged } from './refresh-order.ts'
import type { RecordVersion } from './store.ts'

/** 'tombstone': of a record that was held. 'seen': of one that somebody else held. */
export type VersionKind = 'tombstone' | 'seen'

/** Which version of which record. */
export interface KeyVersion extends RecordVersion {
  readonly key: Id
}

/** A version as the file keeps it. */
export interface VersionRow extends KeyVersion {
  readonly kind: VersionKind
  /** When its record expired or was last seen, in ms since 1970. */
  readonly notedAt: number
}

/** Who is told of every change, after it has been made. `key` is unique. */
export interface RowChanges<Row> {
  put(key: string, row: Row): void
  drop(key: string, row: Row): void
}

interface Entry extends Aged<Entry> {
  readonly key: string
  /** Replaced as a whole. */
  row: VersionRow
}

export class VersionList {
  readonly #kind: VersionKind
  readonly #max: number
  readonly #changes: RowChanges<VersionRow> | null
  /** At most `max`; the oldest makes room. */
  readonly #byKey = new Map<string, Entry>()
  readonly #order = new RefreshOrder<Entry>()
  /** The latest sign: keeps the order of the list and the order of the times the same. */
  #latest = Number.NEGATIVE_INFINITY

  constructor(kind: VersionKind, max: number, changes: RowChanges<VersionRow> | null) {
    this.#kind = kind
    this.#max = max
    this.#changes = changes
  }

  /** `key` is the byteKey of the record's key. */
  get(key: string): RecordVersion | null {
    return this.#byKey.get(key)?.row ?? null
  }

  /** Keeps what is newer, this version or the known one; of one version the digest that came first. */
  note(version: KeyVersion, at: number): void {
    const entry = this.#place(version, at)
    this.#changes?.put(rowKey(entry), entry.row)
  }

  /** The same for a version that comes from the file. */
  restore(version: KeyVersion, at: number): void {
    this.#place(version, at)
  }

  forget(key: string): void {
    const entry = this.#byKey.get(key)
    if (entry) this.#drop(entry)
  }

  /** Oldest first. */
  *rows(): Generator<VersionRow> {
    for (const { row } of this.#order) yield row
  }

  #place({ key: id, version, digest }: KeyVersion, at: number): Entry {
    this.#latest = Math.max(this.#latest, at)
    const key = byteKey(id)
    const known = this.#byKey.get(key)
    if (known) {
      const newer = version > known.row.version ? { version, digest: new Uint8Array(digest) } : {}
      known.row = { ...known.row, ...newer, notedAt: this.#latest }
      this.#order.refresh(known)
      return known
    }
    if (this.#byKey.size >= this.#max) this.#drop(this.#order.oldest!)
    const copies = { key: new Uint8Array(id) as Id, digest: new Uint8Array(digest) }
    const row = { ...copies, version, kind: this.#kind, notedAt: this.#latest }
    const entry: Entry = { key, row, older: null, newer: null }
    this.#byKey.set(key, entry)
    this.#order.append(entry)
    return entry
  }

  #drop(entry: Entry): void {
    this.#byKey.delete(entry.key)
    this.#order.remove(entry)
    this.#changes?.drop(rowKey(entry), entry.row)
  }
}

function rowKey({ key, row }: Entry): string {
  return `${row.kind} ${key}`
}
