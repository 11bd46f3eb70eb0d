// What a mainline node tells of itself, as plain data. Reads only.
import { toHex } from '../../kademlia/id.ts'
import type { Address } from '../../kademlia/contact.ts'
import type { MethodCounts } from '../../kademlia/counters.ts'
import type { BucketSummary } from '../../kademlia/routing-table.ts'
import type { PopulationEstimate } from '../../kademlia/population.ts'
import type { Store } from '../../stores/store.ts'
import type { FamilyNode } from './family.ts'

export interface FamilyStats {
  readonly family: 4 | 6
  /** 40 hex digits. */
  readonly id: string
  readonly local: Address
  /** The host under which others see us, once enough of them agree (BEP 42). */
  readonly externalHost: string | null
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

export interface MainlineStats {
  readonly network: 'mainline'
  readonly readOnly: boolean
  readonly families: readonly FamilyStats[]
  /** What others store here, and we ourselves; `itemBytes` as the store keeps them. */
  readonly stored: {
    readonly infoHashes: number
    readonly peers: number
    readonly items: number
    readonly itemBytes: number
  }
  /** What is kept alive: announces, items, and items of others that are looked after. */
  readonly commitments: number
}

export function statsOf(
  families: readonly FamilyNode[],
  store: Store,
  facts: { readonly readOnly: boolean; readonly now: number },
): MainlineStats {
  const { records, bytes } = store.records.size
  return {
    network: 'mainline',
    readOnly: facts.readOnly,
    families: families.map((family) => familyStats(family, facts.now)),
    stored: { ...store.peers.size, items: records, itemBytes: bytes },
    commitments: store.state.commitments().length,
  }
}

function familyStats(
  { family, id, local, externalHost, table, runner }: FamilyNode,
  now: number,
): FamilyStats {
  const { engine } = runner
  return {
    family,
    id: toHex(id),
    local,
    externalHost,
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
