// What a drogulus node tells of itself, as plain data. Reads only.
import { familyOf } from '../../codecs/compact-address.ts'
import { localStats, type LocalStats } from '../../node/local-stats.ts'
import type { Store } from '../../stores/store.ts'
import type { FamilyNode } from './family.ts'
import type { ResolvedOptions } from './options.ts'

export interface FamilyStats extends LocalStats {
  readonly family: 4 | 6
}

export interface DrogulusStats {
  readonly network: 'drogulus'
  readonly revision: ResolvedOptions['revision']
  readonly tls: boolean
  readonly readOnly: boolean
  /** One. */
  readonly families: readonly FamilyStats[]
  /** Values that are held, our own among them, and their bytes as the store keeps them. */
  readonly stored: { readonly values: number; readonly bytes: number }
  /** Who is kept out for having sent forgeries. */
  readonly banned: number
  /** Values that are kept alive. */
  readonly commitments: number
}

export function statsOf(
  families: readonly FamilyNode[],
  store: Store,
  facts: Pick<ResolvedOptions, 'revision' | 'tls' | 'readOnly'> & { readonly now: number },
): DrogulusStats {
  const { revision, tls, readOnly, now } = facts
  const { records, bytes } = store.records.size
  return {
    network: 'drogulus',
    revision,
    tls,
    readOnly,
    families: families.map((each) => ({
      family: familyOf(each.local.host)!,
      ...localStats(each, now),
    })),
    stored: { values: records, bytes },
    banned: store.state.bans().length,
    commitments: store.state.commitments().length,
  }
}
