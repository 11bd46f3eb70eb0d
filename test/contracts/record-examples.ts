// Records for tests, from short words, and what a store holds in a form that can be compared.
import type { Id } from '../../src/kademlia/id.ts'
import type { RecordStore, RecordVersion, StoredRecord } from '../../src/stores/store.ts'
import { infoHash } from './peer-examples.ts'

interface Details {
  readonly version?: bigint | number
  /** What makes two records of one version differ: data and digest are made of it. */
  readonly value?: string
  /** Bytes of data. */
  readonly bytes?: number
  /** Dotted, or 32 hex digits; null for our own. */
  readonly source?: string | null
  readonly at?: number
  readonly until?: number
}

/** The record of the key that ends in this number. */
export function record(key: number, details: Details = {}): StoredRecord {
  const { version = 0, value = 'a', bytes = 10, source = '10.0.0.1', at = 1_000, until = 2_000 } = details
  return {
    key: infoHash(key),
    ...versionOf(version, value),
    data: new Uint8Array(bytes).fill(value.charCodeAt(0)),
    source: source === null ? null : ip(source),
    refreshedAt: at,
    expiresAt: until,
  }
}

/** A key of 64 bytes, as of drogulus, that ends in this number. */
export function longKey(number: number): Id {
  const key = new Uint8Array(64).fill(7)
  key.set(infoHash(number), 44)
  return key as Id
}

export function versionOf(version: bigint | number, value = 'a'): RecordVersion {
  return { version: BigInt(version), digest: new Uint8Array(20).fill(value.charCodeAt(0)) }
}

export function ip(text: string): Uint8Array {
  if (text.includes('.')) return Uint8Array.from(text.split('.'), Number)
  return Uint8Array.from(Buffer.from(text, 'hex'))
}

/** The IPv4 address that is this number. */
export function numberedIp(number: number): string {
  return [number >>> 24, (number >>> 16) & 0xff, (number >>> 8) & 0xff, number & 0xff].join('.')
}

/** Key, version, value, length, source and times in one line. */
export function describeRecord({
  key,
  data,
  source,
  refreshedAt,
  expiresAt,
  ...version
}: StoredRecord): string {
  const from = source === null ? 'ours' : Buffer.from(source).toString('hex')
  const value = `${describeVersion(version)} ${String.fromCharCode(data[0] ?? 0)}×${data.length}`
  return `${Buffer.from(key).toString('hex')} ${value} ${from} ${refreshedAt}…${expiresAt}`
}

export function describeVersion(version: RecordVersion | null): string {
  return version === null ? '-' : `${version.version}${String.fromCharCode(version.digest[0]!)}`
}

/** Everything that is held. */
export function recordsOf(records: RecordStore): string[] {
  return Array.from(records.all(), describeRecord).toSorted()
}

/** The newest version of the key that ends in this number: '3a', or '-'. */
export function newestOf(records: RecordStore, key: number): string {
  return describeVersion(records.newest(infoHash(key)))
}

/** The version that is served of a key at a time: '3a', or '-'. */
export function servedOf(records: RecordStore, key: number, now = 1_500): string {
  return describeVersion(records.get(infoHash(key) satisfies Id, now))
}
