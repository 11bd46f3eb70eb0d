// Arguments that users give to a mainline node, read once where they come in. Misuse is a typed error that names the
// argument, what it got and what is allowed.
import { canonicalHost } from '../../codecs/compact-address.ts'
import type { Address } from '../../kademlia/contact.ts'
import { asId, idFromHex, type Id } from '../../kademlia/id.ts'
import { badArgument } from '../../node/errors.ts'
import { parseHostPort } from './options.ts'

const ID_BYTES = 20

/** An id, infohash or target: 20 bytes, or 40 hex digits. */
export type IdLike = Uint8Array | string

/** An IP address and port, or 'HOST:PORT'. Names are not resolved here. */
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

/** Reads an address of IP and port. Throws XorbitError 'bad-argument'. */
export function toAddress(name: string, value: AddressLike): Address {
  const { host, port } = typeof value === 'string' ? parseHostPort(name, value, null) : value
  const canonical = typeof host === 'string' ? canonicalHost(host) : null
  if (canonical === null) throw badArgument(name, 'an IPv4 or IPv6 address', host)
  return { host: canonical, port: toPort(`${name} port`, port) }
}

/** Reads a port, 1 … 65535. Throws XorbitError 'bad-argument'. */
export function toPort(name: string, value: unknown): number {
  if (!Number.isInteger(value) || (value as number) < 1 || (value as number) > 65_535) {
    throw badArgument(name, 'a port from 1 to 65535', value)
  }
  return value as number
}
