// Asking one holder for its values of a key. A datagram has room for some only: a holder that has more gives the first
// ones when it is asked for all, and random ones when it is asked for fewer; so it is asked again and again until it has
// told as many as it has (khashmir A4, "get_value"). Not here: whom to ask, and what is new (value-search.ts).
import { toHex, type Id } from '../../../kademlia/id.ts'
import type { RequestOutcome } from '../../../kademlia/requester.ts'
import { ERROR, type KhashmirQuery, type KhashmirReply } from '../messages.ts'
import type { ValueHolder } from './holders.ts'

/** Requests to one holder: enough for some 2,000 values of 40 bytes. What it has beyond comes from others, or not at all. */
const MAX_ASKS = 256
/**
 * How many answers without anything new mean that there is no more: with v values of which an answer tells r, one that
 * is still missing stays so through b answers with a chance of (1 − r/v)^b, and b = 7 · v/r makes that 1 in 1,000.
 */
const PATIENCE = 7
const MIN_BARREN = 3

export interface HolderTalk {
  readonly key: Id
  /** How many distinct values are still wanted, of whomever; 0 or less ends it. */
  readonly wanted: () => number
  /** Says how many values it is expected to tell yet. */
  readonly expect: (count: number) => void
  readonly ask: (query: KhashmirQuery) => Promise<RequestOutcome<KhashmirReply>>
  readonly take: (values: readonly Uint8Array[]) => void
}

/** Whether it answered. Rejects only as `ask` does. */
export async function askHolder({ count }: ValueHolder, talk: HolderTalk): Promise<boolean> {
  /** Hex of what it has told. At most MAX_ASKS times the values of an answer. */
  const told = new Set<string>()
  let barren = 0
  let largest = 1
  for (let asks = 0; asks < MAX_ASKS; asks++) {
    const wanted = talk.wanted()
    const patience = Math.max(MIN_BARREN, Math.ceil((PATIENCE * count) / largest))
    if (wanted <= 0 || told.size >= count || barren >= patience) break
    talk.expect(Math.min(wanted, count - told.size))
    const num = asks === 0 ? wanted : Math.min(wanted, Math.max(1, count - 1))
    // All where as many are wanted as there are: then it need not choose.
    const outcome = await talk.ask({ method: 'get_value', key: talk.key, num: num >= count ? 0 : num })
    const values = valuesOf(outcome)
    // It may be that what it chose first fits no datagram: another choice may do better.
    const mayChooseAnew = isTooLong(outcome) && count > 1
    if (values === null && !mayChooseAnew) return false
    const before = told.size
    for (const value of values ?? []) told.add(toHex(value))
    barren = told.size === before ? barren + 1 : 0
    largest = Math.max(largest, values?.length ?? 0)
    talk.take(values ?? [])
  }
  return true
}

function valuesOf(outcome: RequestOutcome<KhashmirReply>): readonly Uint8Array[] | null {
  return outcome.kind === 'reply' ? (outcome.reply.values ?? null) : null
}

function isTooLong(outcome: RequestOutcome<KhashmirReply>): boolean {
  return outcome.kind === 'error' && outcome.refusal.code === ERROR.server
}
