// Which contacts of a table are closest to a target: the hot path of every find_node that we answer.
// Reads buckets, changes nothing.
import { liveness } from './contact.ts'
import type { KnownContact } from './contact.ts'
import { compareDistance, sharedPrefixBits } from './id.ts'
import type { Id } from './id.ts'
import { headOf } from './k-bucket.ts'
import type { KBucket, TableContact } from './k-bucket.ts'
import type { Parameters } from './parameters.ts'

/** good: only those that may be handed to others (B5-08). any: also questionable and bad ones, to start a lookup. */
export type Wanted = 'good' | 'any'

interface Search {
  readonly target: Id
  /** headOf(target) */
  readonly head: number
  readonly count: number
  readonly wanted: Wanted
  readonly now: number
  readonly parameters: Parameters
  /** Closest first, at most `count`. */
  readonly found: TableContact[]
}

/**
 * The `count` contacts closest to `target`, closest first.
 *
 * Buckets are visited in the order of their distance, so that only the contacts of one bucket ever need sorting. Let
 * the target share p bits with our own id. Bucket p shares more than p bits with the target and comes first. Deeper
 * buckets come next: where own id and target differ in bit j, bucket j (whose contacts differ from our own id there)
 * is closer than everything below it; where they agree it is farther. Then come p-1, p-2, … 0, each farther.
 */
export function closestContacts(
  buckets: readonly KBucket[],
  ownId: Id,
  request: { readonly target: Id; readonly count: number; readonly wanted: Wanted },
  now: number,
  parameters: Parameters,
): KnownContact[] {
  const { target, count, wanted } = request
  const found: TableContact[] = []
  if (count <= 0) return found
  const search: Search = { target, head: headOf(target), count, wanted, now, parameters, found }
  const last = buckets.length - 1
  const shared = Math.min(sharedPrefixBits(ownId, target), last)
  take(buckets[shared]!, search)
  if (shared < last) {
    for (let bit = shared + 1; bit < last && found.length < count; bit++) {
      if (differAt(ownId, target, bit)) take(buckets[bit]!, search)
    }
    if (found.length < count) take(buckets[last]!, search)
    for (let bit = last - 1; bit > shared && found.length < count; bit--) {
      if (!differAt(ownId, target, bit)) take(buckets[bit]!, search)
    }
  }
  for (let bit = shared - 1; bit >= 0 && found.length < count; bit--) take(buckets[bit]!, search)
  return found
}

/** Sorts the wanted contacts of one bucket in behind those found before, all of which are closer. */
function take(bucket: KBucket, search: Search): void {
  const { found, head, count, wanted, now, parameters } = search
  const contacts = bucket.contacts
  const start = found.length
  for (let i = 0; i < contacts.length; i++) {
    const contact = contacts[i]!
    if (wanted === 'good' && liveness(contact, now, parameters) !== 'good') continue
    const distance = (contact.head ^ head) >>> 0
    let place = found.length
    while (place > start && isFarther(found[place - 1]!, contact, distance, search)) place--
    if (place >= count) continue
    if (found.length < count) found.push(contact)
    for (let j = found.length - 1; j > place; j--) found[j] = found[j - 1]!
    found[place] = contact
  }
}

function isFarther(other: TableContact, contact: TableContact, distance: number, search: Search): boolean {
  const otherDistance = (other.head ^ search.head) >>> 0
  if (otherDistance !== distance) return otherDistance > distance
  return compareDistance(search.target, other.id, contact.id) > 0
}

function differAt(a: Uint8Array, b: Uint8Array, bit: number): boolean {
  return ((a[bit >> 3]! ^ b[bit >> 3]!) & (0x80 >> (bit & 7))) !== 0
}
