// What a mainline node answers, by method (BEP 5, 32, 33, 43, 44, 51). This file is the door; peers are in
// answer-peers.ts, items in answer-items.ts, samples in infohash-samples.ts, contacts in near-contacts.ts.
// Not here: parsing, caps and the `ip` key (wire.ts), limits (kademlia/rate-limits.ts).
import type { Answers, Asker } from '../../kademlia/ports.ts'
import type { WriteTokens } from '../../kademlia/write-tokens.ts'
import { ItemAnswers, type ItemAnswersParts } from './answer-items.ts'
import { PeerAnswers, type PeerAnswersParts } from './answer-peers.ts'
import { BoundTokens } from './bound-tokens.ts'
import { InfohashSamples, type InfohashSamplesParts } from './infohash-samples.ts'
import { ERROR, type MainlineQuery, type MainlineReply } from './messages.ts'
import { NearContacts, type NearContactsParts } from './near-contacts.ts'
import { refused, type MainlineAnswer } from './refusals.ts'

export interface AnswersParts
  extends NearContactsParts, PeerAnswersParts, ItemAnswersParts, InfohashSamplesParts {
  readonly tokens: WriteTokens
  /** The store does not take what it should. */
  readonly storeFailed: (error: unknown) => void
  /** BEP 43: a read-only node answers nothing. */
  readonly readOnly: () => boolean
}

const PONG: MainlineAnswer = { reply: {}, acknowledgesWrite: false }

export class MainlineAnswers implements Answers<MainlineQuery, MainlineReply> {
  readonly #parts: AnswersParts
  readonly #contacts: NearContacts
  readonly #peers: PeerAnswers
  readonly #items: ItemAnswers
  readonly #samples: InfohashSamples

  constructor(parts: AnswersParts) {
    this.#parts = parts
    const contacts = new NearContacts(parts)
    const tokens = new BoundTokens(parts.tokens)
    this.#contacts = contacts
    this.#peers = new PeerAnswers(parts, { contacts, tokens })
    this.#items = new ItemAnswers(parts, { contacts, tokens })
    this.#samples = new InfohashSamples(parts)
  }

  answer(query: MainlineQuery, from: Asker, now: number): MainlineAnswer {
    if (this.#parts.readOnly()) return null
    try {
      return this.#answer(query, from, now)
    } catch (error) {
      // A store that was closed under us, or one that the user brought: no packet may bring us down.
      this.#parts.storeFailed(error)
      return refused(ERROR.server, 'the store is not available')
    }
  }

  #answer(query: MainlineQuery, from: Asker, now: number): MainlineAnswer {
    switch (query.method) {
      case 'ping':
        return PONG
      case 'find_node':
        return read(this.#contacts.around(query.target, query.want, now))
      case 'get_peers':
        return read(this.#peers.getPeers(query, from, now))
      case 'announce_peer':
        return this.#peers.announcePeer(query, from, now)
      case 'get':
        return read(this.#items.get(query, from, now))
      case 'put':
        return this.#items.put(query, from, now)
      case 'sample_infohashes':
        // Around the target there are contacts only: it has no effect on the samples (B51-05).
        return read({ ...this.#contacts.around(query.target, query.want, now), ...this.#samples.at(now) })
    }
  }
}

function read(reply: MainlineReply): MainlineAnswer {
  return { reply, acknowledgesWrite: false }
}
