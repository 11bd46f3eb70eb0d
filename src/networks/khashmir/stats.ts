// What a khashmir node tells of itself, as plain data. Reads only.
import type { Address } from '../../kademlia/contact.ts'
import { localStats, type LocalStats } from '../../node/local-stats.ts'
import type { Store } from '../../stores/store.ts'
import type { FamilyNode } from './family.ts'
import type { ResolvedOptions } from './options.ts'
import type { Role } from './messages.ts'

export interface FamilyStats extends LocalStats {
  readonly family: 4
  /** Our address as others see it; null until somebody has answered a `join`. */
  readonly seenAs: Address | null
}

export interface KhashmirStats {
  readonly network: 'khashmir'
  readonly role: Role
  readonly readOnly: boolean
  /** One: khashmir knows IPv4 alone. */
  readonly families: readonly FamilyStats[]
  /** What others store here, and we ourselves. */
  readonly stored: { readonly keys: number; readonly values: number; readonly bytes: number }
  /** Values that are kept alive. */
  readonly commitments: number
}

export function statsOf(
  families: readonly FamilyNode[],
  store: Store,
  facts: Pick<ResolvedOptions, 'role' | 'readOnly'> & { readonly now: number },
): KhashmirStats {
  const { role, readOnly, now } = facts
  return {
    network: 'khashmir',
    role,
    readOnly,
    families: families.map((each) => ({ family: 4, seenAs: each.seenAs, ...localStats(each, now) })),
    stored: store.values.size,
    commitments: store.state.commitments().length,
  }
}
