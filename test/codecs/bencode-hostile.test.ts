// T17: bombs. Not timed: what is counted is how often a byte is looked at.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { BencodeError, ENVELOPE, KHASHMIR, STORED_VALUE, decodeBencode } from '../../src/codecs/bencode.ts'
import { BencodeCursor } from '../../src/codecs/bencode-cursor.ts'
import { bytesOf } from './bencode-samples.ts'

const bombs: readonly [name: string, bytes: Uint8Array][] = [
  ['65 000 lists inside each other', bytesOf('l'.repeat(65_000))],
  ['65 000 dictionaries inside each other', bytesOf('d1:a'.repeat(16_250))],
  ['a length of 99999999999', bytesOf('99999999999:')],
  ['a length of 60 000 digits', bytesOf(`${'9'.repeat(60_000)}:`)],
  ['a length of 60 000 zeros', bytesOf(`${'0'.repeat(60_000)}:`)],
  ['an integer of 60 000 digits', bytesOf(`i${'7'.repeat(60_000)}e`)],
  ['an integer of 60 000 zeros', bytesOf(`i${'0'.repeat(60_000)}e`)],
  ['10 000 duplicate keys', bytesOf(`d${'1:ai1e'.repeat(10_000)}e`)],
  ['20 000 empty lists', bytesOf(`l${'le'.repeat(20_000)}e`)],
  ['32 000 empty strings', bytesOf(`l${'0:'.repeat(32_000)}e`)],
  ['an integer of 60 000 blanks', bytesOf(`i${' '.repeat(60_000)}e`)],
  ['an integer with 60 000 digits behind a blank', bytesOf(`i ${'7'.repeat(60_000)}e`)],
  ['a key whose length is 60 000 blanks', bytesOf(`d${' '.repeat(60_000)}:`)],
  ['a date without end', bytesOf(`t${'2'.repeat(60_000)}`)],
]

/** The same bytes, and how often one of them was read. */
function counted(bytes: Uint8Array): { bytes: Uint8Array; reads: () => number } {
  let reads = 0
  const proxy = new Proxy(bytes, {
    get(target, property) {
      if (property === 'length') return target.length
      reads++
      return Reflect.get(target, property)
    },
  })
  return { bytes: proxy, reads: () => reads }
}

describe('A bencode bomb', () => {
  for (const profile of [ENVELOPE, STORED_VALUE, KHASHMIR]) {
    for (const [name, bytes] of bombs) {
      test(`T17 of ${name} is refused within ${profile.maxTokens} tokens`, () => {
        assert.throws(() => decodeBencode(bytes, profile), BencodeError)
        const seen = counted(bytes)
        const cursor = new BencodeCursor(profile)
        cursor.open(seen.bytes)
        assert.throws(() => cursor.skip(), BencodeError)
        assert.ok(cursor.tokensLeft >= -1)
        assert.ok(seen.reads() <= 3 * bytes.length, `${seen.reads()} reads of ${bytes.length} bytes`)
      })
    }
  }

  test('T17 of integer digits is given up after the digits that are allowed', () => {
    const seen = counted(bytesOf(`i${'7'.repeat(60_000)}e`))
    const cursor = new BencodeCursor(ENVELOPE)
    cursor.open(seen.bytes)
    assert.throws(() => cursor.skip(), BencodeError)
    assert.ok(seen.reads() < 100, `${seen.reads()} reads`)
  })

  test('K-12 a profile deeper than 64 is a mistake of ours, said at once', () => {
    assert.throws(() => new BencodeCursor({ ...ENVELOPE, maxDepth: 65 }), RangeError)
  })
})
