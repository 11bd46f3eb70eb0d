// How much room entries of various lengths take and who takes it, and whether there is room for more: number and bytes, of
// the whole and of each source. Threat T12. Not here: what the entries are; records and values each have their own bounds.
import { SourceQuota, type QuotaLimits } from './source-quota.ts'

/** Bounds that records and values share; each adds how many of them there may be. */
export interface RoomLimits extends QuotaLimits {
  /** Bytes in all. */
  readonly maxBytes: number
  /** Bytes of one IPv4 address or one IPv6 /64. */
  readonly maxBytesPerIp: number
  /** Bytes of one IPv4 /24 or one IPv6 /48. */
  readonly maxBytesPerPrefix: number
}

/** One entry as the room sees it. */
export interface Load {
  readonly bytes: number
  /** The byteKey of the IP that brought it; null: our own, which no share counts. */
  readonly ip: string | null
}

export type RoomRefusal = 'too-many-bytes' | 'too-many-from-ip' | 'too-many-from-prefix'

export interface RoomOptions<Full extends string> {
  readonly limits: RoomLimits
  readonly maxEntries: number
  /** What one entry too many is refused with. */
  readonly full: Full
  /** Only the bounds on the whole count. */
  readonly unlimitedPerIp: boolean
}

export class Room<Full extends string> {
  readonly #options: RoomOptions<Full>
  /** Entries by source; bytes by source. */
  readonly #entriesOf: SourceQuota
  readonly #bytesOf: SourceQuota
  #entries = 0
  #bytes = 0

  constructor(options: RoomOptions<Full>) {
    const { limits, unlimitedPerIp } = options
    const bytes = { maxPerIp: limits.maxBytesPerIp, maxPerPrefix: limits.maxBytesPerPrefix }
    this.#options = options
    this.#entriesOf = new SourceQuota(unlimitedPerIp ? null : limits)
    this.#bytesOf = new SourceQuota(unlimitedPerIp ? null : bytes)
  }

  get entries(): number {
    return this.#entries
  }

  get bytes(): number {
    return this.#bytes
  }

  take({ bytes, ip }: Load): void {
    this.#entries++
    this.#bytes += bytes
    if (ip === null) return
    this.#entriesOf.take(ip)
    this.#bytesOf.take(ip, bytes)
  }

  giveBack({ bytes, ip }: Load): void {
    this.#entries--
    this.#bytes -= bytes
    if (ip === null) return
    this.#entriesOf.giveBack(ip)
    this.#bytesOf.giveBack(ip, bytes)
  }

  /** What forbids one more entry. */
  refusal(load: Load): Full | RoomRefusal | null {
    return this.wholeRefusal(load.bytes) ?? this.#shareRefusal(load)
  }

  /** As `refusal`, whoever brings it. */
  wholeRefusal(bytes: number): Full | RoomRefusal | null {
    const { limits, maxEntries, full } = this.#options
    if (this.#entries >= maxEntries) return full
    return this.#bytes + bytes > limits.maxBytes ? 'too-many-bytes' : null
  }

  /** What forbids `after` in the place of `before`, which has been taken; its number is no question. */
  growthRefusal(before: Load, after: Load): RoomRefusal | null {
    if (after.bytes <= before.bytes) return null
    if (this.#bytes - before.bytes + after.bytes > this.#options.limits.maxBytes) return 'too-many-bytes'
    const { ip } = after
    return ip === null ? null : this.#without(before, () => this.#bytesOf.refusal(ip, after.bytes))
  }

  /** What forbids that `before`, which has been taken, counts for the source of `after` instead. */
  moveRefusal(before: Load, after: Load): RoomRefusal | null {
    return this.#without(before, () => this.#shareRefusal(after))
  }

  #shareRefusal({ bytes, ip }: Load): RoomRefusal | null {
    if (ip === null) return null
    return this.#entriesOf.refusal(ip) ?? this.#bytesOf.refusal(ip, bytes)
  }

  #without<T>(taken: Load, question: () => T): T {
    this.giveBack(taken)
    const answer = question()
    this.take(taken)
    return answer
  }
}
