// Whatever we write, we read back as it was.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { decodeBencode, encodeBencode, STORED_VALUE } from '../../../../src/codecs/bencode.ts'
import { asId } from '../../../../src/kademlia/id.ts'
import type { KhashmirQuery, KhashmirReply } from '../../../../src/networks/khashmir/messages.ts'
import { textOf } from '../../../codecs/bencode-samples.ts'
import { runs } from '../../../property-runs.ts'
import { decodedQuery, decodedReply, FROM, lenient, OWN_ID } from '../packets.ts'

/** Plain objects, as ours are: deepEqual tells them from those without a prototype. */
const record = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> =>
  fc.record(model, { noNullPrototype: true })
const bytes = (minLength: number, maxLength = minLength): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength, maxLength })
const ids = bytes(20).map(asId)
const someIds = ids.filter((id) => id.some((byte) => byte !== 0))
const nums = fc.oneof(fc.nat({ max: 12 }), fc.maxSafeNat())

const queries: fc.Arbitrary<KhashmirQuery> = fc.oneof(
  record({ method: fc.constantFrom('ping' as const, 'join' as const) }),
  record({ method: fc.constant('find_node' as const), target: ids }),
  record({ method: fc.constant('find_value' as const), key: ids }),
  record({ method: fc.constant('get_value' as const), key: ids, num: nums }),
  record({
    method: fc.constant('store_value' as const),
    key: ids,
    value: fc.oneof(bytes(0, 40), bytes(1_000, 2_000)),
    token: bytes(0, 64),
  }),
)

const addresses = record({
  host: fc.tuple(fc.nat({ max: 255 }), fc.nat({ max: 255 })).map(([a, b]) => `${a}.8.8.${b}`),
  port: fc.integer({ min: 1, max: 65_535 }),
})
/** Few enough of everything that all of it fits. */
const replies: fc.Arbitrary<KhashmirReply> = fc.oneof(
  record({
    nodes: fc.array(record({ id: someIds, address: addresses }), { maxLength: 8 }),
    token: bytes(0, 20),
    num: nums,
  }),
  record({ seenAs: addresses }),
  record({ values: fc.array(bytes(0, 30), { maxLength: 20 }) }),
  fc.constant({}),
)
const transactions = fc.oneof(bytes(20), bytes(0, 300))

/** All that we write is bencode in its one form: keys sorted, numbers as short as can be. */
function assertCanonical(written: Uint8Array): void {
  assert.equal(textOf(encodeBencode(decodeBencode(written, STORED_VALUE))), textOf(written))
}

describe('What we write', () => {
  test('is read back as the same query (khashmir A3)', () => {
    fc.assert(
      fc.property(queries, transactions, (query, transaction) => {
        const written = lenient.encodeQuery(query, transaction, FROM)
        assertCanonical(written)
        const read = decodedQuery(written, lenient)
        assert.deepEqual(read, { kind: 'query', transaction, senderId: OWN_ID, dialPort: FROM.port, query })
      }),
      runs(1_000),
    )
  })

  test('is read back as the same reply (khashmir A3)', () => {
    fc.assert(
      fc.property(replies, transactions, (reply, transaction) => {
        const written = lenient.encodeReply(reply, transaction, FROM).slice()
        assertCanonical(written)
        const read = decodedReply(written, lenient)
        const seenAs = reply.seenAs ?? null
        assert.deepEqual(read, { kind: 'reply', transaction, senderId: OWN_ID, reply, seenAs })
      }),
      runs(1_000),
    )
  })

  test('is read back as the same error (khashmir A4)', () => {
    fc.assert(
      fc.property(
        fc.nat({ max: 999 }),
        fc.string({ maxLength: 30 }),
        transactions,
        (code, message, transaction) => {
          const written = lenient.encodeError({ code, message }, transaction, FROM)
          assertCanonical(written)
          const read = lenient.decode(written, FROM)
          assert.deepEqual(read, { kind: 'error', transaction, code, message, seenAs: null })
        },
      ),
      runs(1_000),
    )
  })
})
