// The key under which a value is stored, of a public key and a name (drogulus B3). Not here: whether the public key can be
// read at all (rsa-public-key.ts); any text makes a key.
import { hash } from 'node:crypto'
import { asId, type Id } from '../../../kademlia/id.ts'

/**
 * sha512(sha512(public key) ‖ sha512(name)), and with an empty name sha512(public key): 64 bytes. White space around the
 * public key does not count.
 */
export function keyOf(publicKey: Uint8Array | string, name: Uint8Array): Id {
  const ofPublicKey = sha512(stripped(publicKey))
  if (name.length === 0) return asId(ofPublicKey)
  return asId(sha512(Buffer.concat([ofPublicKey, sha512(name)])))
}

/** 64 bytes. */
export function sha512(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(hash('sha512', bytes, 'buffer'))
}

/** Without white space around, as `strip()` of Python 2 has it on bytes. */
export function stripped(text: Uint8Array | string): Uint8Array {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text
  let start = 0
  let end = bytes.length
  while (start < end && isSpace(bytes[start]!)) start++
  while (end > start && isSpace(bytes[end - 1]!)) end--
  return bytes.subarray(start, end)
}

/** Space, and \t \n \v \f \r. */
function isSpace(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d)
}
