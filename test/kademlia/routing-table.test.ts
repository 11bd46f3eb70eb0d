import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Contact } from '../../src/kademlia/contact.ts'
import { asId, sharedPrefixBits } from '../../src/kademlia/id.ts'
import { defaultParameters } from '../../src/kademlia/parameters.ts'
import type { RoutingTable } from '../../src/kademlia/routing-table.ts'
import {
  contactOf,
  fail,
  fill,
  idOf,
  idsOf,
  known,
  nodeAt,
  publicPolicy,
  seededRandom,
  smallParameters,
  tableAt,
} from './table-fixtures.ts'

const OWN = idOf(0)
const NOW = 1_000_000
const { goodForMs, bucketRefreshMs } = smallParameters

function sizes(table: RoutingTable): number[] {
  return table.buckets().map(({ size }) => size)
}

describe('buckets', () => {
  test('the first full bucket splits, and of the others only the one with our own id does (B5-04)', () => {
    const table = tableAt(OWN)
    fill(table, [0x80, 0x90, 0xa0, 0x40], NOW)
    assert.deepEqual(sizes(table), [4])
    fill(table, [0xb0], NOW)
    assert.deepEqual(sizes(table), [4, 1])
    assert.equal(table.answered(nodeAt(0xc0), NOW, null).outcome, 'full')
    fill(table, [0x20, 0x10, 0x08, 0x04], NOW)
    assert.deepEqual(sizes(table), [4, 1, 4])
  })

  test('a split that would make no room is put off (B5-04)', () => {
    const table = tableAt(OWN)
    fill(table, [0x80, 0x90, 0xa0, 0xb0], NOW)
    assert.equal(table.answered(nodeAt(0xc0), NOW, null).outcome, 'full')
    assert.deepEqual(sizes(table), [4])
    fill(table, [0x01], NOW)
    assert.deepEqual(sizes(table), [4, 1])
  })

  test('splits go as deep as the ids do, and no deeper', () => {
    const table = tableAt(OWN, { ...smallParameters, k: 1 })
    fill(table, [0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80], NOW)
    assert.deepEqual(sizes(table), [1, 1, 1, 1, 1, 1, 1, 1])
    assert.equal(table.answered(nodeAt(0x03), NOW, null).outcome, 'full')
  })

  test('the last two buckets merge when one holds them both (khashmir A6)', () => {
    const table = tableAt(OWN)
    fill(table, [0x80, 0x90, 0xa0, 0x40, 0x20], NOW)
    assert.deepEqual(sizes(table), [3, 2])
    table.remove(idOf(0x20), nodeAt(0x20).address)
    assert.deepEqual(sizes(table), [4])
    assert.deepEqual(new Set(idsOf(table.contacts())), new Set([0x80, 0x90, 0xa0, 0x40]))
  })

  test('they merge also when an answer costs one its place, and keep the newest replacements of both', () => {
    const table = tableAt(OWN)
    fill(table, [0x80, 0x90, 0xa0, 0x40, 0x20], NOW)
    table.answered(contactOf(OWN, nodeAt(0x20).address.host), NOW, null)
    assert.deepEqual(sizes(table), [4])

    fill(table, [0xb0, 0x48, 0x50, 0x58], NOW)
    for (const [i, id] of [0x60, 0x61, 0x62, 0xc0, 0xc1, 0xc2].entries()) {
      assert.equal(table.answered(nodeAt(id), NOW + i, null).outcome, 'full')
    }
    const leave = (id: number): number | undefined =>
      table.remove(idOf(id), nodeAt(id).address).promoted?.id[0]
    assert.deepEqual([0x80, 0x90, 0x40, 0x48].map(leave), [0xc2, 0xc1, 0x62, 0x61])
    assert.deepEqual(table.buckets(), [{ prefixBits: 0, size: 4, replacements: 2, lastChangedAt: NOW }])
    assert.equal(leave(0xa0), 0xc0)
    assert.equal(leave(0xb0), 0x60)
  })

  test('buckets are not merged where that would bring two contacts of one prefix together', () => {
    const table = tableAt(OWN, smallParameters, publicPolicy)
    for (const [id, host] of [
      [0x80, '1.0.0.1'],
      [0x90, '1.0.1.1'],
      [0xa0, '1.0.2.1'],
      [0x40, '1.0.3.1'],
      [0x20, '1.0.4.1'],
      [0x10, '1.0.0.2'],
    ] as const) {
      assert.equal(table.answered(contactOf(idOf(id), host), NOW, null).outcome, 'added')
    }
    table.remove(idOf(0x40), { host: '1.0.3.1', port: 6881 })
    table.remove(idOf(0x90), { host: '1.0.1.1', port: 6881 })
    assert.deepEqual(sizes(table), [2, 2])
    table.remove(idOf(0x80), { host: '1.0.0.1', port: 6881 })
    assert.deepEqual(sizes(table), [3])
  })
})

