// A value of khashmir, which is bytes of a stranger, for people and as JSON: text where it is one, else hex.
// Not here: finding it (values.ts), and items of mainline (shown-item.ts).
import { toHex } from '../kademlia/id.ts'
import { printable } from './printable.ts'

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** What no text has but for tabs and ends of lines: addresses and hashes may be UTF-8 by accident. */
const CONTROL = /[^\P{Cc}\t\r\n]/u

/** On one line, whatever is in it, so that nobody can make one value look like two. */
export function shownValue(value: Uint8Array): string {
  const text = textOf(value)
  return text === null || CONTROL.test(text) ? toHex(value) : printable(text)
}

/** The fields under --json; `text` is null where it is no UTF-8. */
export function valueFacts(value: Uint8Array): { readonly text: string | null; readonly hex: string } {
  return { text: textOf(value), hex: toHex(value) }
}

function textOf(value: Uint8Array): string | null {
  try {
    return UTF8.decode(value)
  } catch {
    return null
  }
}
