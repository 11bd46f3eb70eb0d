// The ways of looking up that are compared: ours, ours with other numbers, and the paper's.
import type { Contact } from '../../src/kademlia/contact.ts'
import type { Id } from '../../src/kademlia/id.ts'
import type { Parameters } from '../../src/kademlia/parameters.ts'
import type { FamilyNode } from '../../src/networks/mainline/family.ts'
import { findNode } from '../../src/networks/mainline/queries.ts'
import { PaperLookup, paperParameters } from './paper.ts'

export interface Watcher {
  /** Somebody answered; `depth`: answers between our own table and it. */
  onAnswer(contact: Contact, depth: number): void
}

export interface Variant {
  readonly name: string
  /** Of the nodes that look up in this way. */
  readonly parameters: Partial<Parameters>
  /** The closest that answered, nearest first. */
  readonly lookup: (node: FamilyNode, target: Id, watcher: Watcher) => Promise<readonly Contact[]>
}

function ours(name: string, parameters: Partial<Parameters>): Variant {
  return {
    name,
    parameters,
    lookup: async (node, target, watcher) => {
      const walk = node.runner.lookup({
        query: findNode(target, node.queryOptions),
        onHop: ({ contact, depth, outcome }) => {
          if (outcome === 'answered') watcher.onAnswer(contact, depth)
        },
      })
      const { closest } = await walk.outcome
      return closest.map(({ contact }) => contact)
    },
  }
}

export const VARIANTS: readonly Variant[] = [
  {
    name: 'as in the paper',
    parameters: paperParameters,
    lookup: (node, target, watcher) =>
      new PaperLookup(node, target, (contact, depth) => watcher.onAnswer(contact, depth)).run(),
  },
  ours('ours', {}),
  ours('alpha 3', { alpha: 3 }),
  ours('alpha 5', { alpha: 5 }),
  ours('alpha 8', { alpha: 8 }),
  ours('two attempts', { resendAfterMs: [1_000] }),
  ours('2 disjoint paths', { disjointPaths: 2 }),
]
