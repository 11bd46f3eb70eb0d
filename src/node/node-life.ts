// A node of any network as something that runs: its local nodes (one an address), its store, its events, how it joins,
// rests and closes. What users ask of it is in each network's node.ts. Handed its transports, store and clock, so that
// it runs on real sockets and in the simulator alike.
import { familyOf } from '../codecs/compact-address.ts'
import type { Address, Contact } from '../kademlia/contact.ts'
import type { Id } from '../kademlia/id.ts'
import type { EngineEvent, Hash, Random } from '../kademlia/ports.ts'
import type { Store } from '../stores/store.ts'
import { unlessAborted } from './abort.ts'
import { CommitBatch } from './commit-batch.ts'
import { badArgument, XorbitError } from './errors.ts'
import { Expiry, type Expiring } from './expiry.ts'
import type { JoinReport } from './joining.ts'
import { KeepAlive } from './keep-alive.ts'
import type { HostPort, LocalNode, SharedPorts } from './local-node.ts'
import { NODE_EVENTS, type NodeEvents, type OperationOptions } from './node-events.ts'
import type { Scheduler } from './ports.ts'
import { checkOperation } from './reading.ts'
import { TypedEvents } from './typed-events.ts'

/** A local node of whatever network: what needs no words of it. */
type Wordless = LocalNode<{ readonly method: string }, unknown>
type WordlessRunner = Wordless['runner']
export interface AnyLocalNode extends Pick<
  Wordless,
  'id' | 'local' | 'table' | 'resolve' | 'restore' | 'save' | 'close'
> {
  readonly joining: Pick<Wordless['joining'], 'join'>
  readonly runner: Pick<WordlessRunner, 'start' | 'refresh' | 'transportDrops'> & {
    readonly engine: Pick<
      WordlessRunner['engine'],
      'networkChanged' | 'offline' | 'population' | 'underWay' | 'counters'
    >
  }
}

/** What whoever opens a node hands it, in any network. */
export interface NodeParts {
  readonly store: Store
  /** Whether close() closes the store: not one that the user brought. */
  readonly ownsStore: boolean
  readonly scheduler: Scheduler
  readonly random: Random
  readonly hash: Hash
}

/** Whom the local nodes of a node tell. */
export interface LifeObserver<Local> {
  notice(local: Local, event: EngineEvent): void
  joined(local: Local, report: JoinReport): void
  /** Writes its id and contacts down, soon. */
  checkpoint(local: Local): void
  warn(error: unknown): void
}

/** What a network makes its nodes of. */
export interface LifeMaking<Local, Events> {
  /** One for each address that is listened on, IPv4 first; at least one. */
  readonly locals: (shared: SharedPorts, observer: LifeObserver<Local>) => readonly Local[]
  readonly expiring: readonly Expiring[]
  /** Events beside those of every network. */
  readonly events: readonly (keyof Events & string)[]
  /** Reads where to join. Throws XorbitError 'bad-argument'. */
  readonly toHost: (name: string, seed: Address | string) => HostPort
}

export class NodeLife<Local extends AnyLocalNode, Events extends NodeEvents> {
  /** One for each address of ours, IPv4 first. */
  protected readonly locals: readonly Local[]
  protected readonly events = new TypedEvents<Events>()
  protected readonly commits: CommitBatch
  protected readonly keepAlive: KeepAlive
  readonly #parts: NodeParts
  readonly #making: LifeMaking<Local, Events>
  readonly #expiry: Expiry
  #closing: Promise<void> | null = null

  constructor(parts: NodeParts, making: LifeMaking<Local, Events>) {
    this.#parts = parts
    this.#making = making
    const { store, scheduler, random, hash } = parts
    const failed = (error: unknown): void => this.warn(error)
    const changed = (): void => this.commits.schedule()
    this.commits = new CommitBatch({ scheduler, commit: () => store.commit(), onFailure: failed })
    this.locals = making.locals(
      { store, scheduler, random, hash, commits: this.commits },
      {
        notice: (local, event) => this.#notice(local, event),
        joined: (local, report) => this.#joined(local, report),
        checkpoint: (local) => this.save(local),
        warn: failed,
      },
    )
    for (const local of this.locals) local.restore()
    this.#expiry = new Expiry({ scheduler, expiring: making.expiring, changed, failed })
    this.keepAlive = new KeepAlive({ scheduler, random, state: store.state, changed, failed })
  }

