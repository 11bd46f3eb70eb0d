// Around which target each node of a survey is asked: everywhere in turn, near to who knows, within bounds.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { asId, sharedPrefixBits, type Id } from '../../../src/kademlia/id.ts'
import { KeySpaceMap } from '../../../src/networks/mainline/key-space-map.ts'
import { SeededRandom } from '../../../src/simulator/seeded-random.ts'

function randomIds(random: SeededRandom, count: number): Id[] {
  return Array.from({ length: count }, () => asId(random.bytes(20)))
}

describe('A map of the key space', () => {
  test('is one region as long as one answer can name all that are known', () => {
    const random = new SeededRandom(1)
    const map = new KeySpaceMap()
    const ids = randomIds(random, 9)
    for (const id of ids.slice(0, 8)) map.add(id)
    assert.equal(map.regions, 1)
    map.add(ids[8]!)
    assert.ok(map.regions >= 3)
    map.remove(ids[0]!)
    assert.equal(map.regions, 1)
  })

  test('has every part of it asked for alike, mostly by nodes that are near', () => {
    const random = new SeededRandom(2)
    const map = new KeySpaceMap()
    const ids = randomIds(random, 256)
    for (const id of ids) map.add(id)
    const targets = ids.map((id) => map.targetFor(id, random))
    // Five bits are 32 parts, of eight ids and of eight targets each.
    const parts = Map.groupBy(targets, (target) => target[0]! >> 3)
    assert.equal(parts.size, 32)
    const near = ids.filter((id, i) => sharedPrefixBits(id, targets[i]!) >= 4)
    assert.ok(near.length >= 200, `${near.length} of 256 asked about what they know`)
  })

  test('sends somebody to look where nobody is known, and only where they have a say', () => {
    const random = new SeededRandom(3)
    const map = new KeySpaceMap()
    // All in one quarter, which is split, next to an empty quarter and an empty half.
    const ids = randomIds(random, 40).map((id) => {
      id[0]! &= 0x3f
      return id
    })
    for (const id of ids) map.add(id)
    const firstBits = new Set(ids.map((id) => map.targetFor(id, random)[0]! >> 6))
    assert.deepEqual(firstBits, new Set([0, 1, 2, 3]))
  })

  test('has nothing to ask for where all was asked often enough, until it was not answered', () => {
    const random = new SeededRandom(4)
    const map = new KeySpaceMap()
    const ids = randomIds(random, 60)
    for (const id of ids) map.add(id)
    const targets: Id[] = []
    for (let round = 0; round < 20; round++) {
      for (const id of ids) {
        const target = map.neglectedTargetFor(id, 2, random)
        if (target !== null) targets.push(target)
      }
    }
    assert.ok(targets.length >= map.regions && targets.length <= 60 * 2)
    for (const id of ids) assert.equal(map.neglectedTargetFor(id, 2, random), null)
    map.unanswered(targets[7]!)
    assert.ok(ids.some((id) => map.neglectedTargetFor(id, 2, random) !== null))
  })

  test('stays within its bounds, whatever ids liars think of (T4)', () => {
    const random = new SeededRandom(5)
    const map = new KeySpaceMap()
    const honest = randomIds(random, 100)
    for (const id of honest) map.add(id)
    const before = map.regions
    const ids: Id[] = []
    for (let i = 0; i < 2_000; i++) {
      // Ten at a time share all but their last byte; further ones are all the same.
      const id = asId(i < 1_000 ? new SeededRandom(i - (i % 10)).bytes(20) : new Uint8Array(20))
      id[19] = i % 10
      ids.push(id)
      map.add(id)
    }
    assert.ok(map.regions <= before + 101 * 2 * 24, String(map.regions))
    for (const id of ids) map.targetFor(id, random)
    for (const id of ids) map.remove(id)
    assert.ok(map.regions <= 2 * before, 'and forgets them')
  })
})
