// Who gave tokens for a key a short while ago, so that writing there again takes one round trip instead of a lookup.
// Tokens are good for at least five minutes with most nodes (BEP 5 accepts ten); a node that refuses one is no loss:
// the writer then walks anew. specs/algorithms.md 3.6. Not here: the writing (write.ts).
import { toHex, type Id } from '../../kademlia/id.ts'
import type { Holder } from './write.ts'

/** Keys remembered; the one written longest ago is forgotten. */
const MAX_KEYS = 256
/** Younger than the five minutes after which some nodes change their secret. */
const FRESH_FOR_MS = 240_000

export class FreshTokens<T> {
  /** By key, the one written last at the end. At most MAX_KEYS. */
  readonly #kept = new Map<string, { readonly holders: readonly Holder[]; readonly at: number; note: T }>()

  /** The holders of a lookup that has just ended, and what is to be remembered of it. */
  keep(key: Id, found: { readonly holders: readonly Holder[]; readonly note: T }, now: number): void {
    const name = toHex(key)
    this.#kept.delete(name)
    if (found.holders.length === 0) return
    this.#kept.set(name, { ...found, at: now })
    if (this.#kept.size > MAX_KEYS) this.#kept.delete(this.#kept.keys().next().value!)
  }

  /** Changes what is remembered of it, not how old it is. */
  note(key: Id, note: T): void {
    const kept = this.#kept.get(toHex(key))
    if (kept !== undefined) kept.note = note
  }

  /** null: nobody, or too long ago. */
  take(key: Id, now: number): { readonly holders: readonly Holder[]; readonly note: T } | null {
    const kept = this.#kept.get(toHex(key))
    if (kept === undefined) return null
    if (now - kept.at <= FRESH_FOR_MS) return kept
    this.#kept.delete(toHex(key))
    return null
  }

  forget(key: Id): void {
    this.#kept.delete(toHex(key))
  }
}
