// How large what we write may be, to the byte: 1472 for answers, and what comes where they would be larger (khashmir
// A1, A4).
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { ProtocolError } from '../../../../src/kademlia/ports.ts'
import type { KhashmirReply } from '../../../../src/networks/khashmir/messages.ts'
import {
  MAX_CONTACTS,
  MAX_OWN_VALUE_BYTES,
  MAX_TRANSACTION_BYTES,
  MAX_VALUES,
  UDP_PACKET_LIMIT,
} from '../../../../src/networks/khashmir/wire/bounds.ts'
import { bytesOf, textOf } from '../../../codecs/bencode-samples.ts'
import { runs } from '../../../property-runs.ts'
import { FROM, KEY, lenient, message, query, refusalOf, T, wire } from '../packets.ts'

const transaction = bytesOf(T)
const ofSize = (length: number): Uint8Array => new Uint8Array(length).fill(0x65)
const written = (reply: KhashmirReply, t = transaction): string => textOf(wire.encodeReply(reply, t, FROM))
const errorOf = (text: string): string => /^d1:eli(\d+)e\d+:(.*)e1:t/s.exec(text)!.slice(1).join(' ')

/** Beside the values themselves, with a transaction of 20 bytes. */
const EMPTY = written({ values: [] }).length
/** A lone value of so many bytes fills a datagram. */
const FILLING = UDP_PACKET_LIMIT - EMPTY - '1391:'.length

describe('The largest value of our own', () => {
  test('has 1319 bytes: its store_value is one datagram of 1472', () => {
    const store = (length: number) =>
      wire.encodeQuery(
        { method: 'store_value', key: KEY, value: ofSize(length), token: ofSize(20) },
        transaction,
        FROM,
      ).length
    assert.equal(MAX_OWN_VALUE_BYTES, 1_319)
    assert.equal(store(MAX_OWN_VALUE_BYTES), UDP_PACKET_LIMIT)
    assert.equal(store(MAX_OWN_VALUE_BYTES + 1), UDP_PACKET_LIMIT + 1)
  })
})

describe('A reply of values', () => {
  test('may have exactly 1472 bytes (khashmir A4)', () => {
    assert.equal(FILLING, 1_391)
    assert.equal(written({ values: [ofSize(FILLING)] }).length, UDP_PACKET_LIMIT)
    assert.equal(written({ values: [ofSize(FILLING - 1)] }).length, UDP_PACKET_LIMIT - 1)
  })

  test('may have exactly 1472 bytes also after values were cut off (khashmir A0)', () => {
    const cut = written({ values: [ofSize(FILLING), bytesOf('x')] })
    assert.equal(cut, written({ values: [ofSize(FILLING)] }))
    assert.equal(
      written({ values: [ofSize(FILLING - 2), bytesOf(''), bytesOf('x')] }).length,
      UDP_PACKET_LIMIT,
    )
  })

  test('loses values from its end, and none is passed over for a shorter one (khashmir A4)', () => {
    const values = [ofSize(1_300), ofSize(100), ofSize(1)]
    assert.equal(written({ values }), written({ values: values.slice(0, 1) }))
    const many = Array.from({ length: 200 }, (_, n) => ofSize(n))
    const kept = wire.decode(bytesOf(written({ values: many })), FROM)
    assert.ok(kept.kind === 'reply')
    assert.deepEqual(kept.reply.values, many.slice(0, kept.reply.values?.length))
    const next = kept.reply.values?.length ?? 0
    assert.ok(written({ values: many.slice(0, next) }).length + `${next}:`.length + next > UDP_PACKET_LIMIT)
  })

  test('becomes a 201 when its first value does not fit (khashmir A4)', () => {
    const unknown = '201 unknown error sending response: '
    assert.equal(errorOf(written({ values: [ofSize(FILLING + 1)] })), unknown)
    assert.equal(errorOf(written({ values: [ofSize(8_192), bytesOf('x')] })), unknown)
  })

  test('holds fewer different values than are read of one', () => {
    const values: Uint8Array[] = [bytesOf('')]
    for (let a = 0; a < 256; a++) values.push(Uint8Array.of(a))
    for (let a = 0; a < 1_000; a++) values.push(Uint8Array.of(a >> 8, a & 0xff))
    const read = wire.decode(bytesOf(written({ values })), FROM)
    assert.ok(read.kind === 'reply')
    assert.equal(read.reply.values!.length, 413)
    assert.ok(MAX_VALUES > 413)
  })
})

