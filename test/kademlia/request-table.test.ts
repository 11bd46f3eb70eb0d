// Requests under way: their transactions, the matching of replies, and what is due when, to the millisecond.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import type { Address } from '../../src/kademlia/contact.ts'
import { toHex } from '../../src/kademlia/id.ts'
import { defaultParameters } from '../../src/kademlia/parameters.ts'
import { RequestTable } from '../../src/kademlia/request-table.ts'
import type { PendingRequest } from '../../src/kademlia/request-table.ts'
import { seededRandom } from './table-fixtures.ts'

const NOW = 1_000
const PEER: Address = { host: '192.0.2.1', port: 6881 }

type Timing = ConstructorParameters<typeof RequestTable>[0]
type Table = RequestTable<string, object>
type Pending = PendingRequest<string, object>

/** Mainline: each resend is a transaction of its own (K-05). */
const mainline: Timing = defaultParameters
/** Khashmir resends the same transaction after 2 s and 6 s, and gives up after 9 s. */
const khashmir: Timing = {
  ...defaultParameters,
  resendAfterMs: [2_000, 6_000],
  requestTimeoutMs: 9_000,
  resendKeepsTransaction: true,
}

const tableWith = (timing: Partial<Timing> = {}, seed = 1): Table =>
  new RequestTable({ ...mainline, ...timing }, seededRandom(seed))

function begin(
  table: Table,
  options: { to?: Address; slowAfterMs?: number; hurried?: boolean; now?: number } = {},
): Pending {
  const { to = PEER, slowAfterMs = Infinity, hurried = false, now = NOW } = options
  const request = table.begin({ query: 'ping', to, expectedId: null, slowAfterMs, hurried, context: {} }, now)
  assert.ok(request !== null, 'the table is full')
  return request
}

/** What is due at this time. */
function due(table: Table, now: number): string[] {
  const kinds: string[] = []
  for (let event = table.nextEvent(now); event !== null; event = table.nextEvent(now)) kinds.push(event.kind)
  return kinds
}

/** All that happens to one request, with the ms after its begin, when the table is asked as it wishes. */
function course(timing: Partial<Timing>, slowAfterMs: number, hurried = false): [number, string][] {
  const table = tableWith(timing)
  begin(table, { slowAfterMs, hurried })
  const seen: [number, string][] = []
  for (let at = table.nextAt; at !== Infinity; at = table.nextAt) {
    assert.deepEqual(due(table, at - 0.5), [], 'nothing is due before its time')
    for (const kind of due(table, at)) seen.push([at - NOW, kind])
  }
  assert.equal(table.size, 0)
  return seen
}

describe('Transaction ids', () => {
  test('are as long as the parameters say, distinct, and none follows from the one before (K-11, T16)', () => {
    const table = tableWith()
    const drawn = Array.from({ length: 2_000 }, () => begin(table).transaction)
    assert.ok(drawn.every((transaction) => transaction.length === 4))
    const numbers = drawn.map((bytes) => Number.parseInt(toHex(bytes), 16))
    assert.equal(new Set(numbers).size, 2_000)
    const steps = new Set(numbers.slice(1).map((number, i) => number - numbers[i]!))
    assert.ok(steps.size > 1_990, 'their differences differ')
    for (let byte = 0; byte < 4; byte++) {
      assert.ok(new Set(drawn.map((bytes) => bytes[byte])).size > 240, `byte ${byte} takes all values`)
    }
  })

  test('are never those of a request under way, however few there are (K-11)', () => {
    const table = tableWith({ transactionIdBytes: 1, maxInFlight: 256 })
    const drawn = Array.from({ length: 256 }, () => begin(table))
    assert.equal(new Set(drawn.map(({ transaction }) => transaction[0])).size, 256)
    table.settle(drawn[17]!)
    assert.deepEqual(begin(table).transaction, drawn[17]!.transaction, 'the only one that is free again')
  })

  test('differ from node to node', () => {
    assert.notDeepEqual(begin(tableWith({}, 1)).transaction, begin(tableWith({}, 2)).transaction)
  })
})

