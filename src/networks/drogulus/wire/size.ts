// How large a value becomes in a message, so that what could not be handed on is refused beforehand.
import { sizeOfMsgPack } from '../../../codecs/msgpack.ts'
import { asId } from '../../../kademlia/id.ts'
import type { Revision, SignedValue } from '../messages.ts'
import { ID_BYTES, UUID_TEXT_BYTES } from './bounds.ts'
import { itemFields, messageOf } from './encode.ts'

/** The longest that there are. */
const OTHERS = {
  uuid: new Uint8Array(UUID_TEXT_BYTES),
  id: asId(new Uint8Array(ID_BYTES)),
  replyPort: 65_535,
}

/** The bytes of a store and of a value message of ours with this value: both names have as many. */
export function sizeOfValueMessage(item: SignedValue, revision: Revision): number {
  return sizeOfMsgPack(messageOf('store', OTHERS, itemFields(item, revision)))
}
