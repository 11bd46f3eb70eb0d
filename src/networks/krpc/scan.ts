// The first look at a KRPC datagram: that it is one bencoded dictionary, and where its known fields are.
// What they must be is for the wires of the networks.
import type { BencodeCursor } from '../../codecs/bencode-cursor.ts'
import type { BencodeFields } from '../../codecs/bencode-fields.ts'
import { BencodeError } from '../../codecs/bencode-value.ts'
import { drop } from '../refuse.ts'

const DIGIT_0 = 0x30
const DIGIT_9 = 0x39
const DICTIONARY = 0x64
const INTEGER = 0x69
const LIST = 0x6c

/**
 * Finds the fields of `top` in a datagram, by the profile of the cursor. Throws ProtocolError in silence, with the
 * reasons 'not-bencode', 'not-a-dictionary' and 'too-complex'.
 */
export function scanMessage(datagram: Uint8Array, cursor: BencodeCursor, top: BencodeFields): void {
  const first = datagram[0]
  if (first !== DICTIONARY) {
    const isValue =
      first === LIST || first === INTEGER || (first !== undefined && first >= DIGIT_0 && first <= DIGIT_9)
    drop(isValue ? 'not-a-dictionary' : 'not-bencode', 'a message must be a bencoded dictionary')
  }
  try {
    cursor.open(datagram)
    cursor.next()
    top.scan(cursor)
    cursor.finish()
  } catch (error) {
    if (!(error instanceof BencodeError)) throw error
    const tooComplex = error.code === 'too-deep' || error.code === 'too-many-tokens'
    drop(tooComplex ? 'too-complex' : 'not-bencode', error.message)
  }
}
