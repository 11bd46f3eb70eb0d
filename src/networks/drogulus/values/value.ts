// What people publish and get, as msgpack values and back (docs/wire/drogulus.md). Text travels as its UTF-8 bytes, a
// number without a fraction as an integer, an object as a map. Not here: what is signed around it (keys/signed-value.ts).
import { MsgPackFloat, MsgPackMap, type MsgPackValue } from '../../../codecs/msgpack-value.ts'
import { toHex } from '../../../kademlia/id.ts'
import { badArgument } from '../../../node/errors.ts'
import type { SignedValue } from '../messages.ts'
import { packMsgPack } from '../../../codecs/msgpack.ts'

/** What can be published. */
export type DrogulusValueLike =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly DrogulusValueLike[]
  | ReadonlyMap<string, DrogulusValueLike>
  | { readonly [key: string]: DrogulusValueLike }

/** A value as it is got: text is what was valid UTF-8; a map of which a key is no text is a Map. */
export type DrogulusValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | DrogulusValue[]
  | Map<DrogulusValue, DrogulusValue>
  | { [key: string]: DrogulusValue }

/** What was found under a key, verified. */
export interface FoundValue {
  /** 128 hex digits. */
  readonly key: string
  readonly value: DrogulusValue
  /** The value as text, where it is text. */
  readonly text: string | null
  /** The bytes of a text or of bytes; of anything else its msgpack. */
  readonly bytes: Uint8Array
  /** PEM. */
  readonly publicKey: string
  readonly name: string
  /** Seconds since 1970. */
  readonly timestamp: number
  /** Seconds since 1970; null: never. */
  readonly expires: number | null
  readonly meta: Readonly<Record<string, string>>
}

/** Values inside each other. */
const MAX_DEPTH = 32

/** A byte order mark is part of the text: it would not round-trip otherwise. */
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const TEXT = new TextEncoder()

/** Reads a value. Throws XorbitError 'bad-argument' with the path to what cannot be published. */
export function toMsgPack(value: unknown, path = 'value', depth = 0): MsgPackValue {
  if (depth > MAX_DEPTH) throw badArgument(path, `at most ${MAX_DEPTH} levels`, value)
  if (value === null || typeof value === 'boolean') return value
  if (typeof value === 'string') return encoded(value, path)
  if (value instanceof Uint8Array) return new Uint8Array(value)
  if (typeof value === 'number' || typeof value === 'bigint') return toNumber(value, path)
  // Not by map(), which leaves holes.
  if (Array.isArray(value)) return Array.from(value, (each, i) => toMsgPack(each, `${path}[${i}]`, depth + 1))
  const entries = entriesOf(value)
  if (entries === null) {
    throw badArgument(path, 'text, bytes, a number, true, false, null, a list or an object', value)
  }
  return new MsgPackMap(
    entries.map(([key, inner]) => [encoded(key, path), toMsgPack(inner, `${path}.${key}`, depth + 1)]),
  )
}

/** Reads what stands beside a value: texts by texts. Throws XorbitError 'bad-argument'. */
export function toMeta(meta: unknown): MsgPackMap {
  const entries = meta === undefined ? [] : entriesOf(meta)
  if (entries === null || entries.some(([, text]) => typeof text !== 'string')) {
    throw badArgument('meta', 'an object of texts', meta)
  }
  return new MsgPackMap(entries.map(([key, text]) => [encoded(key, 'meta'), encoded(text as string, 'meta')]))
}

/** A signed value as users get it. */
export function foundValue(item: SignedValue): FoundValue {
  const { key, value, publicKey, name, timestamp, expires, meta } = item
  const bytes = value instanceof Uint8Array ? new Uint8Array(value) : packMsgPack(value)
  return {
    key: toHex(key),
    value: fromMsgPack(value),
    text: value instanceof Uint8Array ? textOf(value) : null,
    bytes,
    publicKey: shownText(publicKey),
    name: shownText(name),
    timestamp,
    expires: expires <= 0 ? null : expires,
    meta: Object.fromEntries(
      meta.entries.map(([word, text]) => [shownText(word as Uint8Array), shownText(text as Uint8Array)]),
    ),
  }
}

function fromMsgPack(value: MsgPackValue): DrogulusValue {
  if (value instanceof Uint8Array) return textOf(value) ?? new Uint8Array(value)
  if (value instanceof MsgPackFloat) return value.value
  if (value instanceof MsgPackMap) return fromMap(value)
  if (typeof value === 'object' && value !== null) return value.map(fromMsgPack)
  return value
}

function fromMap({ entries }: MsgPackMap): DrogulusValue {
  const read = entries.map(([key, inner]) => [fromMsgPack(key), fromMsgPack(inner)] as const)
  if (read.every(([key]) => typeof key === 'string'))
    return Object.fromEntries(read) as { [key: string]: DrogulusValue }
  return new Map(read)
}

/** Half a character would come back as another one. */
function encoded(text: string, path: string): Uint8Array {
  if (!text.isWellFormed()) throw badArgument(path, 'text that is Unicode', text)
  return TEXT.encode(text)
}

function toNumber(value: number | bigint, path: string): MsgPackValue {
  if (typeof value === 'number' && Number.isFinite(value)) {
    return Number.isSafeInteger(value) && !Object.is(value, -0) ? value : new MsgPackFloat(value)
  }
  if (typeof value === 'bigint' && value >= -(2n ** 63n) && value < 2n ** 64n) return value
  throw badArgument(path, 'a finite number, or a bigint from -2^63 to 2^64 - 1', value)
}

function entriesOf(value: unknown): [string, unknown][] | null {
  if (value instanceof Map) {
    const entries = [...(value as Map<unknown, unknown>)]
    return entries.every(([key]) => typeof key === 'string') ? (entries as [string, unknown][]) : null
  }
  if (typeof value !== 'object' || value === null) return null
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null ? Object.entries(value) : null
}

function textOf(bytes: Uint8Array): string | null {
  try {
    return UTF8.decode(bytes)
  } catch {
    return null
  }
}

/** A text that may be none: what is no UTF-8 is replaced. */
function shownText(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
}
