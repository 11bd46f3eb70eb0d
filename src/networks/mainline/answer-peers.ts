// What a node answers about peers: get_peers with scrapes, and announce_peer (BEP 5, 32, 33).
// Not here: contacts (near-contacts.ts), what is kept and for how long (stores/, expiry.ts).
import { COMPACT_BYTES, packAddress, writeAddress } from '../../codecs/compact-address.ts'
import type { Asker } from '../../kademlia/ports.ts'
import type { StoredPeer } from '../../stores/store.ts'
import type { BoundTokens } from './bound-tokens.ts'
import type { MainlineQuery, MainlineReply, Want } from './messages.ts'
import type { NearContacts } from './near-contacts.ts'
import { badToken, noRoom, TAKEN, type MainlineAnswer } from './refusals.ts'
import { ScrapeFilters, type ScrapeFiltersParts } from './scrape-filters.ts'

/** Peers in one reply at most; what does not fit the datagram is shed by the wire. BEP 32 keeps it below 1024 bytes. */
const MAX_VALUES = { 4: 90, 6: 34 } as const

/** Beside filters there is room for no more (B33-11). */
const MAX_VALUES_OF_SCRAPE = { 4: 24, 6: 6 } as const

export interface PeerAnswersParts extends ScrapeFiltersParts {
  /** Uniform in [0, 1). */
  readonly fraction: () => number
}

type GetPeers = Extract<MainlineQuery, { method: 'get_peers' }>
type AnnouncePeer = Extract<MainlineQuery, { method: 'announce_peer' }>

export class PeerAnswers {
  readonly #parts: PeerAnswersParts
  readonly #contacts: NearContacts
  readonly #tokens: BoundTokens
  readonly #filters: ScrapeFilters
  /** The compact address of whoever asks; overwritten by the next. */
  readonly #asker = new Uint8Array(COMPACT_BYTES[6])

  constructor(parts: PeerAnswersParts, shared: { contacts: NearContacts; tokens: BoundTokens }) {
    this.#parts = parts
    this.#contacts = shared.contacts
    this.#tokens = shared.tokens
    this.#filters = new ScrapeFilters(parts)
  }

  getPeers(query: GetPeers, from: Asker, now: number): MainlineReply {
    const { family, peers, fraction } = this.#parts
    const { infoHash, noSeed, scrape } = query
    const filters = scrape ? this.#filters.of(infoHash, now) : null
    const count = (filters === null ? MAX_VALUES : MAX_VALUES_OF_SCRAPE)[family]
    const sample = peers.sample(infoHash, { family, count, noSeeds: noSeed, fraction })
    // Contacts always, beside peers too (B5-13, B32-06): lookups need them.
    const want = filters === null ? query.want : onlyOne(query.want)
    const reply: { -readonly [key in keyof MainlineReply]: MainlineReply[key] } = this.#contacts.around(
      infoHash,
      want,
      now,
    )
    if (this.#takes(query, from)) {
      reply.token = this.#tokens.issue({ host: from.address.host, target: infoHash }, now)
    }
    if (filters !== null) reply.filters = filters
    const values = this.#living(sample, now)
    if (values.length > 0) reply.values = values
    return reply
  }

  announcePeer(query: AnnouncePeer, from: Asker, now: number): MainlineAnswer {
    const { infoHash, seed } = query
    const { host } = from.address
    if (!this.#tokens.verify(query.token, { host, target: infoHash }, now)) {
      return badToken('announce_peer', 'get_peers')
    }
    // The address is the sender's own, whatever it says (B5-17).
    const port = query.port === 'implied' ? from.address.port : query.port
    const compact = packAddress({ host, port })!
    const outcome = this.#parts.peers.announce(infoHash, { compact, seed, refreshedAt: now })
    return outcome.stored ? TAKEN : noRoom('announce_peer', outcome.why)
  }

  /**
   * No token says that an announce would be refused, as in a swarm that is full: who announces goes elsewhere at once
   * (BEP 33, B33-10). Who is in it already may always refresh.
   */
  #takes({ infoHash }: GetPeers, from: Asker): boolean {
    const compact = this.#asker.subarray(0, writeAddress(from.address, this.#asker, 0))
    return this.#parts.peers.refusal(infoHash, compact) === null
  }

  /** Nobody who has expired, also where a timer was late because the machine slept. */
  #living(sample: readonly StoredPeer[], now: number): Uint8Array[] {
    const oldest = now - this.#parts.peerLifetimeMs
    const living: Uint8Array[] = []
    for (const { compact, refreshedAt } of sample) if (refreshedAt >= oldest) living.push(compact)
    return living
  }
}

/** Filters leave no room for contacts of both families, only for those of the query's own (B33-11). */
function onlyOne(want: Want): Want {
  return want !== null && want.n4 && want.n6 ? null : want
}
