// Write tokens as mainline binds them: to the IP that asked and to what it asked for (T11, B5-14, B44-08). So one that
// was overheard, or got for something else, is good for nothing.
// Not here: secrets and their age (kademlia/write-tokens.ts).
import { MAX_HOST_BYTES, writeHost } from '../../codecs/compact-address.ts'
import type { Id } from '../../kademlia/id.ts'
import type { WriteTokens } from '../../kademlia/write-tokens.ts'
import { ID_BYTES } from './wire/bounds.ts'

export interface Binding {
  /** Of whoever asks, without its port: it may change behind an address translator. */
  readonly host: string
  /** Infohash, or target of an item. */
  readonly target: Id
}

export class BoundTokens {
  readonly #tokens: WriteTokens
  readonly #bound = new Uint8Array(MAX_HOST_BYTES + ID_BYTES)

  constructor(tokens: WriteTokens) {
    this.#tokens = tokens
  }

  issue(binding: Binding, now: number): Uint8Array {
    return this.#tokens.issue(this.#bytesOf(binding), now)
  }

  verify(token: Uint8Array, binding: Binding, now: number): boolean {
    return this.#tokens.verify(token, this.#bytesOf(binding), now)
  }

  /** Valid until the next call. */
  #bytesOf({ host, target }: Binding): Uint8Array {
    const hostBytes = writeHost(host, this.#bound, 0)
    this.#bound.set(target, hostBytes)
    return this.#bound.subarray(0, hostBytes + target.length)
  }
}
