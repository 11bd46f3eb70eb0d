// Everything that was recorded of the four versions, as far as the wire alone can judge it: what it makes of the requests
// they were sent and sent themselves, and of the answers (khashmir A1, A3, A4). What a node answers is for the tests of
// answers and of nodes.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ProtocolError } from '../../../../src/kademlia/ports.ts'
import { textOf } from '../../../codecs/bencode-samples.ts'
import { KHASHMIR_COMMITS, khashmirVectors } from '../../../khashmir-vectors.ts'
import type {
  KhashmirDirection,
  KhashmirVector,
  Recorded,
  RecordedObject,
} from '../../../khashmir-vectors.ts'
import { differenceOf } from '../allowed-differences.ts'
import { FROM, wireOf } from '../packets.ts'
import type { KhashmirMessage, KhashmirWire } from '../packets.ts'

/** The versions of March 2008 take any transaction (khashmir A1). */
const wireFor = ({ commit }: KhashmirVector): KhashmirWire => wireOf({ anyTransaction: commit !== 'HEAD' })

function read(vector: KhashmirVector, by = wireFor(vector)): KhashmirMessage | ProtocolError {
  try {
    return by.decode(vector.hex, FROM)
  } catch (error) {
    assert.ok(error instanceof ProtocolError, String(error))
    return error
  }
}

/** The recorded value with strings as text of one character a byte. */
function plain(value: Recorded | undefined): unknown {
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  const { hex } = value as RecordedObject
  if (typeof hex === 'string') return Buffer.from(hex, 'hex').toString('latin1')
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]))
}

/** The same of what we read. */
function asText(value: unknown): unknown {
  if (value instanceof Uint8Array) return textOf(value)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, asText(inner)]))
}

/** The recorded answer to a request; empty when there was none. */
function answerTo({ commit, pair, name }: KhashmirVector): KhashmirVector {
  const answers = khashmirVectors({ commit, name, direction: 'response' }).filter(
    (each) => each.pair === pair,
  )
  assert.equal(answers.length, 1)
  return answers[0]!
}

/** The code with which the wire refuses what was sent; null: it does not. */
function recordedRefusal(request: KhashmirVector): number | null {
  const [code, text] = (plain((answerTo(request).decoded as RecordedObject)['e']) ?? [null, '']) as [
    number,
    string,
  ]
  // 205 is for the answers, a 201 of this text for what did not fit; 206 is the 203 that did not.
  if (code === 205 || text.startsWith('unknown error sending')) return null
  return code === 206 ? 203 : code
}

const title = ({ name, commit, pair }: KhashmirVector): string => `${name} of ${commit}, pair ${pair}`

function judgeRequest(request: KhashmirVector): void {
  const message = read(request)
  if (answerTo(request).hex.length === 0) {
    const answered = message instanceof ProtocolError ? message.answer !== null : message.kind === 'query'
    return assert.ok(!answered, `${title(request)} must not be answered`)
  }
  const difference = differenceOf(request.name, request.commit)
  let code = recordedRefusal(request)
  if (difference?.ours instanceof Object && 'code' in difference.ours) code = difference.ours.code
  else if (difference?.ours instanceof Object) code = null
  if (message instanceof ProtocolError) return assert.equal(message.answer?.code, code, title(request))
  assert.equal(code, null, title(request))
  judgeQuery(message, request)
}

function judgeQuery(message: KhashmirMessage, { decoded, ...vector }: KhashmirVector): void {
  assert.ok(message.kind === 'query', title({ ...vector, decoded }))
  const { q, a, t } = plain(decoded) as { q: string; a: Record<string, unknown>; t: string }
  const { id, _krpc_sender, ...rest } = a
  // A string as the number of values is all of them (khashmir A3).
  if (typeof rest['num'] === 'string') rest['num'] = 0
  assert.deepEqual(asText(message.query), { method: q, ...rest }, title({ ...vector, decoded }))
  assert.equal(textOf(message.senderId), id)
  assert.equal(textOf(message.transaction), t)
}

