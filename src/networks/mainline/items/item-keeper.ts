// Keeping items alive (BEP 44, "Expiration"): what this node has put it puts again every hour, and it may look after items
// of others. Not here: when (node/keep-alive.ts), the first time (publisher.ts), the writing (item-writer.ts).
import { asId, toHex, type Id } from '../../../kademlia/id.ts'
import type { CommitBatch } from '../../../node/commit-batch.ts'
import type { KeepAlive } from '../../../node/keep-alive.ts'
import type { Scheduler } from '../../../node/ports.ts'
import { UnderWay } from '../../../node/under-way.ts'
import type { Commitment, NodeState } from '../../../stores/store.ts'
import { reachedOthers, type WriteReport } from '../../../node/write.ts'
import type { FamilyHolder } from '../family.ts'
import { isNewer, isSame, mutableTarget } from './item.ts'
import type { ItemWriter } from './item-writer.ts'
import { keptData, readKept, type KeptItem, type KeptKind } from './kept-item.ts'

/** What came of putting again what is kept alive. */
export interface RepublishReport extends WriteReport {
  readonly kind: KeptKind
  /** Copies of what is kept alive that were found before it was put again; our own among them. */
  readonly copies: number
  /** null for an immutable item, and for a watched one that has not been found yet. */
  readonly seq: bigint | null
}

/** A promise in the making: of a write that is under way. */
export interface KeepPromise {
  /** Keeps it alive from now on, unless it was taken back meanwhile. `done`: others hold it now. */
  keep(what: Omit<KeptItem, 'kind'>, done: boolean): void
  end(): void
}

interface ItemKeeperParts {
  readonly writer: ItemWriter
  readonly state: NodeState
  readonly scheduler: Scheduler
  readonly commits: CommitBatch
  readonly keepAlive: KeepAlive
  /** How often what is kept alive is put again. */
  readonly intervalMs: number
  readonly republished: (report: RepublishReport) => void
}

/** B44-21: with more copies than this, others take care of it. */
const ENOUGH_COPIES = 8
/** Watched items are looked at so much more often, so that two rounds fit into the life of a copy. */
const WATCH_SHARE = 0.75

export class ItemKeeper {
  readonly #parts: ItemKeeperParts
  readonly #underWay = new UnderWay()

  constructor(parts: ItemKeeperParts) {
    this.#parts = parts
    const { keepAlive, intervalMs } = parts
    for (const kind of ['put', 'publish']) {
      keepAlive.keep(kind, { intervalMs, renew: (commitment) => this.#renewOwn(commitment) })
    }
    const watchMs = WATCH_SHARE * intervalMs
    keepAlive.keep('watch', { intervalMs: watchMs, renew: (commitment) => this.#renewWatched(commitment) })
  }

  /** Begins a write after which something may be kept alive; `forget` takes it back also while it is under way. */
  promise(kind: KeptKind, target: Id): KeepPromise {
    const undertaking = this.#underWay.begin(nameOf(kind, target))
    return {
      keep: (what, done) => {
        if (!undertaking.revoked) this.#keep({ kind, ...what }, target, done)
      },
      end: () => this.#underWay.end(undertaking),
    }
  }

  /** Looks after an item whoever publishes it: now, and from now on. Resolves when that is committed. */
  async watchOver(publicKey: Uint8Array, salt: Uint8Array, signal?: AbortSignal): Promise<RepublishReport> {
    const target = mutableTarget(publicKey, salt)
    const promise = this.promise('watch', target)
    try {
      const { report, kept, isHeld } = await this.#mend(
        this.#watched(target) ?? { kind: 'watch', item: null, publicKey, salt },
        target,
        signal,
      )
      promise.keep(kept, isHeld)
      await this.#parts.commits.committed()
      return report
    } finally {
      promise.end()
    }
  }

  /** Stops keeping it alive; other nodes forget it in time. False when it was not kept. */
  forget(kind: KeptKind, target: Id): boolean {
    const revoked = this.#underWay.revoke(nameOf(kind, target))
    return this.#parts.keepAlive.remove(kind, target) || revoked
  }

  isKept(kind: KeptKind, target: Id): boolean {
    return this.#parts.state.commitment(kind, target) !== null
  }

  /** What is kept alive, and under which target. */
  kept(): { readonly target: Id; readonly kept: KeptItem }[] {
    return this.#parts.state.commitments().flatMap((commitment) => {
      const kept = readKept(commitment)
      return kept === null ? [] : [{ target: asId(commitment.key), kept }]
    })
  }

  /** What is looked after already: nobody else may have it any more. */
  #watched(target: Id): KeptItem | null {
    const commitment = this.#parts.state.commitment('watch', target)
    return commitment && readKept(commitment)
  }

  /** Ours, every hour: the closest get it again, and with it two hours more (B44-20). */
  async #renewOwn(commitment: Commitment): Promise<Uint8Array | null> {
    const kept = readKept(commitment)
    if (kept === null || kept.item === null) return null
    const target = asId(commitment.key)
    const { writer, republished } = this.#parts
    const found = await writer.look(target, kept.salt, undefined)
    // Somebody with the same key has published since, from another machine: that is what shall live now.
    const item = isNewer(found.best, kept.item) ? found.best! : kept.item
    const report = await writer.write(item, target, found)
    const copies = found.search.copiesOf(item)
    republished({ ...report, kind: kept.kind, copies, seq: item.signed?.seq ?? null })
    return reachedOthers(report) ? keptData({ ...kept, item }) : null
  }

  async #renewWatched(commitment: Commitment): Promise<Uint8Array | null> {
    const before = readKept(commitment)
    if (before === null) return null
    const { report, kept, isHeld } = await this.#mend(before, asId(commitment.key), undefined)
    this.#parts.republished(report)
    return isHeld ? keptData(kept) : null
  }

  /**
   * Counts the copies of an item and puts it where it is missing (B44-21). Every other round those that hold it get it
   * too, unless there are more than eight copies: what nobody puts again is gone from all of them at once after two
   * hours, and would be missing until the next round.
   */
  async #mend(
    before: KeptItem,
    target: Id,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly report: RepublishReport; readonly kept: KeptItem; readonly isHeld: boolean }> {
    const { kind } = before
    const { writer } = this.#parts
    const { holders, best, heldBy, search } = await writer.look(target, before.salt, signal)
    const item = isNewer(best, before.item) ? best : before.item
    if (item === null) {
      const report = { ...NOTHING, key: toHex(target), kind, copies: 0, seq: null }
      return { report, kept: before, isHeld: false }
    }
    const copies = search.copiesOf(item)
    const onlyMended = copies > ENOUGH_COPIES || before.onlyMended !== true
    const lacks = (holder: FamilyHolder): boolean => {
      const held = heldBy(holder)
      return held === null || !isSame(held, item)
    }
    const wanting = onlyMended ? holders.filter(lacks) : holders
    const written = await writer.write(item, target, { holders: wanting, heldBy, signal })
    return {
      report: { ...written, kind, copies, seq: item.signed?.seq ?? null },
      kept: { ...before, item, onlyMended },
      isHeld: search.copiesElsewhere(item) > 0 || reachedOthers(written),
    }
  }

  #keep(kept: KeptItem, key: Id, done: boolean): void {
    const doneAt = done ? this.#parts.scheduler.now() : 0
    this.#parts.keepAlive.add({ kind: kept.kind, key, data: keptData(kept), doneAt })
  }
}

const NOTHING = { stored: 0, asked: 0, accepted: [], refused: [] } as const

function nameOf(kind: KeptKind, target: Id): string {
  return `${kind} ${toHex(target)}`
}
