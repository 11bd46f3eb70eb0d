// What Khashmir's reader of bencode takes besides bencode (khashmir A1): numbers as Python's int() reads them, text
// and dates. A cursor comes here only with what the grammar has no place for, so none of this costs other profiles.
// Bounds and leading zeros are the cursor's to check. Nobody writes any of it any more but by hand.

const DIGIT_0 = 0x30
const DIGIT_9 = 0x39
const PLUS = 0x2b
const MINUS = 0x2d
const COLON = 0x3a
const END = 0x65
const LONG = 0x4c

/** Digits, with their minus, are [start, end); what ends the number is before `behind`. */
export interface LooseNumber {
  readonly start: number
  readonly end: number
  readonly behind: number
}

/** The integer whose `i` is before `at`: blanks around it, a `+`, and one `L` behind the digits. null: it is none. */
export function readLooseInteger(bytes: Uint8Array, at: number): LooseNumber | null {
  return readLooseNumber(bytes, at, END)
}

/** The length of a dictionary key, at `at`: blanks around it, and a `+`. null: it is none. */
export function readLooseKeyLength(bytes: Uint8Array, at: number): LooseNumber | null {
  return readLooseNumber(bytes, at, COLON)
}

function readLooseNumber(
  bytes: Uint8Array,
  at: number,
  ending: typeof END | typeof COLON,
): LooseNumber | null {
  const signAt = behindBlanks(bytes, at)
  const sign = bytes[signAt]
  const hasMinus = sign === MINUS && ending === END
  const first = sign === PLUS || hasMinus ? signAt + 1 : signAt
  let end = first
  while (isDigit(bytes[end])) end++
  if (end === first) return null
  const hasL = ending === END && bytes[end] === LONG
  const last = behindBlanks(bytes, hasL ? end + 1 : end)
  if (bytes[last] !== ending) return null
  return { start: hasMinus ? signAt : first, end, behind: last + 1 }
}

/** Blanks as Python has them: tab to carriage return, and space. */
function behindBlanks(bytes: Uint8Array, at: number): number {
  let next = at
  while (bytes[next] === 0x20 || (bytes[next]! >= 0x09 && bytes[next]! <= 0x0d)) next++
  return next
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= DIGIT_0 && byte <= DIGIT_9
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export function isUtf8(bytes: Uint8Array): boolean {
  try {
    UTF8.decode(bytes)
    return true
  } catch {
    return false
  }
}

const DATE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/
const DATE_BYTES = 19

/** Where the date that begins at `at` ends, before its `e`; -1 when it is no `YYYY-MM-DDThh:mm:ss` that there is. */
export function endOfDate(bytes: Uint8Array, at: number): number {
  const end = at + DATE_BYTES
  if (bytes[end] !== END) return -1
  let text = ''
  for (let i = at; i < end; i++) text += String.fromCharCode(bytes[i]!)
  // Python's years begin with 1.
  if (!DATE.test(text) || text.startsWith('0000')) return -1
  // What is out of its range is either no time, or one that is written in another way.
  const time = new Date(`${text}Z`)
  return !Number.isNaN(time.getTime()) && time.toISOString().startsWith(text) ? end : -1
}
