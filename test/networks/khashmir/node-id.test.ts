// Ids of khashmir nodes (khashmir A2, A8).
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { asId, idFromHex, toHex } from '../../../src/kademlia/id.ts'
import { closeTarget, fitsSuffix, freshId } from '../../../src/networks/khashmir/node-id.ts'
import { SeededRandom } from '../../../src/simulator/seeded-random.ts'
import { khashmirVectors } from '../../khashmir-vectors.ts'

describe('A fresh id', () => {
  test('is random, and ends in the suffix where there is one (khashmir A2)', () => {
    const random = new SeededRandom(1, 'ids')
    const seen = new Set<string>()
    for (const suffix of ['', 'A000']) {
      for (let n = 0; n < 100; n++) {
        const id = freshId(random, suffix)
        assert.equal(id.length, 20)
        assert.equal(
          Buffer.from(id)
            .toString('latin1')
            .slice(20 - suffix.length),
          suffix,
        )
        assert.ok(fitsSuffix(id, suffix))
        seen.add(toHex(id))
      }
    }
    assert.equal(seen.size, 200)
    assert.throws(() => freshId(random, 'twenty-one characters'), /20 bytes, got 21/)
  })
})

describe('An id that was saved', () => {
  test('fits the suffix that it ends in, and no other (khashmir A2)', () => {
    const recorded = idFromHex('f8e966d1e207d02c44511a58dccff2f541303030', 20)
    assert.ok(fitsSuffix(recorded, 'A000'))
    assert.ok(fitsSuffix(recorded, ''))
    for (const other of ['A001', 'B000', 'xA000', 'a000']) assert.equal(fitsSuffix(recorded, other), false)
  })
})

describe('The target near our own id', () => {
  for (const { commit, decoded, hex } of khashmirVectors({ name: 'close-target' })) {
    const { own_id: ownId } = decoded as { own_id: string }
    test(`is the recorded one of ${ownId.slice(-4)} (${commit}, khashmir A8)`, () => {
      assert.equal(toHex(closeTarget(idFromHex(ownId, 20))), toHex(hex))
    })
  }

  test('leaves our own id as it is', () => {
    const ownId = asId(new Uint8Array(20).fill(0xff))
    closeTarget(ownId)
    assert.equal(toHex(ownId), 'ff'.repeat(20))
  })
})
