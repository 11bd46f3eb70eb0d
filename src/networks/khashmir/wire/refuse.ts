// How the wire refuses queries of khashmir: 204 for arguments that do not suit the method, 201 for ids that are none
// (khashmir A3, A4).
import { found } from '../../krpc/fields.ts'
import { refuseWith } from '../../refuse.ts'
import { ERROR } from '../messages.ts'
import type { KhashmirMethod } from '../messages.ts'
import { ID_BYTES } from './bounds.ts'
import { ARGUMENT, args } from './fields.ts'

export function refuseRequest(transaction: Uint8Array, message: string): never {
  refuseWith(transaction, { code: ERROR.malformedRequest, message })
}

/** An id that is no 20 bytes is what an assertion of the original fails on, which has no text. */
export function requireId(
  field: 'id' | 'key' | 'target',
  method: KhashmirMethod,
  transaction: Uint8Array,
): void {
  if (args.lengthOf(ARGUMENT[field]) === ID_BYTES) return
  const why = `${method}: ${field} must be ${ID_BYTES} bytes, got ${found(args, ARGUMENT[field])}`
  refuseWith(transaction, { code: ERROR.server, message: '' }, { why })
}
