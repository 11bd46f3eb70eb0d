// Arguments of the verbs that put and read items, read once where they come in. Misuse is a typed error that names the
// argument, what it got and what is allowed.
import type { Id } from '../../../kademlia/id.ts'
import { badArgument } from '../../../node/errors.ts'
import { checkOperation, toFlag } from '../../../node/reading.ts'
import { toIdArgument, type IdLike } from '../../id-arguments.ts'
import { toSeq, type SeqLike } from '../arguments.ts'
import type { KeyPair } from '../keys/key-pair.ts'
import { MAX_SALT_BYTES } from '../wire/bounds.ts'
import type { PublishOptions } from './publisher.ts'

/** The name of an item under its key, BEP 44's salt: text, which stands for its UTF-8 bytes, or bytes. 0 … 64 bytes. */
export type NameLike = string | Uint8Array

/** What `put` reported, or the key: 20 bytes, or 40 hex digits. */
export type KeyLike = IdLike | { readonly key: string }

/** A public key: 32 bytes, or 64 hex digits. */
export type PublicKeyLike = Uint8Array | string

export interface PutOptions {
  /**
   * Put it again every hour, also after a restart, until told otherwise. Default true. With false nothing new is promised:
   * of a name that is kept alive already the newest value goes on to be.
   */
  readonly keepAlive?: boolean
  readonly signal?: AbortSignal | undefined
}

export interface PublishItemOptions extends PutOptions {
  readonly keyPair: KeyPair
  /**
   * Publish only where the newest version is this one (compare and swap). Where another one is known, nobody is asked: it is
   * refused by 'self' with 301.
   */
  readonly cas?: SeqLike
  /** Default: one more than the highest that is known. The newest one with its own value refreshes it. */
  readonly seq?: SeqLike
}

export interface ResolveOptions {
  /**
   * 'latest': asks all of the closest nodes and gives the highest `seq`, never one lower than this node has seen.
   * 'first': gives the first that can be believed and is not older than one seen. Default 'latest'.
   */
  readonly mode?: 'first' | 'latest'
  readonly signal?: AbortSignal | undefined
}

export interface GetOptions extends ResolveOptions {
  /** Of a signed item that has a name. */
  readonly name?: NameLike
}

/** Throws XorbitError 'bad-argument'. */
export function toSalt(value: NameLike): Uint8Array {
  const allowed = `text or bytes of at most ${MAX_SALT_BYTES} bytes`
  if (typeof value !== 'string' && !(value instanceof Uint8Array)) throw badArgument('name', allowed, value)
  const salt = typeof value === 'string' ? new TextEncoder().encode(value) : new Uint8Array(value)
  if (salt.length > MAX_SALT_BYTES) throw badArgument('name', allowed, salt)
  return salt
}

export function toKey(value: KeyLike): Id {
  const isReport = typeof value === 'object' && value !== null && 'key' in value
  return toIdArgument('key', isReport ? value.key : value)
}

/** Reads what a write takes besides its value; `known` are names of further options. */
export function toPutOptions(options: PutOptions, known: readonly string[] = []): PublishOptions {
  checkOperation(options, ['keepAlive', ...known])
  const { keepAlive = true, signal } = options
  return { keepAlive: toFlag('keepAlive', keepAlive), signal }
}

/** null where there is none. */
export function toOptionalSeq(name: string, value: SeqLike | undefined): bigint | null {
  return value === undefined ? null : toSeq(name, value)
}

export function toMode(value: ResolveOptions['mode']): 'first' | 'latest' {
  if (value === undefined) return 'latest'
  if (value !== 'first' && value !== 'latest') throw badArgument('mode', "'first' or 'latest'", value)
  return value
}
