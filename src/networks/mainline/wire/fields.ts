// The fields of mainline's messages that we know, where the last scan found them, and how a number of them is read.
// What a field means, and what is done where it is wrong, is in decode.ts and its neighbours.
import { BencodeFields, OPAQUE } from '../../../codecs/bencode-fields.ts'
import { integerOf } from '../../krpc/fields.ts'
import { MAX_SEQ } from './bounds.ts'

/** The fields that we know, by their index; unknown ones are passed over. */
export const TOP = { a: 0, e: 1, ip: 2, q: 3, r: 4, ro: 5, t: 6, y: 7 } as const
export const ARGUMENT = {
  id: 0,
  implied_port: 1,
  info_hash: 2,
  noseed: 3,
  port: 4,
  scrape: 5,
  seed: 6,
  target: 7,
  token: 8,
  want: 9,
  v: 10,
  k: 11,
  sig: 12,
  seq: 13,
  salt: 14,
  cas: 15,
} as const
export const RESULT = {
  id: 0,
  nodes: 1,
  nodes6: 2,
  token: 3,
  values: 4,
  BFsd: 5,
  BFpe: 6,
  v: 7,
  k: 8,
  sig: 9,
  seq: 10,
  interval: 11,
  num: 12,
  samples: 13,
} as const

// `v` is left unread: a value may be deeper than a message (T17), and whatever it is must not cost us the message
// around it, or nobody would be told that it is refused (K-13).
export const args = new BencodeFields(Object.keys(ARGUMENT), { v: OPAQUE })
export const results = new BencodeFields(Object.keys(RESULT), { v: OPAQUE })
export const top = new BencodeFields(Object.keys(TOP), { a: args, r: results })

/** A sequence number, 0 … 2^63 − 1 (B44-14); null when the field is absent or anything else. */
export function seqOf(bytes: Uint8Array, fields: BencodeFields, field: number): bigint | null {
  const value = integerOf(bytes, fields, field)
  return value === null || value < 0 || value > MAX_SEQ ? null : BigInt(value)
}

/** Set when present and not 0; of another type, it is as if it were absent. */
export function isFlag(bytes: Uint8Array, fields: BencodeFields, field: number): boolean {
  const value = integerOf(bytes, fields, field)
  return value !== null && value !== 0
}

export function isOne(bytes: Uint8Array, fields: BencodeFields, field: number): boolean {
  return integerOf(bytes, fields, field) === 1
}
