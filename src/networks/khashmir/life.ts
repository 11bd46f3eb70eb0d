// A khashmir node as something that runs: its address, what expires in it, its events beside those of every network.
// What it shares with nodes of other networks is in node/node-life.ts, what users ask of it in node.ts.
import type { Address } from '../../kademlia/contact.ts'
import type { JoinReport } from '../../node/joining.ts'
import type { LocalPorts } from '../../node/local-node.ts'
import type { OperationOptions } from '../../node/node-events.ts'
import { NodeLife, type NodeParts } from '../../node/node-life.ts'
import { toHostPort, type AddressLike } from '../host-port.ts'
import type { KhashmirEvents } from './events.ts'
import { FamilyNode } from './family.ts'
import type { ResolvedOptions } from './options.ts'
import { statsOf, type KhashmirStats } from './stats.ts'

export interface KhashmirParts extends NodeParts {
  readonly options: ResolvedOptions
  /** One, for an address of IPv4. */
  readonly locals: readonly LocalPorts[]
}

export interface KhashmirJoinReport extends JoinReport {
  /** Our address as those whom we joined through see it; null: nobody told. */
  readonly seenAs: Address | null
}

export class KhashmirLife extends NodeLife<FamilyNode, KhashmirEvents> {
  protected readonly parts: KhashmirParts

  constructor(parts: KhashmirParts) {
    const { options, store } = parts
    const { keyExpireMs } = options
    super(parts, {
      toHost: toHostPort,
      events: ['republished'],
      expiring: [
        { lifetimeMs: keyExpireMs, drop: (now, limit) => store.values.expire(now - keyExpireMs, limit) },
      ],
      locals: (shared, observer) =>
        parts.locals.map((ports) => FamilyNode.create({ options, shared, ports, observer })),
    })
    this.parts = parts
  }

  /** Whether loopback and private addresses are contacts here. */
  get private(): boolean {
    return this.parts.options.private
  }

  /** As in every network; also reports the address that we are seen at. */
  override async join(
    seeds: readonly AddressLike[] = [],
    options: OperationOptions = {},
  ): Promise<KhashmirJoinReport> {
    const report = await super.join(seeds, options)
    const { node } = this
    // Who comes back through its own table was not told yet.
    const [first] = node.seenAs === null && report.via === 'table' ? this.contacts() : []
    if (first !== undefined) {
      const { id, address } = first
      await node.runner.ask({ query: { method: 'join' }, to: address, expectedId: id }, options)
    }
    return { ...report, seenAs: node.seenAs }
  }

  stats(): KhashmirStats {
    const { store, options, scheduler } = this.parts
    return statsOf(this.locals, store, { ...options, now: scheduler.now() })
  }

  /** Our only address. */
  protected get node(): FamilyNode {
    return this.locals[0]!
  }
}
