// What khashmir asks on a lookup and what an answer means: find_node and find_value (khashmir A3, A7).
// Not here: how it is written (wire.ts), and the walk (kademlia/walk.ts).
import type { Id } from '../../kademlia/id.ts'
import { ProtocolError, type LookupQuery, type Probes } from '../../kademlia/ports.ts'
import type { KhashmirQuery, KhashmirReply } from './messages.ts'

export type KhashmirLookup<T> = LookupQuery<KhashmirQuery, KhashmirReply, T>

/**
 * Walks to the nodes closest to a target. `forStore`: only who gives a token counts among the closest, for only there can
 * be stored.
 */
export function findNode(target: Id, options: { readonly forStore: boolean }): KhashmirLookup<never> {
  const question: KhashmirQuery = { method: 'find_node', target }
  return {
    target,
    question: () => question,
    read: ({ nodes, token }) => ({
      closer: nodes ?? without('find_node', 'nodes'),
      results: [],
      done: false,
      counts: !options.forStore || token !== undefined,
    }),
  }
}

/** Walks to the nodes closest to a key; a result is how many values one of them holds. It does not end early. */
export function findValue(key: Id): KhashmirLookup<number> {
  const question: KhashmirQuery = { method: 'find_value', key }
  return {
    target: key,
    question: () => question,
    read: ({ nodes, num = without('find_value', 'num') }) => ({
      closer: nodes ?? without('find_value', 'nodes'),
      results: num > 0 ? [num] : [],
      done: false,
      counts: true,
    }),
  }
}

/** The two questions that the engine asks on its own account. */
export const PROBES: Probes<KhashmirQuery, KhashmirReply> = {
  ping: () => ({ method: 'ping' }),
  closestTo: (target) => findNode(target, { forStore: false }),
}

function without(method: string, field: string): never {
  throw new ProtocolError(`${method}: the reply has no ${field}`, { reason: `no-${field}` })
}
