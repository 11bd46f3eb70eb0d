// Node ids bound to IP addresses (BEP 42): checking one, and making one for us.
// Not here: what is done with nodes whose id does not fit (admission, lookups), nor the vote on our address.
import { MAX_HOST_BYTES, writeHost } from '../../codecs/compact-address.ts'
import { asId } from '../../kademlia/id.ts'
import type { Id } from '../../kademlia/id.ts'
import type { Random } from '../../kademlia/ports.ts'
import { isPrivateHost } from '../addresses.ts'
import { ID_BYTES } from './wire/bounds.ts'

/** CRC-32C (Castagnoli, RFC 3720): reflected polynomial. */
const TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte
  for (let bit = 0; bit < 8; bit++) {
    remainder = remainder & 1 ? (remainder >>> 1) ^ 0x82f63b78 : remainder >>> 1
  }
  return remainder
})

/** CRC-32C of the first `count` bytes, as an unsigned number: of "123456789" it is 0xe3069283. */
export function crc32c(bytes: Uint8Array, count = bytes.length): number {
  let remainder = -1
  for (let i = 0; i < count; i++) remainder = TABLE[(remainder ^ bytes[i]!) & 0xff]! ^ (remainder >>> 8)
  return ~remainder >>> 0
}

/** What of an address counts; BEP 42, "Node ID restriction". Of IPv6 only the upper 64 bits do. */
const MASK_4 = Uint8Array.of(0x03, 0x0f, 0x3f, 0xff)
const MASK_6 = Uint8Array.of(0x01, 0x03, 0x07, 0x0f, 0x1f, 0x3f, 0x7f, 0xff)

/** The bits of an id that the address decides: the upper 21. */
const PREFIX_MASK = 0xffff_f800

const scratch = new Uint8Array(MAX_HOST_BYTES)

/**
 * The crc32c whose upper 21 bits an id for this host begins with, when its last byte is `lastByte` (B42-01); null
 * when the host is no IP address.
 */
export function idPrefix(host: string, lastByte: number): number | null {
  const count = writeHost(host, scratch, 0)
  if (count === 0) return null
  const mask = count === 4 ? MASK_4 : MASK_6
  for (let i = 0; i < mask.length; i++) scratch[i]! &= mask[i]!
  scratch[0]! |= (lastByte & 7) << 5
  return crc32c(scratch, mask.length)
}

/**
 * Whether a node at `host` may have this id (B42-02). Loopback, private and link-local hosts may have any (B42-05);
 * a text that is no IP address none.
 */
export function isValidNodeId(id: Id, host: string): boolean {
  const expected = idPrefix(host, id[ID_BYTES - 1]!)
  if (expected === null) return false
  const actual = (id[0]! << 24) | (id[1]! << 16) | (id[2]! << 8)
  return ((actual ^ expected) & PREFIX_MASK) === 0 || isPrivateHost(host)
}

/** A random id that is valid at `host`; entirely random when that is no IP address. */
export function nodeIdFor(host: string, random: Random): Id {
  const id = random.bytes(ID_BYTES)
  const prefix = idPrefix(host, id[ID_BYTES - 1]!)
  if (prefix === null) return asId(id)
  id[0] = prefix >>> 24
  id[1] = (prefix >>> 16) & 0xff
  id[2] = ((prefix >>> 8) & 0xf8) | (id[2]! & 7)
  return asId(id)
}
