// Reads a signed value out of `store` and `value` (drogulus B2): its fields and their types. Whether the key follows from
// the others, and the signature is good, is for keys/.
import { KIND } from '../../../codecs/msgpack-cursor.ts'
import { unpackMsgPack } from '../../../codecs/msgpack-unpack.ts'
import type { MsgPackBounds } from '../../../codecs/msgpack-unpack.ts'
import { MsgPackError, MsgPackMap } from '../../../codecs/msgpack-value.ts'
import type { MsgPackValue } from '../../../codecs/msgpack-value.ts'
import type { Revision, SignedValue } from '../messages.ts'
import { MAX_MESSAGE_BYTES, MAX_VALUE_DEPTH } from './bounds.ts'
import { fields } from './fields.ts'
import { requireId, requireKind, requireRaw, requireTime } from './required.ts'
import type { Wrong } from './refuse.ts'

const VALUE: MsgPackBounds = { maxDepth: MAX_VALUE_DEPTH, maxValues: MAX_MESSAGE_BYTES }

/** A map of texts has nothing in it that could nest. */
const FLAT: MsgPackBounds = { maxDepth: 1, maxValues: MAX_MESSAGE_BYTES }

/** The fields of the value are views of the message, but for the key. `version` is that of the message. */
export function readItem(revision: Revision, wrong: Wrong): SignedValue {
  if (!fields.has('value')) wrong('value must be there')
  const foreign = revision === 'july-2013' ? fields.rawOf('created_with') : null
  return {
    key: requireId('key', wrong),
    value: unpack('value', VALUE, wrong),
    timestamp: requireTime('timestamp', wrong),
    expires: requireTime('expires', wrong),
    createdWith: revision === 'october-2013' ? requireRaw('created_with', wrong) : null,
    publicKey: requireRaw('public_key', wrong),
    name: requireRaw('name', wrong),
    meta: readMeta(wrong),
    signature: requireRaw('sig', wrong),
    version: requireRaw('version', wrong),
    ...(foreign === null ? {} : { foreignCreatedWith: foreign }),
  }
}

function readMeta(wrong: Wrong): MsgPackMap {
  requireKind('meta', KIND.map, wrong)
  const meta = unpack('meta', FLAT, wrong)
  const isText = (value: MsgPackValue): boolean => value instanceof Uint8Array
  if (!(meta instanceof MsgPackMap) || !meta.entries.every(([key, text]) => isText(key) && isText(text))) {
    wrong('meta must be strings by strings')
  }
  return meta
}

function unpack(field: 'meta' | 'value', bounds: MsgPackBounds, wrong: Wrong): MsgPackValue {
  try {
    return unpackMsgPack(fields.packedOf(field), bounds)
  } catch (error) {
    if (!(error instanceof MsgPackError)) throw error
    return wrong(`${field}: ${error.message}`)
  }
}
