import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import {
  frameNetstring,
  MAX_NETSTRING_BYTES,
  NetstringError,
  NetstringReader,
} from '../../src/codecs/netstring.ts'
import type { NetstringErrorCode } from '../../src/codecs/netstring.ts'
import type { FrameReader } from '../../src/node/ports.ts'
import { runs } from '../property-runs.ts'

const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'))
const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')

const of = (code: NetstringErrorCode) => (error: unknown) =>
  error instanceof NetstringError && error.code === code

/** What a reader gives for these pieces, one after the other. */
function taken(reader: FrameReader, ...pieces: readonly string[]): string[] {
  return pieces.flatMap((piece) => reader.take(bytesOf(piece)).map(textOf))
}

/** How many bytes, one a piece, are taken before one is refused; and with which code. */
function refusedAt(text: string): string {
  const reader = new NetstringReader()
  for (let i = 0; i < text.length; i++) {
    try {
      reader.take(bytesOf(text[i]!))
    } catch (error) {
      assert.ok(error instanceof NetstringError)
      return `${error.code} at ${i}`
    }
  }
  return 'never'
}

/** Bytes cut into pieces at random, empty ones too. */
const cut = (bytes: Uint8Array, places: readonly number[]): Uint8Array[] => {
  const cuts = places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b)
  return [0, ...cuts].map((start, i) => bytes.subarray(start, cuts[i] ?? bytes.length))
}

describe('A payload', () => {
  test('is framed by its length in decimal, a colon and a comma (drogulus B1)', () => {
    assert.equal(textOf(frameNetstring(bytesOf(''))), '0:,')
    assert.equal(textOf(frameNetstring(bytesOf('hello world!'))), '12:hello world!,')
  })

  test('of 99 999 bytes is framed and read, one of more is not framed (drogulus B1)', () => {
    const largest = new Uint8Array(MAX_NETSTRING_BYTES).fill(7)
    assert.deepEqual(new NetstringReader().take(frameNetstring(largest)), [largest])
    assert.throws(() => frameNetstring(new Uint8Array(MAX_NETSTRING_BYTES + 1)), of('too-long'))
  })

  test('comes out as it went in, in whatever pieces', () => {
    const payloads = fc.array(fc.uint8Array({ maxLength: 9_000, size: 'max' }), { maxLength: 6 })
    fc.assert(
      fc.property(payloads, fc.array(fc.nat(), { maxLength: 12 }), (whole, places) => {
        const stream = Uint8Array.from(Buffer.concat(whole.map(frameNetstring)))
        const reader = new NetstringReader()
        const given = cut(stream, places).flatMap((piece) => [...reader.take(piece)])
        assert.deepEqual(given, whole)
        assert.equal(reader.isWithin, false)
      }),
      runs(300),
    )
  })

  test('comes out as it went in when each byte comes alone, and none is copied more than three times (T17)', (t) => {
    const payload = Uint8Array.from({ length: 50_000 }, (_, i) => i & 0xff)
    const frame = frameNetstring(payload)
    let copied = 0
    const arrays = Object.getPrototypeOf(Uint8Array.prototype) as Uint8Array
    const set = Reflect.get(arrays, 'set')
    t.mock.method(arrays, 'set', function (this: Uint8Array, from: Uint8Array, at?: number) {
      copied += from.length
      Reflect.apply(set, this, [from, at])
    })
    const reader = new NetstringReader()
    const given = Array.from(frame, (_, i) => reader.take(frame.subarray(i, i + 1))).flat()
    t.mock.restoreAll()
    assert.deepEqual(given, [payload])
    assert.ok(copied >= payload.length && copied <= 3 * payload.length, `${copied} bytes copied`)
  })

  test('is a copy: whoever sent the bytes may use them again', () => {
    const bytes = bytesOf('3:abc,')
    const [payload] = new NetstringReader().take(bytes)
    bytes.fill(0)
    assert.equal(textOf(payload!), 'abc')
  })
})

