// DER as a certificate of ours needs it: the forms of X.690, and what OpenSSL reads of them (certificate.test.ts).
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { bits, integer, nothing, oid, sequence, set, tagged, time, utf8 } from '../../src/codecs/der.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

describe('DER', () => {
  test('writes lengths in their shortest form', () => {
    const lengthOf = (count: number): string => hex(sequence(new Uint8Array(count))).slice(2, -2 * count)
    assert.equal(hex(sequence()), '3000')
    assert.equal(lengthOf(127), '7f')
    assert.equal(lengthOf(128), '8180')
    assert.equal(lengthOf(255), '81ff')
    assert.equal(lengthOf(256), '820100')
    assert.equal(lengthOf(65_535), '82ffff')
    assert.throws(() => sequence(new Uint8Array(65_536)), RangeError)
  })

  test('writes integers as positive, without a byte too many', () => {
    assert.equal(hex(integer(Uint8Array.of(2))), '020102')
    assert.equal(hex(integer(Uint8Array.of(0))), '020100')
    assert.equal(hex(integer(Uint8Array.of(0x80))), '02020080')
    assert.equal(hex(integer(Uint8Array.of(0, 0, 0x7f, 1))), '02027f01')
    assert.equal(hex(integer(Uint8Array.of(0, 0xff))), '020200ff')
  })

  test('writes object identifiers', () => {
    assert.equal(hex(oid('2.5.4.3')), '0603550403')
    assert.equal(hex(oid('1.2.840.113549.1.1.11')), '06092a864886f70d01010b')
  })

  test('writes years up to 2049 with two digits, and later ones with four (RFC 5280, 4.1.2.5)', () => {
    const text = (moment: string): string => Buffer.from(time(new Date(moment))).toString('latin1')
    assert.equal(text('2049-12-31T23:59:59.999Z'), '\u0017\r491231235959Z')
    assert.equal(text('2050-01-01T00:00:00Z'), '\u0018\u000f20500101000000Z')
  })

  test('writes the rest', () => {
    assert.equal(hex(nothing()), '0500')
    assert.equal(hex(utf8('é')), '0c02c3a9')
    assert.equal(hex(bits(Uint8Array.of(7))), '03020007')
    assert.equal(hex(set(nothing(), nothing())), '310405000500')
    assert.equal(hex(tagged(0, nothing())), 'a0020500')
  })
})
