import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { BencodeInput } from '../../../../src/codecs/bencode.ts'
import { packAddress } from '../../../../src/codecs/compact-address.ts'
import { bytesOf, textOf } from '../../../codecs/bencode-samples.ts'
import { HASH, ID, bep5, decode, decodedReply, refusal, replyPacket } from '../packets.ts'

/** Contacts as `nodes` or `nodes6` holds them. */
const compact = (...addresses: [host: string, port: number][]): Uint8Array =>
  Buffer.concat(addresses.flatMap(([host, port]) => [HASH, packAddress({ host, port })!]))

const hostsOf = (contacts: readonly { address: { host: string } }[] | undefined): unknown =>
  contacts?.map(({ address }) => address.host)

const peer = (number: number): Uint8Array => Uint8Array.of(8, 8, number >> 8, number & 0xff, 0x1a, 0xe1)

describe('The replies of BEP 5', () => {
  test('K-01 of a ping', () => {
    const senderId = bytesOf('mnopqrstuvwxyz123456')
    assert.deepEqual(decode(bep5.pong), {
      kind: 'reply',
      transaction: bytesOf('aa'),
      senderId,
      reply: {},
      seenAs: null,
    })
  })

  test('B5-13 of get_peers, with values', () => {
    const { values, token, nodes } = decodedReply(bep5.gotPeers)
    assert.deepEqual(values?.map(textOf), ['axje.u', 'idhtnm'])
    assert.equal(textOf(token!), 'aoeusnth')
    assert.equal(nodes, undefined)
  })

  test('B5-02 whose nodes are no multiple of 26 bytes keep their id and token, and have no nodes', () => {
    const message = decode(bep5.gotNodes)
    assert.equal(message.kind, 'reply')
    assert.deepEqual(decodedReply(bep5.gotNodes), { token: bytesOf('aoeusnth') })
    assert.deepEqual(decodedReply(bep5.foundNode), {})
  })
})

describe('The contacts of a reply', () => {
  test('B5-03 B32-02 have 26 bytes in nodes and 38 in nodes6', () => {
    const { nodes, nodes6 } = decodedReply(
      replyPacket({
        nodes: compact(['8.8.8.8', 1], ['9.9.9.9', 65_535]),
        nodes6: compact(['2a00::1', 6881]),
      }),
    )
    assert.deepEqual(nodes, [
      { id: HASH, address: { host: '8.8.8.8', port: 1 } },
      { id: HASH, address: { host: '9.9.9.9', port: 65_535 } },
    ])
    assert.deepEqual(nodes6, [{ id: HASH, address: { host: '2a00::1', port: 6881 } }])
  })

  test('are of one family when those of the other have a wrong length or type (B32-02, B32-06)', () => {
    const results = { nodes: compact(['8.8.8.8', 1]), nodes6: 'x'.repeat(37) }
    assert.deepEqual(Object.keys(decodedReply(replyPacket(results))), ['nodes'])
    for (const nodes of [7, ['x'], {}]) assert.deepEqual(decodedReply(replyPacket({ nodes })), {})
  })

  test('may stand beside peers, those of both families (B32-06)', () => {
    const results = {
      nodes: compact(['8.8.8.8', 1]),
      nodes6: compact(['2a00::1', 6881]),
      values: [peer(1), peer(2)],
      token: 'x',
    }
    const { nodes, nodes6, values, token } = decodedReply(replyPacket(results))
    assert.deepEqual([hostsOf(nodes), hostsOf(nodes6)], [['8.8.8.8'], ['2a00::1']])
    assert.deepEqual(values, results.values)
    assert.equal(textOf(token!), 'x')
  })

  test('are none, but there, in an empty string', () => {
    assert.deepEqual(decodedReply(replyPacket({ nodes: '' })), { nodes: [] })
  })

  test('T26 B5-02 are at most 16, those without a port left out', () => {
    const many = compact(...Array.from({ length: 30 }, (_, i): [string, number] => [`8.8.8.${i}`, i % 2]))
    const { nodes } = decodedReply(replyPacket({ nodes: many }))
    assert.deepEqual(
      hostsOf(nodes),
      Array.from({ length: 15 }, (_, i) => `8.8.8.${2 * i + 1}`),
    )
    const all = compact(...Array.from({ length: 30 }, (_, i): [string, number] => [`8.8.8.${i}`, 1]))
    assert.equal(decodedReply(replyPacket({ nodes: all })).nodes?.length, 16)
  })

  test('K-20 of mapped addresses are of IPv4', () => {
    const mapped = Buffer.concat([HASH, Buffer.from('00000000000000000000ffff080808081ae1', 'hex')])
    assert.deepEqual(hostsOf(decodedReply(replyPacket({ nodes6: mapped })).nodes6), ['8.8.8.8'])
  })
})

describe('The values of a reply', () => {
  test('B32-07 may be of 6 and 18 bytes; what has another length or no port is left out', () => {
    const six = peer(1)
    const eighteen = packAddress({ host: '2a00::1', port: 1 })!
    const values: BencodeInput[] = [six, '', 'short', eighteen, 7, ['x'], {}, Uint8Array.of(8, 8, 8, 8, 0, 0)]
    assert.deepEqual(decodedReply(replyPacket({ values })).values, [six, eighteen])
  })

  test('T26 are at most 200', () => {
    const values = Array.from({ length: 300 }, (_, i) => peer(i))
    assert.deepEqual(decodedReply(replyPacket({ values })).values, values.slice(0, 200))
  })

  test('that are no list are as if they were absent', () => {
    for (const values of ['x', 1, {}]) assert.deepEqual(decodedReply(replyPacket({ values })), {})
  })
})

