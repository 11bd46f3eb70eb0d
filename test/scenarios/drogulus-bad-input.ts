// Bad input to a drogulus node, each kind with what becomes of it: messages that are answered with an error, messages that
// nobody can answer, bytes that are no netstring.
import assert from 'node:assert/strict'
import { MsgPackFloat } from '../../src/codecs/msgpack-value.ts'
import { MAX_MESSAGE_BYTES } from '../../src/networks/drogulus/wire/bounds.ts'
import { mapOf, raw } from '../codecs/msgpack-samples.ts'
import { ITEM_FIELDS, message, packed, type Fields } from '../networks/drogulus/packets.ts'

/** The end of a message that begins as it should; the value is the last thing in it. */
const storeOf = (value: string): Uint8Array => {
  const { value: _none, ...fields } = ITEM_FIELDS
  const head = message('store', fields)
  // One entry more: a map of 16 or fewer has its count in its first byte, or in the two behind it.
  assert.equal(head[0]! & 0xf0, 0x80)
  const bytes = Buffer.concat([head, Buffer.from('a576616c7565', 'hex'), Buffer.from(value, 'hex')])
  bytes[0]!++
  return bytes
}

const BAD_REQUEST = 1
const UNKNOWN = 2
const TOO_BIG = 4

/** What is answered under its uuid, with this code. */
export const ANSWERED: readonly (readonly [
  what: string,
  payload: Uint8Array,
  code: number,
  details: RegExp,
])[] = [
  ['an array that declares 4 billion members', storeOf('ddffffffff'), BAD_REQUEST, /./],
  ['a map that declares 4 billion entries', storeOf('dfffffffff'), BAD_REQUEST, /./],
  ['a string that declares 4 GB', storeOf('dbffffffff'), BAD_REQUEST, /./],
  ['50,000 arrays inside each other', storeOf('91'.repeat(50_000)), BAD_REQUEST, /./],
  ['50,000 maps inside each other', storeOf('81c0'.repeat(40_000)), BAD_REQUEST, /./],
  ['a type that old msgpack does not have', storeOf('d90161'), BAD_REQUEST, /./],
  ['a value that ends within itself', storeOf('cb0000'), BAD_REQUEST, /./],
  ['an integer for its timestamp', store({ timestamp: 1 }), BAD_REQUEST, /timestamp must be a finite float/],
  ['an integer for its expiry', store({ expires: -1 }), BAD_REQUEST, /expires must be a finite float/],
  ['NaN for its timestamp', store({ timestamp: new MsgPackFloat(NaN) }), BAD_REQUEST, /finite float/],
  ['infinity for its expiry', store({ expires: new MsgPackFloat(Infinity) }), BAD_REQUEST, /finite float/],
  [
    'an integer in its meta',
    store({ meta: mapOf({ a: 1 }) }),
    BAD_REQUEST,
    /meta must be strings by strings/,
  ],
  [
    'a key that is too long',
    message('findnode', { key: 'k'.repeat(65) }),
    BAD_REQUEST,
    /key must be 1 to 64/,
  ],
  ['an empty id', message('ping', { node: '' }), BAD_REQUEST, /node must be 1 to 64 bytes/],
  ['a list for its name', message('ping', { message: [1] }), BAD_REQUEST, /message must be a string/],
  ...Object.keys(ITEM_FIELDS).map(
    (field) =>
      [
        `no ${field} to store`,
        store({ [field]: undefined }),
        BAD_REQUEST,
        new RegExp(`^store: ${field} must be`),
      ] as const,
  ),
  ['no key to find', message('findvalue'), BAD_REQUEST, /^findvalue: key must be a string, got nothing/],
  [
    'no sender',
    message('ping', { node: undefined }),
    BAD_REQUEST,
    /^ping: node must be a string, got nothing/,
  ],
  ['no name', message('ping', { message: undefined }), BAD_REQUEST, /^message must be a string, got nothing/],
  ['a name that is unknown', message('republish'), UNKNOWN, /none that is known/],
  ['a name in capitals', message('PING'), UNKNOWN, /none that is known/],
  ['more to store than an answer can hold', largestStore(), TOO_BIG, /./],
]

function store(fields: Fields): Uint8Array {
  return message('store', { ...ITEM_FIELDS, ...fields })
}

/** As large as a message can be, and without our own field, which an answer would have. */
function largestStore(): Uint8Array {
  const some = 90_000
  const others = store({ value: 'x'.repeat(some) }).length - some
  return store({ value: 'x'.repeat(MAX_MESSAGE_BYTES - others) })
}

/** What cannot be answered, for nobody knows under which uuid, and why it is dropped. */
export const SILENT: readonly (readonly [what: string, payload: Uint8Array, reason: string])[] = [
  ['no payload', new Uint8Array(0), 'not-msgpack'],
  ['a byte that begins nothing', Uint8Array.of(0xc1), 'not-msgpack'],
  ['text', raw('GET / HTTP/1.1'), 'not-a-map'],
  ['an array', Uint8Array.of(0x91, 1), 'not-a-map'],
  ['a map that declares 4 billion entries', Uint8Array.of(0xdf, 255, 255, 255, 255), 'not-msgpack'],
  ['a request without uuid', message('ping', { uuid: undefined }), 'no-uuid'],
  ['a request with a long uuid', message('ping', { uuid: 'u'.repeat(257) }), 'no-uuid'],
  ['nothing but a name', packed({ message: 'ping' }), 'no-uuid'],
]

/** What is no netstring. */
export const NO_NETSTRING: readonly (readonly [what: string, bytes: Uint8Array])[] = [
  ['a netstring of 100,000 bytes', raw('100000:')],
  ['a length that is longer than any', raw('9'.repeat(1_000))],
  ['a length with leading zeros', raw('05:hello,')],
  ['a length below nothing', raw('-1:,')],
  ['a length that is no number', raw('five:hello,')],
  ['no length', raw(':hello,')],
  ['no comma behind the payload', raw('5:hello;')],
  ['HTTP', raw('GET / HTTP/1.1\r\nHost: x\r\n\r\n')],
]
