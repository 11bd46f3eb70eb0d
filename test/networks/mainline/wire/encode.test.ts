import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { decodeBencode, encodeBencode } from '../../../../src/codecs/bencode.ts'
import type { KnownContact } from '../../../../src/kademlia/contact.ts'
import {
  ERROR,
  type MainlineQuery,
  type MainlineReply,
  type Signed,
} from '../../../../src/networks/mainline/messages.ts'
import { createWire } from '../../../../src/networks/mainline/wire.ts'
import { bytesOf, textOf } from '../../../codecs/bencode-samples.ts'
import {
  FROM,
  FROM6,
  HASH,
  ID,
  VERSION,
  bep5,
  decode,
  decodedQuery,
  decodedReply,
  settings,
  wire,
  wire6,
} from '../packets.ts'

const AA = bytesOf('aa')
const IP = 'ip6:\x5d\xb8\xd8\x22\xc8\xd5'
const OWN = '20:0123456789abcdefghij'
const TAIL = '1:t2:aa1:v4:XO\x00\x01'

const SIGNED: Signed = {
  publicKey: new Uint8Array(32).fill(1),
  salt: new Uint8Array(0),
  seq: 1n,
  signature: new Uint8Array(64).fill(2),
}

const known = (host: string, port: number): KnownContact => ({
  id: HASH,
  address: { host, port },
  repliedAt: 1,
  queriedAt: 0,
  addedAt: 0,
  failures: 0,
  rttMs: null,
  wireForm: null,
})

const query = (asked: MainlineQuery): string => textOf(wire.encodeQuery(asked, AA, FROM))

describe('A query of ours', () => {
  test('K-01 K-04 is that of BEP 5 with our version', () => {
    assert.equal(query({ method: 'ping' }), `d1:ad2:id${OWN}e1:q4:ping${TAIL}1:y1:qe`)
    assert.equal(
      query({ method: 'find_node', target: HASH, want: null }),
      `d1:ad2:id${OWN}6:target20:mnopqrstuvwxyz123456e1:q9:find_node${TAIL}1:y1:qe`,
    )
  })

  test('K-14 has its keys sorted and is read back as it was, whatever it asks', () => {
    const all: MainlineQuery[] = [
      { method: 'ping' },
      { method: 'find_node', target: HASH, want: { n4: true, n6: true } },
      { method: 'get_peers', infoHash: HASH, want: { n4: false, n6: true }, noSeed: true, scrape: true },
      { method: 'get_peers', infoHash: HASH, want: null, noSeed: false, scrape: false },
      { method: 'announce_peer', infoHash: HASH, port: 6881, token: bytesOf('token'), seed: true },
      { method: 'announce_peer', infoHash: HASH, port: 'implied', token: new Uint8Array(0), seed: false },
      { method: 'announce_peer', infoHash: HASH, port: 65_535, token: new Uint8Array(64), seed: false },
      { method: 'get', target: HASH, want: { n4: true, n6: true }, seq: 2n ** 53n },
      { method: 'get', target: HASH, want: null, seq: null },
      { method: 'sample_infohashes', target: HASH, want: { n4: true, n6: false } },
      { method: 'put', token: bytesOf('token'), value: bytesOf('5:value'), signed: null, cas: null },
      { method: 'put', token: bytesOf('token'), value: bytesOf('li1ee'), signed: SIGNED, cas: null },
      {
        method: 'put',
        token: bytesOf('token'),
        value: bytesOf('de'),
        signed: { ...SIGNED, seq: 2n ** 63n - 1n, salt: bytesOf('salt') },
        cas: 0n,
      },
    ]
    for (const asked of all) {
      const packet = wire.encodeQuery(asked, AA, FROM)
      assert.equal(textOf(encodeBencode(decodeBencode(packet))), textOf(packet))
      assert.deepEqual(decodedQuery(packet), asked)
    }
  })

  test('B43-02 says ro at the top while we are read-only, and then no more', () => {
    let readOnly = true
    const changing = createWire({ ...settings, family: 4, readOnly: () => readOnly })
    const text = (): string => textOf(changing.encodeQuery({ method: 'ping' }, AA, FROM))
    assert.equal(text(), `d1:ad2:id${OWN}e1:q4:ping2:roi1e${TAIL}1:y1:qe`)
    readOnly = false
    assert.equal(text(), `d1:ad2:id${OWN}e1:q4:ping${TAIL}1:y1:qe`)
  })

  test('has bytes of its own, that later messages leave alone', () => {
    const first = wire.encodeQuery({ method: 'ping' }, AA, FROM)
    const before = textOf(first)
    for (let i = 0; i < 500; i++) {
      wire.encodeQuery({ method: 'find_node', target: HASH, want: null }, AA, FROM)
      wire.encodeError({ code: 203, message: 'x' }, AA, FROM)
      wire.encodeReply({ nodes: [] }, AA, FROM)
    }
    assert.equal(textOf(first), before)
  })

  test('is sent under the id that we have then (BEP 42)', () => {
    let id = ID
    const changing = createWire({ ...settings, family: 4, ownId: () => id })
    const senderOf = (): unknown => {
      const message = decode(changing.encodeQuery({ method: 'ping' }, AA, FROM))
      return message.kind === 'query' && message.senderId
    }
    assert.deepEqual(senderOf(), ID)
    id = HASH
    assert.deepEqual(senderOf(), HASH)
  })
})

