import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { BencodeInput } from '../../../../src/codecs/bencode.ts'
import { bytesOf, textOf } from '../../../codecs/bencode-samples.ts'
import { FROM, HASH, ID, bep5, decode, decodedQuery, queryPacket, refusal, replyPacket } from '../packets.ts'

function refusedWith203(packet: Uint8Array | string, message: string): void {
  const { answer, reason } = refusal(packet)
  assert.ok(answer, 'is answered')
  assert.equal(answer.code, 203)
  assert.equal(answer.message, message)
  assert.equal(textOf(answer.transaction), 'aa')
  assert.equal(reason, 'malformed-query')
}

function dropped(packet: Uint8Array | string, reason: string, from = FROM): void {
  const error = refusal(packet, from)
  assert.equal(error.reason, reason)
  assert.equal(error.answer, null)
  assert.equal(error.failedTransaction, null)
}

const announceArguments = { info_hash: HASH, port: 6881, token: 'aoeusnth' }
const announce = (changes: Record<string, BencodeInput>): Uint8Array =>
  queryPacket('announce_peer', { ...announceArguments, ...changes })

describe('The queries of BEP 5', () => {
  test('K-01 ping', () => {
    const message = decode(bep5.ping)
    assert.deepEqual(message, {
      kind: 'query',
      transaction: bytesOf('aa'),
      senderId: ID,
      dialPort: FROM.port,
      query: { method: 'ping' },
    })
  })

  test('K-01 find_node', () => {
    assert.deepEqual(decodedQuery(bep5.findNode), { method: 'find_node', target: HASH, want: null })
  })

  test('K-01 get_peers', () => {
    const query = { method: 'get_peers', infoHash: HASH, want: null, noSeed: false, scrape: false }
    assert.deepEqual(decodedQuery(bep5.getPeers), query)
  })

  test('B5-16 announce_peer, whose implied_port stands before its port', () => {
    const query = {
      method: 'announce_peer',
      infoHash: HASH,
      port: 'implied',
      token: bytesOf('aoeusnth'),
      seed: false,
    }
    assert.deepEqual(decodedQuery(bep5.announce), query)
  })
})

describe('The transaction of a query', () => {
  test('K-02 is of any length and any bytes', () => {
    for (const length of [0, 1, 2, 4, 8, 15, 32, 768]) {
      for (const byte of [0x00, 0x41, 0xff]) {
        const t = new Uint8Array(length).fill(byte)
        assert.deepEqual(decode(queryPacket('ping', {}, { t })).transaction, t)
      }
    }
  })

  test('K-02 that would not fit in an answer drops the query', () => {
    dropped(queryPacket('ping', {}, { t: new Uint8Array(769) }), 'transaction-too-long')
  })

  test('K-02 is a view of the datagram, also of a Buffer in the middle of its memory', () => {
    const buffer = Buffer.concat([Buffer.from('before'), queryPacket('ping')]).subarray(6)
    const { transaction } = decode(buffer)
    assert.equal(textOf(transaction), 'aa')
    assert.equal(transaction.buffer, buffer.buffer)
    assert.equal(Object.getPrototypeOf(transaction), Uint8Array.prototype)
  })
})

