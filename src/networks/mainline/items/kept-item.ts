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
import type { Commitment } from '../../../stores/store.ts'
import type { RawItem } from './item.ts'

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
}

/** Some 1,200 bytes at most. */
export function keptData({ item, publicKey, salt }: KeptItem): Uint8Array {
  const fields: Record<string, BencodeInput> = { salt }
  if (publicKey !== null) fields['k'] = publicKey
  if (item !== null) fields['v'] = item.value
  if (item?.signed) {
    fields['sig'] = item.signed.signature
    fields['seq'] = item.signed.seq
  }
  return encodeBencode(fields)
}

/** null: it is of another kind, or not as we write it (a file that was edited by hand). */
export function readKept({ kind, data }: Commitment): KeptItem | null {
  const known = KEPT_KINDS.find((each) => each === kind)
  const fields = decoded(data)
  if (known === undefined || !(fields instanceof BencodeDictionary)) return null
  const salt = bytesAt(fields, 'salt')
  const publicKey = bytesAt(fields, 'k')
  const value = bytesAt(fields, 'v')
  if (salt === null) return null
  const kept = { kind: known, publicKey, salt }
  if (value === null) return publicKey === null ? null : { ...kept, item: null }
  if (publicKey === null) return { ...kept, item: { value, signed: null } }
  const signature = bytesAt(fields, 'sig')
  const seq = fields.get('seq')
  if (signature === null || (typeof seq !== 'number' && typeof seq !== 'bigint')) return null
  return { ...kept, item: { value, signed: { publicKey, salt, seq: BigInt(seq), signature } } }
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
