// Everything that was recorded of the three versions, as far as the wire alone can judge it: what it makes of the
// requests that they were sent and sent themselves, and of the answers (drogulus B2, B4). What a node answers is for the
// tests of answers and of nodes.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { unpackMsgPack } from '../../../../src/codecs/msgpack.ts'
import type { MsgPackFloat, MsgPackMap, MsgPackValue } from '../../../../src/codecs/msgpack.ts'
import { NetstringReader } from '../../../../src/codecs/netstring.ts'
import { asId } from '../../../../src/kademlia/id.ts'
import { ProtocolError } from '../../../../src/kademlia/ports.ts'
import { createFraming } from '../../../../src/networks/drogulus/framing.ts'
import type { SignedValue } from '../../../../src/networks/drogulus/messages.ts'
import { transactionOf } from '../../../../src/networks/drogulus/wire/uuid.ts'
import { drogulusVectors } from '../../../drogulus-vectors.ts'
import type { DrogulusDirection, DrogulusVector } from '../../../drogulus-vectors.ts'
import { ALLOWED_DIFFERENCES, differenceOf } from '../allowed-differences.ts'
import { FROM, october, textOf, wire, wireOf, withoutReplyPort } from '../packets.ts'
import type { DrogulusMessage, DrogulusWire } from '../packets.ts'

const revisionOf = ({ commit }: DrogulusVector): 'july-2013' | 'october-2013' =>
  commit === 'e9b8c69' ? 'july-2013' : 'october-2013'

const wireFor = (vector: DrogulusVector): DrogulusWire =>
  revisionOf(vector) === 'july-2013' ? wire : october

const title = ({ name, commit, pair }: DrogulusVector): string => `${name} of ${commit}, pair ${pair}`

/** Streams that hold no whole message are for the codecs. */
function vectorsOf(...directions: readonly DrogulusDirection[]): readonly DrogulusVector[] {
  return directions
    .flatMap((direction) => drogulusVectors({ direction }))
    .filter(({ name, hex }) => !name.includes('netstring') && hex.length > 0)
}

const payloadsOf = ({ hex }: DrogulusVector): readonly Uint8Array[] => new NetstringReader().take(hex)

function read(vector: DrogulusVector, payload: Uint8Array): DrogulusMessage | ProtocolError {
  try {
    return wireFor(vector).decode(payload, FROM)
  } catch (error) {
    assert.ok(error instanceof ProtocolError, String(error))
    return error
  }
}

/** The fields of a recorded message by their names. */
function fieldsOf(payload: Uint8Array): Readonly<Record<string, MsgPackValue>> {
  const map = unpackMsgPack(payload) as MsgPackMap
  return Object.fromEntries(map.entries.map(([key, value]) => [textOf(key as Uint8Array), value]))
}

/** The item of a store or value message, field by field. */
function itemIn(fields: Readonly<Record<string, MsgPackValue>>): SignedValue {
  const { key, value, timestamp, expires, public_key, name, meta, sig, version } = fields
  return {
    key: asId(key as Uint8Array),
    value: value!,
    timestamp: (timestamp as MsgPackFloat).value,
    expires: (expires as MsgPackFloat).value,
    createdWith: (fields['created_with'] as Uint8Array | undefined) ?? null,
    publicKey: public_key as Uint8Array,
    name: name as Uint8Array,
    meta: meta as MsgPackMap,
    signature: sig as Uint8Array,
    version: version as Uint8Array,
  }
}

/** As 64 bytes: a short one is a small number (drogulus B2). */
const idOf = (bytes: MsgPackValue | undefined): string => textOf(bytes as Uint8Array).padStart(64, '\0')