describe('A malformed query', () => {
  test('K-03 whose id has not 20 bytes is answered with 203', () => {
    const id = (length: number): Uint8Array => queryPacket('ping', { id: 'x'.repeat(length) })
    refusedWith203(id(19), 'ping: id must be 20 bytes, got 19')
    refusedWith203(id(21), 'ping: id must be 20 bytes, got 21')
    refusedWith203(id(0), 'ping: id must be 20 bytes, got 0')
    refusedWith203(queryPacket('ping', { id: 20 }), 'ping: id must be 20 bytes, got an integer')
    refusedWith203(queryPacket('ping', { id: [ID] }), 'ping: id must be 20 bytes, got a list')
    refusedWith203('d1:ade1:q4:ping1:t2:aa1:y1:qe', 'ping: id must be 20 bytes, got none')
  })

  test('K-03 whose target or info_hash has not 20 bytes is answered with 203', () => {
    refusedWith203(
      queryPacket('find_node', { target: 'x'.repeat(19) }),
      'find_node: target must be 20 bytes, got 19',
    )
    refusedWith203(
      queryPacket('find_node', { info_hash: HASH }),
      'find_node: target must be 20 bytes, got none',
    )
    refusedWith203(
      queryPacket('get_peers', { info_hash: {} }),
      'get_peers: info_hash must be 20 bytes, got a dictionary',
    )
    refusedWith203(announce({ info_hash: 'short' }), 'announce_peer: info_hash must be 20 bytes, got 5')
  })

  test('K-01 without arguments or without a method is answered with 203', () => {
    refusedWith203('d1:q4:ping1:t2:aa1:y1:qe', 'ping: a must be a dictionary, got none')
    refusedWith203(queryPacket('ping', {}, { a: [] }), 'ping: a must be a dictionary, got a list')
    refusedWith203(queryPacket('ping', {}, { q: 7 }), 'q must be a byte string, got an integer')
    refusedWith203('d1:ad2:id20:abcdefghij0123456789e1:t2:aa1:y1:qe', 'q must be a byte string, got none')
  })

  test('B5-16 that announces no port, or none that there is, is answered with 203', () => {
    for (const port of [0, -1, 65_536, 2n ** 63n]) {
      refusedWith203(announce({ port }), `announce_peer: port must be 1 … 65535, got ${port}`)
    }
    refusedWith203(announce({ port: '6881' }), 'announce_peer: port must be 1 … 65535, got 4')
    const withoutPort = { info_hash: HASH, token: 'aoeusnth' }
    refusedWith203(
      queryPacket('announce_peer', withoutPort),
      'announce_peer: port must be 1 … 65535, got none',
    )
    refusedWith203(
      queryPacket('announce_peer', { ...withoutPort, implied_port: 0 }),
      'announce_peer: port must be 1 … 65535, got none',
    )
  })

  test('B5-15 that announces without a token, or with one of 65 bytes, is answered with 203', () => {
    refusedWith203(
      queryPacket('announce_peer', { info_hash: HASH, port: 1 }),
      'announce_peer: token must be at most 64 bytes, got none',
    )
    refusedWith203(
      announce({ token: 'x'.repeat(65) }),
      'announce_peer: token must be at most 64 bytes, got 65',
    )
    refusedWith203(announce({ token: 1 }), 'announce_peer: token must be at most 64 bytes, got an integer')
    assert.ok(decodedQuery(announce({ token: 'x'.repeat(64) })))
  })

  test('B5-24 that announces an infohash of zeros is answered with 203', () => {
    refusedWith203(
      announce({ info_hash: new Uint8Array(20) }),
      'announce_peer: info_hash must not be all zero',
    )
    const almost = new Uint8Array(20)
    almost[19] = 1
    assert.ok(decodedQuery(announce({ info_hash: almost })))
  })
})

describe('A method that we do not know', () => {
  test('K-08 is answered like find_node when it names a target', () => {
    const query = { method: 'find_node', target: HASH, want: { n4: false, n6: true } }
    assert.deepEqual(decodedQuery(queryPacket('poll', { target: HASH, want: ['n6'] })), query)
    assert.deepEqual(decodedQuery(queryPacket('vote', { info_hash: HASH, want: ['n6'] })), query)
    assert.deepEqual(decodedQuery(queryPacket('vote', { info_hash: ID, target: HASH, want: ['n6'] })), query)
    assert.deepEqual(decodedQuery(queryPacket('', { target: 'short', info_hash: HASH, want: ['n6'] })), query)
  })

  test('K-08 is answered with 204 when it names none', () => {
    for (const args of [{}, { target: 'short' }, { target: 7, info_hash: 'x'.repeat(21) }]) {
      const { answer, reason } = refusal(queryPacket('poll', args))
      assert.deepEqual(answer, { code: 204, message: 'Method Unknown', transaction: bytesOf('aa') })
      assert.equal(reason, 'unknown-method')
    }
  })

  test('K-08 is one that only begins like a known one, or is written otherwise', () => {
    for (const method of ['pin', 'pings', 'PING', 'pu', 'gets', 'find_nodes', 'gibt_echt', 'announce-peer']) {
      assert.equal(refusal(queryPacket(method)).answer?.code, 204)
    }
  })
})

