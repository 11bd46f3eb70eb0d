// The heap of what expires, against sorting.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { ExpiryHeap, type Expiring } from '../../src/stores/expiry-heap.ts'
import { runs } from '../property-runs.ts'

interface Entry extends Expiring {
  expiresAt: number
}

const times = fc.nat(20)
const operations = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant('add' as const), at: times, which: fc.nat() }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('change' as const), at: times, which: fc.nat() }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('remove' as const), at: times, which: fc.nat() }) },
  ),
  { maxLength: 200 },
)

const nextOf = (heap: ExpiryHeap<Entry>): number | undefined => heap.first?.expiresAt

describe('A heap of what expires', () => {
  test('has at its top what expires next, whatever is added, removed and changed', () => {
    fc.assert(
      fc.property(operations, (sequence) => {
        const heap = new ExpiryHeap<Entry>()
        const entries: Entry[] = []
        assert.equal(nextOf(heap), undefined)
        for (const { do: what, at, which } of sequence) {
          const index = which % (entries.length || 1)
          const entry = entries[index]
          if (what === 'add') {
            const added = { expiresAt: at, place: -1 }
            entries.push(added)
            heap.add(added)
          } else if (entry && what === 'change') {
            entry.expiresAt = at
            heap.changed(entry)
          } else if (entry) {
            heap.remove(entry)
            entries.splice(index, 1)
          }
          const next =
            entries.length === 0 ? undefined : Math.min(...entries.map(({ expiresAt }) => expiresAt))
          assert.equal(nextOf(heap), next)
        }
        const sorted = entries.map(({ expiresAt }) => expiresAt).toSorted((a, b) => a - b)
        for (const expected of sorted) {
          assert.equal(nextOf(heap), expected)
          heap.remove(heap.first!)
        }
        assert.equal(nextOf(heap), undefined)
      }),
      runs(300),
    )
  })

  test('lifts the last entry when it takes a place below what expires later', () => {
    const heap = new ExpiryHeap<Entry>()
    const asPlaced = [1, 10, 2, 11, 12, 3, 4, 20, 21, 22, 23, 5, 6, 7]
    const entries = asPlaced.map((expiresAt) => ({ expiresAt, place: -1 }))
    for (const entry of entries) heap.add(entry)
    heap.remove(entries[3]!)
    for (const expected of [1, 2, 3, 4, 5, 6, 7, 10, 12, 20, 21, 22, 23]) {
      assert.equal(nextOf(heap), expected)
      heap.remove(heap.first!)
    }
  })
})
