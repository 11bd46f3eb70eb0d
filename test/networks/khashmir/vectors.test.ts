// The judge of the serving side: every request that was recorded of the four original versions is put to a node of ours in
// the same place, and its answer compared byte by byte with the recorded one. What may differ is in allowed-differences.ts.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { decodeBencode, encodeBencode, BencodeDictionary } from '../../../src/codecs/bencode.ts'
import type { BencodeInput, BencodeValue } from '../../../src/codecs/bencode.ts'
import { asId, idFromHex, toHex } from '../../../src/kademlia/id.ts'
import { sha1 } from '../../../src/node/system.ts'
import type { Store } from '../../../src/stores/store.ts'
import {
  KHASHMIR_COMMITS,
  khashmirVectors,
  type KhashmirCommit,
  type KhashmirVector,
  type Recorded,
} from '../../khashmir-vectors.ts'
import { ALLOWED_DIFFERENCES, differenceOf, type AllowedDifference } from './allowed-differences.ts'
import { putHeldValues } from './held-values.ts'
import { addressOf } from '../replaying.ts'
import { MINUTE, Replay } from './replay.ts'

interface Exchange {
  readonly request: KhashmirVector
  readonly response: KhashmirVector
  /** What the original asked of its own accord meanwhile. */
  readonly unsolicited: readonly KhashmirVector[]
}

/** Where the originals choose at random which values they give. */
const AT_RANDOM = ['get_value-num2-of-4', 'get_value-trimmed-num30']

function exchangesOf(commit: KhashmirCommit): Exchange[] {
  const lines = khashmirVectors({ commit }).filter(({ requesterAddr }) => requesterAddr !== undefined)
  const byPair = Map.groupBy(lines, ({ pair }) => pair)
  return [...byPair.values()].map((ofPair) => {
    const [request, response, ...unsolicited] = ofPair
    assert.deepEqual([request?.direction, response?.direction], ['request', 'response'])
    assert.ok(unsolicited.every(({ name }) => name === 'unsolicited-ping'))
    return { request: request!, response: response!, unsolicited }
  })
}

/** The secrets of the recorded node. Only the first was written down; of the one after three rotations the token was. */
function secretsOf(exchanges: readonly Exchange[]) {
  const noted = /secret\[0\]=([0-9a-f]{40})/.exec(exchanges.map(({ request }) => request.note).join('\n'))
  const first = Uint8Array.from(Buffer.from(noted![1]!, 'hex'))
  const [second, third, unknown] = [1, 2, 3].map((n) => new Uint8Array(20).fill(n))
  const issued = exchanges.find(({ request }) => request.name === 'find_node-int-target')!.response
  const token = bytesOf((issued.decoded as { r: { token: Recorded } }).r.token)
  const bound = toHex(Uint8Array.of(...unknown!, ...Buffer.from('127.0.0.1')))
  const tokenHash = (data: Uint8Array) => (toHex(data) === bound ? token : sha1(data))
  return { secrets: [first, second!, third!, unknown!], tokenHash }
}

function replayOf(commit: KhashmirCommit, exchanges: readonly Exchange[]): Replay {
  const replay = new Replay({
    commit,
    ownId: exchanges[0]!.request.responderId!,
    ...secretsOf(exchanges),
  })
  putHeldValues(replay.store, commit, replay.now)
  return replay
}

/** Brings our node to where the recorded one was when this was asked, and asks it. */
function ask(replay: Replay, { request }: Exchange): Uint8Array | null {
  if (/^store_value-token-\d-rotations?-old$/.test(request.name)) replay.pass(5 * MINUTE)
  for (const { id, port } of request.knownContacts ?? []) {
    const contact = { id: idFromHex(id, 20), address: { host: '127.0.0.1', port } }
    replay.engine.table.answered(contact, replay.now, null)
  }
  return replay.receive(request.hex, addressOf(request.requesterAddr!))
}

/** What is wrong with our answer; null: nothing. */
function verdict(
  commit: KhashmirCommit,
  exchange: Exchange,
  { ours, held }: { ours: Uint8Array | null; held: Store },
) {
  const { request, response } = exchange
  const difference = differenceOf(request.name, commit)
  if (AT_RANDOM.includes(request.name))
    return sameChoice(exchange, ours, held) ? null : 'another choice of values'
  const isSame = toHex(ours ?? new Uint8Array()) === toHex(response.hex)
  if (difference === null) return isSame ? null : 'not the recorded bytes'
  if (isSame) return 'a difference that is listed does not occur any more'
  return isAllowed(difference, response, ours) ? null : 'differs otherwise than is listed'
}