describe('An answer without values', () => {
  test('becomes a 206 that says how large it was (khashmir A4)', () => {
    const begin = 'd1:eli203e1429:'.length + `e1:t20:${T}1:y1:ee`.length
    const fits = UDP_PACKET_LIMIT - begin
    const error = (length: number) =>
      textOf(wire.encodeError({ code: 203, message: 'm'.repeat(length) }, transaction, FROM))
    assert.equal(error(fits).length, UDP_PACKET_LIMIT)
    assert.equal(errorOf(error(fits + 1)), `206 response was ${UDP_PACKET_LIMIT + 1} bytes`)
    assert.equal(errorOf(error(60_000)), `206 response was ${60_000 + begin + 1} bytes`)
    const token = ofSize(1_500)
    assert.equal(
      errorOf(written({ token })),
      `206 response was ${written({}).length + '5:token1500:'.length + 1_500} bytes`,
    )
  })

  test('is a 206 to a method of 1500 bytes, as recorded (khashmir A4)', () => {
    const { answer } = refusalOf(query('m'.repeat(1_500), {}))
    assert.equal(errorOf(textOf(wire.encodeError(answer!, transaction, FROM))), '206 response was 1564 bytes')
  })
})

describe('The longest transaction that is taken', () => {
  const longest = ofSize(MAX_TRANSACTION_BYTES)

  test('leaves room for 8 contacts and a token, and for how we see somebody (khashmir A1)', () => {
    const nodes = Array.from({ length: 8 }, () => ({
      id: KEY,
      address: { host: '255.255.255.255', port: 65_535 },
    }))
    for (const reply of [
      { nodes, token: ofSize(20) },
      { nodes, num: 2 ** 53 - 1 },
      { seenAs: nodes[0]!.address },
    ]) {
      const text = written(reply, longest)
      assert.ok(text.endsWith('1:y1:re') && text.length <= UDP_PACKET_LIMIT, `${text.length} bytes`)
    }
  })

  test('leaves room for a 206, so that there is always an answer (khashmir A4)', () => {
    const bytes = message({ a: {}, q: 'm'.repeat(50_000), t: longest, y: 'q' })
    const { answer } = refusalOf(bytes, lenient)
    const written = wire.encodeError(answer!, answer!.transaction, FROM)
    assert.match(textOf(written), /^d1:eli206e.*1:y1:ee$/s)
    assert.ok(written.length <= UDP_PACKET_LIMIT)
  })

  test('is bounded, for to others there is no answer', () => {
    const encode = () => wire.encodeReply({}, ofSize(1_500), FROM)
    assert.throws(encode, (error) => error instanceof ProtocolError && error.reason === 'transaction-length')
  })
})

describe('Whatever is answered', () => {
  test('has at most 1472 bytes and is read again as what it was, but for what was cut', () => {
    const lengths = fc.oneof(fc.nat({ max: 40 }), fc.nat({ max: 1_500 }))
    const contacts = fc.array(fc.nat({ max: 255 }), { maxLength: MAX_CONTACTS })
    fc.assert(
      fc.property(
        fc.option(contacts, { nil: undefined }),
        fc.option(lengths, { nil: undefined }),
        fc.option(fc.array(lengths, { maxLength: 120 }), { nil: undefined }),
        fc.nat({ max: MAX_TRANSACTION_BYTES }),
        (nodes, token, values, length) => {
          const given: KhashmirReply = {
            ...(nodes && {
              nodes: nodes.map((n) => ({ id: KEY, address: { host: `10.0.0.${n}`, port: 1 } })),
            }),
            ...(token !== undefined && { token: ofSize(Math.min(token, 64)) }),
            ...(values && { values: values.map(ofSize) }),
          }
          const bytes = wire.encodeReply(given, ofSize(length), FROM).slice()
          assert.ok(bytes.length <= UDP_PACKET_LIMIT, `${bytes.length} bytes`)
          const read = lenient.decode(bytes, FROM)
          if (read.kind === 'error') {
            const code = given.values === undefined ? 206 : 201
            return assert.equal(read.code, code)
          }
          assert.ok(read.kind === 'reply')
          const kept = read.reply.values?.length
          assert.deepEqual(read.reply, {
            ...given,
            ...(kept !== undefined && { values: given.values!.slice(0, kept) }),
          })
        },
      ),
      runs(500),
    )
  })
})
