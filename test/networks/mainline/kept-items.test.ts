// Items that a storing node holds (BEP 44): how long, against whom, and in how much room. Real answers over a real store;
// what is taken at all is in answer-items.test.ts.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { toHex } from '../../../src/kademlia/id.ts'
import { targetOf, type RawItem } from '../../../src/networks/mainline/items/item.ts'
import { openSqliteStore } from '../../../src/stores/sqlite-store.ts'
import { temporaryFolder } from '../../stores/temporary-folder.ts'
import { ALICE, Answering, BOB, from, HOUR, ITEM_LIFETIME_MS, MINUTE, START } from './answering.ts'
import { bencoded, immutable, TestPublisher } from './item-fixtures.ts'

import { fields, forged, held, nothing } from './held-items.ts'

const publisher = new TestPublisher('publisher')

describe('An item that is stored', () => {
  test('is served for two hours after it was last put, and not a millisecond longer (B44-20)', () => {
    const serving = new Answering()
    const items = [publisher.item('mutable', 1n), immutable('immutable')]
    for (const item of items) serving.put(item)
    serving.now += ITEM_LIFETIME_MS - 1
    for (const item of items) assert.deepEqual(held(serving, item), fields(item))
    for (const item of items) assert.equal(serving.put(item), null)
    serving.now += ITEM_LIFETIME_MS - 1
    for (const item of items) assert.deepEqual(held(serving, item), fields(item))
    serving.now += 1
    for (const item of items) assert.deepEqual(held(serving, item), nothing)
  })

  test('that has expired is not replaced by an older one, dropped from the store or not (B44-19, T13)', () => {
    for (const drop of [false, true]) {
      const serving = new Answering()
      serving.put(publisher.item('newest', 5n))
      serving.now += ITEM_LIFETIME_MS
      if (drop) assert.equal(serving.store.records.expire(serving.now, 10), 1)
      assert.equal(serving.put(publisher.item('older', 4n)), 302)
      assert.equal(serving.put(publisher.item('another', 5n)), 302)
      assert.deepEqual(held(serving, publisher.item('newest', 5n)), nothing)
      assert.equal(serving.put(publisher.item('newest', 5n)), null, 'the same comes back')
      assert.equal(serving.put(publisher.item('newer', 6n)), null)
    }
  })

  test('that was seen elsewhere to be newer is not put back here (B44-19, T13)', () => {
    const serving = new Answering()
    const old = publisher.item('old', 4n)
    const digest = new Uint8Array(20)
    serving.store.records.sawVersion(targetOf(old), { version: 9n, digest }, serving.now)
    assert.equal(serving.put(old), 302)
    assert.equal(serving.put(publisher.item('ten', 10n)), null)
  })

  test('never goes back over a restart, held or expired (B44-19, T13)', () => {
    const path = join(temporaryFolder(), 'store.sqlite')
    const stays = publisher.item('stays', 5n, 'a')
    const expires = publisher.item('expires', 5n, 'b')
    const first = new Answering({ store: openSqliteStore(path, { now: START }) })
    assert.equal(first.put(expires), null)
    first.now += HOUR
    assert.equal(first.put(stays), null)
    first.now += HOUR
    assert.equal(first.store.records.expire(first.now, 10), 1)
    first.store.commit()
    first.store.close()

    const now = first.now + MINUTE
    const second = new Answering({ store: openSqliteStore(path, { now }) })
    second.now = now
    try {
      assert.deepEqual(held(second, stays), fields(stays))
      assert.deepEqual(held(second, expires), nothing)
      for (const salt of ['a', 'b']) {
        assert.equal(second.put(publisher.item('older', 4n, salt)), 302)
        assert.equal(second.put(publisher.item('another', 5n, salt)), 302)
        assert.equal(second.put(publisher.item('newer', 6n, salt)), null)
      }
    } finally {
      second.store.close()
    }
  })

  test('is not changed by a second writer of the same seq, whoever of the two asks when (T15, B44-10)', () => {
    const serving = new Answering()
    const first = publisher.item('of one machine', 8n)
    const second = publisher.item('of another machine', 8n)
    assert.equal(serving.put(first, { by: ALICE }), null)
    assert.equal(serving.put(second, { by: BOB }), 302)
    assert.equal(serving.put(second, { by: BOB, cas: 8n }), 302)
    assert.deepEqual(held(serving, first), fields(first))
    serving.now += ITEM_LIFETIME_MS
    assert.equal(serving.put(second, { by: BOB }), 302, 'nor after it has expired')
    assert.equal(serving.put(first, { by: ALICE }), null)
  })
})

