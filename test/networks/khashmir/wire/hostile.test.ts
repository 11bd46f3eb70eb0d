// Malice: whatever comes in, the wire answers with a message or with ProtocolError, and reads no differently from a
// plain decoder that goes by the specification (oracle.ts).
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { ProtocolError } from '../../../../src/kademlia/ports.ts'
import { METHODS } from '../../../../src/networks/khashmir/messages.ts'
import { bytesOf, textOf } from '../../../codecs/bencode-samples.ts'
import { runs } from '../../../property-runs.ts'
import { ARGUMENTS, FROM, ID, KEY, message, query, reply, wire, wireOf } from '../packets.ts'
import type { KhashmirMessage, KhashmirWire } from '../packets.ts'
import { outcomeOf } from './oracle.ts'
import type { Outcome } from './oracle.ts'
import { messages } from './random-messages.ts'

/** The outcome of the wire itself, in the form of the oracle. */
function outcomeOfWire(bytes: Uint8Array, by: KhashmirWire): Outcome {
  let decoded: KhashmirMessage
  try {
    decoded = by.decode(bytes, FROM)
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
    if (error.answer) return `${error.answer.code} ${textOf(error.answer.transaction)}`
    return error.failedTransaction ? `failed ${textOf(error.failedTransaction)}` : 'dropped'
  }
  const { transaction, ...rest } = decoded
  const t = textOf(transaction)
  if (rest.kind === 'error') return asText({ ...rest, t })
  const { senderId: id, ...others } = rest
  if (others.kind === 'reply') return asText({ ...others, t, id })
  const { query: asked, ...around } = others
  return asText({ ...around, t, id, ...asked })
}

/** Bytes as text, all the way down. */
function asText(value: Record<string, unknown>): Record<string, unknown> {
  const inner = (each: unknown): unknown => {
    if (each instanceof Uint8Array) return textOf(each)
    if (Array.isArray(each)) return each.map(inner)
    if (typeof each !== 'object' || each === null) return each
    return Object.fromEntries(Object.entries(each).map(([name, one]) => [name, inner(one)]))
  }
  return inner(value) as Record<string, unknown>
}

const read = wireOf({ methods: () => METHODS.read })

const agree = (bytes: Uint8Array): void => {
  assert.deepEqual(outcomeOfWire(bytes, wire), outcomeOf(bytes, FROM.port, METHODS.write))
}

const contact = `26:${textOf(KEY)}\x0a\x00\x00\x01\x01\x01`
const everything = [
  ...Object.entries(ARGUMENTS).map(([method, a]) => query(method, a)),
  reply({ id: ID, num: 3, values: ['one', 'two'] }),
  bytesOf(
    `d1:rd2:id20:${textOf(ID)}7:ip_addr9:127.0.0.15:nodesl${contact}${contact}e4:porti1ee1:t20:${'T'.repeat(20)}1:y1:re`,
  ),
  message({ e: [205, 'text'], y: 'e' }),
]

describe('A datagram of malice', () => {
  test('is read as a plain decoder reads it, whatever its fields are (khashmir A1, A3, A4)', () => {
    const seen = new Set<string>()
    fc.assert(
      fc.property(messages, (text) => {
        const bytes = bytesOf(text)
        agree(bytes)
        const outcome = outcomeOfWire(bytes, wire)
        seen.add(
          typeof outcome === 'string' ? outcome.split(' ')[0]! : String(outcome['method'] ?? outcome['kind']),
        )
      }),
      runs(5_000),
    )
    const all = 'ping join find_node find_value get_value store_value reply error 201 203 204 failed dropped'
    for (const each of all.split(' ')) assert.ok(seen.has(each), `${each} never came about`)
  })

  test('is refused for methods of another role before all else (khashmir A0)', () => {
    fc.assert(
      fc.property(messages, (text) => {
        assert.deepEqual(
          outcomeOfWire(bytesOf(text), read),
          outcomeOf(bytesOf(text), FROM.port, METHODS.read),
        )
      }),
      runs(1_000),
    )
  })

  test('is read as a plain decoder reads it when any byte of it is another', () => {
    for (const bytes of everything) {
      agree(bytes)
      for (let at = 0; at < bytes.length; at++) {
        for (const byte of [0x00, 0x2d, 0x30, 0x31, 0x39, 0x3a, 0x64, 0x65, 0x69, 0x6c, 0xff]) {
          const changed = bytes.slice()
          changed[at] = byte
          agree(changed)
        }
      }
    }
  })

  test('is dropped when it ends early, wherever', () => {
    for (const bytes of everything) {
      for (let end = 0; end < bytes.length; end++)
        assert.equal(outcomeOfWire(bytes.slice(0, end), wire), 'dropped')
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
      const before = outcomeOfWire(bytes, wire)
      for (const other of everything) outcomeOfWire(other, wire)
      assert.deepEqual(outcomeOfWire(bytes, wire), before)
    }
  })
})
