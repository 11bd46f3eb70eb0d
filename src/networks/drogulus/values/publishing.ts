// Publishing values (drogulus B8): signed with a time stamp that is newer than what is known, stored on the closest nodes,
// and again before holders forget it. What was published stays in our own store, where republishing finds it.
// Not here: reading (reader.ts), what holders do with what others published (replication.ts).
import { idFromHex, toHex, type Id } from '../../../kademlia/id.ts'
import { XorbitError } from '../../../node/errors.ts'
import { keyOf as keyOfCommitment, KeptWrites, type KeptPorts } from '../../../node/kept-writes.ts'
import { OneByOne } from '../../../node/one-by-one.ts'
import { UnderWay, type Undertaking } from '../../../node/under-way.ts'
import type { WriteReport } from '../../../node/write.ts'
import type { Commitment, RecordStore } from '../../../stores/store.ts'
import type { RsaKeyPair } from '../keys/identity.ts'
import { keyOf } from '../keys/key.ts'
import { checkValue, signValue, timestampOf, type Unsigned } from '../keys/signed-value.ts'
import { ERROR, type Revision, type SignedValue } from '../messages.ts'
import { ID_BYTES, MAX_MESSAGE_BYTES } from '../wire/bounds.ts'
import { sizeOfValueMessage } from '../wire/size.ts'
import type { Reader } from './reader.ts'
import { valueOf } from './record.ts'
import type { ValueWriter } from './value-writer.ts'

export interface PublishReport extends WriteReport {
  /** Seconds since 1970: the newer one wins. */
  readonly timestamp: number
}

export interface PublishRequest {
  readonly keyPair: RsaKeyPair
  readonly what: Pick<Unsigned, 'name' | 'value' | 'expires' | 'meta'>
  /** On so many nodes. */
  readonly duplicate: number
  readonly keepAlive: boolean
  readonly signal: AbortSignal | undefined
}

/** What is kept of a promise; the value itself is in our own store. */
interface Kept {
  readonly duplicate: number
  /** The first time what has just been signed; later on what our own store holds. */
  readonly item?: SignedValue
  /** Whether that is to be held until it is published anew. */
  readonly isKept?: boolean
}

interface PublishingParts extends KeptPorts {
  readonly records: RecordStore
  readonly writer: ValueWriter
  readonly reader: Reader
  readonly revision: Revision
  readonly intervalMs: number
  readonly republished: (report: WriteReport) => void
}

/** Of its commitments. */
const KIND = 'publish'

/** The least by which one time stamp is newer than another; a millisecond, as the clock has. */
const STEP_S = 0.001

export class Publishing {
  readonly #parts: PublishingParts
  readonly #kept: KeptWrites<Kept>
  /** By key, so that each takes a time stamp of its own. */
  readonly #turns = new OneByOne()
  /** By key; from the call on, for its turn may come late. */
  readonly #underWay = new UnderWay()

