// One address of a mainline node: its engine, its id bound to the address, its way into the DHT of its family. BEP 32 makes
// of two families two DHTs, BEP 45 of several addresses several nodes; what they share is in life.ts.
import { familyOf, type Family } from '../../codecs/compact-address.ts'
import type { Address, Contact } from '../../kademlia/contact.ts'
import { asId, sharedPrefixBits, type Id } from '../../kademlia/id.ts'
import type { AdmissionPolicy, EngineEvent, Random } from '../../kademlia/ports.ts'
import type { JoinReport } from '../../node/joining.ts'
import { LocalNode, type LocalPorts, type LocalWords, type SharedPorts } from '../../node/local-node.ts'
import type { Holder } from '../../node/write.ts'
import { isPrivateHost, reachOf } from '../addresses.ts'
import { createAdmission } from '../admission.ts'
import { ExternalAddress } from '../external-address.ts'
import { MainlineAnswers } from './answers.ts'
import type { MainlineQuery, MainlineReply } from './messages.ts'
import { isValidNodeId, nodeIdFor } from './node-id.ts'
import type { ResolvedOptions } from './options.ts'
import { createProbes, type QueryOptions } from './queries.ts'
import { createWire } from './wire.ts'
import { ID_BYTES } from './wire/bounds.ts'

/** One walk in so many asks for contacts of the other family too. BEP 32, "Steady-state operation"; jech/dht: 37. */
const BOTH_FAMILIES_ONE_IN = 37
/** Two of our ids that share so many leading bits are drawn anew (B45-01), a few times. */
const NEAR_BITS = 6
const MAX_DRAWS = 16
/** Contacts of the other family that one reply may bring to our notice. */
const MAX_FOREIGN = 8

export interface FamilyObserver {
  /** Our nodes at other addresses, so far. */
  others(): readonly FamilyNode[]
  /** The other family, where the node has one. */
  sibling(family: Family): FamilyNode | null
  notice(family: FamilyNode, event: EngineEvent): void
  idChanged(family: FamilyNode, oldId: Id): void
  joined(family: FamilyNode, report: JoinReport): void
  checkpoint(family: FamilyNode): void
  /** Something went wrong that the node survives, such as a store that does not take what it should. */
  warn(error: unknown): void
}

/** Where a write may go, found by one of our families. */
export type FamilyHolder = Holder<FamilyNode>

interface FamilyParts {
  readonly options: ResolvedOptions
  readonly shared: SharedPorts
  readonly ports: LocalPorts
  readonly observer: FamilyObserver
}

export class FamilyNode extends LocalNode<MainlineQuery, MainlineReply> {
  readonly family: Family
  readonly #family: FamilyParts
  readonly #external: ExternalAddress

  /** Makes the node of one address. */
  static create(parts: FamilyParts): FamilyNode {
    // Whoever asks one of these asks when the node is there.
    const node: FamilyNode = new FamilyNode(parts, new ExternalAddress(), () => node)
    return node
  }

  private constructor(parts: FamilyParts, external: ExternalAddress, self: () => FamilyNode) {
    const { options, shared, ports, observer } = parts
    const { host } = ports.transport.local
    const family = familyOf(host)!
    const others = observer.others()
    const isFirst = others.every((other) => other.family !== family)
    const slot = isFirst ? `v${family}` : `v${family} ${host}`
    super({
      shared,
      ports,
      parameters: options.parameters,
      rateLimit: options.rateLimit,
      slot,
      ownId: loadId(parts, { slot, host, others }),
      words: wordsOf(parts, { family, external, self }),
      observer: {
        notice: (event) => observer.notice(self(), event),
        joined: (report) => observer.joined(self(), report),
        checkpoint: () => observer.checkpoint(self()),
        seenAs: (address, by, now) => self().#seenAs(address, by, now),
      },
    })
    this.family = family
    this.#family = parts
    this.#external = external
  }

  /** Our host as others see it, once they agree (BEP 42). */
  get externalHost(): string | null {
    return this.#external.host
  }

