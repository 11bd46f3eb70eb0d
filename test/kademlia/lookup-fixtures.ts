// What the tests of the lookup machine share: a lookup of id 0 with two slots, and short words for what happens to it.
import type { Candidate } from '../../src/kademlia/candidates.ts'
import type { Contact } from '../../src/kademlia/contact.ts'
import { Lookup } from '../../src/kademlia/lookup.ts'
import type { LookupOptions } from '../../src/kademlia/lookup.ts'
import { defaultParameters } from '../../src/kademlia/parameters.ts'
import type { Parameters } from '../../src/kademlia/parameters.ts'
import { idOf, idsOf, nodeAt } from './table-fixtures.ts'

export const TARGET = idOf(0)

export function lookupWith(
  parameters: Partial<Parameters> = {},
  options: Partial<LookupOptions> = {},
): Lookup {
  return new Lookup({
    target: TARGET,
    parameters: { ...defaultParameters, k: 2, alpha: 2, ...parameters },
    eligible: () => true,
    group: () => null,
    self: null,
    ...options,
  })
}

export const nodes = (...ids: number[]): Contact[] => ids.map((id) => nodeAt(id))

/** Everybody whom the lookup offers now. */
export function offered(lookup: Lookup): Candidate[] {
  const found: Candidate[] = []
  for (let next = lookup.next(); next !== null; next = lookup.next()) found.push(next)
  return found
}

export const idsIn = (candidates: readonly Candidate[]): number[] =>
  idsOf(candidates.map(({ contact }) => contact))

export function answer(
  lookup: Lookup,
  candidate: Candidate,
  closer: readonly Contact[] = [],
  counts = true,
): void {
  lookup.answered(candidate, { closer, counts })
}