/** What the original answered, in short: the names of its messages, or `error` and a code. */
function answersTo({ commit, name, pair }: DrogulusVector): readonly string[] {
  // Over TLS there are no pairs, and one line for each.
  const [answer] = drogulusVectors({ commit, name, direction: 'response' }).filter(
    (each) => each.pair === pair,
  )
  return payloadsOf(answer!).map((payload) => {
    const fields = fieldsOf(payload)
    const message = textOf(fields['message'] as Uint8Array)
    return message === 'error' ? `error ${fields['code'] as number}` : message
  })
}

/** What we make of a request: an error of a code, silence, or it is for the answers. */
function outcomeOf(message: DrogulusMessage | ProtocolError): string {
  if (message instanceof ProtocolError)
    return message.answer === null ? 'silence' : `error ${message.answer.code}`
  return message.kind === 'query' ? 'query' : 'silence'
}

function judgeRequest(vector: DrogulusVector, payload: Uint8Array, seen: Set<string>): void {
  const outcome = outcomeOf(read(vector, payload))
  const answers = answersTo(vector)
  const difference = differenceOf(vector.name, vector.commit)
  if (difference?.by === 'wire') {
    seen.add(`${vector.name} of ${vector.commit}`)
    assert.ok(answers.includes('error 3'), title(vector))
    const { ours } = difference
    const wanted = typeof ours === 'object' && 'code' in ours ? `error ${ours.code}` : ours
    return assert.equal(outcome, wanted, title(vector))
  }
  // 6, 7 and 8 are for the answers, and so is what else they do otherwise.
  const isAnswered = difference !== null || (answers.length > 0 && !answers.includes('error 3'))
  assert.equal(outcome, isAnswered ? 'query' : 'silence', title(vector))
}

function judgeQuery(message: DrogulusMessage, payload: Uint8Array, about: string): void {
  assert.ok(message.kind === 'query', about)
  const fields = fieldsOf(payload)
  assert.equal(textOf(message.transaction), textOf(fields['uuid'] as Uint8Array), about)
  assert.equal(textOf(message.senderId), idOf(fields['node']), about)
  assert.equal(message.dialPort, null)
  const { query } = message
  assert.equal(query.method, textOf(fields['message'] as Uint8Array))
  if (query.method === 'store') assert.deepEqual(query.item, itemIn(fields), about)
  else if (query.method !== 'ping') {
    assert.equal(textOf(query.key), idOf(fields['key']), about)
    assert.equal(query.anyPort, false)
  }
}

function judgeAnswer(message: DrogulusMessage, payload: Uint8Array, about: string): void {
  const fields = fieldsOf(payload)
  assert.ok(message.kind !== 'query', about)
  assert.deepEqual(message.transaction, transactionOf(fields['uuid'] as Uint8Array), about)
  if (message.kind === 'error') {
    const details = (fields['details'] as MsgPackMap).entries.map((pair) =>
      pair.map((text) => textOf(text as Uint8Array)),
    )
    assert.equal(message.code, fields['code'])
    assert.equal(message.message, textOf(fields['title'] as Uint8Array))
    assert.deepEqual(message.details, Object.fromEntries(details))
    return
  }
  assert.equal(textOf(message.senderId), idOf(fields['node']), about)
  const { nodes, item } = message.reply
  const name = textOf(fields['message'] as Uint8Array)
  assert.equal(item !== undefined, name === 'value', about)
  assert.equal(nodes !== undefined, name === 'nodes', about)
  if (item !== undefined) assert.deepEqual(item, itemIn(fields), about)
  const recorded = (fields['nodes'] ?? []) as readonly (readonly MsgPackValue[])[]
  assert.deepEqual(
    (nodes ?? []).map(({ id, address }) => [textOf(id), address.host, address.port]),
    recorded.map(([id, host, port]) => [idOf(id), textOf(host as Uint8Array), port]),
  )
}

