// A ValueStore against the simplest model of it, by random operations under small bounds. fast-check prints the seed.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { ValueLimits } from '../../src/stores/memory-values.ts'
import type { StoredValue, ValueStore } from '../../src/stores/store.ts'
import { runs } from '../property-runs.ts'
import { infoHash, seededFraction } from './peer-examples.ts'
import type { OpenStore } from './store-contract.ts'
import { bytesOf, describeValue, textOf, textsOf, value, valuesOf } from './value-examples.ts'

export const VALUE_LIMITS: ValueLimits = {
  maxKeys: 3,
  maxValuesPerKey: 4,
  // Above what any key may have: this bound is not the model's.
  maxPerKeyAndPrefix: 1_000,
  maxValues: 8,
  maxBytes: 16,
  maxPerIp: 3,
  maxPerPrefix: 4,
  maxBytesPerIp: 6,
  maxBytesPerPrefix: 9,
}

/** What is done to a store and to its model. */
export type ValueOperation =
  | { readonly do: 'store'; readonly key: number; readonly stored: StoredValue }
  | { readonly do: 'withdraw'; readonly key: number; readonly text: string }
  | { readonly do: 'expire'; readonly before: number; readonly limit: number }
  | { readonly do: 'read'; readonly key: number; readonly since: number; readonly count: number }

const KEYS = 4
const TEXTS = ['', 'a', 'b', 'cc', 'dd', '\xff\xfe', '7', 'ggg']
const SOURCES = ['10.0.0.1', '10.0.0.2', '10.0.1.1', `20010db8${'0'.repeat(24)}`]

const keys = fc.nat(KEYS - 1)
const texts = fc.constantFrom(...TEXTS)
const stores = fc
  .tuple(keys, texts, fc.record({ source: fc.constantFrom(null, ...SOURCES), at: fc.nat(30) }))
  .map(([key, text, details]) => ({ do: 'store' as const, key, stored: value(text, details) }))

export const valueOperations: fc.Arbitrary<ValueOperation[]> = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: stores },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('withdraw' as const), key: keys, text: texts }) },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant('expire' as const), before: fc.nat(35), limit: fc.nat(4) }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant('read' as const),
        key: keys,
        since: fc.nat(35),
        count: fc.nat(5),
      }),
    },
  ),
  { maxLength: 60 },
)

export function applyToValues(store: ValueStore, operation: ValueOperation): unknown {
  switch (operation.do) {
    case 'store':
      return store.store(infoHash(operation.key), operation.stored)
    case 'withdraw':
      return store.withdraw(infoHash(operation.key), bytesOf(operation.text))
    case 'expire':
      return store.expire(operation.before, operation.limit)
    case 'read':
      return store.read(infoHash(operation.key), operation).map(textOf)
  }
}

interface Held {
  readonly key: number
  readonly text: string
  stored: StoredValue
}

const hexOf = (source: Uint8Array): string => Buffer.from(source).toString('hex')
const addressOf = (source: Uint8Array): string => hexOf(source).slice(0, source.length === 4 ? 8 : 16)
const prefixOf = (source: Uint8Array): string => hexOf(source).slice(0, source.length === 4 ? 6 : 12)
const sizeOf = (held: readonly Held[]): number => held.reduce((sum, { text }) => sum + text.length, 0)

/** A list, in the order of first storing, searched from end to end for everything. */
class NaiveValues {
  held: Held[] = []
  latest = Number.NEGATIVE_INFINITY

  store(key: number, given: StoredValue): string | null {
    const text = textOf(given.value)
    const stored = { ...given, refreshedAt: Math.max(given.refreshedAt, this.latest) }
    const known = this.held.find((held) => held.key === key && held.text === text)
    const others = this.held.filter((held) => held !== known)
    const share = this.shareRefusal(others, stored)
    if (known) {
      const moves = share === null && given.source !== null
      known.stored = moves ? stored : { ...stored, source: known.stored.source }
    } else {
      const why = this.wholeRefusal(key, text) ?? share
      if (why !== null) return why
      this.held.push({ key, text, stored })
    }
    this.latest = stored.refreshedAt
    return null
  }

