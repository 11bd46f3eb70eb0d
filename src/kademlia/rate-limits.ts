// What one source, and all together, may cost us: requests, bytes of answers, failed tokens. Fixed memory, however many
// sources there are or are pretended. Not here: what a source is (the policy's groups) and what happens to the refused.
import { GcraCell, RateSketch } from './rate-sketch.ts'
import type { Rate } from './rate-sketch.ts'
import type { Random } from './ports.ts'

/** Who asks; null where the limit per IP or per prefix is lifted (a private network). */
export interface Source {
  readonly ip: string | null
  /** Its /24 or /56: who answers spoofed queries floods a network, not an address (T8). */
  readonly prefix: string | null
}

/** Each limit; null lifts it. */
export interface SourceLimitRates {
  /** Requests of one IP. */
  readonly requestsPerIp: Rate | null
  /** Requests of all. */
  readonly requests: Rate | null
  /** Bytes of answers to one prefix. */
  readonly bytesPerPrefix: Rate | null
  /** Bytes of answers to all. */
  readonly bytes: Rate | null
  /** Wrong tokens of one IP; who exceeds it is not served at all for blockMs (T10). */
  readonly failedTokens: (Rate & { readonly blockMs: number }) | null
}

/**
 * Far above what a real node does (a busy one makes a few requests a second, a joining one some tens), far below what
 * hurts. Others: jech 100/s in all, burst 400; libtorrent 5/s a source over 10 s, 8 kB/s out in all; mldht 2/s a source,
 * burst 10; OpenDHT 1,024/s a source, 8,192/s in all (threats T8 to T10).
 */
export const defaultSourceLimits: SourceLimitRates = {
  // An address translator may stand before many nodes.
  requestsPerIp: { perSecond: 50, burst: 250 },
  requests: { perSecond: 10_000, burst: 20_000 },
  // 200 answers a second of 320 bytes; no more reaches the victim of spoofed queries.
  bytesPerPrefix: { perSecond: 64_000, burst: 256_000 },
  bytes: { perSecond: 8_000_000, burst: 16_000_000 },
  // After a restart of ours every token out there is wrong once. Anybody can forge the source of wrong tokens: a minute
  // stops guessing, and does not make it cheap to silence others.
  failedTokens: { perSecond: 1, burst: 32, blockMs: 60_000 },
}

/** Nothing is limited: for a benchmark (`--no-rate-limit`). */
export const NO_LIMITS: SourceLimitRates = {
  requestsPerIp: null,
  requests: null,
  bytesPerPrefix: null,
  bytes: null,
  failedTokens: null,
}

/** How often each limit refused something since the start. */
export interface RefusalCounts {
  requestsPerIp: number
  requests: number
  bytesPerPrefix: number
  bytes: number
  blocked: number
}

export class SourceLimits {
  /** Whether there is no limit at all, so that nobody need ask. */
  readonly lifted: boolean
  readonly refusals: RefusalCounts = {
    requestsPerIp: 0,
    requests: 0,
    bytesPerPrefix: 0,
    bytes: 0,
    blocked: 0,
  }
  readonly #requestsPerIp: RateSketch | null
  readonly #requests: GcraCell | null
  readonly #bytesPerPrefix: RateSketch | null
  readonly #bytes: GcraCell | null
  readonly #failedTokens: RateSketch | null
  readonly #blockMs: number
  /** Who is blocked until when (ms). At most MAX_BLOCKED; the one blocked longest ago is let off. */
  readonly #blockedUntil = new Map<string, number>()

  constructor(rates: SourceLimitRates, random: Random) {
    const sketch = (rate: Rate | null): RateSketch | null =>
      rate === null ? null : new RateSketch(rate, random)
    this.lifted = Object.values(rates).every((rate) => rate === null)
    this.#requestsPerIp = sketch(rates.requestsPerIp)
    this.#requests = rates.requests === null ? null : new GcraCell(rates.requests)
    this.#bytesPerPrefix = sketch(rates.bytesPerPrefix)
    this.#bytes = rates.bytes === null ? null : new GcraCell(rates.bytes)
    this.#failedTokens = sketch(rates.failedTokens)
    this.#blockMs = rates.failedTokens?.blockMs ?? 0
  }

  /** Whether one request of this source is served. Asked before anything is parsed (T9). */
  admitRequest(source: Pick<Source, 'ip'>, now: number): boolean {
    if (this.isBlocked(source, now)) return this.#refuse('blocked')
    // Whether there is room for all is asked first and taken last: what is refused for one reason is not charged for
    // the other, so that one flooding source does not use up the share of all, nor a flood of all that of each.
    if (this.#requests !== null && !this.#requests.hasRoom(1, now)) return this.#refuse('requests')
    if (this.#requestsPerIp !== null && source.ip !== null && !this.#requestsPerIp.take(source.ip, 1, now)) {
      return this.#refuse('requestsPerIp')
    }
    this.#requests?.charge(1, now)
    return true
  }

  /** Whether an answer of so many bytes may go out to this source. */
  admitBytes(source: Pick<Source, 'prefix'>, bytes: number, now: number): boolean {
    if (this.#bytes !== null && !this.#bytes.hasRoom(bytes, now)) return this.#refuse('bytes')
    const perPrefix = this.#bytesPerPrefix
    if (perPrefix !== null && source.prefix !== null && !perPrefix.take(source.prefix, bytes, now)) {
      return this.#refuse('bytesPerPrefix')
    }
    this.#bytes?.charge(bytes, now)
    return true
  }

  /** It brought a wrong token. Too many of them block it. */
  failedToken(source: Pick<Source, 'ip'>, now: number): void {
    if (this.#failedTokens === null || source.ip === null || this.#failedTokens.take(source.ip, 1, now))
      return
    this.#blockedUntil.delete(source.ip)
    this.#blockedUntil.set(source.ip, now + this.#blockMs)
    if (this.#blockedUntil.size <= MAX_BLOCKED) return
    for (const oldest of this.#blockedUntil.keys()) {
      this.#blockedUntil.delete(oldest)
      return
    }
  }

  isBlocked(source: Pick<Source, 'ip'>, now: number): boolean {
    if (source.ip === null || this.#blockedUntil.size === 0) return false
    const until = this.#blockedUntil.get(source.ip)
    if (until === undefined) return false
    if (now < until) return true
    this.#blockedUntil.delete(source.ip)
    return false
  }

  #refuse(limit: keyof RefusalCounts): false {
    this.refusals[limit]++
    return false
  }
}

const MAX_BLOCKED = 1_024
