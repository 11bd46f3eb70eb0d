// Arguments that users give to a mainline node, read once where they come in. Misuse is a typed error that names the
// argument, what it got and what is allowed.
import { canonicalHost } from '../../codecs/compact-address.ts'
import type { Address, Contact } from '../../kademlia/contact.ts'
import { asId, idFromHex, type Id } from '../../kademlia/id.ts'
import { badArgument } from '../../node/errors.ts'
import { refuseUnknown, toFlag } from '../../node/reading.ts'
import { isPort } from '../addresses.ts'
import type { MainlineQuery, Want } from './messages.ts'
import { ID_BYTES, MAX_TOKEN_BYTES } from './wire/bounds.ts'
import { parseHostPort, type BootstrapHost } from './options.ts'

/** An id, infohash or target: 20 bytes, or 40 hex digits. */
export type IdLike = Uint8Array | string

/** A host and port, or 'HOST:PORT'. The host is an IP address or a name. */
export type AddressLike = Address | string

/** Reads 20 bytes or 40 hex digits. Bytes are copied. Throws XorbitError 'bad-argument'. */
export function toIdArgument(name: string, value: IdLike): Id {
  if (value instanceof Uint8Array) {
    if (value.length !== ID_BYTES) throw badArgument(name, '20 bytes or 40 hex digits', value)
    // Not by slice(), which on a Buffer copies nothing.
    return asId(new Uint8Array(value))
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
  if (typeof value !== 'object' || value === null)
    throw badArgument(name, "'HOST:PORT', or a host and port", value)
  const { host, port } = value
  if (typeof host !== 'string' || host === '')
    throw badArgument(`${name} host`, 'an IP address or a host name', host)
  return { host: canonicalHost(host) ?? host, port: toPort(`${name} port`, port) }
}

/** A contact, what ping() gave, or an address. */
export type AskedLike = AddressLike | Contact | (Address & { readonly id: Id })

/** Whom to ask: a contact, or what ping() gave, of which the id is expected; or an address with whatever id. */
export function toAsked(value: AskedLike): {
  readonly host: BootstrapHost
  readonly expectedId: Id | null
} {
  const isObject = typeof value === 'object' && value !== null
  const expectedId = isObject && 'id' in value ? toIdArgument('contact id', value.id) : null
  const address = isObject && 'address' in value ? value.address : value
  return { host: toHostPort('address', address), expectedId }
}

/** Reads a port, 1 … 65535. Throws XorbitError 'bad-argument'. */
export function toPort(name: string, value: unknown): number {
  if (!isPort(value as number)) throw badArgument(name, 'a port from 1 to 65535', value)
  return value as number
}

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

/** Reads a query. Throws XorbitError 'bad-argument'. */
export function toQuery(query: QueryLike): MainlineQuery {
  if (typeof query !== 'object' || query === null)
    throw badArgument('query', 'an object with a method', query)
  switch (query.method) {
    case 'ping':
      return { method: 'ping' }
    case 'find_node':
      return { method: query.method, target: toIdArgument('target', query.target), want: toWant(query.want) }
    case 'get_peers': {
      const { method, want, noSeed = false, scrape = false } = query
      const infoHash = toIdArgument('infoHash', query.infoHash)
      toFlag('noSeed', noSeed)
      toFlag('scrape', scrape)
      return { method, infoHash, want: toWant(want), noSeed, scrape }
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
  return {
    method,
    infoHash: toIdArgument('infoHash', query.infoHash),
    port,
    token,
    seed: toFlag('seed', seed),
  }
}

const METHODS = ['ping', 'find_node', 'get_peers', 'announce_peer']

/** A contact as users get it: nothing of what the table keeps beside it. */
export function bare({ id, address }: Contact): Contact {
  return { id, address: { host: address.host, port: address.port } }
}
