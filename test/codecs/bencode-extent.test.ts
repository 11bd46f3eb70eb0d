import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { encodeBencode } from '../../src/codecs/bencode.ts'
import { extentOf } from '../../src/codecs/bencode-extent.ts'
import { runs } from '../property-runs.ts'
import { bytesOf, samples } from './bencode-samples.ts'

describe('The extent of a value', () => {
  test('is that of its bytes, whatever stands before and behind it', () => {
    fc.assert(
      fc.property(samples, fc.uint8Array(), fc.uint8Array(), (value, before, behind) => {
        const bytes = encodeBencode(value)
        const all = Buffer.concat([before, bytes, behind])
        assert.equal(extentOf(all, before.length), before.length + bytes.length)
      }),
      runs(1000),
    )
  })

  test('is found of any spelling (K-13)', () => {
    for (const text of [
      'i03e',
      'i-0e',
      'ie',
      'i+1e',
      'i1.5e',
      'i - e',
      '03:abc',
      '00:',
      'd1:b0:1:a0:e',
      'd1:a0:1:a0:e',
      'di1e0:e',
      'dle0:e',
      'd1:ae',
      'l03:abciee',
    ]) {
      assert.equal(extentOf(bytesOf(`${text}e`), 0), text.length, text)
    }
  })

  test('is found of any depth (T17)', () => {
    const deep = 'l'.repeat(30_000) + 'e'.repeat(30_000)
    assert.equal(extentOf(bytesOf(deep), 0), deep.length)
  })

  test('is none where a value has no end, or none begins', () => {
    for (const text of [
      '',
      'e',
      'x',
      '-1:a',
      ':a',
      'i1',
      'l',
      'd',
      'lle',
      '3:ab',
      '3',
      '3abc',
      `${'9'.repeat(400)}:`,
      'lxe',
    ]) {
      assert.equal(extentOf(bytesOf(text), 0), -1, text)
    }
    assert.equal(extentOf(bytesOf('le'), 2), -1)
  })
})
