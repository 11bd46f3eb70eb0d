// Queries that come in: what is read, what is refused with which code, and in which order (khashmir A1, A3, A4).
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { METHODS } from '../../../../src/networks/khashmir/messages.ts'
import { MAX_TRANSACTION_BYTES } from '../../../../src/networks/khashmir/wire/bounds.ts'
import { bytesOf, textOf } from '../../../codecs/bencode-samples.ts'
import {
  answerTo,
  ARGUMENTS,
  decodedQuery,
  FROM,
  ID,
  KEY,
  lenient,
  message,
  NULL_ID,
  query,
  refusalOf,
  silenceAbout,
  T,
  wire,
  wireOf,
} from '../packets.ts'

describe('A query', () => {
  test('of each method is read with its arguments and nothing else (khashmir A3)', () => {
    const read = Object.entries(ARGUMENTS).map(([method, a]) => decodedQuery(query(method, a)).query)
    assert.deepEqual(read, [
      { method: 'ping' },
      { method: 'join' },
      { method: 'find_node', target: KEY },
      { method: 'find_value', key: KEY },
      { method: 'get_value', key: KEY, num: 3 },
      { method: 'store_value', key: KEY, value: bytesOf('a value'), token: bytesOf('token of twenty byte') },
    ])
  })

  test('names its sender, who is dialled at the port that it came from (khashmir A3)', () => {
    const { senderId, dialPort, transaction } = decodedQuery(query('ping', ARGUMENTS['ping']!))
    assert.deepEqual(senderId, ID)
    assert.equal(dialPort, FROM.port)
    assert.equal(textOf(transaction), T)
  })

  test('of the all-zero id is read, and its sender must not become a contact (khashmir A2, A3)', () => {
    assert.equal(decodedQuery(query('ping', { id: NULL_ID })).dialPort, null)
  })

  test('may have unknown fields beside its arguments (khashmir A1)', () => {
    const bytes = message({ a: { id: ID }, q: 'ping', ro: 1, v: 'XX01', y: 'q', zz: [{ b: 1 }] })
    assert.deepEqual(decodedQuery(bytes).query, { method: 'ping' })
  })

  test('may have an argument that the receiver overwrites, of any type (khashmir A1)', () => {
    for (const _krpc_sender of ['x', 1, ['127.0.0.1', 1], {}]) {
      assert.deepEqual(decodedQuery(query('ping', { _krpc_sender, id: ID })).query, { method: 'ping' })
    }
  })

  test('is read from a Buffer as from any bytes', () => {
    const read = decodedQuery(Buffer.from(query('find_node', ARGUMENTS['find_node']!)))
    assert.ok(!Buffer.isBuffer(read.senderId))
    assert.deepEqual(read.query, { method: 'find_node', target: KEY })
  })

  test('may spell a string as text, and numbers as Python reads them (khashmir A1)', () => {
    const bytes = bytesOf(
      `d1:ad2:idu20:${textOf(ID)}3:key20:${textOf(KEY)}3:numi +7Lee1:q9:get_value1:t20:${T}1:y1:qe`,
    )
    assert.deepEqual(decodedQuery(bytes).query, { method: 'get_value', key: KEY, num: 7 })
  })
})

describe('A transaction', () => {
  const ping = (t: string) => message({ a: { id: ID }, q: 'ping', t, y: 'q' })

  test('must have 20 bytes, as the last version wants it (khashmir A1)', () => {
    for (const length of [0, 2, 19, 21]) {
      assert.equal(silenceAbout(ping('x'.repeat(length))), 'transaction-length')
    }
  })

  test('may be empty, or have 1024 bytes, where any is taken (khashmir A1)', () => {
    for (const length of [0, 2, 19, 20, 21, MAX_TRANSACTION_BYTES]) {
      assert.equal(decodedQuery(ping('x'.repeat(length)), lenient).transaction.length, length)
    }
    assert.equal(silenceAbout(ping('x'.repeat(MAX_TRANSACTION_BYTES + 1)), lenient), 'transaction-length')
  })

  test('must be a string, wherever (khashmir A1)', () => {
    for (const by of [wire, lenient]) {
      assert.equal(silenceAbout(message({ a: { id: ID }, q: 'ping', t: 5, y: 'q' }), by), 'no-transaction')
      assert.equal(silenceAbout(bytesOf('d1:y1:qe'), by), 'no-transaction')
    }
  })
})

describe('A method', () => {
  test('that there is not is refused with 203 and its name (khashmir A1, A4)', () => {
    assert.equal(answerTo(query('frobnicate', { id: ID })), '203 unknown method frobnicate')
    assert.equal(answerTo(query('', { id: ID })), '203 unknown method')
    assert.equal(refusalOf(query('frobnicate', {})).reason, 'unknown-method')
  })

  test('that is not of our role is refused with 203, whatever its arguments (khashmir A0)', () => {
    const nodes = wireOf({ methods: () => METHODS.nodes })
    const read = wireOf({ methods: () => METHODS.read })
    assert.equal(answerTo(query('find_value', {}), nodes), '203 unknown method find_value')
    assert.equal(answerTo(query('get_value', ARGUMENTS['get_value']!), nodes), '203 unknown method get_value')
    assert.equal(answerTo(query('store_value', { id: 7 }), read), '203 unknown method store_value')
    assert.deepEqual(
      decodedQuery(query('find_value', ARGUMENTS['find_value']!), read).query.method,
      'find_value',
    )
  })

  test('is never repeated in what we log', () => {
    assert.ok(!refusalOf(query('frobnicate', { id: ID })).message.includes('frob'))
  })
})

