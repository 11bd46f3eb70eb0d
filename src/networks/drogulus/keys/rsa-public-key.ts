// RSA public keys from PEM texts that anybody may have sent (drogulus B3). They are taken apart here, not by OpenSSL, which
// would also read curves of the sender's own making; it gets two numbers within bounds, and so answers in bounded time.
// Not here: signatures (signature.ts), private keys (identity.ts).
import { createPublicKey, type KeyObject } from 'node:crypto'
import { stripped } from './key.ts'

/** Of the text with white space around. A key of 8192 bits has 1,500. */
export const MAX_PUBLIC_KEY_BYTES = 4_096

/** Of the modulus. The originals take from 745 bits on; whoever owns less than 1024 today has no key. */
export const MIN_MODULUS_BITS = 1_024
/** 0.23 ms a signature with the usual exponent, 1.1 ms with the longest; each doubling costs four times as much. */
export const MAX_MODULUS_BITS = 8_192
/** Of the exponent, which is 65537 nearly always. One as long as a modulus of 3072 bits would take 5.7 ms a signature. */
const MAX_EXPONENT_BITS = 64

export interface RsaPublicKey {
  readonly key: KeyObject
  /** Big-endian, without zeros in front. A signature is as long, and a smaller number. */
  readonly modulus: Uint8Array
}

/** Keys of texts that were good, newest use last. At most so many, 8 KB each; the one not used for longest goes. */
const MAX_KEYS = 512
const keys = new Map<string, RsaPublicKey>()

/**
 * Reads a PEM text: SubjectPublicKeyInfo of RSA or PKCS#1, white space around allowed. null: it is none, or its numbers
 * are out of bounds. Never throws. Texts are remembered: that saves 15 µs, a quarter of what it takes to check a signature.
 */
export function readRsaPublicKey(text: Uint8Array): RsaPublicKey | null {
  if (text.length > MAX_PUBLIC_KEY_BYTES) return null
  const pem = Buffer.from(stripped(text)).toString('latin1')
  const known = keys.get(pem)
  const key = known ?? parse(pem)
  if (key === null) return null
  if (known !== undefined) keys.delete(pem)
  else if (keys.size >= MAX_KEYS) keys.delete(keys.keys().next().value!)
  keys.set(pem, key)
  return key
}

/** As the originals, we look into it and not at its label to see which of the two forms it is. */
const PEM = /^-----BEGIN (?:RSA )?PUBLIC KEY-----\s([A-Za-z0-9+/=\s]+)\s-----END (?:RSA )?PUBLIC KEY-----$/

/** SEQUENCE { OBJECT IDENTIFIER rsaEncryption (1.2.840.113549.1.1.1), NULL } */
const RSA_ENCRYPTION = Buffer.from('300d06092a864886f70d0101010500', 'hex')

const TAG = { integer: 0x02, bitString: 0x03, sequence: 0x30 } as const

function parse(pem: string): RsaPublicKey | null {
  const base64 = PEM.exec(pem)?.[1]
  if (base64 === undefined) return null
  const der = Buffer.from(base64, 'base64')
  const body = soleElement(bareKey(der) ?? der, TAG.sequence)
  const modulus = body === null ? null : firstElement(body, TAG.integer)
  const exponent = modulus === null ? null : soleElement(modulus.after, TAG.integer)
  if (modulus === null || exponent === null) return null
  return keyOfNumbers(positive(modulus.content), positive(exponent))
}

/** What a SubjectPublicKeyInfo of RSA wraps. */
function bareKey(der: Uint8Array): Uint8Array | null {
  const body = soleElement(der, TAG.sequence)
  if (body === null || Buffer.compare(body.subarray(0, RSA_ENCRYPTION.length), RSA_ENCRYPTION) !== 0)
    return null
  const bits = soleElement(body.subarray(RSA_ENCRYPTION.length), TAG.bitString)
  // The first byte says how many bits of the last do not count.
  return bits?.[0] === 0 ? bits.subarray(1) : null
}

interface Element {
  readonly content: Uint8Array
  readonly after: Uint8Array
}

/** The content of an element that is all there is. */
function soleElement(der: Uint8Array, tag: number): Uint8Array | null {
  const element = firstElement(der, tag)
  return element?.after.length === 0 ? element.content : null
}

/** DER: a tag, the length in its one form, the content. Texts are too short for lengths of more than two bytes. */
function firstElement(der: Uint8Array, tag: number): Element | null {
  if (der[0] !== tag) return null
  const [, first = 0x80, second = 0, third = 0] = der
  if (first < 0x80) return split(der, 2, first)
  if (first === 0x81 && second >= 0x80) return split(der, 3, second)
  if (first === 0x82 && second > 0) return split(der, 4, (second << 8) | third)
  return null
}

function split(der: Uint8Array, start: number, length: number): Element | null {
  const end = start + length
  return end > der.length ? null : { content: der.subarray(start, end), after: der.subarray(end) }
}

/** The bytes of a number above 0 without the sign, of an INTEGER in its shortest form. */
function positive(content: Uint8Array): Uint8Array | null {
  const [first, second = 0] = content
  if (first === undefined || first >= 0x80) return null
  if (first > 0) return content
  return second >= 0x80 ? content.subarray(1) : null
}

function keyOfNumbers(modulus: Uint8Array | null, exponent: Uint8Array | null): RsaPublicKey | null {
  if (modulus === null || exponent === null || !areUsable(modulus, exponent)) return null
  const [n, e] = [modulus, exponent].map((number) => Buffer.from(number).toString('base64url')) as [
    string,
    string,
  ]
  try {
    const key = createPublicKey({ format: 'jwk', key: { kty: 'RSA', n, e } })
    return { key, modulus: new Uint8Array(modulus) }
  } catch {
    return null
  }
}

/** With an exponent of 1 a signature is nobody's; an even number is part of no key. */
function areUsable(modulus: Uint8Array, exponent: Uint8Array): boolean {
  const bits = bitsOf(modulus)
  if (bits < MIN_MODULUS_BITS || bits > MAX_MODULUS_BITS || bitsOf(exponent) > MAX_EXPONENT_BITS) return false
  const isOne = exponent.length === 1 && exponent[0] === 1
  return !isOne && (modulus.at(-1)! & exponent.at(-1)! & 1) === 1
}

function bitsOf(number: Uint8Array): number {
  return 8 * number.length - Math.clz32(number[0]!) + 24
}
