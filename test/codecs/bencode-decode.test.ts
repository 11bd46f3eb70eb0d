import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  BencodeDictionary,
  BencodeError,
  ENVELOPE,
  KHASHMIR,
  STORED_VALUE,
  decodeBencode,
} from '../../src/codecs/bencode.ts'
import type { BencodeErrorCode, BencodeProfile } from '../../src/codecs/bencode.ts'
import { BencodeCursor, TOKEN } from '../../src/codecs/bencode-cursor.ts'
import type { Token } from '../../src/codecs/bencode-cursor.ts'
import { bytesOf, plain, textOf } from './bencode-samples.ts'
import type { Plain } from './bencode-samples.ts'

function decoded(text: string, profile: BencodeProfile = ENVELOPE): Plain {
  return plain(decodeBencode(bytesOf(text), profile))
}

function refused(text: string, code: BencodeErrorCode, profile: BencodeProfile = ENVELOPE): void {
  assert.throws(
    () => decodeBencode(bytesOf(text), profile),
    (error) => error instanceof BencodeError && error.code === code,
    `${text.slice(0, 40)} should be refused as ${code}`,
  )
}

function dictionary(text: string): BencodeDictionary {
  const value = decodeBencode(bytesOf(text))
  assert.ok(value instanceof BencodeDictionary)
  return value
}

const bothProfiles: readonly [string, BencodeProfile][] = [
  ['an envelope', ENVELOPE],
  ['a stored value', STORED_VALUE],
]

describe('Decoding bencode', () => {
  test('reads strings, integers, lists and dictionaries', () => {
    assert.equal(decoded('4:spam'), 'spam')
    assert.equal(decoded('0:'), '')
    assert.equal(decoded('i-42e'), -42)
    assert.deepEqual(decoded('l4:spami3elee'), ['spam', 3, []])
    assert.deepEqual(decoded('d3:cow3:moo4:spamd1:ai0eee'), {
      entries: [
        ['cow', 'moo'],
        ['spam', { entries: [['a', 0]] }],
      ],
    })
    assert.deepEqual(decoded('de'), { entries: [] })
  })

  test('does not copy byte strings', () => {
    const bytes = bytesOf('l4:spame')
    const [spam] = decodeBencode(bytes) as [Uint8Array]
    assert.equal(spam.buffer, bytes.buffer)
    bytes[3] = 0x53
    assert.equal(textOf(spam), 'Spam')
  })

  test('K-14 keeps integers outside of ±2^53 exactly, as bigints, and the others as numbers', () => {
    assert.equal(decoded('i9007199254740991e'), 9_007_199_254_740_991)
    assert.equal(decoded('i-9007199254740991e'), -9_007_199_254_740_991)
    assert.equal(decoded('i9007199254740992e'), 2n ** 53n)
    assert.equal(decoded('i9223372036854775807e'), 2n ** 63n - 1n)
    assert.equal(decoded('i-9223372036854775808e'), -(2n ** 63n))
    assert.equal(decoded('i0000000000000001234e'), 1234)
  })

  test('K-14 takes __proto__, constructor and toString for keys like any other', () => {
    const value = dictionary('d9:__proto__d8:pollutedi1ee11:constructori2e8:toStringi3ee')
    assert.deepEqual([...value.keys()], ['__proto__', 'constructor', 'toString'])
    assert.equal(value.get('toString'), 3)
    assert.equal(value.get('hasOwnProperty'), undefined)
    assert.equal(value.has('valueOf'), false)
    assert.equal(({} as Record<string, unknown>)['polluted'], undefined)
  })

  test('K-14 takes keys for bytes, also where they are no UTF-8', () => {
    const value = dictionary('d1:\x801:a2:\xff\xfe1:be')
    assert.equal(value.size, 2)
    assert.deepEqual(value.get('\x80'), bytesOf('a'))
    assert.deepEqual(value.get('\xff\xfe'), bytesOf('b'))
  })

  test('knows the exact received bytes of each value, as BEP 44 hashes them', () => {
    const value = dictionary('d1:ai0007e1:vd1:zl2:xxe1:ai1ee1:z3:abce')
    assert.equal(textOf(value.rawOf('a')!), 'i0007e')
    assert.equal(textOf(value.rawOf('v')!), 'd1:zl2:xxe1:ai1ee')
    assert.equal(textOf(value.rawOf('z')!), '3:abc')
    assert.equal(value.rawOf('y'), undefined)
    const inner = value.get('v')
    assert.ok(inner instanceof BencodeDictionary)
    assert.equal(textOf(inner.rawOf('z')!), 'l2:xxe')
  })

  for (const [name, profile] of bothProfiles) {
    test(`K-12 refuses lengths past the end of ${name}, overflowing, negative and unfinished ones`, () => {
      refused('5:spam', 'bad-length', profile)
      refused('99999999999:', 'bad-length', profile)
      refused('18446744073709551617:a', 'bad-length', profile)
      refused('-1:a', 'unexpected-byte', profile)
      refused('1-:a', 'bad-length', profile)
      refused('12', 'bad-length', profile)
      refused('1', 'truncated', profile)
      refused('4spam', 'bad-length', profile)
    })

    test(`refuses what is no bencode at all in ${name}`, () => {
      refused('', 'truncated', profile)
      refused('e', 'unexpected-byte', profile)
      refused('x', 'unexpected-byte', profile)
      refused('l', 'truncated', profile)
      refused('d1:ai1e', 'truncated', profile)
      refused('d1:ae', 'unexpected-byte', profile)
      refused('li1e', 'truncated', profile)
      refused('u4:text', 'unexpected-byte', profile)
    })

    test(`refuses integers without digits, with signs, blanks or fractions in ${name}`, () => {
      for (const text of ['ie', 'i-e', 'i--1e', 'i+1e', 'i 1e', 'i1.5e', 'i1-e', 'i0x1e']) {
        refused(text, 'bad-integer', profile)
      }
      refused('i', 'truncated', profile)
      refused('i-', 'truncated', profile)
      refused('i12', 'truncated', profile)
    })

    test(`refuses dictionary keys that are no strings in ${name} (K-13)`, () => {
      refused('di1ei2ee', 'key-not-a-string', profile)
      refused('dlei2ee', 'key-not-a-string', profile)
      refused('ddei2ee', 'key-not-a-string', profile)
    })
  }
})

