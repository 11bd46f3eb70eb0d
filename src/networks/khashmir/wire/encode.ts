// Writes errors. Queries are in encode-query.ts, replies in encode-reply.ts.
import { ProtocolError } from '../../../kademlia/ports.ts'
import type { Refusal } from '../../../kademlia/ports.ts'
import { ascii, stringSize, writer } from '../../krpc/writer.ts'
import { ERROR } from '../messages.ts'
import { UDP_PACKET_LIMIT } from './bounds.ts'

const PART = { begin: ascii('d1:eli'), transaction: ascii('e1:t'), end: ascii('1:y1:ee') } as const

/** What every error has, but for code, text and transaction: both ends of the code's integer are in it. */
const BASE_BYTES = PART.begin.length + 1 + PART.transaction.length + PART.end.length

const END = 0x65

const TEXT = new TextEncoder()

/**
 * An error; its bytes are fresh. One of more than UDP_PACKET_LIMIT becomes a 206 (khashmir A4). Throws ProtocolError
 * when that does not fit either, which after decoding cannot be (MAX_TRANSACTION_BYTES).
 */
export function encodeError({ code, message }: Refusal, transaction: Uint8Array): Uint8Array {
  const text = TEXT.encode(message)
  const size = BASE_BYTES + String(code).length + stringSize(text.length) + stringSize(transaction.length)
  if (size > UDP_PACKET_LIMIT) {
    if (code === ERROR.tooLong)
      throw new ProtocolError('reply does not fit', { reason: 'transaction-length' })
    return encodeTooLong(size, transaction)
  }
  writer.beginFresh()
  writer.put(PART.begin)
  writer.number(code)
  writer.byte(END)
  writer.string(text)
  writer.put(PART.transaction)
  writer.string(transaction)
  writer.put(PART.end)
  return writer.end()
}

/** In place of an answer that would have had `size` bytes. */
export function encodeTooLong(size: number, transaction: Uint8Array): Uint8Array {
  return encodeError({ code: ERROR.tooLong, message: `response was ${size} bytes` }, transaction)
}