describe('A reply', () => {
  test('belongs to the request with its transaction, with the time that it took', () => {
    const table = tableWith()
    const [first, second] = [begin(table), begin(table, { now: NOW + 5 })]
    assert.deepEqual(table.match(second.transaction, PEER, NOW + 35), { request: second, rttMs: 30 })
    assert.deepEqual(table.match(first.transaction, PEER, NOW + 35), { request: first, rttMs: 35 })
  })

  test('from another host or another port is nobody’s, whatever it knows, and does not end the request (K-10, T16)', () => {
    const table = tableWith()
    const { transaction } = begin(table)
    assert.equal(table.match(transaction, { ...PEER, port: 6882 }, NOW), null)
    assert.equal(table.match(transaction, { ...PEER, host: '192.0.2.2' }, NOW), null)
    assert.equal(table.size, 1)
    assert.notEqual(table.match(transaction, PEER, NOW), null)
  })

  test('with another transaction is nobody’s, be it empty, shorter, longer, or huge', () => {
    const table = tableWith()
    const { transaction } = begin(table)
    const other = transaction.slice()
    other[3]! ^= 1
    const forgeries = [
      other,
      new Uint8Array(0),
      transaction.slice(0, 3),
      Uint8Array.of(...transaction, 0),
      new Uint8Array(60_000).fill(transaction[0]!),
    ]
    for (const forged of forgeries) assert.equal(table.match(forged, PEER, NOW), null)
  })

  test('is not guessed: of 2^20 forgeries from the right endpoint none is taken, whatever is under way there (T16)', () => {
    const table = tableWith({}, 3)
    const random = seededRandom(5)
    const pending = Array.from({ length: 8 }, () => begin(table))
    // 32 bits of chance, 8 of them under way: one of 2^20 guesses would be right once in 500 such floods.
    for (let i = 0; i < 2 ** 12; i++) {
      const guesses = random.bytes(4 * 2 ** 8)
      for (let at = 0; at < guesses.length; at += 4) {
        assert.equal(table.match(guesses.subarray(at, at + 4), PEER, NOW), null)
      }
    }
    assert.equal(table.size, pending.length)
    for (const { transaction } of pending) assert.notEqual(table.match(transaction, PEER, NOW), null)
  })

  test('that took no time, or comes before its question by a clock set back, took 0 ms', () => {
    const table = tableWith()
    assert.equal(table.match(begin(table).transaction, PEER, NOW - 500)!.rttMs, 0)
  })

  test('to any attempt of mainline belongs to the request, with the time since that attempt (K-05)', () => {
    const table = tableWith()
    const request = begin(table)
    const first = request.transaction
    assert.deepEqual(due(table, NOW + 1_000), ['resend'])
    const second = request.transaction
    assert.notDeepEqual(second, first)
    assert.equal(table.match(first, PEER, NOW + 1_100)!.rttMs, 1_100)
    assert.equal(table.match(second, PEER, NOW + 1_100)!.rttMs, 100)
    table.settle(request)
    assert.equal(table.match(first, PEER, NOW + 1_100), null)
    assert.equal(table.match(second, PEER, NOW + 1_100), null)
  })

  test('to a resend of khashmir has the transaction of the first attempt', () => {
    const table = tableWith(khashmir)
    const request = begin(table)
    const first = request.transaction
    assert.deepEqual(due(table, NOW + 2_000), ['resend'])
    assert.deepEqual(request.transaction, first)
    assert.equal(table.match(first, PEER, NOW + 2_100)!.rttMs, 2_100)
  })
})

