// What is left of a drogulus value when all is gone that no signature covers (drogulus B3).
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { MsgPackMap, packMsgPack, type MsgPackValue } from '../../../../src/codecs/msgpack.ts'
import { onlySigned } from '../../../../src/networks/drogulus/keys/only-signed.ts'
import { inPythonOrder } from '../../../../src/networks/drogulus/keys/python-order.ts'
import { checkValue, signValue } from '../../../../src/networks/drogulus/keys/signed-value.ts'
import { simulatedKeyPairs } from '../../../../src/simulator/drogulus-keys.ts'
import { runs } from '../../../property-runs.ts'
import { signed, utf8 } from '../answering.ts'

const mapOf = (...entries: readonly (readonly [MsgPackValue, MsgPackValue])[]): MsgPackMap =>
  new MsgPackMap(entries)

describe('A signed value of drogulus', () => {
  test('loses what a holder put into its maps, and is as well signed (drogulus B3)', () => {
    const pay = (to: string): readonly [MsgPackValue, MsgPackValue] => [utf8('pay'), utf8(to)]
    const { name, timestamp, expires, meta } = signed()
    const value = [mapOf(pay('Alice'), [7, 1])]
    const item = signValue(
      { name, value, timestamp, expires, meta },
      { keyPair: simulatedKeyPairs[0]!, revision: 'july-2013' },
    )
    const stuffed = { ...item, value: [mapOf(pay('Mallory'), [7, 2], pay('Alice'), [7n, 1])] }
    assert.equal(checkValue(stuffed, 'july-2013'), null)
    const bare = onlySigned(stuffed)
    assert.deepEqual(bare, item)
    assert.equal(checkValue(bare, 'july-2013'), null)
  })

  test('that has no more in it than was signed stays as it is', () => {
    const item = { ...signed(), value: mapOf([utf8('a'), [mapOf([1, null])]], [utf8('b'), utf8('a')]) }
    assert.equal(onlySigned(item), item)
  })

  test('has no version that is larger than versions are', () => {
    assert.equal(onlySigned({ ...signed(), version: new Uint8Array(90_000) }).version.length, 13)
    assert.equal(onlySigned({ ...signed(), version: utf8('9.9') }).version.length, 3)
  })

  test('has its maps in the same order of Python 2 after it, whatever comes twice in them', () => {
    const key = fc.oneof(
      fc.nat(9),
      fc.nat(9).map(BigInt),
      fc.nat(9).map((n) => utf8(String(n))),
    )
    const entries = fc.array(fc.tuple(key, fc.nat()))
    fc.assert(
      fc.property(entries, (pairs) => {
        const item = { ...signed(), value: mapOf(...pairs) }
        const bare = onlySigned(item)
        assert.deepEqual(packMsgPack(inPythonOrder(bare.value)), packMsgPack(inPythonOrder(item.value)))
      }),
      runs(200),
    )
  })
})
