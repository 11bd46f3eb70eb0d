// Who enters the routing table and who gives way: the rules of BEP 5, BEP 42 and of one contact per IP and prefix.
// Knows nothing of time-outs and refreshes (routing-table.ts), nor how buckets split and merge (bucket-tree.ts).
import type { BucketTree } from './bucket-tree.ts'
import { liveness, sameAddress } from './contact.ts'
import type { Contact, KnownContact } from './contact.ts'
import { sameId } from './id.ts'
import { TableContact } from './k-bucket.ts'
import type { KBucket } from './k-bucket.ts'
import type { Parameters } from './parameters.ts'
import type { AdmissionPolicy } from './ports.ts'

/** Why a contact that answered is not in the table. */
export type RefusalReason = 'own-id' | 'not-admitted' | 'ip-taken' | 'prefix-taken' | 'address-changed'

/**
 * What became of a contact that answered us. `changedId`: the entry that stood under the same address with another id;
 * it is out of the table (B45-08), and whoever answers under two ids deserves a look (T5).
 */
export type AddOutcome =
  | { readonly outcome: 'refreshed' }
  | {
      readonly outcome: 'added'
      readonly contact: KnownContact
      /** Those that gave way to it. */
      readonly evicted: readonly KnownContact[]
      readonly changedId: KnownContact | null
    }
  | {
      /** It went to the replacement cache. */
      readonly outcome: 'full'
      /** The questionable contact to ping, least recently seen first (B5-06); null when all are good (B5-05). */
      readonly candidate: KnownContact | null
      readonly changedId: KnownContact | null
    }
  | {
      readonly outcome: 'refused'
      readonly why: RefusalReason
      readonly changedId: KnownContact | null
    }

export class TableAdmission {
  readonly #tree: BucketTree
  readonly #parameters: Parameters
  readonly #policy: AdmissionPolicy

  constructor(tree: BucketTree, parameters: Parameters, policy: AdmissionPolicy) {
    this.#tree = tree
    this.#parameters = parameters
    this.#policy = policy
  }

