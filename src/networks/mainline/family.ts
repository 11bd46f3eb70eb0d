// One address of a mainline node: its engine, its id bound to the address, its way into the DHT of its family. BEP 32 makes
// of two families two DHTs, BEP 45 of several addresses several nodes; what they share is in life.ts.
import { familyOf, type Family } from '../../codecs/compact-address.ts'
import type { Address, Contact } from '../../kademlia/contact.ts'
import { Counters } from '../../kademlia/counters.ts'
import { Engine } from '../../kademlia/engine.ts'
import { asId, sharedPrefixBits, type Id } from '../../kademlia/id.ts'
import type { AdmissionPolicy, Effects, EngineEvent, Hash, Probes, Random } from '../../kademlia/ports.ts'
import { SourceLimits, defaultSourceLimits, NO_LIMITS } from '../../kademlia/rate-limits.ts'
import { RoutingTable } from '../../kademlia/routing-table.ts'
import { Suspects } from '../../kademlia/suspects.ts'
import { WriteTokens } from '../../kademlia/write-tokens.ts'
import { unlessAborted } from '../../node/abort.ts'
import type { CommitBatch } from '../../node/commit-batch.ts'
import { Joining, type JoinReport } from '../../node/joining.ts'
import type { Scheduler, Transport } from '../../node/ports.ts'
import { RunningEngine } from '../../node/running-engine.ts'
import type { Store } from '../../stores/store.ts'
import { isPrivateHost, reachOf } from '../addresses.ts'
import { createAdmission } from '../admission.ts'
import { MainlineAnswers } from './answers.ts'
import { ExternalAddress } from './external-address.ts'
import type { MainlineQuery, MainlineReply } from './messages.ts'
import { isValidNodeId, nodeIdFor } from './node-id.ts'
import type { BootstrapHost, ResolvedOptions } from './options.ts'
import { createProbes, type QueryOptions } from './queries.ts'
import { createWire } from './wire.ts'

/** One walk in so many asks for contacts of the other family too. BEP 32, "Steady-state operation"; jech/dht: 37. */
const BOTH_FAMILIES_ONE_IN = 37
/** Two of our ids that share so many leading bits are drawn anew (B45-01), a few times. */
const NEAR_BITS = 6
const MAX_DRAWS = 16
/** Contacts of the other family that one reply may bring to our notice. */
const MAX_FOREIGN = 8

/** How a family gets at the outside world; made by open.ts, or by the simulator. */
export interface FamilyPorts {
  readonly family: Family
  readonly transport: Transport
  /** Addresses to join through, names resolved. Never rejects. */
  readonly bootstrap: () => Promise<readonly Address[]>
  /** The addresses of a host in this family; none where it has none or cannot be resolved. Never rejects. */
  readonly resolve: (host: BootstrapHost) => Promise<readonly Address[]>
  /** Whether an address is that of a built-in public router (B5-23). */
  readonly isRouter: (address: Address) => boolean
}

/** What the families of one node share. */
export interface SharedPorts {
  readonly options: ResolvedOptions
  readonly store: Store
  readonly scheduler: Scheduler
  readonly random: Random
  readonly hash: Hash
  readonly commits: CommitBatch
}

export interface FamilyObserver {
  /** Our nodes at other addresses, so far. */
  others(): readonly FamilyNode[]
  /** The other family, where the node has one. */
  sibling(): FamilyNode | null
  notice(family: FamilyNode, event: EngineEvent): void
  idChanged(family: FamilyNode, oldId: Id): void
  joined(family: FamilyNode, report: JoinReport): void
  checkpoint(family: FamilyNode): void
  /** The store does not take what it should. */
  storeFailed(error: unknown): void
}

export class FamilyNode {
  readonly family: Family
  readonly slot: string
  readonly table: RoutingTable
  readonly runner: RunningEngine<MainlineQuery, MainlineReply>
  readonly joining: Joining<MainlineQuery, MainlineReply>
  readonly resolve: FamilyPorts['resolve']
  readonly #shared: SharedPorts
  readonly #observer: FamilyObserver
  readonly #external = new ExternalAddress()

