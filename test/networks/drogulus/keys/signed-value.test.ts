import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { MsgPackError, MsgPackMap, packMsgPack, unpackMsgPack } from '../../../../src/codecs/msgpack.ts'
import type { MsgPackValue } from '../../../../src/codecs/msgpack.ts'
import { asId } from '../../../../src/kademlia/id.ts'
import { readRsaKeyPair } from '../../../../src/networks/drogulus/keys/identity.ts'
import { keyOf } from '../../../../src/networks/drogulus/keys/key.ts'
import { inPythonOrder } from '../../../../src/networks/drogulus/keys/python-order.ts'
import {
  checkValue,
  digestOf,
  isExpired,
  isSignedAsSent,
  signValue,
  timestampOf,
  versionOf,
  type Forgery,
} from '../../../../src/networks/drogulus/keys/signed-value.ts'
import type { Revision, SignedValue } from '../../../../src/networks/drogulus/messages.ts'
import { DROGULUS_COMMITS, drogulusVectors } from '../../../drogulus-vectors.ts'
import type { DrogulusVector } from '../../../drogulus-vectors.ts'
import { runs } from '../../../property-runs.ts'
import { pemOf, revisionOf, utf8, valueOfMessage } from './recorded-keys.ts'

const keyPair = readRsaKeyPair(pemOf('rsa_a', 'private'))

/** Of the first message in a line. */
function fieldOf({ decoded }: DrogulusVector, name: string): unknown {
  const [first] = (decoded ?? []) as unknown as { map?: [string, unknown][] }[]
  return Array.isArray(first) ? undefined : first?.map?.find(([key]) => key === name)?.[1]
}

const verdicts: Record<string, Forgery | null> = { 6: 'unverifiable', 7: 'key-mismatch', 8: null }

/** What the original made of each `store` that it was sent; null where it did not come so far. */
function verdictOf(answer: DrogulusVector): Forgery | null | undefined {
  return fieldOf(answer, 'message') === 'pong' ? null : verdicts[String(fieldOf(answer, 'code'))]
}

describe('A signed value', () => {
  for (const commit of DROGULUS_COMMITS) {
    const lines = drogulusVectors({ commit })
    const stores = lines.flatMap((line) => {
      if (line.direction !== 'request' || fieldOf(line, 'message') !== 'store') return []
      const answer = lines.find(({ pair, direction }) => pair === line.pair && direction === 'response')
      const verdict = line.pair === undefined || answer === undefined ? undefined : verdictOf(answer)
      return verdict === undefined ? [] : [{ line, verdict }]
    })

    test(`is judged as the original does, in its ${stores.length} stores: ${commit} (drogulus B3, B4)`, () => {
      for (const { line, verdict } of stores) {
        assert.equal(checkValue(valueOfMessage(line), revisionOf(commit)), verdict, line.name)
      }
      const names = stores.map(({ line }) => line.name)
      for (const name of [
        'store-meta',
        'float32-timestamp',
        'store-noncanonical-int',
        'store-tampered-value',
        'store-wrong-signer',
        'store-bad-public-key',
        'store-short-sig',
        'store-key-mismatch',
        'store-key-mismatch-and-bad-sig',
      ]) {
        assert.ok(names.includes(name), name)
      }
    })

    const sent = lines.filter(
      (line) =>
        line.direction !== 'function' &&
        (fieldOf(line, 'message') === 'value' || line.direction === 'request-from-original') &&
        fieldOf(line, 'sig') !== undefined,
    )
    test(`is believed when an original sends it: ${sent.length} of ${commit} (drogulus B3)`, () => {
      assert.ok(sent.length > 0)
      for (const line of sent) {
        assert.equal(
          checkValue(valueOfMessage(line), revisionOf(commit)),
          null,
          `${line.name} ${line.direction}`,
        )
      }
    })
  }

  for (const revision of ['july-2013', 'october-2013'] as const) {
    test(`is what an original would have signed, byte for byte: ${revision}`, () => {
      const commit = revision === 'july-2013' ? 'e9b8c69' : '804a320'
      const [line] = drogulusVectors({ name: 'client-store', commit, direction: 'request-from-original' })
      const item = valueOfMessage(line!)
      const { name, value, timestamp, expires, meta } = item
      const signing = { keyPair: readRsaKeyPair(pemOf('rsa_b', 'private')), revision }
      const own = signValue({ name, value, timestamp, expires, meta }, signing)
      for (const field of Object.keys(item) as (keyof SignedValue)[]) {
        const [ours, theirs] = [own[field], item[field]].map((x) => (x instanceof Uint8Array ? x.toHex() : x))
        assert.deepEqual(ours, theirs, field)
      }
    })
  }
})

const sign = (
  changes: Partial<Parameters<typeof signValue>[0]> = {},
  revision: Revision = 'july-2013',
): SignedValue =>
  signValue(
    { name: utf8('n'), value: utf8('v'), timestamp: 1.5, expires: -1, meta: new MsgPackMap([]), ...changes },
    { keyPair, revision },
  )

