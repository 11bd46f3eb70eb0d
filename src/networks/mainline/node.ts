// A mainline node: the verbs that a user holds. Arguments are read here; the work is done where it says.
// Not here: how it runs, joins and closes (life.ts).
import type { Contact } from '../../kademlia/contact.ts'
import { toHex, type Id } from '../../kademlia/id.ts'
import { closestTo, type ClosestOptions } from '../../node/closest.ts'
import type { OperationOptions, PingResult } from '../../node/node-events.ts'
import { checkOperation } from '../../node/reading.ts'
import type { ResultStream } from '../../node/result-stream.ts'
import type { WriteReport } from '../../node/write.ts'
import { askDirectly, type DirectAnswer } from '../direct-query.ts'
import type { AddressLike } from '../host-port.ts'
import { toAsked, toIdArgument, type AskedLike, type IdLike } from '../id-arguments.ts'
import { Announcer, type AnnounceOptions } from './announce.ts'
import { toQuery, type QueryLike } from './arguments.ts'
import type { FamilyNode } from './family.ts'
import {
  toKey,
  toMode,
  toOptionalSeq,
  toPutOptions,
  toSalt,
  type GetOptions,
  type KeyLike,
  type NameLike,
  type PublicKeyLike,
  type PublishItemOptions,
  type PutOptions,
  type ResolveOptions,
} from './items/arguments.ts'
import { mutableTarget } from './items/item.ts'
import { ItemKeeper, type RepublishReport } from './items/item-keeper.ts'
import { ItemWriter } from './items/item-writer.ts'
import { keptEntry, type KeptEntry } from './items/kept-item.ts'
import { Publisher, type PublishReport } from './items/publisher.ts'
import { Reader, type Item, type SignedItem } from './items/reader.ts'
import { encodeValue, type ValueLike } from './items/value.ts'
import { toPublicKey } from './keys/key-bytes.ts'
import { toOwnKeyPair } from './keys/key-pair.ts'
import { MainlineLife, type MainlineParts } from './life.ts'
import type { MainlineReply } from './messages.ts'
import { findNode, type Peer } from './queries.ts'
import { Surveys, type SampleOptions } from './sample.ts'
import { Scraper, type ScrapeResult } from './scrape.ts'
import { searchPeers, type SearchOutcome } from './search.ts'
import type { Sample, SampleOutcome } from './sweep.ts'
import { decodeTorrentValue, parseTorrentLink } from './updatable-torrent.ts'

/** What a link to a torrent that changes leads to (BEP 46). */
export interface ResolvedTorrent extends SignedItem {
  /** 40 hex digits. */
  readonly infoHash: string
}

export class MainlineNode extends MainlineLife {
  readonly #announcer: Announcer
  readonly #keeper: ItemKeeper
  readonly #publisher: Publisher
  readonly #reader: Reader
  readonly #scraper: Scraper
  readonly #surveys: Surveys

