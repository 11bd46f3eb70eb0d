// The serving side of an engine: queries of others are answered, refused or dropped within the limits.
// Not here: what the answer is (a network's answers.ts) and how it is written (its wire.ts).
import type { Address } from './contact.ts'
import type { EngineParts } from './engine-parts.ts'
import { ProtocolError, type QueryMessage, type Refusal, type ReplyTo } from './ports.ts'

export class Responder<Q extends { readonly method: string }, R> {
  readonly #parts: EngineParts<Q, R>

  constructor(parts: EngineParts<Q, R>) {
    this.#parts = parts
  }

  /** Answers one query. An acknowledgement of a write leaves after its commit. */
  query(message: QueryMessage<Q>, from: Address, replyTo: ReplyTo, now: number): void {
    const { answers, counters, limits, wire, effects } = this.#parts
    const counts = counters.method(message.query.method)
    counts.received++
    const answer = answers.answer(message.query, { id: message.senderId, address: from }, now)
    if (answer === null) return
    if ('refusal' in answer) {
      counts.refused++
      if (answer.failedToken) limits.failedToken(this.#ip(from), now)
      this.refuse(answer.refusal, message.transaction, from, replyTo, now)
      return
    }
    const bytes = this.#encode(() => wire.encodeReply(answer.reply, message.transaction, from))
    if (bytes === null || !this.#mayReply(bytes, from, now)) {
      counts.refused++
      return
    }
    if (answer.acknowledgesWrite) effects.sendAfterCommit(bytes, replyTo)
    else effects.send(bytes, replyTo)
  }

  /** Answers something that is no valid query by an error, if that error fits the limits. */
  refuse(refusal: Refusal, transaction: Uint8Array, from: Address, replyTo: ReplyTo, now: number): void {
    const bytes = this.#encode(() => this.#parts.wire.encodeError(refusal, transaction, from))
    if (bytes !== null && this.#mayReply(bytes, from, now)) this.#parts.effects.send(bytes, replyTo)
  }

  /** Whether this source may be served at all, before anything is parsed. */
  admits(from: Address, now: number): boolean {
    const { limits } = this.#parts
    return limits.lifted || limits.admitRequest(this.#ip(from), now)
  }

  #mayReply(bytes: Uint8Array, from: Address, now: number): boolean {
    const { limits, counters, policy } = this.#parts
    if (limits.lifted || limits.admitBytes({ prefix: policy.sourceGroup(from) }, bytes.length, now))
      return true
    counters.dropped('bytes-out-limit')
    return false
  }

  #encode(write: () => Uint8Array): Uint8Array | null {
    try {
      return write()
    } catch (error) {
      // Echoing a transaction id of a thousand bytes may leave no room for an answer.
      if (!(error instanceof ProtocolError)) throw error
      this.#parts.counters.dropped(error.reason)
      return null
    }
  }

  #ip(from: Address): { readonly ip: string | null } {
    return { ip: this.#parts.policy.tableGroup(from) }
  }
}
