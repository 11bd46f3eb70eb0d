// Items at a storing node (BEP 44): what is stored and what is refused, in which order, and what a get tells. Real
// answers over a real store; the wire in front of them is in test/scenarios/serving-items.test.ts.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { asId, toHex } from '../../../src/kademlia/id.ts'
import { digestOf, recordData, targetOf, type RawItem } from '../../../src/networks/mainline/items/item.ts'
import { openSqliteStore } from '../../../src/stores/sqlite-store.ts'
import { runs } from '../../property-runs.ts'
import { temporaryFolder } from '../../stores/temporary-folder.ts'
import { ALICE, Answering, BOB, from, HOUR, ITEM_LIFETIME_MS, MINUTE, START } from './answering.ts'
import { bencoded, immutable, TestPublisher, vectors, type MutableItem } from './item-fixtures.ts'

const publisher = new TestPublisher('publisher')

/** What a get for the target of this item brings back of it. */
function held(serving: Answering, item: RawItem) {
  const { value, publicKey, signature, seq } = serving.get(targetOf(item))
  return { value, publicKey, signature, seq }
}

function fields({ value, signed }: RawItem) {
  return { value, publicKey: signed?.publicKey, signature: signed?.signature, seq: signed?.seq }
}

const nothing = { value: undefined, publicKey: undefined, signature: undefined, seq: undefined }

function forged(item: MutableItem): MutableItem {
  const signature = item.signed.signature.slice()
  signature[40]! ^= 1
  return { ...item, signed: { ...item.signed, signature } }
}

/** The rules of BEP 44 over one target, told in another way than the node does. */
class KnownItem {
  #newest: { readonly seq: bigint; readonly text: string } | null = null
  #expiresAt = 0

  at(now: number) {
    return now < this.#expiresAt ? this.#newest : null
  }

  outcomeOf({ seq, text, cas }: { seq: bigint; text: string; cas: bigint | null }, now: number) {
    const isHeld = this.at(now) !== null
    const newest = this.#newest
    if (cas !== null && isHeld && cas !== newest!.seq) return 301
    if (newest !== null && (seq < newest.seq || (seq === newest.seq && text !== newest.text))) return 302
    this.#newest = { seq, text }
    this.#expiresAt = now + ITEM_LIFETIME_MS
    return null
  }
}

describe('A get', () => {
  test('is answered with token and nodes whether or not there is an item (B44-16)', () => {
    const serving = new Answering()
    const reply = serving.get(serving.someId())
    assert.deepEqual(Object.keys(reply).toSorted(), ['nodes', 'token'])
    assert.equal(reply.token!.length, 8)
  })

  test('is answered over IPv6 with nodes6, and with both where both are wanted (B44-16, K-18)', () => {
    const serving = new Answering({ parts: { family: 6 } })
    const asker = from('2a00:1450::2')
    assert.deepEqual(Object.keys(serving.get(serving.someId(), { by: asker })).toSorted(), [
      'nodes6',
      'token',
    ])
    const get = { method: 'get', target: serving.someId(), want: { n4: true, n6: true }, seq: null } as const
    assert.deepEqual(Object.keys(serving.reply(get, asker)).toSorted(), ['nodes', 'nodes6', 'token'])
  })

  for (const { name, target, item } of vectors) {
    test(`brings ${name} of BEP 44 back as it was put, and never a salt (B44-01, B44-02, B44-03, B44-16)`, () => {
      const serving = new Answering()
      assert.equal(serving.put(item), null)
      const reply = serving.get(asId(Buffer.from(target, 'hex')))
      const { token, nodes, ...rest } = reply
      assert.ok(token !== undefined && nodes !== undefined)
      const { salt: _, ...signed } = item.signed ?? { salt: null }
      assert.deepEqual(rest, { value: item.value, ...signed })
    })
  }

  test('with a seq that is not lower brings the seq alone, with a lower one the item (B44-17)', () => {
    const serving = new Answering()
    const item = publisher.item('a value', 5n)
    serving.put(item)
    for (const known of [5n, 6n, 2n ** 63n - 1n]) {
      const { token, nodes, ...rest } = serving.get(targetOf(item), { seq: known })
      assert.ok(token !== undefined && nodes !== undefined)
      assert.deepEqual(rest, { seq: 5n }, `asked with ${known}`)
    }
    for (const known of [0n, 4n]) {
      const { token: _, nodes: __, ...rest } = serving.get(targetOf(item), { seq: known })
      assert.deepEqual(rest, fields(item), `asked with ${known}`)
    }
  })

  test('with a seq brings an immutable item all the same (B44-17)', () => {
    const serving = new Answering()
    const item = immutable('never changes')
    serving.put(item)
    assert.deepEqual(serving.get(targetOf(item), { seq: 9n }).value, item.value)
  })
})

