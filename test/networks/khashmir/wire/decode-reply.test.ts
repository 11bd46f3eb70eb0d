// Replies that come in: whatever is not what it must be fails the request (khashmir A0, A3).
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { inspect } from 'node:util'
import type { BencodeInput } from '../../../../src/codecs/bencode.ts'
import { asId } from '../../../../src/kademlia/id.ts'
import { MAX_CONTACTS, MAX_TOKEN_BYTES, MAX_VALUES } from '../../../../src/networks/khashmir/wire/bounds.ts'
import { bytesOf, textOf } from '../../../codecs/bencode-samples.ts'
import { contactBytes, decodedReply, failureOf, ID, KEY, message, NULL_ID, reply, T } from '../packets.ts'

const contact = (n: number): Uint8Array => contactBytes(KEY, [10, 0, 0, n], 20_000 + n)
const read = (r: Record<string, BencodeInput>) => decodedReply(reply({ id: ID, ...r })).reply
const fails = (r: BencodeInput, what = inspect(r)): void =>
  assert.equal(failureOf(reply(r)), 'malformed-reply', what)

describe('A reply', () => {
  test('has the id of its sender, and may have no more (khashmir A3)', () => {
    const { transaction, ...rest } = decodedReply(reply({ id: ID }))
    assert.deepEqual(rest, { kind: 'reply', senderId: ID, reply: {}, seenAs: null })
    assert.equal(textOf(transaction), T)
  })

  test('may have fields that we do not know, inside and beside', () => {
    const bytes = message({ r: { id: ID, seen: [1], zz: 'x' }, v: 'XX01', y: 'r' })
    assert.deepEqual(decodedReply(bytes).reply, {})
  })

  test('fails its request without an id of 20 bytes, or with that of nobody (khashmir A2, A5)', () => {
    for (const id of ['', 'x'.repeat(19), 'x'.repeat(21), 7, ['x'], NULL_ID]) fails({ id })
    fails({})
  })

  test('fails its request when it is no dictionary (khashmir A1)', () => {
    for (const r of ['x', 5, ['x']]) fails(r)
    assert.equal(failureOf(message({ y: 'r' })), 'malformed-reply')
  })
})

describe('The contacts of a reply', () => {
  test('are strings of 26 bytes in a list, in their order (khashmir A2, A3)', () => {
    assert.deepEqual(read({ nodes: [contact(2), contact(1)] }).nodes, [
      { id: KEY, address: { host: '10.0.0.2', port: 20_002 } },
      { id: KEY, address: { host: '10.0.0.1', port: 20_001 } },
    ])
    assert.deepEqual(read({ nodes: [] }).nodes, [])
  })

  test('fail its request when one has not 26 bytes, or they are no list (khashmir A0, A2)', () => {
    for (const nodes of [
      [contact(1).slice(1)],
      [contact(1), 'x'],
      [''],
      [5],
      [[contact(1)]],
      contact(1),
      {},
      7,
    ]) {
      fails({ id: ID, nodes })
    }
    fails({ id: ID, nodes: [contact(1), Buffer.concat([contact(2), Buffer.of(0)])] })
  })

  test('are at most 16, the first ones', () => {
    const nodes = Array.from({ length: MAX_CONTACTS + 4 }, (_, n) => contact(n))
    const taken = read({ nodes }).nodes!
    assert.equal(taken.length, MAX_CONTACTS)
    assert.equal(taken.at(-1)!.address.host, `10.0.0.${MAX_CONTACTS - 1}`)
  })

  test('are without those that nobody can dial or that have the id of nobody (khashmir A2)', () => {
    const nodes = [contactBytes(KEY, [10, 0, 0, 1], 0), contactBytes(NULL_ID, [10, 0, 0, 1], 1), contact(3)]
    assert.deepEqual(
      read({ nodes }).nodes!.map(({ address }) => address.port),
      [20_003],
    )
  })
})

