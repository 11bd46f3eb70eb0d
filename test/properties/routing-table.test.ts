// The routing table under any sequence of operations: it keeps its bounds, and answers what a naive search would.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { addressKey, liveness, sameAddress } from '../../src/kademlia/contact.ts'
import type { Contact, KnownContact } from '../../src/kademlia/contact.ts'
import { compareDistance, sharedPrefixBits, toHex } from '../../src/kademlia/id.ts'
import type { Id } from '../../src/kademlia/id.ts'
import { defaultParameters } from '../../src/kademlia/parameters.ts'
import type { Parameters } from '../../src/kademlia/parameters.ts'
import type { AdmissionPolicy } from '../../src/kademlia/ports.ts'
import type { RoutingTable } from '../../src/kademlia/routing-table.ts'
import { MINUTE, contactOf, idOf, openPolicy, publicPolicy, tableAt } from '../kademlia/table-fixtures.ts'

// fast-check prints seed and path of what it found; both can be put here to see it again.
const runs: fc.Parameters<unknown> = { numRuns: 300 }

const limited: AdmissionPolicy = {
  ...publicPolicy,
  admits: ({ address }) => address.port !== 1,
  eligible: ({ id }) => id[0]! % 3 !== 0,
}

interface World {
  readonly table: RoutingTable
  readonly parameters: Parameters
  readonly policy: AdmissionPolicy
  now: number
  /** Everybody who ever answered, by id and endpoint. */
  readonly answered: Set<string>
  /** Everybody who was ever told that the table is full: wouldTake need not ask them again. */
  readonly waited: Set<string>
  ownId: Id
}

const nameOf = ({ id, address }: Contact): string => `${toHex(id)} ${addressKey(address)}`

/** Makes a new world each time: shrinking runs the same one again and again. */
function worlds(idBytes: number): fc.Arbitrary<() => World> {
  return fc
    .record({
      own: fc.uint8Array({ minLength: idBytes, maxLength: idBytes }),
      k: fc.integer({ min: 1, max: 5 }),
      replacementCacheSize: fc.integer({ min: 0, max: 3 }),
      isPrivate: fc.boolean(),
    })
    .map(({ own, k, replacementCacheSize, isPrivate }) => (): World => {
      const parameters = { ...defaultParameters, idBytes, k, replacementCacheSize }
      const policy = isPrivate ? openPolicy : limited
      const ownId = idOf(...own)
      return {
        table: tableAt(ownId, parameters, policy),
        parameters,
        policy,
        now: 1_000,
        answered: new Set(),
        waited: new Set(),
        ownId,
      }
    })
}

const contacts = (idBytes: number): fc.Arbitrary<Contact> =>
  fc
    .record({
      id: fc.uint8Array({ minLength: idBytes, maxLength: idBytes }),
      net: fc.nat({ max: 20 }),
      host: fc.nat({ max: 9 }),
      port: fc.integer({ min: 1, max: 3 }),
    })
    .map(({ id, net, host, port }) => contactOf(idOf(...id), `10.0.${net}.${host}`, port))

/** What is done to a world, with the words for it that fast-check prints. */
interface Operation {
  readonly does: string
  readonly to: (world: World) => void
}

/** A contact of the table, or the given one where it is empty. */
function pick(world: World, choice: number, otherwise: Contact): Contact {
  const all = [...world.table.contacts()]
  return all[choice % Math.max(1, all.length)] ?? otherwise
}

function operations(idBytes: number): fc.Arbitrary<Operation> {
  const anyContact = contacts(idBytes)
  const choice = fc.nat({ max: 1_000 })
  const byStranger = (does: string, run: (world: World, contact: Contact) => void): fc.Arbitrary<Operation> =>
    anyContact.map((contact) => ({ does: `${does} ${nameOf(contact)}`, to: (world) => run(world, contact) }))
  const byMember = (does: string, run: (world: World, contact: Contact) => void): fc.Arbitrary<Operation> =>
    fc.tuple(anyContact, choice).map(([contact, n]) => ({
      does: `${does} member ${n} or ${nameOf(contact)}`,
      to: (world) => run(world, pick(world, n, contact)),
    }))
  return fc.oneof(
    { weight: 24, arbitrary: byStranger('answers', doAnswer) },
    { weight: 2, arbitrary: byMember('answers', doAnswer) },
    { weight: 4, arbitrary: byMember('fails', doFail) },
    { weight: 1, arbitrary: byStranger('fails', doFail) },
    { weight: 2, arbitrary: byMember('removed', doRemove) },
    {
      weight: 2,
      arbitrary: byMember(
        'queries',
        ({ table, now }, { id, address }) => void table.queriedUs(id, address, now),
      ),
    },
    {
      weight: 2,
      arbitrary: fc
        .nat({ max: 20 * MINUTE })
        .map((ms): Operation => ({ does: `${ms} ms pass`, to: (world) => void (world.now += ms) })),
    },
    {
      weight: 1,
      arbitrary: fc.array(anyContact, { maxLength: 6 }).map((saved): Operation => ({
        does: `restored ${saved.map(nameOf).join(', ')}`,
        to: (world) => doRestore(world, saved),
      })),
    },
    {
      weight: 1,
      arbitrary: fc.constant<Operation>({
        does: 'slept',
        to: ({ table, answered }) => {
          table.suspectAll()
          answered.clear()
        },
      }),
    },
    {
      weight: 1,
      arbitrary: fc.uint8Array({ minLength: idBytes, maxLength: idBytes }).map((id): Operation => ({
        does: `own id ${toHex(id)}`,
        to: (world) => doRekey(world, idOf(...id)),
      })),
    },
  )
}

