// Storing a signed value on the nodes closest to its key, our own among them: on whom, and what each answered (drogulus
// B4, B8). Not here: which value, and when again (publishing.ts, replication.ts).
import { toHex, type Id } from '../../../kademlia/id.ts'
import type { Scheduler } from '../../../node/ports.ts'
import { writeOn, type Holder, type WriteReport } from '../../../node/write.ts'
import type { RecordStore } from '../../../stores/store.ts'
import type { FamilyNode } from '../family.ts'
import { ERROR, type DrogulusQuery, type SignedValue } from '../messages.ts'
import { findNode } from '../queries.ts'
import { recordOf } from './record.ts'

/** No token guards a store here: what is stored is signed. */
const NO_TOKEN = new Uint8Array(0)

export interface ValueWriterParts {
  readonly node: FamilyNode
  readonly records: RecordStore
  readonly scheduler: Scheduler
  readonly k: number
  /** Something is to be committed. */
  readonly changed: () => void
}

export interface WritingOptions {
  /** On so many nodes; who refuses is made up for by the next. */
  readonly duplicate: number
  readonly signal?: AbortSignal | undefined
}

export class ValueWriter {
  readonly #parts: ValueWriterParts

  constructor(parts: ValueWriterParts) {
    this.#parts = parts
  }

  /** Walks to the nodes closest to a key, our own among them where it serves. */
  async closest(key: Id, signal?: AbortSignal): Promise<readonly Holder<FamilyNode>[]> {
    const { node } = this.#parts
    await node.knowsSomebody(signal)
    const walk = node.runner.lookup({ query: findNode(key, node.isWelcome), self: node.serves, signal })
    const { closest } = await walk.outcome
    return closest.map(({ contact, self }) => ({ local: node, contact, token: self ? null : NO_TOKEN }))
  }

  /** Those of the table, without a walk: for keys whose neighbourhood was refreshed a moment ago. */
  known(key: Id): readonly Holder<FamilyNode>[] {
    const { node, scheduler, k } = this.#parts
    const near = node.table.closest(key, k, scheduler.now(), 'good')
    return near.map((contact) => ({ local: node, contact, token: NO_TOKEN }))
  }

  write(
    item: SignedValue,
    holders: readonly Holder<FamilyNode>[],
    { duplicate, signal }: WritingOptions,
  ): Promise<WriteReport> {
    return writeOn<DrogulusQuery, FamilyNode>(toHex(item.key), holders, {
      query: () => ({ method: 'store', item }),
      own: () => this.keep(item),
      enough: duplicate,
      signal,
    })
  }

  /** Stores in our own store, for so long at most; null: done, else why not. */
  keep(item: SignedValue, lifetimeMs = Infinity): number | string | null {
    const { records, scheduler, changed } = this.#parts
    const now = scheduler.now()
    const outcome = records.put(recordOf(item, { source: null, now, lifetimeMs }))
    if (!outcome.stored) {
      return outcome.why === 'older' || outcome.why === 'conflict' ? ERROR.superseded : outcome.why
    }
    changed()
    return null
  }
}
