// Publishing items (BEP 44): an immutable one, or a signed one with the next seq; and what came of it.
// Not here: arguments of users (arguments.ts), the writing itself (item-writer.ts), reading (reader.ts).
import { toHex, type Id } from '../../../kademlia/id.ts'
import type { CommitBatch } from '../../../node/commit-batch.ts'
import { XorbitError } from '../../../node/errors.ts'
import type { Scheduler } from '../../../node/ports.ts'
import type { RecordStore } from '../../../stores/store.ts'
import { sign, type KeyPair } from '../keys/key-pair.ts'
import { ERROR } from '../messages.ts'
import { MAX_SEQ } from '../wire/bounds.ts'
import type { WriteReport } from '../write.ts'
import { mutableTarget, signedBytes, targetOf, type RawItem } from './item.ts'
import type { ItemKeeper } from './item-keeper.ts'
import { seqOf } from './item-search.ts'
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

export class Publisher {
  readonly #parts: PublisherParts
  /** Publishing under way, by target: one after the other, so that each takes a seq of its own. One entry a target. */
  readonly #turns = new Map<string, Promise<unknown>>()

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
      let report = recent && (await writer.write(item, target, { ...recent, cas: null, signal }))
      if (report === null || report.refused.length > 0) {
        report = await writer.write(item, target, {
          ...(await writer.look(target, NO_SALT, signal)),
          cas: null,
          signal,
        })
      }
      if (keepAlive) promise.keep({ item, publicKey: null, salt: NO_SALT }, report.stored > 0)
      await this.#parts.commits.committed()
      return report
    } finally {
      promise.end()
    }
  }

  /** Signs and puts a mutable item. Resolves when what it promises is committed. */
  publish(request: PublishRequest, options: PublishOptions): Promise<PublishReport> {
    const target = mutableTarget(request.keyPair.publicKey, request.salt)
    return this.#inTurn(target, async () => {
      const promise = this.#parts.keeper.promise('publish', target)
      try {
        const { item, ...report } = await this.#publish(request, target, options.signal)
        const { publicKey } = request.keyPair
        // What nobody took is not what is to live: the one before stays, if there is one.
        if (options.keepAlive && report.stored > 0)
          promise.keep({ item, publicKey, salt: request.salt }, true)
        await this.#parts.commits.committed()
        return report
      } finally {
        promise.end()
      }
    })
  }

  async #publish(request: PublishRequest, target: Id, signal: AbortSignal | undefined): Promise<Put> {
    const { writer, scheduler } = this.#parts
    const recent = writer.recent(target)
    if (recent !== null) {
      const report = await this.#putNext(request, target, { ...recent, signal })
      // Else their tokens were too old after all, or somebody else has published since.
      if (report.refused.length === 0) return report
    }
    const found = await writer.look(target, request.salt, signal)
    const report = await this.#putNext(request, target, { ...found, signal })
    // Nobody holds it, yet it is called too old: they remember the seq of one that has expired, and do not tell it. A
    // seq that is the time is above all that were counted.
    const seq = BigInt(Math.floor(scheduler.now() / 1_000))
    const isRemembered = found.best === null && report.refused.some(({ code }) => code === ERROR.seqTooOld)
    if (!isRemembered || request.seq !== null || request.cas !== null || seq <= report.seq) return report
    return this.#putNext({ ...request, seq }, target, { ...found, signal })
  }

  async #putNext(
    { keyPair, salt, value, seq: wanted, cas }: PublishRequest,
    target: Id,
    found: Closest & { readonly signal: AbortSignal | undefined },
  ): Promise<Put> {
    const newest = this.#newestSeq(target, found.best)
    const seq = wanted ?? (newest ?? 0n) + 1n
    if (seq > MAX_SEQ)
      throw new XorbitError('bad-argument', `seq: there is none above ${MAX_SEQ}, which is taken`)
    const signature = sign(keyPair, signedBytes(value, { salt, seq }))
    const item: RawItem = { value, signed: { publicKey: keyPair.publicKey, salt, seq, signature } }
    // Nodes that have lost the item would take what the others refuse, so nobody is asked.
    if (cas !== null && newest !== null && cas !== newest) {
      const refused = [{ host: 'self', port: 0, code: ERROR.casMismatch }]
      return { key: toHex(target), stored: 0, asked: 1, accepted: [], refused, seq, item }
    }
    const report = await this.#parts.writer.write(item, target, { ...found, cas })
    return { ...report, seq, item }
  }

  /** The highest that was found now or seen before; null: none. */
  #newestSeq(target: Id, found: RawItem | null): bigint | null {
    const known = this.#parts.records.newest(target)?.version ?? null
    if (found === null) return known
    const seq = seqOf(found)
    return known !== null && known > seq ? known : seq
  }

  /** One after the other for each target. */
  #inTurn<T>(target: Id, work: () => Promise<T>): Promise<T> {
    const name = toHex(target)
    const before = this.#turns.get(name) ?? Promise.resolve()
    const turn = before.then(work, work)
    this.#turns.set(name, turn)
    const ended = (): void => {
      if (this.#turns.get(name) === turn) this.#turns.delete(name)
    }
    turn.then(ended, ended)
    return turn
  }
}

const NO_SALT = new Uint8Array(0)
