import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  BencodeDictionary,
  BencodeError,
  ENVELOPE,
  STORED_VALUE,
  decodeBencode,
} from '../../src/codecs/bencode.ts'
import type { BencodeErrorCode, BencodeProfile } from '../../src/codecs/bencode.ts'
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