  /** The host under which what we store of our own is reached; null when read-only or not known. */
  get servedHost(): string | null {
    const { options } = this.#family
    if (options.readOnly) return null
    if (this.#external.host !== null) return this.#external.host
    const { host } = this.local
    const reach = reachOf(host)
    return reach === 'global' || (reach !== 'none' && options.private) ? host : null
  }

  /** Whether we store for others: not when read-only. */
  get serves(): boolean {
    return !this.#family.options.readOnly
  }

  get queryOptions(): QueryOptions {
    return { family: this.family }
  }

  /** Contacts of this family that one of the other was told. */
  consider(contacts: readonly Contact[]): void {
    const now = this.#family.shared.scheduler.now()
    for (const contact of contacts.slice(0, MAX_FOREIGN)) this.runner.engine.consider(contact, now)
  }

  #seenAs(address: Address, by: Address, now: number): void {
    if (familyOf(address.host) !== this.family || isPrivateHost(by.host)) return
    const host = this.#external.vote(address.host, by.host, now)
    if (host === null || isValidNodeId(this.id, host)) return
    const { shared, observer } = this.#family
    const oldId = this.id
    const others = observer.others().filter((each) => each !== this)
    this.runner.engine.setOwnId(freshId(host, { others, random: shared.random }), now)
    observer.idChanged(this, oldId)
    void this.joining.join().catch(() => {})
  }
}

interface Facts {
  readonly family: Family
  readonly external: ExternalAddress
  readonly self: () => FamilyNode
}

function wordsOf(parts: FamilyParts, facts: Facts): LocalWords<MainlineQuery, MainlineReply> {
  const { options, shared, ports, observer } = parts
  const { family, self } = facts
  const readOnly = (): boolean => options.readOnly
  return {
    policy: policyOf(parts, facts),
    probes: createProbes({ family, both: () => askForBoth(parts, facts) }),
    speech: ({ table, tokens }) => ({
      wire: createWire({
        family,
        ownId: () => table.ownId,
        ownPort: ports.transport.local.port,
        readOnly,
        version: options.version,
      }),
      answers: new MainlineAnswers({
        family,
        tables: (other) => (other === family ? self().table : (observer.sibling(family)?.table ?? null)),
        tokens,
        peers: shared.store.peers,
        peerLifetimeMs: options.peerLifetimeMs,
        records: shared.store.records,
        itemLifetimeMs: options.itemLifetimeMs,
        fraction: () => shared.random.fraction(),
        storeFailed: (error) => observer.warn(error),
        readOnly,
        k: options.parameters.k,
      }),
    }),
  }
}

function policyOf({ options, ports }: FamilyParts, { family, external, self }: Facts): AdmissionPolicy {
  return createAdmission({
    family,
    private: options.private,
    routers: ports.isRouter,
    ownAddress: ({ host, port }) => {
      const { local } = self()
      return port === local.port && (host === local.host || host === external.host)
    },
    eligible: ({ id, address }) => isValidNodeId(id, address.host),
  })
}

/** While joining both families are asked for, later now and then (BEP 32; B32-09). */
function askForBoth(
  { options, shared, observer }: FamilyParts,
  { family, self }: Facts,
): QueryOptions['both'] {
  const sibling = observer.sibling(family)
  if (sibling === null) return undefined
  const joining = self().table.size < options.parameters.k
  if (!joining && shared.random.fraction() >= 1 / BOTH_FAMILIES_ONE_IN) return undefined
  return (contacts) => sibling.consider(contacts)
}

/** A saved id stays, so that a restart keeps our place; votes replace it when it does not fit (BEP 42). */
function loadId(
  { options, shared }: FamilyParts,
  { slot, host, others }: { slot: string; host: string; others: readonly FamilyNode[] },
): Id {
  const saved = shared.store.state.identity(slot)
  if (saved?.length === options.parameters.idBytes) return asId(saved)
  return freshId(host, { others, random: shared.random })
}

/**
 * BEP 42 leaves eight prefixes an address: nodes on 127.0.0.1, or not yet knowing theirs, would all crowd there. Ids of
 * one node are far apart, so that it holds no part of the key space alone (B45-01).
 */
function freshId(host: string, { others, random }: { others: readonly FamilyNode[]; random: Random }): Id {
  const draw = (): Id => (reachOf(host) === 'global' ? nodeIdFor(host, random) : asId(random.bytes(ID_BYTES)))
  let id = draw()
  for (let tries = 1; tries < MAX_DRAWS; tries++) {
    if (others.every((other) => sharedPrefixBits(id, other.id) < NEAR_BITS)) break
    id = draw()
  }
  return id
}
