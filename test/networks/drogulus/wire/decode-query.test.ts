import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MsgPackFloat, MsgPackMap } from '../../../../src/codecs/msgpack.ts'
import type { MsgPackValue } from '../../../../src/codecs/msgpack.ts'
import { MAX_MESSAGE_BYTES, MAX_VALUE_DEPTH } from '../../../../src/networks/drogulus/wire/bounds.ts'
import { hex, mapOf, raw } from '../../../codecs/msgpack-samples.ts'
import {
  answerTo,
  decodedQuery,
  decodedReply,
  failureOf,
  ID,
  ITEM,
  ITEM_FIELDS,
  KEY,
  message,
  october,
  textOf,
  UUID,
  WANTED,
} from '../packets.ts'
import type { Fields } from '../packets.ts'

const store = (more: Fields = {}): Uint8Array => message('store', { ...ITEM_FIELDS, ...more })

describe('A request', () => {
  test('is read with uuid and sender (drogulus B2)', () => {
    const { kind, transaction, senderId, dialPort, query } = decodedQuery(message('ping'))
    assert.deepEqual({ kind, dialPort, query }, { kind: 'query', dialPort: null, query: { method: 'ping' } })
    assert.equal(textOf(transaction), UUID)
    assert.deepEqual(senderId, ID)
  })

  test('for a key names it (drogulus B2)', () => {
    for (const method of ['findnode', 'findvalue'] as const) {
      const { query } = decodedQuery(message(method, { key: KEY }))
      assert.deepEqual(query, { method, key: KEY, anyPort: false })
      assert.match(answerTo(message(method)), /^1 Bad request: find.*: key must be a string, got nothing/)
      assert.match(answerTo(message(method, { key: [] })), /key must be a string, got array/)
      assert.match(answerTo(message(method, { key: '' })), /key must be 1 to 64 bytes, got 0/)
      assert.match(answerTo(message(method, { key: 'k'.repeat(65) })), /key must be 1 to 64 bytes, got 65/)
    }
  })

  test('for a key that is shorter is for a small number (drogulus B2)', () => {
    const { query } = decodedQuery(message('findnode', { key: '\x01\x02' }))
    assert.ok(query.method === 'findnode')
    assert.equal(textOf(query.key), `${'\0'.repeat(62)}\x01\x02`)
  })
})

describe('The reply port of a request', () => {
  const portAndReach = (reply_port: MsgPackValue | undefined): unknown[] => {
    const { dialPort, query } = decodedQuery(message('findnode', { key: KEY, reply_port }))
    assert.ok(query.method === 'findnode')
    return [dialPort, query.anyPort]
  }

  test('is where its sender can be dialled, and shows that it reads any port (drogulus B0)', () => {
    assert.deepEqual(portAndReach(1), [1, true])
    assert.deepEqual(portAndReach(1_908), [1_908, true])
    assert.deepEqual(portAndReach(65_535), [65_535, true])
  })

  test('of 0 means that its sender is no contact, and reads any port (drogulus B0)', () => {
    assert.deepEqual(portAndReach(0), [null, true])
  })

  test('is not sent by originals, which can be dialled nowhere and read ports to 49151 (drogulus B0, B2)', () => {
    assert.deepEqual(portAndReach(undefined), [null, false])
  })

  test('is refused when it is anything else', () => {
    for (const reply_port of [-1, 65_536, 2n ** 60n, new MsgPackFloat(1_908), raw('1908'), null, true, []]) {
      assert.match(answerTo(message('ping', { reply_port })), /reply_port must be an integer from 0 to 65535/)
    }
  })
})

