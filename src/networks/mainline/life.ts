// A mainline node as something that runs: its families, its store, its events, how it joins, rests and closes.
// What users ask of it is in node.ts. Handed its transports, store and clock, so that it runs on real sockets (open.ts)
// and in the simulator alike.
import { familyOf } from '../../codecs/compact-address.ts'
import type { Address, Contact } from '../../kademlia/contact.ts'
import type { Id } from '../../kademlia/id.ts'
import type { EngineEvent, Hash, Random } from '../../kademlia/ports.ts'
import { unlessAborted } from '../../node/abort.ts'
import { CommitBatch } from '../../node/commit-batch.ts'
import { badArgument, XorbitError } from '../../node/errors.ts'
import type { JoinReport } from '../../node/joining.ts'
import { KeepAlive } from '../../node/keep-alive.ts'
import { checkOperation } from '../../node/reading.ts'
import type { Scheduler, Transport } from '../../node/ports.ts'
import { TypedEvents } from '../../node/typed-events.ts'
import type { Store } from '../../stores/store.ts'
import { bare, toHostPort, type AddressLike } from './arguments.ts'
import type { MainlineEvents, OperationOptions } from './events.ts'
import { Expiry } from './expiry.ts'
import { FamilyNode, type FamilyPorts } from './family.ts'
import type { ResolvedOptions } from './options.ts'
import { statsOf, type MainlineStats } from './stats.ts'

export interface MainlineParts {
  readonly options: ResolvedOptions
  readonly store: Store
  /** Whether close() closes the store: not one that the user brought. */
  readonly ownsStore: boolean
  readonly scheduler: Scheduler
  readonly random: Random
  readonly hash: Hash
  /** One for each address that is listened on, IPv4 first. */
  readonly families: readonly FamilyPorts[]
}

const EVENTS: ReadonlySet<string> = new Set<keyof MainlineEvents>([
  'joined',
  'idChanged',
  'contactAdded',
  'contactRemoved',
  'slept',
  'offline',
  'online',
  'announced',
  'republished',
  'warning',
  'closed',
])

export class MainlineLife {
  protected readonly parts: MainlineParts
  /** One for each address of ours, IPv4 first. */
  protected readonly families: readonly FamilyNode[]
  protected readonly events = new TypedEvents<MainlineEvents>()
  protected readonly commits: CommitBatch
  protected readonly keepAlive: KeepAlive
  readonly #expiry: Expiry
  #closing: Promise<void> | null = null

