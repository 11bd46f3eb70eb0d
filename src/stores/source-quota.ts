// How much of a store came from one source: an IP address and the prefix around it. threat T6, T12. In IPv6 a
// subscriber owns a whole /64, so the /64 counts as the address; prefixes are /24 and /48. What is counted, entries or
// bytes, is its owner's. Its own bound: at most two counts for each entry that its owner holds.

export interface QuotaLimits {
  /** Of one IPv4 address or one IPv6 /64: entries, where nothing else is said. */
  readonly maxPerIp: number
  /** Of one IPv4 /24 or one IPv6 /48. */
  readonly maxPerPrefix: number
}

export class SourceQuota {
  readonly #limits: QuotaLimits | null
  readonly #counts = new Map<string, number>()
  /** As much as one address and one prefix ever had since it was empty: below it nobody is refused. */
  #mostOfIp = 0
  #mostOfPrefix = 0

  /** null: no limits, and nothing is counted. */
  constructor(limits: QuotaLimits | null) {
    this.#limits = limits
  }

  /**
   * Whether so much more of this IP (its key of 4 or 16 characters, see byte-key.ts) is allowed, or what forbids it.
   */
  refusal(ipKey: string, amount = 1): 'too-many-from-ip' | 'too-many-from-prefix' | null {
    if (this.#limits === null) return null
    if (this.#count(addressOf(ipKey)) + amount > this.#limits.maxPerIp) return 'too-many-from-ip'
    if (this.#count(prefixOf(ipKey)) + amount > this.#limits.maxPerPrefix) return 'too-many-from-prefix'
    return null
  }

  /** Whether anybody at all may be refused so much more: cheap, and seldom true. */
  mayRefuse(amount = 1): boolean {
    if (this.#limits === null) return false
    const { maxPerIp, maxPerPrefix } = this.#limits
    return this.#mostOfIp + amount > maxPerIp || this.#mostOfPrefix + amount > maxPerPrefix
  }

  take(ipKey: string, amount = 1): void {
    this.#add(ipKey, amount)
  }

  giveBack(ipKey: string, amount = 1): void {
    this.#add(ipKey, -amount)
  }

  #add(ipKey: string, difference: number): void {
    if (this.#limits === null) return
    // The lengths 4 and 8 of addresses, 3 and 6 of prefixes keep the four kinds apart in one map.
    const ofIp = this.#change(addressOf(ipKey), difference)
    const ofPrefix = this.#change(prefixOf(ipKey), difference)
    const isEmpty = this.#counts.size === 0
    this.#mostOfIp = isEmpty ? 0 : Math.max(this.#mostOfIp, ofIp)
    this.#mostOfPrefix = isEmpty ? 0 : Math.max(this.#mostOfPrefix, ofPrefix)
  }

  #change(key: string, difference: number): number {
    const count = this.#count(key) + difference
    if (count > 0) this.#counts.set(key, count)
    else this.#counts.delete(key)
    return count
  }

  #count(key: string): number {
    return this.#counts.get(key) ?? 0
  }
}

function addressOf(ipKey: string): string {
  return ipKey.length === 4 ? ipKey : ipKey.slice(0, 8)
}

/** The /24 or /48 of an IP, from its byteKey. */
export function prefixOf(ipKey: string): string {
  return ipKey.length === 4 ? ipKey.slice(0, 3) : ipKey.slice(0, 6)
}