describe('A store', () => {
  test('brings a value with all that was signed (drogulus B2)', () => {
    assert.deepEqual(decodedQuery(store()).query, { method: 'store', item: ITEM })
  })

  test('brings a value of any type (drogulus B2)', () => {
    const values = [null, true, 5, -5, 2n ** 63n, new MsgPackFloat(1), raw(''), [], [1, [2]], mapOf({ a: 1 })]
    for (const value of values) {
      const { query } = decodedQuery(store({ value }))
      assert.ok(query.method === 'store')
      assert.deepEqual(query.item.value, value)
    }
  })

  test('keeps the keys of meta in their order, and one that comes twice', () => {
    const meta = new MsgPackMap(['b', 'a', 'b'].map((key, i) => [raw(key), raw(String(i))]))
    const { query } = decodedQuery(store({ meta }))
    assert.ok(query.method === 'store')
    assert.deepEqual(query.item.meta, meta)
  })

  test('of October names what it was created with; one of July has no such field, or none that counts (drogulus B2)', () => {
    const { query } = decodedQuery(store({ created_with: '1.2' }), october)
    assert.deepEqual(query, { method: 'store', item: { ...ITEM, createdWith: raw('1.2') } })
    assert.match(answerTo(store(), october), /created_with must be a string, got nothing/)
    assert.match(answerTo(store({ created_with: 7 }), october), /created_with must be a string, got integer/)
    const july = decodedQuery(store({ created_with: '1.2' }))
    assert.deepEqual(july.query, { method: 'store', item: { ...ITEM, foreignCreatedWith: raw('1.2') } })
    assert.equal(decodedQuery(store({ created_with: 7 })).query.method, 'store')
  })

  const WRONG: Readonly<Record<string, readonly [RegExp, ...(MsgPackValue | undefined)[]]>> = {
    key: [/key must be/, undefined, 5, raw(''), raw('k'.repeat(65))],
    value: [/value must be there/, undefined],
    timestamp: [/timestamp must be a finite float/, undefined, 1_373_900_000, null, raw('1.0')],
    expires: [/expires must be a finite float/, undefined, -1, null, raw('1.0')],
    public_key: [/public_key must be a string/, undefined, null, 5],
    name: [/name must be a string/, undefined, null, 5],
    meta: [/meta must be/, undefined, null, [], mapOf({ a: 1 }), new MsgPackMap([[1, raw('a')]])],
    sig: [/sig must be a string/, undefined, null, 5],
    version: [/version must be a string/, undefined, null, 5],
  }
  for (const [field, [why, ...values]] of Object.entries(WRONG)) {
    test(`and a value are refused when ${field} is missing or of another type (drogulus B2)`, () => {
      for (const value of values) {
        assert.match(answerTo(store({ [field]: value })), why)
        const asValue = message('value', { ...ITEM_FIELDS, [field]: value })
        assert.match(failureOf(asValue), why)
      }
    })
  }

  test('is refused when a time is infinite or no number, with which nothing can be compared', () => {
    for (const value of [NaN, Infinity, -Infinity]) {
      assert.match(
        answerTo(store({ timestamp: new MsgPackFloat(value) })),
        /timestamp must be a finite float/,
      )
      assert.match(answerTo(store({ expires: new MsgPackFloat(value) })), /expires must be a finite float/)
    }
  })

  test('is refused when meta nests, however deep (T17)', () => {
    assert.match(answerTo(store({ meta: mapOf({ a: mapOf({}) }) })), /meta: more than 1 containers/)
  })

  test('is refused when its value is deeper than what can be packed again within a message (T17)', () => {
    const nested = (depth: number): MsgPackValue => {
      let value: MsgPackValue = []
      for (let i = 1; i < depth; i++) value = [value]
      return value
    }
    assert.equal(decodedQuery(store({ value: nested(MAX_VALUE_DEPTH) })).query.method, 'store')
    const around = Buffer.from(store({ value: 'here it is' })).toString('hex')
    const deeper = (depth: number): Uint8Array => {
      const value = `${'91'.repeat(depth - 1)}90`
      return hex(around.replace(`aa${Buffer.from('here it is').toString('hex')}`, value))
    }
    assert.equal(decodedQuery(deeper(MAX_VALUE_DEPTH)).query.method, 'store')
    assert.match(
      answerTo(deeper(MAX_VALUE_DEPTH + 1)),
      /^1 Bad request: store: value: more than 63 containers/,
    )
    assert.match(answerTo(deeper(50_000)), /^1 Bad request: store: value: more than 63 containers/)
  })

  test('is refused with 4 when its value would not fit into a message of ours (drogulus B0, B1)', () => {
    const room = MAX_MESSAGE_BYTES - store({ value: '' }).length
    // So long a raw has a head of 5 bytes, not of 1, and ours has a reply_port besides.
    const largest = 'v'.repeat(room - 4 - '*reply_port***'.length)
    const { query } = decodedQuery(store({ value: largest }))
    assert.equal(query.method, 'store')
    assert.match(
      answerTo(store({ value: `${largest}v` })),
      /^4 Request too big: as a value it would have 100000 bytes/,
    )
  })

  test('is refused with 4 when floats of 4 bytes would grow beyond a message (drogulus B3)', () => {
    const small = Buffer.from(store({ value: 'here it is' })).toString('hex')
    const floats = `dc4a38${'ca3f800000'.repeat(19_000)}`
    const bytes = hex(small.replace(`aa${Buffer.from('here it is').toString('hex')}`, floats))
    assert.ok(bytes.length < MAX_MESSAGE_BYTES)
    assert.match(answerTo(bytes), /^4 Request too big/)
  })

  test('holds the version of the message that it came in', () => {
    const { query } = decodedQuery(store({ version: '9.9' }))
    assert.ok(query.method === 'store')
    assert.deepEqual(query.item.version, raw('9.9'))
    assert.deepEqual(
      decodedReply(message('value', { ...WANTED['value'], version: '9.9' })).reply.item?.version,
      raw('9.9'),
    )
  })
})
