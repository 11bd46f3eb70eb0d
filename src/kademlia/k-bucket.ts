// One bucket of the routing table: at most k contacts, and a cache of responders waiting to replace one of them.
// Knows no ranges and no policy: which bucket a contact belongs to and who may enter is routing-table.ts's business.
import { liveness, sameAddress } from './contact.ts'
import type { Address, Contact, KnownContact, Liveness } from './contact.ts'
import { asId, sameId } from './id.ts'
import type { Id } from './id.ts'
import type { Parameters } from './parameters.ts'
import type { AdmissionPolicy } from './ports.ts'

/** A contact as the table keeps it: what the policy said of it is asked once and kept. */
export class TableContact implements KnownContact {
  readonly id: Id
  readonly address: Address
  repliedAt: number
  queriedAt = 0
  readonly addedAt: number
  failures = 0
  rttMs: number | null = null
  wireForm: Uint8Array | null = null
  /** When it last failed to answer (ms); 0 when never. */
  failedAt = 0
  /** The first 32 bits of the id as a number, so that most comparisons need no loop over bytes. */
  readonly head: number
  /** What at most one contact of the table may have; null: no limit. */
  readonly tableGroup: string | null
  /** What at most one contact of its bucket may have; null: no limit. */
  readonly bucketGroup: string | null
  /** Whether the id fits the address (BEP 42). */
  readonly eligible: boolean
  /** The next contact of the same chain of the endpoint index. */
  nextOfKey: TableContact | null = null

  constructor(contact: Contact, repliedAt: number, now: number, policy: AdmissionPolicy) {
    // A copy: the id is a view of the datagram that it came in, which would else live as long as the contact does.
    this.id = asId(new Uint8Array(contact.id))
    this.address = contact.address
    this.repliedAt = repliedAt
    this.addedAt = now
    this.head = headOf(contact.id)
    this.tableGroup = policy.tableGroup(contact.address)
    this.bucketGroup = policy.bucketGroup(contact.address)
    this.eligible = policy.eligible(contact)
  }
}

/** The first 32 bits of an id as an unsigned number; ids shorter than that are filled up with zeros. */
export function headOf(id: Uint8Array): number {
  const low = ((id[1] ?? 0) << 16) | ((id[2] ?? 0) << 8) | (id[3] ?? 0)
  return (((id[0] ?? 0) << 24) | low) >>> 0
}

/** Time of the last sign of life (ms); 0 while it has not answered since it was restored or suspected. */
export function lastSeenAt(contact: KnownContact): number {
  return contact.repliedAt === 0 ? 0 : Math.max(contact.repliedAt, contact.queriedAt)
}

export class KBucket {
  /** At most `parameters.k`, in no order; a full bucket takes nobody, see routing-table.ts. */
  readonly contacts: TableContact[] = []
  /** At most `parameters.replacementCacheSize`, newest last; the oldest falls out. None enters without a ping. */
  readonly replacements: TableContact[] = []
  /** When a contact last answered, was added or replaced (B5-09), or a refresh was begun (ms). */
  lastChangedAt = 0
  /** When a refresh of it was last begun, or it got its first contact (ms). */
  refreshedAt = 0
  readonly #parameters: Parameters

  constructor(parameters: Parameters) {
    this.#parameters = parameters
  }

  get hasRoom(): boolean {
    return this.contacts.length < this.#parameters.k
  }

  /** A contact answered, was added or replaced. */
  changed(now: number): void {
    this.lastChangedAt = now
    if (this.refreshedAt === 0) this.refreshedAt = now
  }

  find(id: Id): TableContact | null {
    const head = headOf(id)
    const contacts = this.contacts
    for (let i = 0; i < contacts.length; i++) {
      const contact = contacts[i]!
      if (contact.head === head && sameId(contact.id, id)) return contact
    }
    return null
  }

