// What a drogulus node answers to store (drogulus B0, B4): real answers over a real store. What of it was recorded is
// judged in vectors.test.ts.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MsgPackMap } from '../../../src/codecs/msgpack.ts'
import { asId } from '../../../src/kademlia/id.ts'
import type { RoutingTable } from '../../../src/kademlia/routing-table.ts'
import { inPythonOrder } from '../../../src/networks/drogulus/keys/python-order.ts'
import { signValue, versionOf } from '../../../src/networks/drogulus/keys/signed-value.ts'
import type { SignedValue } from '../../../src/networks/drogulus/messages.ts'
import { simulatedKeyPairs } from '../../../src/simulator/drogulus-keys.ts'
import {
  ALICE,
  Answering,
  badlySigned,
  BOB,
  HOUR,
  K,
  MINUTE,
  misplaced,
  SECOND,
  signed,
  START,
  utf8,
} from './answering.ts'

const NOW_S = START / SECOND

const BLACKLISTED = { message: 'You have been blacklisted.' }
const UNVERIFIABLE = { code: 6, message: 'Unverifiable provenance', details: BLACKLISTED }
const KEY_MISMATCH = { code: 7, message: 'Key mismatch', details: BLACKLISTED }

const superseded = (timestamp: string) => ({
  code: 8,
  message: 'Superceded value',
  details: { new_timestamp: timestamp },
})

const recordOf = ({ store }: Answering, { key }: SignedValue) =>
  [...store.records.all()].find((record) => Buffer.compare(record.key, key) === 0)

describe('A store', () => {
  test('of a good value is taken, counts for the IP that brought it, and is acknowledged after its commit (drogulus B4, T12)', () => {
    const serving = new Answering()
    const item = signed()
    assert.equal(serving.storing(item, BOB), null)
    assert.deepEqual(recordOf(serving, item)?.source, Uint8Array.of(61, 2, 3, 4))
    assert.deepEqual(serving.held(item), item)
    assert.deepEqual(serving.banned, [])
  })

  test('of a good value is held without what nobody has signed (drogulus B3, T12)', () => {
    const serving = new Answering()
    const { name, value, timestamp, expires } = signed()
    const meta = new MsgPackMap([[utf8('by'), utf8('Alice')]])
    const item = signValue(
      { name, value, timestamp, expires, meta },
      { keyPair: simulatedKeyPairs[0]!, revision: 'july-2013' },
    )
    const stuffed = new MsgPackMap([[utf8('by'), new Uint8Array(40_000)], ...meta.entries])
    assert.equal(serving.storing({ ...item, meta: stuffed, version: new Uint8Array(40_000) }), null)
    assert.deepEqual(serving.held(item)?.meta, meta)
    assert.ok(serving.store.records.size.bytes < 3_000)
  })

  test('of a value that nobody signed so is refused with 6, and its sender banned (drogulus B4)', () => {
    const serving = new Answering()
    const forged = [
      badlySigned(signed()),
      { ...signed(), value: utf8('another') },
      { ...signed(), publicKey: signed({ by: 1 }).publicKey },
    ]
    for (const item of forged) assert.deepEqual(serving.storing(item), UNVERIFIABLE)
    assert.deepEqual(
      serving.banned,
      forged.map(() => [ALICE, 'unverifiable']),
    )
    assert.equal(serving.store.records.size.records, 0)
  })

  test('of a value under a key that is not its own is refused with 7, and its sender banned (drogulus B4)', () => {
    const serving = new Answering()
    assert.deepEqual(serving.storing(misplaced(signed()), BOB), KEY_MISMATCH)
    assert.deepEqual(serving.banned, [[BOB, 'key-mismatch']])
  })

  test('is refused for the first of signature, key and time that is wrong (drogulus B4)', () => {
    const serving = new Answering()
    assert.equal(serving.storing(signed()), null)
    const older = signed({ timestamp: NOW_S - 1 })
    const expired = signed({ timestamp: NOW_S - 1, expires: NOW_S - 1 })
    assert.deepEqual(serving.storing(badlySigned(misplaced(older))), UNVERIFIABLE)
    assert.deepEqual(serving.storing(badlySigned(expired)), UNVERIFIABLE)
    assert.deepEqual(serving.storing(misplaced(expired)), KEY_MISMATCH)
    assert.deepEqual(serving.storing(older), superseded(String(NOW_S)))
  })

  test('of a value that an original broke in handing it on is refused with 6, and nobody is banned (drogulus B3)', () => {
    const serving = new Answering()
    // Both want the same slot of a table of Python 2: they change places at each reading.
    const meta = new MsgPackMap(['author', 'title'].map((key) => [utf8(key), utf8('1')] as const))
    const { name, value, timestamp, expires } = signed()
    const item = signValue(
      { name, value, timestamp, expires, meta },
      { keyPair: simulatedKeyPairs[0]!, revision: 'july-2013' },
    )
    const handedOn = { ...item, meta: inPythonOrder(meta) as MsgPackMap }
    assert.deepEqual(serving.storing(handedOn), { code: 6, message: 'Unverifiable provenance', details: {} })
    assert.deepEqual(serving.banned, [])
    assert.equal(serving.storing(item), null)
  })
})

