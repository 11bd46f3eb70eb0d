// What a node answers about values: how many there are of a key, which, and store_value (khashmir A3). Many values stand
// under one key; who stores one again keeps it alive.
// Not here: contacts (answers.ts), bounds of form and what of a list fits a datagram (the wire), what is kept (stores/).
import { MAX_HOST_BYTES, writeHost } from '../../codecs/compact-address.ts'
import type { Id } from '../../kademlia/id.ts'
import type { Asker } from '../../kademlia/ports.ts'
import type { ValueStore } from '../../stores/store.ts'
import type { BoundTokens } from './bound-tokens.ts'
import type { KhashmirQuery, KhashmirReply } from './messages.ts'
import { BAD_TOKEN, noRoom, TAKEN, tooLong, type KhashmirAnswer } from './refusals.ts'
import { UDP_PACKET_LIMIT } from './wire/bounds.ts'

/** Values in one reply at most. No datagram of 1472 bytes holds more, for each takes two; the wire sheds the surplus. */
const MAX_VALUES = 700

/** As in stores/store.ts. A datagram may bring more, and what the store cannot take must not look like its failure. */
const MAX_VALUE_BYTES = 8_192

export interface ValueAnswersParts {
  readonly values: ValueStore
  /** How long a value is served that nobody stores again, in ms. */
  readonly keyExpireMs: number
  /** Uniform in [0, 1). */
  readonly fraction: () => number
}

type GetValue = Extract<KhashmirQuery, { method: 'get_value' }>
type StoreValue = Extract<KhashmirQuery, { method: 'store_value' }>

export class ValueAnswers {
  readonly #parts: ValueAnswersParts
  readonly #tokens: BoundTokens
  /** The IP of whoever asks; overwritten by the next. */
  readonly #source = new Uint8Array(MAX_HOST_BYTES)

  constructor(parts: ValueAnswersParts, tokens: BoundTokens) {
    this.#parts = parts
    this.#tokens = tokens
  }

  /** How many get_value would find. */
  count(key: Id, now: number): number {
    return this.#parts.values.count(key, this.#since(now))
  }

  /**
   * All in the order of the store, or as many as are wanted where there are more: then a random few in random order. No
   * more than a datagram may hold are looked at, for a question must not cost more than its answer is worth (T9).
   */
  getValue({ key, num }: GetValue, now: number): Pick<KhashmirReply, 'values'> {
    const { values, fraction } = this.#parts
    const since = this.#since(now)
    const bytes = UDP_PACKET_LIMIT
    const isAll = num === 0 || num >= values.count(key, since)
    if (isAll) return { values: values.read(key, { count: MAX_VALUES, bytes, since }) }
    return { values: values.read(key, { count: Math.min(num, MAX_VALUES), bytes, since, fraction }) }
  }

  /** A value that is held already is refreshed. */
  storeValue({ key, value, token }: StoreValue, from: Asker, now: number): KhashmirAnswer {
    const { host } = from.address
    if (!this.#tokens.verify(token, host, now)) return BAD_TOKEN
    if (value.length > MAX_VALUE_BYTES) return tooLong(value.length, MAX_VALUE_BYTES)
    const source = this.#source.subarray(0, writeHost(host, this.#source, 0))
    const outcome = this.#parts.values.store(key, { value, source, refreshedAt: now })
    return outcome.stored ? TAKEN : noRoom(outcome.why)
  }

  /** Nothing that has expired, also where a timer was late because the machine slept. */
  #since(now: number): number {
    return now - this.#parts.keyExpireMs
  }
}
