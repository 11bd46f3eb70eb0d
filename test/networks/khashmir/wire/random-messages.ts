// Random messages of known fields, most of them right and some of them anything, for the decoder and its oracle.
import fc from 'fast-check'
import { encodeBencode } from '../../../../src/codecs/bencode.ts'
import type { BencodeInput } from '../../../../src/codecs/bencode.ts'
import { textOf } from '../../../codecs/bencode-samples.ts'
import { ID, KEY, NULL_ID, T } from '../packets.ts'

const leaves = fc.constantFrom<BencodeInput>(
  '',
  'x',
  ID,
  KEY,
  NULL_ID,
  'n'.repeat(26),
  't'.repeat(64),
  't'.repeat(65),
  0,
  7,
  -1,
  65_535,
  65_536,
  2n ** 53n,
  -(2n ** 63n),
)

/** Any value, as bencoded text. */
const values = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 2, depthSize: 'small', withCrossShrink: true },
    { arbitrary: leaves.map((leaf) => textOf(encodeBencode(leaf))), weight: 3 },
    { arbitrary: fc.array(tie('value'), { maxLength: 3 }).map((items) => `l${items.join('')}e`), weight: 1 },
    { arbitrary: tie('value').map((item) => `d2:id${item}e`), weight: 1 },
    { arbitrary: fc.constantFrom('u1:x', 'i +7Le', 'i07e', 'i-0e', 'ie', '01:x', 'd1:b0:1:a0:e'), weight: 1 },
  ),
})).value

const contact = (id: string, port: number): string => {
  return `26:${id}\x0a\x00\x00\x01${String.fromCharCode(port >> 8, port & 0xff)}`
}
const id = textOf(ID)
const key = textOf(KEY)

/** How each field looks when it is right; some of them in several ways. */
const RIGHT: Readonly<Record<string, readonly string[]>> = {
  _krpc_sender: ['1:x', 'le'],
  id: [`20:${id}`, `20:${id}`, `20:${textOf(NULL_ID)}`],
  key: [`20:${key}`],
  target: [`20:${key}`],
  num: ['i0e', 'i7e', '1:7', 'i9007199254740992e'],
  token: ['20:aaaaaaaaaaaaaaaaaaaa', '0:', `64:${'t'.repeat(64)}`],
  value: ['5:value', '0:'],
  nodes: ['le', `l${contact(key, 1)}${contact(id, 65_535)}e`, `l${contact(key, 0).repeat(20)}e`],
  values: ['le', 'l3:one0:3:twoe', `l${'1:v'.repeat(610)}e`],
  ip_addr: ['9:127.0.0.1', '3:::1', '10:127.0.0.01'],
  port: ['i20500e', 'i0e', 'i65535e'],
  foo: ['3:bar'],
}

/** One field: in most cases as it should be, in some anything. */
const field = (name: string): fc.Arbitrary<string> =>
  fc
    .oneof({ arbitrary: fc.constantFrom(...RIGHT[name]!), weight: 9 }, { arbitrary: values, weight: 1 })
    .map((value) => `${name.length}:${name}${value}`)

/** A dictionary of these fields, in the order of their keys in most cases. */
const dictionary = (names: readonly string[]): fc.Arbitrary<string> =>
  fc.tuple(...names.toSorted().map(field)).map((fields) => `d${fields.join('')}e`)

const METHODS: readonly (readonly [string, readonly string[]])[] = [
  ['ping', ['id']],
  ['join', ['id']],
  ['find_node', ['id', 'target']],
  ['find_value', ['id', 'key']],
  ['get_value', ['id', 'key', 'num']],
  ['store_value', ['id', 'key', 'token', 'value']],
  ['vote', ['id']],
  ['', []],
]

/** The arguments of a method, sometimes with one more or one less. */
const queries = fc
  .tuple(
    fc.constantFrom(...METHODS),
    fc.oneof(
      { arbitrary: fc.constant<string | null>(null), weight: 4 },
      { arbitrary: fc.constantFrom(...Object.keys(RIGHT)), weight: 1 },
    ),
  )
  .chain(([[method, wanted], odd]) => {
    const names = new Set(wanted)
    if (odd !== null && !names.delete(odd)) names.add(odd)
    return dictionary([...names]).map((a) => `1:a${a}1:q${method.length}:${method}`)
  })

const replies = fc
  .shuffledSubarray(['nodes', 'num', 'token', 'values', 'ip_addr', 'port', 'foo'])
  .chain((names) => dictionary(['id', ...names]))
  .map((r) => `1:r${r}`)

const errors = fc.constantFrom(
  'li201e4:texte',
  'li205e0:e',
  'li201ee',
  'l4:texti1ee',
  'li1e1:xi1ee',
  '4:text',
)

const parts = fc.oneof(
  fc.tuple(queries, fc.constant('q')),
  fc.tuple(replies, fc.constant('r')),
  fc.tuple(
    errors.map((e) => `1:e${e}`),
    fc.constant('e'),
  ),
  fc.tuple(
    values.map((value) => `1:r${value}`),
    fc.constantFrom('q', 'r', 'e', 'z'),
  ),
)

/** Messages as text; now and then a byte of one is another. */
export const messages: fc.Arbitrary<string> = fc
  .tuple(
    parts,
    fc.oneof({ arbitrary: fc.constant(`20:${T}`), weight: 9 }, { arbitrary: values, weight: 1 }),
    fc.option(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { freq: 5 }),
  )
  .map(([[body, type], t, change]) => {
    const text = `d${body}1:t${t}1:y1:${type}e`
    if (change === null) return text
    const at = change[0] % text.length
    return text.slice(0, at) + String.fromCharCode(change[1]) + text.slice(at + 1)
  })
