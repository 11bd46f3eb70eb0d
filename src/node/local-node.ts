// The local node at one address: its engine, its routing table, its way of joining, and what of it is saved. A network
// hands it its words; what the addresses of one node share is in node-life.ts.
import type { Address } from '../kademlia/contact.ts'
import { Counters } from '../kademlia/counters.ts'
import { Engine } from '../kademlia/engine.ts'
import type { Id } from '../kademlia/id.ts'
import type { Parameters } from '../kademlia/parameters.ts'
import type { AdmissionPolicy, Answers, EngineEvent, Hash, Probes, Random, Wire } from '../kademlia/ports.ts'
import { defaultSourceLimits, NO_LIMITS, SourceLimits } from '../kademlia/rate-limits.ts'
import { RoutingTable } from '../kademlia/routing-table.ts'
import { Suspects } from '../kademlia/suspects.ts'
import { WriteTokens } from '../kademlia/write-tokens.ts'
import type { Store } from '../stores/store.ts'
import { unlessAborted } from './abort.ts'
import type { CommitBatch } from './commit-batch.ts'
import { Joining, type JoinReport } from './joining.ts'
import type { Scheduler, Transport } from './ports.ts'
import { RunningEngine } from './running-engine.ts'

/** A host by name or address, and a port. */
export interface HostPort {
  readonly host: string
  readonly port: number
}

/** How the local node gets at the outside world; made by a network's open.ts, or by the simulator. */
export interface LocalPorts {
  readonly transport: Transport
  /** Addresses to join through, names resolved. Never rejects. */
  readonly bootstrap: () => Promise<readonly Address[]>
  /** The addresses of a host; none where it has none that can be dialled from here. Never rejects. */
  readonly resolve: (host: HostPort) => Promise<readonly Address[]>
  /** Whether an address is that of a built-in public router (B5-23). */
  readonly isRouter: (address: Address) => boolean
}

/** What the addresses of one node share. */
export interface SharedPorts {
  readonly store: Store
  readonly scheduler: Scheduler
  readonly random: Random
  readonly hash: Hash
  readonly commits: CommitBatch
}

export interface LocalObserver {
  notice(event: EngineEvent): void
  joined(report: JoinReport): void
  checkpoint(): void
  /** Somebody who answered us says how it sees our address. */
  seenAs(address: Address, by: Address, now: number): void
}

/** What a network teaches its local node. */
export interface LocalWords<Q, R> {
  readonly policy: AdmissionPolicy
  readonly probes: Probes<Q, R>
  /** What a bootstrap node is asked first, where that is not for those closest to us. */
  readonly greeting?: Q
  /** Its codec, and what it answers. */
  readonly speech: (about: { readonly table: RoutingTable; readonly tokens: WriteTokens }) => {
    readonly wire: Wire<Q, R>
    readonly answers: Answers<Q, R>
  }
}

export interface LocalParts<Q, R> {
  readonly shared: SharedPorts
  readonly ports: LocalPorts
  readonly observer: LocalObserver
  readonly words: LocalWords<Q, R>
  readonly parameters: Parameters
  /** Under which its id and contacts are saved. */
  readonly slot: string
  readonly ownId: Id
  /** Whether what is served is limited. */
  readonly rateLimit: boolean
}

export class LocalNode<Q extends { readonly method: string }, R> {
  readonly slot: string
  readonly table: RoutingTable
  readonly runner: RunningEngine<Q, R>
  readonly joining: Joining<Q, R>
  readonly resolve: LocalPorts['resolve']
  readonly #parts: LocalParts<Q, R>

  constructor(parts: LocalParts<Q, R>) {
    this.#parts = parts
    const { shared, ports, observer, parameters, ownId } = parts
    const { policy, probes, greeting } = parts.words
    const { scheduler, commits } = shared
    this.slot = parts.slot
    this.resolve = ports.resolve
    this.table = new RoutingTable({ ownId, parameters, policy })
    this.runner = new RunningEngine({
      transport: ports.transport,
      scheduler,
      commits,
      observer: {
        checkpoint: () => observer.checkpoint(),
        seenAs: (address, by, now) => observer.seenAs(address, by, now),
        notice: (event) => this.#notice(event),
      },
      createEngine: (effects) => {
        const { random, hash } = shared
        const now = scheduler.now()
        const tokens = new WriteTokens({ parameters, random, hash, now })
        const { table } = this
        const limits = new SourceLimits(parts.rateLimit ? defaultSourceLimits : NO_LIMITS, random)
        const engineParts = {
          ...parts.words.speech({ table, tokens }),
          parameters,
          random,
          probes,
          policy,
          effects,
          table,
          suspects: new Suspects({ parameters, policy }),
          limits,
          counters: new Counters(),
        }
        return new Engine(engineParts, tokens, now)
      },
    })
    this.joining = new Joining({
      runner: this.runner,
      probes,
      greeting,
      scheduler,
      bootstrap: ports.bootstrap,
      onJoined: (report) => observer.joined(report),
    })
  }

  get id(): Id {
    return this.table.ownId
  }

  get local(): Address {
    return this.runner.local
  }

  /**
   * Waits for the join that is under way, where we know nobody yet: whoever asks a node that was opened a moment ago
   * must not be told that nothing is there.
   */
  async knowsSomebody(signal: AbortSignal | undefined): Promise<void> {
    if (this.table.size === 0) await unlessAborted(this.joining.settled(), signal)
  }

  /** Takes up the contacts that a former run saved. Once, before it starts. */
  restore(): void {
    const { store, scheduler } = this.#parts.shared
    const contacts = store.state.contacts(this.slot).map(({ id, host, port, repliedAt }) => ({
      id,
      address: { host, port },
      repliedAt,
    }))
    this.table.restore(contacts, scheduler.now())
  }

  /** Writes id and contacts to the store; the caller commits. */
  save(): void {
    const { state } = this.#parts.shared.store
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

  #notice(event: EngineEvent): void {
    this.#parts.observer.notice(event)
    if (event.kind === 'contact-removed' || event.kind === 'offline') this.joining.watch()
    // Upon the first contact: find out who is close to us. BEP 5; B5-10.
    if (event.kind === 'contact-added' && this.table.size === 1) void this.joining.join().catch(() => {})
    if (event.kind === 'online' || event.kind === 'slept') void this.joining.join().catch(() => {})
  }
}
