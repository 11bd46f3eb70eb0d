// Packets of khashmir for the tests of its wire: ways to build them, and to read them in short.
import assert from 'node:assert/strict'
import { encodeBencode } from '../../../src/codecs/bencode.ts'
import type { BencodeInput } from '../../../src/codecs/bencode.ts'
import { asId } from '../../../src/kademlia/id.ts'
import type { Id } from '../../../src/kademlia/id.ts'
import { ProtocolError } from '../../../src/kademlia/ports.ts'
import type { Message, QueryMessage, ReplyMessage, Wire } from '../../../src/kademlia/ports.ts'
import { METHODS } from '../../../src/networks/khashmir/messages.ts'
import type { KhashmirQuery, KhashmirReply } from '../../../src/networks/khashmir/messages.ts'
import { createWire } from '../../../src/networks/khashmir/wire.ts'
import type { WireOptions } from '../../../src/networks/khashmir/wire.ts'
import { bytesOf, textOf } from '../../codecs/bencode-samples.ts'

export const ID = asId(bytesOf('abcdefghij0123456789'))
export const KEY = asId(bytesOf('mnopqrstuvwxyz123456'))
export const OWN_ID = asId(bytesOf('0123456789abcdefghij'))
export const NULL_ID = asId(new Uint8Array(20))
export const T = 'TTTTTTTTTTTTTTTTTTTT'
export const FROM = { host: '127.0.0.1', port: 20_500 }

export type KhashmirMessage = Message<KhashmirQuery, KhashmirReply>
export type KhashmirWire = Wire<KhashmirQuery, KhashmirReply>

/** A wire of the last version, of a node that serves everything. */
export function wireOf(options: Partial<WireOptions> = {}): KhashmirWire {
  return createWire({
    ownId: () => OWN_ID,
    methods: () => METHODS.write,
    anyTransaction: false,
    anonymous: () => false,
    ...options,
  })
}

export const wire = wireOf()
/** One that takes any transaction, as the versions of March 2008 do. */
export const lenient = wireOf({ anyTransaction: true })

/** A message with the transaction T, or whatever `more` says. */
export function message(more: Record<string, BencodeInput>): Uint8Array {
  return encodeBencode({ t: T, ...more })
}

export function query(q: BencodeInput, a: BencodeInput): Uint8Array {
  return message({ a, q, y: 'q' })
}

export function reply(r: BencodeInput): Uint8Array {
  return message({ r, y: 'r' })
}

/** All that each method wants, and no more. */
export const ARGUMENTS: Readonly<Record<string, Readonly<Record<string, BencodeInput>>>> = {
  ping: { id: ID },
  join: { id: ID },
  find_node: { id: ID, target: KEY },
  find_value: { id: ID, key: KEY },
  get_value: { id: ID, key: KEY, num: 3 },
  store_value: { id: ID, key: KEY, token: 'token of twenty byte', value: 'a value' },
}

export function decodedQuery(bytes: Uint8Array, by: KhashmirWire = wire): QueryMessage<KhashmirQuery> {
  const decoded = by.decode(bytes, FROM)
  assert.ok(decoded.kind === 'query', `it is ${decoded.kind}`)
  return decoded
}

export function decodedReply(bytes: Uint8Array, by: KhashmirWire = wire): ReplyMessage<KhashmirReply> {
  const decoded = by.decode(bytes, FROM)
  assert.ok(decoded.kind === 'reply', `it is ${decoded.kind}`)
  return decoded
}

export function refusalOf(bytes: Uint8Array, by: KhashmirWire = wire, from = FROM): ProtocolError {
  try {
    by.decode(bytes, from)
  } catch (error) {
    assert.ok(error instanceof ProtocolError, String(error))
    return error
  }
  return assert.fail('it was taken')
}

/** What is answered to a query that is refused: code and text, and that the transaction is echoed. */
export function answerTo(bytes: Uint8Array, by: KhashmirWire = wire): string {
  const { answer, failedTransaction, message: why } = refusalOf(bytes, by)
  assert.ok(answer !== null, `nothing is answered: ${why}`)
  assert.equal(textOf(answer.transaction), T)
  assert.equal(failedTransaction, null)
  return `${answer.code} ${answer.message}`.trimEnd()
}

/** Why nothing is answered. */
export function silenceAbout(bytes: Uint8Array, by: KhashmirWire = wire, from = FROM): string {
  const { answer, failedTransaction, reason } = refusalOf(bytes, by, from)
  assert.equal(answer, null)
  assert.equal(failedTransaction, null)
  return reason
}

/** That the request of this transaction fails, and why. */
export function failureOf(bytes: Uint8Array, by: KhashmirWire = wire): string {
  const { answer, failedTransaction, reason } = refusalOf(bytes, by)
  assert.equal(answer, null)
  assert.equal(failedTransaction && textOf(failedTransaction), T)
  return reason
}

export function contactBytes(
  id: Id,
  [a, b, c, d]: readonly [number, number, number, number],
  port: number,
): Uint8Array {
  return Uint8Array.of(...id, a, b, c, d, port >> 8, port & 0xff)
}
