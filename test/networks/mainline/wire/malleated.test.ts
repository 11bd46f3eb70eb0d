// T19: a value has one spelling. With two, each would have a hash and a signature of its own, and nodes that spell it
// anew would store and answer what nobody can verify.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { decodeBencode, encodeBencode, STORED_VALUE } from '../../../../src/codecs/bencode.ts'
import { ProtocolError } from '../../../../src/kademlia/ports.ts'
import { runs } from '../../../property-runs.ts'
import { bytesOf, samples, textOf } from '../../../codecs/bencode-samples.ts'
import { decodedQuery, decodedReply, refusal } from '../packets.ts'

const CORPUS = 1000
const SIZE = 1000

const putOf = (value: string): Uint8Array =>
  bytesOf(`d1:ad2:id20:abcdefghij01234567895:token8:aoeusnth1:v${value}e1:q3:put1:t2:aa1:y1:qe`)
const replyOf = (value: string): Uint8Array =>
  bytesOf(`d1:rd2:id20:abcdefghij01234567895:token8:aoeusnth1:v${value}e1:t2:aa1:y1:re`)

type Value = number | Uint8Array | readonly Value[] | { readonly [key: string]: Value }

const canonical = (value: Value): string => textOf(encodeBencode(value))
const stringOf = (text: string): string => `${text.length}:${text}`

/** Other spellings of a value, in each of which one thing is not canonical. */
function* spellings(value: Value): Generator<string> {
  if (typeof value === 'number') yield* integerSpellings(value)
  else if (value instanceof Uint8Array) yield* stringSpellings(textOf(value))
  else if (Array.isArray(value)) yield* listSpellings(value as readonly Value[])
  else yield* dictionarySpellings(value as { readonly [key: string]: Value })
}

function* integerSpellings(value: number): Generator<string> {
  const sign = value < 0 ? '-' : ''
  const digits = String(Math.abs(value))
  yield `i${sign}0${digits}e`
  yield `i${sign}000${digits}e`
  yield `i+${digits}e`
  yield `i${sign} ${digits}e`
  yield `i${sign}${digits} e`
  yield `i${sign}${digits}.0e`
  if (value === 0) yield* ['i-0e', 'ie', 'i-e']
}

function* stringSpellings(text: string): Generator<string> {
  yield `0${stringOf(text)}`
  yield `000${stringOf(text)}`
}

function* listSpellings(list: readonly Value[]): Generator<string> {
  for (const [index, item] of list.entries()) {
    const parts = list.map(canonical)
    for (const spelling of spellings(item)) yield `l${parts.with(index, spelling).join('')}e`
  }
}

function* dictionarySpellings(dictionary: { readonly [key: string]: Value }): Generator<string> {
  const entries = Object.entries(dictionary)
    .map(([key, value]) => ({
      key: stringOf(textOf(new TextEncoder().encode(key))),
      value: canonical(value),
      inner: value,
    }))
    .sort((a, b) => (a.key.slice(a.key.indexOf(':')) < b.key.slice(b.key.indexOf(':')) ? -1 : 1))
  const written = entries.map(({ key, value }) => key + value)
  const all = written.join('')
  yield `d${all}4:laste`
  yield `di1e1:x${all}e`
  yield `dle1:x${all}e`
  if (written.length > 0) yield `d${all}${written.at(-1)}e`
  if (written.length > 1) yield `d${written.toReversed().join('')}e`
  for (const [index, { key, value, inner }] of entries.entries()) {
    yield `d${written.with(index, `0${key}${value}`).join('')}e`
    for (const spelling of spellings(inner)) yield `d${written.with(index, key + spelling).join('')}e`
  }
}

/** The value that a put would store; null when it is refused. */
function acceptedOf(packet: Uint8Array): Uint8Array | null {
  try {
    const query = decodedQuery(packet)
    return query.method === 'put' ? query.value : null
  } catch (error) {
    if (error instanceof ProtocolError) return null
    throw error
  }
}

/** The same each time: so many spellings of random values, of at most 1000 bytes. */
function corpus(): readonly string[] {
  const found = new Set<string>()
  for (const value of fc.sample(samples, { seed: 19, numRuns: 2000 })) {
    for (const spelling of spellings(value)) {
      if (spelling.length <= SIZE && found.size < CORPUS) found.add(spelling)
    }
  }
  return [...found]
}

describe('A value in another spelling', () => {
  const values = corpus()

  test('is refused with 203 in a put, a thousand times out of a thousand (T19, B44-07, K-13)', () => {
    assert.equal(values.length, CORPUS)
    for (const value of values) {
      const { answer } = refusal(putOf(value))
      assert.equal(answer?.code, 203, value)
      assert.match(answer.message, /canonical/, value)
    }
  })

  test('is no item in a reply, which is of use all the same (T19, B44-18)', () => {
    for (const value of values) {
      assert.deepEqual(
        decodedReply(replyOf(value)),
        { token: bytesOf('aoeusnth'), badItem: 'item-malformed' },
        value,
      )
    }
  })
})

describe('A value that is accepted', () => {
  test('is what comes out when it is decoded and encoded again (T19, K-14)', () => {
    fc.assert(
      fc.property(samples, (value) => {
        const text = canonical(value)
        fc.pre(text.length <= SIZE)
        const query = decodedQuery(putOf(text))
        assert.ok(query.method === 'put')
        assert.equal(textOf(query.value), text)
        assert.equal(textOf(encodeBencode(decodeBencode(query.value, STORED_VALUE))), text)
      }),
      runs(1000),
    )
  })

  test('is canonical whatever was done to it on the way: else it is refused (T19)', () => {
    const change = fc.tuple(
      fc.nat(),
      fc.constantFrom('', '0', '1', '-', 'e', 'i', 'l', 'd', '1:a', 'i1e', 'le'),
      fc.nat(2),
    )
    let accepted = 0
    fc.assert(
      fc.property(samples, fc.array(change, { minLength: 1, maxLength: 3 }), (value, changes) => {
        let text = canonical(value)
        for (const [at, put, removed] of changes) {
          const where = at % (text.length + 1)
          text = text.slice(0, where) + put + text.slice(where + removed)
        }
        const stored = acceptedOf(putOf(text))
        if (stored === null) return
        accepted++
        assert.equal(textOf(encodeBencode(decodeBencode(stored, STORED_VALUE))), textOf(stored))
      }),
      runs(5000),
    )
    assert.ok(accepted > 100, `${accepted} were accepted`)
  })
})
