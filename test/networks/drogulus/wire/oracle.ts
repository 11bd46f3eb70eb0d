// What the specification says of a message (drogulus B0, B2), by a decoder that is as plain as can be: the whole of it is
// read into a map, then each rule is looked at. The wire must come to the same outcome.
import { isIP } from 'node:net'
import { MsgPackFloat, MsgPackMap } from '../../../../src/codecs/msgpack.ts'
import type { MsgPackValue } from '../../../../src/codecs/msgpack.ts'
import { plainlyRead } from '../../../codecs/msgpack-samples.ts'
import { textOf } from '../packets.ts'

/** `1 UUID`, `2 UUID`; with `failed` before it also a failed request; `failed`; `dropped`; or what was read. */
export type Outcome = string | Readonly<Record<string, unknown>>

type Fields = ReadonlyMap<string, MsgPackValue>

/** A rule that was broken. */
class Broken extends Error {}

const check = (rule: boolean): void => {
  if (!rule) throw new Broken()
}

export function outcomeOf(bytes: Uint8Array): Outcome {
  const fields = mapOf(bytes)
  const uuid = fields?.get('uuid')
  if (fields === null || !(uuid instanceof Uint8Array) || uuid.length > 256) return 'dropped'
  const text = textOf(uuid)
  const isOurs = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/.test(text)
  const either = isOurs ? 'failed ' : ''
  const name = fields.get('message')
  if (!(name instanceof Uint8Array)) return `${either}1 ${text}`
  const read = READERS[textOf(name)]
  if (read === undefined) return `${either}2 ${text}`
  const isQuery = ['ping', 'findnode', 'findvalue', 'store'].includes(textOf(name))
  try {
    const senderId = id(fields.get('node'))
    raw(fields.get('version'))
    const port = isQuery && fields.has('reply_port') ? portOf(fields.get('reply_port')) : null
    const content = read(fields)
    if (!isQuery) return { text: isOurs ? text : '', senderId, name: textOf(name), ...content }
    return {
      text,
      senderId,
      name: textOf(name),
      dialPort: port === 0 ? null : port,
      anyPort: port !== null,
      ...content,
    }
  } catch (error) {
    if (!(error instanceof Broken)) throw error
    if (isQuery) return `1 ${text}`
    return isOurs ? 'failed' : 'dropped'
  }
}

/** Of keys that come twice the last counts; null: it is no map, or no msgpack. */
function mapOf(bytes: Uint8Array): Fields | null {
  try {
    const { value, rest } = plainlyRead(Buffer.from(bytes))
    if (!(value instanceof MsgPackMap) || rest.length > 0) return null
    const pairs = value.entries.filter(([key]) => key instanceof Uint8Array)
    return new Map(pairs.map(([key, item]) => [textOf(key as Uint8Array), item]))
  } catch (error) {
    if (error instanceof RangeError) return null
    throw error
  }
}

const READERS: Readonly<Record<string, (fields: Fields) => Record<string, unknown>>> = Object.assign(
  Object.create(null) as object,
  {
    ping: () => ({}),
    pong: () => ({}),
    findnode: (fields: Fields) => ({ key: id(fields.get('key')) }),
    findvalue: (fields: Fields) => ({ key: id(fields.get('key')) }),
    store: (fields: Fields) => item(fields),
    value: (fields: Fields) => item(fields),
    nodes: (fields: Fields) => ({ nodes: nodes(fields.get('nodes')) }),
    error: (fields: Fields) => {
      const code = fields.get('code')
      check(typeof code === 'number' && code >= 1 && code <= 8)
      return { code, title: utf8(raw(fields.get('title'))), details: texts(fields.get('details')).map(utf8) }
    },
  },
)

function item(fields: Fields): Record<string, unknown> {
  check(fields.has('value'))
  return {
    key: id(fields.get('key')),
    value: fields.get('value'),
    timestamp: time(fields.get('timestamp')),
    expires: time(fields.get('expires')),
    publicKey: raw(fields.get('public_key')),
    itemName: raw(fields.get('name')),
    meta: texts(fields.get('meta')),
    sig: raw(fields.get('sig')),
  }
}

function nodes(value: MsgPackValue | undefined): string[] {
  check(Array.isArray(value))
  const all = (value as readonly MsgPackValue[]).map((each) => {
    check(Array.isArray(each) && each.length === 4)
    const [nodeId, host, port, version] = each as readonly MsgPackValue[]
    raw(version)
    return [id(nodeId), raw(host), portOf(port)] as const
  })
  return all.filter(([, host, port]) => isIP(host) !== 0 && port !== 0).map((node) => node.join(' '))
}

function raw(value: MsgPackValue | undefined): string {
  check(value instanceof Uint8Array)
  return textOf(value as Uint8Array)
}

/** Errors are for people to read. */
const utf8 = (bytes: string): string => Buffer.from(bytes, 'latin1').toString('utf8')

function id(value: MsgPackValue | undefined): string {
  const text = raw(value)
  check(text.length >= 1 && text.length <= 64)
  return text.padStart(64, '\0')
}

function time(value: MsgPackValue | undefined): number {
  check(value instanceof MsgPackFloat && Number.isFinite(value.value))
  return (value as MsgPackFloat).value
}

function portOf(value: MsgPackValue | undefined): number {
  check(typeof value === 'number' && value >= 0 && value <= 65_535)
  return value as number
}

function texts(value: MsgPackValue | undefined): string[] {
  check(value instanceof MsgPackMap)
  return (value as MsgPackMap).entries.map((pair) => pair.map(raw).join('='))
}
