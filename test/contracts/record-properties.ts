// A RecordStore against the simplest model of it, by random operations under small bounds. fast-check prints the seed.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { RecordLimits } from '../../src/stores/record-room.ts'
import type { RecordStore, RecordVersion, StoredRecord } from '../../src/stores/store.ts'
import { runs } from '../property-runs.ts'
import { infoHash } from './peer-examples.ts'
import {
  describeRecord,
  describeVersion,
  ip,
  newestOf,
  record,
  recordsOf,
  servedOf,
  versionOf,
} from './record-examples.ts'
import type { OpenStore } from './store-contract.ts'

export const RECORD_LIMITS: RecordLimits = {
  maxRecords: 5,
  maxBytes: 40,
  maxPerIp: 2,
  maxPerPrefix: 3,
  maxBytesPerIp: 20,
  maxBytesPerPrefix: 25,
}

/** What is done to a store and to its model. */
export type RecordOperation =
  | { readonly do: 'put'; readonly key: number; readonly record: StoredRecord }
  | { readonly do: 'remove'; readonly key: number }
  | { readonly do: 'see'; readonly key: number; readonly seen: RecordVersion }
  | { readonly do: 'expire'; readonly now: number; readonly limit: number }

const KEYS = 8
const SOURCES = ['10.0.0.1', '10.0.0.2', '10.0.1.1', `20010db8${'0'.repeat(24)}`]

const keys = fc.nat(KEYS - 1)
const values = fc.record({ version: fc.nat(3), value: fc.constantFrom('a', 'b') })
const details = fc.record({
  bytes: fc.nat(12),
  source: fc.constantFrom(null, ...SOURCES),
  at: fc.nat(30),
  lifetime: fc.nat(20),
})
const puts = fc.tuple(keys, values, details).map(([key, value, { lifetime, ...more }]) => {
  const until = more.at + lifetime
  return { do: 'put' as const, key, record: record(key, { ...value, ...more, until }) }
})
const sightings = fc
  .tuple(keys, values)
  .map(([key, { version, value }]) => ({ do: 'see' as const, key, seen: versionOf(version, value) }))

export const recordOperations: fc.Arbitrary<RecordOperation[]> = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: puts },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('remove' as const), key: keys }) },
    { weight: 1, arbitrary: sightings },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant('expire' as const), now: fc.nat(55), limit: fc.nat(4) }),
    },
  ),
  { maxLength: 60 },
)

export function applyToRecords(store: RecordStore, operation: RecordOperation): unknown {
  switch (operation.do) {
    case 'put':
      return store.put(operation.record)
    case 'remove':
      return store.remove(infoHash(operation.key))
    case 'see':
      return store.sawVersion(infoHash(operation.key), operation.seen, 1)
    case 'expire':
      return store.expire(operation.now, operation.limit)
  }
}

/** What is held, and what is known of every key of the operations. */
export function knownOf(store: RecordStore): string[] {
  return [...recordsOf(store), ...Array.from({ length: KEYS }, (_, key) => newestOf(store, key))]
}

const isNewer = (a: RecordVersion, b: RecordVersion | undefined): boolean => !b || a.version > b.version
const isSame = (a: RecordVersion, b: RecordVersion): boolean => describeVersion(a) === describeVersion(b)
const inHex = (source: Uint8Array | null): string =>
  source === null ? 'ours' : Buffer.from(source).toString('hex')
const addressOf = (source: Uint8Array): string => inHex(source).slice(0, source.length === 4 ? 8 : 16)
const prefixOf = (source: Uint8Array): string => inHex(source).slice(0, source.length === 4 ? 6 : 12)
const sizeOf = (records: readonly StoredRecord[]): number =>
  records.reduce((sum, { data }) => sum + data.length, 0)

/** Maps searched from end to end for everything. */
class NaiveRecords {
  held = new Map<number, StoredRecord>()
  tombstones = new Map<number, RecordVersion>()
  seen = new Map<number, RecordVersion>()

  put(key: number, given: StoredRecord): string | null {
    const newest = this.newest(key)
    if (newest && newest.version > given.version) return 'older'
    if (newest && newest.version === given.version && !isSame(newest, given)) return 'conflict'
    const before = this.held.get(key)
    if (before && isSame(before, given)) {
      const refreshedAt = Math.max(before.refreshedAt, given.refreshedAt)
      const expiresAt = Math.max(before.expiresAt, given.expiresAt)
      this.held.set(key, { ...before, source: given.source, refreshedAt, expiresAt })
      return null
    }
    const why = this.noRoom(key, given)
    if (why !== null) return why
    this.held.set(key, given)
    this.tombstones.delete(key)
    return null
  }

