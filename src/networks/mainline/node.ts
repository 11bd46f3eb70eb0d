// A mainline node: the verbs that a user holds, over one or two address families that share a store (BEP 32).
// Handed its transports, store and clock, so that it runs on real sockets (open.ts) and in the simulator alike.
import { familyOf } from '../../codecs/compact-address.ts'
import type { Address, Contact } from '../../kademlia/contact.ts'
import { compareDistance, toHex, type Id } from '../../kademlia/id.ts'
import type { EngineEvent, Hash, Random } from '../../kademlia/ports.ts'
import type { Hop } from '../../kademlia/walk.ts'
import { CommitBatch } from '../../node/commit-batch.ts'
import { badArgument, XorbitError } from '../../node/errors.ts'
import type { JoinReport } from '../../node/joining.ts'
import type { Scheduler } from '../../node/ports.ts'
import type { ResultStream } from '../../node/result-stream.ts'
import { TypedEvents } from '../../node/typed-events.ts'
import type { Store } from '../../stores/store.ts'
import { Announcer, type AnnounceOptions, type WriteReport } from './announce.ts'
import { toHostPort, toIdArgument, toQuery } from './arguments.ts'
import type { AddressLike, IdLike, QueryLike } from './arguments.ts'
import { FamilyNode, type FamilyPorts } from './family.ts'
import type { MainlineReply } from './messages.ts'
import type { BootstrapHost, ResolvedOptions } from './options.ts'
import { findNode, type Peer } from './queries.ts'
import { searchPeers, type SearchOutcome } from './search.ts'
import { statsOf, type MainlineStats } from './stats.ts'

/** Peers dropped for age in one piece, so that expiry never blocks for long. */
const EXPIRE_AT_ONCE = 2_000

export interface MainlineEvents {
  joined: JoinReport & { readonly family: 4 | 6 }
  /** Our address was seen to be another one, so our id changed with it (BEP 42). */
  idChanged: { readonly family: 4 | 6; readonly id: Id; readonly oldId: Id }
  contactAdded: { readonly family: 4 | 6; readonly contact: Contact }
  contactRemoved: { readonly family: 4 | 6; readonly contact: Contact; readonly why: string }
  /** The machine slept, or our link was dead and is back: the table is verified again. */
  slept: { readonly family: 4 | 6; readonly forMs: number }
  offline: { readonly family: 4 | 6 }
  online: { readonly family: 4 | 6 }
  /** What is kept alive was announced again, on as many nodes as the report says. */
  announced: WriteReport
  /** Something went wrong that the node survives, such as a full disk. */
  warning: { readonly error: unknown }
  closed: Record<string, never>
}

export interface OperationOptions {
  readonly signal?: AbortSignal | undefined
}

export interface PingResult {
  readonly id: Id
  readonly host: string
  readonly port: number
  readonly rttMs: number
}

export interface MainlineParts {
  readonly options: ResolvedOptions
  readonly store: Store
  /** Whether close() closes the store: not one that the user brought. */
  readonly ownsStore: boolean
  readonly scheduler: Scheduler
  readonly random: Random
  readonly hash: Hash
  /** One or two, of different families. */
  readonly families: readonly FamilyPorts[]
}

export class MainlineNode {
  protected readonly parts: MainlineParts
  readonly #families: readonly FamilyNode[]
  readonly #events = new TypedEvents<MainlineEvents>()
  readonly #commits: CommitBatch
  readonly #announcer: Announcer
  #closing: Promise<void> | null = null