describe('A store to a node of July', () => {
  const { createdWith, ...rest } = signed({ revision: 'october-2013' })
  const october = { ...rest, createdWith: null, foreignCreatedWith: createdWith! }

  test('of a value that was signed in October is refused with 6, and nobody is banned (drogulus B0)', () => {
    const serving = new Answering()
    assert.deepEqual(serving.storing(october), { code: 6, message: 'Unverifiable provenance', details: {} })
    assert.deepEqual(serving.banned, [])
    assert.deepEqual(serving.storing(badlySigned(october)), UNVERIFIABLE)
    assert.deepEqual(serving.storing(misplaced(october)), UNVERIFIABLE)
    assert.equal(serving.banned.length, 2)
  })

  test('is taken, and held, whatever stands beside it as created_with (drogulus B2)', () => {
    const serving = new Answering()
    assert.equal(serving.storing({ ...signed(), foreignCreatedWith: utf8('anything') }), null)
    assert.deepEqual(serving.held(signed()), signed())
  })
})

describe('A store of a key that is held', () => {
  test('is taken when it is newer (drogulus B0)', () => {
    const serving = new Answering()
    const newer = signed({ value: 'newer', timestamp: NOW_S + 0.001 })
    for (const item of [signed(), newer]) assert.equal(serving.storing(item), null)
    assert.deepEqual(serving.held(newer), newer)
    assert.equal(serving.store.records.size.records, 1)
  })

  test('is refused with 8 and the time of what is held, without its fraction, when that is newer (drogulus B4)', () => {
    const serving = new Answering()
    const item = signed({ timestamp: NOW_S - 0.25 })
    assert.equal(serving.storing(item), null)
    assert.deepEqual(serving.storing(signed({ timestamp: NOW_S - 0.5 })), superseded(String(NOW_S - 1)))
    assert.deepEqual(serving.held(item), item)
    assert.deepEqual(serving.banned, [], 'a stale holder has done no wrong')
  })

  test('and of the same time is a refresh with the same content, and refused with 8 with another (drogulus B0)', () => {
    const serving = new Answering()
    const item = signed()
    assert.equal(serving.storing(item), null)
    serving.now += MINUTE
    assert.deepEqual(serving.storing(signed({ value: 'other' })), superseded(String(NOW_S)))
    assert.equal(recordOf(serving, item)?.refreshedAt, START)
    assert.equal(serving.storing(item, BOB), null)
    assert.equal(recordOf(serving, item)?.refreshedAt, START + MINUTE)
    assert.deepEqual(serving.held(item), item)
  })

  test('stays refused when what was newer has expired, or was only seen, with the time of that (drogulus B0, T13)', () => {
    const serving = new Answering()
    const older = signed({ timestamp: NOW_S - 10 })
    const newer = signed({ timestamp: NOW_S - 5, expires: NOW_S + 60 })
    assert.equal(serving.storing(newer), null)
    serving.now += HOUR
    serving.store.records.expire(serving.now, 10)
    assert.equal(serving.store.records.size.records, 0)
    assert.deepEqual(serving.storing(older), superseded(String(NOW_S - 5)))
    const seen = { version: versionOf({ timestamp: NOW_S + 7.5 }), digest: new Uint8Array(20) }
    serving.store.records.sawVersion(older.key, seen, serving.now)
    assert.deepEqual(serving.storing(older), superseded(String(NOW_S + 7)))
  })
})

