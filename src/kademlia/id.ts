// Ids: points in the key space of a network, as branded big-endian bytes, and the XOR metric between them.
// Not here: how a network chooses its own id, or how ids are written on a wire.
import type { Random } from './ports.ts'

declare const idBrand: unique symbol

/** A point in the key space: 20 bytes (mainline, khashmir) or 64 (drogulus), big-endian. Never mutated. */
export type Id = Uint8Array & { readonly [idBrand]: true }

/**
 * Takes bytes as an id; the caller has checked their length (a wire does, once, when it decodes).
 * The bytes are not copied.
 */
export function asId(bytes: Uint8Array): Id {
  return bytes as Id
}

/** Reads an id of `length` bytes from hex digits. Throws RangeError with what it got and what is allowed. */
export function idFromHex(hex: string, length: number): Id {
  if (hex.length !== length * 2 || !/^[0-9a-fA-F]*$/.test(hex)) {
    throw new RangeError(`expected ${length * 2} hex digits, got ${describeText(hex)}`)
  }
  const bytes = new Uint8Array(length)
  for (let i = 0; i < length; i++) bytes[i] = Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16)
  return asId(bytes)
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** Lower-case hex digits, two a byte. */
export function toHex(bytes: Uint8Array): string {
  let hex = ''
  for (let i = 0; i < bytes.length; i++) hex += HEX[bytes[i]!]!
  return hex
}

/** Whether two ids are the same point. */
export function sameId(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** Negative when `a` is closer to `target` than `b`, positive when farther, 0 when they are the same id. */
export function compareDistance(target: Id, a: Id, b: Id): number {
  for (let i = 0; i < target.length; i++) {
    const x = a[i]!
    const y = b[i]!
    if (x !== y) {
      const t = target[i]!
      return (x ^ t) - (y ^ t)
    }
  }
  return 0
}

/** Number of leading bits that two ids share: 0 … 8·length; 8·length means the same id. */
export function sharedPrefixBits(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < a.length; i++) {
    const difference = a[i]! ^ b[i]!
    if (difference !== 0) return 8 * i + Math.clz32(difference) - 24
  }
  return 8 * a.length
}

/** The XOR distance as a fraction of the key space, in [0, 1): its top 53 bits and no more. */
export function distanceFraction(a: Id, b: Id): number {
  let fraction = 0
  let weight = 1 / 256
  for (let i = 0; i < a.length && i < 8; i++) {
    fraction += (a[i]! ^ b[i]!) * weight
    weight /= 256
  }
  return fraction
}

/** A uniformly random id of `length` bytes. */
export function randomId(length: number, random: Random): Id {
  return asId(random.bytes(length))
}

/** A random id that shares exactly the first `bits` bits with `id`, and differs in the next one if there is one. */
export function randomIdSharing(id: Id, bits: number, random: Random): Id {
  const result = randomId(id.length, random)
  for (let bit = 0; bit < bits && bit < 8 * id.length; bit++) copyBit(id, result, bit)
  if (bits < 8 * id.length) {
    copyBit(id, result, bits)
    result[bits >> 3]! ^= 0x80 >> (bits & 7)
  }
  return result
}

/** A random id that shares at least the first `bits` bits with `id`: any point of that bucket's range. */
export function randomIdWithin(id: Id, bits: number, random: Random): Id {
  const result = randomId(id.length, random)
  for (let bit = 0; bit < bits && bit < 8 * id.length; bit++) copyBit(id, result, bit)
  return result
}

function copyBit(from: Uint8Array, to: Uint8Array, bit: number): void {
  const mask = 0x80 >> (bit & 7)
  const index = bit >> 3
  to[index] = (to[index]! & ~mask) | (from[index]! & mask)
}

function describeText(text: string): string {
  const shown = text.length > 48 ? `${text.slice(0, 45)}...` : text
  return `${JSON.stringify(shown)} (${text.length} characters)`
}
