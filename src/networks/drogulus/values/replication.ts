// What a holder does with values that others published (Kademlia paper, 2.5; drogulus B0): it stores again what nobody has
// stored for an interval, hands to a node that is new what belongs there, and lets go what belongs to others by now.
// Not here: what the owner does (publishing.ts), for how long a copy on the way is kept (answer-store.ts).
import type { Contact } from '../../../kademlia/contact.ts'
import { compareDistance, sameId, type Id } from '../../../kademlia/id.ts'
import type { Random } from '../../../kademlia/ports.ts'
import type { CommitBatch } from '../../../node/commit-batch.ts'
import type { Cancel, Scheduler } from '../../../node/ports.ts'
import { Turns } from '../../../node/turns.ts'
import type { WriteReport } from '../../../node/write.ts'
import type { RecordStore, StoredRecord } from '../../../stores/store.ts'
import type { FamilyNode } from '../family.ts'
import { isExpired, versionOf } from '../keys/signed-value.ts'
import { ERROR, type Revision, type SignedValue } from '../messages.ts'
import { findNode } from '../queries.ts'
import { valueOf } from './record.ts'
import type { ValueWriter } from './value-writer.ts'

/** Values stored again at once. */
const AT_ONCE = 4
/** Values stored again in one round; the others wait for the next one. */
const MAX_PER_ROUND = 2_000
/** Rounds in an interval: what becomes due waits for the next one, so that one refresh serves many. */
const ROUNDS = 4
/** New nodes whose share is still to be handed over; a further one has to wait for replication. */
const MAX_NEW = 64
/** The share of an interval for which we are new ourselves: everybody is new to us, and we to them. */
const NEW_FOR = 1 / 30
/** Values looked at in one piece, so that packets get their turn in between. */
const SLICE = 200

interface ReplicationParts {
  readonly node: FamilyNode
  readonly records: RecordStore
  readonly writer: ValueWriter
  readonly scheduler: Scheduler
  readonly random: Random
  readonly commits: CommitBatch
  readonly revision: Revision
  readonly intervalMs: number
  readonly duplicate: number
  readonly k: number
  /** Whether it is kept alive by our own owner. */
  readonly isOwn: (key: Id) => boolean
  /** A value was stored again. */
  readonly replicated: (report: WriteReport) => void
  readonly failed: (error: unknown) => void
}

export class Replication {
  readonly #parts: ReplicationParts
  readonly #turns = new Turns({ what: 'replications', atOnce: AT_ONCE, waiting: MAX_PER_ROUND })
  /** At most MAX_NEW; a further one is left out. */
  readonly #newcomers: Contact[] = []
  readonly #stopped = new AbortController()
  #timer: Cancel | null = null
  #handing = false
  #startedAt = Infinity

  constructor(parts: ReplicationParts) {
    this.#parts = parts
  }

  start(): void {
    this.#startedAt = this.#parts.scheduler.now()
    this.#arm()
  }

  close(): void {
    this.#stopped.abort()
    this.#timer?.()
  }

  /** A node that was not in the table before: it gets what belongs there (handed over soon). */
  met(contact: Contact): void {
    const { scheduler, intervalMs } = this.#parts
    if (scheduler.now() - this.#startedAt < NEW_FOR * intervalMs) return
    if (this.#newcomers.length >= MAX_NEW || this.#parts.records.size.records === 0) return
    this.#newcomers.push(contact)
    if (!this.#handing) void this.#handOver().catch((error: unknown) => this.#failed(error))
  }

  #arm(): void {
    const { scheduler, random, intervalMs } = this.#parts
    const pauseMs = (intervalMs / ROUNDS) * (0.9 + 0.2 * random.fraction())
    this.#timer = scheduler.at(scheduler.now() + pauseMs, () => {
      this.#round()
        .catch((error: unknown) => this.#failed(error))
        .finally(() => {
          if (!this.#stopped.signal.aborted) this.#arm()
        })
    })
  }

  async #round(): Promise<void> {
    const { node } = this.#parts
    const due = this.#due()
    if (due.length === 0) return
    // One look around ourselves instead of a walk for each key: what we hold is near us.
    const { signal } = this.#stopped
    await node.runner.lookup({ query: findNode(node.id, node.isWelcome), signal }).outcome
    const work = due.map((record) => this.#turns.take(() => this.#replicate(record), signal))
    await Promise.all(work)
    this.#parts.commits.schedule()
  }

  /** What nobody has stored for an interval. What is our owner's is stored again by publishing.ts. */
  #due(): StoredRecord[] {
    const { records, scheduler, intervalMs, isOwn } = this.#parts
    const before = scheduler.now() - intervalMs
    const due: StoredRecord[] = []
    for (const record of records.all()) {
      if (record.refreshedAt > before || isOwn(record.key)) continue
      if (due.push(record) === MAX_PER_ROUND) break
    }
    return due
  }

  async #replicate(record: StoredRecord): Promise<void> {
    const { writer, duplicate, replicated } = this.#parts
    const item = this.#living(record)
    // Of the other revision, say. It keeps its place until it expires, and takes none from what is due next time.
    if (item === null) return this.#done(record)
    if (!this.#belongsHere(record.key, null)) return this.#letGo(record, item)
    const report = await writer.write(item, writer.known(record.key), {
      // We hold it ourselves.
      duplicate: Math.max(1, duplicate - 1),
      signal: this.#stopped.signal,
    })
    this.#done(record)
    replicated(report)
  }

  /** It is due again after an interval. */
  #done({ key, version }: StoredRecord): void {
    const { records, scheduler } = this.#parts
    const held = records.get(key, scheduler.now())
    // By now it may be a newer one.
    if (held !== null && held.version === version) records.put({ ...held, refreshedAt: scheduler.now() })
  }

