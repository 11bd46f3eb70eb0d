// Whatever we write, we read back as it was.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { decodeBencode, encodeBencode, STORED_VALUE } from '../../../../src/codecs/bencode.ts'
import { asId } from '../../../../src/kademlia/id.ts'
import type { MainlineQuery, MainlineReply } from '../../../../src/networks/mainline/messages.ts'
import { bytesOf, samples, textOf } from '../../../codecs/bencode-samples.ts'
import { runs } from '../../../property-runs.ts'
import { FROM, FROM6, bep44, decode, decodedQuery, decodedReply, wire, wire6 } from '../packets.ts'

/** Plain objects, as ours are: deepEqual tells them from those without a prototype. */
const record = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> =>
  fc.record(model, { noNullPrototype: true })
const bytes = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length })
const ids = bytes(20).map(asId)
const tokens = fc.uint8Array({ maxLength: 64 })
const wants = fc.constantFrom(null, { n4: true, n6: false }, { n4: false, n6: true }, { n4: true, n6: true })
/** Any, and often one near 0, 2^53 or 2^63 − 1 (K-14). */
const seqs = fc.oneof(
  fc.bigInt({ min: 0n, max: 3n }),
  fc.bigInt({ min: 2n ** 53n - 3n, max: 2n ** 53n + 3n }),
  fc.bigInt({ min: 2n ** 63n - 4n, max: 2n ** 63n - 1n }),
  fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
)
const values = samples.map((value) => encodeBencode(value)).filter(({ length }) => length <= 1000)
const signatures = record({ publicKey: bytes(32), signature: bytes(64), seq: seqs })

const queries: fc.Arbitrary<MainlineQuery> = fc.oneof(
  record({ method: fc.constantFrom('find_node' as const, 'sample_infohashes'), target: ids, want: wants }),
  record({ method: fc.constant('get' as const), target: ids, want: wants, seq: fc.option(seqs) }),
  record({
    method: fc.constant('get_peers' as const),
    infoHash: ids,
    want: wants,
    noSeed: fc.boolean(),
    scrape: fc.boolean(),
  }),
  record({
    method: fc.constant('announce_peer' as const),
    infoHash: ids.filter((id) => id.some((byte) => byte !== 0)),
    port: fc.oneof(fc.constant('implied' as const), fc.integer({ min: 1, max: 65_535 })),
    token: tokens,
    seed: fc.boolean(),
  }),
  record({
    method: fc.constant('put' as const),
    token: tokens,
    value: values,
    signed: fc.constant(null),
    cas: fc.constant(null),
  }),
  record({
    method: fc.constant('put' as const),
    token: tokens,
    value: values,
    signed: fc
      .tuple(signatures, fc.uint8Array({ maxLength: 64 }))
      .map(([signed, salt]) => ({ ...signed, salt })),
    cas: fc.option(seqs),
  }),
)

const addresses = record({
  host: fc.nat({ max: 255 }).map((last) => `8.8.8.${last}`),
  port: fc.integer({ min: 1, max: 65_535 }),
})
const contacts = fc.array(record({ id: ids, address: addresses }), { maxLength: 3 })
/** Few enough of everything that all of it fits. */
const beside = fc.record({ nodes: contacts, token: tokens }, { requiredKeys: [], noNullPrototype: true })
const replies: fc.Arbitrary<MainlineReply> = fc
  .tuple(
    beside,
    fc.oneof(
      record({ seq: seqs }),
      record({ value: values }),
      fc.tuple(values, signatures).map(([value, signed]) => ({ value, ...signed })),
      record({ filters: record({ seeds: bytes(256), peers: bytes(256) }) }),
      record({
        samples: fc.array(ids, { maxLength: 8 }),
        interval: fc.nat({ max: 21_600 }),
        num: fc.maxSafeNat(),
      }),
    ),
  )
  .map(([common, extras]) => ({ ...common, ...extras }))

/** Our messages are canonical themselves (K-14); `v` inside them may be of more digits than a message allows. */
const isCanonical = (packet: Uint8Array): boolean =>
  textOf(encodeBencode(decodeBencode(packet, { ...STORED_VALUE, maxDepth: 40, maxTokens: 2000 }))) ===
  textOf(packet)

describe('A message of ours', () => {
  test('is read back as it was when it is a query (B44-14, K-14)', () => {
    fc.assert(
      fc.property(queries, bytes(4), fc.boolean(), (query, transaction, overIpv6) => {
        const packet = overIpv6
          ? wire6.encodeQuery(query, transaction, FROM6)
          : wire.encodeQuery(query, transaction, FROM)
        assert.ok(isCanonical(packet))
        assert.deepEqual(decodedQuery(packet), query)
        assert.deepEqual(decode(packet).transaction, transaction)
      }),
      runs(3000),
    )
  })

  test('is read back as it was when it is a reply (B44-16, B51-01, B33-06, K-14)', () => {
    fc.assert(
      fc.property(replies, bytes(4), fc.boolean(), (reply, transaction, overIpv6) => {
        const packet = overIpv6
          ? wire6.encodeReply(reply, transaction, FROM6)
          : wire.encodeReply(reply, transaction, FROM)
        assert.ok(isCanonical(packet))
        assert.deepEqual(decodedReply(packet), reply)
      }),
      runs(3000),
    )
  })
})

describe('The examples of BEP 44', () => {
  for (const [name, text] of Object.entries(bep44)) {
    test(`${name} is written as it was read, but for who sends it (B44-02, B44-16)`, () => {
      const message = decode(text)
      const packet =
        message.kind === 'query'
          ? wire.encodeQuery(message.query, message.transaction, FROM)
          : message.kind === 'reply'
            ? wire.encodeReply(message.reply, message.transaction, FROM)
            : null
      const ours = textOf(packet!)
        .replace('1:v4:XO\x00\x01', '')
        .replace('2:ip6:\x5d\xb8\xd8\x22\xc8\xd5', '')
        .replace('20:0123456789abcdefghij', '20:abcdefghij0123456789')
      assert.equal(ours, text)
    })
  }

  test('have an empty salt never: it is the same as none (B44-03)', () => {
    const query = decodedQuery(bytesOf(bep44.putSalted.replace('4:salt6:foobar', '4:salt0:')))
    assert.doesNotMatch(textOf(wire.encodeQuery(query, bytesOf('aa'), FROM)), /4:salt/)
  })
})
