import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MsgPackMap, unpackMsgPack } from '../../../../src/codecs/msgpack.ts'
import type { MsgPackValue } from '../../../../src/codecs/msgpack.ts'
import { ERROR, TITLES } from '../../../../src/networks/drogulus/messages.ts'
import type { DrogulusQuery, SignedValue } from '../../../../src/networks/drogulus/messages.ts'
import { MAX_MESSAGE_BYTES } from '../../../../src/networks/drogulus/wire/bounds.ts'
import { sizeOfValueMessage } from '../../../../src/networks/drogulus/wire/size.ts'
import { raw } from '../../../codecs/msgpack-samples.ts'
import {
  decodedError,
  decodedQuery,
  decodedReply,
  FROM,
  ITEM,
  KEY,
  october,
  OWN_ID,
  OWN_PORT,
  T,
  textOf,
  UUID,
  wire,
  wireOf,
} from '../packets.ts'

/** The names of the fields in the order in which they were written, and what is in them. */
function fieldsOf(bytes: Uint8Array): Map<string, MsgPackValue> {
  const map = unpackMsgPack(bytes)
  assert.ok(map instanceof MsgPackMap)
  return new Map(map.entries.map(([key, value]) => [textOf(key as Uint8Array), value]))
}

const namesOf = (bytes: Uint8Array): string => [...fieldsOf(bytes).keys()].join(' ')

/** An item whose value message has so many bytes. */
function itemOfSize(size: number): SignedValue {
  const value = new Uint8Array(80_000)
  const rest = size - sizeOfValueMessage({ ...ITEM, value }, 'july-2013')
  return { ...ITEM, value: new Uint8Array(value.length + rest) }
}

const QUERIES: readonly (readonly [query: DrogulusQuery, order: string])[] = [
  [{ method: 'ping' }, 'uuid node version reply_port message'],
  [{ method: 'findnode', key: KEY, anyPort: false }, 'uuid node key version reply_port message'],
  [{ method: 'findvalue', key: KEY, anyPort: false }, 'uuid node key version reply_port message'],
  [
    { method: 'store', item: ITEM },
    'uuid node key value timestamp expires public_key name meta sig version reply_port message',
  ],
]

describe('A request of ours', () => {
  for (const [query, order] of QUERIES) {
    test(`of ${query.method} has its fields in the order of the originals, reply_port before the last (drogulus B0, B2)`, () => {
      const bytes = wire.encodeQuery(query, T, FROM)
      assert.equal(namesOf(bytes), order)
      const fields = fieldsOf(bytes)
      assert.deepEqual(fields.get('uuid'), raw(UUID))
      assert.deepEqual(fields.get('node'), Uint8Array.from(OWN_ID))
      assert.deepEqual(fields.get('reply_port'), OWN_PORT)
      assert.deepEqual(fields.get('message'), raw(query.method))
      const read = decodedQuery(bytes)
      assert.equal(read.dialPort, OWN_PORT)
      assert.deepEqual(read.query, 'anyPort' in query ? { ...query, anyPort: true } : query)
    })
  }

  test('of October says what its value was created with (drogulus B2)', () => {
    const item = { ...ITEM, createdWith: raw('1.2') }
    const bytes = october.encodeQuery({ method: 'store', item }, T, FROM)
    const order = 'uuid node key value timestamp expires created_with public_key name meta sig version'
    assert.equal(namesOf(bytes), `${order} reply_port message`)
    assert.deepEqual(decodedQuery(bytes, october).query, { method: 'store', item })
  })

  test('of a node that nobody shall dial has reply_port 0: it is no contact, and reads any port (drogulus B0)', () => {
    const shortLived = wireOf({ replyPort: () => null })
    const { dialPort, query } = decodedQuery(
      shortLived.encodeQuery({ method: 'findnode', key: KEY, anyPort: false }, T, FROM),
    )
    assert.equal(dialPort, null)
    assert.ok(query.method === 'findnode' && query.anyPort)
  })

  test('has a uuid with all the bits of its transaction', () => {
    for (const byte of [0x00, 0x0f, 0xf0, 0xff]) {
      const transaction = new Uint8Array(16).fill(byte)
      const { uuid } = Object.fromEntries(fieldsOf(wire.encodeQuery({ method: 'ping' }, transaction, FROM)))
      const digits = byte.toString(16).padStart(2, '0')
      const text = [4, 2, 2, 2, 6].map((count) => digits.repeat(count)).join('-')
      assert.deepEqual(uuid, raw(text))
    }
  })

  test('asks under the id and from the port that we have now', () => {
    let port: number | null = 1
    const changing = wireOf({ ownId: () => KEY, replyPort: () => port })
    assert.equal(decodedQuery(changing.encodeQuery({ method: 'ping' }, T, FROM)).dialPort, 1)
    port = 2
    const later = decodedQuery(changing.encodeQuery({ method: 'ping' }, T, FROM))
    assert.equal(later.dialPort, 2)
    assert.deepEqual(later.senderId, KEY)
  })

  test('is refused beyond what anybody reads, of which its size tells beforehand (drogulus B1)', () => {
    const item = itemOfSize(MAX_MESSAGE_BYTES)
    const any = wireOf({ replyPort: () => 65_535 })
    assert.equal(any.encodeQuery({ method: 'store', item }, T, FROM).length, MAX_MESSAGE_BYTES)
    assert.equal(any.encodeReply({ item }, raw(UUID), FROM).length, MAX_MESSAGE_BYTES)
    const larger = itemOfSize(MAX_MESSAGE_BYTES + 1)
    assert.throws(() => any.encodeQuery({ method: 'store', item: larger }, T, FROM), RangeError)
  })
})