  /**
   * k others are nearer: when half of them have it, or a newer one, it needs no place here. Not when one of them says so,
   * for that one may lie.
   */
  async #letGo(record: StoredRecord, item: SignedValue): Promise<void> {
    const { writer, records, isOwn, k } = this.#parts
    const { signal } = this.#stopped
    const enough = Math.ceil(k / 2)
    const report = await writer.write(item, writer.known(item.key), { duplicate: enough, signal })
    const newer = report.refused.filter(({ code }) => code === ERROR.superseded).length
    const held = records.newest(item.key)
    const haveIt = report.stored + newer >= enough
    if (haveIt && held?.version === versionOf(item) && !isOwn(item.key)) records.remove(item.key)
    // Who has no room now is asked again in an interval: else what nobody takes would fill each round.
    else this.#done(record)
  }

  async #handOver(): Promise<void> {
    this.#handing = true
    try {
      for (let contact = this.#newcomers.shift(); contact !== undefined; contact = this.#newcomers.shift()) {
        await this.#handTo(contact)
      }
    } finally {
      this.#handing = false
    }
  }

  /** Only where our own id was the closest: else every holder would hand it over. */
  async #handTo(contact: Contact): Promise<void> {
    const { records, writer, scheduler, intervalMs } = this.#parts
    const { signal } = this.#stopped
    // Who is slow keeps others waiting no longer than this; it gets the rest by replication.
    const endAt = scheduler.now() + intervalMs / ROUNDS
    let looked = 0
    for (const record of records.all()) {
      if (++looked % SLICE === 0) await this.#pause()
      if (signal.aborted || scheduler.now() > endAt) return
      if (!this.#belongsHere(record.key, contact) || !this.#isCloseTo(record.key, contact)) continue
      const item = this.#living(record)
      if (item === null) continue
      const to = [{ local: this.#parts.node, contact, token: new Uint8Array(0) }]
      await writer.write(item, to, { duplicate: 1, signal })
    }
  }

  #living(record: StoredRecord): SignedValue | null {
    const now = this.#parts.scheduler.now()
    if (record.expiresAt <= now) return null
    const item = valueOf(record, this.#parts.revision)
    return item === null || isExpired(item, now) ? null : item
  }

  /** Whether a contact is one of the k closest to a key that we know. */
  #isCloseTo(key: Id, { id }: Contact): boolean {
    const { node, k, scheduler } = this.#parts
    return node.table.closest(key, k, scheduler.now(), 'good').some((near) => sameId(near.id, id))
  }

  /**
   * Without a newcomer: whether we are one of the k closest to a key. With one: whether, but for it, we are the closest of
   * all.
   */
  #belongsHere(key: Id, newcomer: Contact | null): boolean {
    const { node, k, scheduler } = this.#parts
    const near = node.table.closest(key, newcomer === null ? k : 2, scheduler.now(), 'good')
    const rivals =
      newcomer === null ? near.slice(k - 1) : near.filter(({ id }) => !sameId(id, newcomer.id)).slice(0, 1)
    return rivals.every(({ id }) => compareDistance(key, node.id, id) < 0)
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => this.#parts.scheduler.soon(resolve))
  }

  #failed(error: unknown): void {
    if (!this.#stopped.signal.aborted) this.#parts.failed(error)
  }
}
