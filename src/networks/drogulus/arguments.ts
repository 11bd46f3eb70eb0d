// What users give to a drogulus node: keys, names, times, queries, read once where they come in. Misuse is a typed error
// that names the argument, what it got and what is allowed.
import type { Id } from '../../kademlia/id.ts'
import { badArgument } from '../../node/errors.ts'
import { toIdArgument, type IdLike } from '../id-arguments.ts'
import { readRsaPublicKey } from './keys/rsa-public-key.ts'
import type { DrogulusQuery } from './messages.ts'
import { ID_BYTES } from './wire/bounds.ts'

/** Reads a key of 64 bytes or 128 hex digits. Throws XorbitError 'bad-argument'. */
export function toKey(name: string, key: IdLike): Id {
  return toIdArgument(name, key, ID_BYTES)
}

/**
 * Reads a public key: PEM text of RSA, which is the only kind that values are verified with. Under another one nobody can
 * ever find anything. Throws XorbitError 'bad-argument'.
 */
export function toPublicKey(publicKey: unknown): string {
  if (typeof publicKey !== 'string' || readRsaPublicKey(new TextEncoder().encode(publicKey)) === null) {
    throw badArgument('publicKey', 'an RSA public key as PEM text', publicKey)
  }
  return publicKey
}

/** Text, or its bytes. */
export type DrogulusNameLike = string | Uint8Array

/** Of a name: it is hashed, but it travels with the value. */
export const MAX_NAME_BYTES = 1_024

/** Reads a name; the empty one is one too. Throws XorbitError 'bad-argument'. */
export function toName(name: unknown): Uint8Array {
  const bytes = typeof name === 'string' ? new TextEncoder().encode(name) : name
  const isUnicode = typeof name !== 'string' || name.isWellFormed()
  if (!(bytes instanceof Uint8Array) || bytes.length > MAX_NAME_BYTES || !isUnicode) {
    throw badArgument('name', `Unicode text or bytes, at most ${MAX_NAME_BYTES} bytes`, name)
  }
  return new Uint8Array(bytes)
}

/** When a value expires: a date, or seconds since 1970; 0 or less, null or nothing: never. */
export type ExpiresLike = Date | number | null

/** Reads it as seconds. Throws XorbitError 'bad-argument', also for what is past at `nowMs`. */
export function toExpires(expires: unknown, nowMs: number): number {
  if (expires === undefined || expires === null) return NEVER
  const seconds = expires instanceof Date ? expires.getTime() / 1_000 : expires
  if (typeof seconds !== 'number' || !Number.isFinite(seconds)) {
    throw badArgument('expires', 'a date, or seconds since 1970', expires)
  }
  // A number of 0 or less is the wire's word for never; a date before 1970 is a mistake.
  if (seconds <= 0 && !(expires instanceof Date)) return NEVER
  if (1_000 * seconds <= nowMs) throw badArgument('expires', 'a time to come', expires)
  return seconds
}

/** As the original's default (drogulus B9), but a float. */
const NEVER = -1

/** A query as users write it. Values are stored by `publish`, which signs them. */
export type DrogulusQueryLike =
  | { readonly method: 'ping' }
  | { readonly method: 'findnode' | 'findvalue'; readonly key: IdLike }

/** Reads a query. Throws XorbitError 'bad-argument'. */
export function toQuery(query: DrogulusQueryLike): DrogulusQuery {
  if (typeof query !== 'object' || query === null)
    throw badArgument('query', 'an object with a method', query)
  switch (query.method) {
    case 'ping':
      return { method: 'ping' }
    case 'findnode':
    case 'findvalue':
      return { method: query.method, key: toKey('key', query.key), anyPort: true }
    default:
      throw badArgument('method', 'ping, findnode or findvalue', (query as { method: unknown }).method)
  }
}
