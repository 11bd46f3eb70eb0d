// What a node has to do without being asked, and when: ping questionable contacts, refresh stale buckets, checkpoint.
// It says what is due; the engine does it.
import type { KnownContact } from './contact.ts'
import type { Id } from './id.ts'
import type { Parameters } from './parameters.ts'
import type { Random } from './ports.ts'
import type { RoutingTable } from './routing-table.ts'

export interface Due {
  readonly pings: readonly KnownContact[]
  /** A target in a stale bucket: at most one a round, so that refreshing makes no bursts. */
  readonly refresh: Id | null
  readonly checkpoint: boolean
}

export class Maintenance {
  readonly #parameters: Parameters
  readonly #random: Random
  #roundAt: number
  #checkpointAt: number

  constructor(parameters: Parameters, random: Random, now: number) {
    this.#parameters = parameters
    this.#random = random
    this.#roundAt = now + parameters.maintenanceMs
    this.#checkpointAt = now + this.#jittered(parameters.checkpointMs)
  }

  get nextAt(): number {
    return Math.min(this.#roundAt, this.#checkpointAt)
  }

  /** What is due at `now`. `offline`: our link seems dead, so one ping a round is enough to see it come back. */
  due(now: number, table: RoutingTable, offline: boolean): Due {
    const round = now >= this.#roundAt
    if (round) this.#roundAt = now + this.#jittered(this.#parameters.maintenanceMs)
    const checkpoint = now >= this.#checkpointAt
    if (checkpoint) this.#checkpointAt = now + this.#jittered(this.#parameters.checkpointMs)
    return {
      pings: round ? this.#pings(now, table, offline) : [],
      refresh: round && !offline ? (table.staleBuckets(now, this.#random)[0]?.target ?? null) : null,
      checkpoint,
    }
  }

  #pings(now: number, table: RoutingTable, offline: boolean): readonly KnownContact[] {
    if (!offline) return table.questionable(now, this.#parameters.maxPingsPerRound)
    // Any of them: misses are not counted while offline, so that the first in line would stay the first, and may have
    // died; and good ones are the likeliest to show that it was not our link, but so many others.
    const all = [...table.contacts()]
    const at = Math.floor(this.#random.fraction() * all.length)
    return all.slice(at, at + 1)
  }

  /** The next round comes at once: after a sleep or a change of network. */
  hurry(now: number): void {
    this.#roundAt = now
  }

  /** Between 0.9 and 1.1 of the interval, so that nodes started together do not act together. khashmir A8. */
  #jittered(intervalMs: number): number {
    return intervalMs * (0.9 + 0.2 * this.#random.fraction())
  }
}
