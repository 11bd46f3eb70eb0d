// The wire of khashmir: its KRPC messages (khashmir A1, A3, A4) between bytes and messages.ts. This file is the door;
// wire/decode*.ts read, wire/encode*.ts write, wire/bounds.ts has the numbers.
// Not here: what is answered (answers.ts), what a reply means to a lookup (queries.ts), sockets.
import type { Id } from '../../kademlia/id.ts'
import type { Wire } from '../../kademlia/ports.ts'
import type { KhashmirMethod, KhashmirQuery, KhashmirReply } from './messages.ts'
import { decodeMessage } from './wire/decode.ts'
import { encodeQuery } from './wire/encode-query.ts'
import { encodeError } from './wire/encode.ts'
import { encodeReply } from './wire/encode-reply.ts'

export interface WireOptions {
  readonly ownId: () => Id
  /** The methods of our role; others are answered with 203, whatever their arguments. */
  readonly methods: () => readonly KhashmirMethod[]
  /** Takes transactions of any length, as the versions of March 2008 do, not of 20 bytes alone. At most 1024 bytes. */
  readonly anyTransaction: boolean
  /**
   * Asks under the id of the receiver, so that nobody puts us in a table: for a node that is soon gone. Where that id
   * is not known yet, under our own.
   */
  readonly anonymous: () => boolean
}

/**
 * Khashmir's codec. `decode` throws only ProtocolError. Answers that we encode have at most 1472 bytes, queries as many
 * as they need: a store_value of a value of MAX_OWN_VALUE_BYTES has 1472.
 * What `encodeReply` returns is overwritten by the next `encodeReply` of any wire; queries and errors are fresh.
 */
export function createWire(options: WireOptions): Wire<KhashmirQuery, KhashmirReply> {
  const { ownId, methods, anyTransaction, anonymous } = options
  return {
    decode: (datagram, from) => decodeMessage(datagram, from, { methods: methods(), anyTransaction }),
    encodeQuery: (query, transaction, to) =>
      encodeQuery(query, transaction, anonymous() ? (to.id ?? ownId()) : ownId()),
    encodeReply: (reply, transaction) => encodeReply(reply, transaction, ownId()),
    encodeError,
  }
}
