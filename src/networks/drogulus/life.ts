// A drogulus node as something that runs: its address, whom it keeps out, what expires in it, its events beside those of
// every network. What it shares with nodes of other networks is in node/node-life.ts, what users ask of it in node.ts.
import { asId, type Id } from '../../kademlia/id.ts'
import { XorbitError } from '../../node/errors.ts'
import type { JoinReport } from '../../node/joining.ts'
import type { LocalPorts } from '../../node/local-node.ts'
import type { OperationOptions } from '../../node/node-events.ts'
import { NodeLife, type NodeParts } from '../../node/node-life.ts'
import { toHostPort, type AddressLike } from '../host-port.ts'
import { Blacklist } from './blacklist.ts'
import type { DrogulusEvents } from './events.ts'
import { FamilyNode } from './family.ts'
import { nodeIdOf, type RsaKeyPair } from './keys/identity.ts'
import type { ResolvedOptions } from './options.ts'
import { statsOf, type DrogulusStats } from './stats.ts'

export interface DrogulusParts extends NodeParts {
  readonly options: ResolvedOptions
  /** Under which it publishes. */
  readonly identity: RsaKeyPair
  /** 64 bytes. Default: made of the public key; a simulation of many nodes has other ids to give. */
  readonly ownId?: Id
  /** One. */
  readonly locals: readonly LocalPorts[]
}

export class DrogulusLife extends NodeLife<FamilyNode, DrogulusEvents> {
  protected readonly parts: DrogulusParts

  constructor(parts: DrogulusParts) {
    const { options, store, scheduler } = parts
    const blacklist = new Blacklist({
      state: store.state,
      now: () => scheduler.now(),
      banMs: options.banMs,
      changed: () => this.commits.schedule(),
    })
    super(parts, {
      toHost: toHostPort,
      events: ['republished', 'replicated', 'banned'],
      expiring: [
        // Each value has its own time.
        {
          lifetimeMs: options.replicateIntervalMs,
          drop: (now, limit) => store.records.expire(now, limit),
        },
        { lifetimeMs: options.banMs, drop: (now, limit) => store.state.expireBans(now, limit) },
      ],
      locals: (shared, observer) => {
        const ownId = idOf(parts)
        const observing = {
          ...observer,
          banned: (contact: DrogulusEvents['banned']['contact'], why: DrogulusEvents['banned']['why']) =>
            this.events.emit('banned', { contact, why }),
        }
        return parts.locals.map((ports) =>
          FamilyNode.create({ options, shared, ports, observer: observing, blacklist, ownId }),
        )
      },
    })
    this.parts = parts
  }

  /** Whether loopback and private addresses are contacts here. */
  get private(): boolean {
    return this.parts.options.private
  }

  /**
   * As in every network. Where seeds are given as an empty list, and nobody is known otherwise, that is a mistake:
   * XorbitError 'no-seeds'.
   */
  override async join(seeds?: readonly AddressLike[], options: OperationOptions = {}): Promise<JoinReport> {
    if (
      seeds?.length === 0 &&
      this.node.table.size === 0 &&
      (this.parts.options.bootstrap ?? []).length === 0
    ) {
      this.assertOpen()
      throw new XorbitError(
        'no-seeds',
        'seeds: expected at least one HOST:PORT, for no other node is known yet',
      )
    }
    return super.join(seeds ?? [], options)
  }

  stats(): DrogulusStats {
    const { store, options, scheduler } = this.parts
    return statsOf(this.locals, store, { ...options, now: scheduler.now() })
  }

  /** Our only address. */
  protected get node(): FamilyNode {
    return this.locals[0]!
  }
}

/** A node that only asks is nobody: it takes an id that says nothing of its owner. */
function idOf({ options, identity, ownId, random }: DrogulusParts): Id {
  if (ownId !== undefined) return ownId
  return options.readOnly ? asId(random.bytes(options.parameters.idBytes)) : nodeIdOf(identity.publicKey)
}
