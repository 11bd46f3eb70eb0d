// How the wire refuses messages of drogulus: requests with code, title and details and under their own uuid (drogulus B0,
// B4); answers by failing the request of ours that they belong to.
import { ProtocolError } from '../../../kademlia/ports.ts'
import type { Refusal } from '../../../kademlia/ports.ts'
import { drop, fail, refuseWith } from '../../refuse.ts'
import { ERROR, TITLES } from '../messages.ts'
import { transactionOf } from './uuid.ts'

/** Ends the reading of a message; says what is wrong with it. */
export type Wrong = (why: string) => never

export function refusalOf(code: number, message: string): Refusal {
  return { code, message: TITLES[code]!, details: { message } }
}

export function refuseRequest(uuid: Uint8Array, code: number, why: string): never {
  refuseWith(uuid, refusalOf(code, why), { why })
}

/** Of an answer. One that answers no request of ours is dropped. */
export function failRequest(uuid: Uint8Array, why: string): never {
  const transaction = transactionOf(uuid)
  if (transaction === null) drop('malformed-reply', why)
  fail(transaction, why)
}

/** Of what may be a request or an answer: it is answered, and if it belongs to a request of ours, that has failed. */
export function refuseEither(
  uuid: Uint8Array,
  why: string,
  { code = ERROR.badRequest, reason }: { code?: number; reason: string },
): never {
  throw new ProtocolError(why, {
    reason,
    answer: { ...refusalOf(code, why), transaction: uuid },
    failedTransaction: transactionOf(uuid),
  })
}
