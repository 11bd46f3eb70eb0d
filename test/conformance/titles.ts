// Which tests claim which lines: the titles of describe, test and scenario that name an id, read from the sources of the
// tests. What a test then does is for people to judge.
import { tokenize, type Token } from '../architecture/scan.ts'

/** A test, or a describe for all tests in it. */
export interface Claim {
  /** Path in the repository, with slashes. */
  readonly file: string
  readonly line: number
  readonly ids: readonly string[]
  /** What a reader of the report sees, without the ids: of the describe around it, then its own, or `all` of a describe. */
  readonly title: string
}

/** An id in the first argument of something that runs no test. */
export interface Stray {
  readonly file: string
  readonly line: number
  readonly callee: string
  readonly ids: readonly string[]
}

/** What runs tests; `scenario` is that of test/scenarios/scenario.ts. */
const RUNNERS = new Set(['describe', 'suite', 'test', 'it', 'scenario'])
const SUITES = new Set(['describe', 'suite'])

/**
 * One id, or a range: B44-01…03, B44-01…B44-03, T16–T18, with two dots as well. A0 to A9 are sections of khashmir, B0 to B9
 * of drogulus.
 */
const ONE = String.raw`(?:(?:K|B\d{1,2})-\d{1,3}|T\d{1,2}|[AB]\d)`
const ID = new RegExp(String.raw`\b(${ONE})(?:\s?(?:…|–|\.\.)\s?(?:${ONE}|\d{1,3}))?\b`, 'gu')
/** Ids in front of a sentence, or in parentheses, with what joins them. */
const FRAME = new RegExp(
  String.raw`^(?:${ID.source}[\s,]*)+:?\s*|\s*\((?:(?:khashmir |drogulus )?${ID.source}[\s,]*)+\)`,
  'gu',
)

/** The ids that a text names, ranges spelled out, each once. */
export function idsIn(text: string): string[] {
  return [...new Set(Array.from(text.matchAll(ID), ([range, first]) => spelledOut(range, first!)).flat())]
}

function spelledOut(range: string, first: string): string[] {
  const [prefix, digits] = partsOf(first)
  const last = Number(/\d+$/.exec(range)![0])
  const count = last - Number(digits) + 1
  if (range === first || count < 1) return range === first ? [first] : [range]
  return Array.from(
    { length: count },
    (_, i) => prefix + String(Number(digits) + i).padStart(digits.length, '0'),
  )
}

function partsOf(id: string): [prefix: string, digits: string] {
  const [, prefix, digits] = /^(.*?)(\d+)$/.exec(id)!
  return [prefix!, digits!]
}

/** What the tests of one source claim, and ids where no test would run. Skipped tests and todos claim nothing. */
export function claimsOf(file: string, source: string): { claims: Claim[]; strays: Stray[] } {
  const claims: Claim[] = []
  const strays: Stray[] = []
  // Most sources name no id.
  if (idsIn(source).length === 0) return { claims, strays }
  const tokens = tokenize(source)
  /** The suites that are open, with the depth of parentheses inside of them. */
  const open: { title: string; depth: number }[] = []
  let depth = 0
  for (let index = 0; index < tokens.length; index++) {
    const { kind, text } = tokens[index]!
    if (kind !== 'punctuator') continue
    if (text === ')') depth--
    while (open.length > 0 && depth < open.at(-1)!.depth) open.pop()
    if (text !== '(') continue
    depth++
    const callee = calleeAt(tokens, index - 1)
    const argument = textAt(tokens, index + 1)
    if (callee === null || argument === null) continue
    const { line } = tokens[index]!
    const ids = idsIn(argument)
    if (!RUNNERS.has(callee)) {
      if (ids.length > 0) strays.push({ file, line, callee, ids })
      continue
    }
    const own = argument.replace(FRAME, '').trim()
    const isSuite = SUITES.has(callee)
    const title = [...open.map((suite) => suite.title), own, ...(isSuite ? ['all'] : [])].join(': ')
    if (ids.length > 0) claims.push({ file, line, ids, title })
    if (isSuite) open.push({ title: own, depth })
  }
  return { claims, strays }
}

/** The name before an opening parenthesis; null for what is skipped, to do, or no name. */
function calleeAt(tokens: readonly Token[], index: number): string | null {
  const [object, dot, name] = [tokens[index - 2], tokens[index - 1], tokens[index]]
  if (name?.kind !== 'word') return null
  if (dot?.text !== '.') return name.text
  if (object?.kind !== 'word' || !RUNNERS.has(object.text)) return name.text
  return name.text === 'only' ? object.text : null
}

/** The text that begins here: strings and templates, joined by +, holes as …; null when none does. */
function textAt(tokens: readonly Token[], start: number): string | null {
  let text = ''
  let holes = 0
  for (let index = start; index < tokens.length; index++) {
    const token = tokens[index]!
    const isPart = token.kind === 'template'
    if (holes > 0 && !isPart) continue
    if (isPart) {
      const opens = token.text.startsWith('`')
      const closes = token.text.endsWith('`')
      if (holes === (opens ? 0 : 1)) text += `${opens ? '' : '…'}${token.text.slice(1, closes ? -1 : -2)}`
      holes += (opens ? 1 : 0) - (closes ? 1 : 0)
    } else if (token.kind === 'string') text += token.text
    else return index === start ? null : unescaped(text)
    if (holes === 0 && tokens[index + 1]?.text === '+') index++
    else if (holes === 0) break
  }
  return unescaped(text)
}

function unescaped(text: string): string {
  return text.replace(/\\(['"`\\])/g, '$1')
}
