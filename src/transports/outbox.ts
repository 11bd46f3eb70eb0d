// Packets on their way out: copies, because who sends may reuse the bytes at once, whereas dgram keeps a reference to
// what the system does not take within the call. Not here: the socket.
import type { Address } from '../kademlia/contact.ts'

/** Copies stand one behind the other in blocks of this size. */
const BLOCK_BYTES = 64 * 1024
/** Packets of one turn. */
const MAX_PACKETS = 512

/** `T` is what the sender wants to have back with each packet. */
export class Outbox<T> {
  #block = new Uint8Array(BLOCK_BYTES)
  #used = 0
  /** At most MAX_PACKETS each. */
  readonly #packets: Uint8Array[] = []
  readonly #targets: Address[] = []
  readonly #notes: T[] = []

  get isFull(): boolean {
    return this.#packets.length >= MAX_PACKETS
  }

  /** Takes a copy. Call it only where it is not full. */
  add(bytes: Uint8Array, to: Address, note: T): void {
    this.#packets.push(this.#copy(bytes))
    this.#targets.push(to)
    this.#notes.push(note)
  }

  /** Hands on all packets in order and is empty after that. Their bytes stay as they are until `rewind`. */
  drain(send: (bytes: Uint8Array, to: Address, note: T) => void): void {
    for (let i = 0; i < this.#packets.length; i++) send(this.#packets[i]!, this.#targets[i]!, this.#notes[i]!)
    this.#packets.length = 0
    this.#targets.length = 0
    this.#notes.length = 0
  }

  /** Nobody reads any more what was handed on: its bytes may be written over. */
  rewind(): void {
    if (this.#packets.length === 0) this.#used = 0
  }

  #copy(bytes: Uint8Array): Uint8Array {
    if (bytes.length > BLOCK_BYTES) return new Uint8Array(bytes)
    if (this.#used + bytes.length > BLOCK_BYTES) {
      // The old block lives as long as somebody reads from it.
      this.#block = new Uint8Array(BLOCK_BYTES)
      this.#used = 0
    }
    const start = this.#used
    this.#used += bytes.length
    this.#block.set(bytes, start)
    return this.#block.subarray(start, this.#used)
  }
}