  wholeRefusal(key: number, text: string): string | null {
    const ofKey = this.ofKey(key)
    if (ofKey.length === 0 && this.keys.size >= VALUE_LIMITS.maxKeys) return 'too-many-keys'
    if (ofKey.length >= VALUE_LIMITS.maxValuesPerKey) return 'key-full'
    if (this.held.length >= VALUE_LIMITS.maxValues) return 'too-many-values'
    return sizeOf(this.held) + text.length > VALUE_LIMITS.maxBytes ? 'too-many-bytes' : null
  }

  shareRefusal(others: readonly Held[], { value: bytes, source }: StoredValue): string | null {
    if (source === null) return null
    const from = (group: (ip: Uint8Array) => string): Held[] =>
      others.filter(({ stored }) => stored.source !== null && group(stored.source) === group(source))
    const [ofIp, ofPrefix] = [from(addressOf), from(prefixOf)]
    if (ofIp.length >= VALUE_LIMITS.maxPerIp) return 'too-many-from-ip'
    if (ofPrefix.length >= VALUE_LIMITS.maxPerPrefix) return 'too-many-from-prefix'
    if (sizeOf(ofIp) + bytes.length > VALUE_LIMITS.maxBytesPerIp) return 'too-many-from-ip'
    return sizeOf(ofPrefix) + bytes.length > VALUE_LIMITS.maxBytesPerPrefix ? 'too-many-from-prefix' : null
  }

  get keys(): Set<number> {
    return new Set(this.held.map(({ key }) => key))
  }

  ofKey(key: number): Held[] {
    return this.held.filter((held) => held.key === key)
  }

  since(key: number, since: number): string[] {
    return this.ofKey(key)
      .filter(({ stored }) => stored.refreshedAt >= since)
      .map(({ text }) => text)
  }

  content(): string[] {
    const ordered = this.held.toSorted((a, b) => a.key - b.key)
    return ordered.map(({ key, stored }) => `${hexOf(infoHash(key))} ${describeValue(stored)}`)
  }
}

export function valueProperties(open: OpenStore, numRuns: number): void {
  test('does what the naive model does, answer by answer, and never exceeds a bound', () => {
    fc.assert(
      fc.property(valueOperations, (sequence) => {
        const store = open({ valueLimits: VALUE_LIMITS })
        const model = new NaiveValues()
        for (const operation of sequence) {
          compare(store.values, model, operation)
          assert.deepEqual(valuesOf(store.values), model.content())
          const expected = { keys: model.keys.size, values: model.held.length, bytes: sizeOf(model.held) }
          assert.deepEqual(store.values.size, expected)
        }
        store.close()
      }),
      runs(numRuns),
    )
  })
}

/** Does the operation to both, and holds the store's answer against the model's. */
function compare(store: ValueStore, model: NaiveValues, operation: ValueOperation): void {
  const answer = applyToValues(store, operation)
  if (operation.do === 'store') {
    const why = model.store(operation.key, operation.stored)
    assert.deepEqual(answer, why === null ? { stored: true } : { stored: false, why })
  } else if (operation.do === 'withdraw') {
    const { key, text } = operation
    model.held = model.held.filter((held) => held.key !== key || held.text !== text)
  } else if (operation.do === 'expire') {
    expireToo(store, model, { ...operation, dropped: answer as number })
  } else {
    const { key, since, count } = operation
    const live = model.since(key, since)
    assert.deepEqual(answer, live.slice(0, count))
    assert.equal(store.count(infoHash(key), since), live.length)
    const drawn = store.read(infoHash(key), { count, since, fraction: seededFraction(since) }).map(textOf)
    assert.equal(drawn.length, Math.min(count, live.length))
    assert.equal(new Set(drawn).size, drawn.length)
    assert.ok(drawn.every((text) => live.includes(text)))
  }
}

/** Which of those of one ms go first is the store's choice. */
function expireToo(
  store: ValueStore,
  model: NaiveValues,
  { before, limit, dropped }: { readonly before: number; readonly limit: number; readonly dropped: number },
): void {
  const due = model.held.filter(({ stored }) => stored.refreshedAt < before)
  assert.equal(dropped, Math.min(limit, due.length))
  const isLeft = ({ key, text }: Held): boolean => textsOf(store, key).includes(text)
  const [left, gone] = [due.filter(isLeft), due.filter((held) => !isLeft(held))]
  assert.equal(gone.length, dropped)
  const earlier = (a: Held, b: Held): boolean => a.stored.refreshedAt <= b.stored.refreshedAt
  assert.ok(gone.every((one) => left.every((other) => earlier(one, other))))
  model.held = model.held.filter((held) => !gone.includes(held))
}
