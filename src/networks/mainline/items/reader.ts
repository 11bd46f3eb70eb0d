// Reading items (BEP 44): what users are told of what was found, and what is remembered of it.
// Not here: the search (find-item.ts), what is believed (item-search.ts), what values mean (value.ts).
import { toHex, type Id } from '../../../kademlia/id.ts'
import type { CommitBatch } from '../../../node/commit-batch.ts'
import type { Scheduler } from '../../../node/ports.ts'
import type { RecordStore } from '../../../stores/store.ts'
import type { FamilyNode } from '../family.ts'
import { findItem } from './find-item.ts'
import { digestOf, mutableTarget, seqOf, type RawItem } from './item.ts'
import type { ItemSearch } from './item-search.ts'
import { decodeValue, textOf, type Value } from './value.ts'

/** An item that was found and verified. */
export interface Item {
  /** What it stands under: 40 hex digits. */
  readonly key: string
  /** What was put: text, bytes, a number, a list, an object (docs/values.md). */
  readonly value: Value
  /** The text where it is one, else null. */
  readonly text: string | null
  /** As stored: bencode, at most 1000 bytes. */
  readonly encoded: Uint8Array
  /** Copies of it that were found; our own among them. */
  readonly copies: number
}

/** A signed item: of whom, and which version. */
export interface SignedItem extends Item {
  /** 32 bytes. */
  readonly publicKey: Uint8Array
  /** The name under the key, 0 … 64 bytes. */
  readonly salt: Uint8Array
  /** 0 … 2^63 − 1; the highest is the newest. */
  readonly seq: bigint
  /** 64 bytes. */
  readonly signature: Uint8Array
  /**
   * Whether two different values of this `seq` are known: two writers did not know of each other. Every reader is given
   * the one whose SHA-1 is lower; a publish with a higher `seq` ends it (T15).
   */
  readonly conflict: boolean
  /** The other values of this `seq` that were found. */
  readonly others: readonly Value[]
}

export interface ReadRequest {
  readonly target: Id
  readonly salt: Uint8Array
  readonly mode: 'first' | 'latest'
  readonly signal?: AbortSignal | undefined
}

export class Reader {
  readonly #families: () => readonly FamilyNode[]
  readonly #records: RecordStore
  readonly #scheduler: Scheduler
  readonly #commits: CommitBatch

  constructor(parts: {
    /** One node a family; asked anew for each operation. */
    families: () => readonly FamilyNode[]
    records: RecordStore
    scheduler: Scheduler
    commits: CommitBatch
  }) {
    this.#families = parts.families
    this.#records = parts.records
    this.#scheduler = parts.scheduler
    this.#commits = parts.commits
  }

  /** The signed item under a key and salt; null when none was found that is not older than one seen before (T13). */
  async resolve(publicKey: Uint8Array, request: Omit<ReadRequest, 'target'>): Promise<SignedItem | null> {
    const target = mutableTarget(publicKey, request.salt)
    const item = await this.read({ ...request, target })
    // Who makes a key for it can make an immutable item with the same hash: that is no answer.
    return item !== null && 'seq' in item ? item : null
  }

  /** Whatever is under a target: immutable, or signed where the salt is known. */
  async read(request: ReadRequest): Promise<Item | SignedItem | null> {
    const { target } = request
    const seenBefore = this.#records.newest(target)
    let search = await this.#search(request)
    // Another operation of ours has seen a newer one meanwhile: once more, for now that is the least that is believed.
    if (this.#isOutdated(search.best, target)) search = await this.#search(request)
    const { best } = search
    if (best === null || this.#isOutdated(best, target)) return null
    if (best.signed === null) return itemOf(best, target, search)
    const seen = { version: seqOf(best), digest: digestOf(best) }
    this.#records.sawVersion(target, seen, this.#scheduler.now())
    // So that it is not forgotten by a kill right after. A disk that is full keeps nobody from reading.
    await this.#commits.committed().catch(() => {})
    const differs =
      seenBefore !== null &&
      seenBefore.version === seen.version &&
      toHex(seenBefore.digest) !== toHex(seen.digest)
    const { publicKey, salt, seq, signature } = best.signed
    const others = search.others.map(({ value }) => decodeValue(value))
    return {
      ...itemOf(best, target, search),
      publicKey: new Uint8Array(publicKey),
      salt: new Uint8Array(salt),
      seq,
      signature: new Uint8Array(signature),
      conflict: differs || others.length > 0,
      others,
    }
  }

  async #search(request: ReadRequest): Promise<ItemSearch> {
    const { search } = await findItem(this.#families(), {
      ...request,
      forPut: false,
      records: this.#records,
      now: this.#scheduler.now(),
    })
    return search
  }

  #isOutdated(found: RawItem | null, target: Id): boolean {
    const newest = this.#records.newest(target)
    return found !== null && newest !== null && seqOf(found) < newest.version
  }
}

function itemOf(item: RawItem, target: Id, search: ItemSearch): Item {
  // Copied, here and above, for it may be a view of a datagram.
  const encoded = new Uint8Array(item.value)
  const copies = search.copiesOf(item)
  return { key: toHex(target), value: decodeValue(encoded), text: textOf(encoded), encoded, copies }
}
