// What must be so between the lines of the specifications and the tests that claim them.
import type { Deviation, Entry, Section } from './entries.ts'
import type { Claim, Stray } from './titles.ts'

export interface Conformance {
  readonly sections: readonly Section[]
  readonly threats: readonly Entry[]
  readonly deviations: readonly Deviation[]
  /** In the order of their files, and in each from its top. */
  readonly claims: readonly Claim[]
  readonly strays: readonly Stray[]
}

/** Suites that do not run with the others are no proof by themselves. */
const isLong = ({ file }: Claim): boolean => file.startsWith('test/long/')

/** Everything that is wrong, a sentence each; empty when nothing is. */
export function problemsOf(conformance: Conformance): string[] {
  const entries = [...conformance.sections.flatMap((section) => section.entries), ...conformance.threats]
  const known = new Set(entries.map(({ id }) => id))
  const unknownIn = (ids: readonly string[], where: string): string[] =>
    ids.filter((id) => !known.has(id)).map((id) => `${where} names ${id}, which is no line`)
  return [
    ...entries.flatMap((entry) => problemsOfEntry(entry, conformance.claims)),
    ...gapsIn(entries.map(({ id }) => id)),
    ...conformance.claims.flatMap(({ file, line, ids }) => unknownIn(ids, `${file}:${line}`)),
    ...conformance.deviations.flatMap(({ text, ids }) => unknownIn(ids, `"${text}"`)),
    ...conformance.strays.map(
      ({ file, line, callee, ids }) =>
        `${file}:${line} gives ${ids.join(', ')} to ${callee}(), which runs no test`,
    ),
  ]
}

function problemsOfEntry({ id, status, because }: Entry, claims: readonly Claim[]): string[] {
  const claimed = claims.filter(({ ids }) => ids.includes(id))
  const needsReason = status === 'no' || status === 'partly' || status === 'later'
  const problems: string[] = []
  if (needsReason && because === undefined) problems.push(`${id} is "${status}" and does not say why`)
  if (!needsReason && because !== undefined) problems.push(`${id} is "${status}" and says why it is not`)
  if (status === 'yes' && claimed.every(isLong)) problems.push(`${id} is "yes" and no test names it`)
  if (status === 'no' && claimed.length > 0) problems.push(`${id} is "no" and a test names it`)
  return problems
}

/** Ids of one kind count up from 1, or from 0, without a gap, each once: so none of the specifications is forgotten. */
function gapsIn(ids: readonly string[]): string[] {
  const problems: string[] = []
  const last = new Map<string, number>()
  for (const id of ids) {
    const kind = id.replace(/\d+$/, '')
    const number = Number(id.slice(kind.length))
    const before = last.get(kind)
    const expected = before === undefined ? Math.min(number, 1) : before + 1
    if (number !== expected) problems.push(`${id} stands where ${kind}${expected} should`)
    last.set(kind, number)
  }
  return problems
}
