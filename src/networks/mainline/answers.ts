// What a mainline node answers: ping, find_node, get_peers, announce_peer (BEP 5, 32, 43).
// Not here: parsing, caps and the `ip` key (wire.ts), limits (kademlia/rate-limits.ts).
import type { Family } from '../../codecs/compact-address.ts'
import { packAddress, writeHost } from '../../codecs/compact-address.ts'
import type { KnownContact } from '../../kademlia/contact.ts'
import type { Id } from '../../kademlia/id.ts'
import type { Answer, Answers, Asker } from '../../kademlia/ports.ts'
import type { RoutingTable } from '../../kademlia/routing-table.ts'
import type { WriteTokens } from '../../kademlia/write-tokens.ts'
import type { PeerStore } from '../../stores/store.ts'
import { ERROR, type MainlineQuery, type MainlineReply, type Want } from './messages.ts'

/** Peers in one reply at most; what does not fit the datagram is shed by the wire. BEP 32 keeps it below 1024 bytes. */
const MAX_VALUES: Record<Family, number> = { 4: 90, 6: 34 }

export interface AnswersParts {
  readonly family: Family
  /** The table of a family; null when the node does not take part in that DHT. */
  readonly tables: (family: Family) => RoutingTable | null
  readonly tokens: WriteTokens
  readonly peers: PeerStore
  /** Uniform in [0, 1). */
  readonly fraction: () => number
  /** The store does not take what it should. */
  readonly storeFailed: (error: unknown) => void
  /** BEP 43: a read-only node answers nothing. */
  readonly readOnly: () => boolean
  readonly k: number
}

type MainlineAnswer = Answer<MainlineReply>

const PONG: MainlineAnswer = { reply: {}, acknowledgesWrite: false }
const ANNOUNCED: MainlineAnswer = { reply: {}, acknowledgesWrite: true }

export class MainlineAnswers implements Answers<MainlineQuery, MainlineReply> {
  readonly #parts: AnswersParts
  /** What a token is bound to: up to 16 bytes of IP, then the 20 of the infohash. T11. */
  readonly #binding = new Uint8Array(36)

  constructor(parts: AnswersParts) {
    this.#parts = parts
  }

  answer(query: MainlineQuery, from: Asker, now: number): MainlineAnswer {
    if (this.#parts.readOnly()) return null
    switch (query.method) {
      case 'ping':
        return PONG
      case 'find_node':
        return { reply: this.#contacts(query.target, query.want, now), acknowledgesWrite: false }
      case 'get_peers':
        return { reply: this.#getPeers(query, from, now), acknowledgesWrite: false }
      case 'announce_peer':
        return this.#announcePeer(query, from, now)
      case 'get':
      case 'put':
      case 'sample_infohashes':
        return null
    }
  }

  /** What a token for this asker and infohash is bound to. Valid until the next call. */
  #bindingOf(host: string, infoHash: Id): Uint8Array {
    const hostBytes = writeHost(host, this.#binding, 0)
    this.#binding.set(infoHash, hostBytes)
    return this.#binding.subarray(0, hostBytes + infoHash.length)
  }

  #getPeers(query: Extract<MainlineQuery, { method: 'get_peers' }>, from: Asker, now: number): MainlineReply {
    const { family, peers, tokens, fraction } = this.#parts
    const { infoHash, noSeed } = query
    const token = tokens.issue(this.#bindingOf(from.address.host, infoHash), now)
    const sample = peers.sample(infoHash, { family, count: MAX_VALUES[family], noSeeds: noSeed, fraction })
    // Contacts always, beside peers too (B5-13, B32-06): lookups need them.
    const contacts = this.#contacts(infoHash, query.want, now)
    return sample.length === 0
      ? { ...contacts, token }
      : { ...contacts, token, values: sample.map(({ compact }) => compact) }
  }

  #announcePeer(
    query: Extract<MainlineQuery, { method: 'announce_peer' }>,
    from: Asker,
    now: number,
  ): MainlineAnswer {
    const { tokens, peers } = this.#parts
    const { host } = from.address
    if (!tokens.verify(query.token, this.#bindingOf(host, query.infoHash), now)) {
      const refusal = {
        code: ERROR.protocol,
        message: 'announce_peer: the token is not valid; ask get_peers for one',
      }
      return { refusal, failedToken: true }
    }
    // The address is the sender's own, whatever it says (B5-17).
    const port = query.port === 'implied' ? from.address.port : query.port
    const compact = packAddress({ host, port })!
    const refused = (message: string): MainlineAnswer => {
      return { refusal: { code: ERROR.server, message }, failedToken: false }
    }
    try {
      const outcome = peers.announce(query.infoHash, { compact, seed: query.seed, refreshedAt: now })
      return outcome.stored ? ANNOUNCED : refused(`no room: ${outcome.why}`)
    } catch (error) {
      // A store that was closed under us, or one that the user brought: no packet may bring us down.
      this.#parts.storeFailed(error)
      return refused('the store is not available')
    }
  }

  /** Good contacts only (B5-08), of the families asked for, or of that which the query came by (B32-04). */
  #contacts(target: Id, want: Want, now: number): MainlineReply {
    const { family } = this.#parts
    const n4 = want === null ? family === 4 : want.n4
    const n6 = want === null ? family === 6 : want.n6
    if (n4 && !n6) return { nodes: this.#closest(4, target, now) }
    if (n6 && !n4) return { nodes6: this.#closest(6, target, now) }
    return n4 ? { nodes: this.#closest(4, target, now), nodes6: this.#closest(6, target, now) } : {}
  }

  #closest(family: Family, target: Id, now: number): readonly KnownContact[] {
    return this.#parts.tables(family)?.closest(target, this.#parts.k, now, 'good') ?? []
  }
}
