// Keeping items alive (BEP 44, "Expiration"): what this node has put it puts again every hour, and it may look after items
// of others. Not here: when (node/keep-alive.ts), the first time (publisher.ts), the writing (item-writer.ts).
import { asId, toHex, type Id } from '../../../kademlia/id.ts'
import type { CommitBatch } from '../../../node/commit-batch.ts'
import type { KeepAlive } from '../../../node/keep-alive.ts'
import type { Scheduler } from '../../../node/ports.ts'
import { UnderWay } from '../../../node/under-way.ts'
import type { Commitment, NodeState } from '../../../stores/store.ts'
import type { WriteReport } from '../write.ts'
import { mutableTarget, type RawItem } from './item.ts'
import { seqOf } from './item-search.ts'
import type { ItemWriter } from './item-writer.ts'
import { keptData, readKept, type KeptItem, type KeptKind } from './kept-item.ts'

/** What came of putting again what is kept alive. */
export interface RepublishReport extends WriteReport {
  readonly kind: KeptKind
  /** Copies of the newest version that were found alive before it was put again. */
  readonly copies: number
  /** null for an immutable item, and for a watched one that has not been found yet. */
  readonly seq: bigint | null
}

/** A promise in the making: of a write that is under way. */
export interface KeepPromise {
  /** Keeps it alive from now on, unless it was taken back meanwhile. `done`: it has just been written. */
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
  /** Watched items of which the last round only mended what was missing. At most as many as commitments. */
  readonly #onlyMended = new Set<string>()

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
      const { report, item } = await this.#mend(
        { kind: 'watch', item: null, publicKey, salt },
        target,
        signal,
      )
      promise.keep({ item, publicKey, salt }, report.copies + report.stored > 0)
      await this.#parts.commits.committed()
      return report
    } finally {
      promise.end()
    }
  }

  /** Stops keeping it alive; other nodes forget it in time. False when it was not kept. */
  forget(kind: KeptKind, target: Id): boolean {
    const revoked = this.#underWay.revoke(nameOf(kind, target))
    this.#onlyMended.delete(toHex(target))
    return this.#parts.keepAlive.remove(kind, target) || revoked
  }

  /** What is kept alive, and under which target. */
  kept(): { readonly target: Id; readonly kept: KeptItem }[] {
    return this.#parts.state.commitments().flatMap((commitment) => {
      const kept = readKept(commitment)
      return kept === null ? [] : [{ target: asId(commitment.key), kept }]
    })
  }

  /** Ours, every hour: the closest get it again, and with it two hours more (B44-20). */
  async #renewOwn(commitment: Commitment): Promise<boolean> {
    const kept = readKept(commitment)
    if (kept === null || kept.item === null) return false
    const target = asId(commitment.key)
    const { writer, republished } = this.#parts
    const found = await writer.look(target, kept.salt, undefined)
    // Somebody with the same key has published since, from another machine: that is what shall live now.
    const hasNewer = isNewer(found.best, kept.item)
    const item = hasNewer ? found.best! : kept.item
    if (hasNewer) this.#keep({ ...kept, item }, target, true)
    const report = await writer.write(item, target, { ...found, cas: null })
    const copies = found.search!.copies
    republished({ ...report, kind: kept.kind, copies, seq: item.signed?.seq ?? null })
    return report.stored > 0
  }

  async #renewWatched(commitment: Commitment): Promise<boolean> {
    const kept = readKept(commitment)
    if (kept === null) return false
    const target = asId(commitment.key)
    const { report, item } = await this.#mend(kept, target, undefined)
    if (isNewer(item, kept.item)) this.#keep({ ...kept, item }, target, true)
    this.#parts.republished(report)
    return report.copies + report.stored > 0
  }

  /**
   * Counts the copies of an item and puts it where it is missing (B44-21). Every other round those that hold it get it
   * too, unless there are more than eight copies: what nobody puts again is gone from all of them at once after two
   * hours, and would be missing until the next round.
   */
  async #mend(
    kept: KeptItem,
    target: Id,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly report: RepublishReport; readonly item: RawItem | null }> {
    const { writer } = this.#parts
    const { holders, best, search } = await writer.look(target, kept.salt, signal)
    const item = isNewer(best, kept.item) ? best : kept.item
    const name = toHex(target)
    const copies = search!.copies
    const facts = { kind: kept.kind, copies, seq: item?.signed?.seq ?? null }
    if (item === null) return { report: { ...NOTHING, key: name, ...facts }, item }
    const onlyMend = copies > ENOUGH_COPIES || !this.#onlyMended.has(name)
    if (onlyMend) this.#onlyMended.add(name)
    else this.#onlyMended.delete(name)
    const isFound = best !== null && seqOf(best) === seqOf(item)
    const wanting = holders.filter(
      ({ answered }) => !onlyMend || !isFound || !search!.holdsBest(answered.contact),
    )
    const report = await writer.write(item, target, { holders: wanting, search, cas: null, signal })
    return { report: { ...report, ...facts }, item }
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

/** Whether what was found is newer than what is kept. */
function isNewer(found: RawItem | null, kept: RawItem | null): boolean {
  return found !== null && (kept === null || seqOf(found) > seqOf(kept))
}
