// Asking for an item on a lookup (BEP 44 `get`): what is asked, and what of an answer is believed. It remembers the best
// that was found and who holds what. Not here: the walk (kademlia/walk.ts), both families together (find-item.ts).
import { addressKey, type Contact } from '../../../kademlia/contact.ts'
import { sameId, toHex, type Id } from '../../../kademlia/id.ts'
import { ProtocolError, type LookupStep } from '../../../kademlia/ports.ts'
import type { FamilyHolder } from '../family.ts'
import type { MainlineQuery, MainlineReply } from '../messages.ts'
import { closerOf, wanted, type MainlineLookup, type QueryOptions } from '../queries.ts'
import { digestOf, immutableTarget, isAuthentic, isSame, mutableTarget, seqOf, type RawItem } from './item.ts'

export interface ItemQuestion {
  readonly target: Id
  /** What the target was made of besides the key, 0 … 64 bytes. Whoever holds the item does not tell it. */
  readonly salt: Uint8Array
  /** An item below this `seq` is not wanted: a newer one has been seen (T13). */
  readonly leastSeq: bigint
  /** Whether the first item that can be believed ends the search; an immutable one always does. */
  readonly first: boolean
  /** Only who gives a token counts among the closest, for only there can be put (B44-08). */
  readonly forPut: boolean
}

/** Holders remembered by one search; further ones are not. A walk asks no more than 256. */
const MAX_HOLDERS = 1_024

/** One search over one family or more. */
export class ItemSearch {
  readonly #question: ItemQuestion
  /** By endpoint. At most MAX_HOLDERS. */
  readonly #holders = new Map<string, RawItem>()
  /** Our own store's, which nobody answered with. */
  #own: RawItem | null = null
  /** Every distinct value of the highest `seq`, the one with the lowest digest first. At most MAX_VALUES. */
  #newest: RawItem[] = []

  constructor(question: ItemQuestion) {
    this.#question = question
  }

  /** The item with the highest `seq`; of several such the one with the lowest digest, for every reader (T15). */
  get best(): RawItem | null {
    return this.#newest[0] ?? null
  }

  /** Other values of the same `seq` as the best: two writers did not know of each other (T15). */
  get others(): readonly RawItem[] {
    return this.#newest.slice(1)
  }

  /** Whether nothing was found that is newer, nor another value of the same `seq`. */
  isNewest(item: RawItem): boolean {
    const { best } = this
    if (best === null || seqOf(best) < seqOf(item)) return true
    return isSame(best, item) && this.others.length === 0
  }

  /** How many hold this version of it, we ourselves among them. */
  copiesOf(item: RawItem): number {
    const own = this.#own !== null && isSame(this.#own, item) ? 1 : 0
    return own + this.copiesElsewhere(item)
  }

  copiesElsewhere(item: RawItem): number {
    let copies = 0
    for (const held of this.#holders.values()) if (isSame(held, item)) copies++
    return copies
  }

  /** What a node answered that it holds, or what our own holds; null: nothing that is true. */
  heldBy({ contact, token }: FamilyHolder): RawItem | null {
    return token === null ? this.#own : (this.#holders.get(addressKey(contact.address)) ?? null)
  }

  /** Takes an item that is known to be true; `holder` null: our own. */
  take(item: RawItem, holder: Contact | null): void {
    if (holder === null) this.#own = item
    else if (this.#holders.size < MAX_HOLDERS) this.#holders.set(addressKey(holder.address), item)
    const seq = seqOf(item)
    if (seq < this.#question.leastSeq) return
    const best = this.best
    if (best !== null && seq < seqOf(best)) return
    if (best !== null && seq > seqOf(best)) this.#newest = []
    if (this.#newest.some((known) => sameId(known.value, item.value))) return
    this.#newest.push(item)
    this.#newest.sort((a, b) => (toHex(digestOf(a)) < toHex(digestOf(b)) ? -1 : 1))
    this.#newest.length = Math.min(this.#newest.length, MAX_VALUES)
  }

  /** The question for one family's walk, whose answers are taken here. Results are items that may be believed. */
  lookup(options: QueryOptions): MainlineLookup<RawItem> {
    const { target, forPut } = this.#question
    const question: MainlineQuery = { method: 'get', target, want: wanted(options), seq: null }
    return {
      target,
      question: () => question,
      read: (reply, from): LookupStep<RawItem> => {
        const closer = closerOf(reply, options)
        if (closer === undefined && reply.value === undefined) {
          throw new ProtocolError('get: the reply has neither nodes nor a value', { reason: 'no-nodes' })
        }
        const counts = !forPut || reply.token !== undefined
        const base = { closer: closer ?? [], counts, done: false }
        const item = this.#believable(reply)
        if (item === 'none') return { ...base, results: [], lie: reply.badItem }
        if (item === 'false') return { ...base, results: [], lie: 'false-item' }
        this.take(item, from)
        return { ...base, results: [item], done: this.#isEnough(item) }
      },
    }
  }

  /** B44-18: what hashes to the target and, where it is mutable, is signed by the key in it. */
  #believable(reply: MainlineReply): RawItem | 'none' | 'false' {
    const { value, publicKey, signature, seq } = reply
    if (value === undefined) return 'none'
    const { target, salt } = this.#question
    if (publicKey === undefined || signature === undefined || seq === undefined) {
      return sameId(immutableTarget(value), target) ? { value, signed: null } : 'false'
    }
    const item = { value, signed: { publicKey, salt, seq, signature } }
    if (!sameId(mutableTarget(publicKey, salt), target)) return 'false'
    return this.#isKnown(item) || isAuthentic(item) ? item : 'false'
  }

  /** Most holders answer the same, and a signature is dear: it is verified once. */
  #isKnown({ value, signed }: RawItem): boolean {
    return this.#newest.some(
      (known) =>
        known.signed !== null &&
        known.signed.seq === signed!.seq &&
        sameId(known.signed.signature, signed!.signature) &&
        sameId(known.signed.publicKey, signed!.publicKey) &&
        sameId(known.value, value),
    )
  }

  #isEnough(item: RawItem): boolean {
    const { first, forPut, leastSeq } = this.#question
    if (forPut) return false
    return item.signed === null || (first && seqOf(item) >= leastSeq)
  }
}

/** Values of one `seq` that are told, those with the lowest digests: more add nothing to "there is a conflict". */
const MAX_VALUES = 8
