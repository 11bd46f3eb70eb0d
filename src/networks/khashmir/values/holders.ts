// Who holds values of a key, and how many: the walk of find_value, our own node among them (khashmir A7, "find value").
// Not here: the values themselves (value-search.ts).
import type { Contact } from '../../../kademlia/contact.ts'
import { compareDistance, type Id } from '../../../kademlia/id.ts'
import { bare } from '../../../node/node-life.ts'
import type { FamilyNode } from '../family.ts'
import { findValue } from '../queries.ts'

/** A node that has values of a key. */
export interface ValueHolder {
  /** Of our own node the host is 'self'. */
  readonly contact: Contact
  /** How many values of the key it says it holds: at least 1. */
  readonly count: number
}

/** What one walk found out. */
export interface HolderSearch {
  /** Nearest first. */
  readonly holders: readonly ValueHolder[]
  readonly asked: number
  readonly answered: number
  readonly failed: number
}

/** All that were asked and have values; `own`: how many we hold ourselves. */
export async function findHolders(
  node: FamilyNode,
  key: Id,
  { own, signal }: { readonly own: number; readonly signal: AbortSignal | undefined },
): Promise<HolderSearch> {
  await node.knowsSomebody(signal)
  const holders: ValueHolder[] = []
  const walk = node.runner.lookup({ query: findValue(key), self: node.serves, signal })
  for await (const { result: count, from } of walk) holders.push({ contact: bare(from), count })
  const { asked, answered, failed } = await walk.outcome
  if (own > 0) holders.push({ contact: { id: node.id, address: { host: 'self', port: 0 } }, count: own })
  holders.sort((a, b) => compareDistance(key, a.contact.id, b.contact.id))
  return { holders, asked, answered, failed }
}
