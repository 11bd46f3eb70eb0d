// Writes messages of drogulus (B2): the fields in the order of the originals, our `reply_port` behind them (B0), the name
// last. Errors are written here, requests in encode-query.ts, answers in encode-reply.ts.
import { MsgPackFloat, MsgPackMap, packMsgPack } from '../../../codecs/msgpack.ts'
import type { MsgPackValue } from '../../../codecs/msgpack.ts'
import type { Id } from '../../../kademlia/id.ts'
import type { Refusal } from '../../../kademlia/ports.ts'
import type { Revision, SignedValue } from '../messages.ts'
import { VERSION } from './bounds.ts'
import { FIELDS } from './fields.ts'
import type { Field } from './fields.ts'

/** What every message of ours has. */
export interface Sender {
  readonly id: Id
  /** Where we can be dialled; null: nowhere, written as 0. */
  readonly replyPort: number | null
}

export type Fields = readonly (readonly [Field, MsgPackValue])[]

const TEXT = new TextEncoder()

const NAMES: ReadonlyMap<string, Uint8Array> = new Map(FIELDS.map((field) => [field, TEXT.encode(field)]))

const NOTHING = new Uint8Array(0)

export function messageOf(
  name: string,
  { uuid, id, replyPort }: Sender & { readonly uuid: Uint8Array },
  fields: Fields,
): MsgPackMap {
  const all: Fields = [
    ['uuid', uuid],
    ['node', id],
    ...fields,
    ['reply_port', replyPort ?? 0],
    ['message', TEXT.encode(name)],
  ]
  return new MsgPackMap(all.map(([field, value]) => [NAMES.get(field)!, value]))
}

/** What `store` and `value` have between `node` and `reply_port`, and it is the same. */
export function itemFields(item: SignedValue, revision: Revision): Fields {
  const { key, value, timestamp, expires, createdWith, publicKey, name, meta, signature, version } = item
  const since: Fields = revision === 'october-2013' ? [['created_with', createdWith ?? NOTHING]] : []
  return [
    ['key', key],
    ['value', value],
    ['timestamp', new MsgPackFloat(timestamp)],
    ['expires', new MsgPackFloat(expires)],
    ...since,
    ['public_key', publicKey],
    ['name', name],
    ['meta', meta],
    ['sig', signature],
    ['version', version],
  ]
}

export function encodeError(
  { code, message, details }: Refusal,
  uuid: Uint8Array,
  sender: Sender,
): Uint8Array {
  const texts = Object.entries(details ?? {}).map(
    ([key, text]) => [TEXT.encode(key), TEXT.encode(text)] as const,
  )
  const fields: Fields = [
    ['code', code],
    ['title', TEXT.encode(message)],
    ['details', new MsgPackMap(texts)],
    ['version', VERSION],
  ]
  return packMsgPack(messageOf('error', { ...sender, uuid }, fields))
}
