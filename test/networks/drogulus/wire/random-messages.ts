// Random messages of known fields, most of them right and some of them anything, for the decoder and its oracle.
import fc from 'fast-check'
import { MsgPackFloat, MsgPackMap, packMsgPack } from '../../../../src/codecs/msgpack.ts'
import type { MsgPackValue } from '../../../../src/codecs/msgpack.ts'
import { mapOf, raw, values } from '../../../codecs/msgpack-samples.ts'
import { ID, KEY, node, UUID, VERSION } from '../packets.ts'

/** How each field looks when it is right; some of them in several ways. */
const RIGHT: Readonly<Record<string, readonly MsgPackValue[]>> = {
  uuid: [raw(UUID), raw(UUID), raw('any text')],
  node: [ID, ID, raw('n')],
  key: [KEY, raw('k')],
  value: [raw('world'), 5, null, [], mapOf({ a: 1 }), new MsgPackFloat(2)],
  timestamp: [new MsgPackFloat(1_373_900_000.5)],
  expires: [new MsgPackFloat(-1), new MsgPackFloat(1e300)],
  public_key: [raw('PEM')],
  name: [raw('hello'), raw('')],
  meta: [mapOf({}), mapOf({ a: raw('1'), b: raw('2') })],
  sig: [raw('sig')],
  nodes: [[], [node()], [node('::1', 1), node('name', 5), node('10.0.0.1', 0)]],
  code: [1, 8],
  title: [raw('Bad request')],
  details: [mapOf({}), mapOf({ message: raw('why') })],
  version: [raw(VERSION), raw('9')],
  reply_port: [0, 1_908, 65_535],
}

/** What comes in place of a field: near misses, and anything. */
const wrong = fc.oneof(
  values,
  fc.constantFrom<MsgPackValue>(
    raw(''),
    raw('x'.repeat(65)),
    raw('x'.repeat(257)),
    raw(UUID.toUpperCase()),
    new MsgPackFloat(NaN),
    new MsgPackFloat(Infinity),
    65_536,
    -1,
    9,
    [[KEY, raw('10.0.0.1'), 70_000, raw('')]],
    [[KEY, raw('10.0.0.1'), 70]],
    mapOf({ a: 5 }),
    new MsgPackMap([[5, raw('a')]]),
  ),
)

const ITEM = ['key', 'value', 'timestamp', 'expires', 'public_key', 'name', 'meta', 'sig']

const WANTED: Readonly<Record<string, readonly string[]>> = {
  ping: [],
  pong: [],
  findnode: ['key'],
  findvalue: ['key'],
  store: ITEM,
  value: ITEM,
  nodes: ['nodes'],
  error: ['code', 'title', 'details'],
  frobnicate: [],
}

const pair = (field: string, value: MsgPackValue): readonly [MsgPackValue, MsgPackValue] => [
  raw(field),
  value,
]

type Pair = ReturnType<typeof pair>

const field = (name: string): fc.Arbitrary<readonly Pair[]> => {
  const right = fc.constantFrom(...RIGHT[name]!).map((value) => [pair(name, value)])
  const twice = fc.tuple(right, wrong).map(([first, value]) => [pair(name, value), ...first])
  return fc.oneof(
    { arbitrary: right, weight: 40 },
    { arbitrary: wrong.map((value) => [pair(name, value)]), weight: 1 },
    { arbitrary: twice, weight: 1 },
    { arbitrary: fc.constant([]), weight: 1 },
  )
}

const optional = fc.oneof(
  fc.constant<readonly Pair[]>([]),
  field('reply_port'),
  values.map((value) => [pair('unknown', value)]),
  fc.tuple(values, values).map((odd) => [odd as Pair]),
)

/** Packed, the fields in any order. */
export const messages: fc.Arbitrary<Uint8Array> = fc
  .constantFrom(...Object.keys(WANTED))
  .chain((message) =>
    fc.tuple(
      fc.tuple(...['uuid', 'node', ...WANTED[message]!, 'version'].map(field)),
      optional,
      fc.oneof(
        { arbitrary: fc.constant([pair('message', raw(message))]), weight: 40 },
        { arbitrary: fc.constantFrom([], [pair('message', 5)]), weight: 1 },
      ),
    ),
  )
  .chain(([fields, more, name]) => {
    const pairs = [...fields, more, name].flat()
    return fc.shuffledSubarray(pairs, { minLength: pairs.length, maxLength: pairs.length })
  })
  .map((pairs) => packMsgPack(new MsgPackMap(pairs)))
