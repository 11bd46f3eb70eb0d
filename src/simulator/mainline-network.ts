// A simulated mainline network (simulated-network.ts). Not here: what is done with it; that is what scenarios are for.
import { MainlineNode } from '../networks/mainline/node.ts'
import { DEFAULT_PORT, resolveOptions, type MainlineOptions } from '../networks/mainline/options.ts'
import {
  SimulatedNetwork,
  type NodeSetup as Setup,
  type SimulatedNode as Simulated,
  type SimulatedParts,
} from './simulated-network.ts'

export type NodeSetup = Setup<MainlineOptions>
export type SimulatedNode = Simulated<MainlineNode>

export class MainlineNetwork extends SimulatedNetwork<MainlineNode, MainlineOptions> {
  protected override readonly defaultPort = DEFAULT_PORT

  protected override make(parts: SimulatedParts, options: MainlineOptions | undefined): MainlineNode {
    // Unlimited by default: the sketches of a thousand nodes would fill the memory.
    const resolved = resolveOptions({ bootstrap: 'none', rateLimit: false, ...options })
    return new MainlineNode({ ...parts, options: resolved })
  }
}
