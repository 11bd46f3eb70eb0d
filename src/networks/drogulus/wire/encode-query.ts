// Writes requests: ping, findnode, findvalue, store (drogulus B2).
import { packMsgPack } from '../../../codecs/msgpack.ts'
import type { DrogulusQuery, Revision } from '../messages.ts'
import { MAX_MESSAGE_BYTES, VERSION } from './bounds.ts'
import { itemFields, messageOf } from './encode.ts'
import type { Fields, Sender } from './encode.ts'
import { uuidOf } from './uuid.ts'

/**
 * A request under a transaction of 16 bytes. Throws RangeError for a store of more than MAX_MESSAGE_BYTES, which nobody
 * reads: `sizeOfValueMessage` says beforehand.
 */
export function encodeQuery(
  query: DrogulusQuery,
  transaction: Uint8Array,
  { sender, revision }: { readonly sender: Sender; readonly revision: Revision },
): Uint8Array {
  const uuid = uuidOf(transaction)
  const bytes = packMsgPack(messageOf(query.method, { ...sender, uuid }, fieldsOf(query, revision)))
  if (bytes.length > MAX_MESSAGE_BYTES) {
    throw new RangeError(`a message has at most ${MAX_MESSAGE_BYTES} bytes, got ${bytes.length}`)
  }
  return bytes
}

function fieldsOf(query: DrogulusQuery, revision: Revision): Fields {
  if (query.method === 'store') return itemFields(query.item, revision)
  if (query.method === 'ping') return [['version', VERSION]]
  return [
    ['key', query.key],
    ['version', VERSION],
  ]
}
