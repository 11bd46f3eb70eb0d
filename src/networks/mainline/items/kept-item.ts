// What a node remembers of an item that it keeps alive: bytes for a commitment of the store, and back.
// Not here: when and how it is put again (publisher.ts).
import {
  BencodeDictionary,
  decodeBencode,
  encodeBencode,
  STORED_VALUE,
  type BencodeInput,
  type BencodeValue,
} from '../../../codecs/bencode.ts'
import { sameId, toHex, type Id } from '../../../kademlia/id.ts'
import type { Commitment } from '../../../stores/store.ts'
import type { Signed } from '../messages.ts'
import { immutableTarget, mutableTarget, type RawItem } from './item.ts'

/** put: an immutable item of ours. publish: a signed one of ours. watch: a signed one that somebody else publishes. */
export type KeptKind = 'put' | 'publish' | 'watch'

export const KEPT_KINDS: readonly KeptKind[] = ['put', 'publish', 'watch']

export interface KeptItem {
  readonly kind: KeptKind
  /** null only for a watched item that has not been found yet. */
  readonly item: RawItem | null
  /** Of a signed item, also of one not found yet. */
  readonly publicKey: Uint8Array | null
  readonly salt: Uint8Array
  /** Of a watched item: in the last round only those were written to that lacked it. */
  readonly onlyMended?: boolean
}

/** Some 1,200 bytes at most. */
export function keptData({ item, publicKey, salt, onlyMended = false }: KeptItem): Uint8Array {
  const fields: Record<string, BencodeInput> = { salt }
  if (publicKey !== null) fields['k'] = publicKey
  if (onlyMended) fields['mended'] = 1
  if (item !== null) fields['v'] = item.value
  if (item?.signed) {
    fields['sig'] = item.signed.signature
    fields['seq'] = item.signed.seq
  }
  return encodeBencode(fields)
}

/** null: it is of another kind, or not as we write it (a file that was edited by hand). */
export function readKept({ kind, key, data }: Commitment): KeptItem | null {
  const known = KEPT_KINDS.find((each) => each === kind)
  const fields = decoded(data)
  if (known === undefined || !(fields instanceof BencodeDictionary)) return null
  const salt = bytesAt(fields, 'salt')
  const publicKey = bytesAt(fields, 'k')
  const value = bytesAt(fields, 'v')
  if (salt === null || (publicKey === null && value === null)) return null
  const target = publicKey === null ? immutableTarget(value!) : mutableTarget(publicKey, salt)
  if (!sameId(target, key)) return null
  const kept = { kind: known, publicKey, salt, onlyMended: fields.has('mended') }
  if (value === null) return { ...kept, item: null }
  const signed = publicKey === null ? null : signedOf(fields, publicKey, salt)
  return signed === undefined ? null : { ...kept, item: { value, signed } }
}

/** undefined: a part is missing. */
function signedOf(fields: BencodeDictionary, publicKey: Uint8Array, salt: Uint8Array): Signed | undefined {
  const signature = bytesAt(fields, 'sig')
  const seq = fields.get('seq')
  if (signature === null || (typeof seq !== 'number' && typeof seq !== 'bigint')) return undefined
  return { publicKey, salt, seq: BigInt(seq), signature }
}

function decoded(data: Uint8Array): BencodeValue | null {
  try {
    return decodeBencode(data, STORED_VALUE)
  } catch {
    return null
  }
}

function bytesAt(fields: BencodeDictionary, name: string): Uint8Array | null {
  const field = fields.get(name)
  return field instanceof Uint8Array ? field : null
}

/** What is kept alive, for users. */
export interface KeptEntry {
  /** put: immutable. publish: signed, ours. watch: signed, somebody else's. */
  readonly kind: KeptKind
  /** 40 hex digits. */
  readonly key: string
  /** 64 hex digits; null for an immutable item. */
  readonly publicKey: string | null
  /** null where it is no UTF-8 text. */
  readonly name: string | null
  /** null for an immutable item, and for a watched one that has not been found yet. */
  readonly seq: bigint | null
}

export function keptEntry(target: Id, { kind, publicKey, salt, item }: KeptItem): KeptEntry {
  return {
    kind,
    key: toHex(target),
    publicKey: publicKey === null ? null : toHex(publicKey),
    name: nameOf(salt),
    seq: item?.signed?.seq ?? null,
  }
}

/** A name as text where it is UTF-8, for people; else null. */
function nameOf(salt: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(salt)
  } catch {
    return null
  }
}