test('contacts and replacements keep no datagram alive: their ids are copies', () => {
  const table = tableAt(OWN, { ...smallParameters, k: 1 })
  const inDatagram = (id: number): Contact => ({
    ...nodeAt(id),
    id: asId(Uint8Array.of(9, id, 9).subarray(1, 2)),
  })
  const isAlone = (contact: Contact): boolean => contact.id.buffer.byteLength === 1
  fill(table, [0x01], NOW)
  assert.equal(table.answered(inDatagram(0x80), NOW, null).outcome, 'added')
  assert.equal(table.answered(inDatagram(0x90), NOW, null).outcome, 'full')
  assert.ok(isAlone(known(table, 0x80)))
  assert.ok(isAlone(table.remove(idOf(0x80), nodeAt(0x80).address).promoted!))
})

describe('a contact that does not answer', () => {
  test('is bad after two misses, is not handed out, and stays while nobody replaces it (B5-07, B5-08)', () => {
    const table = tableAt(OWN)
    fill(table, [0x80, 0x90], NOW)
    fail(table, 0x80, 2, NOW)
    assert.deepEqual(idsOf(table.closest(idOf(0x80), 4, NOW)), [0x90])
    assert.deepEqual(idsOf(table.closest(idOf(0x80), 4, NOW, 'any')), [0x80, 0x90])
    assert.equal(table.size, 2)
  })

  test('gets its last chances at growing intervals and is then removed', () => {
    const table = tableAt(OWN)
    fill(table, [0x80], NOW)
    fail(table, 0x80, 2, NOW)
    let now = NOW
    const waits: number[] = []
    while (table.size > 0) {
      const last = now
      while (table.questionable(now, 4).length === 0) now += 1_000
      waits.push((now - last) / 1_000)
      fail(table, 0x80, 1, now)
    }
    assert.deepEqual(waits, [60, 120, 240, 480, 600, 600, 600, 600])
  })

  test('does not count under another address than its own', () => {
    const table = tableAt(OWN)
    fill(table, [0x80], NOW)
    table.failed(idOf(0x80), { host: '6.6.6.6', port: 6 }, NOW)
    assert.equal(known(table, 0x80).failures, 0)
    assert.equal(table.remove(idOf(0x80), { host: '6.6.6.6', port: 6 }).removed, null)
    assert.equal(table.size, 1)
  })

  test('is not replaced by one whose IP or prefix has come into the table meanwhile', () => {
    const table = tableAt(OWN, smallParameters, publicPolicy)
    const at = (id: number, host: string): Contact => contactOf(idOf(id), host)
    for (const [i, id] of [0x80, 0x90, 0xa0, 0xb0].entries()) table.answered(at(id, `1.0.${i}.1`), NOW, null)
    for (const [i, id] of [0xc0, 0xd0, 0xe0].entries()) table.answered(at(id, `2.0.${i}.1`), NOW, null)
    table.answered(contactOf(idOf(0x40), '2.0.2.1', 7), NOW, null)
    assert.deepEqual(table.remove(idOf(0x80), { host: '1.0.0.1', port: 6881 }).promoted?.id, idOf(0xd0))
    assert.equal(table.answered(at(0x81, '2.0.0.9'), NOW, null).outcome, 'added')
    assert.equal(table.remove(idOf(0x90), { host: '1.0.1.1', port: 6881 }).promoted, null)
  })

  test('as a replacement is forgotten, and the next one is offered', () => {
    const table = tableAt(OWN)
    fill(table, [0x80, 0x90, 0xa0, 0xb0], NOW)
    for (const id of [0xc0, 0xd0, 0xe0, 0xf0]) table.answered(nodeAt(id), NOW, null)
    assert.equal(table.buckets()[0]!.replacements, 3, 'the oldest fell out of the cache')
    const first = table.remove(idOf(0x80), nodeAt(0x80).address)
    assert.deepEqual(first.promoted?.id, idOf(0xf0), 'the newest first')
    const second = table.failed(idOf(0xf0), nodeAt(0xf0).address, NOW)
    assert.deepEqual(second, { removed: null, promoted: second.promoted })
    assert.deepEqual(second.promoted?.id, idOf(0xe0))
    table.failed(idOf(0xd0), { host: '6.6.6.6', port: 6 }, NOW)
    assert.equal(table.buckets()[0]!.replacements, 0)
  })
})

