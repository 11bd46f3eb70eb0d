// Writes answers: pong, nodes, value (drogulus B2).
import { packMsgPack } from '../../../codecs/msgpack.ts'
import type { MsgPackValue } from '../../../codecs/msgpack.ts'
import type { Contact } from '../../../kademlia/contact.ts'
import { ERROR } from '../messages.ts'
import type { DrogulusReply, Revision } from '../messages.ts'
import { MAX_MESSAGE_BYTES, VERSION } from './bounds.ts'
import { encodeError, itemFields, messageOf } from './encode.ts'
import type { Fields, Sender } from './encode.ts'
import { refusalOf } from './refuse.ts'

const TEXT = new TextEncoder()

/**
 * An answer under the uuid of its request. One of more than MAX_MESSAGE_BYTES, which nobody reads, becomes an error 4:
 * a value that nearly fills a message, asked for under a uuid that is longer than others.
 */
export function encodeReply(
  reply: DrogulusReply,
  uuid: Uint8Array,
  { sender, revision }: { readonly sender: Sender; readonly revision: Revision },
): Uint8Array {
  const [name, fields] = contentOf(reply, revision)
  const bytes = packMsgPack(messageOf(name, { ...sender, uuid }, fields))
  if (bytes.length <= MAX_MESSAGE_BYTES) return bytes
  const why = `the answer has ${bytes.length} bytes, at most ${MAX_MESSAGE_BYTES} are read`
  return encodeError(refusalOf(ERROR.tooBig, why), uuid, sender)
}

function contentOf({ nodes, item }: DrogulusReply, revision: Revision): [name: string, fields: Fields] {
  if (item !== undefined) return ['value', itemFields(item, revision)]
  if (nodes === undefined) return ['pong', [['version', VERSION]]]
  return [
    'nodes',
    [
      ['nodes', nodes.map(nodeOf)],
      ['version', VERSION],
    ],
  ]
}

function nodeOf({ id, address }: Contact): MsgPackValue {
  return [id, TEXT.encode(address.host), address.port, VERSION]
}
