// Finding an item over all families of a node at once (BEP 44 `get`): our own store first, then a walk a family.
// Not here: what is believed (item-search.ts), and what users are told (reader.ts).
import type { Id } from '../../../kademlia/id.ts'
import type { LookupOutcome } from '../../../kademlia/walk.ts'
import type { ResultStream } from '../../../node/result-stream.ts'
import type { RecordStore } from '../../../stores/store.ts'
import type { FamilyHolder, FamilyNode } from '../family.ts'
import type { MainlineReply } from '../messages.ts'
import { holdersOf } from '../../../node/write.ts'
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
  /** With `forPut` the closest nodes of every family that gave a token, nearest first in each; else none. */
  readonly holders: readonly FamilyHolder[]
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
  if (isEnough) return { search, holders: [] }

  const walks: ResultStream<unknown, LookupOutcome<MainlineReply>>[] = []
  let ended = false
  const early = Promise.withResolvers<readonly LookupOutcome<MainlineReply>[]>()
  const endAll = (): void => {
    ended = true
    for (const walk of walks) void walk.return()
    // The other family may still be joining.
    early.resolve([])
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
  const all = Promise.all(families.map(walk))
  const outcomes = await Promise.race([all, early.promise]).catch((error: unknown) => {
    endAll()
    throw error
  })
  if (!forPut) return { search, holders: [] }
  const holders = outcomes.flatMap(({ closest }, index) => holdersOf(families[index]!, closest))
  // Our own store is one, in however many families we are one of the closest.
  const ourselves = holders.find(({ token }) => token === null)
  return { search, holders: holders.filter((each) => each.token !== null || each === ourselves) }
}

const NOT_BEGUN: LookupOutcome<MainlineReply> = {
  why: 'cancelled',
  closest: [],
  asked: 0,
  answered: 0,
  failed: 0,
}