describe('The values of a reply', () => {
  test('are strings in a list, in their order, none too short (khashmir A3)', () => {
    assert.deepEqual(read({ values: ['one', '', 'two'] }).values, ['one', '', 'two'].map(bytesOf))
    assert.deepEqual(read({ values: [] }).values, [])
  })

  test('fail its request when one is no string, or they are no list (khashmir A0)', () => {
    for (const values of [[5], ['one', ['two']], [{}], 'one', 5, {}]) fails({ id: ID, values })
  })

  test('are at most 600, the first ones', () => {
    const values = Array.from({ length: MAX_VALUES + 50 }, (_, n) => n.toString(36))
    const taken = read({ values }).values!
    assert.equal(taken.length, MAX_VALUES)
    assert.equal(textOf(taken.at(-1)!), (MAX_VALUES - 1).toString(36))
  })

  test('are those that have no more than the 1472 bytes of an answer together; only liars send more', () => {
    const taken = (lengths: readonly number[]): number[] =>
      read({ values: lengths.map((length) => 'x'.repeat(length)) }).values!.map(({ length }) => length)
    assert.deepEqual(taken([1_472, 1]), [1_472])
    assert.deepEqual(taken([1_473]), [])
    assert.deepEqual(taken([5, 60_000, 5]), [5])
  })
})

describe('The number of values of a reply', () => {
  const num = (text: string) => bytesOf(`d1:rd2:id20:${textOf(ID)}3:num${text}e1:t20:${T}1:y1:re`)

  test('is any from 0, and no more than can be counted (khashmir A3)', () => {
    const taken = ['i0e', 'i4e', `i1${'0'.repeat(100)}e`].map((text) => decodedReply(num(text)).reply.num)
    assert.deepEqual(taken, [0, 4, Number.MAX_SAFE_INTEGER])
  })

  test('fails its request when it is negative or none (khashmir A0)', () => {
    for (const wrong of ['i-1e', `i-1${'0'.repeat(100)}e`, '1:4', 'le', 't2008-03-01T00:00:00e']) {
      assert.equal(failureOf(num(wrong)), 'malformed-reply', wrong)
    }
  })
})

describe('The token of a reply', () => {
  test('is a string (khashmir A3)', () => {
    assert.deepEqual(read({ token: 'a token' }).token, bytesOf('a token'))
    for (const token of [5, ['x'], {}]) fails({ id: ID, token })
  })

  test('counts as absent when it has more than 64 bytes: we would send it back', () => {
    assert.equal(read({ token: 'x'.repeat(MAX_TOKEN_BYTES) }).token!.length, MAX_TOKEN_BYTES)
    assert.deepEqual(read({ token: 'x'.repeat(MAX_TOKEN_BYTES + 1), num: 1 }), { num: 1 })
  })
})

describe('How a reply sees us', () => {
  test('is an IPv4 address and a port, told of the reply and of the message (khashmir A3)', () => {
    const message = decodedReply(reply({ id: ID, ip_addr: '127.0.0.1', port: 20_010 }))
    assert.deepEqual(message.seenAs, { host: '127.0.0.1', port: 20_010 })
    assert.deepEqual(message.reply, { seenAs: message.seenAs })
  })

  test('counts as absent when either is anything else', () => {
    const hosts = [
      '',
      '127.0.0',
      '127.0.0.01',
      '127.0.0.256',
      '127.0.0.1 ',
      '::1',
      '::ffff:1.2.3.4',
      'localhost',
      5,
      ['x'],
    ]
    for (const ip_addr of hosts) assert.equal(decodedReply(reply({ id: ID, ip_addr, port: 1 })).seenAs, null)
    for (const port of [0, 65_536, -1, 2n ** 60n, '20010', []]) {
      const message = decodedReply(reply({ id: ID, ip_addr: '127.0.0.1', port }))
      assert.deepEqual([message.seenAs, message.reply], [null, {}])
    }
    assert.equal(decodedReply(reply({ id: ID, ip_addr: '127.0.0.1' })).seenAs, null)
    assert.equal(decodedReply(reply({ id: asId(bytesOf('x'.repeat(20))), port: 1 })).seenAs, null)
  })
})
