// Bencode (BEP 3), the door to its files: values and profiles, decoding, encoding. Beside it, for messages on the
// fast path: bencode-fields.ts finds known fields without building values, on the grammar of bencode-cursor.ts.
export { BencodeDictionary, BencodeError, ENVELOPE, KHASHMIR, STORED_VALUE } from './bencode-value.ts'
export type { BencodeErrorCode, BencodeInput, BencodeProfile, BencodeValue } from './bencode-value.ts'
export { decodeBencode } from './bencode-decode.ts'
export { encodeBencode } from './bencode-encode.ts'
