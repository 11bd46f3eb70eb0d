// Write tokens as khashmir binds them: to the dotted quad of whoever asks, so sha1(secret ‖ '127.0.0.1') (khashmir A2).
// Neither the port nor the key is part of it: one token is good for every key at the node that gave it.
// Not here: secrets and their age (kademlia/write-tokens.ts).
import type { WriteTokens } from '../../kademlia/write-tokens.ts'

/** '255.255.255.255' */
const MAX_QUAD_BYTES = 15

const encoder = new TextEncoder()

export class BoundTokens {
  readonly #tokens: WriteTokens
  readonly #bound = new Uint8Array(MAX_QUAD_BYTES)

  constructor(tokens: WriteTokens) {
    this.#tokens = tokens
  }

  issue(host: string, now: number): Uint8Array {
    return this.#tokens.issue(this.#bytesOf(host), now)
  }

  verify(token: Uint8Array, host: string, now: number): boolean {
    return this.#tokens.verify(token, this.#bytesOf(host), now)
  }

  /** Valid until the next call. */
  #bytesOf(host: string): Uint8Array {
    return this.#bound.subarray(0, encoder.encodeInto(host, this.#bound).written)
  }
}
