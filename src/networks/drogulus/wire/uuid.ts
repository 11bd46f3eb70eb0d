// Transactions of ours as the uuid texts of drogulus (B2), and back. All 128 bits are random: nobody looks at the bits
// that say which version of uuid it is.
import { TRANSACTION_BYTES, UUID_TEXT_BYTES } from './bounds.ts'

const DASH = 0x2d

/** Where the dashes of a uuid are. */
const DASHES = [8, 13, 18, 23]

const DIGITS = new TextEncoder().encode('0123456789abcdef')

/** The text of a transaction of 16 bytes. */
export function uuidOf(transaction: Uint8Array): Uint8Array {
  const text = new Uint8Array(UUID_TEXT_BYTES)
  let at = 0
  for (const byte of transaction) {
    if (DASHES.includes(at)) text[at++] = DASH
    text[at++] = DIGITS[byte >> 4]!
    text[at++] = DIGITS[byte & 0xf]!
  }
  return text
}

/** The transaction whose text this is; null: it is none that we could have written. */
export function transactionOf(text: Uint8Array): Uint8Array | null {
  if (text.length !== UUID_TEXT_BYTES) return null
  const transaction = new Uint8Array(TRANSACTION_BYTES)
  let at = 0
  for (let i = 0; i < TRANSACTION_BYTES; i++) {
    if (DASHES.includes(at) && text[at++] !== DASH) return null
    const high = DIGITS.indexOf(text[at++]!)
    const low = DIGITS.indexOf(text[at++]!)
    if (high < 0 || low < 0) return null
    transaction[i] = (high << 4) | low
  }
  return transaction
}