describe('A key or signature that verifiers disagree about (B44-23, T20)', () => {
  /** The group order, little-endian: added to S it makes another signature that loose verifiers take. RFC 8032. */
  const ORDER = 2n ** 252n + 27_742_317_777_372_353_535_851_937_790_883_648_493n

  test('is refused with 206 when S is not below the group order', () => {
    const serving = new Answering()
    const item = publisher.item('a value', 1n)
    const signature = item.signed.signature.slice()
    const s = BigInt(`0x${toHex(signature.slice(32).reverse())}`) + ORDER
    signature.set(Buffer.from(s.toString(16).padStart(64, '0'), 'hex').reverse(), 32)
    const malleated = { ...item, signed: { ...item.signed, signature } }
    assert.equal(serving.put(malleated), 206)
    assert.equal(serving.put(item), null)
    assert.equal(serving.put(malleated), 206, 'also where the item itself is held')
    assert.deepEqual(held(serving, item), fields(item))
  })

  test('is refused with 206 when the key is of small order, where any message has a signature', () => {
    const serving = new Answering()
    // The neutral element as key and as R, and S = 0: S·B = R + k·A for every message.
    const publicKey = new Uint8Array(32)
    publicKey[0] = 1
    const signature = new Uint8Array(64)
    signature[0] = 1
    for (const seq of [0n, 1n, 2n]) {
      const item = { value: bencoded('free'), signed: { publicKey, signature, seq, salt: new Uint8Array(0) } }
      assert.equal(serving.put(item), 206)
    }
    assert.equal(serving.store.records.size.records, 0)
  })
})

describe('A store of items without room (T12)', () => {
  /** Distinct immutable items. */
  const many = (count: number, prefix = 'item'): RawItem[] =>
    Array.from({ length: count }, (_, n) => immutable(`${prefix} ${n}`))

  test('gives no token for what it would refuse, and for what it holds it does (B44-08, B44-16)', () => {
    const serving = new Answering({ memory: { recordLimits: { maxRecords: 3 } } })
    const items = many(4)
    const early = items.map((item) => serving.get(targetOf(item), { by: BOB }).token!)
    for (const item of items.slice(0, 3)) assert.equal(serving.put(item), null)
    assert.equal('token' in serving.get(targetOf(items[3]!)), false, 'no key at all')
    assert.equal(serving.put(items[2]!, { by: BOB }), null, 'what is held is refreshed')
    assert.equal(serving.put(items[3]!, { by: BOB, token: early[3]! }), 202, 'with a token of before')
    assert.equal(serving.store.records.size.records, 3)
    serving.now += ITEM_LIFETIME_MS
    serving.store.records.expire(serving.now, 10)
    assert.equal(serving.put(items[3]!), null, 'and takes again when there is room')
  })

  test('says with 202 why, and takes the newer version of what it holds (B44-11)', () => {
    const serving = new Answering({ memory: { recordLimits: { maxRecords: 1 } } })
    const other = publisher.item('other', 1n, 'other')
    const token = serving.get(targetOf(other)).token!
    assert.equal(serving.put(publisher.item('held', 1n)), null)
    const answer = serving.answer({ method: 'put', ...other, token, cas: null })
    assert.ok(answer !== null && 'refusal' in answer)
    assert.deepEqual([answer.refusal.code, answer.failedToken], [202, false])
    assert.match(answer.refusal.message, /no room.*too-many-records/)
    assert.equal(serving.put(publisher.item('next', 2n)), null)
  })

  test('refuses a newer version that is larger than there is room for with 202, and keeps the one before', () => {
    const serving = new Answering({ memory: { recordLimits: { maxBytes: 300 } } })
    const small = publisher.item('small', 1n)
    assert.equal(serving.put(small), null)
    assert.equal(serving.put(publisher.item('x'.repeat(400), 2n)), 202)
    assert.deepEqual(held(serving, small), fields(small))
  })

  test('refuses one source of very many puts, and keeps and takes those of all others', () => {
    const serving = new Answering()
    const honest = Array.from({ length: 200 }, (_, n) => {
      const item = new TestPublisher(`honest ${n}`).item('kept', 1n)
      return { item, by: from(`${20 + (n % 100)}.${n}.0.1`) }
    })
    const half = honest.length / 2
    for (const { item, by } of honest.slice(0, half)) assert.equal(serving.put(item, { by }), null)
    let taken = 0
    // All of one /24, each with a token that it really got.
    for (const [n, item] of many(20_000, 'flood').entries()) {
      const by = from(`66.66.66.${1 + (n % 250)}`)
      const outcome = serving.put(item, { by })
      assert.ok(outcome === null || outcome === 'no token')
      if (outcome === null) taken++
    }
    assert.ok(taken > 0 && taken <= 200, `${taken} of 20,000, which is 1 % of the store`)
    for (const { item, by } of honest.slice(half)) assert.equal(serving.put(item, { by }), null)
    for (const { item } of honest) assert.deepEqual(held(serving, item), fields(item))
    assert.equal(serving.store.records.size.records, honest.length + taken)
  })

  test('refuses with 202 who got all tokens before the flood, and looks at no signature for that', () => {
    const serving = new Answering({ memory: { recordLimits: { maxPerIp: 5, maxPerPrefix: 5 } } })
    const unsigned = forged(publisher.item('not even signed', 1n))
    const flood = [...many(200, 'flood'), unsigned]
    const tokens = flood.map((item) => serving.get(targetOf(item)).token!)
    const codes = flood.map((item, n) => serving.put(item, { token: tokens[n]! }))
    assert.equal(codes.filter((code) => code === null).length, 5)
    assert.equal(codes.filter((code) => code === 202).length, 196)
    assert.equal(serving.put(unsigned, { by: BOB }), 206, 'where there is room it is looked at')
  })
})
