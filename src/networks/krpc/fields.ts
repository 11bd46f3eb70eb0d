// How a field of a KRPC message is read, where the last scan found it. Which fields a network knows, and what they
// mean, is in the fields.ts of its wire.
import { integerAt, TOKEN } from '../../codecs/bencode-cursor.ts'
import type { BencodeFields } from '../../codecs/bencode-fields.ts'

/** The content of a string field, as a plain Uint8Array even where the datagram is a Buffer. */
export function bytesOf(bytes: Uint8Array, fields: BencodeFields, field: number): Uint8Array {
  return viewOf(bytes, fields.contentOf(field), fields.endOf(field))
}

/** The whole value of a field as it was received. */
export function rawOf(bytes: Uint8Array, fields: BencodeFields, field: number): Uint8Array {
  return viewOf(bytes, fields.startOf(field), fields.endOf(field))
}

/** [start, end) as a plain Uint8Array. */
export function viewOf(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset + start, end - start)
}

/** An integer exactly (K-14); null when the field is absent or none. */
export function integerOf(bytes: Uint8Array, fields: BencodeFields, field: number): number | bigint | null {
  if (!fields.is(field, TOKEN.integer)) return null
  return integerAt(bytes, fields.contentOf(field), fields.contentEndOf(field))
}

/** Which of `names` a string field holds; -1 when none. */
export function nameOf(
  bytes: Uint8Array,
  [fields, field]: readonly [BencodeFields, number],
  names: readonly Uint8Array[],
): number {
  const start = fields.contentOf(field)
  const length = fields.lengthOf(field)
  for (let index = 0; index < names.length; index++) {
    const name = names[index]!
    if (name.length !== length) continue
    let i = 0
    while (i < length && name[i] === bytes[start + i]) i++
    if (i === length) return index
  }
  return -1
}

/** What stands where something else should, for messages; never the bytes themselves (threat T33). */
export function found(fields: BencodeFields, field: number): string {
  if (!fields.has(field)) return 'none'
  const token = fields.tokenOf(field)
  if (token === TOKEN.string) return String(fields.lengthOf(field))
  if (token === TOKEN.date) return 'a date'
  return token === TOKEN.integer ? 'an integer' : token === TOKEN.list ? 'a list' : 'a dictionary'
}
