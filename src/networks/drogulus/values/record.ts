// A signed value as a record of the store, and back. What is kept is what was signed, packed: our own file format, no
// message. Not here: whether it may be stored (answer-store.ts).
import { MsgPackError, packMsgPack, unpackMsgPack } from '../../../codecs/msgpack.ts'
import { MsgPackFloat, MsgPackMap, type MsgPackValue } from '../../../codecs/msgpack-value.ts'
import type { StoredRecord } from '../../../stores/store.ts'
import { digestOf, versionOf } from '../keys/signed-value.ts'
import type { Revision, SignedValue } from '../messages.ts'

/** The end of time, for what never expires: year 9999, in ms. */
const NEVER_MS = 253_402_300_799_000

/** When a value expires, in ms since 1970. */
export function expiryOf({ expires }: SignedValue): number {
  return expires <= 0 ? NEVER_MS : Math.min(1_000 * expires, NEVER_MS)
}

export interface Keeping {
  /** The IP that brought it, 4 or 16 bytes; null: our own. */
  readonly source: Uint8Array | null
  readonly now: number
  /** How long we keep it at most, in ms from now; it never outlives its own expiry. */
  readonly lifetimeMs: number
}

export function recordOf(item: SignedValue, { source, now, lifetimeMs }: Keeping): StoredRecord {
  const { key, value, timestamp, expires, createdWith, publicKey, name, meta, signature, version } = item
  return {
    key,
    version: versionOf(item),
    digest: digestOf(item),
    data: packMsgPack([
      value,
      new MsgPackFloat(timestamp),
      new MsgPackFloat(expires),
      createdWith,
      publicKey,
      name,
      meta,
      signature,
      version,
    ]),
    source,
    refreshedAt: now,
    expiresAt: Math.min(expiryOf(item), now + lifetimeMs),
  }
}

/**
 * null: it is not as we write it (a file that was edited by hand), or was signed for the other revision, in which nobody of
 * this one would believe it.
 */
export function valueOf(
  { key, data }: Pick<StoredRecord, 'key' | 'data'>,
  revision: Revision,
): SignedValue | null {
  const fields = unpacked(data)
  if (fields === null) return null
  const [value, timestamp, expires, createdWith, publicKey, name, meta, signature, version] = fields
  const texts = textsOf({ publicKey, name, signature, version })
  if (texts === null || value === undefined || !isTime(timestamp) || !isTime(expires)) return null
  if (!(meta instanceof MsgPackMap) || !meta.entries.every((pair) => pair.every(isText))) return null
  const times = { timestamp: timestamp.value, expires: expires.value }
  if (revision === 'july-2013')
    return createdWith === null ? { key, value, createdWith, meta, ...times, ...texts } : null
  return isText(createdWith) ? { key, value, createdWith, meta, ...times, ...texts } : null
}

function unpacked(data: Uint8Array): readonly MsgPackValue[] | null {
  try {
    const fields = unpackMsgPack(data)
    return Array.isArray(fields) && fields.length === 9 ? (fields as MsgPackValue[]) : null
  } catch (error) {
    if (error instanceof MsgPackError) return null
    throw error
  }
}

const isText = (field: MsgPackValue | undefined): field is Uint8Array => field instanceof Uint8Array

const isTime = (field: MsgPackValue | undefined): field is MsgPackFloat =>
  field instanceof MsgPackFloat && Number.isFinite(field.value)

/** null: one of them is none. */
function textsOf<Name extends string>(
  fields: Readonly<Record<Name, MsgPackValue | undefined>>,
): Record<Name, Uint8Array> | null {
  return Object.values<MsgPackValue | undefined>(fields).every(isText)
    ? (fields as Record<Name, Uint8Array>)
    : null
}
