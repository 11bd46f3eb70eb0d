// A simulated drogulus network (simulated-network.ts). Messages travel whole, as datagrams: there are no connections, no
// netstrings and no TLS here. Not here: what is done with it; that is what scenarios are for.
import { asId } from '../kademlia/id.ts'
import { SLOT } from '../networks/drogulus/family.ts'
import { DrogulusNode } from '../networks/drogulus/node.ts'
import {
  DEFAULT_PORT,
  resolveOptions,
  STORE_LIMITS,
  type DrogulusOptions,
} from '../networks/drogulus/options.ts'
import { createMemoryStore } from '../stores/memory-store.ts'
import type { Store } from '../stores/store.ts'
import { simulatedKeyPairs } from './drogulus-keys.ts'
import {
  SimulatedNetwork,
  type NodeSetup as Setup,
  type SimulatedNode as Simulated,
  type SimulatedParts,
} from './simulated-network.ts'

export type NodeSetup = Setup<DrogulusOptions>
export type SimulatedNode = Simulated<DrogulusNode>

export class DrogulusNetwork extends SimulatedNetwork<DrogulusNode, DrogulusOptions> {
  protected override readonly defaultPort = DEFAULT_PORT

  /**
   * Ids come from the dice, not from key pairs: of those there are few, and nodes share them. With the store both are kept
   * over a restart.
   */
  protected override make(parts: SimulatedParts, options: DrogulusOptions | undefined): DrogulusNode {
    // Unlimited by default: the sketches of a thousand nodes would fill the memory.
    const resolved = resolveOptions({ bootstrap: 'none', rateLimit: false, ...options })
    const kept = parts.store.state.identity(SLOT)
    const id = asId(kept ?? parts.random.bytes(resolved.parameters.idBytes))
    const identity = resolved.identity ?? simulatedKeyPairs[id[0]! % simulatedKeyPairs.length]!
    // Who only asks takes an id of its own accord.
    const named = resolved.readOnly ? {} : { ownId: id }
    return new DrogulusNode({ ...parts, options: resolved, identity, ...named })
  }

  protected override makeStore(): Store {
    return createMemoryStore({ recordLimits: STORE_LIMITS })
  }
}