function judgeReply(message: KhashmirMessage, vector: KhashmirVector): void {
  assert.ok(message.kind === 'reply', title(vector))
  const { r, t } = plain(vector.decoded) as { r: Record<string, unknown>; t: string }
  const { nodes, token, num, values, seenAs } = message.reply
  const given = {
    id: textOf(message.senderId),
    ...(seenAs && { ip_addr: seenAs.host, port: seenAs.port }),
    ...(nodes && { nodes: nodes.map(({ id, address: { host, port } }) => compact(id, host, port)) }),
    ...(num !== undefined && { num }),
    ...(token && { token: textOf(token) }),
    ...(values && { values: values.map(textOf) }),
  }
  assert.deepEqual(given, r, title(vector))
  assert.equal(textOf(message.transaction), t)
  assert.deepEqual(message.seenAs, seenAs ?? null)
}

function compact(id: Uint8Array, host: string, port: number): string {
  return textOf(Uint8Array.of(...id, ...host.split('.').map(Number), port >> 8, port & 0xff))
}

/** What was decoded, written anew. */
function writtenAnew(message: KhashmirMessage): string {
  if (message.kind === 'error') return textOf(wireOf().encodeError(message, message.transaction, FROM))
  const wire = wireOf({ ownId: () => message.senderId })
  if (message.kind === 'reply') return textOf(wire.encodeReply(message.reply, message.transaction, FROM))
  return textOf(wire.encodeQuery(message.query, message.transaction, FROM))
}

/** Recorded requests with something that we read and never write. */
const NOT_WRITTEN: Readonly<Record<string, string>> = {
  'get_value-num-string': 'a string as number',
  'malformed-krpc-sender': 'an argument that is overwritten',
  'extra-envelope-keys': 'fields of other networks',
}

const datagrams = (...directions: KhashmirDirection[]): readonly KhashmirVector[] =>
  directions.flatMap((direction) => khashmirVectors({ direction }))

describe('A recorded request', () => {
  test('to an original is read or refused with the same code, or with as much silence (khashmir A1, A3, A4)', () => {
    const requests = datagrams('request')
    assert.equal(new Set(requests.map(({ commit }) => commit)).size, KHASHMIR_COMMITS.length)
    for (const request of requests) judgeRequest(request)
  })

  test('by an original is read as what it is (khashmir A3)', () => {
    for (const request of datagrams('request-from-original')) {
      const message = read(request)
      assert.ok(!(message instanceof ProtocolError), title(request))
      judgeQuery(message, request)
    }
  })

  test('by an original is what we write for the same query, byte by byte (khashmir A1, A3)', () => {
    for (const request of datagrams('request-from-original')) {
      const message = read(request)
      assert.ok(!(message instanceof ProtocolError))
      assert.equal(writtenAnew(message), textOf(request.hex), title(request))
    }
  })

  test('to an original is written anew as it was where we take it, but for what we never write', () => {
    const other = new Set<string>()
    for (const request of datagrams('request')) {
      const message = read(request)
      if (message instanceof ProtocolError) continue
      if (writtenAnew(message) !== textOf(request.hex)) other.add(request.name)
    }
    assert.deepEqual([...other], Object.keys(NOT_WRITTEN))
  })
})

describe('A recorded answer', () => {
  const answers = datagrams('response', 'response-to-original').filter(({ hex }) => hex.length > 0)

  test('is read as what it is, reply or error (khashmir A3, A4)', () => {
    for (const answer of answers) {
      const message = read(answer)
      assert.ok(!(message instanceof ProtocolError), title(answer))
      if (message.kind !== 'error') {
        judgeReply(message, answer)
        continue
      }
      const { e, t } = plain(answer.decoded) as { e: unknown; t: string }
      assert.deepEqual([message.code, message.message], e, title(answer))
      assert.equal(textOf(message.transaction), t)
    }
  })

  test('is written anew as it was, byte by byte (khashmir A3, A4)', () => {
    for (const answer of answers) {
      const message = read(answer)
      assert.ok(!(message instanceof ProtocolError))
      assert.equal(writtenAnew(message), textOf(answer.hex), title(answer))
    }
  })
})
