// The table's structure: the row of buckets around our own id with splits and merges, and the index of its endpoints.
// Keeps them consistent with each other; who may enter and who must leave is decided in routing-table.ts.
import type { Address } from './contact.ts'
import { EndpointIndex } from './endpoint-index.ts'
import { sharedPrefixBits } from './id.ts'
import type { Id } from './id.ts'
import { KBucket } from './k-bucket.ts'
import type { TableContact } from './k-bucket.ts'
import type { Parameters } from './parameters.ts'
import type { AdmissionPolicy } from './ports.ts'

export class BucketTree {
  readonly ownId: Id
  /**
   * Bucket i holds who shares exactly i leading bits with our own id, the last one who shares as many or more: the tree
   * of BEP 5, in which only the bucket with our own id splits, is a row. 1 … 8 · idBytes buckets of at most k.
   */
  readonly buckets: KBucket[]
  size = 0
  readonly #index: EndpointIndex
  readonly #parameters: Parameters

  constructor(ownId: Id, parameters: Parameters, policy: AdmissionPolicy) {
    this.ownId = ownId
    this.#parameters = parameters
    this.#index = new EndpointIndex(policy)
    this.buckets = [new KBucket(parameters)]
  }

  bucketOf(id: Id): KBucket {
    return this.buckets[Math.min(sharedPrefixBits(this.ownId, id), this.buckets.length - 1)]!
  }

  at(address: Address): TableContact | null {
    return this.#index.at(address)
  }

  /** Who holds the one place of a table group. */
  holderOf(tableGroup: string | null): TableContact | null {
    return this.#index.holderOf(tableGroup)
  }

  /** Puts a contact into the bucket of its id, which has room. */
  put(contact: TableContact): void {
    const bucket = this.bucketOf(contact.id)
    bucket.dropReplacement(contact.id)
    bucket.contacts.push(contact)
    this.#index.add(contact)
    this.size++
  }

  /** Takes a contact out. The caller merges when it is done. */
  take(contact: TableContact): void {
    this.bucketOf(contact.id).remove(contact)
    this.#index.remove(contact)
    this.size--
  }

  /**
   * Whether splitting the full bucket of this id would give it a place. A split that gives it none, because everybody
   * would fall on its side, is put off until one does: it would only make empty buckets to refresh.
   */
  canSplitFor(id: Id): boolean {
    const shared = sharedPrefixBits(this.ownId, id)
    const last = this.buckets.length - 1
    if (shared < last) return false
    const { k, idBytes } = this.#parameters
    const inLast = this.buckets[last]!.contacts
    for (let bits = last; bits < 8 * idBytes - 1; bits++) {
      const exactly = inLast.filter((contact) => sharedPrefixBits(this.ownId, contact.id) === bits).length
      if (shared === bits) return exactly < k
      if (exactly > 0) return true
    }
    return false
  }

  /** Splits the last bucket until that of `id` has room. Only after canSplitFor said so. */
  splitFor(id: Id): void {
    while (!this.bucketOf(id).hasRoom) this.#splitLast()
  }

  /**
   * Merges the last two buckets while they hold at most k contacts together (khashmir A6) and no two of one group.
   * No hysteresis: a split leaves more than k in the last two, so that one removal and one addition, no less, undo it,
   * and either costs k steps.
   */
  mergeDeepest(): void {
    while (this.#parameters.mergesBuckets && this.buckets.length > 1) {
      const deep = this.buckets.at(-1)!
      const rest = this.buckets.at(-2)!
      if (rest.contacts.length + deep.contacts.length > this.#parameters.k) return
      if (deep.contacts.some((contact) => rest.holderOf(contact.bucketGroup) !== null)) return
      this.buckets.pop()
      rest.contacts.push(...deep.contacts)
      const waiting = [...rest.replacements.splice(0), ...deep.replacements]
      waiting.sort((a, b) => a.repliedAt - b.repliedAt)
      for (const contact of waiting) rest.keepAsReplacement(contact)
      rest.lastChangedAt = Math.max(rest.lastChangedAt, deep.lastChangedAt)
      rest.refreshedAt = Math.max(rest.refreshedAt, deep.refreshedAt)
    }
  }

  #splitLast(): void {
    const bits = this.buckets.length - 1
    const old = this.buckets.pop()!
    const rest = new KBucket(this.#parameters)
    const deep = new KBucket(this.#parameters)
    for (const half of [rest, deep]) {
      half.lastChangedAt = old.lastChangedAt
      half.refreshedAt = old.refreshedAt
    }
    const sideOf = (contact: TableContact): KBucket =>
      sharedPrefixBits(this.ownId, contact.id) === bits ? rest : deep
    for (const contact of old.contacts) sideOf(contact).contacts.push(contact)
    for (const contact of old.replacements) sideOf(contact).replacements.push(contact)
    this.buckets.push(rest, deep)
  }
}
