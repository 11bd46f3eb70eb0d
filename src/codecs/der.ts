// The few forms of DER (X.690) that a certificate of ours is written in. Not here: reading, and every other form.

const TAG = {
  integer: 0x02,
  bitString: 0x03,
  nothing: 0x05,
  oid: 0x06,
  utf8: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
  context: 0xa0,
} as const

const encoder = new TextEncoder()

/** Years before it have two digits (RFC 5280, 4.1.2.5). */
const FOUR_DIGITS_FROM = 2050

export function sequence(...parts: readonly Uint8Array[]): Uint8Array {
  return element(TAG.sequence, parts)
}

export function set(...parts: readonly Uint8Array[]): Uint8Array {
  return element(TAG.set, parts)
}

/** A part with a number in place of a name. */
export function tagged(number: number, part: Uint8Array): Uint8Array {
  return element(TAG.context + number, [part])
}

/** A positive number, big-endian. */
export function integer(bytes: Uint8Array): Uint8Array {
  let start = 0
  while (start < bytes.length - 1 && bytes[start] === 0) start++
  const isNegative = (bytes[start]! & 0x80) !== 0
  return element(TAG.integer, [...(isNegative ? [Uint8Array.of(0)] : []), bytes.subarray(start)])
}

/** Whole bytes. */
export function bits(bytes: Uint8Array): Uint8Array {
  return element(TAG.bitString, [Uint8Array.of(0), bytes])
}

/** '2.5.4.3' */
export function oid(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  return element(TAG.oid, [Uint8Array.from([first * 40 + second, ...rest].flatMap(sevenBits))])
}

export function nothing(): Uint8Array {
  return element(TAG.nothing, [])
}

export function utf8(text: string): Uint8Array {
  return element(TAG.utf8, [encoder.encode(text)])
}

/** A moment, to the second. */
export function time(moment: Date): Uint8Array {
  const digits = moment.toISOString().replace(/\.\d+/, '').replace(/[-T:]/g, '')
  return moment.getUTCFullYear() < FOUR_DIGITS_FROM
    ? element(TAG.utcTime, [encoder.encode(digits.slice(2))])
    : element(TAG.generalizedTime, [encoder.encode(digits)])
}

/** A number in groups of seven bits, all but the last marked. */
function sevenBits(value: number): number[] {
  const groups = [value % 128]
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) {
    groups.unshift((rest % 128) | 0x80)
  }
  return groups
}

function element(tag: number, parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  const head = [tag, ...lengthBytes(length)]
  const bytes = new Uint8Array(head.length + length)
  bytes.set(head)
  let at = head.length
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

function lengthBytes(length: number): number[] {
  if (length < 128) return [length]
  if (length < 256) return [0x81, length]
  if (length < 65_536) return [0x82, length >> 8, length & 255]
  throw new RangeError(`more than was thought of: ${length} bytes`)
}
