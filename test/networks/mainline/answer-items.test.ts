// Items at a storing node (BEP 44): what is stored and what is refused, in which order, and what a get tells. Real
// answers over a real store; the wire in front of them is in test/scenarios/serving-items.test.ts.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { asId } from '../../../src/kademlia/id.ts'
import { digestOf, recordData, targetOf, type RawItem } from '../../../src/networks/mainline/items/item.ts'
import { runs } from '../../property-runs.ts'
import { ALICE, Answering, BOB, from, HOUR, ITEM_LIFETIME_MS, MINUTE } from './answering.ts'
import { bencoded, immutable, TestPublisher, vectors } from './item-fixtures.ts'

import { fields, forged, held, nothing } from './held-items.ts'

const publisher = new TestPublisher('publisher')

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
