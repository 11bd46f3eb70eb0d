// What the rooms of one engine share: its parameters, ports, table, tokens, limits and counters. No behaviour.
import type { Counters } from './counters.ts'
import type { Parameters } from './parameters.ts'
import type { AdmissionPolicy, Answers, Effects, Probes, Random, Wire } from './ports.ts'
import type { SourceLimits } from './rate-limits.ts'
import type { RoutingTable } from './routing-table.ts'
import type { Suspects } from './suspects.ts'

export interface EngineParts<Q extends { readonly method: string }, R> {
  readonly parameters: Parameters
  readonly random: Random
  readonly wire: Wire<Q, R>
  readonly answers: Answers<Q, R>
  readonly probes: Probes<Q, R>
  readonly policy: AdmissionPolicy
  readonly effects: Effects
  readonly table: RoutingTable
  readonly suspects: Suspects
  readonly limits: SourceLimits
  readonly counters: Counters
}