describe('A reply of ours', () => {
  test('K-16 K-04 names the requester and our version', () => {
    assert.equal(textOf(wire.encodeReply({}, AA, FROM)), `d2:${IP}1:rd2:id${OWN}e${TAIL}1:y1:re`)
    const message = decode(wire6.encodeReply({}, AA, FROM6))
    assert.deepEqual(message.kind === 'reply' && message.seenAs, FROM6)
  })

  test('K-20 names a mapped requester by its IPv4 address', () => {
    const text = textOf(wire.encodeReply({}, AA, { ...FROM, host: `::ffff:${FROM.host}` }))
    assert.ok(text.startsWith(`d2:${IP}1:r`))
  })

  test('K-14 has its keys sorted, and is read back as it was', () => {
    const reply = {
      nodes: [{ id: HASH, address: { host: '8.8.8.8', port: 1 } }],
      nodes6: [{ id: ID, address: { host: '2a00::1', port: 65_535 } }],
      token: bytesOf('aoeusnth'),
      values: [bytesOf('axje.u'), bytesOf('idhtnm')],
    }
    const packet = wire.encodeReply(reply, AA, FROM)
    assert.equal(textOf(encodeBencode(decodeBencode(packet))), textOf(packet))
    assert.deepEqual(decodedReply(packet), reply)
  })

  test('K-14 has its keys sorted also when it has everything that BEP 33, 44 and 51 add', () => {
    const reply: MainlineReply = {
      nodes: [{ id: HASH, address: { host: '8.8.8.8', port: 1 } }],
      nodes6: [{ id: ID, address: { host: '2a00::1', port: 65_535 } }],
      token: bytesOf('aoeusnth'),
      values: [bytesOf('axje.u'), bytesOf('idhtnm')],
      filters: { seeds: new Uint8Array(256).fill(1), peers: new Uint8Array(256).fill(2) },
      value: bytesOf('12:Hello World!'),
      publicKey: new Uint8Array(32).fill(3),
      signature: new Uint8Array(64).fill(4),
      seq: 2n ** 63n - 1n,
      interval: 21_600,
      num: 1_000_000,
      samples: [HASH, ID],
    }
    const packet = wire.encodeReply(reply, AA, FROM)
    assert.equal(textOf(encodeBencode(decodeBencode(packet))), textOf(packet))
    assert.deepEqual(decodedReply(packet), reply)
  })

  test('B5-03 has the contacts of the table in 26 bytes, which it keeps there', () => {
    const contact = known('8.8.8.8', 258)
    const first = textOf(wire.encodeReply({ nodes: [contact] }, AA, FROM))
    assert.equal(textOf(contact.wireForm!), 'mnopqrstuvwxyz123456\x08\x08\x08\x08\x01\x02')
    assert.ok(first.includes('5:nodes26:mnopqrstuvwxyz123456\x08\x08\x08\x08\x01\x02'))
    assert.equal(textOf(wire.encodeReply({ nodes: [contact] }, AA, FROM)), first)
  })

  test('B5-03 leaves a contact that has no place for its bytes as it is', () => {
    const contact = { id: HASH, address: { host: '8.8.8.8', port: 258 } }
    wire.encodeReply({ nodes: [contact] }, AA, FROM)
    assert.deepEqual(Object.keys(contact), ['id', 'address'])
  })

  test('B32-07 leaves out contacts and values of the other family', () => {
    const reply = {
      nodes: [known('2a00::1', 1), known('8.8.8.8', 1), known('no address', 1)],
      nodes6: [known('8.8.8.8', 1), known('2a00::1', 1)],
      values: [new Uint8Array(18).fill(1), new Uint8Array(6).fill(1)],
    }
    const { nodes, nodes6, values } = decodedReply(wire.encodeReply(reply, AA, FROM))
    assert.deepEqual(
      nodes?.map(({ address }) => address.host),
      ['8.8.8.8'],
    )
    assert.deepEqual(
      nodes6?.map(({ address }) => address.host),
      ['2a00::1'],
    )
    assert.deepEqual(values, [new Uint8Array(6).fill(1)])
    assert.deepEqual(decodedReply(wire6.encodeReply(reply, AA, FROM6)).values, [new Uint8Array(18).fill(1)])
  })

  test('has the key of contacts even when there are none, and that of values only when there are some', () => {
    assert.deepEqual(decodedReply(wire.encodeReply({ nodes: [], nodes6: [], values: [] }, AA, FROM)), {
      nodes: [],
      nodes6: [],
    })
  })

  test('K-02 echoes the transaction', () => {
    for (const length of [0, 1, 2, 4, 8, 15, 32, 768]) {
      const transaction = new Uint8Array(length).fill(0xff)
      assert.deepEqual(decode(wire.encodeReply({ nodes: [] }, transaction, FROM)).transaction, transaction)
      const error = wire.encodeError({ code: 203, message: 'x' }, transaction, FROM)
      assert.deepEqual(decode(error).transaction, transaction)
    }
  })
})