describe('A value that is signed here', () => {
  test('is believed, whatever it is and whatever its maps are', () => {
    const texts = fc.uint8Array({ maxLength: 40 })
    const { any } = fc.letrec<{ any: MsgPackValue }>((tie) => ({
      any: fc.oneof(
        { maxDepth: 3 },
        fc.constantFrom(null, true, false),
        fc.maxSafeInteger(),
        texts,
        fc.array(tie('any'), { maxLength: 4 }),
        fc
          .array(fc.tuple(fc.oneof(texts, fc.integer()), tie('any')), { maxLength: 12 })
          .map((e) => new MsgPackMap(e)),
      ),
    }))
    const meta = fc.array(fc.tuple(texts, texts), { maxLength: 12 }).map((entries) => new MsgPackMap(entries))
    const time = fc.double({ min: 0, max: 1e11, noNaN: true })
    fc.assert(
      fc.property(
        any,
        meta,
        time,
        fc.constantFrom('july-2013', 'october-2013'),
        (value, own, timestamp, revision) => {
          const item = sign({ value, meta: own, timestamp }, revision)
          // As it comes over the wire.
          const read = { ...item, value: unpackMsgPack(packMsgPack(item.value)) }
          assert.equal(checkValue(read, revision), null)
        },
      ),
      runs(100),
    )
  })

  test('has the key of its key pair and its name', () => {
    assert.deepEqual(sign().key, keyOf(pemOf('rsa_a', 'public'), utf8('n')))
    assert.equal(checkValue(sign({ name: utf8('') }), 'july-2013'), null)
  })

  test('tells in october-2013 what made it', () => {
    assert.equal(sign().createdWith, null)
    assert.deepEqual(sign({}, 'october-2013').createdWith, utf8('0.0.0.alpha.0'))
    assert.deepEqual(sign({ createdWith: utf8('x') }, 'october-2013').createdWith, utf8('x'))
  })

  test('is none when it cannot be packed, or has a map without an order', () => {
    const loop: MsgPackValue[] = []
    loop.push(loop)
    for (const value of [loop, 1.5, 'text' as never]) assert.throws(() => sign({ value }), MsgPackError)
    const value = new MsgPackMap([
      [true, 1],
      [utf8('a'), 2],
    ])
    assert.throws(() => sign({ value }), { code: 'key-type' })
  })
})

describe('Checking a value', () => {
  test('looks at the signature before the key (drogulus B4)', () => {
    const item = sign()
    const key = asId(item.key.with(0, item.key[0]! ^ 1))
    const signature = item.signature.with(9, item.signature[9]! ^ 1)
    assert.equal(checkValue({ ...item, key }, 'july-2013'), 'key-mismatch')
    assert.equal(checkValue({ ...item, signature }, 'july-2013'), 'unverifiable')
    assert.equal(checkValue({ ...item, key, signature }, 'july-2013'), 'unverifiable')
  })

  test('takes a public key with white space around for the same, for the key does not count it', () => {
    const item = sign()
    const publicKey = utf8(` ${pemOf('rsa_a', 'public')}\n`)
    assert.equal(checkValue({ ...item, publicKey }, 'july-2013'), null)
  })

  test('depends on the order of a map only where keys collide', () => {
    const entries = ['x', 'y', 'z'].map((key) => [utf8(key), utf8('1')] as const)
    const item = sign({ meta: new MsgPackMap(entries) })
    assert.equal(checkValue({ ...item, meta: new MsgPackMap(entries.toReversed()) }, 'july-2013'), null)
    // Both want the last of 8 slots; whichever comes second goes in front of the other.
    const colliding = new MsgPackMap(COLLIDING.map((key) => [utf8(key), utf8('1')] as const))
    const own = sign({ meta: colliding })
    assert.equal(checkValue(own, 'july-2013'), null)
    const passedOn = { ...own, meta: inPythonOrder(colliding) as MsgPackMap }
    assert.notDeepEqual(passedOn.meta, colliding)
    assert.equal(checkValue(passedOn, 'july-2013'), 'unverifiable')
    assert.ok(isSignedAsSent(passedOn, 'july-2013'), 'and a reader can still see who signed it')
    assert.ok(!isSignedAsSent({ ...passedOn, value: 1 }, 'july-2013'))
    assert.ok(!isSignedAsSent({ ...passedOn, key: asId(new Uint8Array(64)) }, 'july-2013'))
  })
})

const COLLIDING = ['author', 'title']

describe('The time of a value', () => {
  test('is over at the time that it says, and never when that is 0 or less (drogulus B0)', () => {
    assert.equal(isExpired({ expires: 10 }, 9_999), false)
    assert.equal(isExpired({ expires: 10 }, 10_000), true)
    for (const expires of [0, -0, -1, -1e9])
      assert.equal(isExpired({ expires }, Number.MAX_SAFE_INTEGER), false)
    assert.equal(isExpired({ expires: 1e-9 }, 1), true)
  })

  test('has the order of its timestamps as versions of a record', () => {
    const time = fc.double({ min: 0, noNaN: true, noDefaultInfinity: true })
    fc.assert(
      fc.property(time, time, (a, b) => {
        const [first, second] = [versionOf({ timestamp: a }), versionOf({ timestamp: b })]
        assert.equal(Math.sign(a - b), first < second ? -1 : first > second ? 1 : 0)
        assert.ok(first >= 0n && first < 2n ** 63n)
        assert.equal(timestampOf(first), a + 0)
      }),
      runs(1_000),
    )
  })

  test('is a version even where it is none', () => {
    for (const timestamp of [-1, -0, NaN, -Infinity]) assert.equal(versionOf({ timestamp }), 0n)
    assert.ok(versionOf({ timestamp: Infinity }) < 2n ** 63n)
  })
})

describe('The digest of a value', () => {
  test('is the same for the same content, and another for another', () => {
    const item = sign()
    assert.equal(digestOf(item).length, 20)
    assert.deepEqual(digestOf(sign()), digestOf(item))
    assert.notDeepEqual(digestOf(sign({ expires: 5 })), digestOf(item))
  })
})