describe('The profile of envelopes', () => {
  test('K-13 tolerates unsorted keys and trailing bytes', () => {
    assert.deepEqual(decoded('d1:bi1e1:ai2ee'), {
      entries: [
        ['b', 1],
        ['a', 2],
      ],
    })
    assert.equal(decoded('i1egarbage'), 1)
  })

  test('takes the first of duplicate keys, as libtorrent does', () => {
    const value = dictionary('d1:ai1e1:ai2ee')
    assert.equal(value.get('a'), 1)
    assert.equal(textOf(value.rawOf('a')!), 'i1e')
    assert.equal(value.size, 1)
  })

  test('tolerates leading zeros and reads -0 as 0', () => {
    assert.equal(decoded('03:abc'), 'abc')
    assert.equal(decoded('i-007e'), -7)
    assert.ok(Object.is(decodeBencode(bytesOf('i-0e')), 0))
  })

  test('K-12 allows 10 containers inside each other and 500 tokens, and no more', () => {
    assert.ok(decoded('l'.repeat(10) + 'e'.repeat(10)))
    refused('l'.repeat(11) + 'e'.repeat(11), 'too-deep')
    assert.ok(decoded(`l${'i1e'.repeat(498)}e`))
    refused(`l${'i1e'.repeat(499)}e`, 'too-many-tokens')
  })

  test('allows 20 digits, and no more', () => {
    assert.equal(decoded(`i${'9'.repeat(20)}e`), 10n ** 20n - 1n)
    refused(`i${'9'.repeat(21)}e`, 'bad-integer')
    refused(`${'0'.repeat(20)}1:a`, 'bad-integer')
  })
})