/** Whoever comes in by this has not answered, as far as this table knows. */
function doRestore({ table, now, answered }: World, saved: readonly Contact[]): void {
  const before = new Set([...table.contacts()].map(nameOf))
  table.restore(
    saved.map((contact) => ({ ...contact, repliedAt: 5 })),
    now,
  )
  for (const contact of table.contacts()) if (!before.has(nameOf(contact))) answered.delete(nameOf(contact))
}

function doAnswer(world: World, contact: Contact): void {
  const { table } = world
  const before = [...table.contacts()]
  const had = table.find(contact.id)
  const mayTake = table.wouldTake(contact, world.now)
  const result = table.answered(contact, world.now, 10)
  const gone = before.filter((other) => table.find(other.id) !== other)
  if (result.outcome === 'refreshed') {
    assert.ok(had !== null && sameAddress(had.address, contact.address))
    assert.deepEqual(gone, [])
  } else {
    const reported = result.outcome === 'added' ? [...result.evicted] : []
    if (result.changedId !== null) reported.push(result.changedId)
    assert.deepEqual(new Set(gone), new Set(reported), 'whoever leaves is reported')
    if (result.outcome === 'added') {
      const changed = result.changedId !== null
      assert.ok(
        mayTake || changed || world.waited.has(nameOf(contact)),
        'wouldTake said no to one that enters',
      )
    }
  }
  if (result.outcome === 'full') world.waited.add(nameOf(contact))
  if (result.outcome === 'added' || result.outcome === 'refreshed') world.answered.add(nameOf(contact))
}

function doFail(world: World, { id, address }: Contact): void {
  const { removed, promoted } = world.table.failed(id, address, world.now)
  if (removed !== null) assert.equal(world.table.find(id), null)
  if (promoted !== null) assert.equal(world.table.find(promoted.id), null, 'a replacement must answer first')
}

function doRemove(world: World, contact: Contact): void {
  world.table.remove(contact.id, contact.address)
  const still = world.table.find(contact.id)
  assert.ok(still === null || !sameAddress(still.address, contact.address))
}

function doRekey(world: World, newId: Id): void {
  const before = new Set(world.table.contacts())
  const fallen = world.table.rekey(newId, world.now)
  world.ownId = newId
  assert.deepEqual(new Set([...world.table.contacts(), ...fallen]), before)
  assert.equal(world.table.size + fallen.length, before.size)
}

function checkBounds({ table, parameters, policy, ownId }: World): void {
  const buckets = table.buckets()
  const all = [...table.contacts()]
  assert.ok(buckets.length >= 1 && buckets.length <= 8 * parameters.idBytes)
  assert.equal(table.size, all.length)
  assert.deepEqual(table.ownId, ownId)
  for (const { size, replacements } of buckets) {
    assert.ok(size <= parameters.k)
    assert.ok(replacements <= parameters.replacementCacheSize)
  }
  const inBucket = buckets.map(() => [] as KnownContact[])
  for (const contact of all) {
    inBucket[Math.min(sharedPrefixBits(ownId, contact.id), buckets.length - 1)]!.push(contact)
    assert.equal(table.find(contact.id), contact)
    assert.equal(table.findByAddress(contact.address), contact)
  }
  assert.deepEqual(
    inBucket.map((members) => members.length),
    buckets.map(({ size }) => size),
    'every contact is in its bucket',
  )
  const groups = all.map(({ address }) => policy.tableGroup(address)).filter((group) => group !== null)
  assert.equal(new Set(groups).size, groups.length, 'one contact an IP')
  for (const members of inBucket) {
    const prefixes = members
      .map(({ address }) => policy.bucketGroup(address))
      .filter((group) => group !== null)
    assert.equal(new Set(prefixes).size, prefixes.length, 'one contact a prefix in a bucket')
  }
}

function checkClosest({ table, now, parameters, answered }: World, target: Id, count: number): void {
  const sorted = [...table.contacts()].toSorted((a, b) => compareDistance(target, a.id, b.id))
  const good = sorted.filter((contact) => liveness(contact, now, parameters) === 'good')
  assert.deepEqual(table.closest(target, count, now), good.slice(0, count))
  assert.deepEqual(table.closest(target, count, now, 'any'), sorted.slice(0, count))
  for (const contact of good) assert.ok(answered.has(nameOf(contact)), 'handed out before it answered')
}

for (const idBytes of [1, 2]) {
  describe(`a table of ids of ${idBytes} byte`, () => {
    test('keeps its bounds under any operations (T2, T4, B5-08)', () => {
      const targets = fc.tuple(
        fc.uint8Array({ minLength: idBytes, maxLength: idBytes }),
        fc.integer({ min: 0, max: 12 }),
      )
      const story = fc.array(fc.tuple(operations(idBytes), targets), {
        minLength: 1,
        maxLength: 80,
        size: 'max',
      })
      fc.assert(
        fc.property(worlds(idBytes), story, (newWorld, steps) => {
          const world = newWorld()
          for (const [operation, [target, count]] of steps) {
            operation.to(world)
            checkBounds(world)
            checkClosest(world, idOf(...target), count)
          }
        }),
        runs,
      )
    })
  })
}