describe('What is dropped in silence', () => {
  test('K-09 bytes that are no bencode', () => {
    for (const text of ['', 'x', 'd', 'd1:a', bep5.ping.slice(0, -1), `x${bep5.ping}`])
      dropped(text, 'not-bencode')
    dropped(bep5.ping.replace('2:aa', '9:aa'), 'not-bencode')
  })

  test('K-09 values that are no dictionaries', () => {
    for (const text of ['i1e', 'le', '4:spam', 'l'.repeat(65_000)]) dropped(text, 'not-a-dictionary')
  })

  test('K-09 messages without t or y, or with those of another type', () => {
    dropped('d1:ad2:id20:abcdefghij0123456789e1:q4:ping1:y1:qe', 'no-transaction')
    dropped(queryPacket('ping', {}, { t: 1 }), 'no-transaction')
    dropped('d1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t2:aae', 'no-type')
    dropped(queryPacket('ping', {}, { y: 1 }), 'no-type')
    for (const y of ['', 'x', 'query', 'qq']) dropped(queryPacket('ping', {}, { y }), 'unknown-type')
  })

  test('K-09 whatever comes from port 0', () => {
    dropped(bep5.ping, 'source-port-0', { host: '93.184.216.34', port: 0 })
  })

  test('K-12 messages of more than 10 levels or 500 tokens', () => {
    dropped(`d1:a${'l'.repeat(10)}${'e'.repeat(10)}e`, 'too-complex')
    dropped(`d1:al${'i1e'.repeat(600)}ee`, 'too-complex')
  })
})

describe('The envelope of a query', () => {
  test('K-04 may have no v, or one of any length or type', () => {
    for (const v of ['', 'LT12', 'longer than four', 7, ['x']])
      assert.ok(decodedQuery(queryPacket('ping', {}, { v })))
  })

  test('K-13 may have unsorted keys and bytes behind it', () => {
    const unsorted = 'd1:y1:q1:t2:aa1:q4:ping1:ad2:id20:abcdefghij0123456789ee'
    assert.deepEqual(decodedQuery(unsorted), { method: 'ping' })
    assert.deepEqual(decodedQuery(`${bep5.ping}\r\n`), { method: 'ping' })
  })

  test('K-14 may have keys like __proto__, which mean nothing', () => {
    const odd = { ['__proto__']: { id: 'x' }, constructor: 'x', toString: 1 }
    assert.deepEqual(decodedQuery(queryPacket('ping', odd, odd)), { method: 'ping' })
  })

  test('may have the extras of libtorrent, which mean nothing (K-19)', () => {
    const extras = { bs: 1, n: 'name', p: 6881 }
    for (const [method, args] of [
      ['ping', {}],
      ['find_node', { target: HASH }],
      ['get_peers', { info_hash: HASH }],
      ['announce_peer', announceArguments],
    ] as const) {
      const plain = decodedQuery(queryPacket(method, args))
      assert.deepEqual(decodedQuery(queryPacket(method, { ...args, ...extras }, { p: 1, n: 'x' })), plain)
    }
  })

  test('may have a topic c as in the draft of BEP 50, which means nothing (B50-01)', () => {
    for (const c of [HASH, 'short', 7, [HASH], { c: HASH }]) {
      const query = { method: 'find_node', target: HASH, want: null }
      assert.deepEqual(decodedQuery(queryPacket('find_node', { target: HASH }, { c })), query)
      assert.equal(decode(replyPacket({}, { c })).kind, 'reply')
    }
  })

  test('may name an address, which means nothing: there is none but that of the sender (B5-17)', () => {
    const named = { ip: '\x01\x02\x03\x04', ipv4: '1.2.3.4', host: '1.2.3.4', addr: [1, 2, 3, 4] }
    const plain = decodedQuery(announce({}))
    assert.deepEqual(Object.keys(plain).toSorted(), ['infoHash', 'method', 'port', 'seed', 'token'])
    assert.deepEqual(decodedQuery(announce(named)), plain)
    const packet = queryPacket('announce_peer', announceArguments, { ip: named.ip })
    assert.deepEqual(decodedQuery(packet), plain)
  })

  test('K-17 B43-04 says with ro that its sender cannot be dialled', () => {
    const dialPort = (packet: Uint8Array): unknown => {
      const message = decode(packet)
      return message.kind === 'query' ? message.dialPort : 'no query'
    }
    assert.equal(dialPort(queryPacket('ping', {}, { ro: 1 })), null)
    assert.equal(dialPort(queryPacket('ping', {}, { ro: 0 })), FROM.port)
    assert.equal(dialPort(queryPacket('ping', {}, { ro: '1' })), FROM.port)
    assert.equal(dialPort(queryPacket('ping', { ro: 1 })), FROM.port)
  })
})

