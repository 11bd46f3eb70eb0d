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

/** What one holder has told so far. */
class Told {
  readonly #count: number
  /** Hex. At most MAX_ASKS times the values of an answer. */
  readonly #values = new Set<string>()
  #barren = 0
  #largest = 1

  constructor(count: number) {
    this.#count = count
  }

  get missing(): number {
    return Math.max(0, this.#count - this.#values.size)
  }

  get isAll(): boolean {
    const patience = Math.max(MIN_BARREN, Math.ceil((PATIENCE * this.#count) / this.#largest))
    return this.missing === 0 || this.#barren >= patience
  }

  add(values: readonly Uint8Array[]): void {
    const before = this.#values.size
    for (const value of values) this.#values.add(toHex(value))
    this.#barren = this.#values.size === before ? this.#barren + 1 : 0
    this.#largest = Math.max(this.#largest, values.length)
  }
}

/** Whether it answered. Rejects only as `ask` does. */
export async function askHolder({ count }: ValueHolder, talk: HolderTalk): Promise<boolean> {
  const told = new Told(count)
  for (let asks = 0; asks < MAX_ASKS; asks++) {
    const wanted = talk.wanted()
    if (wanted <= 0 || told.isAll) break
    talk.expect(Math.min(wanted, told.missing))
    // The first time all, where as many are wanted as there are: then it need not choose. Later on one fewer, so that it
    // has to.
    const num = asks === 0 ? wanted : Math.min(wanted, Math.max(1, count - 1))
    const outcome = await talk.ask({ method: 'get_value', key: talk.key, num: num >= count ? 0 : num })
    const values = valuesOf(outcome, count)
    if (values === null) return false
    told.add(values)
    talk.take(values)
  }
  return true
}

/** null: no answer to go on with. What it chose first may fit no datagram: then another choice may do better. */
function valuesOf(outcome: RequestOutcome<KhashmirReply>, count: number): readonly Uint8Array[] | null {
  if (outcome.kind === 'reply') return outcome.reply.values ?? null
  const isTooLong = outcome.kind === 'error' && outcome.refusal.code === ERROR.server
  return isTooLong && count > 1 ? [] : null
}
