// A found value of drogulus, for people and as JSON: text where it is one, else hex of bytes, else JSON.
// Not here: finding it (find-value.ts), items of mainline (shown-item.ts).
import { toHex } from '../kademlia/id.ts'
import type { FoundValue } from '../networks/drogulus/values/value.ts'
import type { Found } from './item-output.ts'
import { asJson } from './json-value.ts'
import { toJson, type Output } from './output.ts'
import { printableLines } from './printable.ts'

export function foundValue(found: FoundValue): Found {
  const { bytes, text } = found
  return {
    bytes,
    facts: factsOf(found),
    shown: (isTerminal) => {
      const shown = text ?? (isBytes(found) ? toHex(bytes) : toJson(asJson(found.value)))
      return isTerminal ? printableLines(shown) : shown
    },
    tell: (output) => tellOf(found, output),
  }
}

/** `value` only where it is neither text nor bytes. */
function factsOf(found: FoundValue): object {
  const { key, text, bytes, value, timestamp, expires, name, meta, publicKey } = found
  return {
    key,
    text,
    hex: toHex(bytes),
    ...(isBytes(found) ? {} : { value: asJson(value) }),
    timestamp,
    expires,
    name,
    meta,
    publicKey,
  }
}

function isBytes({ value }: FoundValue): boolean {
  return typeof value === 'string' || value instanceof Uint8Array
}

/** What a stranger has written beside the value stands in quotes, each on its own line. */
function tellOf({ name, timestamp, expires, meta }: FoundValue, output: Output): void {
  const called = name === '' ? 'without a name' : `as ${JSON.stringify(name)}`
  output.note(`published ${called}, ${shownTime(timestamp)}; ${shownExpiry(expires)}`)
  for (const [word, text] of Object.entries(meta)) {
    output.note(`meta ${JSON.stringify(word)}: ${JSON.stringify(text)}`)
  }
}

/** 'expires 2027-01-01T00:00:00.000Z', 'never expires'. */
export function shownExpiry(expires: number | null): string {
  return expires === null ? 'never expires' : `expires ${shownTime(expires)}`
}

/** The last millisecond that a date of four digits can name. */
const LAST_S = 253_402_300_799.999

/** Seconds since 1970 as a date; of far times, which anybody can sign, the seconds. */
export function shownTime(seconds: number): string {
  if (!(seconds >= 0 && seconds <= LAST_S)) return `${seconds} seconds since 1970`
  return new Date(1_000 * seconds).toISOString()
}