/** As many values as were recorded, each once and each of those that there are. */
function sameChoice({ request, response }: Exchange, ours: Uint8Array | null, { values }: Store): boolean {
  if (ours === null || ours.length !== response.hex.length) return false
  const key = asId(bytesOf((request.decoded as unknown as { a: { key: Recorded } }).a.key))
  const all = new Set(values.read(key, { count: 100, since: 0 }).map((value) => latin1(value)))
  const [theirs, got] = [valuesIn(response.hex), new Set(valuesIn(ours))]
  return all.size > got.size && got.size === theirs.length && got.isSubsetOf(all)
}

function valuesIn(bytes: Uint8Array): string[] {
  const values = (dictionary(dictionary(decodeBencode(bytes)).get('r')).get('values') ?? []) as Uint8Array[]
  return values.map((value) => latin1(value))
}

function isAllowed({ ours: as }: AllowedDifference, response: KhashmirVector, ours: Uint8Array | null) {
  if (as === 'otherwise' || ours === null) return false
  if ('code' in as) {
    const message = dictionary(decodeBencode(ours))
    const error = message.get('e')
    return Array.isArray(error) && error.length === 2 && error[0] === as.code
  }
  const recorded = response.decoded as { r?: Record<string, Recorded>; t: Recorded }
  const fields = Object.entries(recorded.r ?? {}).map(([name, value]) => [name, inputOf(value)] as const)
  const id = idFromHex(response.responderId!, 20)
  const expected = { r: { ...Object.fromEntries(fields), id, ...as.reply }, t: bytesOf(recorded.t), y: 'r' }
  return toHex(encodeBencode(expected)) === toHex(ours)
}

function dictionary(value: BencodeValue | undefined): BencodeDictionary {
  assert.ok(value instanceof BencodeDictionary)
  return value
}

function bytesOf(recorded: Recorded): Uint8Array {
  return Uint8Array.from(Buffer.from((recorded as { hex: string }).hex, 'hex'))
}

function inputOf(recorded: Recorded): BencodeInput {
  if (typeof recorded === 'number') return recorded
  return Array.isArray(recorded) ? recorded.map((each: Recorded) => inputOf(each)) : bytesOf(recorded)
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1')
}

function shown(bytes: Uint8Array | null): string {
  return bytes === null || bytes.length === 0 ? 'silence' : latin1(bytes)
}

for (const commit of KHASHMIR_COMMITS) {
  const exchanges = exchangesOf(commit)

  describe(`In the place of a node of ${commit} ours`, () => {
    test('answers each of its 86 requests with the recorded bytes, but for what is listed (khashmir A1, A3, A4)', () => {
      assert.equal(exchanges.length, 86)
      const replay = replayOf(commit, exchanges)
      const wrong = exchanges.flatMap((exchange) => {
        const ours = ask(replay, exchange)
        const why = verdict(commit, exchange, { ours, held: replay.store })
        if (why === null) return []
        const { name, note } = exchange.request
        return [{ name, why, note, recorded: shown(exchange.response.hex), ours: shown(ours) }]
      })
      assert.deepEqual(wrong, [])
    })

    test('answers nobody twice, and only who asked', () => {
      const replay = replayOf(commit, exchanges)
      for (const exchange of exchanges) {
        const before = replay.answered.length
        ask(replay, exchange)
        const answers = replay.answered.slice(before)
        assert.ok(answers.length <= 1)
        for (const { to } of answers) assert.deepEqual(to, addressOf(exchange.request.requesterAddr!))
      }
    })

    test('asks back whoever asks for the first time, by the bytes of HEAD (khashmir A3, A6)', () => {
      const replay = replayOf(commit, exchanges)
      const [first] = exchanges
      ask(replay, first!)
      assert.equal(replay.asked.length, 1)
      const { bytes, to } = replay.asked[0]!
      assert.deepEqual(to, addressOf(first!.request.requesterAddr!))
      const recorded = exchanges.flatMap(({ unsolicited }) => unsolicited)
      if (differenceOf('unsolicited-ping', commit) !== null) return assert.equal(recorded.length, 0)
      assert.ok(recorded.length > 0)
      for (const { hex } of recorded)
        assert.equal(shown(withoutTransaction(bytes)), shown(withoutTransaction(hex)))
    })
  })
}

/** Of a query whose transaction has 20 bytes. */
function withoutTransaction(query: Uint8Array): Uint8Array {
  const ending = '1:y1:qe'.length
  const end = query.length - ending
  return Uint8Array.of(...query.subarray(0, end - 20), ...query.subarray(end))
}

describe('An allowed difference', () => {
  test('is one of a recorded line', () => {
    for (const { name, commits } of ALLOWED_DIFFERENCES) {
      if (name === 'unsolicited-ping') continue
      for (const commit of commits) assert.ok(khashmirVectors({ name, commit }).length > 0)
    }
  })

  test('is listed once', () => {
    const listed = ALLOWED_DIFFERENCES.flatMap(({ name, commits }) =>
      commits.map((commit) => `${name} ${commit}`),
    )
    assert.equal(new Set(listed).size, listed.length)
  })
})
