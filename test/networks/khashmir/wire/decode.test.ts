// The envelope: what is no message at all, and errors that come in (khashmir A1).
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { inspect } from 'node:util'
import { bytesOf, textOf } from '../../../codecs/bencode-samples.ts'
import { failureOf, FROM, ID, message, query, refusalOf, silenceAbout, T, wire } from '../packets.ts'

const PING = textOf(query('ping', { id: ID }))

describe('A datagram', () => {
  test('that is no bencode is dropped (khashmir A1)', () => {
    for (const text of [
      'hello',
      '',
      'd',
      PING.slice(0, -1),
      `${PING}x`,
      PING.replace('1:q4', '1:q04'),
      'x',
    ]) {
      assert.equal(silenceAbout(bytesOf(text)), 'not-bencode', text)
    }
  })

  test('whose keys do not strictly ascend is dropped, wherever they are (khashmir A1)', () => {
    for (const text of [
      `d1:y1:q1:q4:ping1:t20:${T}1:ad2:id20:${textOf(ID)}ee`,
      `d1:ad2:id20:${textOf(ID)}e1:q4:ping1:t20:${T}1:t20:${T}1:y1:qe`,
      PING.replace('1:y1:qe', '1:xd1:bi1e1:ai1ee1:y1:qe'),
    ]) {
      assert.equal(silenceAbout(bytesOf(text)), 'not-bencode', text)
    }
  })

  test('that is another value is dropped (khashmir A1)', () => {
    for (const text of ['l4:pinge', '4:ping', 'i1e', 'le']) {
      assert.equal(silenceAbout(bytesOf(text)), 'not-a-dictionary', text)
    }
  })

  test('that is deeper or longer than any message is dropped', () => {
    const deep = message({ a: { id: ID }, q: 'ping', y: 'q' })
    const nested = textOf(deep).replace('1:y1:qe', `1:x${'l'.repeat(70)}${'e'.repeat(70)}1:y1:qe`)
    assert.equal(silenceAbout(bytesOf(nested)), 'too-complex')
    const long = textOf(deep).replace('1:y1:qe', `1:xl${'0:'.repeat(2_000)}e1:y1:qe`)
    assert.equal(silenceAbout(bytesOf(long)), 'too-complex')
  })

  test('from port 0 is dropped, whatever it is', () => {
    assert.equal(silenceAbout(bytesOf(PING), wire, { host: '127.0.0.1', port: 0 }), 'source-port-0')
  })

  test('without a type that is a string is dropped (khashmir A1)', () => {
    assert.equal(silenceAbout(message({ a: { id: ID }, q: 'ping' })), 'no-type')
    assert.equal(silenceAbout(message({ y: 5 })), 'no-type')
    assert.equal(silenceAbout(message({ y: ['q'] })), 'no-type')
  })

  test('of another type is not answered, and fails the request of ours that it names (khashmir A1)', () => {
    for (const y of ['z', '', 'qq', 'Q', 'response']) {
      assert.equal(failureOf(message({ a: { id: ID }, q: 'ping', y })), 'unknown-type')
    }
  })

  test('without a method or arguments, or with others of another type, is a query that nobody answers (khashmir A1)', () => {
    for (const wrong of [
      { q: 'ping' },
      { a: { id: ID } },
      { q: 5, a: {} },
      { q: 'ping', a: ['x'] },
      { q: ['ping'], a: {} },
    ]) {
      assert.equal(silenceAbout(message({ ...wrong, y: 'q' })), 'malformed-query')
    }
  })
})

describe('An error that comes in', () => {
  test('is a code and a text (khashmir A1)', () => {
    const read = wire.decode(message({ e: [205, 'token is invalid'], y: 'e' }), FROM)
    const { transaction, ...rest } = read
    assert.deepEqual(rest, { kind: 'error', code: 205, message: 'token is invalid', seenAs: null })
    assert.equal(textOf(transaction), T)
  })

  test('keeps 128 bytes of its text', () => {
    const read = wire.decode(message({ e: [201, 'x'.repeat(1_000)], y: 'e' }), FROM)
    assert.equal(read.kind === 'error' && read.message, 'x'.repeat(128))
  })

  test('that is anything else fails its request (khashmir A1)', () => {
    const wrong = [
      [],
      [201],
      ['text'],
      ['text', 201],
      [201, 'text', 1],
      [201, 5],
      [201, ['text']],
      [[201], 'text'],
      [2n ** 60n, 'text'],
      'text',
      201,
      { 201: 'text' },
    ]
    for (const e of wrong) assert.equal(failureOf(message({ e, y: 'e' })), 'malformed-reply', inspect(e))
    assert.equal(failureOf(message({ y: 'e' })), 'malformed-reply')
  })

  test('shows none of its bytes in what we log', () => {
    assert.ok(!refusalOf(message({ e: ['secret', 'secret'], y: 'e' })).message.includes('secret'))
  })
})
