import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MsgPackMap } from '../../../../src/codecs/msgpack.ts'
import type { MsgPackValue } from '../../../../src/codecs/msgpack.ts'
import { mapOf, raw } from '../../../codecs/msgpack-samples.ts'
import {
  decodedError,
  decodedReply,
  failureOf,
  ID,
  ITEM,
  ITEM_FIELDS,
  KEY,
  message,
  node,
  october,
  T,
  textOf,
} from '../packets.ts'

const nodes = (...list: readonly MsgPackValue[]): Uint8Array => message('nodes', { nodes: list })

/** Host and port of the contacts that are read. */
const contactsOf = (...list: readonly MsgPackValue[]): string[] =>
  decodedReply(nodes(...list)).reply.nodes!.map(({ address: { host, port } }) => `${host} ${port}`)

const error = (more: Readonly<Record<string, MsgPackValue | undefined>> = {}): Uint8Array =>
  message('error', { code: 6, title: raw('Unverifiable provenance'), details: mapOf({}), ...more })

describe('An answer', () => {
  test('of pong has nothing but its sender (drogulus B2)', () => {
    const pong = decodedReply(message('pong'))
    assert.deepEqual(pong, { kind: 'reply', transaction: T, senderId: ID, reply: {}, seenAs: null })
  })

  test('of a value has it as a store would have (drogulus B2)', () => {
    assert.deepEqual(decodedReply(message('value', ITEM_FIELDS)).reply, { item: ITEM })
    const since = { ...ITEM_FIELDS, created_with: raw('1.2') }
    const item = { ...ITEM, createdWith: raw('1.2') }
    assert.deepEqual(decodedReply(message('value', since), october).reply, { item })
    assert.match(failureOf(message('value', ITEM_FIELDS), october), /created_with must be a string/)
  })

  test('may tell a reply port, which is nothing to us: we know where we dialled', () => {
    assert.deepEqual(decodedReply(message('pong', { reply_port: raw('anything') })).reply, {})
  })
})

describe('Contacts', () => {
  test('are read with id, host and port; their version is not looked at (drogulus B2)', () => {
    const other = [raw('short'), raw('::1'), 1, raw('9.9')]
    const { reply } = decodedReply(nodes(node(), other))
    assert.deepEqual(reply.nodes![0], { id: KEY, address: { host: '10.0.0.1', port: 9_000 } })
    assert.equal(textOf(reply.nodes![1]!.id), `${'\0'.repeat(59)}short`)
    assert.deepEqual(reply.nodes![1]!.address, { host: '::1', port: 1 })
  })

  test('may be none', () => {
    assert.deepEqual(decodedReply(nodes()).reply, { nodes: [] })
  })

  test('are read with any port that there is, above 49151 too (drogulus B0)', () => {
    const ports = [1, 49_151, 49_152, 65_535]
    assert.deepEqual(
      contactsOf(...ports.map((port) => node('10.0.0.1', port))),
      ports.map((port) => `10.0.0.1 ${port}`),
    )
  })

  test('are left out when their port is 0 (drogulus B0)', () => {
    assert.deepEqual(contactsOf(node('10.0.0.1', 0), node('10.0.0.2', 2)), ['10.0.0.2 2'])
  })

  test('are left out when their host is no IP address: names are refused (drogulus B0)', () => {
    const hosts = ['example.org', 'localhost', '', '1.2.3', '01.2.3.4', '127.1', '2130706433', ':', '1::2::3']
    assert.deepEqual(
      contactsOf(...[...hosts, 'x'.repeat(5_000), '0'.repeat(46)].map((host) => node(host))),
      [],
    )
  })

  test('have their host in its one form', () => {
    const hosts = ['2001:DB8:0:0::1', '::ffff:10.0.0.7', '0000:0000:0000:0000:0000:ffff:192.168.100.100']
    assert.deepEqual(contactsOf(...hosts.map((host) => node(host))), [
      '2001:db8::1 9000',
      '10.0.0.7 9000',
      '192.168.100.100 9000',
    ])
  })

  test('fail the request when one of them is not what a node must be (drogulus B2)', () => {
    const id = raw('i'.repeat(64))
    const version = raw('v')
    const wrong: readonly MsgPackValue[] = [
      5,
      raw('a node'),
      mapOf({}),
      [],
      [id, raw('10.0.0.1'), 1],
      [id, raw('10.0.0.1'), 1, version, version],
      [raw(''), raw('10.0.0.1'), 1, version],
      [raw('i'.repeat(65)), raw('10.0.0.1'), 1, version],
      [5, raw('10.0.0.1'), 1, version],
      [id, 5, 1, version],
      [id, raw('10.0.0.1'), raw('1'), version],
      [id, raw('10.0.0.1'), -1, version],
      [id, raw('10.0.0.1'), 65_536, version],
      [id, raw('10.0.0.1'), 2n ** 60n, version],
      [id, raw('10.0.0.1'), 1, 5],
    ]
    for (const each of wrong) assert.match(failureOf(nodes(node(), each)), /^nodes: /)
    for (const list of [undefined, null, 5, raw(''), mapOf({})]) {
      assert.match(failureOf(message('nodes', { nodes: list })), /nodes must be an array/)
    }
  })

  test('are at most 40; those behind are not looked at (T26)', () => {
    const many = Array.from({ length: 41 }, (_, i) => node('10.0.0.1', i + 1))
    assert.equal(decodedReply(nodes(...many)).reply.nodes!.length, 40)
    assert.equal(decodedReply(nodes(...many, raw('no node'))).reply.nodes!.at(-1)!.address.port, 40)
    assert.match(failureOf(nodes(...many.slice(0, 39), raw('no node'))), /arrays of 4/)
  })

  test('have ids that are copies, which do not keep a large message in memory', () => {
    assert.equal(decodedReply(nodes(node())).reply.nodes![0]!.id.buffer.byteLength, 64)
  })
})