  constructor(shared: SharedPorts, ports: FamilyPorts, observer: FamilyObserver) {
    this.#shared = shared
    this.#observer = observer
    this.family = ports.family
    const isFirst = observer.others().every(({ family }) => family !== ports.family)
    this.slot = isFirst ? `v${ports.family}` : `v${ports.family} ${ports.transport.local.host}`
    this.resolve = ports.resolve
    const { options, scheduler } = shared
    const { local } = ports.transport
    const policy = createAdmission({
      family: this.family,
      private: options.private,
      routers: ports.isRouter,
      ownAddress: ({ host, port }) =>
        port === this.local.port && (host === this.local.host || host === this.#external.host),
      eligible: ({ id, address }) => isValidNodeId(id, address.host),
    })
    const ownId = this.#loadId(local.host)
    this.table = new RoutingTable({ ownId, parameters: options.parameters, policy })
    const probes = createProbes({ family: this.family, both: () => this.#askForBoth() })
    this.runner = new RunningEngine({
      transport: ports.transport,
      scheduler,
      commits: shared.commits,
      observer: {
        checkpoint: () => observer.checkpoint(this),
        seenAs: (address, by, now) => this.#seenAs(address, by, now),
        notice: (event) => this.#notice(event),
      },
      createEngine: (effects) => this.#createEngine(effects, policy, probes, local.port),
    })
    this.joining = new Joining({
      runner: this.runner,
      probes,
      scheduler,
      bootstrap: ports.bootstrap,
      onJoined: (report) => observer.joined(this, report),
    })
    this.#restore()
  }

  #createEngine(
    effects: Effects,
    policy: AdmissionPolicy,
    probes: Probes<MainlineQuery, MainlineReply>,
    ownPort: number,
  ): Engine<MainlineQuery, MainlineReply> {
    const { options, random, scheduler, hash, store } = this.#shared
    const { parameters } = options
    const { family, table } = this
    const now = scheduler.now()
    const readOnly = (): boolean => options.readOnly
    const tokens = new WriteTokens({ parameters, random, hash, now })
    const { version } = options
    const wire = createWire({ family, ownId: () => table.ownId, ownPort, readOnly, version })
    const answers = new MainlineAnswers({
      family,
      tables: (other) => (other === family ? table : (this.#observer.sibling()?.table ?? null)),
      tokens,
      peers: store.peers,
      peerLifetimeMs: options.peerLifetimeMs,
      records: store.records,
      itemLifetimeMs: options.itemLifetimeMs,
      fraction: () => random.fraction(),
      storeFailed: (error) => this.#observer.storeFailed(error),
      readOnly,
      k: parameters.k,
    })
    const suspects = new Suspects({ parameters, policy })
    const limits = new SourceLimits(options.rateLimit ? defaultSourceLimits : NO_LIMITS, random)
    const counters = new Counters()
    const parts = {
      parameters,
      random,
      wire,
      answers,
      probes,
      policy,
      effects,
      table,
      suspects,
      limits,
      counters,
    }
    return new Engine(parts, tokens, now)
  }

  get id(): Id {
    return this.table.ownId
  }

  get local(): Address {
    return this.runner.local
  }

  /** Our host as others see it, once they agree (BEP 42). */
  get externalHost(): string | null {
    return this.#external.host
  }

  /** The host under which what we store of our own is reached; null when read-only or not known. */
  get servedHost(): string | null {
    if (this.#shared.options.readOnly) return null
    if (this.#external.host !== null) return this.#external.host
    const { host } = this.local
    const reach = reachOf(host)
    return reach === 'global' || (reach !== 'none' && this.#shared.options.private) ? host : null
  }

  /** Whether we store for others: not when read-only. */
  get serves(): boolean {
    return !this.#shared.options.readOnly
  }

  get queryOptions(): QueryOptions {
    return { family: this.family }
  }

  /**
   * Waits for the join that is under way, where we know nobody yet: whoever asks a node that was opened a moment ago
   * must not be told that nothing is there.
   */
  async knowsSomebody(signal: AbortSignal | undefined): Promise<void> {
    if (this.table.size === 0) await unlessAborted(this.joining.settled(), signal)
  }

  /** Writes id and contacts to the store; the caller commits. */
  save(): void {
    const { state } = this.#shared.store
    state.saveIdentity(this.slot, this.id)
    const contacts = [...this.table.contacts()].sort((a, b) => b.repliedAt - a.repliedAt)
    state.saveContacts(
      this.slot,
      contacts.map(({ id, address, repliedAt }) => ({
        id,
        host: address.host,
        port: address.port,
        repliedAt,
      })),
    )
  }

  async close(): Promise<void> {
    this.joining.close()
    await this.runner.close()
  }

  /** A saved id stays, so that a restart keeps our place; votes replace it when it does not fit (BEP 42). */
  #loadId(host: string): Id {
    const saved = this.#shared.store.state.identity(this.slot)
    if (saved?.length === this.#shared.options.parameters.idBytes) return asId(saved)
    return this.#freshId(host)
  }

  /**
   * BEP 42 leaves eight prefixes an address: nodes on 127.0.0.1, or not yet knowing theirs, would all crowd there. Ids of
   * one node are far apart, so that it holds no part of the key space alone (B45-01).
   */
  #freshId(host: string): Id {
    const { random, options } = this.#shared
    const others = this.#observer.others().filter((each) => each !== this)
    const draw = (): Id =>
      reachOf(host) === 'global' ? nodeIdFor(host, random) : asId(random.bytes(options.parameters.idBytes))
    let id = draw()
    for (let tries = 1; tries < MAX_DRAWS; tries++) {
      if (others.every((other) => sharedPrefixBits(id, other.id) < NEAR_BITS)) break
      id = draw()
    }
    return id
  }

  #restore(): void {
    const saved = this.#shared.store.state.contacts(this.slot)
    const contacts = saved.map(({ id, host, port, repliedAt }) => ({
      id,
      address: { host, port },
      repliedAt,
    }))
    this.table.restore(contacts, this.#shared.scheduler.now())
  }

  #seenAs(address: Address, by: Address, now: number): void {
    if (familyOf(address.host) !== this.family || isPrivateHost(by.host)) return
    const host = this.#external.vote(address.host, by.host, now)
    if (host === null || isValidNodeId(this.id, host)) return
    const oldId = this.id
    this.runner.engine.setOwnId(this.#freshId(host), now)
    this.#observer.idChanged(this, oldId)
    void this.joining.join().catch(() => {})
  }

  #notice(event: EngineEvent): void {
    this.#observer.notice(this, event)
    if (event.kind === 'contact-removed' || event.kind === 'offline') this.joining.watch()
    // Upon the first contact: find out who is close to us. BEP 5; B5-10.
    if (event.kind === 'contact-added' && this.table.size === 1) void this.joining.join().catch(() => {})
    if (event.kind === 'online' || event.kind === 'slept') void this.joining.join().catch(() => {})
  }

  /** While joining both families are asked for, later now and then (BEP 32; B32-09). */
  #askForBoth(): QueryOptions['both'] {
    const sibling = this.#observer.sibling()
    if (sibling === null) return undefined
    const joining = this.table.size < this.#shared.options.parameters.k
    if (!joining && this.#shared.random.fraction() >= 1 / BOTH_FAMILIES_ONE_IN) return undefined
    return (contacts: readonly Contact[]) => sibling.#consider(contacts)
  }

  #consider(contacts: readonly Contact[]): void {
    const now = this.#shared.scheduler.now()
    for (const contact of contacts.slice(0, MAX_FOREIGN)) this.runner.engine.consider(contact, now)
  }
}
