// How far a bencoded value of any spelling goes: integers of whatever characters, keys that are no strings, no bound
// of depth. For values that are checked by rules of their own once the message around them has been read.

const DIGIT_0 = 0x30
const COLON = 0x3a
const DICTIONARY = 0x64
const END = 0x65
const INTEGER = 0x69
const LIST = 0x6c

const NONE = -1

/**
 * Where the value that begins at `at` ends; -1 when it has no end, or none begins there. Of a value that is bencode,
 * of whatever profile without loose forms, it is the end that a cursor finds. One pass, no memory: any depth is only
 * counted.
 */
export function extentOf(bytes: Uint8Array, at: number): number {
  let depth = 0
  let next = at
  do {
    const byte = bytes[next]
    if (byte === LIST || byte === DICTIONARY) {
      depth++
      next++
    } else if (byte === END && depth > 0) {
      depth--
      next++
    } else {
      next = byte === INTEGER ? behindInteger(bytes, next) : behindString(bytes, next)
      if (next < 0) return NONE
    }
  } while (depth > 0)
  return next
}

function behindInteger(bytes: Uint8Array, at: number): number {
  const end = bytes.indexOf(END, at + 1)
  return end < 0 ? NONE : end + 1
}

function behindString(bytes: Uint8Array, at: number): number {
  const size = bytes.length
  let length = 0
  let next = at
  for (; next < size && length <= size; next++) {
    const digit = bytes[next]! - DIGIT_0
    if (digit < 0 || digit > 9) break
    length = 10 * length + digit
  }
  if (next === at || bytes[next] !== COLON) return NONE
  const end = next + 1 + length
  return end > size ? NONE : end
}