describe('An error of ours', () => {
  test('K-06 K-16 K-04 has code and text, and names the requester and our version', () => {
    const packet = wire.encodeError({ code: 203, message: 'bad token' }, AA, FROM)
    assert.equal(textOf(packet), `d1:eli203e9:bad tokene2:${IP}${TAIL}1:y1:ee`)
    const packet6 = wire6.encodeError({ code: 204, message: 'x' }, AA, FROM6)
    assert.deepEqual(decode(packet6), {
      kind: 'error',
      transaction: AA,
      code: 204,
      message: 'x',
      seenAs: FROM6,
    })
  })

  test('has one of the codes of BEP 5 and BEP 44 (K-06)', () => {
    assert.deepEqual(ERROR, {
      generic: 201,
      server: 202,
      protocol: 203,
      methodUnknown: 204,
      valueTooBig: 205,
      badSignature: 206,
      saltTooBig: 207,
      casMismatch: 301,
      seqTooOld: 302,
    })
    for (const code of Object.values(ERROR)) {
      const read = decode(wire.encodeError({ code, message: 'x' }, AA, FROM))
      assert.equal(read.kind === 'error' && read.code, code)
    }
  })

  test('cuts its text to 128 bytes, between characters', () => {
    const textFor = (message: string): unknown => {
      const read = decode(wire.encodeError({ code: 203, message }, AA, FROM))
      return read.kind === 'error' && read.message
    }
    assert.equal(textFor('x'.repeat(200)), 'x'.repeat(128))
    assert.equal(textFor(`x${'ß'.repeat(100)}`), `x${'ß'.repeat(63)}`)
  })
})

describe('The examples of BEP 5', () => {
  for (const [name, text] of Object.entries(bep5)) {
    test(`K-01 ${name} is decoded and encoded to the same bytes`, () => {
      assert.equal(textOf(encodeBencode(decodeBencode(bytesOf(text)))), text)
    })
  }
})

describe('A wire', () => {
  test('K-04 wants a version of four bytes', () => {
    for (const length of [0, 3, 5]) {
      const version = new Uint8Array(length)
      assert.throws(() => createWire({ ...settings, family: 4, version }), {
        name: 'RangeError',
        message: `version must be 4 bytes, got ${length}`,
      })
    }
  })

  test('does not notice when the bytes of its version are changed', () => {
    const version = VERSION.slice()
    const own = createWire({ ...settings, family: 4, version })
    version.fill(0)
    assert.ok(textOf(own.encodeQuery({ method: 'ping' }, AA, FROM)).includes('1:v4:XO\x00\x01'))
  })
})
