// A signed value as a record of the store: it comes back as it was, and what somebody wrote there by hand does no harm.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MsgPackFloat, MsgPackMap, packMsgPack, unpackMsgPack } from '../../../../src/codecs/msgpack.ts'
import type { MsgPackValue } from '../../../../src/codecs/msgpack.ts'
import { versionOf } from '../../../../src/networks/drogulus/keys/signed-value.ts'
import type { Revision, SignedValue } from '../../../../src/networks/drogulus/messages.ts'
import { expiryOf, recordOf, valueOf } from '../../../../src/networks/drogulus/values/record.ts'
import { MAX_RECORD_BYTES } from '../../../../src/stores/store.ts'
import { DROGULUS_COMMITS, drogulusVectors, type DrogulusVector } from '../../../drogulus-vectors.ts'
import { HOUR, MINUTE, SECOND, signed, START, utf8 } from '../answering.ts'
import { messagesIn } from '../judging.ts'
import { revisionOf } from '../keys/recorded-keys.ts'
import { decodedQuery, october, wire } from '../packets.ts'

const KEEPING = { source: Uint8Array.of(9, 8, 7, 6), now: START, lifetimeMs: Infinity }

const isStore = ({ name, hex }: DrogulusVector): boolean =>
  Buffer.from(hex).includes(Buffer.from('message\xa5store', 'latin1')) && !INTEGER_TIMES.includes(name)

/** They have no floats where they must have them. */
const INTEGER_TIMES = ['store-expires-int', 'store-timestamp-int']

function itemIn({ hex, commit }: DrogulusVector): SignedValue {
  const { query } = decodedQuery(messagesIn(hex)[0]!, commit === 'e9b8c69' ? wire : october)
  assert.ok(query.method === 'store')
  return query.item
}

/** The fields of a record of this value, one of them another. */
function edited(place: number, field: MsgPackValue, item: SignedValue = signed()): Uint8Array {
  const fields = unpackMsgPack(recordOf(item, KEEPING).data) as readonly MsgPackValue[]
  return packMsgPack(fields.with(place, field))
}

const read = (data: Uint8Array, revision: Revision = 'july-2013'): SignedValue | null =>
  valueOf({ key: signed().key, data }, revision)

describe('A record of a signed value', () => {
  for (const commit of DROGULUS_COMMITS) {
    test(`gives back each value that was recorded of ${commit} as it was`, () => {
      const requests = drogulusVectors({ commit, direction: 'request' }).filter(isStore)
      assert.ok(requests.length > 15, String(requests.length))
      for (const request of requests) {
        const item = itemIn(request)
        const record = recordOf(item, KEEPING)
        assert.deepEqual(valueOf(record, revisionOf(commit)), item, request.name)
        assert.ok(record.data.length <= MAX_RECORD_BYTES)
        const other = commit === 'e9b8c69' ? 'october-2013' : 'july-2013'
        assert.equal(valueOf(record, other), null, 'nobody of the other revision would believe it')
      }
    })
  }

  test('is kept as long as it lives, or as long as it is told to where that is shorter', () => {
    const mortal = signed({ expires: (START + HOUR) / SECOND })
    const expiries = [Infinity, 2 * HOUR, MINUTE].map(
      (lifetimeMs) => recordOf(mortal, { ...KEEPING, lifetimeMs }).expiresAt - START,
    )
    assert.deepEqual(expiries, [HOUR, HOUR, MINUTE])
    assert.equal(recordOf(signed(), { ...KEEPING, lifetimeMs: MINUTE }).expiresAt, START + MINUTE)
  })

  test('that never expires does so at the end of the year 9999, as what would later (drogulus B0)', () => {
    const end = Date.UTC(9999, 11, 31, 23, 59, 59)
    for (const expires of [-1, 0, 1e300]) assert.equal(expiryOf({ ...signed(), expires }), end)
    assert.equal(recordOf(signed(), KEEPING).expiresAt, end)
  })

  test('is newer than another by its timestamp, and has another digest with another content (drogulus B0)', () => {
    const [older, newer] = [signed(), signed({ timestamp: START / SECOND + 0.001 })]
    const [a, b] = [recordOf(older, KEEPING), recordOf(newer, KEEPING)]
    assert.ok(a.version < b.version)
    assert.equal(b.version, versionOf(newer))
    assert.equal(a.digest.length, 20)
    assert.deepEqual(recordOf(older, { ...KEEPING, source: null }).digest, a.digest)
    assert.notDeepEqual(recordOf(signed({ value: 'other' }), KEEPING).digest, a.digest)
  })
})

describe('A record that was edited by hand', () => {
  test('is no value when it is no msgpack, or no list of nine', () => {
    const { data } = recordOf(signed(), KEEPING)
    assert.ok(read(data) !== null)
    const fields = unpackMsgPack(data) as readonly MsgPackValue[]
    for (const wrong of [
      new Uint8Array(0),
      data.subarray(0, data.length - 1),
      Uint8Array.of(...data, 0xc0),
      Uint8Array.of(0xc1),
      packMsgPack(fields.slice(0, 8)),
      packMsgPack([...fields, null]),
      packMsgPack(new MsgPackMap([])),
      packMsgPack(null),
    ]) {
      assert.equal(read(wrong), null)
    }
  })

  const texts = { publicKey: 4, name: 5, signature: 7, version: 8 }
  for (const [name, place] of Object.entries(texts)) {
    test(`is no value when its ${name} is no text`, () => {
      for (const wrong of [null, 1, [], new MsgPackMap([])]) assert.equal(read(edited(place, wrong)), null)
      assert.ok(read(edited(place, utf8('text'))) !== null)
    })
  }

  for (const [name, place] of Object.entries({ timestamp: 1, expires: 2 })) {
    test(`is no value when its ${name} is no finite float`, () => {
      const odd = [NaN, Infinity, -Infinity].map((each) => new MsgPackFloat(each))
      for (const wrong of [null, 5, utf8('5'), ...odd]) assert.equal(read(edited(place, wrong)), null)
    })
  }

  test('is no value when its meta is anything but texts by texts', () => {
    const maps = [
      new MsgPackMap([[utf8('a'), 1]]),
      new MsgPackMap([[1, utf8('a')]]),
      new MsgPackMap([[utf8('a'), new MsgPackMap([])]]),
    ]
    for (const wrong of [null, 1, [], utf8('a'), ...maps]) assert.equal(read(edited(6, wrong)), null)
  })

  test('is no value when what made it is there in july-2013, or not there in october-2013 (drogulus B2)', () => {
    assert.equal(read(edited(3, utf8('0.0.0.alpha.0'))), null)
    const october = signed({ revision: 'october-2013' })
    assert.ok(read(recordOf(october, KEEPING).data, 'october-2013') !== null)
    for (const wrong of [null, 1]) assert.equal(read(edited(3, wrong, october), 'october-2013'), null)
  })
})
