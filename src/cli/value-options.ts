// What stands beside a value that is published on drogulus, as users write it: its name, when it expires, on how many
// nodes, texts. Not here: the value (content.ts), the key (rsa-key-option.ts).
import { MAX_NAME_BYTES } from '../networks/drogulus/arguments.ts'
import { readWhole } from './arguments.ts'
import { parseDuration } from './duration.ts'
import { misuse } from './failure.ts'

/** Reads the name of a value: its UTF-8 bytes. */
export function readValueName(text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text)
  if (bytes.length <= MAX_NAME_BYTES) return bytes
  throw misuse('NAME', `at most ${MAX_NAME_BYTES} bytes`, bytes)
}

const DATE = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?$/

/** Reads when a value expires: a duration from `now` (ms) on, a date, or `never`. null: never. */
export function readExpiry(text: string | undefined, now: number): Date | null {
  if (text === undefined || text === 'never') return null
  const allowed =
    'a time to come: a duration such as 30m, 24h or 7d, a date such as 2030-01-31 (UTC), or never'
  const ms = DATE.test(text) ? Date.parse(text) : now + parseDuration(text)
  const date = new Date(ms)
  // A date that there is not, such as the 31st of April, becomes another one.
  const isShifted = DATE.test(text) && !text.includes(':') && !shownDay(date).startsWith(text)
  if (!(ms > now && date.getTime() <= LAST_MS) || isShifted) throw misuse('--expires', allowed, text)
  return date
}

/** The end of the year 9999. */
const LAST_MS = 253_402_300_799_999

function shownDay(date: Date): string {
  return Number.isFinite(date.getTime()) ? date.toISOString() : ''
}

/** Reads KEY=TEXT, each KEY once. */
export function readMeta(texts: readonly string[] = []): Record<string, string> {
  const entries = texts.map((text): [string, string] => {
    const end = text.indexOf('=')
    if (end < 1) throw misuse('--meta', 'KEY=TEXT', text)
    return [text.slice(0, end), text.slice(end + 1)]
  })
  const twice = entries.find(([key], i) => entries.findIndex(([other]) => other === key) < i)
  if (twice !== undefined) throw misuse('--meta', 'each KEY once', twice.join('='))
  return Object.fromEntries(entries)
}

/** Reads on how many nodes. */
export function readDuplicate(text: string | undefined, k: number): number | undefined {
  if (text === undefined) return undefined
  return readWhole('--duplicate', text, { least: 1, most: k, allowed: `a number of nodes from 1 to ${k}` })
}
