import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { asId, idFromHex } from '../../../src/kademlia/id.ts'
import type { Random } from '../../../src/kademlia/ports.ts'
import { crc32c, idPrefix, isValidNodeId, nodeIdFor } from '../../../src/networks/mainline/node-id.ts'
import { runs } from '../../property-runs.ts'

/** B42-03: BEP 42's table with the checksums; the last row is libtorrent's (test_dht.cpp). */
const vectors = [
  { host: '124.31.75.21', rand: 1, crc: 0x5fbfbdb2, id: '5fbfbff10c5d6a4ec8a88e4c6ab4c28b95eee401' },
  { host: '21.75.31.124', rand: 86, crc: 0x5a3ce9b0, id: '5a3ce9c14e7a08645677bbd1cfe7d8f956d53256' },
  { host: '65.23.51.170', rand: 22, crc: 0xa5d4344a, id: 'a5d43220bc8f112a3d426c84764f8c2a1150e616' },
  { host: '84.124.73.14', rand: 65, crc: 0x1b03217b, id: '1b0321dd1bb1fe518101ceef99462b947a01ff41' },
  { host: '43.213.53.83', rand: 90, crc: 0xe56f6972, id: 'e56f6cbf5b7c4be0237986d5243b87aa6d51305a' },
  {
    host: '2001:b829:2123:be84:e16c:d6ae:5290:49f1',
    rand: 4,
    crc: 0x0a8ad1aa,
    id: '0a8ad123be84e16cd6ae529049f1f1bbe9ebb304',
  },
] as const

/** Bytes that count up, so that tests do not depend on chance. */
function counting(start: number): Random {
  let next = start
  return { bytes: (count) => Uint8Array.from({ length: count }, () => next++ & 0xff), fraction: () => 0.5 }
}

describe('The id of a node and its address', () => {
  test('B42-01 CRC-32C of "123456789" is e3069283', () => {
    assert.equal(crc32c(Buffer.from('123456789')), 0xe3069283)
    assert.equal(crc32c(new Uint8Array(0)), 0)
  })

  for (const { host, rand, crc, id } of vectors) {
    test(`B42-03 ${host} with ${rand} gives ${crc.toString(16).padStart(8, '0')}`, () => {
      assert.equal(idPrefix(host, rand), crc)
      assert.equal(isValidNodeId(idFromHex(id, 20), host), true)
    })
  }

  test('B42-04 does not fit when one of its first 21 bits or of the last 3 is another', () => {
    for (const { host, id } of vectors) {
      for (let bit = 0; bit < 160; bit++) {
        const other = idFromHex(id, 20)
        other[bit >> 3]! ^= 0x80 >> (bit & 7)
        const counts = bit < 21 || bit >= 157
        // Three bits of r choose among eight prefixes, two of which may agree by chance in 21 bits; here none do.
        assert.equal(isValidNodeId(other, host), !counts, `bit ${bit} of ${id}`)
      }
    }
  })

  test('B42-05 always fits loopback, private and link-local addresses', () => {
    const id = asId(new Uint8Array(20).fill(0x5a))
    const exempt = ['10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', '169.254.1.1', '127.0.0.1']
    for (const host of [...exempt, '::1', 'fe80::1', 'fd00::1', '::ffff:10.0.0.1']) {
      assert.equal(isValidNodeId(id, host), true, host)
    }
    for (const host of ['11.0.0.1', '172.32.0.1', '100.64.0.1', '2a00::1', 'no address']) {
      assert.equal(isValidNodeId(id, host), false, host)
    }
  })

  test('B42-02 fits when it is made for the address', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), fc.nat({ max: 255 }), (host, start) => {
        assert.equal(isValidNodeId(nodeIdFor(host, counting(start)), host), true)
      }),
      runs(500),
    )
  })

  test('K-20 B42-01 of a mapped address is that of the IPv4 address', () => {
    assert.equal(isValidNodeId(idFromHex(vectors[0].id, 20), '::ffff:124.31.75.21'), true)
  })

  test('B42-08 is one of eight kinds for one address', () => {
    const prefixes = new Set(Array.from({ length: 256 }, (_, last) => idPrefix('124.31.75.21', last)))
    assert.equal(prefixes.size, 8)
  })

  test('is random throughout where the address is not known', () => {
    assert.deepEqual(
      [...nodeIdFor('', counting(7))],
      Array.from({ length: 20 }, (_, i) => i + 7),
    )
  })
})