  constructor(parts: MainlineParts) {
    this.parts = parts
    const { options, store, scheduler, random, hash } = parts
    this.commits = new CommitBatch({
      scheduler,
      commit: () => store.commit(),
      onFailure: (error) => this.warn(error),
    })
    const shared = { options, store, scheduler, random, hash, commits: this.commits }
    const families: FamilyNode[] = []
    for (const ports of parts.families) {
      families.push(
        new FamilyNode(shared, ports, {
          others: () => families,
          sibling: () => families.find(({ family }) => family !== ports.family) ?? null,
          notice: (family, event) => this.#notice(family, event),
          idChanged: (family, oldId) => this.#idChanged(family, oldId),
          joined: (family, report) => this.#joined(family, report),
          checkpoint: (family) => this.#save(family),
          storeFailed: (error) => this.warn(error),
        }),
      )
    }
    this.families = families
    this.#expiry = new Expiry({
      scheduler,
      peers: store.peers,
      records: store.records,
      peerLifetimeMs: options.peerLifetimeMs,
      itemLifetimeMs: options.itemLifetimeMs,
      changed: () => this.commits.schedule(),
      failed: (error) => this.warn(error),
    })
    this.keepAlive = new KeepAlive({
      scheduler,
      random,
      state: store.state,
      changed: () => this.commits.schedule(),
      failed: (error) => this.warn(error),
    })
  }

  /** Our id in the IPv4 DHT, or in the IPv6 DHT where that is the only one: 20 bytes. It may change (`idChanged`). */
  get id(): Id {
    return this.families[0]!.id
  }

  /** Our id in the IPv6 DHT; null when the node has no IPv6. */
  get id6(): Id | null {
    return this.#familyOf(6)?.id ?? null
  }

  /** The addresses that we listen on, IPv4 first. */
  get addresses(): readonly Address[] {
    return this.families.map(({ local }) => local)
  }

  /** Whether loopback and private addresses are contacts here. */
  get private(): boolean {
    return this.parts.options.private
  }

  /** Calls the listener at each such event; the result takes it off. Throws XorbitError 'bad-argument'. */
  on<Name extends keyof MainlineEvents>(
    name: Name,
    listener: (detail: MainlineEvents[Name]) => void,
  ): () => void {
    if (!EVENTS.has(name)) throw badArgument('event', [...EVENTS].join(', '), name)
    if (typeof listener !== 'function') throw badArgument('listener', 'a function', typeof listener)
    return this.events.on(name, listener)
  }

  /** Starts to receive, begins to join, and takes up what was promised before. Called once, by who opens the node. */
  start(): void {
    this.#expiry.start()
    for (const family of this.families) family.save()
    this.commits.flush()
    for (const family of this.families) family.runner.start()
    this.keepAlive.resume()
  }

  /**
   * Joins through our own table, else through the bootstrap nodes, or through these addresses; resolves when the
   * closest nodes to our own id are known, or nobody answered. A node that is alone goes on as the first of its network.
   */
  async join(seeds: readonly AddressLike[] = [], options: OperationOptions = {}): Promise<JoinReport> {
    this.assertOpen()
    checkOperation(options)
    if (!Array.isArray(seeds)) throw badArgument('seeds', "a list of 'HOST:PORT'", seeds)
    const hosts = seeds.map((seed) => toHostPort('seeds', seed))
    const joins = this.families.map(async ({ joining, resolve }) => {
      // Nothing is waited for where there are no names: who asks right after open() finds the join under way.
      if (hosts.length === 0) return joining.join()
      const addresses = await Promise.all(hosts.map((host) => resolve(host)))
      return joining.join(addresses.flat())
    })
    const reports = await unlessAborted(Promise.all(joins), options.signal)
    const joined = reports.find(({ via }) => via !== 'nobody') ?? reports[0]!
    return {
      via: joined.via,
      contacts: reports.reduce((sum, { contacts }) => sum + contacts, 0),
      bootstrap: reports.flatMap(({ bootstrap }) => bootstrap),
    }
  }

  /** Refreshes the buckets that have been quiet for long, or with `force` all. */
  async refresh(options: OperationOptions & { readonly force?: boolean } = {}): Promise<void> {
    this.assertOpen()
    checkOperation(options, ['force'])
    const { force = false, signal } = options
    await unlessAborted(Promise.all(this.families.map(({ runner }) => runner.refresh(force))), signal)
  }

  /** The machine is on another network now: every contact is verified again. Nodes on real sockets notice by themselves. */
  networkChanged(): void {
    if (this.#closing !== null) return
    for (const { runner, joining } of this.families) {
      runner.engine.networkChanged(this.parts.scheduler.now())
      void joining.join().catch(() => {})
    }
  }

  /** Goes on with another socket in a family whose address is gone from this machine; the port stays. */
  protected async rebind(transport: Transport): Promise<void> {
    const family = this.#familyOf(familyOf(transport.local.host)!)
    await (family === null ? transport.close() : family.runner.rebind(transport))
    this.networkChanged()
  }

  stats(): MainlineStats {
    const { store, options, scheduler } = this.parts
    return statsOf(this.families, store, { readOnly: options.readOnly, now: scheduler.now() })
  }

  /** The contacts in our tables, IPv4 first. */
  contacts(): Contact[] {
    return this.families.flatMap(({ table }) => [...table.contacts()].map(bare))
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
    this.keepAlive.close()
    this.#expiry.close()
    try {
      for (const family of this.families) this.#save(family)
      this.commits.flush()
    } finally {
      // Whatever the store says, the sockets are freed.
      await Promise.all(this.families.map((family) => family.close()))
      try {
        if (this.parts.ownsStore) this.parts.store.close()
      } finally {
        this.events.emit('closed', {})
        this.events.clear()
      }
    }
  }

  /**
   * One of our addresses for each family: where there are several, an operation goes out by one of them, taken at random
   * among those whose link works (B45-04, B45-10).
   */
  protected oneAFamily(): readonly FamilyNode[] {
    const { random } = this.parts
    return ([4, 6] as const).flatMap((wanted) => {
      const all = this.families.filter(({ family }) => family === wanted)
      const working = all.filter(({ runner }) => !runner.engine.offline)
      const among = working.length > 0 ? working : all
      return among.length < 2 ? among : [among[Math.floor(random.fraction() * among.length)]!]
    })
  }

  protected assertOpen(): void {
    if (this.#closing !== null) throw new XorbitError('closed', 'the node is closed')
  }

  #save(family: FamilyNode): void {
    try {
      family.save()
    } catch (error) {
      this.warn(error)
    }
    this.commits.schedule()
  }

  /** Tells of something that the node survives. */
  protected warn(error: unknown): void {
    this.events.emit('warning', { error })
  }

  /** Saved at once: who is killed before the first checkpoint shall come back through the table that it had. */
  #joined(family: FamilyNode, report: JoinReport): void {
    if (report.via !== 'nobody') {
      this.#save(family)
      this.keepAlive.hurry()
    }
    this.events.emit('joined', { ...report, family: family.family })
  }

  #idChanged(family: FamilyNode, oldId: Id): void {
    this.#save(family)
    this.events.emit('idChanged', { family: family.family, id: family.id, oldId })
  }

  #notice({ family }: FamilyNode, event: EngineEvent): void {
    if (event.kind === 'contact-added') {
      this.events.emit('contactAdded', { family, contact: bare(event.contact) })
    } else if (event.kind === 'contact-removed') {
      this.events.emit('contactRemoved', { family, contact: bare(event.contact), why: event.why })
    } else if (event.kind === 'slept') this.events.emit('slept', { family, forMs: event.forMs })
    else if (event.kind !== 'dropped') this.events.emit(event.kind, { family })
  }

  #familyOf(family: 4 | 6): FamilyNode | null {
    return this.families.find((each) => each.family === family) ?? null
  }
}
