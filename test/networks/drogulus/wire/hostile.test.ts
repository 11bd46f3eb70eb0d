// Malice: whatever comes in, the wire answers with a message or with ProtocolError, and reads no differently from a
// plain decoder that goes by the specification (oracle.ts).
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { MsgPackMap } from '../../../../src/codecs/msgpack.ts'
import { ProtocolError } from '../../../../src/kademlia/ports.ts'
import type { SignedValue } from '../../../../src/networks/drogulus/messages.ts'
import { uuidOf } from '../../../../src/networks/drogulus/wire/uuid.ts'
import { runs } from '../../../property-runs.ts'
import { FROM, message, textOf, WANTED, wire } from '../packets.ts'
import type { DrogulusMessage } from '../packets.ts'
import { outcomeOf } from './oracle.ts'
import type { Outcome } from './oracle.ts'
import { messages } from './random-messages.ts'

/** The outcome of the wire itself, in the form of the oracle. */
function outcomeOfWire(bytes: Uint8Array): Outcome {
  let decoded: DrogulusMessage
  try {
    decoded = wire.decode(bytes, FROM)
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
    const failed = error.failedTransaction === null ? '' : 'failed'
    if (error.answer === null) return failed || 'dropped'
    return `${failed} ${error.answer.code} ${textOf(error.answer.transaction)}`.trimStart()
  }
  if (decoded.kind === 'query') {
    const { query, dialPort } = decoded
    const about = {
      text: textOf(decoded.transaction),
      senderId: textOf(decoded.senderId),
      name: query.method,
      dialPort,
    }
    if (query.method === 'store') return { ...about, anyPort: 'not told', ...itemOf(query.item) }
    if (query.method === 'ping') return { ...about, anyPort: 'not told' }
    return { ...about, anyPort: query.anyPort, key: textOf(query.key) }
  }
  const text = decoded.transaction.length === 0 ? '' : textOf(uuidOf(decoded.transaction))
  if (decoded.kind === 'error') {
    const details = Object.entries(decoded.details!).map((pair) => pair.join('='))
    return { text, senderId: 'not told', name: 'error', code: decoded.code, title: decoded.message, details }
  }
  const { nodes, item } = decoded.reply
  const about = { text, senderId: textOf(decoded.senderId) }
  if (item !== undefined) return { ...about, name: 'value', ...itemOf(item) }
  if (nodes === undefined) return { ...about, name: 'pong' }
  const contacts = nodes.map(({ id, address: { host, port } }) => `${textOf(id)} ${host} ${port}`)
  return { ...about, name: 'nodes', nodes: contacts }
}

function itemOf({ key, value, timestamp, expires, publicKey, name, meta, signature }: SignedValue): object {
  return {
    key: textOf(key),
    value,
    timestamp,
    expires,
    publicKey: textOf(publicKey),
    itemName: textOf(name),
    meta: textsOf(meta),
    sig: textOf(signature),
  }
}

const textsOf = ({ entries }: MsgPackMap): string[] =>
  entries.map((pair) => pair.map((text) => textOf(text as Uint8Array)).join('='))

/** Without what the wire does not tell of such a message. */
function told(outcome: Outcome): Outcome {
  if (typeof outcome === 'string') return outcome
  const withholds = { error: 'senderId', ping: 'anyPort', store: 'anyPort' } as const
  const field = withholds[outcome['name'] as keyof typeof withholds] as string | undefined
  return field === undefined ? outcome : { ...outcome, [field]: 'not told' }
}

const everything = Object.entries(WANTED).flatMap(([name, fields]) => [
  message(name, fields),
  message(name, { ...fields, reply_port: 1_908 }),
])

/** Bytes that are no msgpack have an outcome that depends on how far they are; only that there is one is looked at. */
function agree(bytes: Uint8Array): void {
  const outcome = outcomeOfWire(bytes)
  const expected = told(outcomeOf(bytes))
  if (expected === 'dropped' && typeof outcome === 'string') return
  assert.deepEqual(outcome, expected)
}

describe('A message of malice', () => {
  test('is read as a plain decoder reads it, whatever its fields are (drogulus B0, B2)', () => {
    const seen = new Set<string>()
    fc.assert(
      fc.property(messages, (bytes) => {
        const outcome = outcomeOfWire(bytes)
        assert.deepEqual(outcome, told(outcomeOf(bytes)))
        seen.add(typeof outcome === 'string' ? outcome.replace(/(\d) .*/, '$1') : String(outcome['name']))
      }),
      runs(5_000),
    )
    const names = ['ping', 'findnode', 'findvalue', 'store', 'pong', 'nodes', 'value', 'error']
    for (const each of [...names, '1', '2', 'failed 1', 'failed 2', 'failed', 'dropped']) {
      assert.ok(seen.has(each), `${each} never came about`)
    }
  })

  test('is read as a plain decoder reads it when any byte of it is another', () => {
    for (const bytes of everything) {
      agree(bytes)
      for (let at = 0; at < bytes.length; at++) {
        for (const byte of [0x00, 0x05, 0x80, 0x90, 0xa1, 0xc0, 0xc1, 0xcb, 0xd9, 0xda, 0xdc, 0xff]) {
          const changed = bytes.slice()
          changed[at] = byte
          agree(changed)
        }
      }
    }
  })

  test('is refused when it ends early, wherever, and answered only under a uuid that was read', () => {
    for (const bytes of everything) {
      for (let end = 0; end < bytes.length; end++) {
        const outcome = outcomeOfWire(bytes.slice(0, end))
        assert.ok(typeof outcome === 'string')
        assert.match(outcome, /^(dropped|failed|(failed )?1 01234567-89ab-cdef-fedc-ba9876543210)$/)
      }
    }
  })

  test('is taken or refused by ProtocolError alone, of whatever bytes it is', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => agree(bytes)),
      runs(2_000),
    )
  })

  test('leaves nothing behind for the next one: the same bytes are the same message', () => {
    for (const bytes of everything) {
      const before = outcomeOfWire(bytes)
      for (const other of [...everything, Uint8Array.of(0xc1)]) outcomeOfWire(other)
      assert.deepEqual(outcomeOfWire(bytes), before)
    }
  })
})
