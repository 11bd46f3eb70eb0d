// How the wire refuses queries of mainline: with which code, and what it wants instead.
import { bytesOf, found } from '../../krpc/fields.ts'
import { refuseWith } from '../../refuse.ts'
import { ERROR } from '../messages.ts'
import { ID_BYTES, MAX_TOKEN_BYTES } from './bounds.ts'
import { ARGUMENT, args } from './fields.ts'

/** A query that is answered with an error, 203 unless a code says more. */
export function refuse(transaction: Uint8Array, message: string, code: number = ERROR.protocol): never {
  refuseWith(transaction, { code, message })
}

export function requireId(field: number, name: string, method: string, transaction: Uint8Array): void {
  if (args.lengthOf(field) === ID_BYTES) return
  refuse(transaction, `${method}: ${name} must be ${ID_BYTES} bytes, got ${found(args, field)}`)
}

export function readToken(method: string, bytes: Uint8Array, transaction: Uint8Array): Uint8Array {
  const length = args.lengthOf(ARGUMENT.token)
  if (length >= 0 && length <= MAX_TOKEN_BYTES) return bytesOf(bytes, args, ARGUMENT.token)
  const got = found(args, ARGUMENT.token)
  return refuse(transaction, `${method}: token must be at most ${MAX_TOKEN_BYTES} bytes, got ${got}`)
}
