// What one node of ours writes, another reads, and answers under the same uuid.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { MsgPackMap } from '../../../../src/codecs/msgpack.ts'
import { asId } from '../../../../src/kademlia/id.ts'
import type { SignedValue } from '../../../../src/networks/drogulus/messages.ts'
import { sizeOfValueMessage } from '../../../../src/networks/drogulus/wire/size.ts'
import { values } from '../../../codecs/msgpack-samples.ts'
import { runs } from '../../../property-runs.ts'
import { decodedError, decodedQuery, decodedReply, FROM, wireOf } from '../packets.ts'

/** As objects of ours are. */
const PLAIN = { noNullPrototype: true }

const bytes = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length })
const ids = bytes(64).map(asId)
const texts = fc.uint8Array({ maxLength: 300 })
const times = fc.double({ noNaN: true, noDefaultInfinity: true })

const items: fc.Arbitrary<SignedValue> = fc.record(
  {
    key: ids,
    value: values,
    timestamp: times,
    expires: times,
    createdWith: texts,
    publicKey: texts,
    name: texts,
    meta: fc.array(fc.tuple(texts, texts), { maxLength: 20 }).map((pairs) => new MsgPackMap(pairs)),
    signature: texts,
    version: texts,
  },
  PLAIN,
)

const hosts = fc.oneof(
  bytes(4).map((four) => four.join('.')),
  fc.integer({ min: 1, max: 0xffff }).map((group) => `2001:db8::${group.toString(16)}`),
)

const contacts = fc.record(
  {
    id: ids,
    address: fc.record({ host: hosts, port: fc.integer({ min: 1, max: 65_535 }) }, PLAIN),
  },
  PLAIN,
)

describe('A message of ours', () => {
  test('is read as it was written: a value with all its fields, in both revisions', () => {
    fc.assert(
      fc.property(items, ids, bytes(16), fc.boolean(), (some, id, transaction, isNewer) => {
        const item = isNewer ? some : { ...some, createdWith: null }
        const wire = wireOf({ ownId: () => id, revision: isNewer ? 'october-2013' : 'july-2013' })
        const request = wire.encodeQuery({ method: 'store', item }, transaction, FROM)
        const asked = decodedQuery(request, wire)
        assert.deepEqual(asked.senderId, id)
        assert.deepEqual(asked.query, { method: 'store', item })
        const answer = wire.encodeReply({ item }, asked.transaction, FROM)
        const read = decodedReply(answer, wire)
        assert.deepEqual(read.transaction, transaction)
        assert.deepEqual(read.reply, { item })
        const size = sizeOfValueMessage(item, isNewer ? 'october-2013' : 'july-2013')
        assert.ok(request.length <= size && answer.length <= size)
      }),
      runs(500),
    )
  })

  test('is read as it was written: contacts, and errors under any uuid', () => {
    const wire = wireOf()
    fc.assert(
      fc.property(fc.array(contacts, { maxLength: 40 }), bytes(16), (nodes, transaction) => {
        const { transaction: uuid } = decodedQuery(wire.encodeQuery({ method: 'ping' }, transaction, FROM))
        assert.equal(uuid.length, 36)
        assert.deepEqual(decodedReply(wire.encodeReply({ nodes }, uuid, FROM)).reply, { nodes })
        const refusal = { code: 8, message: 'Superceded value', details: { new_timestamp: '1' } }
        assert.deepEqual(decodedError(wire.encodeError(refusal, uuid, FROM)).transaction, transaction)
      }),
      runs(500),
    )
  })
})
