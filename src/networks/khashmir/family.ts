// The address of a khashmir node: its engine, its id, its way into the network. Khashmir knows IPv4 alone, so that there
// is one. What is not of khashmir is in node/local-node.ts.
import { sameAddress, type Address } from '../../kademlia/contact.ts'
import { asId, type Id } from '../../kademlia/id.ts'
import { LocalNode, type LocalPorts, type LocalWords, type SharedPorts } from '../../node/local-node.ts'
import type { LifeObserver } from '../../node/node-life.ts'
import type { Holder } from '../../node/write.ts'
import { createAdmission } from '../admission.ts'
import { KhashmirAnswers } from './answers.ts'
import { METHODS, type KhashmirQuery, type KhashmirReply } from './messages.ts'
import { fitsSuffix, freshId } from './node-id.ts'
import type { ResolvedOptions } from './options.ts'
import { PROBES } from './queries.ts'
import { createWire } from './wire.ts'

/** Under which its id and contacts are saved: not that of mainline, whose nodes are others. */
const SLOT = 'khashmir'

/** Where a write may go. */
export type FamilyHolder = Holder<FamilyNode>

interface FamilyParts {
  readonly options: ResolvedOptions
  readonly shared: SharedPorts
  readonly ports: LocalPorts
  readonly observer: LifeObserver<FamilyNode>
}

export class FamilyNode extends LocalNode<KhashmirQuery, KhashmirReply> {
  readonly #options: ResolvedOptions
  #seenAs: Address | null = null

  static create(parts: FamilyParts): FamilyNode {
    // Whoever asks for it asks when it is there.
    const node: FamilyNode = new FamilyNode(parts, () => node)
    return node
  }

  private constructor(parts: FamilyParts, self: () => FamilyNode) {
    const { options, shared, ports, observer } = parts
    super({
      shared,
      ports,
      parameters: options.parameters,
      rateLimit: options.rateLimit,
      slot: SLOT,
      ownId: loadId(parts),
      words: wordsOf(parts, self),
      observer: {
        notice: (event) => observer.notice(self(), event),
        joined: (report) => observer.joined(self(), report),
        checkpoint: () => observer.checkpoint(self()),
        seenAs: (address) => {
          self().#seenAs = address
        },
      },
    })
    this.#options = options
  }

  /** Our address as whoever answered our last `join` sees it; null: nobody did. */
  get seenAs(): Address | null {
    return this.#seenAs
  }

  /** Whether we store for others, and so may be one of those who store what we store ourselves. */
  get serves(): boolean {
    return !this.#options.readOnly && this.#options.role === 'write'
  }
}

function wordsOf(
  { options, shared, ports, observer }: FamilyParts,
  self: () => FamilyNode,
): LocalWords<KhashmirQuery, KhashmirReply> {
  return {
    policy: createAdmission({
      family: 4,
      private: options.private,
      routers: ports.isRouter,
      ownAddress: (address) => sameAddress(address, self().local),
      // Nothing binds an id to an address here.
      eligible: () => true,
    }),
    probes: PROBES,
    greeting: { method: 'join' },
    speech: ({ table, tokens }) => ({
      wire: createWire({
        ownId: () => table.ownId,
        methods: () => METHODS[options.role],
        anyTransaction: options.anyTransaction,
        anonymous: () => options.readOnly,
      }),
      answers: new KhashmirAnswers({
        table,
        tokens,
        values: shared.store.values,
        keyExpireMs: options.keyExpireMs,
        fraction: () => shared.random.fraction(),
        k: options.parameters.k,
        storeFailed: (error) => observer.warn(error),
        readOnly: () => options.readOnly,
      }),
    }),
  }
}

/** A saved id stays, so that a restart keeps our place; one that ends otherwise is of another version's network. */
function loadId({ options, shared }: FamilyParts): Id {
  const { parameters, version } = options
  const saved = shared.store.state.identity(SLOT)
  if (saved?.length === parameters.idBytes && fitsSuffix(asId(saved), version)) return asId(saved)
  return freshId(shared.random, version)
}
