// How a wire says no: an answer to a query, the failure of a request, or silence. Each is a ProtocolError.
import { ProtocolError } from '../kademlia/ports.ts'
import type { Refusal } from '../kademlia/ports.ts'

/** In silence (K-09, khashmir A1). */
export function drop(reason: string, message: string): never {
  throw new ProtocolError(message, { reason })
}

/** A query that is answered with this error. `why` is for the log, where the text of the answer does not say it. */
export function refuseWith(
  transaction: Uint8Array,
  answer: Refusal,
  { reason = 'malformed-query', why = answer.message }: { reason?: string; why?: string } = {},
): never {
  throw new ProtocolError(why, { reason, answer: { ...answer, transaction } })
}

/** A reply whose request fails at once. */
export function fail(transaction: Uint8Array, message: string, reason = 'malformed-reply'): never {
  throw new ProtocolError(message, { reason, failedTransaction: transaction })
}
