// What a record and a version must be before they are kept, and their copies. Misuse ends as a RangeError here.
import type { Id } from '../kademlia/id.ts'
import { assertKey, assertSource } from './entry-fields.ts'
import { MAX_RECORD_BYTES, type RecordVersion, type StoredRecord } from './store.ts'
import { wholeMs } from './whole-ms.ts'

/** What a file's INTEGER holds, and the highest `seq` of BEP 44. */
const MAX_VERSION = 2n ** 63n - 1n
const DIGEST_BYTES = 20

/** The same record with times in whole ms, its bytes not copied. Throws RangeError. */
export function checkedRecord(record: StoredRecord): StoredRecord {
  const { key, data, source } = record
  assertKey(key)
  assertVersion(record)
  if (data.length > MAX_RECORD_BYTES) {
    throw new RangeError(`the data of a record may have ${MAX_RECORD_BYTES} bytes, got ${data.length}`)
  }
  if (source !== null) assertSource(source)
  const refreshedAt = wholeMs(record.refreshedAt, 'refreshedAt')
  return { ...record, refreshedAt, expiresAt: wholeMs(record.expiresAt, 'expiresAt') }
}

export function assertVersion({ version, digest }: RecordVersion): void {
  if (version < 0n || version > MAX_VERSION) {
    throw new RangeError(`the version of a record is 0 … 2^63 - 1, got ${version}`)
  }
  if (digest.length !== DIGEST_BYTES) {
    throw new RangeError(`the digest of a record has ${DIGEST_BYTES} bytes, got ${digest.length}`)
  }
}

/** The caller's bytes may be part of a datagram, which would stay alive with them. */
export function copyOfRecord(record: StoredRecord): StoredRecord {
  const { key, version, digest, data, source, refreshedAt, expiresAt } = record
  return {
    key: new Uint8Array(key) as Id,
    version,
    digest: new Uint8Array(digest),
    data: new Uint8Array(data),
    source: source && new Uint8Array(source),
    refreshedAt,
    expiresAt,
  }
}
