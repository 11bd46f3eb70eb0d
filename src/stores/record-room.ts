// How much room records take and who takes it, and whether there is room for more. Threat T12. Not here: which record is
// newer than which (memory-records.ts), nor how long versions are remembered (version-list.ts).
import { byteKey } from './byte-key.ts'
import { SourceQuota, type QuotaLimits } from './source-quota.ts'
import type { RecordRefusal, StoredRecord } from './store.ts'

/**
 * The bounds. When one is reached the newcomer is refused and nothing is thrown out: what was acknowledged stays until
 * it expires. A newer version that is larger must find room for its bytes; one that is not, and a refresh, always fit.
 */
export interface RecordLimits extends QuotaLimits {
  /** Records in all. About 1.5 kB each, besides their data. */
  readonly maxRecords: number
  /** Bytes of data in all. */
  readonly maxBytes: number
  /** Bytes of data of one IPv4 address or one IPv6 /64. */
  readonly maxBytesPerIp: number
  /** Bytes of data of one IPv4 /24 or one IPv6 /48. */
  readonly maxBytesPerPrefix: number
}

/** Some 90 MB of memory when all is full, versions among them. An ordinary node of the living network holds some hundred items. */
export const defaultRecordLimits: RecordLimits = {
  // No more than MAX_TOMBSTONES: no more than so many expire within the shortest lifetime, so a tombstone stays for at
  // least one lifetime (T13).
  maxRecords: 20_000,
  // 32 MiB. The largest items of BEP 44 have 1.2 kB, so these are bounded by their number; larger records by this.
  maxBytes: 33_554_432,
  // Of each key of a source, eight nodes among millions hear: 100 are generous also for a shared address.
  maxPerIp: 100,
  // 1 % of the store: to fill it takes a hundred prefixes (T12).
  maxPerPrefix: 200,
  // Room for 100 of the largest items of BEP 44, and for ten of the largest records.
  maxBytesPerIp: 163_840,
  // 1 % of the store, rounded down.
  maxBytesPerPrefix: 327_680,
}

type Sized = Pick<StoredRecord, 'data' | 'source'>

export class RecordRoom {
  readonly #limits: RecordLimits
  /** Entries by source; bytes of data by source. Our own records count in neither. */
  readonly #entries: SourceQuota
  readonly #bytesOf: SourceQuota
  #records = 0
  #bytes = 0

  /** `unlimitedPerIp`: only the bounds on the whole count. */
  constructor(limits: RecordLimits, unlimitedPerIp: boolean) {
    this.#limits = limits
    const bytes = { maxPerIp: limits.maxBytesPerIp, maxPerPrefix: limits.maxBytesPerPrefix }
    this.#entries = new SourceQuota(unlimitedPerIp ? null : limits)
    this.#bytesOf = new SourceQuota(unlimitedPerIp ? null : bytes)
  }

  get size(): { readonly records: number; readonly bytes: number } {
    return { records: this.#records, bytes: this.#bytes }
  }

  take({ data, source }: Sized): void {
    this.#records++
    this.#bytes += data.length
    if (source === null) return
    this.#entries.take(byteKey(source))
    this.#bytesOf.take(byteKey(source), data.length)
  }

  giveBack({ data, source }: Sized): void {
    this.#records--
    this.#bytes -= data.length
    if (source === null) return
    this.#entries.giveBack(byteKey(source))
    this.#bytesOf.giveBack(byteKey(source), data.length)
  }

  /** What forbids one more record of so many bytes. */
  refusal(source: Uint8Array | null, bytes: number): RecordRefusal | null {
    const whole = this.wholeRefusal(bytes)
    if (whole !== null || source === null) return whole
    const ip = byteKey(source)
    return this.#entries.refusal(ip) ?? this.#bytesOf.refusal(ip, bytes)
  }

  /** What forbids `after` in the place of `before`, which has been taken. */
  growthRefusal(before: Sized, after: Sized): RecordRefusal | null {
    const { length } = after.data
    if (length <= before.data.length) return null
    if (this.#bytes - before.data.length + length > this.#limits.maxBytes) return 'too-many-bytes'
    if (after.source === null) return null
    this.giveBack(before)
    const why = this.#bytesOf.refusal(byteKey(after.source), length)
    this.take(before)
    return why
  }

  /** As `refusal`, whoever brings it. */
  wholeRefusal(bytes: number): RecordRefusal | null {
    if (this.#records >= this.#limits.maxRecords) return 'too-many-records'
    return this.#bytes + bytes > this.#limits.maxBytes ? 'too-many-bytes' : null
  }
}
