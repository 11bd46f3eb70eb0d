// Random messages of known fields, most of them right and some of them anything, for the decoder and its oracle.
import fc from 'fast-check'
import { encodeBencode } from '../../../../src/codecs/bencode.ts'
import type { BencodeInput } from '../../../../src/codecs/bencode.ts'
import { textOf } from '../../../codecs/bencode-samples.ts'
import { VECTOR } from '../packets.ts'

const leaves = fc
  .oneof(
    fc.constantFrom('n4', 'n6', 'x'.repeat(20), '\0'.repeat(20), 'y'.repeat(26), 'z'.repeat(38), 'axje.u'),
    fc.constantFrom<BencodeInput>('', 0, 1, 7, -1, 65_535, 65_536, 2n ** 63n),
  )
  .map((value) => textOf(encodeBencode(value)))

/** Any value, as bencoded text. */
const values = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 2, depthSize: 'small', withCrossShrink: true },
    { arbitrary: leaves, weight: 3 },
    { arbitrary: fc.array(tie('value'), { maxLength: 3 }).map((items) => `l${items.join('')}e`), weight: 1 },
    { arbitrary: fc.array(tie('value'), { maxLength: 2 }).map((items) => `d${keyed(items)}e`), weight: 1 },
  ),
})).value

const keyed = (items: readonly string[]): string => items.map((item) => `2:id${item}`).join('')

/** Spellings of `v` that are right, and some that are no bencode for anybody else. */
const spellings = [
  '5:value',
  'd1:ai1e1:bi2ee',
  `${'l'.repeat(12)}${'e'.repeat(12)}`,
  `i${'9'.repeat(30)}e`,
  `996:${'x'.repeat(996)}`,
  `997:${'x'.repeat(997)}`,
  `l${'0:'.repeat(499)}e`,
  'i03e',
  'ie',
  'di1e0:e',
  'd1:bi1e1:ai2ee',
  `${'l'.repeat(33)}${'e'.repeat(33)}`,
]

const right: Readonly<Record<string, readonly string[]>> = {
  id: ['20:abcdefghij0123456789'],
  target: ['20:mnopqrstuvwxyz123456'],
  info_hash: ['20:mnopqrstuvwxyz123456'],
  token: ['8:aoeusnth'],
  port: ['i6881e'],
  implied_port: ['i1e', 'i0e'],
  want: ['l2:n4e', 'l2:n6i1e2:n4e'],
  seed: ['i1e'],
  noseed: ['i1e'],
  scrape: ['i1e'],
  nodes: [`26:${'n'.repeat(26)}`, '0:'],
  nodes6: [`38:${'n'.repeat(38)}`],
  values: ['l6:axje.u0:18:012345678901234567e', 'le'],
  v: spellings,
  k: [`32:${VECTOR.key}`],
  sig: [`64:${VECTOR.signature}`],
  seq: ['i0e', 'i9007199254740993e', 'i9223372036854775807e', 'i9223372036854775808e'],
  salt: ['4:salt', `64:${'s'.repeat(64)}`, `65:${'s'.repeat(65)}`],
  cas: ['i0e', 'i9223372036854775807e'],
  BFsd: [`256:${'b'.repeat(256)}`],
  BFpe: [`256:${'b'.repeat(256)}`],
  interval: ['i60e', 'i21601e', 'i-1e'],
  num: ['i7e'],
  samples: ['20:mnopqrstuvwxyz123456', '0:', '19:mnopqrstuvwxyz12345'],
  a: ['de'],
  r: ['de'],
  q: [
    '4:ping',
    '9:find_node',
    '9:get_peers',
    '13:announce_peer',
    '3:get',
    '3:put',
    '3:put',
    '17:sample_infohashes',
    '4:vote',
    '0:',
  ],
  e: ['li201e4:texte', '4:text', 'li201ee'],
  ip: ['6:\x08\x08\x08\x08\x01\x01'],
  ro: ['i1e'],
  t: ['2:aa'],
  y: ['1:q', '1:q', '1:r', '1:e'],
  '': ['0:'],
  x: ['0:'],
  ['__proto__']: ['0:'],
}

/** One field: in most cases as it should be, in some anything. */
const field = (key: string): fc.Arbitrary<string> =>
  fc
    .oneof({ arbitrary: fc.constantFrom(...right[key]!), weight: 7 }, { arbitrary: values, weight: 1 })
    .map((value) => `${key.length}:${key}${value}`)

const old = [
  'target',
  'info_hash',
  'port',
  'implied_port',
  'want',
  'seed',
  'noseed',
  'scrape',
  'nodes',
  'nodes6',
  'values',
]
const ofItem = ['v', 'k', 'sig', 'seq', 'salt', 'cas']
const ofReply = ['BFsd', 'BFpe', 'interval', 'num', 'samples']
/** Of these more often all than some, or hardly a put would be one. */
const inside = fc
  .tuple(
    fc.shuffledSubarray(['id', 'token', ...old], { minLength: 6 }),
    fc.oneof(fc.constant([]), fc.constant(['v', 'token']), fc.constant(ofItem), fc.shuffledSubarray(ofItem)),
    fc.oneof(fc.constant([]), fc.constant(ofReply), fc.shuffledSubarray(ofReply)),
  )
  .chain((groups) => {
    const keys = groups.flat()
    return fc.shuffledSubarray(keys, { minLength: keys.length })
  })
  .chain(fieldsOf)
const spare = fc.array(fc.constantFrom(...Object.keys(right)), { maxLength: 2 })

function fieldsOf(keys: readonly string[]): fc.Arbitrary<string> {
  return fc.tuple(...keys.map(field)).map((fields) => fields.join(''))
}

/** Messages as text, of fields in any order, sometimes left out or twice. */
export const messages = fc
  .tuple(
    inside.map((fields) => `1:ad2:id20:abcdefghij0123456789${fields}e`),
    inside.map((fields) => `1:rd${fields}e`),
    fc.shuffledSubarray(['q', 'e', 'ip', 'ro'], { minLength: 2 }).chain(fieldsOf),
    spare.chain(fieldsOf),
    fieldsOf(['t', 'y']),
  )
  .chain((parts) => fc.shuffledSubarray([...parts], { minLength: 4 }))
  .map((parts) => `d${parts.join('')}e`)
