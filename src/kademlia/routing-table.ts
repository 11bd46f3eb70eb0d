// The routing table: the contacts that we know, the closest of them to a target, and what needs a ping or a refresh.
// Sends nothing: its answers tell the engine whom to ping. The rules of entry stand in table-admission.ts, the structure
// of buckets in bucket-tree.ts.
import { BucketTree } from './bucket-tree.ts'
import { closestContacts } from './closest.ts'
import type { Wanted } from './closest.ts'
import { liveness, sameAddress } from './contact.ts'
import type { Address, Contact, KnownContact } from './contact.ts'
import { randomIdSharing, randomIdWithin, sameId } from './id.ts'
import type { Id } from './id.ts'
import { TableContact, lastSeenAt } from './k-bucket.ts'
import type { KBucket } from './k-bucket.ts'
import type { Parameters } from './parameters.ts'
import type { AdmissionPolicy, Random } from './ports.ts'
import { TableAdmission, measured } from './table-admission.ts'
import type { AddOutcome } from './table-admission.ts'

export type { AddOutcome, RefusalReason } from './table-admission.ts'

/** What a failure or a removal brought about. `promoted` enters only after it has answered a ping (T4). */
export interface Departure {
  readonly removed: KnownContact | null
  readonly promoted: Contact | null
}

export interface BucketSummary {
  /** Leading bits that its contacts share with our own id: exactly so many, in the last bucket at least. */
  readonly prefixBits: number
  readonly size: number
  readonly replacements: number
  readonly lastChangedAt: number
}

/** A bucket to refresh. */
export interface StaleBucket {
  readonly prefixBits: number
  readonly target: Id
}

export interface SavedContact extends Contact {
  readonly repliedAt: number
}

/**
 * Contacts are pinged when this share of goodForMs is left, before they become questionable: nodes that met at one time
 * would else stop naming each other at one time, and be lost to everybody until the pings have gone round.
 */
const PING_AHEAD = 0.2

const REFRESHED: AddOutcome = { outcome: 'refreshed' }
const NO_DEPARTURE: Departure = { removed: null, promoted: null }

export class RoutingTable {
  readonly #parameters: Parameters
  readonly #policy: AdmissionPolicy
  #tree: BucketTree
  #admission: TableAdmission

  constructor(options: {
    readonly ownId: Id
    readonly parameters: Parameters
    readonly policy: AdmissionPolicy
  }) {
    this.#parameters = options.parameters
    this.#policy = options.policy
    this.#tree = new BucketTree(options.ownId, options.parameters, options.policy)
    this.#admission = new TableAdmission(this.#tree, options.parameters, options.policy)
  }

  get ownId(): Id {
    return this.#tree.ownId
  }

  /** Contacts in the table, of any liveness; replacements not counted. */
  get size(): number {
    return this.#tree.size
  }

  find(id: Id): KnownContact | null {
    return this.#tree.bucketOf(id).find(id)
  }

  findByAddress(address: Address): KnownContact | null {
    return this.#tree.at(address)
  }