describe('A reader of netstrings', () => {
  test('gives all that are whole at once, and the empty one (drogulus B1)', () => {
    assert.deepEqual(taken(new NetstringReader(), '3:abc,0:,1:,,2:d'), ['abc', '', ','])
  })

  test('says whether one has begun that is not whole', () => {
    const reader = new NetstringReader()
    assert.equal(reader.isWithin, false)
    for (const piece of ['1', '2', ':', 'hello ', 'world!']) {
      assert.deepEqual(taken(reader, piece), [])
      assert.equal(reader.isWithin, true, piece)
    }
    assert.deepEqual(taken(reader, ','), ['hello world!'])
    assert.equal(reader.isWithin, false)
    taken(reader, '0')
    assert.equal(reader.isWithin, true)
    taken(reader, ':')
    assert.equal(reader.isWithin, true)
    taken(reader, ',')
    assert.equal(reader.isWithin, false)
  })

  test('refuses what is none at the first byte that shows it (drogulus B1)', () => {
    assert.equal(refusedAt('x:abc,'), 'no-length at 0')
    assert.equal(refusedAt(':abc,'), 'no-length at 0')
    assert.equal(refusedAt('-1:'), 'no-length at 0')
    assert.equal(refusedAt(' 1:'), 'no-length at 0')
    assert.equal(refusedAt('1x:'), 'no-length at 1')
    assert.equal(refusedAt('1,'), 'no-length at 1')
    assert.equal(refusedAt('00:,'), 'leading-zero at 1')
    assert.equal(refusedAt('01:a,'), 'leading-zero at 1')
    assert.equal(refusedAt('99999:'), 'never')
    assert.equal(refusedAt('100000:'), 'too-long at 5')
    assert.equal(refusedAt('999999999999:'), 'too-long at 5')
    assert.equal(refusedAt('3:abcX'), 'no-comma at 5')
    assert.equal(refusedAt('0:X'), 'no-comma at 2')
    assert.equal(refusedAt('3:abc,,'), 'no-length at 6')
  })

  test('gives what was whole before a mistake, and refuses from then on', () => {
    const reader = new NetstringReader()
    assert.deepEqual(taken(reader, '1:a,1:b,x1:c,'), ['a', 'b'])
    assert.equal(reader.isWithin, true)
    assert.throws(() => taken(reader, ''), of('no-length'))
    assert.throws(() => taken(reader, '1:d,'), of('no-length'))
  })

  test('gives the same in whatever pieces: payloads up to the first mistake, and then refuses', () => {
    const streams = fc.array(
      fc.constantFrom('3:abc,', '0:,', '12:hello world!,', '01', '1:', ':', 'x', ',', '100000:', '5'),
      { maxLength: 8 },
    )
    const outcome = (pieces: readonly Uint8Array[]): string => {
      const reader = new NetstringReader()
      const given: string[] = []
      try {
        for (const piece of [...pieces, new Uint8Array(0)]) given.push(...reader.take(piece).map(textOf))
      } catch (error) {
        assert.ok(error instanceof NetstringError)
        given.push(error.code)
      }
      return given.join('|')
    }
    fc.assert(
      fc.property(streams, fc.array(fc.nat(), { maxLength: 5 }), (parts, places) => {
        const stream = bytesOf(parts.join(''))
        assert.equal(outcome(cut(stream, places)), outcome([stream]))
        assert.equal(outcome([...stream].map((byte) => Uint8Array.of(byte))), outcome([stream]))
      }),
      runs(3_000),
    )
  })

  test('takes no memory for what is only announced (T17)', () => {
    const readers = Array.from({ length: 2_000 }, () => new NetstringReader())
    const before = process.memoryUsage().arrayBuffers
    for (const reader of readers) reader.take(bytesOf('99999:abc'))
    const grown = process.memoryUsage().arrayBuffers - before
    // As announced it would be 200 MB.
    assert.ok(grown < 20_000_000, `${grown} bytes for ${readers.length} connections`)
  })
})
