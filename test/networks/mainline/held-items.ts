// What tests of the answering side ask of it: what it holds of an item, and an item that nobody has signed.
import { targetOf, type RawItem } from '../../../src/networks/mainline/items/item.ts'
import type { Answering } from './answering.ts'
import type { MutableItem } from './item-fixtures.ts'

/** What a get for the target of this item brings back of it. */
export function held(serving: Answering, item: RawItem) {
  const { value, publicKey, signature, seq } = serving.get(targetOf(item))
  return { value, publicKey, signature, seq }
}

export function fields({ value, signed }: RawItem) {
  return { value, publicKey: signed?.publicKey, signature: signed?.signature, seq: signed?.seq }
}

export const nothing = { value: undefined, publicKey: undefined, signature: undefined, seq: undefined }

export function forged(item: MutableItem): MutableItem {
  const signature = item.signed.signature.slice()
  signature[40]! ^= 1
  return { ...item, signed: { ...item.signed, signature } }
}
