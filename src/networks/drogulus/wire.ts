// The wire of drogulus: its messages (drogulus B2) between bytes and messages.ts. This file is the door; wire/decode*.ts
// read, wire/encode*.ts write, wire/bounds.ts has the numbers.
// Not here: netstrings (framing.ts), what is answered (answers.ts), what a reply means to a lookup (queries.ts), sockets.
import type { Id } from '../../kademlia/id.ts'
import type { Wire } from '../../kademlia/ports.ts'
import type { DrogulusQuery, DrogulusReply, Revision } from './messages.ts'
import { decodeMessage } from './wire/decode.ts'
import { encodeError } from './wire/encode.ts'
import type { Sender } from './wire/encode.ts'
import { encodeQuery } from './wire/encode-query.ts'
import { encodeReply } from './wire/encode-reply.ts'

export interface WireOptions {
  readonly ownId: () => Id
  readonly revision: Revision
  /** Where others can dial us; null: nowhere, and we are nobody's contact. */
  readonly replyPort: () => number | null
}

/**
 * Drogulus' codec, of messages without their netstrings. `decode` throws only ProtocolError. No message that we encode
 * has more than MAX_MESSAGE_BYTES; `encodeQuery` throws RangeError for a store that would have. All bytes are fresh.
 * Transactions of ours are 16 bytes, uuids on the wire; those of requests are the uuid's text as it came.
 */
export function createWire({ ownId, revision, replyPort }: WireOptions): Wire<DrogulusQuery, DrogulusReply> {
  const sender = (): Sender => ({ id: ownId(), replyPort: replyPort() })
  return {
    decode: (bytes) => decodeMessage(bytes, revision),
    encodeQuery: (query, transaction) => encodeQuery(query, transaction, { sender: sender(), revision }),
    encodeReply: (reply, uuid) => encodeReply(reply, uuid, { sender: sender(), revision }),
    encodeError: (refusal, uuid) => encodeError(refusal, uuid, sender()),
  }
}
