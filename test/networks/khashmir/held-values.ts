// The values that the recorded nodes held besides those that the recorded requests store: as the notes and the answers
// tell them, in the order in which the originals give them out.
import assert from 'node:assert/strict'
import { idFromHex } from '../../../src/kademlia/id.ts'
import type { Store } from '../../../src/stores/store.ts'
import { khashmirVectors, type KhashmirCommit } from '../../khashmir-vectors.ts'

/** 40 values that begin with their number. */
function numbered(bytesOf: (n: number) => number): string[] {
  return Array.from({ length: 40 }, (_, n) => String(n).padStart(3, '0').padEnd(bytesOf(n), '.'))
}

const ONE_BIG = ['a'.repeat(1_300), ...Array.from({ length: 60 }, (_, n) => `b${n}`)]

/** By the request that asks for them. Where no answer shows a value, any one will do that is as long as it must be. */
const HELD: Readonly<Record<string, readonly string[]>> = {
  'get_value-trimmed-equal': numbered(() => 100),
  'get_value-trimmed-mixed': numbered((n) => 3 + 7 * n),
  'get_value-trimmed-big-first': ONE_BIG,
  'get_value-trimmed-big-last': ONE_BIG,
  'get_value-single-too-big': ['x'.repeat(1_500)],
  'get_value-too-big-then-small': ['x'.repeat(1_500), 'small'],
  'get_value-exact-1': ['e'.repeat(1_390)],
  'get_value-exact+0': ['e'.repeat(1_391)],
  'get_value-exact+1': ['e'.repeat(1_392)],
  'get_value-cut-to-exactly-1472': ['e'.repeat(1_391), 'f'],
  'get_value-cut-to-1471': ['e'.repeat(1_390), 'f'],
}

/** Puts them into a store. */
export function putHeldValues(store: Store, commit: KhashmirCommit, now: number): void {
  for (const [name, values] of Object.entries(HELD)) {
    const [request] = khashmirVectors({ name, commit, direction: 'request' })
    const { a } = request!.decoded as { a: { key: { hex: string } } }
    const key = idFromHex(a.key.hex, 20)
    // The originals give values out in the order of their base64 text, which is how they keep them (khashmir A3).
    const inOrder = values.map((value) => btoa(value)).toSorted()
    for (const base64 of inOrder) {
      const value = Uint8Array.from(Buffer.from(base64, 'base64'))
      assert.ok(store.values.store(key, { value, source: null, refreshedAt: now }).stored)
    }
  }
}
