// An item of BEP 44: what it stands under, what its signature covers, whether it is true, and how a store keeps it.
// Not here: what its value means to people (value.ts), keys (keys/), asking and answering.
import { asId, sameId, type Id } from '../../../kademlia/id.ts'
import { sha1 } from '../../../node/system.ts'
import type { StoredRecord } from '../../../stores/store.ts'
import { verifySignature } from '../keys/signature.ts'
import type { Signed } from '../messages.ts'
import { PUBLIC_KEY_BYTES, SIGNATURE_BYTES } from '../wire/bounds.ts'

/** An item as it travels: immutable where `signed` is null. */
export interface RawItem {
  /** `v`: canonical bencode, at most 1000 bytes. */
  readonly value: Uint8Array
  readonly signed: Signed | null
}

/** What an item is stored and asked for under (B44-01, B44-02): 20 bytes. */
export function targetOf({ value, signed }: RawItem): Id {
  return signed === null ? immutableTarget(value) : mutableTarget(signed.publicKey, signed.salt)
}

/** SHA-1 of the encoded value (B44-01). */
export function immutableTarget(value: Uint8Array): Id {
  return asId(sha1(value))
}

/** SHA-1 of key and salt (B44-02). */
export function mutableTarget(publicKey: Uint8Array, salt: Uint8Array): Id {
  return asId(sha1(joined([publicKey, salt])))
}

/** What is signed (B44-03): made of the bytes as received, never encoded anew. */
export function signedBytes(value: Uint8Array, { salt, seq }: Pick<Signed, 'salt' | 'seq'>): Uint8Array {
  const saltPart = salt.length === 0 ? [] : [ascii(`4:salt${salt.length}:`), salt]
  return joined([...saltPart, ascii(`3:seqi${seq}e1:v`), value])
}

/** Whether the signature of a mutable item is good; an immutable one has none. The costly check. */
export function isAuthentic({ value, signed }: RawItem): boolean {
  if (signed === null) return true
  return verifySignature(signed.publicKey, signedBytes(value, signed), signed.signature)
}

/** What makes two items of one `seq` the same: their value, whoever signed it how often. */
export function digestOf({ value }: RawItem): Uint8Array {
  return sha1(value)
}

/** 0 for an immutable item. */
export function seqOf({ signed }: RawItem): bigint {
  return signed?.seq ?? 0n
}

/** Whether two items of one target are the same version with the same value. */
export function isSame(a: RawItem, b: RawItem): boolean {
  return seqOf(a) === seqOf(b) && sameId(a.value, b.value)
}

/** Whether what was found is newer than what is known. */
export function isNewer(found: RawItem | null, known: RawItem | null): boolean {
  return found !== null && (known === null || seqOf(found) > seqOf(known))
}

/** As a store keeps it, by `readRecord`: key ‖ signature ‖ length of the salt ‖ salt ‖ value, or a 0 and the value. */
export function recordData({ value, signed }: RawItem): Uint8Array {
  if (signed === null) return joined([Uint8Array.of(0), value])
  const { publicKey, signature, salt } = signed
  return joined([Uint8Array.of(1), publicKey, signature, Uint8Array.of(salt.length), salt, value])
}

/** The item of a record; its fields are views. */
export function readRecord({ data, version }: Pick<StoredRecord, 'data' | 'version'>): RawItem {
  if (data[0] === 0) return { value: data.subarray(1), signed: null }
  const signatureAt = 1 + PUBLIC_KEY_BYTES
  const saltAt = signatureAt + SIGNATURE_BYTES
  const valueAt = saltAt + 1 + data[saltAt]!
  const signed = {
    publicKey: data.subarray(1, signatureAt),
    signature: data.subarray(signatureAt, saltAt),
    salt: data.subarray(saltAt + 1, valueAt),
    seq: version,
  }
  return { value: data.subarray(valueAt), signed }
}

function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0))
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
