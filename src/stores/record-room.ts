// The bounds on records, and their room as room.ts counts it. Threat T12. Not here: which record is newer than which
// (memory-records.ts), nor how long versions are remembered (version-list.ts).
import { byteKey } from './byte-key.ts'
import { Room, type Load, type RoomLimits } from './room.ts'
import type { RecordRefusal, StoredRecord } from './store.ts'

/**
 * The bounds. When one is reached the newcomer is refused and nothing is thrown out: what was acknowledged stays until
 * it expires. A newer version that is larger must find room for its bytes; one that is not, and a refresh, always fit.
 */
export interface RecordLimits extends RoomLimits {
  /** Records in all. About 1.5 kB each, besides their data. */
  readonly maxRecords: number
}

/**
 * Some 125 MB of memory when all is full, versions among them; some 80 MB with items of BEP 44, whose bytes are bounded by
 * their number. An ordinary node of the living network holds some hundred of them.
 */
export const defaultRecordLimits: RecordLimits = {
  // No more than MAX_TOMBSTONES: no more than so many expire within the shortest lifetime, so a tombstone stays for at
  // least one lifetime (T13).
  maxRecords: 20_000,
  // 64 MiB: 3.3 kB for each record when there are as many as there may be. A value of drogulus takes 1 or 2 kB besides
  // what is in it, for its keys and its signature; of the largest there is room for 671.
  maxBytes: 67_108_864,
  // Of each key of a source, eight nodes among millions hear: 100 are generous also for a shared address.
  maxPerIp: 100,
  // 1 % of the store: to fill it takes a hundred prefixes (T12).
  maxPerPrefix: 200,
  // Room for 100 records of 5 kB, or for five of the largest.
  maxBytesPerIp: 500_000,
  // 1 % of the store, rounded down: six of the largest records (T12).
  maxBytesPerPrefix: 671_088,
}

type Sized = Pick<StoredRecord, 'data' | 'source'>

export class RecordRoom {
  readonly #room: Room<'too-many-records'>

  /** `unlimitedPerIp`: only the bounds on the whole count. */
  constructor(limits: RecordLimits, unlimitedPerIp: boolean) {
    this.#room = new Room({ limits, maxEntries: limits.maxRecords, full: 'too-many-records', unlimitedPerIp })
  }

  get size(): { readonly records: number; readonly bytes: number } {
    return { records: this.#room.entries, bytes: this.#room.bytes }
  }

  take(record: Sized): void {
    this.#room.take(loadOf(record))
  }

  giveBack(record: Sized): void {
    this.#room.giveBack(loadOf(record))
  }

  /** What forbids one more record of so many bytes. */
  refusal(source: Uint8Array | null, bytes: number): RecordRefusal | null {
    return this.#room.refusal({ bytes, ip: source && byteKey(source) })
  }

  /** What forbids `after` in the place of `before`, which has been taken. */
  growthRefusal(before: Sized, after: Sized): RecordRefusal | null {
    return this.#room.growthRefusal(loadOf(before), loadOf(after))
  }

  /** As `refusal`, whoever brings it. */
  wholeRefusal(bytes: number): RecordRefusal | null {
    return this.#room.wholeRefusal(bytes)
  }
}

function loadOf({ data, source }: Sized): Load {
  return { bytes: data.length, ip: source && byteKey(source) }
}
