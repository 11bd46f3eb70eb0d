// What a khashmir node answers, by method (khashmir A3). This file is the door; values are in answer-values.ts.
// Not here: parsing, methods that our role does not serve, what of a list fits a datagram (wire.ts), limits
// (kademlia/rate-limits.ts).
import type { Contact } from '../../kademlia/contact.ts'
import type { Id } from '../../kademlia/id.ts'
import type { Asker } from '../../kademlia/ports.ts'
import type { RoutingTable } from '../../kademlia/routing-table.ts'
import type { WriteTokens } from '../../kademlia/write-tokens.ts'
import { NodeAnswers, read, type NodeAnswersParts } from '../node-answers.ts'
import { ValueAnswers, type ValueAnswersParts } from './answer-values.ts'
import { BoundTokens } from './bound-tokens.ts'
import { ERROR, type KhashmirQuery, type KhashmirReply } from './messages.ts'
import { refused, type KhashmirAnswer } from './refusals.ts'

export interface AnswersParts extends NodeAnswersParts, ValueAnswersParts {
  readonly table: RoutingTable
  readonly tokens: WriteTokens
  /** Contacts in one reply. */
  readonly k: number
}

const PONG: KhashmirAnswer = { reply: {}, acknowledgesWrite: false }

export class KhashmirAnswers extends NodeAnswers<KhashmirQuery, KhashmirReply> {
  readonly #parts: AnswersParts
  readonly #tokens: BoundTokens
  readonly #values: ValueAnswers

  constructor(parts: AnswersParts) {
    super(parts, refused(ERROR.server, 'the store is not available'))
    this.#parts = parts
    this.#tokens = new BoundTokens(parts.tokens)
    this.#values = new ValueAnswers(parts, this.#tokens)
  }

  protected override choose(query: KhashmirQuery, from: Asker, now: number): KhashmirAnswer {
    switch (query.method) {
      case 'ping':
        return PONG
      case 'join':
        return read({ seenAs: from.address })
      case 'find_node':
        return read({
          nodes: this.#near(query.target, now),
          token: this.#tokens.issue(from.address.host, now),
        })
      case 'find_value':
        return read({ nodes: this.#near(query.key, now), num: this.#values.count(query.key, now) })
      case 'get_value':
        return read(this.#values.getValue(query, now))
      case 'store_value':
        return this.#values.storeValue(query, from, now)
    }
  }

  /** Good contacts only: those that answered us not long ago. */
  #near(target: Id, now: number): readonly Contact[] {
    return this.#parts.table.closest(target, this.#parts.k, now, 'good')
  }
}
