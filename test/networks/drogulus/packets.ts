// Messages of drogulus for the tests of its wire: ways to build them, and to read them in short.
import assert from 'node:assert/strict'
import { MsgPackFloat, MsgPackMap, packMsgPack, unpackMsgPack } from '../../../src/codecs/msgpack.ts'
import type { MsgPackValue } from '../../../src/codecs/msgpack.ts'
import { asId } from '../../../src/kademlia/id.ts'
import { ProtocolError } from '../../../src/kademlia/ports.ts'
import type { ErrorMessage, Message, QueryMessage, ReplyMessage, Wire } from '../../../src/kademlia/ports.ts'
import type { DrogulusQuery, DrogulusReply, SignedValue } from '../../../src/networks/drogulus/messages.ts'
import { createWire } from '../../../src/networks/drogulus/wire.ts'
import type { WireOptions } from '../../../src/networks/drogulus/wire.ts'
import { hex, mapOf, raw } from '../../codecs/msgpack-samples.ts'

export const ID = asId(raw('i'.repeat(64)))
export const KEY = asId(raw('k'.repeat(64)))
export const OWN_ID = asId(raw('o'.repeat(64)))
/** A transaction of ours, and its text. */
export const T = hex('0123456789abcdef fedcba9876543210')
export const UUID = '01234567-89ab-cdef-fedc-ba9876543210'
export const OWN_PORT = 1_908
export const FROM = { host: '127.0.0.1', port: 54_708 }
export const VERSION = '0.0.0.alpha.0'

export type DrogulusMessage = Message<DrogulusQuery, DrogulusReply>
export type DrogulusWire = Wire<DrogulusQuery, DrogulusReply>

export function wireOf(options: Partial<WireOptions> = {}): DrogulusWire {
  return createWire({ ownId: () => OWN_ID, revision: 'july-2013', replyPort: () => OWN_PORT, ...options })
}

export const wire = wireOf()
export const october = wireOf({ revision: 'october-2013' })

/** What a field of a message may be here: text is a raw, undefined leaves it out. */
export type Fields = Readonly<Record<string, MsgPackValue | string | undefined>>

/** A message of an original: uuid, node, version, and whatever `more` says. */
export function message(name: string, more: Fields = {}): Uint8Array {
  return packed({ uuid: UUID, node: ID, version: VERSION, message: name, ...more })
}

export function packed(fields: Fields): Uint8Array {
  const there = Object.entries(fields).filter(([, value]) => value !== undefined)
  return packMsgPack(
    mapOf(
      Object.fromEntries(
        there.map(([key, value]) => [key, typeof value === 'string' ? raw(value) : (value as MsgPackValue)]),
      ),
    ),
  )
}

/** The fields of a store or value message of July 2013, but for those of every message. */
export const ITEM_FIELDS = {
  key: KEY,
  value: 'world',
  timestamp: new MsgPackFloat(1_373_900_000),
  expires: new MsgPackFloat(-1),
  public_key: 'a key in PEM',
  name: 'hello',
  meta: mapOf({ type: raw('text') }),
  sig: 's'.repeat(256),
} satisfies Fields

/** The same as it is read. */
export const ITEM: SignedValue = {
  key: KEY,
  value: raw('world'),
  timestamp: 1_373_900_000,
  expires: -1,
  createdWith: null,
  publicKey: raw('a key in PEM'),
  name: raw('hello'),
  meta: mapOf({ type: raw('text') }),
  signature: raw('s'.repeat(256)),
  version: raw(VERSION),
}

/** All that each message wants, and no more. */
export const WANTED: Readonly<Record<string, Fields>> = {
  ping: {},
  findnode: { key: KEY },
  findvalue: { key: KEY },
  store: ITEM_FIELDS,
  pong: {},
  nodes: { nodes: [node()] },
  value: ITEM_FIELDS,
  error: { code: 8, title: 'Superceded value', details: mapOf({ new_timestamp: raw('1373900000') }) },
}

export function node(host = '10.0.0.1', port: MsgPackValue = 9_000, id: Uint8Array = KEY): MsgPackValue {
  return [id, raw(host), port, raw(VERSION)]
}

export function decodedQuery(bytes: Uint8Array, by: DrogulusWire = wire): QueryMessage<DrogulusQuery> {
  const decoded = by.decode(bytes, FROM)
  assert.ok(decoded.kind === 'query', `it is ${decoded.kind}`)
  return decoded
}

export function decodedReply(bytes: Uint8Array, by: DrogulusWire = wire): ReplyMessage<DrogulusReply> {
  const decoded = by.decode(bytes, FROM)
  assert.ok(decoded.kind === 'reply', `it is ${decoded.kind}`)
  return decoded
}

export function decodedError(bytes: Uint8Array, by: DrogulusWire = wire): ErrorMessage {
  const decoded = by.decode(bytes, FROM)
  assert.ok(decoded.kind === 'error', `it is ${decoded.kind}`)
  return decoded
}

export function refusalOf(bytes: Uint8Array, by: DrogulusWire = wire): ProtocolError {
  try {
    by.decode(bytes, FROM)
  } catch (error) {
    assert.ok(error instanceof ProtocolError, String(error))
    return error
  }
  return assert.fail('it was taken')
}

export function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1')
}

/** What is answered to a request that is refused: code, title and details, and that its uuid is echoed. */
export function answerTo(bytes: Uint8Array, by: DrogulusWire = wire): string {
  const { answer, failedTransaction, message: why } = refusalOf(bytes, by)
  assert.ok(answer !== null, `nothing is answered: ${why}`)
  assert.equal(textOf(answer.transaction), UUID)
  assert.equal(failedTransaction, null)
  return `${answer.code} ${answer.message}: ${answer.details?.['message']}`
}

/** Of what may be a request or an answer: the code that is answered, and that the request of this uuid fails. */
export function eitherWay(bytes: Uint8Array, by: DrogulusWire = wire): number {
  const { answer, failedTransaction, message: why } = refusalOf(bytes, by)
  assert.ok(answer !== null, `nothing is answered: ${why}`)
  assert.equal(textOf(answer.transaction), UUID)
  assert.deepEqual(failedTransaction, T)
  return answer.code
}

/** Why nothing is answered. */
export function silenceAbout(bytes: Uint8Array, by: DrogulusWire = wire): string {
  const { answer, failedTransaction, reason } = refusalOf(bytes, by)
  assert.equal(answer, null)
  assert.equal(failedTransaction, null)
  return reason
}

/** That the request of this transaction fails, and what is told. */
export function failureOf(bytes: Uint8Array, by: DrogulusWire = wire): string {
  const { answer, failedTransaction, message: why } = refusalOf(bytes, by)
  assert.equal(answer, null)
  assert.deepEqual(failedTransaction, T)
  return why
}

/** A message of ours without our own field, as an original would have written it. */
export function withoutReplyPort(bytes: Uint8Array): Uint8Array {
  const map = unpackMsgPack(bytes)
  assert.ok(map instanceof MsgPackMap)
  const rest = map.entries.filter(([key]) => textOf(key as Uint8Array) !== 'reply_port')
  assert.equal(rest.length, map.entries.length - 1)
  return packMsgPack(new MsgPackMap(rest))
}