describe('liveness', () => {
  test('only good contacts are handed out: heard of within 15 minutes, by an answer or else by a query (B5-07, B5-08)', () => {
    const table = tableAt(OWN)
    fill(table, [0x80, 0x90], NOW)
    const later = NOW + goodForMs + 1
    assert.deepEqual(idsOf(table.closest(OWN, 4, NOW + goodForMs)), [0x80, 0x90])
    assert.deepEqual(idsOf(table.closest(OWN, 4, later)), [])
    assert.equal(table.queriedUs(idOf(0x80), nodeAt(0x80).address, later), true)
    assert.deepEqual(idsOf(table.closest(OWN, 4, later)), [0x80])
  })

  test('a query from elsewhere, or from a stranger, is no sign of life (B5-07)', () => {
    const table = tableAt(OWN)
    fill(table, [0x80], NOW)
    assert.equal(table.queriedUs(idOf(0x80), { host: '6.6.6.6', port: 6 }, NOW + 9), false)
    assert.equal(table.queriedUs(idOf(0x90), nodeAt(0x90).address, NOW + 9), false)
    assert.equal(known(table, 0x80).queriedAt, 0)
    assert.equal(table.size, 1)
  })

  test('questionable contacts come least recently seen first, and no more than asked for (B5-06)', () => {
    const table = tableAt(OWN)
    fill(table, [0x80], NOW + 3)
    fill(table, [0x90], NOW + 1)
    fill(table, [0xa0], NOW + 2)
    const later = NOW + goodForMs + 10
    fill(table, [0xb0], later)
    assert.deepEqual(idsOf(table.questionable(later, 9)), [0x90, 0xa0, 0x80])
    assert.deepEqual(idsOf(table.questionable(later, 2)), [0x90, 0xa0])
    fail(table, 0x90, 2, later)
    assert.deepEqual(idsOf(table.questionable(later, 9)), [0xa0, 0x80], 'it has just been tried')
    assert.deepEqual(idsOf(table.questionable(later + 60_000, 9)), [0xa0, 0x80, 0x90], 'bad ones come last')
  })

  test('restored contacts are not handed out before they answer, also not when they query us (B5-11)', () => {
    const table = tableAt(OWN)
    const saved = [0x80, 0x90, 0xa0].map((id) => ({ ...nodeAt(id), repliedAt: NOW - id }))
    assert.equal(table.restore([...saved, { ...nodeAt(0), repliedAt: NOW }], NOW), 3)
    assert.equal(table.queriedUs(idOf(0x80), nodeAt(0x80).address, NOW), true)
    assert.deepEqual(idsOf(table.closest(OWN, 4, NOW)), [])
    assert.equal(table.closest(OWN, 4, NOW, 'any').length, 3)
    assert.equal(table.questionable(NOW, 9).length, 3)
    assert.equal(table.answered(nodeAt(0x80), NOW, 5).outcome, 'refreshed')
    assert.deepEqual(idsOf(table.closest(OWN, 4, NOW)), [0x80])
  })

  test('of too many saved contacts those that answered last are restored', () => {
    const table = tableAt(OWN)
    const saved = [0x80, 0x90, 0xa0, 0xb0, 0xc0].map((id, i) => ({ ...nodeAt(id), repliedAt: NOW + i }))
    assert.equal(table.restore(saved, NOW), 4)
    assert.equal(table.find(idOf(0x80)), null)
  })

  test('after a sleep nobody is good before it has answered again (T30)', () => {
    const table = tableAt(OWN)
    fill(table, [0x80, 0x90], NOW)
    table.suspectAll()
    assert.deepEqual(idsOf(table.closest(OWN, 4, NOW)), [])
    assert.equal(table.questionable(NOW, 9).length, 2)
    table.answered(nodeAt(0x90), NOW + 1, null)
    assert.deepEqual(idsOf(table.closest(OWN, 4, NOW + 1)), [0x90])
  })
})

