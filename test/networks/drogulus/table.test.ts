// The routing table as a drogulus node has it: 512 bits, 20 contacts a bucket (drogulus B6). The table is that of every
// network (kademlia/routing-table.ts), and has its own tests.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Contact } from '../../../src/kademlia/contact.ts'
import { asId, compareDistance, toHex, type Id } from '../../../src/kademlia/id.ts'
import { RoutingTable } from '../../../src/kademlia/routing-table.ts'
import { createAdmission } from '../../../src/networks/admission.ts'
import { resolveOptions } from '../../../src/networks/drogulus/options.ts'
import { SeededRandom } from '../../../src/simulator/seeded-random.ts'

const NOW = 1_700_000_000_000
const HOUR = 3_600_000
const K = 20
const OWN_ID = idOf(0)

/** An id that begins with this byte; `n` tells several apart. */
function idOf(first: number, n = 0): Id {
  const id = new Uint8Array(64)
  id[0] = first
  id[63] = n
  return asId(id)
}

function tableOf(): RoutingTable {
  return new RoutingTable({
    ownId: OWN_ID,
    parameters: resolveOptions({}).parameters,
    policy: createAdmission({
      family: 4,
      private: true,
      routers: () => false,
      ownAddress: () => false,
      eligible: () => true,
    }),
  })
}

let ports = 1_000
const contactAt = (id: Id): Contact => ({ id, address: { host: '10.0.0.1', port: ports++ } })

/** So many of them answer, each begins with this byte; what came of the last one. */
function answer(table: RoutingTable, first: number, count: number): { contacts: Contact[]; last: string } {
  const contacts = Array.from({ length: count }, (_, n) => contactAt(idOf(first, n)))
  const outcomes = contacts.map((contact) => table.answered(contact, NOW, null).outcome)
  return { contacts, last: outcomes.at(-1)! }
}

const shape = (table: RoutingTable): number[][] =>
  table.buckets().map(({ size, replacements }) => [size, replacements])

describe('The table of a drogulus node', () => {
  test('has 20 contacts in a bucket, and splits that of our own id alone (drogulus B6)', () => {
    const table = tableOf()
    answer(table, 0x80, K)
    assert.deepEqual(shape(table), [[20, 0]])
    answer(table, 0x40, 1)
    assert.deepEqual(shape(table), [
      [20, 0],
      [1, 0],
    ])
    assert.equal(answer(table, 0xc0, 1).last, 'full')
    answer(table, 0x40, K)
    answer(table, 0x20, K)
    assert.deepEqual(shape(table), [
      [20, 1],
      [20, 0],
      [20, 0],
    ])
  })

  test('keeps 20 that wait in a full bucket, the newest of them, and has the newest asked first (drogulus B6)', () => {
    const table = tableOf()
    const [dead] = answer(table, 0x80, K).contacts
    answer(table, 0x40, 1)
    const waiting = answer(table, 0xc0, K + 3).contacts
    assert.deepEqual(shape(table)[0], [20, 20])
    let departure = table.failed(dead!.id, dead!.address, NOW)
    for (let failures = 1; failures < 5; failures++) {
      assert.equal(departure.removed, null, `${failures} failures put nobody out`)
      departure = table.failed(dead!.id, dead!.address, NOW)
    }
    assert.equal(toHex(departure.removed!.id), toHex(dead!.id))
    assert.equal(toHex(departure.promoted!.id), toHex(waiting.at(-1)!.id))
  })

  test('names the 20 that are really the nearest, where the original takes them by bucket and age (drogulus B6)', () => {
    const table = tableOf()
    for (const first of [0x80, 0x40, 0x20]) answer(table, first, K - 5)
    const target = idOf(0x60)
    const nearest = [...table.contacts()].toSorted((a, b) => compareDistance(target, a.id, b.id)).slice(0, K)
    const named = table.closest(target, K, NOW)
    assert.deepEqual(
      named.map(({ id }) => toHex(id)),
      nearest.map(({ id }) => toHex(id)),
    )
  })

  test('has a bucket refreshed that was quiet for an hour, which the original can and never does (drogulus B6)', () => {
    const table = tableOf()
    answer(table, 0x80, 1)
    table.refreshed(idOf(0x80), NOW)
    const stale = (now: number): number => table.staleBuckets(now, new SeededRandom(1)).length
    assert.deepEqual([stale(NOW + HOUR - 1), stale(NOW + HOUR)], [0, 1])
  })
})
