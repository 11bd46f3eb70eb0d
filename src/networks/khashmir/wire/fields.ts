// The fields of khashmir's messages, and where the last scan found them.
// What a field means, and what is done where it is wrong, is in decode.ts and its neighbours.
import { BencodeCursor } from '../../../codecs/bencode-cursor.ts'
import { BencodeFields } from '../../../codecs/bencode-fields.ts'
import { KHASHMIR } from '../../../codecs/bencode-value.ts'

/** The fields that there are, by their index. Unknown ones are passed over (khashmir A1), but no unknown arguments. */
export const TOP = { a: 0, e: 1, q: 2, r: 3, t: 4, y: 5 } as const
/** `_krpc_sender` is what the original passes on within itself; one that comes in says nothing (khashmir A1). */
export const ARGUMENT = { _krpc_sender: 0, id: 1, key: 2, num: 3, target: 4, token: 5, value: 6 } as const
export const RESULT = { id: 0, ip_addr: 1, nodes: 2, num: 3, port: 4, token: 5, values: 6 } as const

export const args = new BencodeFields(Object.keys(ARGUMENT))
export const results = new BencodeFields(Object.keys(RESULT))
export const top = new BencodeFields(Object.keys(TOP), { a: args, r: results })

/** For lists within a message that was scanned; decoding is synchronous. */
export const items = new BencodeCursor(KHASHMIR)