  *contacts(): IterableIterator<KnownContact> {
    for (const bucket of this.#tree.buckets) yield* bucket.contacts
  }

  buckets(): BucketSummary[] {
    return this.#tree.buckets.map((bucket, prefixBits) => ({
      prefixBits,
      size: bucket.contacts.length,
      replacements: bucket.replacements.length,
      lastChangedAt: bucket.lastChangedAt,
    }))
  }

  /** The contacts closest to `target`, closest first. Only 'good' ones may be handed to others (B5-08). */
  closest(target: Id, count: number, now: number, wanted: Wanted = 'good'): KnownContact[] {
    return closestContacts(this.#tree.buckets, this.ownId, { target, count, wanted }, now, this.#parameters)
  }

  /**
   * Takes in a contact that has just answered a request of ours: the only way into the table besides `restore`.
   * The same id from another address is refused while the known one is alive, for anybody can claim an id (libtorrent
   * refuses it always, khashmir always believes it; A6): it is believed when the known one is bad, has missed its
   * last request or never answered. The same address with another id evicts the entry (B45-08), for only one of the
   * two ids can be true.
   */
  answered(contact: Contact, now: number, rttMs: number | null): AddOutcome {
    const bucket = this.#tree.bucketOf(contact.id)
    const known = bucket.find(contact.id)
    if (known !== null && sameAddress(known.address, contact.address)) {
      known.repliedAt = now
      known.failures = 0
      measured(known, rttMs)
      bucket.changed(now)
      return REFRESHED
    }
    const changedId = this.#tree.at(contact.address)
    if (changedId !== null) this.#tree.take(changedId)
    const result = this.#admission.admit(contact, known, now, rttMs, changedId)
    this.#tree.mergeDeepest()
    return result
  }

  /** Notes a query from a contact of the table under its own address (B5-07). False: it is not in the table. */
  queriedUs(id: Id, address: Address, now: number): boolean {
    const known = this.#tree.bucketOf(id).find(id)
    if (known === null || !sameAddress(known.address, address)) return false
    known.queriedAt = now
    return true
  }

  /** Whether it is worthwhile to ping a newcomer: whether its answer would be likely to change the table. */
  wouldTake(contact: Contact, now: number): boolean {
    return this.#admission.wouldTake(contact, now)
  }

  /**
   * A request to this contact has failed. A bad contact makes way for a replacement, if there is one; if not it stays,
   * is not handed out and yields to any newcomer, until its last chances are used up.
   * Where a bucket has room, replacements are offered one by one, whoever it was that failed.
   */
  failed(id: Id, address: Address, now: number): Departure {
    const bucket = this.#tree.bucketOf(id)
    const known = bucket.find(id)
    if (known === null || !sameAddress(known.address, address)) {
      if (known === null) bucket.dropReplacement(id, address)
      if (!bucket.hasRoom || bucket.replacements.length === 0) return NO_DEPARTURE
      return { removed: null, promoted: this.#promote(bucket) }
    }
    known.failures++
    known.failedAt = now
    if (known.failures < this.#parameters.maxFailures) return NO_DEPARTURE
    // With eight last chances it takes three quarters of an hour: a break of our own link must not cost us the table.
    const spent = known.failures >= this.#parameters.maxFailures + this.#parameters.lastChances
    if (!spent && bucket.replacements.length === 0) return NO_DEPARTURE
    return this.#depart(bucket, known)
  }

  /**
   * Takes a contact out, also out of the replacements, if it is known under this very address: what goes on at an
   * address that somebody merely named must not cost a good contact its place.
   */
  remove(id: Id, address: Address): Departure {
    const bucket = this.#tree.bucketOf(id)
    bucket.dropReplacement(id, address)
    const known = bucket.find(id)
    return known === null || !sameAddress(known.address, address) ? NO_DEPARTURE : this.#depart(bucket, known)
  }

  /**
   * Those that need a ping, at most `limit`: the questionable ones and those that soon will be, least recently seen
   * first (B5-06), then bad ones whose next chance has come. The caller skips those to which a request is under way.
   */
  questionable(now: number, limit: number): KnownContact[] {
    const due: TableContact[] = []
    const soon = now + PING_AHEAD * this.#parameters.goodForMs
    for (const bucket of this.#tree.buckets) {
      for (const contact of bucket.contacts) {
        const state = liveness(contact, soon, this.#parameters)
        if (state === 'questionable' || (state === 'bad' && now >= dueAt(contact, this.#parameters)))
          due.push(contact)
      }
    }
    const isBad = (contact: TableContact): number => Number(contact.failures >= this.#parameters.maxFailures)
    return due.toSorted((a, b) => isBad(a) - isBad(b) || lastSeenAt(a) - lastSeenAt(b)).slice(0, limit)
  }

  /**
   * The buckets in which nothing has happened for `idleMs` (0: all of them), or that were not refreshed for
   * bucketLookupMs, each with a random id of its range to look up (B5-09). For pings alone keep a bucket lively and find
   * nobody new. The caller says `refreshed` when it starts a lookup.
   */
  staleBuckets(
    now: number,
    random: Random,
    idleMs: number = this.#parameters.bucketRefreshMs,
  ): StaleBucket[] {
    const last = this.#tree.buckets.length - 1
    const { bucketLookupMs } = this.#parameters
    return this.#tree.buckets.flatMap(({ lastChangedAt, refreshedAt }, prefixBits) => {
      if (now - lastChangedAt < idleMs && now - refreshedAt < bucketLookupMs) return []
      const inRange = prefixBits < last ? randomIdSharing : randomIdWithin
      return [{ prefixBits, target: inRange(this.ownId, prefixBits, random) }]
    })
  }

  /** A lookup of `target` has been started: its bucket is not stale any more. */
  refreshed(target: Id, now: number): void {
    const bucket = this.#tree.bucketOf(target)
    bucket.lastChangedAt = now
    bucket.refreshedAt = now
  }

  /**
   * Puts saved contacts in as questionable, those first that answered last: they are not handed out before they answer
   * (B5-11). Those for which there is no room are left out. Returns how many went in.
   */
  restore(contacts: readonly SavedContact[], now: number): number {
    const before = this.size
    for (const contact of contacts.toSorted((a, b) => b.repliedAt - a.repliedAt)) {
      if (!this.#policy.admits(contact)) continue
      this.#admission.insertIfFree(new TableContact(contact, 0, now, this.#policy))
    }
    return this.size - before
  }

  /** After a sleep or a change of network: nobody is good before it has answered again (T30). */
  suspectAll(): void {
    for (const bucket of this.#tree.buckets) {
      for (const contact of bucket.contacts) {
        contact.repliedAt = 0
        contact.queriedAt = 0
      }
    }
  }

  /**
   * Our own id has changed (BEP 42): builds the table anew around it, good contacts and those whose ids fit their
   * addresses first. Returns those that have no place any more; they become replacements. All buckets are stale.
   */
  rekey(newId: Id, now: number): KnownContact[] {
    const old = this.#tree.buckets
    const rank = (contact: TableContact): number =>
      (liveness(contact, now, this.#parameters) === 'good' ? 2 : 0) + (contact.eligible ? 1 : 0)
    const contacts = old
      .flatMap((bucket) => bucket.contacts)
      .toSorted((a, b) => rank(b) - rank(a) || lastSeenAt(b) - lastSeenAt(a))
    for (const contact of contacts) this.#tree.take(contact)
    this.#tree = new BucketTree(newId, this.#parameters, this.#policy)
    this.#admission = new TableAdmission(this.#tree, this.#parameters, this.#policy)
    const fallen = contacts.filter((contact) => !this.#admission.insertIfFree(contact))
    for (const contact of [...old.flatMap((bucket) => bucket.replacements), ...fallen]) {
      if (!sameId(contact.id, newId)) this.#tree.bucketOf(contact.id).keepAsReplacement(contact)
    }
    return fallen
  }

  #depart(bucket: KBucket, contact: TableContact): Departure {
    this.#tree.take(contact)
    const promoted = this.#promote(bucket)
    this.#tree.mergeDeepest()
    return { removed: contact, promoted }
  }

  /** Takes a replacement out of the cache against whom nobody in the table stands; null when there is none. */
  #promote(bucket: KBucket): Contact | null {
    for (;;) {
      const next = bucket.takeReplacement()
      if (next === null) return null
      const isFree =
        this.#tree.at(next.address) === null &&
        this.#tree.holderOf(next.tableGroup) === null &&
        bucket.holderOf(next.bucketGroup) === null
      if (isFree) return next
    }
  }
}

/** When a bad contact gets its next chance: after unreachableForMs, then twice that, up to unreachableForMaxMs. */
function dueAt(contact: TableContact, parameters: Parameters): number {
  const { maxFailures, unreachableForMs, unreachableForMaxMs } = parameters
  const waitMs = unreachableForMs * 2 ** Math.max(0, contact.failures - maxFailures)
  return contact.failedAt + Math.min(waitMs, unreachableForMaxMs)
}
