// What one holder has told of its values of a key, and what it is to be asked next. A datagram has room for some only: a
// holder that has more gives the first ones when it is asked for all, and random ones when it is asked for fewer; so it is
// asked again and again until it has told as many as it has (khashmir A4, "get_value"). Not here: whose turn it is, and
// what is new (value-search.ts).
import type { Contact } from '../../../kademlia/contact.ts'
import { toHex, type Id } from '../../../kademlia/id.ts'
import type { RequestOutcome } from '../../../kademlia/requester.ts'
import { ERROR, type KhashmirQuery, type KhashmirReply } from '../messages.ts'
import { MAX_VALUES } from '../wire/bounds.ts'
import type { ValueHolder } from './holders.ts'

/**
 * Requests to one holder: enough for some 2,000 values of 40 bytes. What it has beyond comes from others, or not at all. Each
 * second that it takes to answer counts as one more, so that nobody holds up a search for longer than some five minutes.
 */
const MAX_ASKS = 256
const SECOND = 1_000
/**
 * How many answers without anything new mean that there is no more: with v values of which an answer tells r, one that
 * is still missing stays so through b answers with a chance of (1 − r/v)^b, and b = 7 · v/r makes that 1 in 1,000.
 */
const PATIENCE = 7
const MIN_BARREN = 3

/** told: all that it has. given up: it has more, or says so, but does not tell. failed: it did not answer. */
export type HolderState = 'asked' | 'told' | 'given up' | 'failed'

export class OneHolder {
  readonly contact: Contact
  /** As it says: anything from 1. */
  readonly #count: number
  /** Hex. At most MAX_ASKS times the values of an answer. */
  readonly #told = new Set<string>()
  #asks = 0
  /** Whole seconds that its answers took. */
  #seconds = 0
  #barren = 0
  /** Values of its longest answer; before the first one as many as an answer may have. */
  #atOnce = MAX_VALUES
  #failed = false

  constructor({ contact, count }: ValueHolder) {
    this.contact = contact
    this.#count = count
  }

  get state(): HolderState {
    if (this.#failed) return 'failed'
    if (this.#told.size >= this.#count) return 'told'
    const patience = Math.max(MIN_BARREN, Math.ceil((PATIENCE * this.#count) / this.#atOnce))
    return this.#asks + this.#seconds >= MAX_ASKS || this.#barren >= patience ? 'given up' : 'asked'
  }

  /** How many values its next answer may bring. */
  get expected(): number {
    return Math.min(this.#count - this.#told.size, this.#atOnce)
  }

  /** The next question, where so many values are wanted yet. */
  ask(key: Id, wanted: number): KhashmirQuery {
    // The first time all, where as many are wanted as there are: then it need not choose. Later on one fewer, so that it
    // has to.
    const num = this.#asks++ === 0 ? wanted : Math.min(wanted, Math.max(1, this.#count - 1))
    return { method: 'get_value', key, num: num >= this.#count ? 0 : num }
  }

  /** The values of its answer; null: it failed, for it did not answer, or not with values. */
  answered(outcome: RequestOutcome<KhashmirReply>): readonly Uint8Array[] | null {
    const values = valuesOf(outcome, this.#count)
    if (values === null) {
      this.#failed = true
      return null
    }
    if (outcome.kind !== 'failed') this.#seconds += Math.floor(outcome.rttMs / SECOND)
    const before = this.#told.size
    for (const value of values) this.#told.add(toHex(value))
    this.#barren = this.#told.size === before ? this.#barren + 1 : 0
    this.#atOnce = this.#asks === 1 ? Math.max(1, values.length) : Math.max(this.#atOnce, values.length)
    return values
  }
}

/** null: no answer to go on with. What it chose first may fit no datagram: then another choice may do better. */
function valuesOf(outcome: RequestOutcome<KhashmirReply>, count: number): readonly Uint8Array[] | null {
  if (outcome.kind === 'reply') return outcome.reply.values ?? null
  const isTooLong = outcome.kind === 'error' && outcome.refusal.code === ERROR.server
  return isTooLong && count > 1 ? [] : null
}
