// What users give to a khashmir node: keys, values, queries, read once where they come in. Misuse is a typed error that
// names the argument, what it got and what is allowed.
import { asId, type Id } from '../../kademlia/id.ts'
import { badArgument, XorbitError } from '../../node/errors.ts'
import { toInteger } from '../../node/reading.ts'
import { toIdArgument, toShortBytes, type IdLike } from '../id-arguments.ts'
import type { KhashmirQuery } from './messages.ts'
import { ID_BYTES, MAX_OWN_VALUE_BYTES } from './wire/bounds.ts'

/** A value: bytes, or text, which is stored as UTF-8. At most 1319 bytes. */
export type KhashmirValueLike = Uint8Array | string

/** Reads a value. Throws XorbitError 'bad-argument', or 'too-large' with its size and the limit. */
export function toValue(value: unknown): Uint8Array {
  const isKnown = typeof value === 'string' || value instanceof Uint8Array
  if (!isKnown) throw badArgument('value', 'text or bytes', value)
  const bytes = typeof value === 'string' ? new TextEncoder().encode(value) : new Uint8Array(value)
  if (bytes.length <= MAX_OWN_VALUE_BYTES) return bytes
  const allowed = `at most ${MAX_OWN_VALUE_BYTES} bytes, for it must fit a datagram of 1472`
  throw new XorbitError('too-large', `value: expected ${allowed}, got ${bytes.length} bytes`, {
    bytes: bytes.length,
    limit: MAX_OWN_VALUE_BYTES,
  })
}

/**
 * A key of 20 bytes from one of any length, as apt-p2p makes it: what is longer is cut, what is shorter is filled up with
 * zero bytes. Text counts as its UTF-8 bytes. Two keys may become one: where that matters, hash them.
 */
export function normaliseKey(key: Uint8Array | string): Id {
  if (typeof key !== 'string' && !(key instanceof Uint8Array)) throw badArgument('key', 'text or bytes', key)
  const bytes = typeof key === 'string' ? new TextEncoder().encode(key) : key
  const normal = new Uint8Array(ID_BYTES)
  normal.set(bytes.subarray(0, ID_BYTES))
  return asId(normal)
}

/** A query as users write it: ids as bytes or hex. */
export type KhashmirQueryLike =
  | { readonly method: 'ping' }
  | { readonly method: 'join' }
  | { readonly method: 'find_node'; readonly target: IdLike }
  | { readonly method: 'find_value'; readonly key: IdLike }
  /** `num`: how many, 0 for all. */
  | { readonly method: 'get_value'; readonly key: IdLike; readonly num?: number }
  | {
      readonly method: 'store_value'
      readonly key: IdLike
      readonly value: KhashmirValueLike
      readonly token: Uint8Array
    }

const METHODS = ['ping', 'join', 'find_node', 'find_value', 'get_value', 'store_value']
/** Of a token that users bring; those of the original have 20. */
const MAX_TOKEN_BYTES = 64

/** Reads a query. Throws XorbitError 'bad-argument' or 'too-large'. */
export function toQuery(query: KhashmirQueryLike): KhashmirQuery {
  if (typeof query !== 'object' || query === null)
    throw badArgument('query', 'an object with a method', query)
  switch (query.method) {
    case 'ping':
    case 'join':
      return { method: query.method }
    case 'find_node':
      return { method: 'find_node', target: toIdArgument('target', query.target) }
    case 'find_value':
      return { method: 'find_value', key: toIdArgument('key', query.key) }
    case 'get_value': {
      const num = toInteger('num', query.num ?? 0, [0, Number.MAX_SAFE_INTEGER])
      return { method: 'get_value', key: toIdArgument('key', query.key), num }
    }
    case 'store_value':
      return {
        method: 'store_value',
        key: toIdArgument('key', query.key),
        value: toValue(query.value),
        token: toShortBytes('token', query.token, MAX_TOKEN_BYTES),
      }
    default:
      throw badArgument('method', METHODS.join(', '), (query as { method: unknown }).method)
  }
}
