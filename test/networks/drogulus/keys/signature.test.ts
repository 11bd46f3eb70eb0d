import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { describe, test } from 'node:test'
import { packMsgPack, MsgPackFloat } from '../../../../src/codecs/msgpack.ts'
import type { MsgPackMap, MsgPackValue } from '../../../../src/codecs/msgpack.ts'
import { asId } from '../../../../src/kademlia/id.ts'
import { sign, verify } from '../../../../src/networks/drogulus/keys/signature.ts'
import { compoundDigest, digestOfAll } from '../../../../src/networks/drogulus/keys/signed-digest.ts'
import type { SignedValue } from '../../../../src/networks/drogulus/messages.ts'
import { DROGULUS_COMMITS, drogulusVectors, recordedMsgPack } from '../../../drogulus-vectors.ts'
import type { DrogulusVector, RecordedFields, RecordedValue } from '../../../drogulus-vectors.ts'
import { pemOf, privateKeyOf, revisionOf, utf8 } from './recorded-keys.ts'

const sha512 = (bytes: Uint8Array): string => hash('sha512', bytes)

/** Times are written as `'1.0'`, or as `'1'` where they were integers. */
function signedValues({ decoded }: DrogulusVector): MsgPackValue[] {
  const { values } = decoded as { values: RecordedValue[] }
  return values.map((value, index) => {
    if (index === 1 || index === 2) {
      const text = value as string
      return text.includes('.') ? new MsgPackFloat(Number(text)) : Number(text)
    }
    const unicode = (value as RecordedFields | null)?.['unicode_utf8_hex']
    return unicode === undefined ? recordedMsgPack(value) : Uint8Array.fromHex(unicode as string)
  })
}

function itemOf(vector: DrogulusVector): SignedValue {
  const [value, timestamp, expires, name, meta, createdWith = null] = signedValues(vector)
  return {
    key: asId(new Uint8Array(64)),
    value: value!,
    timestamp: timestamp instanceof MsgPackFloat ? timestamp.value : NaN,
    expires: expires instanceof MsgPackFloat ? expires.value : NaN,
    createdWith: createdWith as Uint8Array | null,
    publicKey: utf8(pemOf((vector.decoded as { key: string }).key, 'public')),
    name: name as Uint8Array,
    meta: meta as MsgPackMap,
    signature: vector.hex,
    version: utf8('0.0.0.alpha.0'),
  }
}

/**
 * Given to the function as a list of pairs: no dict of Python 2 walks through a, b, c in that order (B3, and python 2.7.18
 * itself: a, c, b), so that no original would ever sign it, nor believe it.
 */
const NO_DICT = 'meta, 3 entries'

describe('A signature', () => {
  for (const commit of DROGULUS_COMMITS) {
    for (const vector of drogulusVectors({ name: 'signature', commit })) {
      const what = vector.note.split(':')[0]!
      const { packed_hex, field_sha512, hash_input_sha512, key } = vector.decoded as Record<
        string,
        string[]
      > & {
        readonly key: string
      }
      test(`is that of the original, with all that leads to it: ${commit}, ${what} (drogulus B3)`, () => {
        const values = signedValues(vector)
        const packed = values.map((value) => packMsgPack(value))
        assert.deepEqual(
          packed.map((bytes) => bytes.toHex()),
          packed_hex!.map((hex, index) => (hex.includes('...') ? packed[index]!.toHex() : hex)),
        )
        assert.deepEqual(packed.map(sha512), field_sha512)
        const digest = Uint8Array.fromHex(sha512(Uint8Array.fromHex(field_sha512!.join(''))))
        assert.equal(digest.toHex(), hash_input_sha512)
        assert.deepEqual(sign(digest, privateKeyOf(key)), vector.hex)
        if (what === NO_DICT) return assert.equal(verify(itemOf(vector), revisionOf(commit)), 'signature')
        assert.deepEqual(digestOfAll(values), digest)
        if (what.startsWith('integer times')) return
        assert.deepEqual(compoundDigest(itemOf(vector), revisionOf(commit)), digest)
        assert.equal(verify(itemOf(vector), revisionOf(commit)), null)
      })
    }
  }
})
