// What a mainline node answers, by method (BEP 5, 32, 33, 43, 44, 51). This file is the door; peers are in
// answer-peers.ts, items in answer-items.ts, samples in infohash-samples.ts, contacts in near-contacts.ts.
// Not here: parsing, caps and the `ip` key (wire.ts), limits (kademlia/rate-limits.ts).
import type { Asker } from '../../kademlia/ports.ts'
import type { WriteTokens } from '../../kademlia/write-tokens.ts'
import { NodeAnswers, read, type NodeAnswersParts } from '../node-answers.ts'
import { ItemAnswers, type ItemAnswersParts } from './answer-items.ts'
import { PeerAnswers, type PeerAnswersParts } from './answer-peers.ts'
import { BoundTokens } from './bound-tokens.ts'
import { InfohashSamples, type InfohashSamplesParts } from './infohash-samples.ts'
import { ERROR, type MainlineQuery, type MainlineReply } from './messages.ts'
import { NearContacts, type NearContactsParts } from './near-contacts.ts'
import { refused, type MainlineAnswer } from './refusals.ts'

export interface AnswersParts
  extends NodeAnswersParts, NearContactsParts, PeerAnswersParts, ItemAnswersParts, InfohashSamplesParts {
  readonly tokens: WriteTokens
}

const PONG: MainlineAnswer = { reply: {}, acknowledgesWrite: false }

export class MainlineAnswers extends NodeAnswers<MainlineQuery, MainlineReply> {
  readonly #contacts: NearContacts
  readonly #peers: PeerAnswers
  readonly #items: ItemAnswers
  readonly #samples: InfohashSamples

  constructor(parts: AnswersParts) {
    super(parts, refused(ERROR.server, 'the store is not available'))
    const contacts = new NearContacts(parts)
    const tokens = new BoundTokens(parts.tokens)
    this.#contacts = contacts
    this.#peers = new PeerAnswers(parts, { contacts, tokens })
    this.#items = new ItemAnswers(parts, { contacts, tokens })
    this.#samples = new InfohashSamples(parts)
  }

  protected override choose(query: MainlineQuery, from: Asker, now: number): MainlineAnswer {
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
