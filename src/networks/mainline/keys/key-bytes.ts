// Keys as users write them: bytes or hex digits. What was given may be a secret, also where a public key is expected,
// so errors tell its kind and length and never show it. Not here: which keys fit together (key-pair.ts), files.
import { idFromHex } from '../../../kademlia/id.ts'
import { secretArgument } from '../../secret-argument.ts'
import { PUBLIC_KEY_BYTES } from '../wire/bounds.ts'

/** Reads a public key: 32 bytes or 64 hex digits. Bytes are copied. Throws XorbitError 'bad-argument'. */
export function toPublicKey(name: string, value: Uint8Array | string): Uint8Array {
  return toKeyBytes(name, value, [PUBLIC_KEY_BYTES])
}

/** Reads bytes of one of some lengths, or twice as many hex digits. Bytes are copied. Throws XorbitError 'bad-argument'. */
export function toKeyBytes(name: string, value: unknown, lengths: readonly number[]): Uint8Array {
  // Not by slice(), which on a Buffer copies nothing.
  if (value instanceof Uint8Array && lengths.includes(value.length)) return new Uint8Array(value)
  if (typeof value === 'string' && isHexOf(value, lengths)) return idFromHex(value, value.length / 2)
  const digits = lengths.map((length) => 2 * length)
  throw secretArgument(name, {
    expected: `${lengths.join(' or ')} bytes or ${digits.join(' or ')} hex digits`,
    got: kindOf(value),
  })
}

/** Whether a text is hex digits, two for each byte of one of some lengths. */
export function isHexOf(text: string, lengths: readonly number[]): boolean {
  return lengths.includes(text.length / 2) && /^[0-9a-fA-F]*$/.test(text)
}

function kindOf(value: unknown): string {
  if (value instanceof Uint8Array) return `${value.length} bytes`
  if (typeof value !== 'string') return value === null ? 'null' : `a value of type ${typeof value}`
  const others = /[^0-9a-fA-F]/.test(value) ? ', not all hex digits' : ''
  return `${value.length} characters${others}`
}
