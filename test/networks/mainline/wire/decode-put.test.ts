// The queries of BEP 44 and 51 as they come in.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { BencodeInput } from '../../../../src/codecs/bencode.ts'
import type { MainlineQuery, PutQuery } from '../../../../src/networks/mainline/messages.ts'
import { bytesOf, textOf } from '../../../codecs/bencode-samples.ts'
import {
  HASH,
  ID,
  VECTOR,
  bep44,
  decode,
  decodedQuery,
  decodedReply,
  queryPacket,
  refusal,
  replyPacket,
} from '../packets.ts'

const TOKEN = 'aoeusnth'
const KEY = bytesOf(VECTOR.key)
const SIGNATURE = bytesOf(VECTOR.signature)
const MUTABLE = { k: KEY, sig: SIGNATURE, seq: 1, token: TOKEN, v: 'x' }
const MAX_SEQ = 2n ** 63n - 1n

/** A put with `v` as it stands here, canonical or not. */
const putOf = (value: string, rest = ''): Uint8Array =>
  bytesOf(`d1:ad2:id20:abcdefghij01234567895:token8:aoeusnth1:v${value}${rest}e1:q3:put1:t2:aa1:y1:qe`)
/** A bencoded string that takes so many bytes in all. */
const stringOf = (size: number): string => `${size - 4}:${'x'.repeat(size - 4)}`
const mutable = (changes: Record<string, BencodeInput>): Uint8Array =>
  queryPacket('put', { ...MUTABLE, ...changes })
const without = (...names: readonly string[]): Uint8Array =>
  queryPacket('put', Object.fromEntries(Object.entries(MUTABLE).filter(([name]) => !names.includes(name))))

function put(packet: Uint8Array | string): PutQuery {
  const query = decodedQuery(packet)
  assert.equal(query.method, 'put')
  return query
}

function refused(packet: Uint8Array, code: number, message: RegExp): void {
  const { answer, reason } = refusal(packet)
  assert.equal(answer?.code, code)
  assert.match(answer.message, message)
  assert.equal(textOf(answer.transaction), 'aa')
  assert.equal(reason, 'malformed-query')
}

describe('The queries of BEP 44', () => {
  test('get names a target, and may say which seq is known already (B44-17)', () => {
    assert.deepEqual(decodedQuery(bep44.get), { method: 'get', target: HASH, want: null, seq: null })
    assert.deepEqual(decodedQuery(bep44.getNewer), { method: 'get', target: HASH, want: null, seq: 4n })
  })

  test('put of an immutable item has a token and a value, and needs no seq (B44-15)', () => {
    assert.deepEqual(decodedQuery(bep44.putImmutable), {
      method: 'put',
      token: bytesOf(TOKEN),
      value: bytesOf(VECTOR.value),
      signed: null,
      cas: null,
    })
  })

  test('put of a mutable item has key, seq and signature too, and perhaps salt and cas (B44-02, B44-12)', () => {
    const common = { method: 'put', token: bytesOf(TOKEN), value: bytesOf(VECTOR.value) }
    const signed = { publicKey: KEY, salt: new Uint8Array(0), seq: 1n, signature: SIGNATURE }
    assert.deepEqual(decodedQuery(bep44.putMutable), { ...common, signed, cas: null })
    const salted = { ...signed, salt: bytesOf('foobar'), signature: bytesOf(VECTOR.salted) }
    assert.deepEqual(decodedQuery(bep44.putSalted), { ...common, signed: salted, cas: 0n })
  })

  test('keep the value byte for byte, as a view of the datagram, also of a Buffer in the middle of its memory', () => {
    const value = 'd9:__proto__le1:ai-9223372036854775809e1:bl0:3:\0\xff\x80deee'
    const datagram = Buffer.concat([Buffer.from('before'), putOf(value)]).subarray(6)
    const query = put(datagram)
    assert.equal(textOf(query.value), value)
    assert.equal(query.value.buffer, datagram.buffer)
    for (const bytes of [query.value, query.token]) {
      assert.equal(Object.getPrototypeOf(bytes), Uint8Array.prototype)
    }
  })

  test('want is honoured by get and sample_infohashes too (K-18, B51-01)', () => {
    for (const method of ['get', 'sample_infohashes']) {
      const query = decodedQuery(queryPacket(method, { target: HASH, want: ['n6', 'n4'] }))
      assert.equal(query.method, method)
      assert.deepEqual('want' in query && query.want, { n4: true, n6: true })
    }
  })

  test('a target that has not 20 bytes gets 203, also where there is an info_hash (K-03)', () => {
    for (const method of ['get', 'sample_infohashes']) {
      for (const args of [{}, { target: 'x'.repeat(19) }, { target: [HASH] }, { info_hash: HASH }]) {
        refused(queryPacket(method, args), 203, new RegExp(`^${method}: target must be 20 bytes, got `))
      }
    }
  })

  test('a seq of a get that is none is as if it were absent: the whole item is the answer', () => {
    for (const seq of [-1, 2n ** 63n, '4', [4], {}]) {
      const query = decodedQuery(queryPacket('get', { target: HASH, seq }))
      assert.equal(query.method === 'get' && query.seq, null)
    }
    for (const seq of [0n, 2n ** 53n + 1n, MAX_SEQ]) {
      const query = decodedQuery(queryPacket('get', { target: HASH, seq }))
      assert.equal(query.method === 'get' && query.seq, seq)
    }
  })

  test('the extras of libtorrent and of BEP 50 do no harm (K-19)', () => {
    const extras = { bs: 1, n: 'n'.repeat(300), p: 6881 }
    const packets: readonly (readonly [string, Record<string, BencodeInput>])[] = [
      ['ping', {}],
      ['find_node', { target: HASH }],
      ['get_peers', { info_hash: HASH }],
      ['announce_peer', { info_hash: HASH, port: 1, token: TOKEN }],
      ['get', { target: HASH }],
      ['put', MUTABLE],
      ['sample_infohashes', { target: HASH }],
    ]
    for (const [method, args] of packets) {
      const plain = decodedQuery(queryPacket(method, args))
      assert.equal(plain.method, method)
      assert.deepEqual(decodedQuery(queryPacket(method, { ...args, ...extras }, { bs: 1, c: HASH })), plain)
    }
    const plain = { token: bytesOf(TOKEN) }
    assert.deepEqual(decodedReply(replyPacket({ token: TOKEN, p: 6881 }, { c: HASH, bs: 1 })), plain)
  })

  test('the v of the envelope is the version of a client, and no value', () => {
    refused(queryPacket('put', { token: TOKEN }, { v: 'LT12' }), 203, /^put: v must be there$/)
    assert.equal(textOf(put(queryPacket('put', { token: TOKEN, v: 'x' }, { v: 'LT12' })).value), '1:x')
    assert.deepEqual(decodedReply(replyPacket({}, { v: 'LT12' })), {})
  })
})

