// What a drogulus node answers, by method (drogulus B4). This file is the door; store is in answer-store.ts.
// Not here: parsing and errors of form (wire.ts), limits (kademlia/rate-limits.ts).
import type { Contact } from '../../kademlia/contact.ts'
import type { Id } from '../../kademlia/id.ts'
import type { Asker } from '../../kademlia/ports.ts'
import { NodeAnswers, read, type NodeAnswersParts } from '../node-answers.ts'
import { StoreAnswers, type StoreAnswersParts } from './answer-store.ts'
import { isExpired } from './keys/signed-value.ts'
import { ERROR, type DrogulusQuery, type DrogulusReply, type SignedValue } from './messages.ts'
import { refused, type DrogulusAnswer } from './refusals.ts'
import { valueOf } from './values/record.ts'

export type AnswersParts = NodeAnswersParts & StoreAnswersParts

const PONG: DrogulusAnswer = { reply: {}, acknowledgesWrite: false }

/** What originals can read in a contact (drogulus B2). */
const MAX_OLD_PORT = 49_151

export class DrogulusAnswers extends NodeAnswers<DrogulusQuery, DrogulusReply> {
  readonly #parts: AnswersParts
  readonly #store: StoreAnswers

  constructor(parts: AnswersParts) {
    super(parts, refused(ERROR.internal, { message: 'The store is not available.' }))
    this.#parts = parts
    this.#store = new StoreAnswers(parts)
  }

  protected override choose(query: DrogulusQuery, from: Asker, now: number): DrogulusAnswer {
    switch (query.method) {
      case 'ping':
        return PONG
      case 'findnode':
        return read({ nodes: this.#near(query, now) })
      case 'findvalue': {
        const item = this.#held(query.key, now)
        return read(item === null ? { nodes: this.#near(query, now) } : { item })
      }
      case 'store':
        return this.#store.store(query.item, from, now)
    }
  }

  /** Good contacts only, and for originals those whose ports they can read: others take no place from them. */
  #near({ key, anyPort }: { key: Id; anyPort: boolean }, now: number): readonly Contact[] {
    const { table, k } = this.#parts
    const near = table.closest(key, k, now, 'good')
    if (anyPort || near.every(isReadable)) return near
    return table.closest(key, table.size, now, 'good').filter(isReadable).slice(0, k)
  }

  #held(key: Id, now: number): SignedValue | null {
    const record = this.#parts.records.get(key, now)
    const item = record === null ? null : valueOf(record, this.#parts.revision)
    return item === null || isExpired(item, now) ? null : item
  }
}

function isReadable({ address }: Contact): boolean {
  return address.port <= MAX_OLD_PORT
}
