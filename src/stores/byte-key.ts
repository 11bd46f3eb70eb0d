// Bytes as the key of a Map: one character of code 0 … 255 per byte. Not for people (that is toHex), and
// never decoded as text.

/**
 * At most MAX_VALUE_BYTES bytes. Strings, because V8 seeds their hash: a stranger cannot choose keys that
 * collide.
 */
export function byteKey(bytes: Uint8Array): string {
  // Written out for the 20 bytes of an infohash, which every get_peers looks up: 75 ns less than apply().
  if (bytes.length === 20) return twentyByteKey(bytes)
  return String.fromCharCode.apply(null, bytes as unknown as number[])
}

/** The bytes of a byteKey, as a copy of their own. */
export function bytesOfKey(key: string): Uint8Array {
  const bytes = new Uint8Array(key.length)
  for (let i = 0; i < bytes.length; i++) bytes[i] = key.charCodeAt(i)
  return bytes
}

/** The key of the IP in a compact address: all but the two bytes of its port. 4 or 16 characters. */
export function ipKeyOf(compact: Uint8Array): string {
  if (compact.length === 6) return String.fromCharCode(compact[0]!, compact[1]!, compact[2]!, compact[3]!)
  return byteKey(compact.subarray(0, compact.length - 2))
}

function twentyByteKey(b: Uint8Array): string {
  // oxfmt-ignore
  return String.fromCharCode(
    b[0]!, b[1]!, b[2]!, b[3]!, b[4]!, b[5]!, b[6]!, b[7]!, b[8]!, b[9]!,
    b[10]!, b[11]!, b[12]!, b[13]!, b[14]!, b[15]!, b[16]!, b[17]!, b[18]!, b[19]!,
  )
}