/** What was decoded, written anew under the same id and uuid, without our own field. */
function writtenAnew(message: DrogulusMessage, payload: Uint8Array, vector: DrogulusVector): string {
  const { node, uuid } = fieldsOf(payload)
  const by = wireOf({ ownId: () => asId(node as Uint8Array), revision: revisionOf(vector) })
  const text = uuid as Uint8Array
  const write = (): Uint8Array => {
    if (message.kind === 'error') return by.encodeError(message, text, FROM)
    if (message.kind === 'reply') return by.encodeReply(message.reply, text, FROM)
    return by.encodeQuery(message.query, transactionOf(text)!, FROM)
  }
  return textOf(withoutReplyPort(write()))
}

/** Recorded messages with something that we read and never write. */
const NOT_WRITTEN: Readonly<Record<string, string>> = {
  'ping-other-field-order': 'another order',
  'ping-extra-field': 'a field that is unknown',
  'ping-other-version': 'another version',
  'findnode-short-key': 'a key of fewer bytes',
  'float32-timestamp': 'a float of 4 bytes',
  'store-noncanonical-int': 'an integer longer than needed',
  'findnode-full': 'a contact with an id of one byte',
}

describe('A recorded request', () => {
  test('to an original is read, or refused with the code that it deserves (drogulus B0, B2, B4)', () => {
    // What originals sent to a hand-made responder has no answer of an original.
    const requests = vectorsOf('request').filter(({ sender }) => sender === undefined)
    const seen = new Set<string>()
    for (const request of requests) {
      for (const payload of payloadsOf(request)) judgeRequest(request, payload, seen)
    }
    assert.ok(requests.length > 190, String(requests.length))
    const allowed = ALLOWED_DIFFERENCES.filter(({ by }) => by === 'wire')
    assert.deepEqual(
      [...seen].sort(),
      allowed
        .flatMap(({ names, commits }) =>
          names.flatMap((name) => commits.map((commit) => `${name} of ${commit}`)),
        )
        .sort(),
      'differences that did not occur',
    )
  })

  test('is read as what it is, whoever sent it and over whatever (drogulus B2)', () => {
    let judged = 0
    for (const vector of vectorsOf('request', 'request-from-original')) {
      for (const payload of payloadsOf(vector)) {
        const message = read(vector, payload)
        if (message instanceof ProtocolError || message.kind !== 'query') continue
        judgeQuery(message, payload, title(vector))
        judged++
      }
    }
    assert.ok(judged > 140, String(judged))
  })

  test('by an original is what we write for the same query, byte by byte (drogulus B2)', () => {
    for (const vector of vectorsOf('request-from-original')) {
      for (const payload of payloadsOf(vector)) {
        const message = read(vector, payload)
        assert.ok(!(message instanceof ProtocolError))
        assert.equal(writtenAnew(message, payload, vector), textOf(payload), title(vector))
      }
    }
  })
})

describe('A recorded answer', () => {
  test('is read as what it is (drogulus B2, B4)', () => {
    let judged = 0
    for (const vector of vectorsOf('response')) {
      for (const payload of payloadsOf(vector)) {
        const message = read(vector, payload)
        assert.ok(!(message instanceof ProtocolError), title(vector))
        judgeAnswer(message, payload, title(vector))
        judged++
      }
    }
    assert.ok(judged > 200, String(judged))
  })
})

describe('A recorded message', () => {
  test('is written anew as it was, byte by byte, but for what we never write (drogulus B2)', () => {
    const other = new Set<string>()
    for (const vector of vectorsOf('request', 'response', 'request-from-original')) {
      for (const payload of payloadsOf(vector)) {
        const message = read(vector, payload)
        if (message instanceof ProtocolError) continue
        if (writtenAnew(message, payload, vector) !== textOf(payload)) other.add(vector.name)
      }
    }
    assert.deepEqual([...other].sort(), Object.keys(NOT_WRITTEN).sort())
  })

  test('carries no field of ours, so that the connection is closed after it (drogulus B0, B1)', () => {
    for (const vector of vectorsOf('request', 'response', 'request-from-original')) {
      for (const payload of payloadsOf(vector)) assert.equal(createFraming().keepsOpen(payload), false)
    }
  })
})
