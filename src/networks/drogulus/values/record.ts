// A signed value as a record of the store, and back. What is kept is what was signed, packed: our own file format, no
// message. Not here: whether it may be stored (answer-store.ts).
import { packMsgPack, unpackMsgPack } from '../../../codecs/msgpack.ts'
import { MsgPackFloat, MsgPackMap, type MsgPackValue } from '../../../codecs/msgpack-value.ts'
import type { StoredRecord } from '../../../stores/store.ts'
import { digestOf, versionOf } from '../keys/signed-value.ts'
import type { SignedValue } from '../messages.ts'

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

/** null: it is not as we write it (a file that was edited by hand). */
export function valueOf({ key, data }: Pick<StoredRecord, 'key' | 'data'>): SignedValue | null {
  const fields = unpackMsgPack(data)
  if (!Array.isArray(fields) || fields.length !== 9) return null
  const [value, timestamp, expires, createdWith, publicKey, name, meta, signature, version] =
    fields as readonly MsgPackValue[]
  const texts = textsOf({ publicKey, name, signature, version })
  if (texts === null || value === undefined || !(meta instanceof MsgPackMap)) return null
  if (!(timestamp instanceof MsgPackFloat) || !(expires instanceof MsgPackFloat)) return null
  if (createdWith !== null && !(createdWith instanceof Uint8Array)) return null
  return { key, value, timestamp: timestamp.value, expires: expires.value, createdWith, meta, ...texts }
}

/** null: one of them is none. */
function textsOf<Name extends string>(
  fields: Readonly<Record<Name, MsgPackValue | undefined>>,
): Record<Name, Uint8Array> | null {
  const all: unknown[] = Object.values(fields)
  return all.every((field) => field instanceof Uint8Array) ? (fields as Record<Name, Uint8Array>) : null
}
