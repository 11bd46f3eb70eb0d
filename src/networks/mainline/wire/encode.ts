// Writes KRPC errors, and what errors and replies have in common. Queries are in encode-query.ts, replies in
// encode-reply.ts.
import { COMPACT_BYTES, writeAddress } from '../../../codecs/compact-address.ts'
import type { Address } from '../../../kademlia/contact.ts'
import type { Id } from '../../../kademlia/id.ts'
import { ProtocolError } from '../../../kademlia/ports.ts'
import type { Refusal } from '../../../kademlia/ports.ts'
import { ERROR } from '../messages.ts'
import { MAX_DATAGRAM_BYTES, MAX_ERROR_BYTES } from './bounds.ts'
import { ascii, stringSize, writer } from '../../krpc/writer.ts'

/** Who we are in a message. */
export interface Self {
  readonly id: Id
  readonly version: Uint8Array
  /** Our UDP port. */
  readonly port?: number | undefined
}

const PART = {
  begin: ascii('d1:eli'),
  transaction: ascii('1:t'),
  version: ascii('1:v4:'),
  end: ascii('1:y1:ee'),
  ip: ascii('2:ip'),
} as const

const END = 0x65

/** The sender of a query as its answer names it, and its size; kept by `measureIp` for `putIp`. */
const ip6 = new Uint8Array(COMPACT_BYTES[6])
const ip4 = ip6.subarray(0, COMPACT_BYTES[4])
let ipBytes: 0 | 6 | 18 = 0

/** Takes in whose address the next `putIp` writes; says how many bytes that will take. */
export function measureIp(to: Address): number {
  ipBytes = writeAddress(to, ip6, 0)
  return ipBytes === 0 ? 0 : PART.ip.length + stringSize(ipBytes)
}

/** BEP 42: the requester's address, in every reply and error (K-16). Left out when its host is no IP address. */
export function putIp(): void {
  if (ipBytes === 0) return
  writer.put(PART.ip)
  writer.string(ipBytes === COMPACT_BYTES[6] ? ip6 : ip4)
}

/**
 * An error; its bytes are fresh. Throws ProtocolError when the transaction is too long for any answer, which after
 * decoding cannot be (MAX_TRANSACTION_BYTES).
 */
export function encodeError(
  refusal: Refusal,
  transaction: Uint8Array,
  to: Address,
  version: Uint8Array,
): Uint8Array {
  const code = Number.isSafeInteger(refusal.code) && refusal.code >= 0 ? refusal.code : ERROR.generic
  const message = errorText(refusal.message)
  const constant = PART.begin.length + PART.transaction.length + PART.version.length + PART.end.length
  // Both ends of the list, and the digits of the code.
  const framed = constant + version.length + 2 + String(code).length
  const size = framed + stringSize(message.length) + measureIp(to) + stringSize(transaction.length)
  if (size > MAX_DATAGRAM_BYTES) {
    throw new ProtocolError('reply does not fit', { reason: 'transaction-too-long' })
  }
  writer.beginFresh()
  writer.put(PART.begin)
  writer.number(code)
  writer.byte(END)
  writer.string(message)
  writer.byte(END)
  putIp()
  writer.put(PART.transaction)
  writer.string(transaction)
  writer.put(PART.version)
  writer.put(version)
  writer.put(PART.end)
  return writer.end()
}

const TEXT = new TextEncoder()

function errorText(text: string): Uint8Array {
  const bytes = TEXT.encode(text)
  if (bytes.length <= MAX_ERROR_BYTES) return bytes
  // Not in the middle of a character: back to before a byte that continues one.
  let end = MAX_ERROR_BYTES
  while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end--
  return bytes.subarray(0, end)
}
