import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MsgPackMap, packMsgPack } from '../../../../src/codecs/msgpack.ts'
import { mapOf, raw } from '../../../codecs/msgpack-samples.ts'
import {
  answerTo,
  decodedQuery,
  decodedReply,
  eitherWay,
  failureOf,
  ID,
  message,
  packed,
  silenceAbout,
  T,
  textOf,
  UUID,
  VERSION,
  WANTED,
} from '../packets.ts'

describe('A message', () => {
  test('is taken with its fields in any order and with others among them (drogulus B2)', () => {
    const shuffled = packed({ message: 'ping', x: 1, version: VERSION, node: ID, uuid: UUID, y: [null] })
    assert.deepEqual(decodedQuery(shuffled).query, { method: 'ping' })
  })

  test('may have keys that are no texts, which are passed over', () => {
    const keys = [null, 7, [raw('uuid')], mapOf({ uuid: raw('x') })]
    const pairs = Object.entries({ uuid: UUID, node: textOf(ID), version: VERSION, message: 'ping' })
    const odd = new MsgPackMap([
      ...keys.map((key) => [key, raw('odd')] as const),
      ...pairs.map(([key, text]) => [raw(key), raw(text)] as const),
    ])
    assert.equal(textOf(decodedQuery(packMsgPack(odd)).transaction), UUID)
  })

  test('of which a field comes twice has the last one, as in the dict of the originals', () => {
    const pairs = [
      ['uuid', 'first'],
      ['message', 'pong'],
      ['node', textOf(ID)],
      ['version', VERSION],
      ['message', 'ping'],
      ['uuid', UUID],
    ] as const
    const twice = packMsgPack(new MsgPackMap(pairs.map(([key, text]) => [raw(key), raw(text)])))
    assert.equal(textOf(decodedQuery(twice).transaction), UUID)
  })

  test('may have any version, as long as it is a text (drogulus B2)', () => {
    assert.equal(decodedQuery(message('ping', { version: '9.9' })).query.method, 'ping')
    assert.match(
      answerTo(message('ping', { version: undefined })),
      /^1 .*version must be a string, got nothing/,
    )
    assert.match(answerTo(message('ping', { version: 1 })), /^1 .*version must be a string, got integer/)
    assert.match(failureOf(message('pong', { version: 1 })), /version/)
  })

  test('without a uuid that can be read is dropped (drogulus B0)', () => {
    assert.equal(silenceAbout(message('ping', { uuid: undefined })), 'no-uuid')
    assert.equal(silenceAbout(message('ping', { uuid: 7 })), 'no-uuid')
    assert.equal(silenceAbout(message('ping', { uuid: 'u'.repeat(257) })), 'no-uuid')
    assert.equal(silenceAbout(new Uint8Array(0)), 'not-msgpack')
    assert.equal(silenceAbout(Uint8Array.of(0xc1, 0xc1)), 'not-msgpack')
    assert.equal(silenceAbout(packMsgPack([1, 2])), 'not-a-map')
    assert.equal(silenceAbout(packMsgPack(5)), 'not-a-map')
    assert.equal(silenceAbout(packMsgPack(mapOf({}))), 'no-uuid')
  })

  test('with any text of up to 256 bytes as uuid gets it back as it came', () => {
    for (const uuid of ['', 'u', 'u'.repeat(256), UUID.toUpperCase(), '\0\xff']) {
      assert.deepEqual(decodedQuery(message('ping', { uuid })).transaction, raw(uuid))
    }
  })

  test('of a name that is unknown is answered with 2, and fails a request of ours if it belongs to one (drogulus B4)', () => {
    for (const name of ['frobnicate', 'Ping', 'ping ', '', 'findnode'.repeat(10)]) {
      assert.equal(eitherWay(message(name)), 2, name)
    }
  })

  test('without a name is answered with 1, and fails a request of ours if it belongs to one (drogulus B4)', () => {
    assert.equal(eitherWay(message('ping', { message: undefined })), 1)
    assert.equal(eitherWay(message('ping', { message: 7 })), 1)
  })

  test('that is no msgpack behind its uuid is answered with 1 and the uuid (drogulus B0)', () => {
    const begun = packed({ message: 'findnode', uuid: UUID, node: ID })
    assert.match(answerTo(begun.subarray(0, -1)), /^1 Bad request: a raw is longer/)
    assert.match(answerTo(Uint8Array.of(...message('ping'), 1)), /^1 Bad request: bytes follow the value/)
    assert.match(failureOf(Uint8Array.of(...message('pong'), 1)), /bytes follow the value/)
    // The name comes last: where the bytes break off before it, nobody knows what it was to be.
    assert.equal(eitherWay(message('ping').subarray(0, -3)), 1)
  })

  test('that is no msgpack before its uuid is dropped', () => {
    const bytes = message('ping')
    for (let end = 0; end < 40; end++) assert.equal(silenceAbout(bytes.subarray(0, end)), 'not-msgpack')
  })
})

describe('The id of a sender', () => {
  for (const name of Object.keys(WANTED)) {
    const refused = ['ping', 'findnode', 'findvalue', 'store'].includes(name) ? answerTo : failureOf
    test(`of a ${name} must be a text of 1 to 64 bytes (drogulus B2)`, () => {
      assert.match(refused(message(name, { ...WANTED[name], node: undefined })), /node must be a string/)
      assert.match(refused(message(name, { ...WANTED[name], node: 5 })), /node must be a string, got integer/)
      assert.match(refused(message(name, { ...WANTED[name], node: '' })), /node must be 1 to 64 bytes, got 0/)
      assert.match(refused(message(name, { ...WANTED[name], node: 'n'.repeat(65) })), /got 65/)
    })
  }

  test('that is shorter is a small number: zeros stand before it (drogulus B2)', () => {
    assert.equal(textOf(decodedQuery(message('ping', { node: 'n' })).senderId), `${'\0'.repeat(63)}n`)
    assert.equal(textOf(decodedReply(message('pong', { node: 'nn' })).senderId), `${'\0'.repeat(62)}nn`)
  })

  test('is a copy, which does not keep a large message in memory', () => {
    assert.equal(decodedQuery(message('ping')).senderId.buffer.byteLength, 64)
    const { query } = decodedQuery(message('findnode', WANTED['findnode']))
    assert.ok(query.method === 'findnode' && query.key.buffer.byteLength === 64)
  })
})

describe('The transaction of an answer', () => {
  test('is what its uuid was made of', () => {
    assert.deepEqual(decodedReply(message('pong')).transaction, T)
  })

  test('is none of ours where its uuid is none that we write, and matches no request', () => {
    const others = ['', 'u', 'TTTTTTTTTTTTTTTT', UUID.toUpperCase(), UUID.replaceAll('-', ''), `${UUID}0`]
    for (const uuid of [...others, UUID.replace('-', '0'), UUID.replace('8', 'g'), ` ${UUID.slice(1)}`]) {
      assert.equal(decodedReply(message('pong', { uuid })).transaction.length, 0, uuid)
      assert.equal(silenceAbout(message('pong', { uuid, node: 1 })), 'malformed-reply')
    }
  })
})
