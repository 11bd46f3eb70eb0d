// A simulated khashmir network (simulated-network.ts). Not here: what is done with it; that is what scenarios are for.
import { KhashmirNode } from '../networks/khashmir/node.ts'
import { DEFAULT_PORT, resolveOptions, type KhashmirOptions } from '../networks/khashmir/options.ts'
import {
  SimulatedNetwork,
  type NodeSetup as Setup,
  type SimulatedNode as Simulated,
  type SimulatedParts,
} from './simulated-network.ts'

export type NodeSetup = Setup<KhashmirOptions>
export type SimulatedNode = Simulated<KhashmirNode>

export class KhashmirNetwork extends SimulatedNetwork<KhashmirNode, KhashmirOptions> {
  protected override readonly defaultPort = DEFAULT_PORT

  protected override make(parts: SimulatedParts, options: KhashmirOptions | undefined): KhashmirNode {
    // Unlimited by default: the sketches of a thousand nodes would fill the memory.
    const resolved = resolveOptions({ bootstrap: 'none', rateLimit: false, ...options })
    return new KhashmirNode({ ...parts, options: resolved })
  }
}
