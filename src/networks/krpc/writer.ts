// Where KRPC messages are written: one buffer at a time, byte for byte, without objects in between.
// What a message consists of is in the wires of the networks.

/** What fits unfragmented into Ethernet's 1500 bytes with the headers of IP and UDP; no answer of ours is longer. */
export const LARGEST_DATAGRAM_BYTES = 1_472

/** Fresh messages are written one behind the other into blocks of this size, because small arrays are dear. */
const BLOCK_BYTES = 16_384

/** Up to so many bytes a loop is faster than `set`. */
const SHORT = 10

const COLON = 0x3a
const DIGIT_0 = 0x30

/** ASCII as bytes, for the constant parts of messages. */
export function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0))
}

/** Bytes of a bencoded string with this many bytes of content. */
export function stringSize(length: number): number {
  return digits(length) + 1 + length
}

function digits(value: number): number {
  return value < 10 ? 1 : value < 100 ? 2 : value < 1000 ? 3 : String(value).length
}

/** Writing is synchronous, so one writer serves all wires. The caller keeps to the room that a message has. */
class DatagramWriter {
  private reused = new Uint8Array(LARGEST_DATAGRAM_BYTES)
  private block = new Uint8Array(BLOCK_BYTES)
  private blockUsed = 0
  private bytes = this.reused
  private start = 0
  private at = 0

  /** Begins a message that the next reused one overwrites. It has room for LARGEST_DATAGRAM_BYTES. */
  beginReused(): void {
    this.bytes = this.reused
    this.start = 0
    this.at = 0
  }

  /** Begins a message whose bytes are never written again. It has `room` bytes at most. */
  beginFresh(room = LARGEST_DATAGRAM_BYTES): void {
    if (this.blockUsed + room > this.block.length) {
      this.block = new Uint8Array(Math.max(BLOCK_BYTES, room))
      this.blockUsed = 0
    }
    this.bytes = this.block
    this.start = this.blockUsed
    this.at = this.blockUsed
  }

  /** The message as a view. */
  end(): Uint8Array {
    if (this.bytes === this.block) this.blockUsed = this.at
    return this.bytes.subarray(this.start, this.at)
  }

  put(bytes: Uint8Array): void {
    const length = bytes.length
    if (length <= SHORT) for (let i = 0; i < length; i++) this.bytes[this.at + i] = bytes[i]!
    else this.bytes.set(bytes, this.at)
    this.at += length
  }

  byte(byte: number): void {
    this.bytes[this.at++] = byte
  }

  /** A whole number from 0, in decimal. */
  number(value: number): void {
    const end = this.at + digits(value)
    let rest = value
    for (let at = end - 1; at >= this.at; at--) {
      this.bytes[at] = DIGIT_0 + (rest % 10)
      rest = Math.floor(rest / 10)
    }
    this.at = end
  }

  /** A whole number from 0 of any size, in decimal. */
  bigint(value: bigint): void {
    const text = String(value)
    for (let i = 0; i < text.length; i++) this.bytes[this.at++] = text.charCodeAt(i)
  }

  /** The length prefix of a string. */
  prefix(length: number): void {
    if (length < 10) this.bytes[this.at++] = DIGIT_0 + length
    else this.number(length)
    this.bytes[this.at++] = COLON
  }

  string(bytes: Uint8Array): void {
    this.prefix(bytes.length)
    this.put(bytes)
  }
}

export const writer = new DatagramWriter()