describe('An answer of ours', () => {
  test('of pong, nodes or value has its fields in the order of the originals (drogulus B2)', () => {
    const nodes = [{ id: KEY, address: { host: '10.0.0.1', port: 50_000 } }]
    assert.equal(namesOf(wire.encodeReply({}, raw(UUID), FROM)), 'uuid node version reply_port message')
    assert.equal(
      namesOf(wire.encodeReply({ nodes }, raw(UUID), FROM)),
      'uuid node nodes version reply_port message',
    )
    assert.equal(
      namesOf(wire.encodeReply({ item: ITEM }, raw(UUID), FROM)),
      'uuid node key value timestamp expires public_key name meta sig version reply_port message',
    )
  })

  test('is read as it was meant', () => {
    const nodes = ['10.0.0.1', '2001:db8::1'].map((host) => ({ id: KEY, address: { host, port: 50_000 } }))
    for (const reply of [{}, { nodes: [] }, { nodes }, { item: ITEM }]) {
      const read = decodedReply(wire.encodeReply(reply, raw(UUID), FROM))
      assert.deepEqual(read, { kind: 'reply', transaction: T, senderId: OWN_ID, reply, seenAs: null })
    }
  })

  test('of a value has our id and the uuid of the request, and the version that was stored (drogulus B2)', () => {
    const item = { ...ITEM, version: raw('9.9') }
    const fields = fieldsOf(wire.encodeReply({ item }, raw('any text'), FROM))
    assert.deepEqual(fields.get('uuid'), raw('any text'))
    assert.deepEqual(fields.get('node'), Uint8Array.from(OWN_ID))
    assert.deepEqual(fields.get('version'), raw('9.9'))
  })

  test('has the uuid of its request byte by byte, whatever it is', () => {
    for (const uuid of [new Uint8Array(0), Uint8Array.of(0, 255), new Uint8Array(256).fill(7)]) {
      assert.deepEqual(fieldsOf(wire.encodeReply({}, uuid, FROM)).get('uuid'), uuid)
      assert.deepEqual(fieldsOf(wire.encodeError({ code: 1, message: 'x' }, uuid, FROM)).get('uuid'), uuid)
    }
  })

  test('that is larger than anybody reads is an error 4 (drogulus B1)', () => {
    const item = itemOfSize(MAX_MESSAGE_BYTES)
    const largest = wireOf({ replyPort: () => 65_535 })
    assert.equal(largest.encodeReply({ item }, raw(UUID), FROM).length, MAX_MESSAGE_BYTES)
    const bytes = largest.encodeReply({ item }, raw(`${UUID}0`), FROM)
    assert.deepEqual(fieldsOf(bytes).get('uuid'), raw(`${UUID}0`))
    const { code, message, details } = decodedError(bytes)
    assert.deepEqual([code, message], [4, 'Request too big'])
    assert.equal(details!['message'], 'the answer has 100000 bytes, at most 99999 are read')
  })
})

describe('An error of ours', () => {
  test('has code, title and details in the order of the originals (drogulus B2)', () => {
    const details = { new_timestamp: '1373900000' }
    const bytes = wire.encodeError({ code: 8, message: TITLES[8]!, details }, raw(UUID), FROM)
    assert.equal(namesOf(bytes), 'uuid node code title details version reply_port message')
    const read = decodedError(bytes)
    assert.deepEqual([read.code, read.message, read.details], [8, 'Superceded value', details])
  })

  test('has no details where there are none', () => {
    const { details } = decodedError(
      wire.encodeError({ code: 3, message: 'Internal error' }, raw(UUID), FROM),
    )
    assert.deepEqual(details, {})
  })

  test('has a title for each code (drogulus B4)', () => {
    assert.deepEqual(Object.values(ERROR), Object.keys(TITLES).map(Number))
  })
})