  constructor(parts: MainlineParts) {
    super(parts)
    const { options, store, scheduler } = parts
    const kept = {
      store,
      state: store.state,
      scheduler,
      commits: this.commits,
      keepAlive: this.keepAlive,
    }
    this.#announcer = new Announcer(this.locals, kept, {
      intervalMs: options.announceIntervalMs,
      renewed: (report) => this.events.emit('announced', report),
    })
    const shared = {
      ...kept,
      families: () => this.oneAFamily(),
      records: store.records,
      lifetimeMs: options.itemLifetimeMs,
      intervalMs: options.publishIntervalMs,
      republished: (report: RepublishReport) => this.events.emit('republished', report),
    }
    const writer = new ItemWriter(shared)
    this.#keeper = new ItemKeeper({ ...shared, writer })
    this.#publisher = new Publisher({ ...shared, writer, keeper: this.#keeper })
    this.#reader = new Reader(shared)
    this.#scraper = new Scraper(shared.families, store.peers)
    this.#surveys = new Surveys({ ...parts, families: shared.families, private: options.private })
  }

  /**
   * Finds peers of an infohash (20 bytes, or 40 hex digits): each once, as soon as found, our own store's first. Ends by
   * itself when the closest nodes have answered. Leaving the loop or aborting stops the traffic. BEP 5.
   */
  peers(infoHash: IdLike, options: OperationOptions = {}): ResultStream<Peer, SearchOutcome> {
    this.assertOpen()
    checkOperation(options)
    const { signal } = options
    const target = toIdArgument('infoHash', infoHash)
    return searchPeers(this.oneAFamily(), { infoHash: target, peers: this.parts.store.peers, signal })
  }

  /**
   * Announces that a peer listens on `port` of this host, on the closest nodes that take it, and keeps that alive until
   * `unannounce`, also over restarts (`keepAlive: false`: once only). BEP 5; `impliedPort` lets nodes take our UDP port.
   */
  async announce(infoHash: IdLike, options: AnnounceOptions): Promise<WriteReport> {
    this.assertOpen()
    return this.#announcer.announce(toIdArgument('infoHash', infoHash), options)
  }

  /** Stops keeping an announce alive; other nodes forget it in time. False when there was none. */
  unannounce(infoHash: IdLike): boolean {
    this.assertOpen()
    return this.#announcer.unannounce(toIdArgument('infoHash', infoHash))
  }

  /** What this node keeps announced. `port` is null where it is implied. */
  announced(): { readonly infoHash: string; readonly port: number | null }[] {
    return this.#announcer
      .announced()
      .map(({ key, what }) => ({ infoHash: toHex(key), port: what.port ?? null }))
  }

  /**
   * Puts an immutable item: text, bytes, a number, a list or an object, of at most 1000 bytes encoded (docs/values.md). Its
   * key is the hash of it. Kept alive until `unput`, also over restarts (`keepAlive: false`: put once only). BEP 44.
   */
  async put(value: ValueLike, options: PutOptions = {}): Promise<WriteReport> {
    this.assertOpen()
    return this.#publisher.put(encodeValue(value), toPutOptions(options))
  }

  /** Finds an item by its key, verified: an immutable one, or a signed one (with `name`, where it has one). null: nobody has it. */
  async get(key: KeyLike, options: GetOptions = {}): Promise<Item | SignedItem | null> {
    this.assertOpen()
    checkOperation(options, ['mode', 'name'])
    const { mode, name = '', signal } = options
    return this.#reader.read({ target: toKey(key), salt: toSalt(name), mode: toMode(mode), signal })
  }

  /**
   * Publishes a value under our key and a name (at most 64 bytes), signed; the newest wins. Takes the next `seq` unless one
   * is given; with `cas` only where the newest is that one. Kept alive until `unpublish`, also over restarts. BEP 44.
   */
  async publish(name: NameLike, value: ValueLike, options: PublishItemOptions): Promise<PublishReport> {
    this.assertOpen()
    const request = {
      salt: toSalt(name),
      value: encodeValue(value),
      keyPair: toOwnKeyPair(options?.keyPair),
      cas: toOptionalSeq('cas', options.cas),
      seq: toOptionalSeq('seq', options.seq),
    }
    return this.#publisher.publish(request, toPutOptions(options, ['keyPair', 'cas', 'seq']))
  }

  /**
   * Finds the newest value under a public key (32 bytes, or 64 hex digits) and a name, verified. null: nobody has it, or
   * only an older version than this node has already seen. BEP 44.
   */
  async resolve(
    publicKey: PublicKeyLike,
    name: NameLike = '',
    options: ResolveOptions = {},
  ): Promise<SignedItem | null> {
    this.assertOpen()
    checkOperation(options, ['mode'])
    const { mode, signal } = options
    const salt = toSalt(name)
    return this.#reader.resolve(toPublicKey('publicKey', publicKey), { salt, mode: toMode(mode), signal })
  }

  /** Stops keeping an immutable item alive; other nodes forget it in two hours. False when it was not kept. */
  unput(key: KeyLike): boolean {
    this.assertOpen()
    return this.#keeper.forget('put', toKey(key))
  }

  /** Stops keeping alive what was published; other nodes forget it in two hours. False when it was not kept. */
  unpublish(publicKey: PublicKeyLike, name: NameLike = ''): boolean {
    this.assertOpen()
    return this.#keeper.forget('publish', targetOf(publicKey, name))
  }

  /**
   * Looks after an item that somebody else publishes: counts its copies, now and from then on, and puts it where it is
   * missing. Until `unwatch`, also over restarts. BEP 44, "Expiration".
   */
  async watchOver(
    publicKey: PublicKeyLike,
    name: NameLike = '',
    options: OperationOptions = {},
  ): Promise<RepublishReport> {
    this.assertOpen()
    checkOperation(options)
    return this.#keeper.watchOver(toPublicKey('publicKey', publicKey), toSalt(name), options.signal)
  }

  /** Stops looking after it. False when it was not looked after. */
  unwatch(publicKey: PublicKeyLike, name: NameLike = ''): boolean {
    this.assertOpen()
    return this.#keeper.forget('watch', targetOf(publicKey, name))
  }

  /** The items that this node keeps alive. */
  kept(): KeptEntry[] {
    return this.#keeper.kept().map(({ target, kept }) => keptEntry(target, kept))
  }

  /**
   * Publishes a torrent under our key and a name, so that a link to it (`formatTorrentLink`) always leads to the newest
   * (BEP 46). Kept alive like everything that is published, and taken back by `unpublish`.
   */
  async publishTorrent(
    name: NameLike,
    infoHash: IdLike,
    options: PublishItemOptions,
  ): Promise<PublishReport> {
    return this.publish(name, { ih: toIdArgument('infoHash', infoHash) }, options)
  }

  /** Finds the torrent that a link (`magnet:?xs=urn:btpk:…`) leads to now. null: not found, or no torrent (BEP 46). */
  async resolveTorrent(link: string, options: ResolveOptions = {}): Promise<ResolvedTorrent | null> {
    const { publicKey, salt } = parseTorrentLink(link)
    const found = await this.resolve(publicKey, salt, options)
    const infoHash = found === null ? null : decodeTorrentValue(found.encoded)
    return found === null || infoHash === null ? null : { ...found, infoHash: toHex(infoHash) }
  }

  /**
   * About how many seeds and other peers announce an infohash, without asking for their addresses (BEP 33). Four at once;
   * further ones wait.
   */
  async scrape(infoHash: IdLike, options: OperationOptions = {}): Promise<ScrapeResult> {
    this.assertOpen()
    checkOperation(options)
    return this.#scraper.scrape(toIdArgument('infoHash', infoHash), options.signal)
  }

  /**
   * Surveys which infohashes the nodes of the network store: each comes once. Ends when every node that could be found was
   * asked, or goes on with `again`; respects the interval of each node. Leaving the loop stops the traffic. BEP 51.
   */
  sample(options: SampleOptions = {}): ResultStream<Sample, SampleOutcome> {
    this.assertOpen()
    return this.#surveys.begin(options)
  }

  override close(): Promise<void> {
    this.#surveys.close()
    return super.close()
  }

  /** The live nodes closest to a target, nearest first: k a family. `onHop` hears of every request of the walk. */
  async closest(target: IdLike, options: ClosestOptions = {}): Promise<readonly Contact[]> {
    this.assertOpen()
    checkOperation(options, ['onHop'])
    const id = toIdArgument('target', target)
    const asking = {
      locals: this.oneAFamily(),
      query: (family: FamilyNode) => findNode(id, family.queryOptions),
    }
    return closestTo(id, asking, options)
  }

  /** Asks one node whether it lives; if so it may enter the table. Throws XorbitError 'no-answer'. BEP 5, PORT message. */
  async ping(address: AddressLike, options: OperationOptions = {}): Promise<PingResult> {
    const { contact, rttMs } = await this.query(address, { method: 'ping' }, options)
    return { id: contact.id, host: contact.address.host, port: contact.address.port, rttMs }
  }

  /** Asks one node directly. Throws XorbitError 'no-answer' or 'refused' (with the error code). */
  async query(
    address: AskedLike,
    query: QueryLike,
    options: OperationOptions = {},
  ): Promise<DirectAnswer<MainlineReply>> {
    this.assertOpen()
    checkOperation(options)
    return askDirectly(this.oneAFamily(), { ...toAsked(address), query: toQuery(query) }, options.signal)
  }
}

function targetOf(publicKey: PublicKeyLike, name: NameLike): Id {
  return mutableTarget(toPublicKey('publicKey', publicKey), toSalt(name))
}
