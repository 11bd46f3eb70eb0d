// The page docs/conformance.md: made of the three texts beside this file and of the titles of all tests.
import { globSync, readFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import type { Conformance } from './check.ts'
import {
  readDeviations,
  readRequirements,
  readThreats,
  STATUSES,
  type Deviation,
  type Entry,
  type Section,
  type Status,
} from './entries.ts'
import { claimsOf, type Claim } from './titles.ts'

/** Where the page stands, from the root of the repository. */
export const PAGE = 'docs/conformance.md'

/** Reads everything that the page is made of. Throws Error where one of the texts cannot be read. */
export function readConformance(root: string): Conformance {
  const text = (name: string): string => readFileSync(join(root, 'test/conformance', name), 'utf8')
  const files = globSync('test/**/*.ts', { cwd: root })
    .map((file) => file.split(sep).join('/'))
    .filter((file) => !file.startsWith('test/conformance'))
    .toSorted()
  const scanned = files.map((file) => claimsOf(file, readFileSync(join(root, file), 'utf8')))
  return {
    sections: readRequirements(text('requirements.txt')),
    threats: readThreats(text('threats.txt')),
    deviations: readDeviations(text('deviations.txt')),
    claims: scanned.flatMap(({ claims }) => claims),
    strays: scanned.flatMap(({ strays }) => strays),
  }
}

const SHOWN: Readonly<Record<Status, string>> = {
  yes: 'yes',
  no: '**no**',
  partly: '**partly**',
  open: '*open*',
  later: '*to come*',
}

const INTRODUCTION = `# Conformance

<!-- Made by npm run conformance from test/conformance/*.txt and the titles of the tests. Do not edit. -->

What the specifications of the BitTorrent DHT ask of a node, what a node of ours does, and the tests that hold it to that.
Each line has an id, which the titles of tests name. The lines are in our own words; the specifications are those of
[bittorrent.org](https://www.bittorrent.org/beps/bep_0000.html), and what everybody does without any. Khashmir has a line for each
section of [its own document](wire/khashmir.md), A0 to A9, and so has [drogulus](wire/drogulus.md), B0 to B9.

Levels: **M** the specification demands it, **S** suggests it, **O** leaves it open, **D** is what deployed nodes do.
*open* is what is being written.`

/** The page as Markdown. The same for the same conformance. */
export function pageOf({ sections, threats, deviations, claims }: Conformance): string {
  const blocks = [
    INTRODUCTION,
    summaryOf(sections.flatMap((section) => section.entries)),
    ...sections.flatMap((section) => sectionOf(section, claims)),
    '## Threats',
    table(['id', 'attack', 'defence', 'held'], threats.map(threatRow)),
    testsOf(threats, claims),
    '## What others do otherwise',
    'Survived, and not copied.',
    table(['who', 'what they do', 'what we do', 'lines'], deviations.map(deviationRow)),
  ]
  return `${blocks.join('\n\n')}\n`
}

function summaryOf(entries: readonly Entry[]): string {
  const used = STATUSES.filter((status) => entries.some((entry) => entry.status === status))
  const row = (name: string, those: readonly Entry[]): string[] => [
    name,
    ...used.map((status) => String(those.filter((entry) => entry.status === status).length)),
  ]
  const levels = Map.groupBy(entries, ({ level }) => level)
  return table(
    ['level', ...used.map((status) => SHOWN[status])],
    [...Array.from(levels, ([level, those]) => row(level, those)), row('all', entries)],
  )
}

function sectionOf({ title, entries }: Section, claims: readonly Claim[]): string[] {
  return [
    `## ${title}`,
    table(['id', 'level', 'requirement', 'kept'], entries.map(requirementRow)),
    testsOf(entries, claims),
  ]
}

const requirementRow = (entry: Entry): string[] => [
  anchor(entry.id),
  entry.level,
  entry.text,
  statusOf(entry),
]

const threatRow = (entry: Entry): string[] => [
  anchor(entry.id),
  entry.text,
  entry.defence ?? '',
  statusOf(entry),
]

const deviationRow = ({ who, text, ours, ids }: Deviation): string[] => [
  who,
  text,
  ours,
  ids.map((id) => `[${id}](#${id.toLowerCase()})`).join(', '),
]

const anchor = (id: string): string => `<a id="${id.toLowerCase()}"></a>${id}`

function statusOf({ status, because, note }: Entry): string {
  if (status === 'later') return `${SHOWN.later}: ${because}`
  const first = because === undefined ? SHOWN[status] : `${SHOWN[status]}, because ${because}`
  return note === undefined ? first : `${first} (${note.replace(/\.$/, '')})`
}

/** Each id with its files, and in each the sentences of its tests. */
function testsOf(entries: readonly Entry[], claims: readonly Claim[]): string {
  const items = entries.flatMap(({ id }) => {
    const byFile = Map.groupBy(
      claims.filter(({ ids }) => ids.includes(id)),
      ({ file }) => file,
    )
    const files = Array.from(byFile, ([file, those]) => {
      const sentences = [...new Set(those.map(({ title }) => `    - ${asText(title)}`))]
      return [`  - [${file}](../${file})`, ...sentences]
    })
    return files.length === 0 ? [] : [`- **${id}**`, ...files.flat()]
  })
  return items.length === 0 ? 'No tests yet.' : `Tests:\n\n${items.join('\n')}`
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

/** A title as it is, whatever Markdown would make of it. */
function asText(title: string): string {
  return title.replace(/[\\`*_<>[\]|]/g, String.raw`\$&`)
}