describe('The value of a put', () => {
  test('may have 1000 bytes encoded; one of 1001 gets 205 (B44-05)', () => {
    assert.equal(put(putOf(stringOf(1000))).value.length, 1000)
    refused(putOf(stringOf(1001)), 205, /^put: v must be at most 1000 bytes, got 1001$/)
    refused(putOf(`l${'i1e'.repeat(400)}e`), 205, /got 1202$/)
  })

  test('is of any type, as deep as 32 levels, of as many parts and digits as it has room for (B44-01, T17)', () => {
    const deep = (levels: number): string => 'l'.repeat(levels) + 'e'.repeat(levels)
    for (const value of [
      'i0e',
      '0:',
      'le',
      'de',
      deep(32),
      `l${'0:'.repeat(499)}e`,
      `l${'le'.repeat(499)}e`,
      `i-${'9'.repeat(997)}e`,
    ]) {
      assert.equal(textOf(put(putOf(value)).value), value)
    }
    refused(putOf(deep(33)), 203, /32 levels/)
    refused(putOf(deep(500)), 203, /32 levels/)
  })

  for (const [what, values] of [
    ['leading zeros', ['i03e', 'i00e', 'i-03e', '03:abc', '00:', 'd01:ai1ee']],
    ['a negative zero', ['i-0e', 'i-00e']],
    [
      'an integer without digits',
      ['ie', 'i-e', 'i--1e', 'i+1e', 'i1.5e', 'i 1e', 'i1 e', 'i0x1e', 'li e2:xxe'],
    ],
    ['keys that are not sorted', ['d1:bi1e1:ai1ee', 'd2:aai1e1:ai1ee', 'd1:\xffi1e1:ai1ee', 'd1:a0:0:0:e']],
    ['a key twice', ['d1:ai1e1:ai1ee', 'd0:0:0:0:e', 'ld1:ai1e1:ai2eee']],
    ['keys that are no strings', ['di1ei1ee', 'dlei1ee', 'ddei1ee', 'd1:ai1ei2ei3ee']],
    ['a key without a value', ['d1:ae', 'd1:ai1e1:be', 'ld1:aee']],
  ] as const) {
    test(`with ${what} is refused with 203, for other nodes would hash other bytes (K-13, B44-07, T19)`, () => {
      for (const value of values) refused(putOf(value), 203, /^put: v must be canonical bencode/)
    })
  }

  test('without an end leaves no message that could be answered (K-09)', () => {
    for (const value of ['', 'l', 'd', '9:x', '-1:x', 'x', '99999999999999999999:x', 'l'.repeat(5000)]) {
      const error = refusal(putOf(value))
      assert.equal(error.reason, 'not-bencode', value)
      assert.equal(error.answer, null)
    }
  })

  test('counts once: the first of two (K-13)', () => {
    assert.equal(textOf(put(putOf('1:x', '1:v1:y')).value), '1:x')
    refused(putOf('i01e', '1:v1:y'), 203, /canonical/)
  })
})

