// What a drogulus node answers to `store`: provenance, key and time are looked at in that order (drogulus B4), then the
// store. Not here: how a signature is checked (keys/), what becomes of held values later (values/replication.ts).
import { MAX_HOST_BYTES, writeHost } from '../../codecs/compact-address.ts'
import { compareDistance, type Id } from '../../kademlia/id.ts'
import type { Asker } from '../../kademlia/ports.ts'
import type { RoutingTable } from '../../kademlia/routing-table.ts'
import type { RecordStore } from '../../stores/store.ts'
import { onlySigned } from './keys/only-signed.ts'
import { checkValue, isExpired, isOfOctober, isSignedAsSent, timestampOf } from './keys/signed-value.ts'
import { ERROR, type Revision, type SignedValue } from './messages.ts'
import { banned, refused, superseded, TAKEN, type DrogulusAnswer } from './refusals.ts'
import { recordOf } from './values/record.ts'

/** How far ahead of our clock a timestamp may be: clocks differ by minutes, and who could date ahead would win forever. */
const MAX_AHEAD_MS = 300_000

export interface StoreAnswersParts {
  readonly table: RoutingTable
  readonly records: RecordStore
  /** Keeps the sender of a forgery out from now on. */
  readonly ban: (sender: Asker, why: 'unverifiable' | 'key-mismatch') => void
  readonly revision: Revision
  readonly k: number
  readonly replicateIntervalMs: number
}

export class StoreAnswers {
  readonly #parts: StoreAnswersParts
  /** The IP of whoever asks; overwritten by the next. */
  readonly #source = new Uint8Array(MAX_HOST_BYTES)

  constructor(parts: StoreAnswersParts) {
    this.#parts = parts
  }

  store(item: SignedValue, from: Asker, now: number): DrogulusAnswer {
    const { records, revision } = this.#parts
    const { host } = from.address
    const source = this.#source.subarray(0, writeHost(host, this.#source, 0))
    // Before the signature, for that is dear (T12).
    const noRoom = records.newest(item.key) === null ? records.refusal(item.key, source) : null
    if (noRoom !== null) return refused(ERROR.internal, { message: `No room: ${noRoom}.` })
    const forgery = checkValue(item, revision)
    if (forgery !== null) {
      // An original that hands on what it holds may break it, and knows nothing of that: refused, and not banned. Nor is who
      // speaks the other revision.
      if (isSignedAsSent(item, revision) || isOfOctober(item, revision)) return refused(ERROR.unverifiable)
      this.#parts.ban(from, forgery)
      return banned(forgery === 'unverifiable' ? ERROR.unverifiable : ERROR.keyMismatch)
    }
    if (isExpired(item, now)) return refused(ERROR.badRequest, { message: 'The value has expired.' })
    if (1_000 * item.timestamp > now + MAX_AHEAD_MS) {
      return refused(ERROR.badRequest, { message: 'The timestamp is in the future.' })
    }
    const lifetimeMs = this.#lifetimeMs(item.key)
    const outcome = records.put(recordOf(onlySigned(item), { source, now, lifetimeMs }))
    if (outcome.stored) return TAKEN
    if (outcome.why === 'older' || outcome.why === 'conflict') return this.#superseded(item)
    return refused(ERROR.internal, { message: `No room: ${outcome.why}.` })
  }

  /** By the newest that is known of, which need not be held any more. */
  #superseded({ key, timestamp }: SignedValue): DrogulusAnswer {
    const newest = this.#parts.records.newest(key)
    return superseded(newest === null ? timestamp : timestampOf(newest.version))
  }

  /**
   * Where k contacts are nearer to the key than we are, others hold the value and this is a copy on the way: the more of
   * them there are, the shorter we keep it (Kademlia paper, 2.3, "inversely proportional"). Else as long as it lives.
   */
  #lifetimeMs(key: Id): number {
    const { table, k, replicateIntervalMs } = this.#parts
    let nearer = 0
    for (const { id } of table.contacts()) if (compareDistance(key, id, table.ownId) < 0) nearer++
    return nearer < k ? Infinity : replicateIntervalMs * 2 ** (1 - nearer / k)
  }
}
