// A mainline node as something that runs: its addresses of two families, what expires in it, its events beside those of
// every network. What it shares with nodes of other networks is in node/node-life.ts, what users ask of it in node.ts.
import { familyOf } from '../../codecs/compact-address.ts'
import type { Id } from '../../kademlia/id.ts'
import type { LocalPorts } from '../../node/local-node.ts'
import { NodeLife, type NodeParts } from '../../node/node-life.ts'
import type { Transport } from '../../node/ports.ts'
import { toHostPort } from '../host-port.ts'
import type { MainlineEvents } from './events.ts'
import { FamilyNode } from './family.ts'
import type { ResolvedOptions } from './options.ts'
import { statsOf, type MainlineStats } from './stats.ts'

export interface MainlineParts extends NodeParts {
  readonly options: ResolvedOptions
  /** One for each address that is listened on, IPv4 first. */
  readonly locals: readonly LocalPorts[]
}

export class MainlineLife extends NodeLife<FamilyNode, MainlineEvents> {
  protected readonly parts: MainlineParts

  constructor(parts: MainlineParts) {
    const { options, store } = parts
    const { peerLifetimeMs, itemLifetimeMs } = options
    super(parts, {
      toHost: toHostPort,
      events: ['idChanged', 'announced', 'republished'],
      expiring: [
        {
          lifetimeMs: peerLifetimeMs,
          drop: (now, limit) => store.peers.expire(now - peerLifetimeMs, limit),
        },
        // Each item has its own time.
        { lifetimeMs: itemLifetimeMs, drop: (now, limit) => store.records.expire(now, limit) },
      ],
      locals: (shared, observer) => {
        const families: FamilyNode[] = []
        const wholeObserver = {
          ...observer,
          others: () => families,
          sibling: (family: 4 | 6) => families.find((each) => each.family !== family) ?? null,
          idChanged: (family: FamilyNode, oldId: Id) => this.#idChanged(family, oldId),
        }
        for (const ports of parts.locals) {
          families.push(FamilyNode.create({ options, shared, ports, observer: wholeObserver }))
        }
        return families
      },
    })
    this.parts = parts
  }

  /** Our id in the IPv6 DHT; null when the node has no IPv6. */
  get id6(): Id | null {
    return this.#familyOf(6)?.id ?? null
  }

  /** Whether loopback and private addresses are contacts here. */
  get private(): boolean {
    return this.parts.options.private
  }

  /** Goes on with another socket in a family whose address is gone from this machine; the port stays. */
  protected async rebind(transport: Transport): Promise<void> {
    const family = this.#familyOf(familyOf(transport.local.host)!)
    await (family === null ? transport.close() : family.runner.rebind(transport))
    this.networkChanged()
  }

  stats(): MainlineStats {
    const { store, options, scheduler } = this.parts
    return statsOf(this.locals, store, { readOnly: options.readOnly, now: scheduler.now() })
  }

  /**
   * One of our addresses for each family: where there are several, an operation goes out by one of them, taken at random
   * among those whose link works (B45-04, B45-10).
   */
  protected oneAFamily(): readonly FamilyNode[] {
    const { random } = this.parts
    return ([4, 6] as const).flatMap((wanted) => {
      const all = this.locals.filter(({ family }) => family === wanted)
      const working = all.filter(({ runner }) => !runner.engine.offline)
      const among = working.length > 0 ? working : all
      return among.length < 2 ? among : [among[Math.floor(random.fraction() * among.length)]!]
    })
  }

  #idChanged(family: FamilyNode, oldId: Id): void {
    this.save(family)
    this.events.emit('idChanged', { family: family.family, id: family.id, oldId })
  }

  #familyOf(family: 4 | 6): FamilyNode | null {
    return this.locals.find((each) => each.family === family) ?? null
  }
}
