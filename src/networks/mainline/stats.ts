// What a mainline node tells of itself, as plain data. Reads only.
import { localStats, type LocalStats } from '../../node/local-stats.ts'
import type { Store } from '../../stores/store.ts'
import type { FamilyNode } from './family.ts'

export interface FamilyStats extends LocalStats {
  readonly family: 4 | 6
  /** The host under which others see us, once enough of them agree (BEP 42). */
  readonly externalHost: string | null
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
    families: families.map((each) => {
      const { family, externalHost } = each
      return { family, externalHost, ...localStats(each, facts.now) }
    }),
    stored: { ...store.peers.size, items: records, itemBytes: bytes },
    commitments: store.state.commitments().length,
  }
}
