// Writing an item on the closest nodes, our own among them (BEP 44 `put`): finds who takes it, asks each with its token.
// Not here: which item and seq (publisher.ts), and doing it again (item-keeper.ts).
import { toHex, type Id } from '../../../kademlia/id.ts'
import type { CommitBatch } from '../../../node/commit-batch.ts'
import type { Scheduler } from '../../../node/ports.ts'
import type { Store } from '../../../stores/store.ts'
import type { FamilyNode } from '../family.ts'
import { FreshTokens } from '../fresh-tokens.ts'
import { ERROR } from '../messages.ts'
import { writeOn, type Holder, type WriteReport } from '../write.ts'
import { findItem } from './find-item.ts'
import { digestOf, recordData, type RawItem } from './item.ts'
import { seqOf, type ItemSearch } from './item-search.ts'

/** The closest nodes to a target and what is known of what they hold. */
export interface Closest {
  readonly holders: readonly Holder[]
  readonly best: RawItem | null
  /** null: asked some minutes ago; they have all taken the best since. */
  readonly search: ItemSearch | null
}

export interface ItemWriterParts {
  /** One node a family (B45-10); asked anew for each operation. */
  readonly families: () => readonly FamilyNode[]
  readonly store: Store
  readonly scheduler: Scheduler
  readonly commits: CommitBatch
  /** How long an item of our own store lives. */
  readonly lifetimeMs: number
}

export class ItemWriter {
  readonly #parts: ItemWriterParts
  readonly #tokens = new FreshTokens<RawItem | null>()

  constructor(parts: ItemWriterParts) {
    this.#parts = parts
  }

  /** Walks to the closest nodes that give tokens. */
  async look(target: Id, salt: Uint8Array, signal: AbortSignal | undefined): Promise<Required<Closest>> {
    const { families, store, scheduler } = this.#parts
    const { holders, search } = await findItem(families(), {
      target,
      salt,
      mode: 'latest',
      forPut: true,
      records: store.records,
      now: scheduler.now(),
      signal,
    })
    const { best } = search
    this.#tokens.keep(target, { holders, note: best }, scheduler.now())
    return { holders, best, search }
  }

  /** Those who took a write to this target a few minutes ago; null: nobody. */
  recent(target: Id): Closest | null {
    const kept = this.#tokens.take(target, this.#parts.scheduler.now())
    return kept === null ? null : { holders: kept.holders, best: kept.note, search: null }
  }

  /** Writes on all of them. `cas` is for those alone that hold something (B44-13). */
  async write(
    item: RawItem,
    target: Id,
    to: Pick<Closest, 'holders' | 'search'> & {
      readonly cas: bigint | null
      readonly signal?: AbortSignal | undefined
    },
  ): Promise<WriteReport> {
    const { value, signed } = item
    const report = await writeOn(toHex(target), to.holders, {
      query: (token, { answered }) => {
        const held = to.search === null || to.search.holdsAny(answered.contact)
        return { method: 'put', token, value, signed, cas: held ? to.cas : null }
      },
      own: () => this.#storeOwn(item, target),
      signal: to.signal,
    })
    if (report.stored > 0) {
      const seen = { version: seqOf(item), digest: digestOf(item) }
      this.#parts.store.records.sawVersion(target, seen, this.#parts.scheduler.now())
      this.#tokens.note(target, item)
    }
    this.#parts.commits.schedule()
    return report
  }

  #storeOwn(item: RawItem, key: Id): number | string | null {
    const { store, scheduler, lifetimeMs } = this.#parts
    const now = scheduler.now()
    const outcome = store.records.put({
      key,
      version: seqOf(item),
      digest: digestOf(item),
      data: recordData(item),
      source: null,
      refreshedAt: now,
      expiresAt: now + lifetimeMs,
    })
    if (outcome.stored) return null
    return outcome.why === 'older' || outcome.why === 'conflict' ? ERROR.seqTooOld : outcome.why
  }
}