describe('The optional arguments', () => {
  const want = (value: BencodeInput): unknown => {
    const query = decodedQuery(queryPacket('find_node', { target: HASH, want: value }))
    return query.method === 'find_node' && query.want
  }

  test('B32-03 want names families; other strings in it are ignored', () => {
    assert.deepEqual(want(['n4']), { n4: true, n6: false })
    assert.deepEqual(want(['n6', 'n4']), { n4: true, n6: true })
    assert.deepEqual(want(['n5', 'n6', 7, ['n4'], { n4: 'n4' }]), { n4: false, n6: true })
  })

  test('B32-03 want that is no list, or names neither family, is as if it were absent', () => {
    for (const value of ['n4', 4, { n4: 1 }, [], ['x'], [['n4']]]) assert.equal(want(value), null)
  })

  test('B33-06 B33-08 scrape and noseed count when they are 1', () => {
    const asked = (args: Record<string, BencodeInput>): unknown => {
      const query = decodedQuery(queryPacket('get_peers', { info_hash: HASH, ...args }))
      return query.method === 'get_peers' && [query.scrape, query.noSeed]
    }
    assert.deepEqual(asked({ scrape: 1, noseed: 1 }), [true, true])
    assert.deepEqual(asked({ scrape: 0, noseed: 2 }), [false, false])
    assert.deepEqual(asked({ scrape: '1', noseed: [1] }), [false, false])
  })

  test('B33-07 seed counts when it is 1', () => {
    for (const [seed, isSeed] of [
      [1, true],
      [0, false],
      [2, false],
      ['1', false],
    ] as const) {
      const query = decodedQuery(announce({ seed }))
      assert.equal(query.method === 'announce_peer' && query.seed, isSeed)
    }
  })

  test('B5-16 implied_port other than 0 counts, and then port need not be there or be right', () => {
    const port = (args: Record<string, BencodeInput>): unknown => {
      const query = decodedQuery(queryPacket('announce_peer', { info_hash: HASH, token: 't', ...args }))
      return query.method === 'announce_peer' && query.port
    }
    assert.equal(port({ implied_port: 1 }), 'implied')
    assert.equal(port({ implied_port: 1, port: 0 }), 'implied')
    assert.equal(port({ implied_port: 0, port: 1 }), 1)
    assert.equal(port({ port: 65_535 }), 65_535)
    assert.equal(port({ implied_port: '1', port: 7 }), 7)
  })
})
