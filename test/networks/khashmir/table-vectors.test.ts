// Ids and the routing table against what the four recorded versions made of them (khashmir A2, A6). The table is that of
// every network (kademlia/routing-table.ts); it splits a bucket only where that gives somebody a place.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  compareDistance,
  distanceFraction,
  idFromHex,
  sharedPrefixBits,
  toHex,
  asId,
} from '../../../src/kademlia/id.ts'
import { defaultParameters } from '../../../src/kademlia/parameters.ts'
import { RoutingTable } from '../../../src/kademlia/routing-table.ts'
import { createAdmission } from '../../../src/networks/admission.ts'
import { sha1 } from '../../../src/node/system.ts'
import { KHASHMIR_COMMITS, khashmirVectors, type KhashmirCommit } from '../../khashmir-vectors.ts'
import { differenceOf } from './allowed-differences.ts'

interface RecordedTable {
  /** Nearest to zero first; of ids, the oldest contact first. */
  readonly buckets: readonly { readonly ids: readonly string[]; readonly min: string; readonly max: string }[]
  readonly inserted_in_order?: readonly string[]
}

const NOW = 1_700_000_000_000
const OWN_ID = asId(sha1(Buffer.from('me')))

function idOf(hex: string) {
  return idFromHex(hex.padStart(40, '0'), 20)
}

function numberOf(bytes: Uint8Array): number {
  return Number(BigInt(`0x${toHex(bytes)}`))
}

function addressOf(n: number) {
  return { host: '10.0.0.1', port: 1_000 + n }
}

function recorded(name: string, commit: KhashmirCommit): RecordedTable {
  return khashmirVectors({ name, commit })[0]!.decoded as unknown as RecordedTable
}

/** The table that the recorded one is, made of the same contacts in the same order. */
function filled(commit: KhashmirCommit): RoutingTable {
  const table = new RoutingTable({
    ownId: OWN_ID,
    parameters: { ...defaultParameters, k: 8 },
    policy: createAdmission({
      family: 4,
      private: true,
      routers: () => false,
      ownAddress: () => false,
      eligible: () => true,
    }),
  })
  const ids = recorded('table', commit).inserted_in_order!
  assert.equal(ids.length, 64)
  for (const [n, hex] of ids.entries()) {
    assert.equal(hex, toHex(sha1(Buffer.from(`n${n}`))))
    table.answered({ id: idOf(hex), address: addressOf(n) }, NOW + n, null)
  }
  return table
}

/** Ids of the table by the number of leading bits that they share with our own, as its buckets are. */
function heldBy(table: RoutingTable): string[][] {
  const deepest = table.buckets().length - 1
  const held: string[][] = table.buckets().map(() => [])
  for (const { id } of table.contacts())
    held[Math.min(sharedPrefixBits(OWN_ID, id), deepest)]!.push(toHex(id))
  return held.map((ids) => ids.toSorted())
}

/** The recorded buckets in our order: the farthest from our own id first. */
function bucketsOf({ buckets }: RecordedTable): string[][] {
  const farthestFirst = buckets.toSorted(
    (a, b) => sharedPrefixBits(OWN_ID, idOf(a.min)) - sharedPrefixBits(OWN_ID, idOf(b.min)),
  )
  return farthestFirst.map(({ ids }) => ids.toSorted())
}

describe('An id', () => {
  test('has the recorded distance to another (khashmir A2)', () => {
    for (const { decoded, hex } of khashmirVectors({ name: 'distance' })) {
      const { a, b } = decoded as { a: string; b: string }
      const sameDistance = asId(idOf(a).map((byte, i) => byte ^ hex[i]!))
      assert.equal(compareDistance(idOf(a), sameDistance, idOf(b)), 0)
      assert.equal(distanceFraction(idOf(a), idOf(b)), numberOf(hex) / 2 ** 160)
    }
  })

  test('is a number, the recorded bytes with the highest first, and ids are in its order (khashmir A2)', () => {
    const zero = idOf('')
    for (const commit of KHASHMIR_COMMITS) {
      const numbered = khashmirVectors({ name: 'stringify', commit }).map(({ decoded, hex }) => ({
        number: BigInt((decoded as { int: string }).int),
        id: asId(hex),
      }))
      assert.equal(numbered.length, 6)
      for (const a of numbered) {
        for (const b of numbered) {
          const order = Number(a.number > b.number) - Number(a.number < b.number)
          assert.equal(Math.sign(compareDistance(zero, a.id, b.id)), order)
        }
      }
    }
  })
})

for (const commit of KHASHMIR_COMMITS) {
  describe(`The table of ${commit}`, () => {
    test('has the same contacts in the same buckets as ours (khashmir A6)', () => {
      assert.deepEqual(heldBy(filled(commit)), bucketsOf(recorded('table', commit)))
    })

    test('finds for each target the same contacts in the same order as ours (khashmir A6)', () => {
      const table = filled(commit)
      for (const { decoded } of khashmirVectors({ name: 'table-find', commit })) {
        const { target, result } = decoded as unknown as { target: string; result: readonly string[] }
        const closest = table.closest(idOf(target), 8, NOW + 64, 'good')
        assert.deepEqual(
          closest.map(({ id }) => toHex(id)),
          result,
        )
      }
    })

    const differs = differenceOf('table-merge', commit)
    const merged = differs === null ? 'in the same buckets as ours' : 'as ours, but does not merge,'
    test(`keeps the same contacts ${merged} when those of the own bucket go (khashmir A6)`, () => {
      const table = filled(commit)
      for (const id of heldBy(table).at(-1)!) {
        const known = table.find(idOf(id))!
        table.remove(known.id, known.address)
      }
      const left = bucketsOf(recorded('table-merge', commit))
      assert.deepEqual(heldBy(table).flat().toSorted(), left.flat().toSorted())
      if (differs === null) assert.deepEqual(heldBy(table), left)
      else assert.notDeepEqual(heldBy(table), left, differs.why)
    })
  })
}