describe('A request without an answer', () => {
  test('is sent again after 1 s and 2.5 s and has failed after 4.5 s on mainline', () => {
    assert.deepEqual(course(mainline, Infinity), [
      [1_000, 'resend'],
      [2_500, 'resend'],
      [4_500, 'expired'],
    ])
  })

  test('is sent again after 2 s and 6 s and has failed after 9 s on khashmir', () => {
    assert.deepEqual(course(khashmir, Infinity), [
      [2_000, 'resend'],
      [6_000, 'resend'],
      [9_000, 'expired'],
    ])
  })

  test('is slow once, when its time is up: before, between or at resends', () => {
    for (const slowAfterMs of [150, 1_000, 1_700, 2_500, 4_400]) {
      const expected = [
        [slowAfterMs, 'slow'],
        [1_000, 'resend'],
        [2_500, 'resend'],
        [4_500, 'expired'],
      ]
      assert.deepEqual(
        course(mainline, slowAfterMs),
        expected.toSorted((a, b) => (a[0] as number) - (b[0] as number)),
      )
    }
    assert.deepEqual(course(mainline, 4_500).at(-1), [4_500, 'expired'], 'never slow and failed at once')
  })

  test('that is hurried is sent again each time that it has been slow once more, at the latest when others are', () => {
    assert.deepEqual(course(mainline, 300, true), [
      [300, 'slow'],
      [300, 'resend'],
      [600, 'resend'],
      [900, 'silent'],
      [4_500, 'expired'],
    ])
    assert.deepEqual(course(mainline, 1_800, true), [
      [1_000, 'resend'],
      [1_800, 'slow'],
      [2_500, 'resend'],
      [4_300, 'silent'],
      [4_500, 'expired'],
    ])
    assert.deepEqual(course({ ...mainline, resendAfterMs: [] }, 300, true), [
      [300, 'slow'],
      [300, 'silent'],
      [4_500, 'expired'],
    ])
  })

  test('that is hurried is not sent twice at once when nobody looked for a while: the answer may be waiting', () => {
    const table = tableWith()
    begin(table, { slowAfterMs: 200, hurried: true })
    assert.deepEqual(due(table, NOW + 900), ['slow', 'resend'])
    assert.deepEqual(due(table, NOW + 1_100), ['resend'])
    assert.deepEqual(due(table, NOW + 1_299), [], 'nor is it silent before it had the time to answer')
    assert.deepEqual(due(table, NOW + 1_300), ['silent'])
  })

  test('that is hurried is not silent before the slowest of the network would have answered', () => {
    const table = tableWith()
    const options = { query: 'ping', to: PEER, expectedId: null, context: {} }
    table.begin({ ...options, slowAfterMs: 200, hurried: true, patienceMs: 2_000 }, NOW)
    assert.deepEqual(due(table, NOW + 200), ['slow', 'resend'])
    assert.deepEqual(due(table, NOW + 400), ['resend'])
    assert.deepEqual(due(table, NOW + 1_999), [])
    assert.deepEqual(due(table, NOW + 2_000), ['silent'])
  })

  test('expires without more ado when nobody looked for long', () => {
    const table = tableWith()
    begin(table, { slowAfterMs: 150 })
    assert.deepEqual(due(table, NOW + 60_000), ['expired'])
    assert.equal(table.nextAt, Infinity)
  })

  test('needs nothing once it is settled, and settling it again changes nothing', () => {
    const table = tableWith()
    const [request, other] = [begin(table, { slowAfterMs: 150 }), begin(table)]
    table.settle(request)
    table.settle(request)
    assert.equal(table.size, 1)
    assert.deepEqual(due(table, NOW + 999), [])
    assert.deepEqual(table.pendingTo(PEER), [other])
    table.settle(other)
    table.settle(request)
    assert.equal(table.size, 0)
    assert.deepEqual(table.pending(), [])
  })

  test('has its resends and its end exactly when they are due, in any order of times, however it is asked', () => {
    const timing = fc
      .record({
        resends: fc.uniqueArray(fc.integer({ min: 1, max: 50 }), { maxLength: 3 }),
        timeout: fc.integer({ min: 1, max: 60 }),
        slow: fc.integer({ min: 1, max: 70 }),
        keeps: fc.boolean(),
        start: fc.double({ min: 0, max: 2e12, noNaN: true }),
      })
      .map(({ resends, timeout, slow, keeps, start }) => {
        const scale = 1 / 3
        return {
          resendAfterMs: resends.toSorted((a, b) => a - b).map((ms) => ms * scale),
          requestTimeoutMs: timeout * scale,
          slowAfterMs: slow * scale,
          resendKeepsTransaction: keeps,
          start,
        }
      })
    fc.assert(
      fc.property(timing, ({ slowAfterMs, start, ...times }) => {
        const table = tableWith(times)
        begin(table, { slowAfterMs, now: start })
        const seen: [number, string][] = []
        for (let rounds = 0; table.nextAt !== Infinity; rounds++) {
          assert.ok(rounds < 10, 'it has no end')
          const at = table.nextAt
          for (const kind of due(table, at)) seen.push([at, kind])
        }
        const isBefore = (ms: number): boolean => start + ms < start + times.requestTimeoutMs
        const expected: [number, string][] = times.resendAfterMs
          .filter(isBefore)
          .map((ms) => [start + ms, 'resend'])
        if (isBefore(slowAfterMs)) expected.push([start + slowAfterMs, 'slow'])
        expected.push([start + times.requestTimeoutMs, 'expired'])
        const named = (events: readonly (readonly [number, string])[]): string[] =>
          events.map(([at, kind]) => `${at} ${kind}`).toSorted()
        assert.deepEqual(named(seen), named(expected))
        assert.equal(seen.at(-1)![1], 'expired')
      }),
      { numRuns: 500 },
    )
  })
})

