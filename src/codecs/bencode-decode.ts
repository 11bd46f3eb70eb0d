// Whole bencoded values from bytes. For a few fields of a message on the fast path see bencode-fields.ts.
import { BencodeDictionary, ENVELOPE } from './bencode-value.ts'
import type { BencodeProfile, BencodeValue } from './bencode-value.ts'
import { BencodeCursor, integerAt, latin1, TOKEN } from './bencode-cursor.ts'

/** A container under construction. */
interface Open {
  readonly list: BencodeValue[] | null
  readonly dictionary: BencodeDictionary | null
  /** Where it begins, and of a dictionary the key whose value comes next. */
  readonly start: number
  key: string
}

/**
 * Decodes the one value that `bytes` begin with. Byte strings in it are views of `bytes`.
 * Throws BencodeError when they are no bencode of the profile; nothing else, whatever the bytes. Of loose forms, text is
 * its bytes, and a date is refused, lest it be taken for a string: a cursor passes over it.
 */
export function decodeBencode(bytes: Uint8Array, profile: BencodeProfile = ENVELOPE): BencodeValue {
  const cursor = new BencodeCursor(profile)
  cursor.open(bytes)
  const open: Open[] = []
  for (;;) {
    let start = cursor.at
    const token = cursor.next()
    let value: BencodeValue
    if (token === TOKEN.key) {
      open.at(-1)!.key = latin1(bytes, cursor.start, cursor.end)
      continue
    }
    if (token === TOKEN.list || token === TOKEN.dictionary) {
      open.push(begin(token === TOKEN.list, bytes, start))
      continue
    }
    if (token === TOKEN.end) {
      const closed = open.pop()!
      start = closed.start
      value = closed.list ?? closed.dictionary!
    } else if (token === TOKEN.integer) value = integerAt(bytes, cursor.start, cursor.end)
    else if (token === TOKEN.date) value = cursor.fail('bad-date', 'there is no value for a date')
    else value = bytes.subarray(cursor.start, cursor.end)
    const around = open.at(-1)
    if (around === undefined) {
      cursor.finish()
      return value
    }
    if (around.list !== null) around.list.push(value)
    else around.dictionary!.add(around.key, value, start, cursor.at)
  }
}

function begin(isList: boolean, bytes: Uint8Array, start: number): Open {
  return {
    list: isList ? [] : null,
    dictionary: isList ? null : new BencodeDictionary(bytes),
    start,
    key: '',
  }
}