describe('stale buckets', () => {
  const random = seededRandom(1)

  test('are those without an answer or a newcomer for 15 minutes, each with a target in its range (B5-09)', () => {
    const table = tableAt(OWN)
    fill(table, [0x80, 0x90, 0x40, 0x20, 0x10], NOW)
    assert.deepEqual(table.staleBuckets(NOW + bucketRefreshMs - 1, random), [])
    table.answered(nodeAt(0x80), NOW + 100, null)
    table.queriedUs(idOf(0x20), nodeAt(0x20).address, NOW + 100)
    const stale = table.staleBuckets(NOW + bucketRefreshMs, random)
    assert.deepEqual(
      stale.map(({ prefixBits }) => prefixBits),
      [1],
    )
    for (let i = 0; i < 50; i++) {
      const [far, near] = table.staleBuckets(NOW + 100, random, 0)
      assert.equal(sharedPrefixBits(OWN, far!.target), 0)
      assert.ok(sharedPrefixBits(OWN, near!.target) >= 1)
    }
  })

  test('are none where one has just been replaced, and are where one only asked us (B5-09)', () => {
    const table = tableAt(OWN)
    fill(table, [0x80, 0x90, 0xa0, 0xb0], NOW)
    const later = NOW + bucketRefreshMs
    for (const id of [0x80, 0x90]) assert.ok(table.queriedUs(idOf(id), nodeAt(id).address, later))
    assert.equal(table.staleBuckets(later, random).length, 1)
    fail(table, 0xa0, 2, later)
    assert.equal(table.staleBuckets(later, random).length, 1)
    assert.equal(table.answered(nodeAt(0xc0), later, null).outcome, 'added')
    assert.equal(table.find(idOf(0xa0)), null)
    assert.deepEqual(table.staleBuckets(later, random), [])
  })

  test('are so no more when their refresh has begun', () => {
    const table = tableAt(OWN)
    const later = NOW + bucketRefreshMs
    const [stale] = table.staleBuckets(later, random)
    table.refreshed(stale!.target, later)
    assert.deepEqual(table.staleBuckets(later, random), [])
  })
})

describe('rekey', () => {
  test('keeps who fits around the new id and says who does not; all buckets are stale (BEP 42)', () => {
    const table = tableAt(OWN)
    fill(table, [0x80, 0x90, 0xa0, 0xb0, 0x40, 0x20, 0x10, 0x08], NOW)
    fail(table, 0x20, 1, NOW)
    const fallen = table.rekey(idOf(0xff), NOW)
    assert.deepEqual(table.ownId, idOf(0xff))
    assert.equal(table.size, 8)
    assert.deepEqual(fallen, [])
    assert.equal(table.staleBuckets(NOW, seededRandom(1)).length, table.buckets().length)
    fill(table, [0xf0, 0xe0, 0xc0], NOW)
    const out = table.rekey(idOf(0x01), NOW)
    assert.equal(out.length + table.size, 11)
    assert.equal(out.length, 3)
    assert.equal(table.buckets()[0]!.replacements, 3)
  })

  test('drops a contact that has the new id, and prefers good contacts', () => {
    const table = tableAt(OWN)
    fill(table, [0x80, 0x90, 0x40, 0x20, 0x10, 0x60], NOW)
    table.rekey(idOf(0xf0), NOW)
    fail(table, 0x40, 1, NOW)
    fill(table, [0x81, 0xf8], NOW)
    const fallen = table.rekey(idOf(0x80), NOW)
    assert.deepEqual(idsOf(fallen), [0x80])
    assert.equal(table.find(idOf(0x80)), null)
  })
})

test('closest finds the target itself and then the nearest, in the order of their distance (B5-12)', () => {
  const table = tableAt(OWN)
  fill(table, [0x80, 0x90, 0xa0, 0x40, 0x20, 0x10, 0x18, 0x01], NOW)
  assert.deepEqual(idsOf(table.closest(idOf(0x18), 4, NOW)), [0x18, 0x10, 0x01, 0x20])
  assert.deepEqual(idsOf(table.closest(idOf(0x91), 3, NOW)), [0x90, 0x80, 0xa0])
  assert.deepEqual(table.closest(idOf(0x91), 0, NOW), [])
})

test('closest compares whole ids of 20 and of 64 bytes, not only their beginnings', () => {
  for (const idBytes of [20, 64]) {
    const idWith = (last: number): Uint8Array => new Uint8Array(idBytes).fill(0x55).with(idBytes - 1, last)
    const own = idOf(...idWith(0x80).with(0, 0xd5))
    const table = tableAt(own, { ...defaultParameters, idBytes })
    const lasts = [0x07, 0x01, 0x06, 0x02, 0x05, 0x03, 0x04]
    for (const last of lasts) table.answered(contactOf(idOf(...idWith(last)), `10.0.0.${last}`), NOW, null)
    const found = table.closest(idOf(...idWith(0x05)), 5, NOW).map(({ id }) => id[idBytes - 1])
    assert.deepEqual(found, [0x05, 0x04, 0x07, 0x06, 0x01])
  }
})
