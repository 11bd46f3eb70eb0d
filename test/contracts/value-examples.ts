// Values for tests, from short words, and what a store holds in a form that can be compared.
import type { StoredValue, ValueStore } from '../../src/stores/store.ts'
import { infoHash } from './peer-examples.ts'
import { ip } from './record-examples.ts'

interface Details {
  /** Dotted, or 32 hex digits; null for our own. */
  readonly source?: string | null
  readonly at?: number
  /** So many bytes instead of those of the text, which it then begins with. */
  readonly bytes?: number
}

/** The value that has these characters as bytes, each of code 0 … 255. */
export function value(text: string, details: Details = {}): StoredValue {
  const { source = '10.0.0.1', at = 1_000, bytes = text.length } = details
  return {
    value: bytesOf(text.padEnd(bytes, '.')),
    source: source === null ? null : ip(source),
    refreshedAt: at,
  }
}

export function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'latin1'))
}

export function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1')
}

/** All values of the key that ends in this number, in the order of their first storing. */
export function textsOf(values: ValueStore, key: number, since = Number.NEGATIVE_INFINITY): string[] {
  return values.read(infoHash(key), { count: Number.POSITIVE_INFINITY, since }).map(textOf)
}

export function describeValue({ value: bytes, source, refreshedAt }: StoredValue): string {
  const from = source === null ? 'ours' : Buffer.from(source).toString('hex')
  return `${textOf(bytes)} ${from} ${refreshedAt}`
}

/** Everything that is held: keys in order, the values of each in the order of the store. */
export function valuesOf(values: ValueStore): string[] {
  return Array.from(values.all(), (held) => ({
    key: Buffer.from(held.key).toString('hex'),
    text: describeValue(held),
  }))
    .toSorted((a, b) => (a.key === b.key ? 0 : a.key < b.key ? -1 : 1))
    .map(({ key, text }) => `${key} ${text}`)
}
