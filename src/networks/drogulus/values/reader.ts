// Reading a value (drogulus B7, B0): `first` ends at the first one that holds good and leaves a copy on the way, `latest`
// asks all of the closest and takes the newest. Nothing older than what this node has seen is believed.
// Not here: publishing, and what users are told (value.ts).
import type { Contact } from '../../../kademlia/contact.ts'
import type { Id } from '../../../kademlia/id.ts'
import { ProtocolError } from '../../../kademlia/ports.ts'
import type { Answered } from '../../../kademlia/walk.ts'
import type { CommitBatch } from '../../../node/commit-batch.ts'
import type { Scheduler } from '../../../node/ports.ts'
import type { RecordStore } from '../../../stores/store.ts'
import type { FamilyNode } from '../family.ts'
import { onlySigned } from '../keys/only-signed.ts'
import {
  checkValue,
  digestOf,
  isExpired,
  isOfOctober,
  isSignedAsSent,
  versionOf,
} from '../keys/signed-value.ts'
import type { DrogulusQuery, DrogulusReply, Revision, SignedValue } from '../messages.ts'
import { findValue } from '../queries.ts'
import { MAX_MESSAGE_BYTES } from '../wire/bounds.ts'
import { sizeOfValueMessage } from '../wire/size.ts'
import { valueOf } from './record.ts'
import type { ValueWriter } from './value-writer.ts'

interface ReaderParts {
  readonly node: FamilyNode
  readonly records: RecordStore
  readonly scheduler: Scheduler
  readonly commits: CommitBatch
  readonly writer: ValueWriter
  readonly revision: Revision
}

export class Reader {
  readonly #parts: ReaderParts

  constructor(parts: ReaderParts) {
    this.#parts = parts
  }

  /** null: nobody has it. Our own store's, where it has one. */
  async first(key: Id, signal?: AbortSignal): Promise<SignedValue | null> {
    const { node } = this.#parts
    const own = this.#own(key)
    if (own !== null) return own
    await node.knowsSomebody(signal)
    const query = findValue(key, {
      isWelcome: node.isWelcome,
      accept: (item, from) => this.#accepts(item, key, from),
    })
    const walk = node.runner.lookup({ query, signal })
    let found: SignedValue | null = null
    for await (const { result } of walk) found = newer(found, result)
    const { closest } = await walk.outcome
    if (found === null) return null
    this.#leaveCopy(found, closest)
    return this.#seen(found)
  }

  /** null: nobody has it. The newest of all that the closest nodes and our own store hold. */
  async latest(key: Id, signal?: AbortSignal): Promise<SignedValue | null> {
    const { node, writer } = this.#parts
    const holders = await writer.closest(key, signal)
    let best = this.#own(key)
    const ask = async ({ contact }: { readonly contact: Contact }): Promise<void> => {
      const query: DrogulusQuery = { method: 'findvalue', key, anyPort: true }
      const { id, address } = contact
      const outcome = await node.runner.ask({ query, to: address, expectedId: id }, { signal })
      const item = outcome.kind === 'reply' ? outcome.reply.item : undefined
      if (item !== undefined && this.#holdsGood(item, key, contact)) best = newer(best, item)
    }
    await Promise.all(holders.filter(({ token }) => token !== null).map(ask))
    return best === null ? null : this.#seen(best)
  }

  #own(key: Id): SignedValue | null {
    const { records, scheduler } = this.#parts
    const now = scheduler.now()
    const record = records.get(key, now)
    const item = record && valueOf(record, this.#parts.revision)
    return item === null || isExpired(item, now) || this.#isOutdated(item) ? null : item
  }

  #holdsGood(item: SignedValue, key: Id, from: Contact): boolean {
    try {
      return this.#accepts(item, key, from)
    } catch (error) {
      if (error instanceof ProtocolError) return false
      throw error
    }
  }

  /**
   * Whether it may be believed; false where it is only too old, of which its holder may know nothing. Throws
   * ProtocolError for a forgery, whose sender is kept out from now on.
   */
  #accepts(item: SignedValue, key: Id, from: Contact): boolean {
    const { node, revision, scheduler } = this.#parts
    const isOther = item.key.some((byte, i) => byte !== key[i]) || item.key.length !== key.length
    const forgery = isOther ? 'key-mismatch' : checkValue(item, revision)
    // What an original hands on may be good only in the order in which it came: it is no forgery.
    if (forgery !== null && (isOther || !isSignedAsSent(item, revision))) {
      if (!isOther && isOfOctober(item, revision)) return false
      node.ban(from, forgery)
      throw new ProtocolError(`findvalue: the value is a forgery: ${forgery}`, { reason: 'forged-value' })
    }
    return !isExpired(item, scheduler.now()) && !this.#isOutdated(item)
  }

  #isOutdated(item: SignedValue): boolean {
    const newest = this.#parts.records.newest(item.key)
    return newest !== null && versionOf(item) < newest.version
  }

  /** So that nothing older is believed from now on, also after a kill right after. A full disk keeps nobody from reading. */
  async #seen(item: SignedValue): Promise<SignedValue> {
    const { records, scheduler, commits } = this.#parts
    const version = { version: versionOf(item), digest: digestOf(item) }
    records.sawVersion(item.key, version, scheduler.now())
    await commits.committed().catch(() => {})
    return onlySigned(item)
  }

  /** At the nearest node that did not return it (Kademlia paper, 2.3). Nobody waits for that. */
  #leaveCopy(item: SignedValue, closest: readonly Answered<DrogulusReply>[]): void {
    // Whoever got it from us in this order would ban us.
    if (checkValue(item, this.#parts.revision) !== null) return
    // Originals send values that are larger than what they read (drogulus B1), and a store of ours has one field more.
    if (sizeOfValueMessage(item, this.#parts.revision) > MAX_MESSAGE_BYTES) return
    const without = closest.find(({ reply, self }) => !self && reply?.nodes !== undefined)
    if (without === undefined) return
    const { id, address } = without.contact
    const query: DrogulusQuery = { method: 'store', item }
    void this.#parts.node.runner.ask({ query, to: address, expectedId: id }).catch(() => {})
  }
}

function newer(a: SignedValue | null, b: SignedValue): SignedValue {
  return a === null || versionOf(b) > versionOf(a) ? b : a
}
