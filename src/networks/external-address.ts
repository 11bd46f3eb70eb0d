// Our address as others see it (BEP 42 `ip`): a vote among those whom we asked. Not here: the id made from it.
import { prefixGroup, reachOf } from './addresses.ts'

/** Votes remembered, one a network prefix; the oldest is forgotten. */
const MAX_VOTES = 32
/**
 * So many more votes must agree than disagree: never on one vote (BEP 42). Votes come one by one, and among the first few
 * there may be mostly liars: where 30 % lie, they are ever 8 ahead with a probability of (3/7)^8 = 0.1 %; 4 agreeing
 * votes, as of old, they had at one of twenty nodes.
 */
const MIN_LEAD = 8
/** Share of the remembered votes that must agree; a third of liars changes nothing. T22. */
const MIN_SHARE = 2 / 3
/** At most one change in this time, so that liars cannot make us wander. T22. */
const MIN_BETWEEN_CHANGES_MS = 3_600_000

/** Votes on our own address. Only answers to requests of ours are to be counted. */
export class ExternalAddress {
  /** Voter's prefix → host. At most MAX_VOTES. */
  readonly #votes = new Map<string, string>()
  #current: string | null = null
  #changedAt = -Infinity

  /** The host that the vote has settled on; null while it has not. */
  get host(): string | null {
    return this.#current
  }

  /** Counts a vote; the new host when it has changed, else null. Addresses that are not global are no votes. */
  vote(seenHost: string, voterHost: string, now: number): string | null {
    if (reachOf(seenHost) !== 'global') return null
    const voter = voterGroup(voterHost)
    this.#votes.delete(voter)
    this.#votes.set(voter, seenHost)
    if (this.#votes.size > MAX_VOTES) this.#votes.delete(this.#votes.keys().next().value!)
    if (seenHost === this.#current || !this.#agreed(seenHost)) return null
    if (now - this.#changedAt < MIN_BETWEEN_CHANGES_MS) return null
    this.#current = seenHost
    this.#changedAt = now
    return seenHost
  }

  #agreed(host: string): boolean {
    let agreeing = 0
    for (const vote of this.#votes.values()) if (vote === host) agreeing++
    const others = this.#votes.size - agreeing
    return agreeing >= others + MIN_LEAD && agreeing >= MIN_SHARE * this.#votes.size
  }
}

/** A /16 of IPv4, a /64 of IPv6 counts once: addresses of one owner are cheap. */
function voterGroup(host: string): string {
  const dots = host.split('.')
  return dots.length === 4 ? `${dots[0]}.${dots[1]}` : prefixGroup(host)
}
