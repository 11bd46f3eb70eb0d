import assert from 'node:assert/strict'
import { isIP } from 'node:net'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import {
  canonicalHost,
  familyOf,
  hostPort,
  MAX_HOST_BYTES,
  packAddress,
  readHost,
  unpackAddress,
  writeHost,
} from '../../src/codecs/compact-address.ts'
import { runs } from '../property-runs.ts'

const hex = (bytes: Uint8Array | null): string | null => bytes && Buffer.from(bytes).toString('hex')

/** The 4 or 16 bytes of a host; null when it is no IP address. */
function packHost(host: string): Uint8Array | null {
  const bytes = new Uint8Array(MAX_HOST_BYTES)
  const count = writeHost(host, bytes, 0)
  return count === 0 ? null : bytes.subarray(0, count)
}

describe('The bytes of a host', () => {
  test('are four for dotted IPv4', () => {
    assert.equal(hex(packHost('192.0.2.1')), 'c0000201')
    assert.equal(hex(packHost('0.0.0.0')), '00000000')
    assert.equal(hex(packHost('255.255.255.255')), 'ffffffff')
  })

  test('are none for what only looks like IPv4', () => {
    const wrong = [
      '1.2.3',
      '1.2.3.4.5',
      '1.2.3.256',
      '01.2.3.4',
      '1..2.3',
      '1.2.3.',
      '.1.2.3',
      '1.2.3.4 ',
      '1.2.3.-4',
    ]
    for (const text of [...wrong, '1.2.3.4e1', '0x1.2.3.4', '', '1', 'example.org', '1.2.3.4%a']) {
      assert.equal(packHost(text), null, text)
      assert.equal(familyOf(text), null, text)
      assert.equal(canonicalHost(text), null, text)
    }
  })

  test('are sixteen for every form of IPv6', () => {
    for (const text of [
      '2001:db8::1',
      '2001:DB8:0::0:1',
      '2001:0db8:0000:0000:0000:0000:0000:0001',
      '2001:db8::0.0.0.1',
    ]) {
      assert.equal(hex(packHost(text)), '20010db8000000000000000000000001', text)
    }
    assert.equal(hex(packHost('::')), '0'.repeat(32))
    assert.equal(hex(packHost('1::')), `0001${'0'.repeat(28)}`)
    assert.equal(hex(packHost('1:2:3:4:5:6:7.8.9.10')), '0001000200030004000500060708090a')
    assert.equal(hex(packHost('fe80::1%eth0')), 'fe800000000000000000000000000001')
  })

  test('are none for what only looks like IPv6', () => {
    const wrong = [
      ':',
      ':::',
      '1::2::3',
      '1:2:3:4:5:6:7',
      '1:2:3:4:5:6:7:8:9',
      '1:2:3:4:5:6:7:8::',
      '::1:2:3:4:5:6:7:8',
    ]
    for (const text of [
      ...wrong,
      '12345::',
      'g::',
      '1:',
      ':1',
      '1.2.3.4::',
      '::1.2.3',
      '::1.2.3.4:5',
      'fe80::1%',
      '%',
    ]) {
      assert.equal(packHost(text), null, text)
    }
  })

  test('K-20 are those of IPv4 when it is mapped into IPv6', () => {
    assert.equal(hex(packHost('::ffff:192.0.2.1')), 'c0000201')
    assert.equal(hex(packHost('::FFFF:c000:201')), 'c0000201')
    assert.equal(familyOf('::ffff:192.0.2.1'), 4)
    assert.equal(canonicalHost('::ffff:192.0.2.1'), '192.0.2.1')
    assert.equal(unpackAddress(Buffer.from('00000000000000000000ffffc00002011ae1', 'hex'))?.host, '192.0.2.1')
  })
})

describe('The text of a host', () => {
  test('is that of RFC 5952: lower case, no leading zeros, the first longest run of zeros left out', () => {
    const forms: readonly [string, string][] = [
      ['2001:DB8::1', '2001:db8::1'],
      ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
      ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
      ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
      ['1:2:3:4:5:6:0:0', '1:2:3:4:5:6::'],
      ['0:0:0:0:0:0:0:0', '::'],
      ['::1', '::1'],
      ['1:0:0:0:0:0:0:0', '1::'],
      ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ]
    for (const [given, canonical] of forms) assert.equal(canonicalHost(given), canonical)
  })

  test('has the same bytes that it was made of', () => {
    const octets = fc.oneof(
      fc.uint8Array({ minLength: 4, maxLength: 4 }),
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
      fc
        .array(fc.constantFrom(0, 0, 0, 1, 0xff), { minLength: 16, maxLength: 16 })
        .map((all) => Uint8Array.from(all)),
    )
    fc.assert(
      fc.property(octets, (bytes) => {
        const text = readHost(bytes, 0, bytes.length === 4 ? 4 : 16)
        assert.notEqual(isIP(text), 0)
        const packed = packHost(text)
        // A mapped address comes back shorter.
        assert.deepEqual(packed, bytes.subarray(bytes.length - packed!.length))
        assert.equal(canonicalHost(text), text)
      }),
      runs(2000),
    )
  })

  test('is an address for us exactly when it is one for Node', () => {
    const pieces = fc.constantFrom(
      '0',
      '1',
      '255',
      '256',
      '00',
      'ffff',
      'FFFF',
      '12345',
      ':',
      '::',
      '.',
      '1.2.3.4',
      'g',
    )
    const texts = fc.array(pieces, { maxLength: 16 }).map((all) => all.join(''))
    fc.assert(
      fc.property(fc.oneof(texts, fc.ipV4(), fc.ipV6()), (text) => {
        assert.equal(packHost(text) !== null, isIP(text) !== 0, text)
      }),
      runs(5000),
    )
  })
})

describe('A compact address', () => {
  test('B5-03 has the IP and the port in network byte order', () => {
    assert.equal(hex(packAddress({ host: '192.0.2.1', port: 6881 })), 'c00002011ae1')
    assert.equal(hex(packAddress({ host: '2001:db8::1', port: 258 })), '20010db80000000000000000000000010102')
    assert.equal(packAddress({ host: 'example.org', port: 1 }), null)
  })

  test('of 6 or 18 bytes is read back; of any other length it is none', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), fc.nat({ max: 65_535 }), (text, port) => {
        const host = canonicalHost(text)!
        assert.deepEqual(unpackAddress(packAddress({ host: text, port })!), { host, port })
      }),
      runs(1000),
    )
    for (const length of [0, 4, 5, 7, 16, 17, 19]) assert.equal(unpackAddress(new Uint8Array(length)), null)
  })
})

test('An endpoint is written with brackets around IPv6', () => {
  assert.equal(hostPort({ host: '192.0.2.1', port: 80 }), '192.0.2.1:80')
  assert.equal(hostPort({ host: '2001:db8::1', port: 80 }), '[2001:db8::1]:80')
})
