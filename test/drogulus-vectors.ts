// Bytes recorded from the versions of the original Drogulus (test/vectors/drogulus.jsonl, never edited), typed.
// Not here: what we make of them; that is for the tests beside the code that they judge.
import { readFileSync } from 'node:fs'
import { MsgPackFloat, MsgPackMap } from '../src/codecs/msgpack-value.ts'
import type { MsgPackValue } from '../src/codecs/msgpack-value.ts'

/** July 2013, the seed that is caught in the middle of a change, and October 2013. */
export const DROGULUS_COMMITS = ['e9b8c69', '9cf11d9', '804a320'] as const
export type DrogulusCommit = (typeof DROGULUS_COMMITS)[number]

/** A call of a function, a message of a pair or one that an original sent by itself, what it reports at the end. */
export type DrogulusDirection = 'function' | 'request' | 'response' | 'request-from-original' | 'result'

/**
 * A value of the original. Strings are text where they are ASCII, else `{ hex }`; floats are `{ float }` with their digits;
 * maps are `{ map: [key, value][] }`; integers outside of ±2^53 are bigints. Of messages there may stand `{ not_a_netstring }`
 * or `{ not_msgpack }`. Only in functions there are `{ unicode_utf8_hex }`, and `{ repeat, times }` for long text; other
 * objects, there and in results, are what they are.
 */
export type RecordedValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | readonly RecordedValue[]
  | RecordedFields
export interface RecordedFields {
  readonly [key: string]: RecordedValue
}

export interface DrogulusVector {
  readonly commit: DrogulusCommit
  readonly name: string
  readonly direction: DrogulusDirection
  /** The recorded bytes with their netstrings, a fresh copy each time; empty where nothing was sent. */
  readonly hex: Uint8Array
  /** Of messages an array, one for each; of functions their input and what was reckoned on the way. */
  readonly decoded: RecordedValue
  readonly note: string
  /** Lines of the same number and commit belong together: a request and its response. */
  readonly pair?: number
  /** `127.0.0.1:54708`: where the request came from. */
  readonly requesterAddr?: string
  /** In hex. */
  readonly responderId?: string
  /** Absent where the bytes are the same either way. */
  readonly transport?: string
  /** Whether the responder closed the connection after it. */
  readonly closed?: boolean
  /** Ids in hex: whom the responder has blacklisted. */
  readonly blacklist?: readonly string[]
  /** Id in hex, host and port: whom the responder knew. */
  readonly table?: readonly (readonly [string, string, number])[]
  /** Who sent it: `original node`, `test`. */
  readonly sender?: string
  /** What the original reports of a call as a client. */
  readonly result?: RecordedFields
}

/** Of which lines; what is left out is all. */
export interface DrogulusFilter {
  readonly name?: string
  readonly commit?: DrogulusCommit
  readonly direction?: DrogulusDirection
}

type Line = Omit<DrogulusVector, 'hex'> & { readonly hex: string }

let lines: readonly Line[] | null = null

/** The lines that are wanted, in the order of recording. Throws when there is none: then nothing would be tested. */
export function drogulusVectors(filter: DrogulusFilter = {}): readonly DrogulusVector[] {
  lines ??= readLines()
  const { name, commit, direction } = filter
  const wanted = lines.filter(
    (line) =>
      (name === undefined || line.name === name) &&
      (commit === undefined || line.commit === commit) &&
      (direction === undefined || line.direction === direction),
  )
  if (wanted.length === 0) throw new RangeError(`no line of drogulus.jsonl is ${JSON.stringify(filter)}`)
  return wanted.map((line) => ({ ...line, hex: Uint8Array.from(Buffer.from(line.hex, 'hex')) }))
}

/** A recorded value of a message, or one that a function was given, as our codec has it. */
export function recordedMsgPack(recorded: RecordedValue): MsgPackValue {
  if (typeof recorded === 'string') return Uint8Array.from(Buffer.from(recorded, 'utf8'))
  if (Array.isArray(recorded)) return (recorded as readonly RecordedValue[]).map(recordedMsgPack)
  if (typeof recorded !== 'object' || recorded === null) return recorded
  const { hex, unicode_utf8_hex: unicode, float, map, repeat, times } = recorded as RecordedFields
  const digits = hex ?? unicode
  if (typeof digits === 'string') return Uint8Array.from(Buffer.from(digits, 'hex'))
  if (typeof float === 'string') return new MsgPackFloat(Number(float))
  if (typeof repeat === 'string') return recordedMsgPack(repeat.repeat(Number(times)))
  if (!Array.isArray(map)) throw new TypeError(`no recorded value: ${Object.keys(recorded).join()}`)
  const pairs = map as readonly (readonly [RecordedValue, RecordedValue])[]
  return new MsgPackMap(pairs.map(([key, item]) => [recordedMsgPack(key), recordedMsgPack(item)]))
}

/** The fields that have other names here. */
const RENAMED: Readonly<Record<string, keyof DrogulusVector>> = {
  requester_addr: 'requesterAddr',
  responder_id: 'responderId',
}

function readLines(): readonly Line[] {
  const text = readFileSync(new URL('vectors/drogulus.jsonl', import.meta.url), 'utf8')
  return text
    .trimEnd()
    .split('\n')
    .map((line) => {
      const fields = Object.entries(JSON.parse(line, exact) as Record<string, unknown>)
      return Object.fromEntries(fields.map(([key, value]) => [RENAMED[key] ?? key, value])) as unknown as Line
    })
}

/** Keeps integers that a number cannot hold. */
function exact(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value
  return /^-?\d+$/.test(context?.source ?? '') ? BigInt(context!.source!) : value
}
