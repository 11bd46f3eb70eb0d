// Queries that users give to a mainline node, read once where they come in. Misuse is a typed error that names the
// argument, what it got and what is allowed.
import { badArgument } from '../../node/errors.ts'
import { refuseUnknown, toFlag } from '../../node/reading.ts'
import { toPort } from '../host-port.ts'
import { toIdArgument, toShortBytes, type IdLike } from '../id-arguments.ts'
import { toKeyBytes, toPublicKey } from './keys/key-bytes.ts'
import type { MainlineQuery, Signed, Want } from './messages.ts'
import { MAX_ITEM_BYTES, MAX_SALT_BYTES, MAX_SEQ, MAX_TOKEN_BYTES, SIGNATURE_BYTES } from './wire/bounds.ts'
import { isCanonical } from './wire/decode-item.ts'

/** Reads which contacts are wanted. Throws XorbitError 'bad-argument'. */
function toWant(want: unknown): Want {
  if (want === undefined || want === null) return null
  refuseUnknown('want', want, ['n4', 'n6'])
  const { n4 = false, n6 = false } = want as Partial<NonNullable<Want>>
  return { n4: toFlag('want.n4', n4), n6: toFlag('want.n6', n6) }
}

/** A query as users write it: ids as bytes or hex, and what is optional left out. */
export type QueryLike =
  | { readonly method: 'ping' }
  | { readonly method: 'find_node'; readonly target: IdLike; readonly want?: Want }
  | {
      readonly method: 'get_peers'
      readonly infoHash: IdLike
      readonly want?: Want
      readonly noSeed?: boolean
      readonly scrape?: boolean
    }
  | {
      readonly method: 'announce_peer'
      readonly infoHash: IdLike
      readonly port: number | 'implied'
      readonly token: Uint8Array
      readonly seed?: boolean
    }
  | {
      readonly method: 'get'
      readonly target: IdLike
      readonly want?: Want
      readonly seq?: SeqLike | null
    }
  | PutLike
  | { readonly method: 'sample_infohashes'; readonly target: IdLike; readonly want?: Want }

/** A put as it travels: it stores nothing but what is signed here already. */
export interface PutLike {
  readonly method: 'put'
  readonly token: Uint8Array
  /** Canonical bencode of at most 1000 bytes. */
  readonly value: Uint8Array
  /** What makes the item mutable: 32 bytes, at most 64, 0 … 2^63 − 1, 64 bytes. */
  readonly signed?: {
    readonly publicKey: Uint8Array | string
    readonly salt?: Uint8Array
    readonly seq: SeqLike
    readonly signature: Uint8Array | string
  } | null
  readonly cas?: SeqLike | null
}

/** A sequence number, 0 … 2^63 − 1: a whole number that is exact, or a bigint. */
export type SeqLike = number | bigint

/** Reads a sequence number. Throws XorbitError 'bad-argument'. */
export function toSeq(name: string, value: unknown): bigint {
  const isExact = typeof value === 'bigint' || Number.isSafeInteger(value)
  const seq = isExact ? BigInt(value as SeqLike) : -1n
  if (seq >= 0n && seq <= MAX_SEQ) return seq
  throw badArgument(name, 'a whole number from 0 to 2^63 - 1, above 2^53 as a bigint', value)
}

/** Reads a query. Throws XorbitError 'bad-argument'. */
export function toQuery(query: QueryLike): MainlineQuery {
  if (typeof query !== 'object' || query === null)
    throw badArgument('query', 'an object with a method', query)
  switch (query.method) {
    case 'ping':
      return { method: 'ping' }
    case 'find_node':
    case 'sample_infohashes':
      return { method: query.method, target: toIdArgument('target', query.target), want: toWant(query.want) }
    case 'get_peers':
      return toGetPeers(query)
    case 'announce_peer':
      return toAnnounce(query)
    case 'get':
      return toGet(query)
    case 'put':
      return toPut(query)
    default:
      throw badArgument('method', METHODS.join(', '), (query as { method: unknown }).method)
  }
}

function toGetPeers(query: Extract<QueryLike, { method: 'get_peers' }>): MainlineQuery {
  const { method, want, noSeed = false, scrape = false } = query
  const infoHash = toIdArgument('infoHash', query.infoHash)
  toFlag('noSeed', noSeed)
  toFlag('scrape', scrape)
  return { method, infoHash, want: toWant(want), noSeed, scrape }
}

function toGet(query: Extract<QueryLike, { method: 'get' }>): MainlineQuery {
  const { method, want, seq = null } = query
  const target = toIdArgument('target', query.target)
  return { method, target, want: toWant(want), seq: seq === null ? null : toSeq('seq', seq) }
}

function toAnnounce(query: Extract<QueryLike, { method: 'announce_peer' }>): MainlineQuery {
  const { method, seed = false } = query
  const token = toShortBytes('token', query.token, MAX_TOKEN_BYTES)
  const port = query.port === 'implied' ? 'implied' : toPort('port', query.port)
  return {
    method,
    infoHash: toIdArgument('infoHash', query.infoHash),
    port,
    token,
    seed: toFlag('seed', seed),
  }
}

function toPut({ token, value, signed = null, cas = null }: PutLike): MainlineQuery {
  toShortBytes('value', value, MAX_ITEM_BYTES)
  if (!isCanonical(value)) throw badArgument('value', 'canonical bencode', value)
  if (signed === null && cas !== null) throw badArgument('cas', 'none beside an immutable item', cas)
  return {
    method: 'put',
    token: toShortBytes('token', token, MAX_TOKEN_BYTES),
    value,
    signed: signed === null ? null : toSigned(signed),
    cas: cas === null ? null : toSeq('cas', cas),
  }
}

function toSigned(signed: NonNullable<PutLike['signed']>): Signed {
  refuseUnknown('signed field', signed, ['publicKey', 'salt', 'seq', 'signature'])
  const { salt = new Uint8Array(0) } = signed
  return {
    publicKey: toPublicKey('publicKey', signed.publicKey),
    salt: toShortBytes('salt', salt, MAX_SALT_BYTES),
    seq: toSeq('seq', signed.seq),
    signature: toKeyBytes('signature', signed.signature, [SIGNATURE_BYTES]),
  }
}

const METHODS = ['ping', 'find_node', 'get_peers', 'announce_peer', 'get', 'put', 'sample_infohashes']
