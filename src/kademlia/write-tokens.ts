// Write tokens: proof that whoever wants to store has received an answer at its address a short while ago (BEP 5).
// Stateless: a token is a keyed hash of what it is bound to. What that is (IP and target) is the network's business.
import type { Parameters } from './parameters.ts'
import type { Hash, Random } from './ports.ts'

const SECRET_BYTES = 20

export class WriteTokens {
  readonly #parameters: Parameters
  readonly #random: Random
  readonly #hash: Hash
  /** Newest first; at most `parameters.tokenSecrets`, the oldest is dropped. */
  #secrets: Uint8Array[]
  /** When the newest secret came into force (ms). */
  #rotatedAt: number
  /** secret ‖ binding, kept for the next call; bindings of one network have one or two lengths. */
  #scratch = new Uint8Array(SECRET_BYTES)

  constructor(options: {
    readonly parameters: Parameters
    readonly random: Random
    readonly hash: Hash
    readonly now: number
  }) {
    this.#parameters = options.parameters
    this.#random = options.random
    this.#hash = options.hash
    this.#secrets = [this.#random.bytes(SECRET_BYTES)]
    this.#rotatedAt = options.now
  }

  /** A token of tokenBytes bytes, good for at least tokenRotationMs · (tokenSecrets - 1), less than one rotation more. */
  issue(binding: Uint8Array, now: number): Uint8Array {
    this.#rotate(now)
    return this.#mac(this.#secrets[0]!, binding)
  }

  /** Whether this node issued the token for this very binding, and not too long ago. */
  verify(token: Uint8Array, binding: Uint8Array, now: number): boolean {
    if (token.length !== this.#parameters.tokenBytes) return false
    this.#rotate(now)
    for (const secret of this.#secrets) if (sameBytes(this.#mac(secret, binding), token)) return true
    return false
  }

  /** Voids all tokens: after a sleep nobody knows how old they are (T30). */
  renew(now: number): void {
    this.#secrets = [this.#random.bytes(SECRET_BYTES)]
    this.#rotatedAt = now
  }

  /** Brings the secrets up to date; there is no timer. */
  #rotate(now: number): void {
    const { tokenRotationMs, tokenSecrets } = this.#parameters
    const steps = Math.floor((now - this.#rotatedAt) / tokenRotationMs)
    if (steps >= tokenSecrets) this.renew(now)
    else if (steps > 0) {
      this.#rotatedAt += steps * tokenRotationMs
      for (let step = 0; step < steps; step++) this.#secrets.unshift(this.#random.bytes(SECRET_BYTES))
      this.#secrets.length = Math.min(this.#secrets.length, tokenSecrets)
    }
  }

  /** A plain hash of secret and data serves as MAC: what is hashed has one length, so that none can be extended. */
  #mac(secret: Uint8Array, binding: Uint8Array): Uint8Array {
    if (this.#scratch.length !== SECRET_BYTES + binding.length) {
      this.#scratch = new Uint8Array(SECRET_BYTES + binding.length)
    }
    this.#scratch.set(secret)
    this.#scratch.set(binding, SECRET_BYTES)
    return this.#hash(this.#scratch).slice(0, this.#parameters.tokenBytes)
  }
}

/** Compares in a time that does not tell how many bytes are right. */
function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  let difference = a.length ^ b.length
  for (let i = 0; i < a.length; i++) difference |= a[i]! ^ (b[i] ?? 0)
  return difference === 0
}
