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

/**
 * The digest that is signed, 64 bytes. `createdWith` counts in october-2013 only, and is expected there. Throws
 * PythonOrderError for maps without a known order, MsgPackError for what cannot be packed.
 */
export function compoundDigest(fields: SignedFields, revision: Revision): Uint8Array {
  const { value, timestamp, expires, name, meta, createdWith } = fields
  const signed = [value, new MsgPackFloat(timestamp), new MsgPackFloat(expires), name, meta]
  if (revision === 'october-2013') signed.push(createdWith)
  return digestOfAll(signed)
}

/** sha512 over the concatenation of sha512(msgpack(x)) for each x. */
export function digestOfAll(values: readonly MsgPackValue[]): Uint8Array {
  return sha512(Buffer.concat(values.map((value) => sha512(packMsgPack(inPythonOrder(value))))))
}
