// The live nodes closest to a target, over all local nodes of a node. Not here: what is asked; that is the network's word.
import type { Contact } from '../kademlia/contact.ts'
import { compareDistance, type Id } from '../kademlia/id.ts'
import type { LookupQuery } from '../kademlia/ports.ts'
import type { Hop } from '../kademlia/walk.ts'
import type { LocalNode } from './local-node.ts'
import { bare } from './node-life.ts'
import type { OperationOptions } from './node-events.ts'

export interface ClosestOptions extends OperationOptions {
  /** Hears of every request of the walk. */
  readonly onHop?: (hop: Hop) => void
}

/** Nearest first: k of each local node. */
export async function closestTo<Q extends { readonly method: string }, R, Local extends LocalNode<Q, R>>(
  target: Id,
  { locals, query }: { locals: readonly Local[]; query: (local: Local) => LookupQuery<Q, R, never> },
  options: ClosestOptions,
): Promise<readonly Contact[]> {
  const walks = locals.map(async (local) => {
    await local.knowsSomebody(options.signal)
    return local.runner.lookup({ query: query(local), ...options }).outcome
  })
  const outcomes = await Promise.all(walks)
  return outcomes
    .flatMap(({ closest }) => closest.map(({ contact }) => bare(contact)))
    .sort((a, b) => compareDistance(target, a.id, b.id))
}
