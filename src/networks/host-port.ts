// Reads where a node is: 'HOST:PORT' and its parts, as users write them in any network. Misuse is a typed error that
// names the argument, what it got and what is allowed. Not here: resolving names (open.ts).
import { canonicalHost, familyOf } from '../codecs/compact-address.ts'
import type { Address } from '../kademlia/contact.ts'
import { badArgument } from '../node/errors.ts'
import type { HostPort } from '../node/local-node.ts'
import { isPort } from './addresses.ts'

/** A host and port, or 'HOST:PORT'. The host is an IP address or a name. */
export type AddressLike = Address | string

/**
 * Reads 'HOST:PORT' or '[v6]:PORT'; the port may be missing where there is a default (null: there is none). Throws
 * XorbitError naming `name`.
 */
export function parseHostPort(name: string, text: string, defaultPort: number | null): HostPort {
  const parts = splitHostPort(text.trim())
  const port = parts.port === '' ? defaultPort : Number(parts.port)
  if (parts.host === '' || port === null || !isPort(port)) {
    throw badArgument(
      name,
      `HOST:PORT with a port from 1 to 65535${defaultPort === null ? '' : ', or HOST'}`,
      text,
    )
  }
  return { host: canonicalHost(parts.host) ?? parts.host, port }
}

/** Reads a host and port; an IP address becomes canonical, a name stays. Throws XorbitError 'bad-argument'. */
export function toHostPort(name: string, value: AddressLike): HostPort {
  if (typeof value === 'string') return parseHostPort(name, value, null)
  if (typeof value !== 'object' || value === null)
    throw badArgument(name, "'HOST:PORT', or a host and port", value)
  const { host, port } = value
  if (typeof host !== 'string' || host === '')
    throw badArgument(`${name} host`, 'an IP address or a host name', host)
  return { host: canonicalHost(host) ?? host, port: toPort(`${name} port`, port) }
}

/** Reads a port, 1 … 65535. Throws XorbitError 'bad-argument'. */
export function toPort(name: string, value: unknown): number {
  if (!isPort(value as number)) throw badArgument(name, 'a port from 1 to 65535', value)
  return value as number
}

function splitHostPort(text: string): { host: string; port: string } {
  // More than one colon without brackets is a bare IPv6 address.
  if (familyOf(text) === 6) return { host: text, port: '' }
  const match = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(text)
  return { host: match?.[1] ?? match?.[2] ?? '', port: match?.[3] ?? '' }
}
