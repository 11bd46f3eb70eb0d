// T18 and other malice: whatever comes in, the wire answers with a message or with ProtocolError, and reads no
// differently from a plain decoder.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { encodeBencode } from '../../../../src/codecs/bencode.ts'
import type { BencodeInput } from '../../../../src/codecs/bencode.ts'
import { asId } from '../../../../src/kademlia/id.ts'
import { ProtocolError } from '../../../../src/kademlia/ports.ts'
import { bytesOf, textOf } from '../../../codecs/bencode-samples.ts'
import { runs } from '../../../property-runs.ts'
import { FROM, HASH, ID, VECTOR, bep44, bep5, decode, wire } from '../packets.ts'
import type { MainlineMessage } from '../packets.ts'
import { outcomeOf } from './oracle.ts'
import type { Outcome } from './oracle.ts'
import { messages } from './random-messages.ts'

/** The outcome of the wire itself, in the form of the oracle. */
function outcomeOfWire(bytes: Uint8Array): Outcome {
  let message: MainlineMessage
  try {
    message = decode(bytes)
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
    if (error.answer) return `${error.answer.code} ${textOf(error.answer.transaction)}`
    return error.failedTransaction ? `failed ${textOf(error.failedTransaction)}` : 'dropped'
  }
  const { transaction, ...rest } = message
  const t = textOf(transaction)
  if (message.kind === 'error') return asText({ ...rest, t })
  const id = message.senderId
  if (message.kind === 'reply')
    return asText({ kind: 'reply', t, id, reply: message.reply, seenAs: message.seenAs })
  return asText({ kind: 'query', t, id, dialPort: message.dialPort, ...message.query })
}

/** Bytes as text, all the way down. */
function asText(value: Record<string, unknown>): Record<string, unknown> {
  const inner = (each: unknown): unknown => {
    if (each instanceof Uint8Array) return textOf(each)
    if (Array.isArray(each)) return each.map(inner)
    if (typeof each !== 'object' || each === null) return each
    return Object.fromEntries(Object.entries(each).map(([key, one]) => [key, inner(one)]))
  }
  return inner(value) as Record<string, unknown>
}

const agree = (bytes: Uint8Array): void => assert.deepEqual(outcomeOfWire(bytes), outcomeOf(bytes))

type Fields = Record<string, BencodeInput>

const KEY = bytesOf(VECTOR.key)
const SIGNATURE = bytesOf(VECTOR.signature)

const everyArgument: Record<string, Fields> = {
  ping: { id: ID },
  find_node: { id: ID, target: HASH, want: ['n4'] },
  get_peers: { id: ID, info_hash: HASH, noseed: 1, scrape: 1, want: ['n6'] },
  announce_peer: { id: ID, implied_port: 0, info_hash: HASH, port: 1, seed: 1, token: 'aoeusnth' },
  get: { id: ID, seq: 1, target: HASH, want: ['n4'] },
  put: { id: ID, cas: 1, k: KEY, salt: 'salt', seq: 2, sig: SIGNATURE, token: 'aoeusnth', v: 'value' },
  sample_infohashes: { id: ID, target: HASH, want: ['n4'] },
  vote: { id: ID, target: HASH },
  poll: { id: ID, info_hash: HASH },
}
/** What must be there, or be right where it is there. */
const needed: Record<string, readonly string[]> = {
  ping: ['id'],
  find_node: ['id', 'target'],
  get_peers: ['id', 'info_hash'],
  announce_peer: ['id', 'info_hash', 'port', 'token'],
  get: ['id', 'target'],
  put: ['id', 'cas', 'k', 'salt', 'seq', 'sig', 'token', 'v'],
  sample_infohashes: ['id', 'target'],
  vote: ['id', 'target'],
  poll: ['id', 'info_hash'],
}
const wrongValues: readonly (readonly [string, BencodeInput])[] = [
  ['an integer', 7],
  ['-1', -1],
  ['2^63', 2n ** 63n],
  ['an empty string', ''],
  ['a list', []],
  ['a full list', [1, ID, []]],
  ['a dictionary', {}],
  ['a full dictionary', { id: ID, length: 1e9 }],
]

/** Of these the wrong values above are right ones. */
const isAllowed = (field: string, what: string): boolean =>
  field === 'v' ||
  (['token', 'salt'].includes(field) && what === 'an empty string') ||
  (['port', 'seq', 'cas'].includes(field) && what === 'an integer')

