// Ids and contacts that users give, in any network, read once where they come in. Misuse is a typed error that names the
// argument, what it got and what is allowed.
import type { Address, Contact } from '../kademlia/contact.ts'
import { asId, idFromHex, type Id } from '../kademlia/id.ts'
import { badArgument } from '../node/errors.ts'
import type { HostPort } from '../node/local-node.ts'
import { toHostPort, type AddressLike } from './host-port.ts'

/** An id, key or target: its bytes, or hex digits. */
export type IdLike = Uint8Array | string

/** Reads an id of `idBytes` bytes, or twice as many hex digits. Bytes are copied. Throws XorbitError 'bad-argument'. */
export function toIdArgument(name: string, value: IdLike, idBytes = 20): Id {
  const allowed = `${idBytes} bytes or ${2 * idBytes} hex digits`
  if (value instanceof Uint8Array) {
    if (value.length !== idBytes) throw badArgument(name, allowed, value)
    // Not by slice(), which on a Buffer copies nothing.
    return asId(new Uint8Array(value))
  }
  if (typeof value !== 'string') throw badArgument(name, allowed, value)
  try {
    return idFromHex(value, idBytes)
  } catch {
    const length = value.length === 2 * idBytes ? '' : ` (${value.length} characters)`
    throw badArgument(name, `${2 * idBytes} hex digits${length}`, value)
  }
}

/** A contact, what ping() gave, or an address. */
export type AskedLike = AddressLike | Contact | (Address & { readonly id: Id })

/** Whom to ask: a contact, or what ping() gave, of which the id is expected; or an address with whatever id. */
export function toAsked(
  value: AskedLike,
  idBytes = 20,
): { readonly host: HostPort; readonly expectedId: Id | null } {
  const isObject = typeof value === 'object' && value !== null
  const expectedId = isObject && 'id' in value ? toIdArgument('contact id', value.id, idBytes) : null
  const address = isObject && 'address' in value ? value.address : value
  return { host: toHostPort('address', address), expectedId }
}

/** Reads bytes of at most so many. Throws XorbitError 'bad-argument'. */
export function toShortBytes(name: string, value: unknown, most: number): Uint8Array {
  if (value instanceof Uint8Array && value.length <= most) return value
  throw badArgument(name, `at most ${most} bytes`, value)
}
