// Who looks up: a node that answers nobody (BEP 43), so that however many there are they change nothing in the network,
// with parameters and a path of its own. Built of the parts of a mainline node, for users can neither set every
// parameter nor see how a lookup goes on inside.
import type { Address } from '../../src/kademlia/contact.ts'
import type { Parameters } from '../../src/kademlia/parameters.ts'
import { CommitBatch } from '../../src/node/commit-batch.ts'
import { sha1 } from '../../src/node/system.ts'
import { FamilyNode, type FamilyObserver } from '../../src/networks/mainline/family.ts'
import { resolveOptions } from '../../src/networks/mainline/options.ts'
import type { MainlineNetwork } from '../../src/simulator/mainline-network.ts'
import type { SeededRandom } from '../../src/simulator/seeded-random.ts'
import { createMemoryStore } from '../../src/stores/memory-store.ts'
import { Path } from './path.ts'

export interface Asker {
  readonly node: FamilyNode
  readonly path: Path
}

/** Makes an asker, which is yet to join through `bootstrap`. `random`: its own dice. */
export function addAsker(
  network: MainlineNetwork,
  setup: {
    readonly bootstrap: Address
    readonly random: SeededRandom
    readonly parameters: Partial<Parameters>
    readonly busyShare: number
  },
): Asker {
  const { clock } = network
  const { bootstrap, busyShare } = setup
  const options = resolveOptions({ bootstrap: 'none', rateLimit: false, readOnly: true })
  const commits = new CommitBatch({ scheduler: clock, commit: () => {}, onFailure: fail })
  const random = setup.random.stream('path')
  const path = new Path(network.network.open(network.freshAddress()), { scheduler: clock, random, busyShare })
  const node = FamilyNode.create({
    options: { ...options, parameters: { ...options.parameters, ...setup.parameters } },
    shared: {
      store: createMemoryStore(),
      scheduler: clock,
      random: setup.random.stream('node'),
      hash: sha1,
      commits,
    },
    ports: {
      transport: path,
      bootstrap: () => Promise.resolve([bootstrap]),
      resolve: (host) => Promise.resolve([host]),
      isRouter: () => false,
    },
    observer: alone,
  })
  node.runner.start()
  return { node, path }
}

const fail = (error: unknown): never => {
  throw error
}

const alone: FamilyObserver = {
  others: () => [],
  sibling: () => null,
  notice: () => {},
  idChanged: () => {},
  joined: () => {},
  checkpoint: () => {},
  warn: fail,
}