describe('The profile of stored values', () => {
  test('K-13 refuses leading zeros, -0 and the empty integer', () => {
    refused('i03e', 'bad-integer', STORED_VALUE)
    refused('i-03e', 'bad-integer', STORED_VALUE)
    refused('i00e', 'bad-integer', STORED_VALUE)
    refused('03:abc', 'bad-integer', STORED_VALUE)
    refused('00:', 'bad-integer', STORED_VALUE)
    refused('i-0e', 'bad-integer', STORED_VALUE)
    refused('ie', 'bad-integer', STORED_VALUE)
    assert.equal(decoded('i0e', STORED_VALUE), 0)
  })

  test('K-13 refuses unsorted and duplicate keys, on every level, and trailing bytes', () => {
    refused('d1:bi1e1:ai2ee', 'keys-not-ascending', STORED_VALUE)
    refused('d1:ai1e1:ai2ee', 'keys-not-ascending', STORED_VALUE)
    refused('d2:aai1e1:ai2ee', 'keys-not-ascending', STORED_VALUE)
    refused('ld1:ad1:bi1e1:ai2eeee', 'keys-not-ascending', STORED_VALUE)
    refused('i1ee', 'trailing-bytes', STORED_VALUE)
    assert.ok(decoded('d1:ai1e2:aai2e1:bd1:ai1eee', STORED_VALUE))
  })

  test('K-13 sorts keys as raw bytes, so \\x7f is before \\x80', () => {
    assert.ok(decoded('d1:\x7fi1e1:\x80i2ee', STORED_VALUE))
    refused('d1:\x80i1e1:\x7fi2ee', 'keys-not-ascending', STORED_VALUE)
  })

  test('allows 32 containers inside each other, and no more', () => {
    assert.ok(decoded('l'.repeat(32) + 'e'.repeat(32), STORED_VALUE))
    refused('l'.repeat(33) + 'e'.repeat(33), 'too-deep', STORED_VALUE)
  })

  test('does not bound what 1000 bytes can hold', () => {
    assert.ok(decoded(`l${'le'.repeat(499)}e`, STORED_VALUE))
    assert.equal(decoded(`i${'9'.repeat(998)}e`, STORED_VALUE), 10n ** 998n - 1n)
  })
})

