import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ENVELOPE, KHASHMIR } from '../../src/codecs/bencode.ts'
import { BencodeCursor, integerAt, TOKEN } from '../../src/codecs/bencode-cursor.ts'
import { BencodeFields, OPAQUE } from '../../src/codecs/bencode-fields.ts'
import { bytesOf, textOf } from './bencode-samples.ts'

const A = 0
const INNER = 1
const T = 2

function scanned(text: string): { top: BencodeFields; inner: BencodeFields; raw: (index: number) => string } {
  const inner = new BencodeFields(['id', 'v'])
  const top = new BencodeFields(['a', 'in', 't'], { in: inner })
  const cursor = new BencodeCursor(ENVELOPE)
  const bytes = bytesOf(text)
  cursor.open(bytes)
  cursor.next()
  top.scan(cursor)
  return { top, inner, raw: (index) => textOf(bytes.subarray(top.startOf(index), top.endOf(index))) }
}

describe('The fields of a dictionary', () => {
  test('are found wherever they stand, with their kind and exact bytes', () => {
    const { top, raw } = scanned('d1:t2:aa1:x3:abc1:ali1ei2eee')
    assert.ok(top.is(T, TOKEN.string))
    assert.equal(top.lengthOf(T), 2)
    assert.equal(raw(T), '2:aa')
    assert.ok(top.is(A, TOKEN.list))
    assert.equal(raw(A), 'li1ei2ee')
    assert.equal(top.lengthOf(A), -1)
    assert.equal(top.has(INNER), false)
  })

  test('are found one level down where that is asked for, and there only', () => {
    const { top, inner, raw } = scanned('d1:ad2:id2:xxe2:ind2:id3:abc1:vlee1:t0:e')
    assert.ok(top.is(INNER, TOKEN.dictionary))
    assert.equal(raw(INNER), 'd2:id3:abc1:vlee')
    assert.equal(inner.lengthOf(0), 3)
    assert.ok(inner.is(1, TOKEN.list))
    assert.equal(top.lengthOf(T), 0)
  })

  test('are told from others, which are counted', () => {
    const { top, inner } = scanned('d1:ai1e2:ind2:id0:1:xi1e1:y0:1:vi1ee1:xi1e1:ai2e0:lee')
    assert.equal(top.others, 3)
    assert.equal(inner.others, 2)
    assert.equal(scanned('d2:ind2:id0:ee').inner.others, 0)
  })

  test('count once: the first of duplicate keys', () => {
    const { top, inner, raw } = scanned('d2:ind2:id1:ae2:ind2:id2:bbe1:ai1e1:ai2ee')
    assert.equal(inner.lengthOf(0), 1)
    assert.equal(raw(A), 'i1e')
    assert.equal(top.has(T), false)
  })

  test('are forgotten before the next scan', () => {
    const fields = new BencodeFields(['a'])
    const cursor = new BencodeCursor(ENVELOPE)
    for (const [text, there] of [
      ['d1:ai1ee', true],
      ['de', false],
    ] as const) {
      cursor.open(bytesOf(text))
      cursor.next()
      fields.scan(cursor)
      assert.equal(fields.has(0), there)
    }
  })

  test('are forgotten also when the count of scans has run out and begins anew', () => {
    const fields = new BencodeFields(['a', 'b'])
    const cursor = new BencodeCursor(ENVELOPE)
    const scan = (text: string): string => {
      cursor.open(bytesOf(text))
      cursor.next()
      fields.scan(cursor)
      return `${fields.has(0)} ${fields.has(1)}`
    }
    assert.equal(scan('d1:ai1ee'), 'true false')
    Object.assign(fields, { scans: 0x7fff_fffe })
    assert.equal(scan('d1:bi1ee'), 'false true')
    for (let i = 0; i < 5; i++) assert.equal(scan('de'), 'false false')
    assert.equal(scan('d1:ai1ee'), 'true false')
  })

  test('are not taken for other keys of the same length and first letter', () => {
    const { top } = scanned('d2:ixi1e0:i1e1:bi1ee')
    assert.equal(top.has(INNER), false)
    assert.equal(top.has(A), false)
  })

  test('are as many as 16, also of the same first letter and length', () => {
    const keys =
      'id implied_port info_hash noseed port scrape seed target token want v k sig seq salt cas'.split(' ')
    const fields = new BencodeFields(keys)
    const cursor = new BencodeCursor(ENVELOPE)
    cursor.open(bytesOf(`d${keys.map((key, index) => `${key.length}:${key}i${index}e`).join('')}e`))
    cursor.next()
    fields.scan(cursor)
    for (const [index, key] of keys.entries()) {
      assert.ok(fields.is(index, TOKEN.integer), key)
      assert.equal(fields.contentOf(index) - fields.startOf(index), 1)
    }
  })

  test('are as they were when one of them is left unread, whatever it is (K-13, T17)', () => {
    const fields = new BencodeFields(['t', 'v'], { v: OPAQUE })
    const cursor = new BencodeCursor(ENVELOPE)
    for (const value of [
      'i03e',
      'di1e0:e',
      `${'l'.repeat(40)}${'e'.repeat(40)}`,
      `l${'0:'.repeat(900)}e`,
      '0:',
    ]) {
      for (const text of [`d1:v${value}1:t2:aae`, `d1:t2:aa1:v${value}e`]) {
        const bytes = bytesOf(text)
        cursor.open(bytes)
        cursor.next()
        fields.scan(cursor)
        assert.equal(fields.lengthOf(0), 2)
        assert.ok(fields.is(1, TOKEN.opaque))
        assert.equal(textOf(bytes.subarray(fields.startOf(1), fields.endOf(1))), value)
      }
    }
  })

  test('are not found when one that is left unread has no end', () => {
    const fields = new BencodeFields(['v'], { v: OPAQUE })
    const cursor = new BencodeCursor(ENVELOPE)
    for (const text of ['d1:v', 'd1:ve', 'd1:vl', 'd1:v3:ab', 'd1:vi1']) {
      cursor.open(bytesOf(text))
      cursor.next()
      assert.throws(() => fields.scan(cursor), { name: 'BencodeError', code: 'truncated' }, text)
    }
  })

  test('have their content told apart from the loose forms of khashmir around it (khashmir A1)', () => {
    const fields = new BencodeFields(['a', 'b', 'c', 'd'])
    const cursor = new BencodeCursor(KHASHMIR)
    const bytes = bytesOf('d 1:ai +5L e+1:bi-7e1 :cu3:abc1:dt2008-03-27T16:55:08ee')
    cursor.open(bytes)
    cursor.next()
    fields.scan(cursor)
    cursor.finish()
    const integer = (index: number): unknown =>
      integerAt(bytes, fields.contentOf(index), fields.contentEndOf(index))
    assert.ok(fields.is(0, TOKEN.integer))
    assert.equal(integer(0), 5)
    assert.equal(integer(1), -7)
    assert.equal(fields.lengthOf(2), 3)
    assert.equal(textOf(bytes.subarray(fields.contentOf(2), fields.contentEndOf(2))), 'abc')
    assert.equal(textOf(bytes.subarray(fields.startOf(2), fields.endOf(2))), 'u3:abc')
    assert.ok(fields.is(3, TOKEN.date))
    assert.equal(fields.lengthOf(3), -1)
  })
})
