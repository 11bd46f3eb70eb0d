// The judge of the asking side: the requests that the four original versions sent are sent by an engine of ours too, byte
// by byte, their recorded answers are taken, and silence lasts as long (khashmir A3, A5).
// Not here: whom an action asks, and what it makes of the answers.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { idFromHex, toHex } from '../../../src/kademlia/id.ts'
import type { KhashmirQuery, KhashmirReply } from '../../../src/networks/khashmir/messages.ts'
import {
  KHASHMIR_COMMITS,
  khashmirVectors,
  type KhashmirCommit,
  type KhashmirVector,
} from '../../khashmir-vectors.ts'
import { addressOf } from '../replaying.ts'
import { Replay, SECOND, START } from './replay.ts'

interface Text {
  readonly hex: string
  readonly text?: string
}

interface Sent {
  readonly a: Readonly<Record<string, Text>> & { readonly num?: number }
  readonly q: Text
  readonly t: Text
}

const REMOTE = addressOf('127.0.0.1:20710')

/** What a call of the original, of which only the result was kept, was answered with. */
interface Answered {
  readonly t: Text
}

function bytesOf({ hex }: Text): Uint8Array {
  return Uint8Array.from(Buffer.from(hex, 'hex'))
}

function only(name: string, commit: KhashmirCommit): KhashmirVector {
  const lines = khashmirVectors({ name, commit, direction: 'result' })
  assert.equal(lines.length, 1)
  return lines[0]!
}

/** Our node with the id of the recorded one, which will take these transactions. */
function replayOf(commit: KhashmirCommit, transactions: readonly Text[]): Replay {
  const [first] = khashmirVectors({ name: 'client-join', commit, direction: 'request-from-original' })
  const { id } = (first!.decoded as unknown as Sent).a
  return new Replay({ commit, ownId: id!.hex, transactions: transactions.map(bytesOf) })
}

/** The query that a recorded request is. */
function queryOf({ a, q }: Sent): KhashmirQuery {
  const key = () => idFromHex(a['key']!.hex, 20)
  switch (q.text) {
    case 'ping':
      return { method: 'ping' }
    case 'join':
      return { method: 'join' }
    case 'find_node':
      return { method: 'find_node', target: idFromHex(a['target']!.hex, 20) }
    case 'find_value':
      return { method: 'find_value', key: key() }
    case 'get_value':
      return { method: 'get_value', key: key(), num: a.num! }
    default:
      return {
        method: 'store_value',
        key: key(),
        value: bytesOf(a['value']!),
        token: bytesOf(a['token']!),
      }
  }
}

/** The reply that a recorded response is, as it must come out. */
function replyOf(r: Readonly<Record<string, unknown>>): KhashmirReply {
  const { token, num, values, nodes } = r as { token?: Text; num?: number; values?: Text[]; nodes?: [] }
  return {
    ...(nodes === undefined ? {} : { nodes }),
    ...(token === undefined ? {} : { token: bytesOf(token) }),
    ...(num === undefined ? {} : { num }),
    ...(values === undefined ? {} : { values: values.map(bytesOf) }),
    ...('port' in r ? { seenAs: { host: (r['ip_addr'] as Text).text!, port: r['port'] as number } } : {}),
  }
}

for (const commit of KHASHMIR_COMMITS) {
  describe(`In the place of a client of ${commit} ours`, () => {
    test('sends the recorded requests and takes the recorded responses (khashmir A1, A3)', () => {
      const requests = khashmirVectors({ commit, direction: 'request-from-original' }).filter(({ name }) =>
        name.startsWith('client-'),
      )
      const responses = khashmirVectors({ commit, direction: 'response-to-original' })
      assert.deepEqual([requests.length, responses.length], [7, 7])
      for (const [n, { decoded, hex, pair }] of requests.entries()) {
        const request = decoded as unknown as Sent
        const response = responses[n]!
        assert.equal(response.pair, pair)
        const { r } = response.decoded as unknown as { r: { id: Text } }
        const replay = replayOf(commit, [request.t])
        const ended = replay.ask(queryOf(request), REMOTE, request.q.text === 'join' ? null : r.id.hex)
        assert.equal(toHex(replay.asked[0]!.bytes), toHex(hex))
        replay.receive(response.hex, REMOTE)
        const outcome = ended()?.outcome
        assert.ok(outcome?.kind === 'reply')
        assert.equal(toHex(outcome.contact.id), r.id.hex)
        assert.deepEqual(outcome.reply, replyOf(r))
      }
    })

    test('sends again the same bytes when nobody answers, and fails after the recorded time (khashmir A5)', () => {
      const { decoded, hex, sentAtS, failedAfterS } = only('client-no-answer', commit)
      const replay = replayOf(commit, [(decoded as unknown as Sent).t])
      const ended = replay.ask({ method: 'ping' }, REMOTE, null)
      replay.pass(30 * SECOND)
      for (const { bytes } of replay.asked) assert.equal(toHex(bytes), toHex(hex))
      const sentAt = replay.asked.map(({ at }) => (at - START) / SECOND)
      assert.deepEqual(sentAt, sentAtS)
      const failure = ended()
      assert.deepEqual(failure?.outcome, { kind: 'failed', why: 'timeout' })
      // What was recorded has waited for a timer of its own.
      const lateS = failedAfterS! - (failure.at - START) / SECOND
      assert.ok(lateS >= 0 && lateS < 0.5, `${lateS}`)
    })

    test('hears of the code and text when an error comes (khashmir A5)', () => {
      const { decoded, hex, result } = only('client-error-answer', commit)
      const replay = replayOf(commit, [(decoded as unknown as Answered).t])
      const ended = replay.ask({ method: 'ping' }, REMOTE, null)
      replay.receive(hex, REMOTE)
      const [code, text] = (result as unknown as { error: [number, Text] }).error
      const outcome = ended()?.outcome
      assert.ok(outcome?.kind === 'error')
      assert.deepEqual(outcome.refusal, { code, message: text.text })
    })

    test('fails at once when an answer of no known type comes (khashmir A1)', () => {
      const { decoded, hex } = only('client-unknown-type-answer', commit)
      const replay = replayOf(commit, [(decoded as unknown as Answered).t])
      const ended = replay.ask({ method: 'ping' }, REMOTE, null)
      replay.receive(hex, REMOTE)
      assert.deepEqual(ended()?.outcome, { kind: 'failed', why: 'malformed' })
    })
  })
}
