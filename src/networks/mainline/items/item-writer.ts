// Writing an item on the closest nodes, our own among them (BEP 44 `put`): finds who takes it, asks each with its token.
// Not here: which item and seq (publisher.ts), and doing it again (item-keeper.ts).
import { toHex, type Id } from '../../../kademlia/id.ts'
import type { CommitBatch } from '../../../node/commit-batch.ts'
import type { Scheduler } from '../../../node/ports.ts'
import type { Store } from '../../../stores/store.ts'
import type { FamilyHolder, FamilyNode } from '../family.ts'
import { FreshTokens } from '../../../node/fresh-tokens.ts'
import { ERROR, type MainlineQuery } from '../messages.ts'
import { writeOn, type WriteReport } from '../../../node/write.ts'
import { findItem } from './find-item.ts'
import { digestOf, isSame, recordData, seqOf, type RawItem } from './item.ts'
import type { ItemSearch } from './item-search.ts'

/** The closest nodes to a target that take a write, and what they hold. */
export interface Closest {
  readonly holders: readonly FamilyHolder[]
  /** When they gave their tokens. */
  readonly at: number
  readonly best: RawItem | null
  readonly heldBy: (holder: FamilyHolder) => RawItem | null
}

export interface WriteOptions {
  /** Each is to refuse where it holds another `seq` by now than it told (BEP 44 `cas`). */
  readonly guarded?: boolean
  readonly signal?: AbortSignal | undefined
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
  /** The note is what all of them took. */
  readonly #tokens = new FreshTokens<FamilyNode, RawItem>()

  constructor(parts: ItemWriterParts) {
    this.#parts = parts
  }

  /** Walks to the closest nodes that give tokens. */
  async look(
    target: Id,
    salt: Uint8Array,
    signal: AbortSignal | undefined,
  ): Promise<Closest & { readonly search: ItemSearch }> {
    const { families, store, scheduler } = this.#parts
    const at = scheduler.now()
    const { holders, search } = await findItem(families(), {
      target,
      salt,
      mode: 'latest',
      forPut: true,
      records: store.records,
      now: at,
      signal,
    })
    return { holders, at, best: search.best, heldBy: (holder) => search.heldBy(holder), search }
  }

  /** Those who all took what was last put under this target, a few minutes ago; null: nobody. */
  recent(target: Id): Closest | null {
    const tokens = this.#tokens.take(target, this.#parts.scheduler.now())
    return tokens && { holders: tokens.holders, at: tokens.at, best: tokens.note, heldBy: () => tokens.note }
  }

  /** Writes on all of them, and remembers them where all take it. */
  async put(item: RawItem, target: Id, to: Closest & WriteOptions): Promise<WriteReport> {
    const report = await this.write(item, target, to)
    if (report.refused.length === 0) this.#tokens.keep(target, { holders: to.holders, at: to.at, note: item })
    return report
  }

  /** Writes on these. */
  async write(
    item: RawItem,
    target: Id,
    { holders, heldBy, guarded = false, signal }: Pick<Closest, 'holders' | 'heldBy'> & WriteOptions,
  ): Promise<WriteReport> {
    const { value, signed } = item
    const report = await writeOn<MainlineQuery, FamilyNode>(toHex(target), holders, {
      query: (token, holder) => {
        const held = guarded ? heldBy(holder) : null
        // Not for who holds nothing (B44-13); and who missed some version shall not refuse the next for that.
        return { method: 'put', token, value, signed, cas: held && seqOf(held) }
      },
      own: () => this.#storeOwn(item, target),
      // bittorrent-dht calls the very version too old that it has told to hold. It keeps it all the same (B44-10).
      hasIt: (code, holder) => code === ERROR.seqTooOld && isHeld(item, heldBy(holder)),
      signal,
    })
    if (report.stored > 0) {
      const seen = { version: seqOf(item), digest: digestOf(item) }
      this.#parts.store.records.sawVersion(target, seen, this.#parts.scheduler.now())
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

function isHeld(item: RawItem, held: RawItem | null): boolean {
  return held !== null && isSame(item, held)
}