  /** Our id, in the IPv4 DHT where there are two: 20 bytes, on drogulus 64. */
  get id(): Id {
    return this.locals[0]!.id
  }

  /** The addresses that we listen on, IPv4 first. */
  get addresses(): readonly Address[] {
    return this.locals.map(({ local }) => local)
  }

  /** Calls the listener at each such event; the result takes it off. Throws XorbitError 'bad-argument'. */
  on<Name extends keyof Events>(name: Name, listener: (detail: Events[Name]) => void): () => void {
    const known: readonly unknown[] = [...NODE_EVENTS, ...this.#making.events]
    if (!known.includes(name)) throw badArgument('event', known.join(', '), name)
    if (typeof listener !== 'function') throw badArgument('listener', 'a function', typeof listener)
    return this.events.on(name, listener)
  }

  /** Starts to receive, begins to join, and takes up what was promised before. Called once, by who opens the node. */
  start(): void {
    this.#expiry.start()
    for (const local of this.locals) local.save()
    this.commits.flush()
    for (const local of this.locals) local.runner.start()
    this.keepAlive.resume()
  }

  /**
   * Joins through our own table, else through the bootstrap nodes, or through these addresses; resolves when the
   * closest nodes to our own id are known, or nobody answered. A node that is alone goes on as the first of its network.
   */
  async join(seeds: readonly (Address | string)[] = [], options: OperationOptions = {}): Promise<JoinReport> {
    this.assertOpen()
    checkOperation(options)
    if (!Array.isArray(seeds)) throw badArgument('seeds', "a list of 'HOST:PORT'", seeds)
    const hosts = seeds.map((seed) => this.#making.toHost('seeds', seed))
    const joins = this.locals.map(async ({ joining, resolve }) => {
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
    await unlessAborted(Promise.all(this.locals.map(({ runner }) => runner.refresh(force))), signal)
  }

  /** The machine is on another network now: every contact is verified again. Nodes on real sockets notice by themselves. */
  networkChanged(): void {
    if (this.#closing !== null) return
    for (const { runner, joining } of this.locals) {
      runner.engine.networkChanged(this.#parts.scheduler.now())
      void joining.join().catch(() => {})
    }
  }

  /** The contacts in our tables, IPv4 first. */
  contacts(): Contact[] {
    return this.locals.flatMap(({ table }) => [...table.contacts()].map(bare))
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
      for (const local of this.locals) this.save(local)
      this.commits.flush()
    } finally {
      // Whatever the store says, the sockets are freed.
      await Promise.all(this.locals.map((local) => local.close()))
      try {
        if (this.#parts.ownsStore) this.#parts.store.close()
      } finally {
        this.#tell.emit('closed', {})
        this.events.clear()
      }
    }
  }

  protected assertOpen(): void {
    if (this.#closing !== null) throw new XorbitError('closed', 'the node is closed')
  }

  /** Writes the id and the contacts of one of our local nodes down, soon. */
  protected save(local: Local): void {
    try {
      local.save()
    } catch (error) {
      this.warn(error)
    }
    this.commits.schedule()
  }

  /** Tells of something that the node survives. */
  protected warn(error: unknown): void {
    this.#tell.emit('warning', { error })
  }

  /** The events of every network, whatever others this one has. */
  get #tell(): TypedEvents<NodeEvents> {
    return this.events as unknown as TypedEvents<NodeEvents>
  }

  /** Saved at once: who is killed before the first checkpoint shall come back through the table that it had. */
  #joined(local: Local, report: JoinReport): void {
    if (report.via !== 'nobody') {
      this.save(local)
      this.keepAlive.hurry()
    }
    this.#tell.emit('joined', { ...report, family: familyOf(local.local.host)! })
  }

  #notice(local: Local, event: EngineEvent): void {
    const family = familyOf(local.local.host)!
    if (event.kind === 'contact-added') {
      this.#tell.emit('contactAdded', { family, contact: bare(event.contact) })
    } else if (event.kind === 'contact-removed') {
      this.#tell.emit('contactRemoved', { family, contact: bare(event.contact), why: event.why })
    } else if (event.kind === 'slept') this.#tell.emit('slept', { family, forMs: event.forMs })
    else if (event.kind !== 'dropped') this.#tell.emit(event.kind, { family })
  }
}

/** A contact as users get it: nothing of what the table keeps beside it. */
export function bare({ id, address }: Contact): Contact {
  return { id, address: { host: address.host, port: address.port } }
}
