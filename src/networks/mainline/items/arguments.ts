// Arguments of the verbs that put and read items, read once where they come in. Misuse is a typed error that names the
// argument, what it got and what is allowed.
import { toHex, type Id } from '../../../kademlia/id.ts'
import { badArgument } from '../../../node/errors.ts'
import { checkOperation, toFlag } from '../../../node/reading.ts'
import { toIdArgument, type IdLike } from '../arguments.ts'
import type { KeyPair } from '../keys/key-pair.ts'
import { MAX_SALT_BYTES, MAX_SEQ } from '../wire/bounds.ts'
import type { PublishOptions } from './publisher.ts'

/** The name of an item under its key, BEP 44's salt: text, which stands for its UTF-8 bytes, or bytes. 0 … 64 bytes. */
export type NameLike = string | Uint8Array

/** What `put` reported, or the key: 20 bytes, or 40 hex digits. */
export type KeyLike = IdLike | { readonly key: string }

/** A public key: 32 bytes, or 64 hex digits. */
export type PublicKeyLike = Uint8Array | string

/** A `seq`: a whole number from 0 to 2^63 − 1; beyond 2^53 as a bigint. */
export type SeqLike = number | bigint

export interface PutOptions {
  /** Put it again every hour, also after a restart, until told otherwise. Default true. */
  readonly keepAlive?: boolean
  readonly signal?: AbortSignal | undefined
}

export interface PublishItemOptions extends PutOptions {
  readonly keyPair: KeyPair
  /** Publish only where the newest version is this one (compare and swap). */
  readonly cas?: SeqLike
  /** Default: one more than the highest that is known. */
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

export function toSeq(name: string, value: SeqLike | undefined): bigint | null {
  if (value === undefined) return null
  const isWhole = typeof value === 'bigint' || Number.isSafeInteger(value)
  if (!isWhole || value < 0 || value > MAX_SEQ) {
    throw badArgument(name, 'a whole number from 0 to 2^63 - 1 (beyond 2^53 as a bigint)', value)
  }
  return BigInt(value)
}

export function toMode(value: ResolveOptions['mode']): 'first' | 'latest' {
  if (value === undefined) return 'latest'
  if (value !== 'first' && value !== 'latest') throw badArgument('mode', "'first' or 'latest'", value)
  return value
}

/** A name as text where it is UTF-8, for people; else null. */
export function nameOf(salt: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(salt)
  } catch {
    return null
  }
}

/** What is kept alive, for users. */
export interface KeptEntry {
  /** put: immutable. publish: signed, ours. watch: signed, somebody else's. */
  readonly kind: 'put' | 'publish' | 'watch'
  /** 40 hex digits. */
  readonly key: string
  /** 64 hex digits; null for an immutable item. */
  readonly publicKey: string | null
  /** null where it is no UTF-8 text. */
  readonly name: string | null
  /** null for an immutable item, and for a watched one that has not been found yet. */
  readonly seq: bigint | null
}

export function keptEntry(
  target: Id,
  kept: {
    readonly kind: KeptEntry['kind']
    readonly publicKey: Uint8Array | null
    readonly salt: Uint8Array
    readonly item: { readonly signed: { readonly seq: bigint } | null } | null
  },
): KeptEntry {
  const { kind, publicKey, salt, item } = kept
  return {
    kind,
    key: toHex(target),
    publicKey: publicKey === null ? null : toHex(publicKey),
    name: nameOf(salt),
    seq: item?.signed?.seq ?? null,
  }
}
