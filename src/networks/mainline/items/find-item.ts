// Finding an item over all families of a node at once (BEP 44 `get`): our own store first, then a walk a family.
// Not here: what is believed (item-search.ts), and what users are told (reader.ts).
import type { Id } from '../../../kademlia/id.ts'
import type { LookupOutcome } from '../../../kademlia/walk.ts'
import type { ResultStream } from '../../../node/result-stream.ts'
import type { RecordStore } from '../../../stores/store.ts'
import type { FamilyNode } from '../family.ts'
import type { MainlineReply } from '../messages.ts'
import type { Holder } from '../write.ts'
import { readRecord } from './item.ts'
import { ItemSearch } from './item-search.ts'

export interface FindRequest {
  readonly target: Id
  readonly salt: Uint8Array
  /** 'first': the first that can be believed ends it. 'latest': all of the closest are asked. */
  readonly mode: 'first' | 'latest'
  /** The closest that gave tokens are wanted too; then all of them are asked. */
  readonly forPut: boolean
  readonly records: RecordStore
  readonly now: number
  readonly signal?: AbortSignal | undefined
}

export interface FoundItem {
  readonly search: ItemSearch
  /** The closest nodes of every family, nearest first in each; with `forPut` those that gave a token. */
  readonly holders: readonly Holder[]
  readonly asked: number
  readonly answered: number
}

/** Rejects by the signal, and when the node is closed. */
export async function findItem(families: readonly FamilyNode[], request: FindRequest): Promise<FoundItem> {
  const { target, salt, mode, forPut, records, signal } = request
  const leastSeq = records.newest(target)?.version ?? 0n
  const search = new ItemSearch({ target, salt, leastSeq, first: mode === 'first', forPut })
  const own = records.get(target, request.now)
  if (own !== null) search.take(readRecord(own), null)
  // What we hold ourselves was verified when it came.
  const isEnough = !forPut && search.best !== null && (mode === 'first' || search.best.signed === null)
  if (isEnough) return { search, holders: [], asked: 0, answered: 0 }

  const walks: ResultStream<unknown, LookupOutcome<MainlineReply>>[] = []
  let ended = false
  const endAll = (): void => {
    ended = true
    for (const walk of walks) void walk.return()
  }
  const walk = async (family: FamilyNode): Promise<LookupOutcome<MainlineReply>> => {
    await family.knowsSomebody(signal)
    if (ended) return NOT_BEGUN
    const query = search.lookup(family.queryOptions)
    const stream = family.runner.lookup({ query, signal, self: forPut && family.serves })
    walks.push(stream)
    const outcome = await stream.outcome
    // What one family has found, the other need not look for.
    if (outcome.why === 'done') endAll()
    return outcome
  }
  const outcomes = await Promise.all(families.map(walk)).catch((error: unknown) => {
    endAll()
    throw error
  })
  return {
    search,
    holders: outcomes.flatMap(({ closest }, index) =>
      closest.map((answered) => ({ family: families[index]!, answered })),
    ),
    asked: outcomes.reduce((sum, { asked }) => sum + asked, 0),
    answered: outcomes.reduce((sum, { answered }) => sum + answered, 0),
  }
}

const NOT_BEGUN: LookupOutcome<MainlineReply> = {
  why: 'cancelled',
  closest: [],
  asked: 0,
  answered: 0,
  failed: 0,
}
