// Reads drogulus' messages: one pass over the bytes finds the known fields, then each is checked by its message
// (decode-query.ts, decode-reply.ts, decode-item.ts). What is wrong becomes a ProtocolError that says what is to be
// answered, or that nothing is (drogulus B0, B2).
import { latin1 } from '../../../codecs/bencode-cursor.ts'
import { MsgPackError } from '../../../codecs/msgpack-value.ts'
import type { Message } from '../../../kademlia/ports.ts'
import { drop } from '../../refuse.ts'
import { ERROR } from '../messages.ts'
import type { DrogulusQuery, DrogulusReply, Revision } from '../messages.ts'
import { MAX_UUID_BYTES } from './bounds.ts'
import { isQuery, readQuery } from './decode-query.ts'
import { isReply, readReply } from './decode-reply.ts'
import { fields } from './fields.ts'
import { failRequest, refuseEither, refuseRequest } from './refuse.ts'

/** No message has a longer name. */
const MAX_NAME = 16

/**
 * Reads one message without its netstring. Byte fields of the result, but for ids, are views of it. Throws ProtocolError,
 * nothing else: with an `answer` for a request that is malformed (1), unknown (2) or holds a value that could not be handed
 * on (4); with `failedTransaction` for an answer; with both where it cannot be known which it is; and in silence where
 * there is no uuid to answer under, `reason` being 'not-msgpack', 'not-a-map' or 'no-uuid'.
 */
export function decodeMessage(bytes: Uint8Array, revision: Revision): Message<DrogulusQuery, DrogulusReply> {
  const broken = scan(bytes)
  const uuid = fields.rawOf('uuid')
  if (uuid === null || uuid.length > MAX_UUID_BYTES) {
    if (broken !== null) drop('not-msgpack', broken)
    const got = uuid === null ? fields.found('uuid') : `${uuid.length} bytes`
    drop('no-uuid', `uuid must be a string of at most ${MAX_UUID_BYTES} bytes, got ${got}`)
  }
  const name = readName()
  if (isReply(name)) {
    if (broken !== null) failRequest(uuid, broken)
    return readReply(name, { uuid, revision })
  }
  if (broken !== null) {
    if (isQuery(name)) refuseRequest(uuid, ERROR.badRequest, broken)
    refuseEither(uuid, broken, { reason: 'not-msgpack' })
  }
  if (isQuery(name)) return readQuery(name, { uuid, revision })
  if (name === null) {
    refuseEither(uuid, `message must be a string, got ${fields.found('message')}`, { reason: 'no-message' })
  }
  return refuseEither(uuid, 'message is none that is known', {
    code: ERROR.unknownRequest,
    reason: 'unknown-message',
  })
}

/** What is wrong with the bytes; null: they are a map. */
function scan(bytes: Uint8Array): string | null {
  try {
    if (fields.scan(bytes)) return null
  } catch (error) {
    if (!(error instanceof MsgPackError)) throw error
    return error.message
  }
  return drop('not-a-map', 'a message must be a map')
}

/** null: there is none. */
function readName(): string | null {
  const raw = fields.rawOf('message')
  return raw === null ? null : latin1(raw, 0, Math.min(raw.length, MAX_NAME))
}