  /** Whether it is worthwhile to ping a newcomer: whether its answer would be likely to change the table. */
  wouldTake(contact: Contact, now: number): boolean {
    if (sameId(contact.id, this.#tree.ownId)) return false
    const bucket = this.#tree.bucketOf(contact.id)
    const known = bucket.find(contact.id)
    if (known !== null) {
      if (sameAddress(known.address, contact.address) || !yieldsItsId(known)) return false
    } else if (!bucket.hasRoom && !this.#couldMakeRoom(bucket, contact, now)) {
      return false
    }
    const policy = this.#policy
    if (!policy.admits(contact)) return false
    const ipHolder = this.#tree.holderOf(policy.tableGroup(contact.address))
    const prefixHolder = bucket.holderOf(policy.bucketGroup(contact.address))
    if (this.#conflict(known, ipHolder, prefixHolder, now) !== null) return false
    const sameEndpoint = this.#tree.at(contact.address)
    return sameEndpoint === null || liveness(sameEndpoint, now, this.#parameters) !== 'good'
  }

  /** Lets a newcomer in that answered, unless a living holder of its id, IP or prefix stands against it. */
  admit(
    contact: Contact,
    known: TableContact | null,
    now: number,
    rttMs: number | null,
    changedId: KnownContact | null,
  ): AddOutcome {
    const refuse = (why: RefusalReason): AddOutcome => ({ outcome: 'refused', why, changedId })
    const tree = this.#tree
    if (sameId(contact.id, tree.ownId)) return refuse('own-id')
    if (!this.#policy.admits(contact)) return refuse('not-admitted')
    if (known !== null && !yieldsItsId(known)) return refuse('address-changed')
    const newcomer = new TableContact(contact, now, now, this.#policy)
    measured(newcomer, rttMs)
    const bucket = tree.bucketOf(contact.id)
    const ipHolder = tree.holderOf(newcomer.tableGroup)
    const prefixHolder = bucket.holderOf(newcomer.bucketGroup)
    const conflict = this.#conflict(known, ipHolder, prefixHolder, now)
    if (conflict !== null) return refuse(conflict)

    const evicted = [...new Set([known, ipHolder, prefixHolder])].filter((holder) => holder !== null)
    const oneFromHere = evicted.some((holder) => bucket.contacts.includes(holder))
    if (!oneFromHere && !this.#makeRoom(newcomer, now, evicted)) {
      bucket.keepAsReplacement(newcomer)
      return { outcome: 'full', candidate: bucket.oldestQuestionable(now), changedId }
    }
    for (const holder of evicted) tree.take(holder)
    tree.put(newcomer)
    tree.bucketOf(contact.id).changed(now)
    return { outcome: 'added', contact: newcomer, evicted, changedId }
  }

  /**
   * Makes a place for a newcomer that answered: by evicting a bad contact (B5-05), else by a split (B5-04), else by
   * evicting one whose id does not fit its address for one whose does (BEP 42; libtorrent's prefer_verified_node_ids).
   * A living contact never gives way to one of its own rank (T3). False: there is no place.
   */
  #makeRoom(newcomer: TableContact, now: number, evicted: TableContact[]): boolean {
    const bucket = this.#tree.bucketOf(newcomer.id)
    if (bucket.hasRoom) return true
    const bad = bucket.worstBad(now)
    if (bad === null && this.#tree.canSplitFor(newcomer.id)) {
      this.#tree.splitFor(newcomer.id)
      return true
    }
    const victim = bad ?? (newcomer.eligible ? bucket.oldestIneligible(now) : null)
    if (victim === null) return false
    evicted.push(victim)
    return true
  }

  /** Whether a full bucket might find a place for a newcomer that has not answered yet. */
  #couldMakeRoom(bucket: KBucket, contact: Contact, now: number): boolean {
    if (bucket.isReplacement(contact)) return false
    if (!bucket.allGood(now) || this.#tree.canSplitFor(contact.id)) return true
    return !bucket.allEligible() && this.#policy.eligible(contact)
  }

  /** Whose IP or prefix is held by another contact; only a bad one loses its place to a newcomer of the same. */
  #conflict(
    known: TableContact | null,
    ipHolder: TableContact | null,
    prefixHolder: TableContact | null,
    now: number,
  ): RefusalReason | null {
    if (ipHolder !== known && this.#isAlive(ipHolder, now)) return 'ip-taken'
    return prefixHolder !== known && this.#isAlive(prefixHolder, now) ? 'prefix-taken' : null
  }

  #isAlive(holder: TableContact | null, now: number): boolean {
    return holder !== null && liveness(holder, now, this.#parameters) !== 'bad'
  }

  /** Puts a contact in if nobody has to give way for it. */
  insertIfFree(contact: TableContact): boolean {
    const tree = this.#tree
    const bucket = tree.bucketOf(contact.id)
    if (sameId(contact.id, tree.ownId) || bucket.find(contact.id) !== null) return false
    if (tree.at(contact.address) !== null || tree.holderOf(contact.tableGroup) !== null) return false
    if (bucket.holderOf(contact.bucketGroup) !== null) return false
    if (!bucket.hasRoom) {
      if (!tree.canSplitFor(contact.id)) return false
      tree.splitFor(contact.id)
    }
    tree.put(contact)
    return true
  }
}

/** Whether a contact loses its id to another address that answered with it. */
function yieldsItsId(known: TableContact): boolean {
  return known.failures > 0 || known.repliedAt === 0
}

/** Notes a round trip: the mean of 2/3 old and 1/3 new (libtorrent). */
export function measured(contact: TableContact, rttMs: number | null): void {
  if (rttMs === null) return
  contact.rttMs = contact.rttMs === null ? rttMs : (2 * contact.rttMs + rttMs) / 3
}
