// Reads the three files beside this one: requirements.txt, threats.txt and deviations.txt, each of which says at its top
// how it is written. Not here: what is wrong with what they say (check.ts).
import { idsIn } from './titles.ts'

export const STATUSES = ['yes', 'no', 'partly', 'open', 'later'] as const
export type Status = (typeof STATUSES)[number]

/** A line of the specifications, or a threat. */
export interface Entry {
  readonly id: string
  /** M, S, O or D; empty for threats. */
  readonly level: string
  readonly status: Status
  readonly text: string
  /** Why it is not kept as it stands. */
  readonly because?: string
  readonly note?: string
  /** Of threats. */
  readonly defence?: string
}

export interface Section {
  readonly title: string
  readonly entries: readonly Entry[]
}

export interface Deviation {
  readonly who: string
  readonly text: string
  readonly ours: string
  readonly ids: readonly string[]
}

/** The first line of an entry, and what stands behind the words that may follow it. */
interface Block {
  readonly head: string
  readonly parts: Readonly<Record<string, string>>
}

const PART = /^(because|note|defence|ours): (.+)$/

/** The entries of a text: comments and empty lines left out, indented lines joined to what they continue. */
function blocksOf(text: string): Block[] {
  const blocks: { head: string; parts: Record<string, string> }[] = []
  let last = ''
  for (const line of text.split('\n')) {
    if (line.trim() === '' || line.startsWith('#')) continue
    if (!line.startsWith(' ')) {
      blocks.push({ head: line.trim(), parts: {} })
      last = ''
      continue
    }
    const block = blocks.at(-1)
    if (block === undefined) throw new Error(`continues nothing: ${line}`)
    const part = PART.exec(line.trim())
    if (part !== null) block.parts[(last = part[1]!)] = part[2]!
    else if (last === '') block.head += ` ${line.trim()}`
    else block.parts[last] += ` ${line.trim()}`
  }
  return blocks
}

const REQUIREMENT = /^(?<id>\S+) (?<level>[MSOD](?:\/[MSOD])?) (?<status>\w+) {2}(?<text>.+)$/
const THREAT = /^(?<id>T\d+) (?<status>\w+) {2}(?<text>.+)$/
const DEVIATION = /^(?<who>\S+) {2}(?<text>.+)$/

function entryOf({ head, parts }: Block, pattern: RegExp): Entry {
  const { id, level = '', status, text } = pattern.exec(head)?.groups ?? {}
  if (id === undefined || text === undefined || !STATUSES.includes(status as Status)) {
    throw new Error(`is no entry: ${head}`)
  }
  return { id, level, status: status as Status, text, ...parts }
}

/** Throws Error for a line that is none. */
export function readRequirements(text: string): Section[] {
  const sections: { title: string; entries: Entry[] }[] = []
  for (const block of blocksOf(text)) {
    if (block.head.startsWith('== ')) sections.push({ title: block.head.slice(3), entries: [] })
    else sections.at(-1)!.entries.push(entryOf(block, REQUIREMENT))
  }
  return sections
}

/** Throws Error for a line that is none. */
export function readThreats(text: string): Entry[] {
  return blocksOf(text).map((block) => entryOf(block, THREAT))
}

/** The lines that hold our own way stand at the end of what is ours. Throws Error for a line that is none. */
export function readDeviations(text: string): Deviation[] {
  return blocksOf(text).map(({ head, parts }) => {
    const { who, text: what } = DEVIATION.exec(head)?.groups ?? {}
    const ours = /^(.+\.) ([^.]+)$/.exec(parts['ours'] ?? '')
    if (who === undefined || what === undefined || ours === null) throw new Error(`is no deviation: ${head}`)
    return { who, text: what, ours: ours[1]!, ids: idsIn(ours[2]!) }
  })
}