describe('A field of another type', () => {
  for (const [q, args] of Object.entries(everyArgument)) {
    for (const field of Object.keys(args)) {
      test(`T18 ${field} of ${q} is answered with an error where it is needed, else ignored`, () => {
        for (const [what, value] of wrongValues) {
          const packet = encodeBencode({ t: 'aa', y: 'q', q, a: { ...args, [field]: value } })
          agree(packet)
          const isNeeded = needed[q]!.includes(field) && !isAllowed(field, what)
          const expected = q in { vote: 1, poll: 1 } && field !== 'id' ? '204 aa' : '203 aa'
          const outcome = outcomeOfWire(packet)
          if (isNeeded) assert.equal(outcome, expected, what)
          else assert.equal(typeof outcome, 'object', what)
        }
      })
    }
  }

  for (const field of ['a', 'q', 't', 'y', 'ro', 'v', 'ip', 'r', 'e']) {
    test(`T18 ${field} of the envelope is answered with an error, dropped or ignored`, () => {
      for (const [q, a] of Object.entries(everyArgument)) {
        for (const [what, value] of wrongValues) {
          const packet = encodeBencode({ t: 'aa', y: 'q', q, a, [field]: value })
          agree(packet)
          const outcome = outcomeOfWire(packet)
          if (field === 'y') assert.equal(outcome, 'dropped', what)
          else if (field === 't' && what !== 'an empty string') assert.equal(outcome, 'dropped', what)
          else if (field === 'a') {
            const isRight = what === 'a full dictionary' && q === 'ping'
            assert.equal(typeof outcome, isRight ? 'object' : 'string', what)
          }
        }
      }
    })
  }

  const everyResult: Fields = {
    id: ID,
    nodes: new Uint8Array(26).fill(1),
    nodes6: new Uint8Array(38).fill(1),
    token: 'aoeusnth',
    values: [new Uint8Array(6).fill(1)],
    BFpe: new Uint8Array(256),
    BFsd: new Uint8Array(256),
    v: 'value',
    k: KEY,
    sig: SIGNATURE,
    seq: 1,
    interval: 60,
    num: 7,
    samples: HASH,
  }
  for (const field of [...Object.keys(everyResult), 'r', 'e', 'ip', 't']) {
    test(`T18 ${field} of a reply fails its request or is ignored`, () => {
      for (const [, value] of wrongValues) {
        for (const y of ['r', 'e']) {
          const r = field in everyResult ? { ...everyResult, [field]: value } : everyResult
          const top = field in everyResult ? {} : { [field]: value }
          agree(encodeBencode({ t: 'aa', y, r, e: [201, 'x'], ip: '', ...top }))
        }
      }
    })
  }
})

const corpus: readonly Uint8Array[] = [
  ...Object.values(bep5).map(bytesOf),
  ...Object.values(bep44).map(bytesOf),
  ...Object.entries(everyArgument).map(([q, a]) =>
    encodeBencode({ t: 'aa', y: 'q', q, a, ro: 1, v: 'LT12' }),
  ),
  wire
    .encodeReply(
      {
        nodes: [{ id: asId(HASH), address: { host: '8.8.8.8', port: 6881 } }],
        nodes6: [{ id: asId(HASH), address: { host: '2a00::1', port: 6881 } }],
        token: bytesOf('aoeusnth'),
        values: [bytesOf('axje.u'), bytesOf('idhtnm')],
      },
      bytesOf('aa'),
      FROM,
    )
    .slice(),
  wire
    .encodeReply(
      {
        filters: { seeds: new Uint8Array(256).fill(1), peers: new Uint8Array(256).fill(2) },
        samples: [HASH, ID],
        interval: 60,
        num: 7,
      },
      bytesOf('aa'),
      FROM,
    )
    .slice(),
]

const change = fc.record({
  at: fc.nat(),
  removed: fc.nat({ max: 4 }),
  put: fc.oneof(
    fc.constantFrom(
      '',
      'd',
      'l',
      'i',
      'e',
      ':',
      '0',
      '1',
      '9',
      '-',
      '\0',
      '\xff',
      'i1e',
      '0:',
      '2:id',
      '1:t',
      'le',
    ),
    fc.uint8Array({ maxLength: 3 }).map(textOf),
  ),
})

describe('A packet with random damage', () => {
  test('T18 is read as a plain decoder reads it, and never throws anything else than ProtocolError', () => {
    fc.assert(
      fc.property(fc.constantFrom(...corpus), fc.array(change, { maxLength: 4 }), (packet, changes) => {
        let text = textOf(packet)
        for (const { at, removed, put } of changes) {
          const where = at % (text.length + 1)
          text = text.slice(0, where) + put + text.slice(where + removed)
        }
        agree(bytesOf(text))
      }),
      runs(20_000),
    )
  })

  test('T18 also when it is only noise', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (noise) => {
        agree(noise)
        agree(Buffer.concat([Buffer.from('d1:t2:aa1:y1:q'), noise]))
      }),
      runs(2000),
    )
  })
})

describe('A message of any fields in any order', () => {
  test('T18 K-13 is read as a plain decoder reads it', () => {
    fc.assert(
      fc.property(messages, (text) => agree(bytesOf(text))),
      runs(10_000),
    )
  })

  test('T18 often enough is a message, so that this says something', () => {
    const kinds = new Map<string, number>()
    for (const text of fc.sample(messages, { seed: 1, numRuns: 6000 })) {
      const outcome = outcomeOfWire(bytesOf(text))
      const kind =
        typeof outcome === 'string' ? outcome.slice(0, 3) : String(outcome['method'] ?? outcome['kind'])
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
    }
    const wanted = 'ping find_node get_peers announce_peer get put sample_infohashes reply error 203 205 fai'
    for (const kind of wanted.split(' ')) {
      assert.ok((kinds.get(kind) ?? 0) >= 10, `${kind} is among ${JSON.stringify([...kinds])}`)
    }
  })
})
