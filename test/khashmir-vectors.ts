// Bytes recorded from the four versions of the original Khashmir (test/vectors/khashmir.jsonl, never edited), typed.
// Not here: what we make of them; that is for the tests beside the code that they judge.
import { readFileSync } from 'node:fs'

/** The three commits of March 2008 and the last one. */
export const KHASHMIR_COMMITS = ['e525e8e', 'abdb21e', '81a89f3', 'HEAD'] as const
export type KhashmirCommit = (typeof KHASHMIR_COMMITS)[number]

/** What one line holds: a call of a function, a datagram of a pair, or what the original reports at the end. */
export type KhashmirDirection =
  | 'function'
  | 'request'
  | 'response'
  | 'request-from-original'
  | 'response-to-original'
  | 'result'

/**
 * A value of the original. Strings are `{ hex }`, with `text` where they are ASCII; integers outside of ±2^53 are
 * `{ bigint }`. Only of functions: dictionaries are `{ dict: [key, value][] }`, there are `{ unicode_utf8_hex }` and
 * `{ datetime }`, and a refusal is `{ error }` with the name of the exception. Elsewhere dictionaries are objects.
 */
export type Recorded = null | boolean | number | string | readonly Recorded[] | RecordedObject
export interface RecordedObject {
  readonly [key: string]: Recorded
}

export interface KhashmirVector {
  readonly commit: KhashmirCommit
  readonly name: string
  readonly direction: KhashmirDirection
  /** The recorded bytes, a fresh copy each time; empty where a function refused, or nothing was sent. */
  readonly hex: Uint8Array
  /** What the original makes of the bytes, or made them of; null where it was not decoded. */
  readonly decoded: Recorded
  readonly note: string
  /** Lines of the same number and commit belong together: a request and its response. */
  readonly pair?: number
  /** `127.0.0.1:20500`: where the request came from. */
  readonly requesterAddr?: string
  /** In hex. */
  readonly responderId?: string
  /** Whom the responder knew; ids in hex. */
  readonly knownContacts?: readonly { readonly id: string; readonly port: number }[]
  /** What the original reports of a call as a client. */
  readonly result?: RecordedObject
  /** When the same bytes were sent. */
  readonly sentAtS?: readonly number[]
  readonly failedAfterS?: number
}

/** Of which lines; what is left out is all. */
export interface KhashmirFilter {
  readonly name?: string
  readonly commit?: KhashmirCommit
  readonly direction?: KhashmirDirection
}

type Line = Omit<KhashmirVector, 'hex'> & { readonly hex: string }

let lines: readonly Line[] | null = null

/** The lines that are wanted, in the order of recording. Throws when there is none: then nothing would be tested. */
export function khashmirVectors(filter: KhashmirFilter = {}): readonly KhashmirVector[] {
  lines ??= readLines()
  const { name, commit, direction } = filter
  const wanted = lines.filter(
    (line) =>
      (name === undefined || line.name === name) &&
      (commit === undefined || line.commit === commit) &&
      (direction === undefined || line.direction === direction),
  )
  if (wanted.length === 0) throw new RangeError(`no line of khashmir.jsonl is ${JSON.stringify(filter)}`)
  return wanted.map((line) => ({ ...line, hex: Uint8Array.from(Buffer.from(line.hex, 'hex')) }))
}

/** The fields that have other names here. */
const RENAMED: Readonly<Record<string, keyof KhashmirVector>> = {
  requester_addr: 'requesterAddr',
  responder_id: 'responderId',
  known_contacts: 'knownContacts',
  sent_at_s: 'sentAtS',
  failed_after_s: 'failedAfterS',
}

function readLines(): readonly Line[] {
  const text = readFileSync(new URL('vectors/khashmir.jsonl', import.meta.url), 'utf8')
  return text
    .trimEnd()
    .split('\n')
    .map((line) => {
      const fields = Object.entries(JSON.parse(line) as Record<string, unknown>)
      return Object.fromEntries(fields.map(([key, value]) => [RENAMED[key] ?? key, value])) as unknown as Line
    })
}