describe('A store of a value whose time is wrong', () => {
  test('is refused with 1 when it has expired, from that very time on (drogulus B0)', () => {
    const serving = new Answering()
    const expired = { code: 1, message: 'Bad request', details: { message: 'The value has expired.' } }
    assert.deepEqual(serving.storing(signed({ expires: NOW_S })), expired)
    assert.equal(serving.storing(signed({ expires: NOW_S + 0.001 })), null)
    for (const expires of [0, -1, -1e9])
      assert.equal(serving.storing(signed({ expires, name: String(expires) })), null)
    assert.deepEqual(serving.banned, [])
  })

  test('is refused with 1 when it is dated more than five minutes ahead (drogulus B0)', () => {
    const serving = new Answering()
    const ahead = { code: 1, message: 'Bad request', details: { message: 'The timestamp is in the future.' } }
    for (const timestamp of [NOW_S + 300.001, 1e300])
      assert.deepEqual(serving.storing(signed({ timestamp })), ahead)
    assert.equal(serving.storing(signed({ timestamp: NOW_S + 300 })), null)
    assert.deepEqual(serving.banned, [])
  })

  test('is taken however old it is, also from before 1970 (drogulus B4)', () => {
    const serving = new Answering()
    for (const timestamp of [0.5, 0, -5]) {
      const item = signed({ timestamp, name: String(timestamp) })
      assert.equal(serving.storing(item), null)
      assert.deepEqual(serving.held(item), item)
    }
  })
})

describe('A store for which there is no room', () => {
  test('is refused with 3 and the bound, before its signature is looked at (T12)', () => {
    const serving = new Answering({ memory: { recordLimits: { maxRecords: 1 } } })
    assert.equal(serving.storing(signed()), null)
    const full = {
      code: 3,
      message: 'Internal error',
      details: { message: 'No room: too-many-records.' },
    }
    for (const item of [signed({ name: 'b' }), badlySigned(signed({ name: 'b' }))]) {
      assert.deepEqual(serving.storing(item), full)
    }
    assert.deepEqual(serving.banned, [], 'nobody has looked')
    assert.equal(
      serving.storing(signed({ timestamp: NOW_S + 1 })),
      null,
      'a newer one takes the place of its own',
    )
  })

  test('because its IP has brought enough is taken from another one (T12)', () => {
    const serving = new Answering({ memory: { recordLimits: { maxPerIp: 1 } } })
    assert.equal(serving.storing(signed({ name: 'a' })), null)
    assert.deepEqual(serving.storing(signed({ name: 'b' }))?.details, {
      message: 'No room: too-many-from-ip.',
    })
    assert.equal(serving.storing(signed({ name: 'b' }), BOB), null)
  })
})

describe('A copy of a value', () => {
  /** Its lifetime here, when so many of our contacts are nearer to its key than we are. */
  function lifetimeWith(nearer: number, expires = -1): number {
    const item = signed({ expires })
    // No real table: of those that are nearest to one key its buckets take K.
    const contacts = Array.from({ length: nearer }, (_, n) => ({
      id: asId(item.key.with(63, item.key[63]! ^ n)),
    }))
    const { ownId } = new Answering().table
    const table = { ownId, contacts: () => contacts.values() } as unknown as RoutingTable
    const among = new Answering({ parts: { table } })
    assert.equal(among.storing(item), null)
    return recordOf(among, item)!.expiresAt - START
  }

  test('stays as long as it lives where fewer than K others are nearer (Kademlia 2.3)', () => {
    for (const nearer of [0, K - 1]) {
      assert.equal(lifetimeWith(nearer, NOW_S + 100 * 3_600), 100 * HOUR)
      assert.ok(lifetimeWith(nearer) > 1_000_000 * HOUR)
    }
  })

  test('on the way stays for the shorter the more others are nearer, and for an interval at most (Kademlia 2.3)', () => {
    assert.deepEqual(
      [K, 2 * K, 4 * K].map((nearer) => lifetimeWith(nearer)),
      [HOUR, HOUR / 2, HOUR / 8],
    )
    assert.equal(lifetimeWith(K, NOW_S + 60), MINUTE, 'never longer than it lives')
  })
})
