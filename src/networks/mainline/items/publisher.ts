// Publishing items (BEP 44): an immutable one, or a signed one with the next seq; and what came of it.
// Not here: arguments of users (arguments.ts), the writing itself (item-writer.ts), reading (reader.ts).
import { toHex, type Id } from '../../../kademlia/id.ts'
import type { CommitBatch } from '../../../node/commit-batch.ts'
import { XorbitError } from '../../../node/errors.ts'
import { OneByOne } from '../../../node/one-by-one.ts'
import type { Scheduler } from '../../../node/ports.ts'
import type { RecordStore } from '../../../stores/store.ts'
import { sign, type KeyPair } from '../keys/key-pair.ts'
import { ERROR } from '../messages.ts'
import { MAX_SEQ } from '../wire/bounds.ts'
import { reachedOthers, type WriteReport } from '../../../node/write.ts'
import { mutableTarget, seqOf, signedBytes, targetOf, type RawItem } from './item.ts'
import type { ItemKeeper } from './item-keeper.ts'
import type { Closest, ItemWriter } from './item-writer.ts'

export interface PublishReport extends WriteReport {
  /** The `seq` that was put. */
  readonly seq: bigint
}

export interface PublishRequest {
  readonly keyPair: KeyPair
  /** 0 … 64 bytes. */
  readonly salt: Uint8Array
  /** Encoded, at most 1000 bytes. */
  readonly value: Uint8Array
  /** null: one more than the highest that is known. */
  readonly seq: bigint | null
  /** Publish only where the newest is this one; null: whatever is there. */
  readonly cas: bigint | null
}

export interface PublishOptions {
  readonly keepAlive: boolean
  readonly signal?: AbortSignal | undefined
}

interface PublisherParts {
  readonly writer: ItemWriter
  readonly keeper: ItemKeeper
  readonly records: RecordStore
  readonly scheduler: Scheduler
  readonly commits: CommitBatch
}

type Put = PublishReport & { readonly item: RawItem }
type Signalled = Closest & { readonly signal: AbortSignal | undefined }

export class Publisher {
  readonly #parts: PublisherParts
  /** By target, so that each takes a seq of its own. */
  readonly #turns = new OneByOne()

  constructor(parts: PublisherParts) {
    this.#parts = parts
  }

  /** Puts an immutable item. Resolves when what it promises is committed. */
  async put(value: Uint8Array, { keepAlive, signal }: PublishOptions): Promise<WriteReport> {
    const item: RawItem = { value, signed: null }
    const target = targetOf(item)
    const { writer, keeper } = this.#parts
    const promise = keeper.promise('put', target)
    try {
      const recent = writer.recent(target)
      let report = recent && (await writer.put(item, target, { ...recent, signal }))
      if (report === null || report.refused.length > 0) {
        const found = await writer.look(target, NO_SALT, signal)
        report = await writer.put(item, target, { ...found, signal })
      }
      if (keepAlive) promise.keep({ item, publicKey: null, salt: NO_SALT }, reachedOthers(report))
      await this.#parts.commits.committed()
      return report
    } finally {
      promise.end()
    }
  }

  /** Signs and puts a mutable item. Resolves when what it promises is committed. */
  async publish(request: PublishRequest, { keepAlive, signal }: PublishOptions): Promise<PublishReport> {
    const { publicKey } = request.keyPair
    const target = mutableTarget(publicKey, request.salt)
    // From now on, not from its turn on: who takes it back means also what still waits.
    const promise = this.#parts.keeper.promise('publish', target)
    const work = async (): Promise<PublishReport> => {
      const { item, ...report } = await this.#publish(request, target, signal)
      // What is kept under this name already goes on as this one, which has replaced it. What nobody took is not what is
      // to live: the one before stays, if there is one.
      const isKept = keepAlive || this.#parts.keeper.isKept('publish', target)
      if (isKept && report.stored > 0)
        promise.keep({ item, publicKey, salt: request.salt }, reachedOthers(report))
      await this.#parts.commits.committed()
      return report
    }
    try {
      return await this.#turns.take(toHex(target), work, signal)
    } finally {
      promise.end()
    }
  }

  async #publish(request: PublishRequest, target: Id, signal: AbortSignal | undefined): Promise<Put> {
    const { writer } = this.#parts
    const recent = writer.recent(target)
    const first = recent && (await this.#putNext(request, target, { ...recent, signal }))
    if (first !== null && first.refused.length === 0) return first
    // Else somebody is gone, their tokens were too old after all, or somebody else has published since.
    const found = await writer.look(target, request.salt, signal)
    const guarded = request.cas !== null
    if (first !== null && first.stored > 0 && (guarded || found.search.isNewest(first.item))) {
      // It is published, and the others are to get it too: the next seq would only be the same once more.
      return { ...first, ...(await writer.put(first.item, target, { ...found, guarded, signal })) }
    }
    return this.#putFound(request, target, { ...found, signal })
  }

  async #putFound(request: PublishRequest, target: Id, to: Signalled): Promise<Put> {
    const report = await this.#putNext(request, target, to)
    // Nobody holds it, yet it is called too old: they remember the seq of one that has expired, and do not tell it. A
    // seq that is the time is above all that were counted.
    const seq = BigInt(Math.floor(this.#parts.scheduler.now() / 1_000))
    const isRemembered = to.best === null && report.refused.some(({ code }) => code === ERROR.seqTooOld)
    if (!isRemembered || request.seq !== null || request.cas !== null || seq <= report.seq) return report
    return this.#putNext({ ...request, seq }, target, to)
  }

  async #putNext(
    { keyPair, salt, value, seq: wanted, cas }: PublishRequest,
    target: Id,
    to: Signalled,
  ): Promise<Put> {
    const newest = this.#newestSeq(target, to.best)
    // Who says that it follows a version knows of that one, though nobody has it any more.
    const seq = wanted ?? (newest ?? cas ?? 0n) + 1n
    if (seq > MAX_SEQ)
      throw new XorbitError('bad-argument', `seq: there is none above ${MAX_SEQ}, which is taken`)
    const signature = sign(keyPair, signedBytes(value, { salt, seq }))
    const item: RawItem = { value, signed: { publicKey: keyPair.publicKey, salt, seq, signature } }
    // Nodes that have lost the item would take what the others refuse, so nobody is asked.
    if (cas !== null && newest !== null && cas !== newest) {
      const refused = [{ host: 'self', port: 0, code: ERROR.casMismatch }]
      return { key: toHex(target), stored: 0, asked: 1, accepted: [], refused, seq, item }
    }
    const report = await this.#parts.writer.put(item, target, { ...to, guarded: cas !== null })
    return { ...report, seq, item }
  }

  /** The highest that was found now or seen before; null: none. */
  #newestSeq(target: Id, found: RawItem | null): bigint | null {
    const known = this.#parts.records.newest(target)?.version ?? null
    if (found === null) return known
    const seq = seqOf(found)
    return known !== null && known > seq ? known : seq
  }
}

const NO_SALT = new Uint8Array(0)
