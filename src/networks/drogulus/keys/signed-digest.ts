// What is signed of a value: the compound digest (drogulus B3), made of fields that are packed anew, in the order of
// Python 2. Not here: the signature over it (signature.ts).
import { packMsgPack } from '../../../codecs/msgpack.ts'
import { MsgPackFloat, type MsgPackValue } from '../../../codecs/msgpack-value.ts'
import type { Revision, SignedValue } from '../messages.ts'
import { sha512 } from './key.ts'
import { inPythonOrder } from './python-order.ts'

/** What of a value is signed; its key follows from the public key and the name. */
export type SignedFields = Pick<
  SignedValue,
  'value' | 'timestamp' | 'expires' | 'name' | 'meta' | 'createdWith'
>

/** How maps are packed: as Python 2 would after reading them, or as they came. */
export type MapOrder = 'python' | 'as-sent'

/**
 * The digest that is signed, 64 bytes. `createdWith` counts in october-2013 only, and is expected there. Throws
 * PythonOrderError for maps without a known order, MsgPackError for what cannot be packed.
 */
export function compoundDigest(
  fields: SignedFields,
  revision: Revision,
  order: MapOrder = 'python',
): Uint8Array {
  const { value, timestamp, expires, name, meta, createdWith } = fields
  const signed = [value, new MsgPackFloat(timestamp), new MsgPackFloat(expires), name, meta]
  if (revision === 'october-2013') signed.push(createdWith)
  return digestOfAll(signed, order)
}

/** sha512 over the concatenation of sha512(msgpack(x)) for each x. */
export function digestOfAll(values: readonly MsgPackValue[], order: MapOrder = 'python'): Uint8Array {
  const own = order === 'python' ? inPythonOrder : (value: MsgPackValue): MsgPackValue => value
  return sha512(Buffer.concat(values.map((value) => sha512(packMsgPack(own(value))))))
}