  /** Who holds the one place of a group in this bucket. */
  holderOf(bucketGroup: string | null): TableContact | null {
    if (bucketGroup === null) return null
    return this.contacts.find((contact) => contact.bucketGroup === bucketGroup) ?? null
  }

  remove(contact: TableContact): void {
    const index = this.contacts.indexOf(contact)
    if (index >= 0) this.contacts.splice(index, 1)
  }

  allGood(now: number): boolean {
    for (let i = 0; i < this.contacts.length; i++) {
      if (liveness(this.contacts[i]!, now, this.#parameters) !== 'good') return false
    }
    return true
  }

  allEligible(): boolean {
    return this.contacts.every(isEligible)
  }

  /** The bad contact that goes first: one whose id does not fit its address, then the one with the most failures. */
  worstBad(now: number): TableContact | null {
    return this.#pick(
      now,
      isBad,
      (a, b) => Number(a.eligible) - Number(b.eligible) || b.failures - a.failures,
    )
  }

  /** The questionable contact to ping first: the least recently seen one (B5-06). */
  oldestQuestionable(now: number): TableContact | null {
    return this.#pick(now, isQuestionable, byLastSeen)
  }

  /** The contact that yields to one whose id fits its address: the least recently seen of those whose does not. */
  oldestIneligible(now: number): TableContact | null {
    return this.#pick(now, isIneligible, byLastSeen)
  }

  /**
   * Keeps a responder for later as the newest replacement. One with its id, address or group gives way to it, so that
   * one machine or one /24 cannot wash out the cache (T3).
   */
  keepAsReplacement(newest: TableContact): void {
    const kept = this.replacements.filter((other) => !clash(other, newest))
    kept.push(newest)
    if (kept.length > this.#parameters.replacementCacheSize) kept.shift()
    this.replacements.splice(0, this.replacements.length, ...kept)
  }

  isReplacement({ id, address }: Contact): boolean {
    return this.replacements.some((other) => sameId(other.id, id) && sameAddress(other.address, address))
  }

  /** Forgets a replacement; with an address, only the one at that address. */
  dropReplacement(id: Id, address: Address | null = null): void {
    const index = this.replacements.findIndex(
      (contact) => sameId(contact.id, id) && (address === null || sameAddress(contact.address, address)),
    )
    if (index >= 0) this.replacements.splice(index, 1)
  }

  /** Takes the newest replacement out of the cache, those whose id fits their address first; null when empty. */
  takeReplacement(): TableContact | null {
    const eligible = this.replacements.findLastIndex((contact) => contact.eligible)
    const index = eligible >= 0 ? eligible : this.replacements.length - 1
    return this.replacements.splice(index, 1)[0] ?? null
  }

  #pick(
    now: number,
    wanted: (contact: TableContact, state: Liveness) => boolean,
    order: (a: TableContact, b: TableContact) => number,
  ): TableContact | null {
    let first: TableContact | null = null
    for (const contact of this.contacts) {
      if (!wanted(contact, liveness(contact, now, this.#parameters))) continue
      if (first === null || order(contact, first) < 0) first = contact
    }
    return first
  }
}

function isBad(_contact: TableContact, state: Liveness): boolean {
  return state === 'bad'
}

function isQuestionable(_contact: TableContact, state: Liveness): boolean {
  return state === 'questionable'
}

function isEligible(contact: TableContact): boolean {
  return contact.eligible
}

function isIneligible(contact: TableContact): boolean {
  return !contact.eligible
}

function byLastSeen(a: TableContact, b: TableContact): number {
  return lastSeenAt(a) - lastSeenAt(b)
}

function clash(a: TableContact, b: TableContact): boolean {
  return (
    (a.tableGroup !== null && a.tableGroup === b.tableGroup) ||
    (a.bucketGroup !== null && a.bucketGroup === b.bucketGroup) ||
    sameAddress(a.address, b.address) ||
    sameId(a.id, b.id)
  )
}