  constructor(parts: PublishingParts) {
    this.#parts = parts
    this.#kept = new KeptWrites(
      {
        kind: KIND,
        intervalMs: parts.intervalMs,
        write: (key, kept, signal) => this.#store(key, kept, signal),
        withdraw: (key) => this.#withdraw(key),
        encode: (_key, { duplicate }) => new TextEncoder().encode(JSON.stringify({ duplicate })),
        decode: readKept,
        renewed: (report) => {
          if (this.keeps(idFromHex(report.key, ID_BYTES))) parts.republished(report)
        },
      },
      parts,
    )
  }

  /** Publishes, and keeps it alive unless told otherwise. One after the other under each key. */
  publish(request: PublishRequest): Promise<PublishReport> {
    const key = keyOf(request.keyPair.publicKey, request.what.name)
    const name = toHex(key)
    const undertaking = this.#underWay.begin(name)
    return this.#turns
      .take(name, () => this.#publish(key, request, undertaking), request.signal)
      .finally(() => this.#underWay.end(undertaking))
  }

  /** Stops keeping it alive and takes it out of our own store. False when it was not kept. */
  unpublish(key: Id): boolean {
    const isRevoked = this.#underWay.revoke(toHex(key))
    return this.#kept.takeBack(key) || isRevoked
  }

  /** Whether it is kept alive. */
  keeps(key: Id): boolean {
    return this.#parts.state.commitment(KIND, key) !== null
  }

  /** What is kept alive, and still held. */
  published(): SignedValue[] {
    return this.#kept.kept().flatMap(({ key }) => this.#held(key) ?? [])
  }

  async #publish(key: Id, request: PublishRequest, undertaking: Undertaking): Promise<PublishReport> {
    let { timestamp, report } = await this.#signAndStore(key, request)
    if (isSuperseded(report) && !undertaking.revoked) {
      // Somebody with the same key has published since, by a clock that is ahead of ours: now we know its time stamp.
      await this.#parts.reader.latest(key, request.signal)
      ;({ timestamp, report } = await this.#signAndStore(key, request))
    }
    // It was taken back before it was promised.
    if (undertaking.revoked && !this.#kept.takeBack(key)) this.#withdraw(key)
    return { ...report, timestamp }
  }

  async #signAndStore(key: Id, request: PublishRequest): Promise<{ timestamp: number; report: WriteReport }> {
    const { duplicate, keepAlive, signal } = request
    const item = this.#sign(key, request)
    // For a while only, until it is kept alive: were this broken off, nobody could take it back. What is kept alive already
    // is held until it is published anew; republishing takes it from here.
    const isKept = keepAlive || this.keeps(key)
    const refusal = this.#parts.writer.keep(item, this.keeps(key) ? Infinity : this.#parts.intervalMs)
    if (refusal !== null && keepAlive) {
      throw new XorbitError('overload', `our own store does not take what is to be kept alive: ${refusal}`)
    }
    const report = await this.#kept.write(key, { duplicate, item, isKept }, { keepAlive, signal })
    return { timestamp: item.timestamp, report }
  }

  #sign(key: Id, { keyPair, what }: PublishRequest): SignedValue {
    const { scheduler, records, revision } = this.#parts
    const newest = records.newest(key)
    const least = newest === null ? 0 : timestampOf(newest.version) + STEP_S
    const timestamp = Math.max(scheduler.now() / 1_000, least)
    const item = signValue({ ...what, timestamp }, { keyPair, revision })
    const bytes = sizeOfValueMessage(item, revision)
    if (bytes <= MAX_MESSAGE_BYTES) return item
    const allowed = `one whose message, with key and signature, has at most ${MAX_MESSAGE_BYTES} bytes`
    throw new XorbitError('too-large', `value: expected ${allowed}, got ${bytes}`, {
      bytes,
      limit: MAX_MESSAGE_BYTES,
    })
  }

  async #store(
    key: Id,
    { duplicate, item, isKept = false }: Kept,
    signal?: AbortSignal,
  ): Promise<WriteReport> {
    const { writer, reader, revision } = this.#parts
    // What was published last, also where that was by another machine with the same key.
    const newest = item ?? this.#held(key)
    if (newest === null) {
      // It has expired, and with it the promise.
      this.#kept.takeBack(key)
      return { key: toHex(key), stored: 0, asked: 0, accepted: [], refused: [] }
    }
    const report = await writer.write(newest, await writer.closest(key, signal), { duplicate, signal })
    if (isKept) writer.keep(newest)
    if (item !== undefined || !isSuperseded(report)) return report
    // Another machine with the same key has published since: from now on that is what we keep alive.
    const other = await reader.latest(key, signal)
    // What nobody else would believe, or read, is not handed on (reader.ts).
    if (other === null || checkValue(other, revision) !== null) return report
    if (sizeOfValueMessage(other, revision) > MAX_MESSAGE_BYTES || writer.keep(other) !== null) return report
    return writer.write(other, await writer.closest(key, signal), { duplicate, signal })
  }

  #withdraw(key: Id): void {
    this.#parts.records.remove(key)
    this.#parts.commits.schedule()
  }

  #held(key: Id): SignedValue | null {
    const record = this.#parts.records.get(key, this.#parts.scheduler.now())
    return record && valueOf(record, this.#parts.revision)
  }
}

/** Whether somebody knows a newer one. */
function isSuperseded({ refused }: WriteReport): boolean {
  return refused.some(({ code }) => code === ERROR.superseded)
}

/** null: it is not as we write it. */
function readKept(commitment: Commitment): { key: Id; what: Kept } | null {
  try {
    const { duplicate } = JSON.parse(new TextDecoder().decode(commitment.data)) as Kept
    return Number.isInteger(duplicate) && duplicate >= 1
      ? { key: keyOfCommitment(commitment), what: { duplicate } }
      : null
  } catch {
    return null
  }
}