describe('The table of requests', () => {
  test('that is abandoned is neither resent, slow nor silent, is still matched, and expires when it would have', () => {
    const table = tableWith()
    const request = begin(table, { slowAfterMs: 200, hurried: true })
    const { transaction } = request
    table.abandon(request)
    table.abandon(request)
    assert.equal(table.size, 0)
    assert.deepEqual(due(table, NOW + 4_499), [])
    assert.equal(table.match(transaction, PEER, NOW + 4_499)?.request, request)
    assert.deepEqual(due(table, NOW + 4_500), ['expired'])
    assert.equal(table.match(transaction, PEER, NOW + 4_500), null)
    table.abandon(request)
    assert.deepEqual([table.size, table.nextAt], [0, Infinity])
  })

  test('that is abandoned makes way for others where maxInFlight are under way, the oldest first', () => {
    const table = tableWith({ maxInFlight: 3 })
    const [first, second] = [begin(table), begin(table), begin(table)] as const
    table.abandon(second)
    table.abandon(first)
    begin(table)
    assert.deepEqual([first.settled, second.settled, table.size], [false, true, 2])
    begin(table)
    assert.deepEqual([first.settled, table.size], [true, 3])
    assert.equal(table.begin({ ...first, slowAfterMs: 1 }, NOW), null)
  })

  test('takes no more than maxInFlight, and again one for each that is settled', () => {
    const table = tableWith({ maxInFlight: 3 })
    const requests = [begin(table), begin(table), begin(table)]
    const options = { query: 'ping', to: PEER, expectedId: null, slowAfterMs: 1, context: {} }
    assert.equal(table.begin(options, NOW), null)
    assert.equal(table.size, 3)
    table.settle(requests[1]!)
    assert.notEqual(table.begin(options, NOW), null)
    assert.equal(table.begin(options, NOW), null)
  })

  test('knows what is under way to an endpoint, and no other port of it', () => {
    const table = tableWith()
    const [first, second] = [begin(table), begin(table)]
    begin(table, { to: { ...PEER, port: 1 } })
    assert.deepEqual(table.pendingTo(PEER), [first, second])
    assert.equal(table.pending().length, 3)
    table.settle(first)
    assert.deepEqual(table.pendingTo(PEER), [second])
  })

  test('names a request of several attempts once', () => {
    const table = tableWith()
    const request = begin(table)
    assert.deepEqual(due(table, NOW + 2_500), ['resend', 'resend'])
    assert.equal(request.attempts.size, 3)
    assert.deepEqual(table.pending(), [request])
  })

  test('keeps nothing of 10 000 requests that were answered long before they were due', async () => {
    const table = tableWith()
    const kept: WeakRef<Pending>[] = []
    for (let i = 0; i < 10_000; i++) {
      const request = begin(table, { to: { host: '192.0.2.1', port: 1 + i } })
      table.settle(request)
      kept.push(new WeakRef(request))
    }
    assert.equal(table.size, 0)
    await collected()
    const living = kept.filter((ref) => ref.deref() !== undefined).length
    assert.ok(living <= 100, `${living} settled requests are still there`)
  })

  test('takes no memory for a hundred thousand endpoints that it has asked', async () => {
    const table = tableWith()
    const before = await collected()
    for (let i = 0; i < 100_000; i++) {
      table.settle(begin(table, { to: { host: `192.0.${i >> 10}.1`, port: 1 + (i & 1_023) } }))
    }
    const grown = (await collected()) - before
    assert.equal(table.size, 0)
    assert.ok(grown < 5_000_000, `${grown} bytes`)
  })
})

/** Bytes in use after a collection. What a WeakRef gave in this turn lives until its end, so the turn ends first. */
async function collected(): Promise<number> {
  setFlagsFromString('--expose-gc')
  await new Promise((resolve) => setImmediate(resolve))
  const collect = runInNewContext('gc') as () => void
  collect()
  return process.memoryUsage().heapUsed
}
