// What the key and the source of anything that is kept must be. Misuse ends as a RangeError here.
import type { Id } from '../kademlia/id.ts'

/** The ids of drogulus. */
const MAX_ENTRY_KEY_BYTES = 64

export function assertKey(key: Id): void {
  if (key.length > 0 && key.length <= MAX_ENTRY_KEY_BYTES) return
  throw new RangeError(`a key has 1 … ${MAX_ENTRY_KEY_BYTES} bytes, got ${key.length}`)
}

export function assertSource(ip: Uint8Array): void {
  if (ip.length === 4 || ip.length === 16) return
  throw new RangeError(`a source has 4 or 16 bytes, got ${ip.length}`)
}