describe('An argument', () => {
  test('that is missing is refused with 204 (khashmir A1, A3)', () => {
    for (const [method, all] of Object.entries(ARGUMENTS)) {
      for (const missing of Object.keys(all)) {
        const { [missing]: _, ...rest } = all
        assert.match(answerTo(query(method, rest)), /^204 /, `${method} without ${missing}`)
      }
    }
  })

  test('that the method does not take is refused with 204, known or not (khashmir A1, A3)', () => {
    for (const [method, all] of Object.entries(ARGUMENTS)) {
      for (const extra of ['key', 'num', 'target', 'token', 'value', 'foo', '', 'info_hash', 'zz']) {
        if (extra in all) continue
        assert.match(answerTo(query(method, { ...all, [extra]: KEY })), /^204 /, `${method} with ${extra}`)
      }
    }
  })

  test('that should be a string is refused with 204 when it is none (khashmir A0, A3)', () => {
    for (const [method, name] of [
      ['find_node', 'target'],
      ['find_value', 'key'],
      ['get_value', 'key'],
      ['store_value', 'key'],
      ['store_value', 'value'],
    ] as const) {
      for (const wrong of [5, 2n ** 159n, ['a'], {}]) {
        assert.match(
          answerTo(query(method, { ...ARGUMENTS[method], [name]: wrong })),
          /^204 /,
          `${method} ${name}`,
        )
      }
    }
  })

  test('that should be an id is refused with 201, without a text, when it has not 20 bytes (khashmir A3)', () => {
    for (const [method, name] of [
      ['ping', 'id'],
      ['join', 'id'],
      ['find_node', 'id'],
      ['find_node', 'target'],
      ['find_value', 'key'],
      ['get_value', 'key'],
      ['store_value', 'id'],
      ['store_value', 'key'],
    ] as const) {
      for (const wrong of ['', 'x'.repeat(19), 'x'.repeat(21)]) {
        assert.equal(
          answerTo(query(method, { ...ARGUMENTS[method], [name]: wrong })),
          '201',
          `${method} ${name}`,
        )
      }
    }
  })

  test('that is no string is refused with 201 where it is the id of the sender (khashmir A3)', () => {
    for (const id of [7, ['x'], {}]) assert.equal(answerTo(query('ping', { id })), '201')
  })

  test('is looked at after the method, and its length after what there is of all (khashmir A4)', () => {
    assert.match(answerTo(query('vote', { id: 7, foo: 1 })), /^203 /)
    assert.match(answerTo(query('ping', { id: 7, foo: 1 })), /^204 /)
    assert.match(answerTo(query('find_node', { id: 'short', target: 5 })), /^204 /)
    assert.match(
      answerTo(query('store_value', { ...ARGUMENTS['store_value'], key: 'short', value: 5 })),
      /^204 /,
    )
    assert.match(answerTo(query('get_value', { id: 'short', key: 'short', num: -1 })), /^204 /)
  })
})

describe('The number of values that is wanted', () => {
  const num = (wanted: string) => {
    const text = `d1:ad2:id20:${textOf(ID)}3:key20:${textOf(KEY)}3:num${wanted}e1:q9:get_value1:t20:${T}1:y1:qe`
    return bytesOf(text)
  }
  const read = (wanted: string) => (decodedQuery(num(wanted)).query as { num: number }).num

  test('is any from 0, which is all (khashmir A0, A3)', () => {
    assert.deepEqual(['i0e', 'i1e', 'i9007199254740991e'].map(read), [0, 1, Number.MAX_SAFE_INTEGER])
  })

  test('is all where it is more than can be counted, or a string (khashmir A3)', () => {
    assert.deepEqual(
      ['i9007199254740992e', `i1${'0'.repeat(900)}e`, '1:2', '0:', 'u1:2'].map(read),
      [0, 0, 0, 0, 0],
    )
  })

  test('is refused with 204 when it is negative, or neither number nor string (khashmir A0)', () => {
    for (const wrong of ['i-1e', `i-1${'0'.repeat(100)}e`, 'le', 'de', 't2008-03-01T00:00:00e']) {
      assert.match(answerTo(num(wrong)), /^204 .*num/, wrong)
    }
  })
})

describe('A token', () => {
  const token = (given: string | number | string[]) =>
    decodedQuery(query('store_value', { ...ARGUMENTS['store_value'], token: given })).query

  test('of any length is handed on, for it is refused with 205 behind the wire (khashmir A3)', () => {
    for (const length of [0, 1, 19, 20, 21, 2_000]) {
      assert.deepEqual(
        (token('x'.repeat(length)) as { token: Uint8Array }).token,
        bytesOf('x'.repeat(length)),
      )
    }
  })

  test('that is no string is handed on as an empty one, which is none of anybody (khashmir A3)', () => {
    for (const wrong of [5, ['x']]) assert.equal((token(wrong) as { token: Uint8Array }).token.length, 0)
  })
})
