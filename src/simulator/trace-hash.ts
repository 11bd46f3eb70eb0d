// A running hash of everything that happens in a simulation: two runs are the same if their hashes are.
// Fast, not cryptographic: nobody tries to fool it.

const scratch = new DataView(new ArrayBuffer(8))

/** Two lanes of 32 bits, each a multiplicative hash of all that was added. */
export class TraceHash {
  #a = 0x243f6a88
  #b = 0x85a308d3
  #entries = 0

  get entries(): number {
    return this.#entries
  }

  /** One thing that happened: when, what, between whom, with which bytes. */
  add(time: number, what: string, bytes: Uint8Array | null = null): void {
    this.#entries++
    scratch.setFloat64(0, time)
    this.#word(scratch.getUint32(0))
    this.#word(scratch.getUint32(4))
    for (let i = 0; i < what.length; i++) this.#word(what.charCodeAt(i))
    if (bytes === null) return
    this.#word(bytes.length)
    for (let i = 0; i < bytes.length; i++) this.#word(bytes[i]!)
  }

  /** 16 hex digits. */
  toString(): string {
    return hex(this.#a) + hex(this.#b)
  }

  #word(word: number): void {
    const a = Math.imul(this.#a ^ word, 0x9e3779b1)
    this.#a = a ^ (a >>> 15)
    const b = Math.imul(this.#b ^ word, 0x85ebca77)
    this.#b = b ^ (b >>> 13)
  }
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0')
}