describe('A put', () => {
  test('is stored under the target that its value, or its key and salt, have (B44-01, B44-02, B44-15)', () => {
    const serving = new Answering()
    const items = [
      immutable('a text'),
      publisher.item('a text', 1n),
      publisher.item('a text', 1n, 'salt'),
      publisher.item('a text', 1n, 'other salt'),
    ]
    for (const item of items) assert.equal(serving.put(item), null)
    for (const item of items) assert.deepEqual(held(serving, item), fields(item))
    assert.equal(serving.store.records.size.records, 4)
  })

  test('holds any bencoded value of up to 1000 bytes, to the byte (B44-01, B44-05)', () => {
    const serving = new Answering()
    const values = ['i-7e', 'le', 'd1:ai1e1:bl3:xyzee', '0:', `995:${'\xff'.repeat(995)}`]
    for (const value of values) {
      const item = { value: new Uint8Array(Buffer.from(value, 'latin1')), signed: null }
      assert.equal(serving.put(item), null)
      assert.deepEqual(held(serving, item).value, item.value)
    }
  })

  test('is refused with 203 without a token of this node for its target, which counts as a wrong one (B44-08, T11)', () => {
    const serving = new Answering()
    const item = publisher.item('a value', 1n)
    const other = publisher.item('a value', 1n, 'other')
    const tokens = {
      none: new Uint8Array(0),
      'made up': serving.random.bytes(8),
      'for another target': serving.get(targetOf(other)).token!,
      'for another IP': serving.get(targetOf(item), { by: BOB }).token!,
      'of another node': new Answering({ seed: 2 }).get(targetOf(item)).token!,
    }
    for (const [what, token] of Object.entries(tokens)) {
      const answer = serving.answer({ method: 'put', ...item, token, cas: null })
      assert.ok(answer !== null && 'refusal' in answer, what)
      assert.deepEqual([answer.refusal.code, answer.failedToken], [203, true], what)
    }
    assert.equal(serving.store.records.size.records, 0)
    const otherPort = from('9.8.7.6', 6_000)
    assert.equal(serving.put(item, { by: otherPort, token: serving.get(targetOf(item)).token! }), null)
  })

  test('with a token that is ten minutes old is refused with 203 (B44-08, T11)', () => {
    const serving = new Answering()
    const item = immutable('late')
    const token = serving.get(targetOf(item)).token!
    serving.now += 9 * MINUTE
    assert.equal(serving.put(item, { token }), null)
    serving.now += 2 * MINUTE
    assert.equal(serving.put(item, { token }), 203)
  })

  test('whose signature is of something else is refused with 206, and is no guess at tokens (B44-06)', () => {
    const serving = new Answering()
    const item = publisher.item('a value', 1n, 'salt')
    const { value, signed } = item
    const stranger = new TestPublisher('stranger').item('a value', 1n, 'salt')
    const others: Record<string, RawItem> = {
      'a changed bit': forged(item),
      'another value': { value: bencoded('another'), signed },
      'another seq': { value, signed: { ...signed, seq: 2n } },
      'another salt': { value, signed: { ...signed, salt: Buffer.from('tlas') } },
      'no salt': { value, signed: { ...signed, salt: new Uint8Array(0) } },
      'the key of somebody else': { value, signed: { ...signed, publicKey: stranger.signed.publicKey } },
    }
    for (const [what, wrong] of Object.entries(others)) {
      const token = serving.get(targetOf(wrong)).token!
      const answer = serving.answer({ method: 'put', ...wrong, token, cas: null })
      assert.ok(answer !== null && 'refusal' in answer, what)
      assert.deepEqual([answer.refusal.code, answer.failedToken], [206, false], what)
    }
    assert.equal(serving.store.records.size.records, 0)
  })

  test('is taken from whoever brings it: nobody needs the private key to republish (B44-21)', () => {
    const serving = new Answering()
    const item = publisher.item('a value', 1n)
    assert.equal(serving.put(item, { by: ALICE }), null)
    assert.equal(serving.put(item, { by: BOB }), null)
    assert.deepEqual(held(serving, item), fields(item))
  })

  test('of a newer seq replaces what is held (B44-11)', () => {
    const serving = new Answering()
    for (const seq of [0n, 1n, 7n, 2n ** 53n + 1n, 2n ** 63n - 1n]) {
      const item = publisher.item(`value ${seq}`, seq)
      assert.equal(serving.put(item), null)
      assert.deepEqual(held(serving, item), fields(item), `exactly ${seq} (B44-14)`)
    }
    assert.equal(serving.store.records.size.records, 1)
  })

  test('of an older seq is refused with 302, also next to 2^53 (B44-09, B44-14, B44-19)', () => {
    const serving = new Answering()
    const newest = publisher.item('newest', 2n ** 53n + 1n)
    serving.put(newest)
    for (const seq of [2n ** 53n, 2n ** 53n - 1n, 1n, 0n]) {
      assert.equal(serving.put(publisher.item('older', seq)), 302)
    }
    assert.deepEqual(held(serving, newest), fields(newest))
  })

  test('of the same seq refreshes when its value is the same, and is refused with 302 when it is not (B44-10)', () => {
    const serving = new Answering()
    const item = publisher.item('first', 3n)
    serving.put(item)
    serving.now += HOUR
    assert.equal(serving.put(publisher.item('second', 3n)), 302)
    assert.equal(serving.put(item), null)
    serving.now += ITEM_LIFETIME_MS - 1
    assert.deepEqual(held(serving, item), fields(item), 'its time began anew')
    serving.now += 1
    assert.deepEqual(held(serving, item), nothing)
  })

  test('of the very item that is held is not verified again, and of any other byte it is (B44-06)', () => {
    const serving = new Answering()
    const item = publisher.item('kept alive', 3n)
    // Only somebody who reaches past the answers can bring it into the store: so it shows who looks.
    const unsigned = forged(item)
    const { random, store, now } = serving
    const record = { key: targetOf(item), version: 3n, digest: digestOf(item), data: recordData(unsigned) }
    const times = { source: random.bytes(4), refreshedAt: now, expiresAt: now + HOUR }
    store.records.put({ ...record, ...times })
    assert.equal(serving.put(unsigned), null)
    const { signed } = unsigned
    const others: readonly RawItem[] = [
      { ...unsigned, value: bencoded('another') },
      { ...unsigned, signed: { ...signed, seq: 2n } },
      { ...unsigned, signed: { ...signed, seq: 4n } },
      { ...unsigned, signed: { ...signed, signature: signed.signature.toReversed() } },
    ]
    for (const other of others) assert.equal(serving.put(other), 206)
    assert.equal(serving.put(item), null, 'nor is a good signature refused')
  })

  test('with a cas other than the stored seq is refused with 301, and changes nothing (B44-12)', () => {
    const serving = new Answering()
    const stored = publisher.item('stored', 4n)
    serving.put(stored)
    for (const cas of [0n, 3n, 5n, 2n ** 63n - 1n]) {
      assert.equal(serving.put(publisher.item('next', 5n), { cas }), 301, `cas ${cas}`)
    }
    assert.equal(serving.put(stored, { cas: 3n }), 301, 'a refresh too')
    assert.deepEqual(held(serving, stored), fields(stored))
    assert.equal(serving.put(publisher.item('next', 5n), { cas: 4n }), null)
  })

  test('with cas 0 replaces seq 0 and nothing else: 0 is a value (B44-12)', () => {
    const serving = new Answering()
    assert.equal(serving.put(publisher.item('zero', 0n)), null)
    assert.equal(serving.put(publisher.item('one', 1n), { cas: 0n }), null)
    assert.equal(serving.put(publisher.item('two', 2n), { cas: 0n }), 301)
  })

  test('with a cas where no item is held is taken, also where one has expired (B44-12)', () => {
    const serving = new Answering()
    assert.equal(serving.put(publisher.item('first', 9n), { cas: 3n }), null)
    serving.now += ITEM_LIFETIME_MS
    assert.equal(serving.put(publisher.item('second', 10n), { cas: 3n }), null)
  })

  test('of an immutable item ignores cas (B44-12, B44-15)', () => {
    const serving = new Answering()
    assert.equal(serving.put(immutable('x')), null)
    assert.equal(serving.put(immutable('x'), { cas: 7n }), null)
  })

  test('with several things wrong is refused for the first of token, signature, cas and seq (B44-12)', () => {
    const serving = new Answering()
    serving.put(publisher.item('stored', 4n))
    const old = publisher.item('old', 2n)
    const wrongToken = new Uint8Array(8)
    assert.equal(serving.put(forged(old), { cas: 3n, token: wrongToken }), 203)
    assert.equal(serving.put(forged(old), { cas: 3n }), 206)
    assert.equal(serving.put(old, { cas: 3n }), 301)
    assert.equal(serving.put(old, { cas: 4n }), 302)
    assert.equal(serving.put(old), 302)
  })

  test('of anything at all leaves the newest valid seq, first value first (B44-09…B44-12, B44-19)', () => {
    const step = fc.record({
      seq: fc.bigInt({ min: 0n, max: 4n }),
      text: fc.constantFrom('a', 'b', 'c'),
      cas: fc.option(fc.bigInt({ min: 0n, max: 4n })),
      forge: fc.boolean(),
      waitMs: fc.constantFrom(0, 0, HOUR),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
        const serving = new Answering()
        const known = new KnownItem()
        for (const { seq, text, cas, forge, waitMs } of steps) {
          serving.now += waitMs
          const item = publisher.item(text, seq)
          const expected = forge ? 206 : known.outcomeOf({ seq, text, cas }, serving.now)
          const options = cas === null ? {} : { cas }
          assert.equal(serving.put(forge ? forged(item) : item, options), expected)
          const now = known.at(serving.now)
          const wanted = now === null ? nothing : fields(publisher.item(now.text, now.seq))
          assert.deepEqual(held(serving, item), wanted)
        }
      }),
      runs(40),
    )
  })
})

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