describe('The other fields of a put', () => {
  test('token: needed, of at most 64 bytes, else 203 (B44-08)', () => {
    refused(without('token'), 203, /^put: token must be at most 64 bytes, got none$/)
    refused(mutable({ token: 'x'.repeat(65) }), 203, /got 65$/)
    refused(mutable({ token: 1 }), 203, /got an integer$/)
    assert.equal(put(mutable({ token: '' })).token.length, 0)
    assert.equal(put(mutable({ token: 'x'.repeat(64) })).token.length, 64)
  })

  test('k and sig: 32 and 64 bytes, else 203 (B44-02)', () => {
    for (const length of [0, 31, 33, 64]) {
      refused(mutable({ k: 'x'.repeat(length) }), 203, new RegExp(`^put: k must be 32 bytes, got ${length}$`))
    }
    for (const length of [0, 32, 63, 65]) {
      refused(
        mutable({ sig: 'x'.repeat(length) }),
        203,
        new RegExp(`^put: sig must be 64 bytes, got ${length}$`),
      )
    }
    refused(mutable({ k: [KEY] }), 203, /got a list$/)
  })

  test('k, sig and seq: all of them, or the item is none (B44-02)', () => {
    for (const names of [['k'], ['sig'], ['seq'], ['k', 'seq'], ['sig', 'seq']]) {
      refused(without(...names), 203, /^put: a mutable item needs all of k, sig and seq$/)
    }
  })

  test('seq, salt and cas say nothing of an immutable item, but must be well-formed (B44-15)', () => {
    const immutable = { token: TOKEN, v: 'x' }
    for (const extra of [{ seq: 0 }, { salt: 'salt' }, { cas: 0 }, { seq: 7, salt: 'salt', cas: 3 }]) {
      const query = put(queryPacket('put', { ...immutable, ...extra }))
      assert.deepEqual([query.signed, query.cas], [null, null])
    }
    refused(queryPacket('put', { ...immutable, seq: -1 }), 203, /^put: seq /)
    refused(queryPacket('put', { ...immutable, cas: 'x' }), 203, /^put: cas /)
    refused(queryPacket('put', { ...immutable, salt: 'x'.repeat(65) }), 207, /^put: salt /)
  })

  test('salt: of at most 64 bytes, else 207; an empty one is none (B44-03, B44-04)', () => {
    const saltOf = (packet: Uint8Array): string => textOf(put(packet).signed!.salt)
    assert.equal(saltOf(mutable({ salt: 'x'.repeat(64) })), 'x'.repeat(64))
    assert.equal(saltOf(mutable({ salt: '' })), '')
    assert.equal(saltOf(mutable({})), '')
    refused(mutable({ salt: 'x'.repeat(65) }), 207, /^put: salt must be at most 64 bytes, got 65$/)
    for (const salt of [1, [], {}]) refused(mutable({ salt }), 203, /^put: salt must be a byte string, got a/)
  })

  for (const name of ['seq', 'cas'] as const) {
    test(`${name}: exact from 0 to 2^63 - 1, anything else gets 203 (B44-14, K-14)`, () => {
      const read = (packet: Uint8Array): unknown =>
        name === 'cas' ? put(packet).cas : put(packet).signed!.seq
      for (const value of [0n, 1n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 53n + 1n, MAX_SEQ - 1n, MAX_SEQ]) {
        assert.equal(read(mutable({ [name]: value })), value)
      }
      for (const value of [-1, -(2n ** 63n), 2n ** 63n, 2n ** 64n, '', '1', [], {}]) {
        refused(mutable({ [name]: value }), 203, new RegExp(`^put: ${name} must be an integer from 0`))
      }
    })
  }

  test('cas of 0 is a value, and not the absence of one (B44-12)', () => {
    assert.equal(put(mutable({ cas: 0 })).cas, 0n)
    assert.equal(put(mutable({})).cas, null)
  })

  test('seq with zeros in front is its number: what is signed is made of that (K-13)', () => {
    const packet = textOf(mutable({})).replace('3:seqi1e', '3:seqi001e')
    assert.equal(put(packet).signed!.seq, 1n)
    assert.equal(put(textOf(mutable({})).replace('3:seqi1e', '3:seqi-0e')).signed!.seq, 0n)
  })

  test('are checked for their types first, then for 205, then for 203 of the value, then for 207', () => {
    const v = 'x'.repeat(2000)
    const salt = 'x'.repeat(65)
    refused(mutable({ v, salt, k: '' }), 203, /^put: k /)
    refused(mutable({ v, salt, cas: -1 }), 203, /^put: cas /)
    refused(mutable({ v, salt }), 205, /^put: v /)
    refused(bytesOf(textOf(mutable({ salt })).replace('1:v1:x', '1:vi01e')), 203, /^put: v /)
    refused(mutable({ salt }), 207, /^put: salt /)
  })
})

describe('A question for samples', () => {
  test('names a target (B51-01)', () => {
    const expected: MainlineQuery = { method: 'sample_infohashes', target: HASH, want: null }
    const message = decode(queryPacket('sample_infohashes', { target: HASH }))
    assert.deepEqual(message.kind === 'query' && message.query, expected)
    assert.deepEqual(message.kind === 'query' && message.senderId, ID)
  })
})