describe('An error', () => {
  test('has code, title and details (drogulus B2, B4)', () => {
    const details = mapOf({ message: raw('You have been blacklisted.') })
    assert.deepEqual(decodedError(error({ details })), {
      kind: 'error',
      transaction: T,
      code: 6,
      message: 'Unverifiable provenance',
      details: { message: 'You have been blacklisted.' },
      seenAs: null,
    })
  })

  test('has a code from 1 to 8 (drogulus B2)', () => {
    for (let code = 1; code <= 8; code++) assert.equal(decodedError(error({ code })).code, code)
    for (const code of [0, 9, -1, 203, 2n ** 60n, raw('6'), null, undefined]) {
      assert.match(failureOf(error({ code })), /code must be an integer from 1 to 8/)
    }
  })

  test('has a title and details of texts (drogulus B2)', () => {
    assert.match(failureOf(error({ title: undefined })), /title must be a string/)
    assert.match(failureOf(error({ title: 5 })), /title must be a string/)
    for (const details of [undefined, null, [], raw('')]) {
      assert.match(failureOf(error({ details })), /details must be a map/)
    }
    const odd = [mapOf({ a: 5 }), new MsgPackMap([[5, raw('a')]]), mapOf({ a: raw('a'), b: [] })]
    for (const details of odd)
      assert.match(failureOf(error({ details })), /details must be strings by strings/)
  })

  test('is cut where it is longer than anybody reads: 128 bytes a text, 8 details (T17)', () => {
    const details = mapOf(
      Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`k${i}`, raw('d'.repeat(500))])),
    )
    const long = decodedError(error({ title: raw('t'.repeat(500)), details }))
    assert.equal(long.message, 't'.repeat(128))
    assert.deepEqual(Object.keys(long.details!), ['k0', 'k1', 'k2', 'k3', 'k4', 'k5', 'k6', 'k7'])
    assert.ok(Object.values(long.details!).every((text) => text === 'd'.repeat(128)))
  })

  test('cannot change what all objects have by the names of its details', () => {
    const details = decodedError(
      error({ details: mapOf({ ['__proto__']: raw('x'), toString: raw('y') }) }),
    ).details!
    assert.deepEqual(Object.keys(details), ['__proto__', 'toString'])
    assert.equal(Object.getPrototypeOf(details), Object.prototype)
  })

  test('has texts of any bytes; what is no UTF-8 is replaced', () => {
    assert.equal(decodedError(error({ title: Uint8Array.of(0x61, 0xff) })).message, 'a\ufffd')
  })
})
