// What we write: the bytes of each message, keys sorted, as the originals write them (khashmir A1, A3).
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Contact, KnownContact } from '../../../../src/kademlia/contact.ts'
import { asId } from '../../../../src/kademlia/id.ts'
import type { KhashmirQuery, KhashmirReply } from '../../../../src/networks/khashmir/messages.ts'
import { bytesOf, textOf } from '../../../codecs/bencode-samples.ts'
import { FROM, ID, KEY, OWN_ID, T, wire, wireOf } from '../packets.ts'

const own = textOf(OWN_ID)
const key = textOf(KEY)
const transaction = bytesOf(T)

const asked = (query: KhashmirQuery, by = wire, to: Parameters<typeof wire.encodeQuery>[2] = FROM): string =>
  textOf(by.encodeQuery(query, transaction, to))
const answered = (reply: KhashmirReply): string => textOf(wire.encodeReply(reply, transaction, FROM))

describe('A query that we write', () => {
  test('is what the originals write, for each method (khashmir A3)', () => {
    const end = `1:t20:${T}1:y1:qe`
    const begin = `d1:ad2:id20:${own}`
    assert.equal(asked({ method: 'ping' }), `${begin}e1:q4:ping${end}`)
    assert.equal(asked({ method: 'join' }), `${begin}e1:q4:join${end}`)
    assert.equal(
      asked({ method: 'find_node', target: KEY }),
      `${begin}6:target20:${key}e1:q9:find_node${end}`,
    )
    assert.equal(asked({ method: 'find_value', key: KEY }), `${begin}3:key20:${key}e1:q10:find_value${end}`)
    const get = { method: 'get_value', key: KEY } as const
    assert.equal(asked({ ...get, num: 0 }), `${begin}3:key20:${key}3:numi0ee1:q9:get_value${end}`)
    const many = Number.MAX_SAFE_INTEGER
    assert.equal(asked({ ...get, num: many }), `${begin}3:key20:${key}3:numi${many}ee1:q9:get_value${end}`)
    const store = {
      method: 'store_value',
      key: KEY,
      value: bytesOf('a value'),
      token: bytesOf('tk'),
    } as const
    assert.equal(asked(store), `${begin}3:key20:${key}5:token2:tk5:value7:a valuee1:q11:store_value${end}`)
  })

  test('stays as it is when others are written', () => {
    const first = wire.encodeQuery({ method: 'find_node', target: KEY }, transaction, FROM)
    const text = textOf(first)
    for (let i = 0; i < 1_000; i++) wire.encodeQuery({ method: 'join' }, transaction, FROM)
    wire.encodeReply({}, transaction, FROM)
    assert.equal(textOf(first), text)
  })

  test('has any size that its value has (khashmir A1)', () => {
    for (const length of [0, 1_319, 8_192, 40_000]) {
      const value = new Uint8Array(length).fill(0x76)
      const text = asked({ method: 'store_value', key: KEY, value, token: new Uint8Array(300) })
      assert.ok(text.endsWith(`5:value${length}:${'v'.repeat(length)}e1:q11:store_value1:t20:${T}1:y1:qe`))
    }
  })

  test('goes out under the id of its receiver when nobody is to put us in a table', () => {
    const anonymous = wireOf({ anonymous: () => true })
    const ping = (id: string) => `d1:ad2:id20:${id}e1:q4:ping1:t20:${T}1:y1:qe`
    assert.equal(asked({ method: 'ping' }, anonymous, { ...FROM, id: ID }), ping(textOf(ID)))
    assert.equal(asked({ method: 'ping' }, anonymous, { ...FROM, id: null }), ping(own))
    assert.equal(asked({ method: 'ping' }, anonymous), ping(own))
    assert.equal(asked({ method: 'ping' }, wire, { ...FROM, id: ID }), ping(own))
  })
})

describe('A reply that we write', () => {
  const contacts: readonly Contact[] = [
    { id: KEY, address: { host: '10.0.0.1', port: 256 } },
    { id: KEY, address: { host: '2001:db8::1', port: 256 } },
    { id: KEY, address: { host: '10.0.0.2', port: 65_535 } },
  ]
  const begin = `d1:rd2:id20:${own}`
  const end = `e1:t20:${T}1:y1:re`

  test('is what the originals write (khashmir A3)', () => {
    assert.equal(answered({}), `${begin}${end}`)
    assert.equal(answered({ seenAs: FROM }), `${begin}7:ip_addr9:127.0.0.14:porti20500e${end}`)
    assert.equal(answered({ nodes: [], token: bytesOf('tk') }), `${begin}5:nodesle5:token2:tk${end}`)
    assert.equal(answered({ nodes: [], num: 0 }), `${begin}5:nodesle3:numi0e${end}`)
    assert.equal(answered({ values: [] }), `${begin}6:valuesle${end}`)
    assert.equal(answered({ values: ['v0', '', 'v1'].map(bytesOf) }), `${begin}6:valuesl2:v00:2:v1e${end}`)
  })

  test('has contacts of 26 bytes, and none that are not of IPv4 (khashmir A2)', () => {
    const nodes = `26:${key}\x0a\x00\x00\x01\x01\x0026:${key}\x0a\x00\x00\x02\xff\xff`
    assert.equal(answered({ nodes: contacts }), `${begin}5:nodesl${nodes}e${end}`)
    assert.equal(answered({ nodes: contacts.slice(1, 2) }), `${begin}5:nodesle${end}`)
  })

  test('keeps what it wrote of a contact of the table', () => {
    const known = { ...contacts[0]!, wireForm: null } as KnownContact
    const text = answered({ nodes: [known] })
    assert.equal(known.wireForm?.length, 26)
    assert.equal(answered({ nodes: [known] }), text)
  })

  test('is under the id that we have then', () => {
    let id = OWN_ID
    const changing = wireOf({ ownId: () => id })
    id = ID
    assert.deepEqual(textOf(changing.encodeReply({}, transaction, FROM)).slice(12, 32), textOf(ID))
  })

  test('echoes any transaction (khashmir A1)', () => {
    for (const t of ['', 'aa', 'x'.repeat(300)]) {
      assert.ok(textOf(wire.encodeReply({}, bytesOf(t), FROM)).endsWith(`e1:t${t.length}:${t}1:y1:re`))
    }
  })
})

describe('An error that we write', () => {
  const error = (code: number, message: string): string =>
    textOf(wire.encodeError({ code, message }, transaction, FROM))

  test('is a list of code and text (khashmir A1, A4)', () => {
    const invalid = 'token is invalid, do a find_nodes to get a fresh one'
    assert.equal(error(205, invalid), `d1:eli205e52:${invalid}e1:t20:${T}1:y1:ee`)
    assert.equal(error(201, ''), `d1:eli201e0:e1:t20:${T}1:y1:ee`)
    assert.equal(error(203, 'unknown method é'), `d1:eli203e17:unknown method \xc3\xa9e1:t20:${T}1:y1:ee`)
  })

  test('stays as it is when others are written', () => {
    const first = wire.encodeError({ code: 201, message: 'x' }, transaction, FROM)
    const text = textOf(first)
    wire.encodeReply({ values: [bytesOf('y')] }, transaction, FROM)
    wire.encodeError({ code: 205, message: 'zzzz' }, bytesOf('aa'), FROM)
    assert.equal(textOf(first), text)
  })

  test('names no sender, so it is the same for all', () => {
    const other = wireOf({ ownId: () => asId(bytesOf('x'.repeat(20))) })
    assert.equal(textOf(other.encodeError({ code: 201, message: '' }, transaction, FROM)), error(201, ''))
  })
})