describe('The profile of khashmir', () => {
  test('reads integers as Python does: blanks around them, a plus, one L behind (khashmir A1)', () => {
    for (const text of ['i 5e', 'i5 e', 'i \t\n\v\f\r5\r e', 'i+5e', 'i5Le', 'i +5L e']) {
      assert.equal(decoded(text, KHASHMIR), 5, text)
    }
    assert.equal(decoded('i -5 e', KHASHMIR), -5)
    assert.equal(decoded('i-5Le', KHASHMIR), -5)
    assert.equal(decoded('i 18446744073709551616Le', KHASHMIR), 2n ** 64n)
    assert.deepEqual(decoded('li 5e1:ai5Lee', KHASHMIR), [5, 'a', 5])
  })

  test('refuses what is no integer to Python either (khashmir A1)', () => {
    for (const text of [
      'i e',
      'i+e',
      'iLe',
      'i5LLe',
      'i5 Le',
      'i- 5e',
      'i+-5e',
      'i--5e',
      'i5 5e',
      'i1.5e',
      'i1_0e',
    ]) {
      refused(text, 'bad-integer', KHASHMIR)
    }
    for (const text of ['i5', 'i5 ', 'i5L', 'i ', 'i+', 'i']) {
      assert.throws(() => decodeBencode(bytesOf(text), KHASHMIR), BencodeError, text)
    }
  })

  test('refuses leading zeros and -0 also behind a blank or a plus (khashmir A1)', () => {
    for (const text of [
      'i03e',
      'i 03e',
      'i+03e',
      'i-0e',
      'i -0e',
      'i-0Le',
      'i-03 e',
      '03:abc',
      'd+01:ai1ee',
    ]) {
      refused(text, 'bad-integer', KHASHMIR)
    }
    assert.equal(decoded('i 0e', KHASHMIR), 0)
  })

  test('reads blanks and a plus in the length of a key, and of nothing else (khashmir A1)', () => {
    for (const text of ['d 1:ai1ee', 'd+1:ai1ee', 'd1 :ai1ee', 'd \t+1\n:ai1ee']) {
      assert.deepEqual(decoded(text, KHASHMIR), { entries: [['a', 1]] }, text)
    }
    assert.deepEqual(decoded('d +0 :i1e 1 :ai2ee', KHASHMIR), {
      entries: [
        ['', 1],
        ['a', 2],
      ],
    })
    refused('d1:bi1e 1:ai2ee', 'keys-not-ascending', KHASHMIR)
    refused('d 9:ai1ee', 'bad-length', KHASHMIR)
    refused(' 1:a', 'unexpected-byte', KHASHMIR)
    refused('l+1:ae', 'unexpected-byte', KHASHMIR)
    refused('1 :a', 'bad-length', KHASHMIR)
    refused('d1:b1 :ae', 'bad-length', KHASHMIR)
    for (const text of ['d-1:ai1ee', 'd1L:ai1ee', 'd 1ai1ee', 'd :i1ee']) {
      assert.throws(() => decodeBencode(bytesOf(text), KHASHMIR), BencodeError, text)
    }
  })

  test('reads text as its bytes, which must be UTF-8, but no key that is text (khashmir A1)', () => {
    assert.deepEqual(decoded('d1:au2:\xc3\xa91:bi1ee', KHASHMIR), {
      entries: [
        ['a', '\xc3\xa9'],
        ['b', 1],
      ],
    })
    assert.equal(decoded('u0:', KHASHMIR), '')
    assert.equal(decoded('u3:\xef\xbb\xbf', KHASHMIR), '\xef\xbb\xbf')
    refused('u1:\xc3', 'bad-text', KHASHMIR)
    refused('d1:au1 :xe', 'bad-length', KHASHMIR)
    refused('uu1:a', 'unexpected-byte', KHASHMIR)
    refused('u', 'unexpected-byte', KHASHMIR)
    refused('u3:ab', 'bad-length', KHASHMIR)
    refused('du1:ai1ee', 'key-not-a-string', KHASHMIR)
  })

  test('has no value for a date, and refuses one that there never was (khashmir A1)', () => {
    const cursor = new BencodeCursor(KHASHMIR)
    const tokenOf = (text: string): Token => {
      cursor.open(bytesOf(text))
      return cursor.skip()
    }
    assert.equal(tokenOf('t2008-02-29T23:59:59e'), TOKEN.date)
    assert.equal(tokenOf('d1:at2008-02-29T23:59:59e1:bi1ee'), TOKEN.dictionary)
    assert.equal(cursor.depth, 0)
    refused('t2008-02-29T23:59:59e', 'bad-date', KHASHMIR)
    for (const text of [
      't2007-02-29T23:59:59e',
      't2008-02-30T00:00:00e',
      't2008-02-28T24:00:00e',
      't2008-02-28T23:60:00e',
      't2008-02-28T23:59:60e',
      't0000-02-28T23:59:59e',
      't2008-2-28T23:59:59e',
      't2008-02-28T23:59:59Ze',
      't2008-02-28T23:59:59',
      'te',
      't',
    ]) {
      assert.throws(() => tokenOf(text), { name: 'BencodeError', code: 'bad-date' }, text)
    }
  })

  test('bounds what the original does not: 64 containers, 1472 tokens, 1000 digits (T17)', () => {
    // The original reads on until Python's stack or patience ends. No message of its own comes near these bounds.
    assert.ok(decoded('l'.repeat(64) + 'e'.repeat(64), KHASHMIR))
    refused('l'.repeat(65) + 'e'.repeat(65), 'too-deep', KHASHMIR)
    assert.ok(decoded(`l${'0:'.repeat(1470)}e`, KHASHMIR))
    refused(`l${'0:'.repeat(1471)}e`, 'too-many-tokens', KHASHMIR)
    assert.equal(decoded(`i ${'9'.repeat(1000)}e`, KHASHMIR), 10n ** 1000n - 1n)
    refused(`i${'9'.repeat(1001)}e`, 'bad-integer', KHASHMIR)
    refused(`i ${'9'.repeat(1001)}e`, 'bad-integer', KHASHMIR)
    refused(`d ${'9'.repeat(1001)}:ai1ee`, 'bad-integer', KHASHMIR)
  })
})

describe('The other profiles', () => {
  for (const [name, profile] of bothProfiles) {
    test(`know nothing of the loose forms of khashmir in ${name}`, () => {
      for (const text of ['i5Le', 'i5 e', 'u1:a', 't2008-03-27T16:55:08e', 'd 1:ai1ee', 'd1 :ai1ee']) {
        assert.throws(() => decodeBencode(bytesOf(text), profile), BencodeError, text)
      }
    })
  }
})