  noRoom(key: number, { source, data }: Pick<StoredRecord, 'source' | 'data'>): string | null {
    const before = this.held.get(key)
    if (before && data.length <= before.data.length) return null
    const others = [...this.held].filter(([other]) => other !== key).map(([, other]) => other)
    if (!before && others.length >= RECORD_LIMITS.maxRecords) return 'too-many-records'
    if (sizeOf(others) + data.length > RECORD_LIMITS.maxBytes) return 'too-many-bytes'
    if (source === null) return null
    const foreign = others.flatMap((other) =>
      other.source === null ? [] : [{ ...other, source: other.source }],
    )
    const ofIp = foreign.filter((other) => addressOf(other.source) === addressOf(source))
    const ofPrefix = foreign.filter((other) => prefixOf(other.source) === prefixOf(source))
    if (!before && ofIp.length >= RECORD_LIMITS.maxPerIp) return 'too-many-from-ip'
    if (!before && ofPrefix.length >= RECORD_LIMITS.maxPerPrefix) return 'too-many-from-prefix'
    if (sizeOf(ofIp) + data.length > RECORD_LIMITS.maxBytesPerIp) return 'too-many-from-ip'
    return sizeOf(ofPrefix) + data.length > RECORD_LIMITS.maxBytesPerPrefix ? 'too-many-from-prefix' : null
  }

  newest(key: number): RecordVersion | undefined {
    return [this.held, this.tombstones, this.seen]
      .flatMap((map) => map.get(key) ?? [])
      .reduce<RecordVersion | undefined>((best, next) => (isNewer(next, best) ? next : best), undefined)
  }

  drop(key: number): void {
    const held = this.held.get(key)
    if (held) this.tombstones.set(key, held)
    this.held.delete(key)
  }

  see(key: number, seen: RecordVersion): void {
    if (isNewer(seen, this.seen.get(key))) this.seen.set(key, seen)
  }

  /** Those due at a time, of which some may go first. */
  due(now: number): number[] {
    return [...this.held].filter(([, { expiresAt }]) => expiresAt <= now).map(([key]) => key)
  }

  known(): string[] {
    const held = Array.from(this.held.values(), describeRecord).toSorted()
    return [...held, ...Array.from({ length: KEYS }, (_, key) => describeVersion(this.newest(key) ?? null))]
  }
}

export function recordProperties(open: OpenStore, numRuns: number): void {
  test('does what the naive model does, answer by answer, never exceeds a bound and never goes back', () => {
    fc.assert(
      fc.property(recordOperations, (sequence) => {
        const store = open({ recordLimits: RECORD_LIMITS })
        const model = new NaiveRecords()
        const known: bigint[] = []
        for (const operation of sequence) {
          foretells(store.records, model)
          compare(store.records, model, operation)
          assert.deepEqual(knownOf(store.records), model.known())
          assertBounds(store.records, model)
          for (let key = 0; key < KEYS; key++) {
            const version = model.newest(key)?.version ?? 0n
            assert.ok(version >= (known[key] ?? 0n))
            known[key] = version
          }
        }
        store.close()
      }),
      runs(numRuns),
    )
  })
}

function foretells(store: RecordStore, model: NaiveRecords): void {
  const data = new Uint8Array(1)
  for (const source of SOURCES.map(ip)) {
    const free = Array.from({ length: KEYS }, (_, key) => key).find((key) => !model.held.has(key))!
    assert.equal(store.refusal(infoHash(free), source), model.noRoom(free, { source, data }))
    for (const key of model.held.keys()) assert.equal(store.refusal(infoHash(key), source), null)
  }
}

/** Does the operation to both, and holds the store's answer against the model's. */
function compare(store: RecordStore, model: NaiveRecords, operation: RecordOperation): void {
  const answer = applyToRecords(store, operation)
  if (operation.do === 'put') {
    const why = model.put(operation.key, operation.record)
    assert.deepEqual(answer, why === null ? { stored: true } : { stored: false, why })
  } else if (operation.do === 'remove') {
    model.drop(operation.key)
  } else if (operation.do === 'see') {
    model.see(operation.key, operation.seen)
  } else {
    const due = model.due(operation.now)
    assert.equal(answer, Math.min(operation.limit, due.length))
    // Which of those that expire at one ms go first is the store's choice.
    const gone = due.filter((key) => !Array.from(store.all(), ({ key: left }) => left[19]).includes(key))
    const until = (key: number): number => model.held.get(key)!.expiresAt
    const left = due.filter((key) => !gone.includes(key))
    assert.equal(gone.length, answer)
    assert.ok(gone.every((key) => left.every((other) => until(key) <= until(other))))
    for (const key of gone) model.drop(key)
  }
}

function assertBounds(store: RecordStore, model: NaiveRecords): void {
  const { records, bytes } = store.size
  assert.equal(records, model.held.size)
  assert.equal(bytes, sizeOf([...model.held.values()]))
  assert.ok(records <= RECORD_LIMITS.maxRecords && bytes <= RECORD_LIMITS.maxBytes)
  for (const [key, { expiresAt }] of model.held) {
    assert.equal(servedOf(store, key, expiresAt), '-')
    assert.notEqual(servedOf(store, key, expiresAt - 1), '-')
  }
}