  constructor(parts: MainlineParts) {
    this.parts = parts
    const { options, store, scheduler, random, hash } = parts
    this.#commits = new CommitBatch({
      scheduler,
      commit: () => store.commit(),
      onFailure: (error) => this.#events.emit('warning', { error }),
    })
    const shared = { options, store, scheduler, random, hash, commits: this.#commits }
    const families: FamilyNode[] = []
    for (const ports of parts.families) {
      families.push(
        new FamilyNode(shared, ports, {
          sibling: () => families.find(({ family }) => family !== ports.family) ?? null,
          notice: (family, event) => this.#notice(family, event),
          idChanged: (family, oldId) => this.#idChanged(family, oldId),
          joined: (family, report) => this.#joined(family, report),
          checkpoint: (now) => this.#checkpoint(now),
        }),
      )
    }
    this.#families = families
    this.#announcer = new Announcer({
      families,
      store,
      scheduler,
      random,
      intervalMs: options.announceIntervalMs,
      changed: () => this.#commits.schedule(),
      renewed: (report) => this.#events.emit('announced', report),
    })
  }

  /** Our id in the IPv4 DHT, or in the IPv6 DHT where that is the only one: 20 bytes. It may change (`idChanged`). */
  get id(): Id {
    return this.#families[0]!.id
  }

  /** Our id in the IPv6 DHT; null when the node has no IPv6. */
  get id6(): Id | null {
    return this.#familyOf(6)?.id ?? null
  }

  /** The addresses that we listen on, IPv4 first. */
  get addresses(): readonly Address[] {
    return this.#families.map(({ local }) => local)
  }

  /** Whether loopback and private addresses are contacts here. */
  get private(): boolean {
    return this.parts.options.private
  }

  /** Calls the listener at each such event; the result takes it off. */
  on<Name extends keyof MainlineEvents>(
    name: Name,
    listener: (detail: MainlineEvents[Name]) => void,
  ): () => void {
    return this.#events.on(name, listener)
  }

  /** Starts to receive, begins to join, and takes up what was promised before. Called once, by who opens the node. */
  start(): void {
    for (const family of this.#families) {
      family.save()
      family.runner.start()
    }
    this.#commits.flush()
    this.#announcer.resume()
  }

  /**
   * Joins through our own table, else through the bootstrap nodes, or through these addresses; resolves when the
   * closest nodes to our own id are known, or nobody answered. A node that is alone goes on as the first of its network.
   */
  async join(seeds: readonly AddressLike[] = []): Promise<JoinReport> {
    this.#assertOpen()
    const hosts = seeds.map((seed) => toHostPort('seeds', seed))
    const reports = await Promise.all(
      this.#families.map(async ({ joining, resolve }) => {
        const addresses = await Promise.all(hosts.map((host) => resolve(host)))
        return joining.join(addresses.flat())
      }),
    )
    const joined = reports.find(({ via }) => via !== 'nobody') ?? reports[0]!
    return {
      via: joined.via,
      contacts: reports.reduce((sum, { contacts }) => sum + contacts, 0),
      bootstrap: reports.flatMap(({ bootstrap }) => bootstrap),
    }
  }

  /**
   * Finds peers of an infohash (20 bytes, or 40 hex digits): each once, as soon as found, our own store's first. Ends by
   * itself when the closest nodes have answered. Leaving the loop or aborting stops the traffic. BEP 5.
   */
  peers(infoHash: IdLike, { signal }: OperationOptions = {}): ResultStream<Peer, SearchOutcome> {
    this.#assertOpen()
    signal?.throwIfAborted()
    const target = toIdArgument('infoHash', infoHash)
    return searchPeers(this.#families, { infoHash: target, peers: this.parts.store.peers, signal })
  }

  /**
   * Announces that a peer listens on `port` of this host, on the closest nodes that take it, and keeps that alive until
   * `unannounce`, also over restarts (`keepAlive: false`: once only). BEP 5; `impliedPort` lets nodes take our UDP port.
   */
  async announce(infoHash: IdLike, options: AnnounceOptions): Promise<WriteReport> {
    this.#assertOpen()
    return this.#announcer.announce(toIdArgument('infoHash', infoHash), options)
  }

  /** Stops keeping an announce alive; other nodes forget it in time. False when there was none. */
  unannounce(infoHash: IdLike): boolean {
    this.#assertOpen()
    return this.#announcer.unannounce(toIdArgument('infoHash', infoHash))
  }

  /** What this node keeps announced. `port` is null where it is implied. */
  announced(): { readonly infoHash: string; readonly port: number | null }[] {
    return this.#announcer
      .announced()
      .map(({ commitment, announced }) => ({ infoHash: toHex(commitment.key), port: announced.port ?? null }))
  }

  /** The live nodes closest to a target, nearest first: k a family. `onHop` hears of every request of the walk. */
  async closest(
    target: IdLike,
    options: OperationOptions & { readonly onHop?: (hop: Hop) => void } = {},
  ): Promise<readonly Contact[]> {
    this.#assertOpen()
    const id = toIdArgument('target', target)
    const walks = this.#families.map(({ runner, queryOptions }) => {
      return runner.lookup({ query: findNode(id, queryOptions), ...options }).outcome
    })
    const outcomes = await Promise.all(walks)
    return outcomes
      .flatMap(({ closest }) => closest.map(({ contact }) => contact))
      .sort((a, b) => compareDistance(id, a.id, b.id))
  }

  /** Asks one node whether it lives; if so it may enter the table. Throws XorbitError 'no-answer'. BEP 5, PORT message. */
  async ping(address: AddressLike, options: OperationOptions = {}): Promise<PingResult> {
    const { contact, rttMs } = await this.query(address, { method: 'ping' }, options)
    return { id: contact.id, host: contact.address.host, port: contact.address.port, rttMs }
  }

  /** Asks one node directly. Throws XorbitError 'no-answer' or 'refused' (with the error code). */
  async query(
    address: AddressLike | Contact,
    query: QueryLike,
    options: OperationOptions = {},
  ): Promise<{ readonly contact: Contact; readonly reply: MainlineReply; readonly rttMs: number }> {
    this.#assertOpen()
    const isContact = typeof address === 'object' && 'id' in address
    const to = isContact ? address.address : await this.#resolve(toHostPort('address', address))
    const family = this.#familyFor(to)
    const expectedId = isContact ? address.id : null
    const outcome = await family.runner.ask({ query: toQuery(query), to, expectedId }, options)
    if (outcome.kind === 'reply') return outcome
    const where = `${to.host}:${to.port}`
    if (outcome.kind === 'error') {
      const { code, message } = outcome.refusal
      throw new XorbitError('refused', `${where} answered with error ${code}: ${message}`, {
        refusal: outcome.refusal,
      })
    }
    throw new XorbitError('no-answer', `${where}: ${REASONS[outcome.why] ?? outcome.why}`, {
      why: outcome.why,
    })
  }

  /** Refreshes the buckets that have been quiet for long, or with `force` all. */
  async refresh(options: { readonly force?: boolean } = {}): Promise<void> {
    this.#assertOpen()
    await Promise.all(this.#families.map(({ runner }) => runner.refresh(options.force ?? false)))
  }

  /** The machine is on another network now: every contact is verified again. Nodes on real sockets notice by themselves. */
  networkChanged(): void {
    if (this.#closing !== null) return
    for (const { runner, joining } of this.#families) {
      runner.engine.networkChanged(this.parts.scheduler.now())
      void joining.join().catch(() => {})
    }
  }

  stats(): MainlineStats {
    const { store, options, scheduler } = this.parts
    return statsOf(this.#families, store, { readOnly: options.readOnly, now: scheduler.now() })
  }

  /** The contacts in our tables, IPv4 first. */
  contacts(): Contact[] {
    return this.#families.flatMap(({ table }) =>
      [...table.contacts()].map(({ id, address }) => ({ id, address })),
    )
  }

  /** Saves everything, ends what is under way, frees sockets and file. May be called twice. */
  close(): Promise<void> {
    this.#closing ??= this.#closeOnce()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #closeOnce(): Promise<void> {
    this.#announcer.close()
    for (const family of this.#families) family.save()
    this.#commits.flush()
    await Promise.all(this.#families.map((family) => family.close()))
    if (this.parts.ownsStore) this.parts.store.close()
    this.#events.emit('closed', {})
    this.#events.clear()
  }

  #assertOpen(): void {
    if (this.#closing !== null) throw new XorbitError('closed', 'the node is closed')
  }

  #checkpoint(now: number): void {
    const before = now - this.parts.options.peerLifetimeMs
    const dropped = this.parts.store.peers.expire(before, EXPIRE_AT_ONCE)
    // The rest in later turns, so that packets get their turn in between.
    if (dropped === EXPIRE_AT_ONCE) this.parts.scheduler.soon(() => this.#checkpoint(now))
    else for (const family of this.#families) family.save()
    this.#commits.schedule()
  }

  /** Saved at once: who is killed before the first checkpoint shall come back through the table that it had. */
  #joined(family: FamilyNode, report: JoinReport): void {
    if (report.via !== 'nobody') {
      family.save()
      this.#commits.schedule()
    }
    this.#events.emit('joined', { ...report, family: family.family })
  }

  #idChanged(family: FamilyNode, oldId: Id): void {
    family.save()
    this.#commits.schedule()
    this.#events.emit('idChanged', { family: family.family, id: family.id, oldId })
  }

  #notice({ family }: FamilyNode, event: EngineEvent): void {
    if (event.kind === 'contact-added') this.#events.emit('contactAdded', { family, contact: event.contact })
    else if (event.kind === 'contact-removed') {
      this.#events.emit('contactRemoved', { family, contact: event.contact, why: event.why })
    } else if (event.kind === 'slept') this.#events.emit('slept', { family, forMs: event.forMs })
    else if (event.kind !== 'dropped') this.#events.emit(event.kind, { family })
  }

  #familyOf(family: 4 | 6): FamilyNode | null {
    return this.#families.find((each) => each.family === family) ?? null
  }

  #familyFor(address: Address): FamilyNode {
    const family = familyOf(address.host)
    const found = this.#families.find((each) => each.family === family)
    if (found !== undefined) return found
    throw badArgument(
      'address',
      `an address of IPv${this.#families[0]!.family}, as this node has`,
      address.host,
    )
  }

  /** The first address of a host that one of our families can reach; the host itself where it is one. */
  async #resolve(host: BootstrapHost): Promise<Address> {
    if (familyOf(host.host) !== null) return host
    const addresses = await Promise.all(this.#families.map(({ resolve }) => resolve(host)))
    const address = addresses.flat()[0]
    if (address === undefined) throw new XorbitError('no-answer', `${host.host}: the name cannot be resolved`)
    return address
  }
}

const REASONS: Readonly<Record<string, string>> = {
  timeout: 'no answer in time',
  unreachable: 'cannot be reached',
  malformed: 'the answer is malformed',
  imposter: 'another id answered than expected',
  overload: 'too many requests of ours are under way',
  'not-dialable':
    'not an address that a node of this network dials (a loopback or private address needs a private network)',
}
