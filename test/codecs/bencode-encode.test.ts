import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { BencodeError, decodeBencode, encodeBencode } from '../../src/codecs/bencode.ts'
import type { BencodeInput } from '../../src/codecs/bencode.ts'
import { bytesOf, textOf } from './bencode-samples.ts'

const encoded = (value: BencodeInput): string => textOf(encodeBencode(value))

function refused(value: unknown, about: RegExp): void {
  assert.throws(
    () => encodeBencode(value as BencodeInput),
    (error) => error instanceof BencodeError && about.test(error.message),
  )
}

describe('Encoding bencode', () => {
  test('writes text as UTF-8, bytes as they are, integers of any size', () => {
    assert.equal(encoded('spam'), '4:spam')
    assert.equal(encoded('ß'), '2:\xc3\x9f')
    assert.equal(encoded(bytesOf('\xff\x00')), '2:\xff\x00')
    assert.equal(encoded(-3), 'i-3e')
    assert.equal(encoded(-0), 'i0e')
    assert.equal(encoded(2n ** 63n - 1n), 'i9223372036854775807e')
  })

  test('writes arrays, Maps and plain objects', () => {
    assert.equal(encoded(['a', [], { b: 1 }]), 'l1:aled1:bi1eee')
    assert.equal(encoded(new Map<string | Uint8Array, BencodeInput>([[bytesOf('\xff'), 1]])), 'd1:\xffi1ee')
    assert.equal(encoded({}), 'de')
  })

  test('K-14 sorts keys as raw bytes: by bytes, not by UTF-16 units', () => {
    assert.equal(encoded({ b: 1, a: 2, aa: 3 }), 'd1:ai2e2:aai3e1:bi1ee')
    // U+FF5E is before U+1F600 as bytes, and behind its surrogates as UTF-16.
    const text = encoded({ '\u{1f600}': 1, '\uff5e': 2 })
    assert.ok(text.indexOf('\xef\xbd\x9e') < text.indexOf('\xf0\x9f\x98\x80'))
  })

  test('K-14 writes a key __proto__ like any other', () => {
    assert.equal(encoded(new Map([['__proto__', 1]])), 'd9:__proto__i1ee')
    assert.equal(encoded(JSON.parse('{"__proto__":1}') as BencodeInput), 'd9:__proto__i1ee')
  })

  test('writes a decoded dictionary with the keys that it was received with, sorted', () => {
    assert.equal(encoded(decodeBencode(bytesOf('d1:\xffi1e1:\x80i2ee'))), 'd1:\x80i2e1:\xffi1ee')
  })

  test('refuses what has no bencoded form, and says where it is and what it got', () => {
    refused({ a: [1, { b: 1.5 }] }, /at a\.1\.b, got 1\.5/)
    refused(2 ** 53, /got 9007199254740992/)
    refused([true], /at 0, got true/)
    refused([null], /at 0, got null/)
    refused({ a: undefined }, /at a, got undefined/)
    refused(new Date(0), /got \[object Date\]/)
    refused(Number.NaN, /got NaN/)
    refused(Symbol('s'), /got Symbol/)
    refused(new Map([[1, 'a']]), /got 1/)
  })

  test('refuses two entries of the same key', () => {
    const twice = new Map<string | Uint8Array, BencodeInput>([
      ['a', 1],
      [bytesOf('a'), 2],
    ])
    refused(twice, /at a, got a second entry of the same key/)
  })

  test('refuses a value that contains itself', () => {
    const value: BencodeInput[] = []
    value.push(value)
    assert.throws(
      () => encodeBencode(value),
      (error) => error instanceof BencodeError && error.code === 'too-deep',
    )
  })
})