describe('The token of a reply', () => {
  test('is opaque, of at most 64 bytes; of another type or longer it is as if it were absent', () => {
    assert.deepEqual(decodedReply(replyPacket({ token: '' })).token, new Uint8Array(0))
    assert.equal(decodedReply(replyPacket({ token: 'x'.repeat(64) })).token?.length, 64)
    for (const token of ['x'.repeat(65), 7, []]) assert.deepEqual(decodedReply(replyPacket({ token })), {})
  })
})

describe('A response', () => {
  test('may have no v, or one of any length or type, be it a reply or an error (K-04)', () => {
    for (const v of ['', 'LT12', 'longer than four', 7, ['x'], {}]) {
      assert.equal(decode(replyPacket({}, { v })).kind, 'reply')
      assert.equal(decode(replyPacket({}, { v, y: 'e', e: [201, 'x'] })).kind, 'error')
    }
  })

  test('may have the port of libtorrent, which means nothing (K-19)', () => {
    assert.deepEqual(decodedReply(replyPacket({ p: 6881, token: 'x' }, { p: 1 })), { token: bytesOf('x') })
  })
})

describe('A malformed reply', () => {
  test('K-03 whose id is wrong fails its request, and is not answered', () => {
    for (const packet of [
      replyPacket({ id: 'x'.repeat(19) }),
      replyPacket({ id: 'x'.repeat(21) }),
      replyPacket({ id: 20 }),
      replyPacket({}, { r: 'x' }),
      bytesOf('d1:rde1:t2:aa1:y1:re'),
      bytesOf('d1:t2:aa1:y1:re'),
    ]) {
      const error = refusal(packet)
      assert.deepEqual(error.failedTransaction, bytesOf('aa'))
      assert.equal(error.answer, null)
      assert.equal(error.reason, 'malformed-reply')
    }
  })
})

describe('Our address as others see it', () => {
  const seenAs = (ip: BencodeInput, y = 'r'): unknown => {
    const message = decode(replyPacket({}, { ip, y, e: [201, 'x'] }))
    return message.kind === 'query' ? 'a query' : message.seenAs
  }

  test('B42-06 stands in replies and in errors', () => {
    const ip = packAddress({ host: '8.8.4.4', port: 6881 })!
    assert.deepEqual(seenAs(ip), { host: '8.8.4.4', port: 6881 })
    assert.deepEqual(seenAs(ip, 'e'), { host: '8.8.4.4', port: 6881 })
    assert.deepEqual(seenAs(packAddress({ host: '2a00::1', port: 1 })!), { host: '2a00::1', port: 1 })
  })

  test('B42-06 is not known where ip is anything else', () => {
    for (const ip of ['', 'four', 'seven..', 7, ['x'], Uint8Array.of(8, 8, 4, 4, 0, 0)]) {
      assert.equal(seenAs(ip), null)
    }
  })

  test('B42-06 is not what stands inside of r', () => {
    const message = decode(replyPacket({ ip: packAddress({ host: '8.8.4.4', port: 6881 })! }))
    assert.equal(message.kind === 'reply' && message.seenAs, null)
  })
})

describe('An error', () => {
  const read = (e: BencodeInput): unknown => {
    const message = decode(replyPacket({}, { y: 'e', e }))
    return message.kind === 'error' && [message.code, message.message]
  }

  test('K-01 has a code and a text', () => {
    assert.deepEqual(decode(bep5.error), {
      kind: 'error',
      transaction: bytesOf('aa'),
      code: 201,
      message: 'A Generic Error Ocurred',
      seenAs: null,
    })
  })

  test('K-07 may be a bare string, or a list in which something is missing or too much', () => {
    assert.deepEqual(read('Server Error'), [201, 'Server Error'])
    assert.deepEqual(read([]), [201, ''])
    assert.deepEqual(read([202]), [202, ''])
    assert.deepEqual(read(['text']), [201, 'text'])
    assert.deepEqual(read(['text', 203]), [203, 'text'])
    assert.deepEqual(read([203, 'text', 204, 'more']), [203, 'text'])
    assert.deepEqual(read([[1], { a: 1 }]), [201, ''])
    assert.deepEqual(read(203), [201, ''])
    assert.deepEqual(read([2n ** 63n, 'x']), [201, 'x'])
    assert.deepEqual(decode('d1:t2:aa1:y1:ee').kind, 'error')
  })

  test('K-07 may have a code that nobody knows', () => {
    assert.deepEqual(read([-7, 'x']), [-7, 'x'])
    assert.deepEqual(read([99_999, 'x']), [99_999, 'x'])
  })

  test('K-07 may have a text of any bytes and any length, of which 128 bytes are kept', () => {
    assert.deepEqual(read([203, 'x'.repeat(1000)]), [203, 'x'.repeat(128)])
    assert.deepEqual(read([203, Uint8Array.of(0xff)]), [203, '\ufffd'])
  })

  test('K-03 has no id', () => {
    assert.equal(decode(replyPacket({ id: ID }, { y: 'e', e: [201, 'x'], r: 7 })).kind, 'error')
  })
})
