// What a local node tells of itself, as plain data, in any network. Reads only.
import type { Address } from '../kademlia/contact.ts'
import type { MethodCounts } from '../kademlia/counters.ts'
import { toHex } from '../kademlia/id.ts'
import type { PopulationEstimate } from '../kademlia/population.ts'
import type { BucketSummary } from '../kademlia/routing-table.ts'
import type { AnyLocalNode } from './node-life.ts'

export interface LocalStats {
  /** Lower-case hex. */
  readonly id: string
  readonly local: Address
  /** Contacts in the table, and how many of them may be handed to others. */
  readonly contacts: number
  readonly goodContacts: number
  readonly buckets: readonly BucketSummary[]
  /** Size of the network as lookups see it; null before the first one for a random target. */
  readonly population: PopulationEstimate | null
  /** Our own link seems dead: nothing that we asked was answered for long. */
  readonly offline: boolean
  readonly requestsUnderWay: number
  readonly lookupsUnderWay: number
  readonly methods: Readonly<Record<string, MethodCounts>>
  /** What came in and was dropped, by reason. */
  readonly dropped: Readonly<Record<string, number>>
  /** What the socket dropped in and out, by reason: from port 0, a full queue, no route … */
  readonly transportDropped: Readonly<Record<string, number>>
}

export function localStats({ id, local, table, runner }: AnyLocalNode, now: number): LocalStats {
  const { engine } = runner
  return {
    id: toHex(id),
    local,
    contacts: table.size,
    goodContacts: table.closest(id, table.size, now, 'good').length,
    buckets: table.buckets(),
    population: engine.population.estimate(),
    offline: engine.offline,
    requestsUnderWay: engine.underWay.requests,
    lookupsUnderWay: engine.underWay.lookups,
    ...engine.counters.snapshot(),
    transportDropped: runner.transportDrops,
  }
}
