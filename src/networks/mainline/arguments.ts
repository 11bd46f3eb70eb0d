// Arguments that users give to a mainline node, read once where they come in. Misuse is a typed error that names the
// argument, what it got and what is allowed.
import { canonicalHost } from '../../codecs/compact-address.ts'
import type { Address } from '../../kademlia/contact.ts'
import { asId, idFromHex, type Id } from '../../kademlia/id.ts'
import { badArgument } from '../../node/errors.ts'
import type { MainlineQuery, Want } from './messages.ts'
import { MAX_TOKEN_BYTES } from './wire-bounds.ts'
import { parseHostPort, type BootstrapHost } from './options.ts'

const ID_BYTES = 20

/** An id, infohash or target: 20 bytes, or 40 hex digits. */
export type IdLike = Uint8Array | string

/** A host and port, or 'HOST:PORT'. The host is an IP address or a name. */
export type AddressLike = Address | string

/** Reads 20 bytes or 40 hex digits. Bytes are copied. Throws XorbitError 'bad-argument'. */
export function toIdArgument(name: string, value: IdLike): Id {
  if (value instanceof Uint8Array) {
    if (value.length !== ID_BYTES) throw badArgument(name, '20 bytes or 40 hex digits', value)
    return asId(value.slice())
  }
  if (typeof value !== 'string') throw badArgument(name, '20 bytes or 40 hex digits', value)
  try {
    return idFromHex(value, ID_BYTES)
  } catch {
    const length = value.length === 2 * ID_BYTES ? '' : ` (${value.length} characters)`
    throw badArgument(name, `40 hex digits${length}`, value)
  }
}

/** Reads a host and port; an IP address becomes canonical, a name stays. Throws XorbitError 'bad-argument'. */
export function toHostPort(name: string, value: AddressLike): BootstrapHost {
  if (typeof value === 'string') return parseHostPort(name, value, null)
  const { host, port } = value
  if (typeof host !== 'string' || host === '')
    throw badArgument(`${name} host`, 'an IP address or a host name', host)
  return { host: canonicalHost(host) ?? host, port: toPort(`${name} port`, port) }
}

/** Reads a port, 1 … 65535. Throws XorbitError 'bad-argument'. */
export function toPort(name: string, value: unknown): number {
  if (!Number.isInteger(value) || (value as number) < 1 || (value as number) > 65_535) {
    throw badArgument(name, 'a port from 1 to 65535', value)
  }
  return value as number
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

/** Reads a query. Throws XorbitError 'bad-argument'. */
export function toQuery(query: QueryLike): MainlineQuery {
  switch (query.method) {
    case 'ping':
      return { method: 'ping' }
    case 'find_node':
      return { ...query, target: toIdArgument('target', query.target), want: query.want ?? null }
    case 'get_peers': {
      const { want = null, noSeed = false, scrape = false } = query
      return {
        method: query.method,
        infoHash: toIdArgument('infoHash', query.infoHash),
        want,
        noSeed,
        scrape,
      }
    }
    case 'announce_peer':
      return toAnnounce(query)
    default:
      throw badArgument('method', METHODS.join(', '), (query as { method: unknown }).method)
  }
}

function toAnnounce(query: Extract<QueryLike, { method: 'announce_peer' }>): MainlineQuery {
  const { method, token, seed = false } = query
  const isToken = token instanceof Uint8Array && token.length <= MAX_TOKEN_BYTES
  if (!isToken) throw badArgument('token', `at most ${MAX_TOKEN_BYTES} bytes`, token)
  const port = query.port === 'implied' ? 'implied' : toPort('port', query.port)
  return { method, infoHash: toIdArgument('infoHash', query.infoHash), port, token, seed }
}

const METHODS = ['ping', 'find_node', 'get_peers', 'announce_peer']
