// RSA public keys put together by hand, so that they can be wrong in every way. Not here: keys that are good.
import { randomBytes } from 'node:crypto'

export function der(tag: number, ...parts: Uint8Array[]): Buffer {
  const content = Buffer.concat(parts)
  const { length } = content
  const head = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...head]), content])
}

/** An INTEGER, above 0. */
export function integer(bytes: Uint8Array): Buffer {
  return der(0x02, Buffer.from(bytes[0]! >= 0x80 ? [0] : []), bytes)
}

export function pem(label: string, content: Uint8Array): string {
  const lines =
    Buffer.from(content)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----`
}

/** A random odd number of so many bits, big-endian. */
export function oddNumber(bits: number): Buffer {
  const number = randomBytes(Math.ceil(bits / 8))
  const top = (bits - 1) % 8
  number[0] = (number[0]! & ((1 << top) - 1)) | (1 << top)
  number[number.length - 1]! |= 1
  return number
}

export const EXPONENT = Buffer.from([1, 0, 1])

/** PKCS#1. */
export const pkcs1 = (modulus: Uint8Array, exponent: Uint8Array = EXPONENT): Buffer =>
  der(0x30, integer(modulus), integer(exponent))

const RSA = Buffer.from('06092a864886f70d010101', 'hex')
const NULL = Buffer.from('0500', 'hex')

/** SubjectPublicKeyInfo, around what should be PKCS#1. */
export function spki(content: Uint8Array, algorithm: Uint8Array = der(0x30, RSA, NULL)): Buffer {
  return der(0x30, algorithm, der(0x03, Buffer.from([0]), content))
}
