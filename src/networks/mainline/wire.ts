// The wire of mainline: KRPC messages (BEP 5, 32, 33, 42, 43, 44, 51) between bytes and messages.ts. This file is the
// door; wire/decode*.ts read, wire/encode*.ts write, wire/bounds.ts has the numbers.
// Not here: what is answered (answers.ts), what a reply means to a lookup (queries.ts), sockets.
import type { Family } from '../../codecs/compact-address.ts'
import type { Id } from '../../kademlia/id.ts'
import type { Wire } from '../../kademlia/ports.ts'
import type { MainlineQuery, MainlineReply } from './messages.ts'
import { VERSION_BYTES } from './wire/bounds.ts'
import { decodeMessage } from './wire/decode.ts'
import { encodeQuery } from './wire/encode-query.ts'
import { encodeError } from './wire/encode.ts'
import { encodeReply } from './wire/encode-reply.ts'

export interface WireOptions {
  /** Of which addresses the network consists: the compact peers of our replies are of this family (B32-05). */
  readonly family: Family
  /** Asked for each message, because it may change at run time (BEP 42). */
  readonly ownId: () => Id
  /** Our UDP port, which an announce names beside `implied_port`. */
  readonly ownPort?: number
  /** Whether our queries say `ro` (BEP 43). */
  readonly readOnly: () => boolean
  /** `v` of every message: two bytes of client, two of version (BEP 20, K-04). */
  readonly version: Uint8Array
}

/**
 * Mainline's codec. `decode` throws only ProtocolError. Datagrams that we encode have at most 1024 bytes; those that
 * carry an item at most 1472 over IPv4 and 1452 over IPv6 (K-15).
 * What `encodeReply` returns is overwritten by the next `encodeReply` of any wire; queries and errors are fresh.
 * Wires share buffers, so one costs nothing but its closures. Throws RangeError for a version of other than 4 bytes.
 */
export function createWire(options: WireOptions): Wire<MainlineQuery, MainlineReply> {
  const { family, ownId, ownPort, readOnly } = options
  const version = options.version.slice()
  if (version.length !== VERSION_BYTES) {
    throw new RangeError(`version must be ${VERSION_BYTES} bytes, got ${version.length}`)
  }
  return {
    decode: decodeMessage,
    encodeQuery: (query, transaction) =>
      encodeQuery(query, transaction, { id: ownId(), version, port: ownPort }, readOnly()),
    encodeReply: (reply, transaction, to) =>
      encodeReply(reply, transaction, to, { id: ownId(), version }, family),
    encodeError: (refusal, transaction, to) => encodeError(refusal, transaction, to, version),
  }
}
