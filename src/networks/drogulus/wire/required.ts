// Fields that a message must have, each of its type (drogulus B2). Who asks for one says what happens where it is wrong.
import { KIND } from '../../../codecs/msgpack-cursor.ts'
import type { Kind } from '../../../codecs/msgpack-cursor.ts'
import { asId } from '../../../kademlia/id.ts'
import type { Id } from '../../../kademlia/id.ts'
import { ID_BYTES } from './bounds.ts'
import { fields } from './fields.ts'
import type { Field } from './fields.ts'
import type { Wrong } from './refuse.ts'

/** A view. */
export function requireRaw(field: Field, wrong: Wrong): Uint8Array {
  return fields.rawOf(field) ?? wrong(`${field} must be a string, got ${fields.found(field)}`)
}

/** A copy: ids are kept for long, and a view would keep the whole message. */
export function requireId(field: 'key' | 'node', wrong: Wrong): Id {
  const raw = requireRaw(field, wrong)
  return idOf(raw) ?? wrong(`${field} must be 1 to ${ID_BYTES} bytes, got ${raw.length}`)
}

/**
 * An id or key of its own. To the originals it is a number, so one that is shorter begins with zeros (drogulus B2);
 * null: it is empty or too long.
 */
export function idOf(bytes: Uint8Array): Id | null {
  if (bytes.length === 0 || bytes.length > ID_BYTES) return null
  const id = new Uint8Array(ID_BYTES)
  id.set(bytes, ID_BYTES - bytes.length)
  return asId(id)
}

/** Times must be floats, whole or not. Infinity and NaN are none: they compare with no other. */
export function requireTime(field: 'expires' | 'timestamp', wrong: Wrong): number {
  const time = fields.floatOf(field)
  if (time === null || !Number.isFinite(time)) {
    wrong(`${field} must be a finite float, got ${time ?? fields.found(field)}`)
  }
  return time
}

export function requireKind(field: Field, kind: Kind, wrong: Wrong): void {
  if (fields.is(field, kind)) return
  const wanted = kind === KIND.map ? 'a map' : 'an array'
  wrong(`${field} must be ${wanted}, got ${fields.found(field)}`)
}
