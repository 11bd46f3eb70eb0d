// The judge of the serving side: every request that was recorded of the three original versions over plain TCP comes to a
// node of ours in the same place, in the same order, and what it sends back is compared byte by byte with what they did,
// without our own field. What may differ is in allowed-differences.ts. Over TLS: tls-vectors.test.ts.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Contact } from '../../../src/kademlia/contact.ts'
import { compareDistance, toHex } from '../../../src/kademlia/id.ts'
import { DROGULUS_COMMITS, drogulusVectors, type DrogulusCommit } from '../../drogulus-vectors.ts'
import { addressOf } from '../replaying.ts'
import { differenceOf, ALLOWED_DIFFERENCES } from './allowed-differences.ts'
import { idOf, judge, withoutOurField, type Exchange } from './judging.ts'
import { Replay } from './replay.ts'

/** What originals can read (drogulus B2). */
const MAX_OLD_PORT = 49_151

const REQUESTS = 67

function exchangesOf(commit: DrogulusCommit): Exchange[] {
  const lines = drogulusVectors({ commit }).filter(({ requesterAddr }) => requesterAddr !== undefined)
  return [...Map.groupBy(lines, ({ pair }) => pair).values()].map((ofPair) => {
    const [request, response, ...more] = ofPair
    assert.deepEqual([request?.direction, response?.direction, more.length], ['request', 'response', 0])
    return { request: request!, response: response! }
  })
}

const replayOf = (commit: DrogulusCommit, [first]: readonly Exchange[]): Replay =>
  new Replay({ commit, ownId: first!.request.responderId! })

const tableOf = ({ request }: Exchange): Contact[] =>
  (request.table ?? []).map(([id, host, port]) => ({ id: idOf(id), address: { host, port } }))

/** Whom ours may name: of those that it was answered by the k nearest whose port can be read. */
function contactsFor(key: Uint8Array, known: readonly Contact[]): Contact[] {
  const target = idOf(toHex(key))
  return known
    .filter(({ address }) => address.port <= MAX_OLD_PORT)
    .toSorted((a, b) => compareDistance(target, a.id, b.id))
    .slice(0, 20)
}

/** What is wrong, one by one, in the whole sequence. */
async function judged(commit: DrogulusCommit, replay: Replay): Promise<object[]> {
  const wrong: object[] = []
  for (const exchange of exchangesOf(commit)) {
    const known = tableOf(exchange)
    replay.knows(...known)
    const { request } = exchange
    const ours = await replay.serve(request.hex, addressOf(request.requesterAddr!))
    const why = judge(exchange, ours, (key) => contactsFor(key, known))
    if (why !== null) wrong.push({ name: request.name, why, note: request.note })
    // Ids that the original had blacklisted by then.
    if (request.blacklist !== undefined) {
      const banned = replay.store.state.bans().map(({ id, host }) => `${toHex(id)} ${host}`)
      assert.deepEqual(
        banned,
        request.blacklist.map((id) => `${id} 127.0.0.1`),
      )
    }
  }
  return wrong
}

for (const commit of DROGULUS_COMMITS) {
  const exchanges = exchangesOf(commit)

  describe(`In the place of a node of ${commit} ours`, () => {
    test(`answers each of its ${REQUESTS} requests with the recorded bytes, and closes where it closed, but for what is listed (drogulus B0, B1, B2, B3, B4)`, async () => {
      assert.equal(exchanges.length, REQUESTS)
      assert.deepEqual(await judged(commit, replayOf(commit, exchanges)), [])
    })

    test('answers each message once at most, with our port in it, in no more than others read (drogulus B0, B1)', async () => {
      const replay = replayOf(commit, exchanges)
      for (const { request } of exchanges) {
        const { answers } = await replay.serve(request.hex, addressOf(request.requesterAddr!))
        assert.ok(answers.length <= (request.name === 'two-in-one' ? 2 : 1), request.name)
        for (const answer of answers) {
          assert.ok(answer.length <= 99_999)
          assert.ok(withoutOurField(answer).length < answer.length)
        }
      }
    })

    test('dials nobody of those that asked: none of them says where it can be dialled (drogulus B0, B5)', async () => {
      const replay = replayOf(commit, exchanges)
      for (const { request } of exchanges) await replay.serve(request.hex, addressOf(request.requesterAddr!))
      assert.deepEqual(replay.dialled, [])
      assert.equal(replay.node.table.size, 0)
    })

    test('has banned whoever sent a forgery, and nobody else (drogulus B4)', async () => {
      const replay = replayOf(commit, exchanges)
      const forgers = new Set<string>()
      for (const { request, response } of exchanges) {
        await replay.serve(request.hex, addressOf(request.requesterAddr!))
        const [sent] = request.decoded as readonly { map: [string, { hex: string }][] }[]
        const isBlamed = /You have been blacklisted/.test(Buffer.from(response.hex).toString('latin1'))
        if (isBlamed) forgers.add(Object.fromEntries(sent!.map)['node']!.hex)
      }
      assert.equal(forgers.size, 7)
      assert.deepEqual(new Set(replay.store.state.bans().map(({ id }) => toHex(id))), forgers)
    })
  })
}

describe('An allowed difference', () => {
  test('is one of a recorded line', () => {
    for (const { names, commits } of ALLOWED_DIFFERENCES) {
      for (const name of names) {
        for (const commit of commits) assert.ok(drogulusVectors({ name, commit }).length > 0)
      }
    }
  })

  test('is listed once', () => {
    for (const { names, commits, why } of ALLOWED_DIFFERENCES) {
      for (const name of names) {
        for (const commit of commits) assert.equal(differenceOf(name, commit)?.why, why, name)
      }
    }
  })
})
