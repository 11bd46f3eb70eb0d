import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Contact } from '../../src/kademlia/contact.ts'
import { defaultParameters } from '../../src/kademlia/parameters.ts'
import {
  MINUTE,
  contactOf,
  fail,
  fill,
  idOf,
  idsOf,
  known,
  nodeAt,
  openPolicy,
  publicPolicy,
  seededRandom,
  smallParameters,
  tableAt,
} from './table-fixtures.ts'

const OWN = idOf(0)
const NOW = 1_000_000
const { goodForMs } = smallParameters

describe('a contact that answers', () => {
  test('is refreshed, its round trip averaged 2 to 1, its misses forgotten', () => {
    const table = tableAt(OWN)
    table.answered(nodeAt(0x80), NOW, 90)
    fail(table, 0x80, 1, NOW)
    assert.equal(table.answered(nodeAt(0x80), NOW + 5, 30).outcome, 'refreshed')
    const { repliedAt, failures, rttMs } = known(table, 0x80)
    assert.deepEqual({ repliedAt, failures, rttMs }, { repliedAt: NOW + 5, failures: 0, rttMs: 70 })
    table.answered(nodeAt(0x80), NOW + 6, null)
    assert.equal(known(table, 0x80).rttMs, 70)
  })

  test('is discarded to the replacements when the bucket is full of good ones (B5-05)', () => {
    const table = tableAt(OWN)
    fill(table, [0x80, 0x90, 0xa0, 0xb0], NOW)
    const outcome = table.answered(nodeAt(0xc0), NOW, null)
    assert.deepEqual(outcome, { outcome: 'full', candidate: null, changedId: null })
    assert.equal(table.find(idOf(0xc0)), null)
    assert.equal(table.buckets()[0]!.replacements, 1)
  })

  test('replaces a bad contact at once (B5-05)', () => {
    const table = tableAt(OWN)
    fill(table, [0x80, 0x90, 0xa0, 0xb0], NOW)
    fail(table, 0x90, 2, NOW)
    const outcome = table.answered(nodeAt(0xc0), NOW, null)
    assert.ok(outcome.outcome === 'added')
    assert.deepEqual(idsOf(outcome.evicted), [0x90])
    assert.equal(table.find(idOf(0x90)), null)
  })

  test('replaces a bad contact rather than splitting the bucket', () => {
    const table = tableAt(OWN)
    fill(table, [0x80, 0x90, 0xa0, 0xb0], NOW)
    fail(table, 0x90, 2, NOW)
    fill(table, [0x40], NOW)
    assert.equal(table.buckets().length, 1)
    assert.equal(table.size, 4)
  })

  test('names the least recently seen questionable contact to ping (B5-06)', () => {
    const table = tableAt(OWN)
    fill(table, [0x80], NOW + 2)
    fill(table, [0x90], NOW + 1)
    fill(table, [0xa0, 0xb0], NOW + 20 * MINUTE)
    const outcome = table.answered(nodeAt(0xc0), NOW + 20 * MINUTE, null)
    assert.ok(outcome.outcome === 'full')
    assert.deepEqual(outcome.candidate?.id, idOf(0x90))
    // One miss is no reason yet to drop it: it gets one more try, and is still the one to ping.
    assert.equal(table.failed(idOf(0x90), nodeAt(0x90).address, NOW + 20 * MINUTE).removed, null)
    const { removed, promoted } = table.failed(idOf(0x90), nodeAt(0x90).address, NOW + 20 * MINUTE)
    assert.deepEqual(removed?.id, idOf(0x90))
    assert.deepEqual(promoted?.id, idOf(0xc0))
    assert.equal(table.find(idOf(0xc0)), null, 'a replacement must answer before it enters')
    assert.equal(table.answered(nodeAt(0xc0), NOW + 20 * MINUTE, null).outcome, 'added')
  })

  test('is preferred when its id fits its address to one whose id does not (BEP 42), and never the other way', () => {
    const policy = { ...openPolicy, eligible: ({ id }: Contact) => id[0]! % 2 === 0 }
    const table = tableAt(OWN, smallParameters, policy)
    fill(table, [0x80, 0x91, 0xa3, 0xb0], NOW)
    table.answered(nodeAt(0x91), NOW + 1, null)
    assert.equal(table.answered(nodeAt(0xd1), NOW + 2, null).outcome, 'full')
    const outcome = table.answered(nodeAt(0xc0), NOW + 2, null)
    assert.ok(outcome.outcome === 'added')
    assert.deepEqual(idsOf(outcome.evicted), [0xa3], 'the least recently seen of the two')
    assert.equal(table.answered(nodeAt(0xd0), NOW + 2, null).outcome, 'added')
    assert.equal(table.answered(nodeAt(0xe0), NOW + 2, null).outcome, 'full')
  })

  test('is refused when it has our own id (B5-24) or the policy does not admit it (B5-23)', () => {
    const policy = { ...openPolicy, admits: ({ address }: Contact) => address.port !== 1 }
    const table = tableAt(OWN, smallParameters, policy)
    assert.deepEqual(table.answered(nodeAt(0), NOW, null), {
      outcome: 'refused',
      why: 'own-id',
      changedId: null,
    })
    const router = table.answered(nodeAt(0x80, 1), NOW, null)
    assert.ok(router.outcome === 'refused' && router.why === 'not-admitted')
    assert.equal(table.size, 0)
  })

  test('needs an IP of its own in the table and a prefix of its own in its bucket, unless the holder is bad (T2)', () => {
    const table = tableAt(OWN, smallParameters, publicPolicy)
    table.answered(contactOf(idOf(0x80), '1.0.0.1'), NOW, null)
    const sameIp = table.answered(contactOf(idOf(0x40), '1.0.0.1', 7), NOW, null)
    assert.ok(sameIp.outcome === 'refused' && sameIp.why === 'ip-taken')
    const samePrefix = table.answered(contactOf(idOf(0x40), '1.0.0.9'), NOW, null)
    assert.ok(samePrefix.outcome === 'refused' && samePrefix.why === 'prefix-taken')
    for (let i = 0; i < 2; i++) table.failed(idOf(0x80), { host: '1.0.0.1', port: 6881 }, NOW)
    const outcome = table.answered(contactOf(idOf(0x40), '1.0.0.9'), NOW, null)
    assert.ok(outcome.outcome === 'added')
    assert.deepEqual(idsOf(outcome.evicted), [0x80])
  })

  test('needs no place of its own where the policy lifts the limits', () => {
    const table = tableAt(OWN)
    for (let port = 1; port <= 4; port++) {
      assert.equal(
        table.answered(contactOf(idOf(0x80 + port), '127.0.0.1', port), NOW, null).outcome,
        'added',
      )
    }
    assert.equal(table.findByAddress({ host: '127.0.0.1', port: 3 })?.id[0], 0x83)
    assert.equal(table.findByAddress({ host: '127.0.0.1', port: 9 }), null)
  })

  test('under the address of another evicts that one: nobody has two ids (T5, B45-08)', () => {
    const table = tableAt(OWN)
    fill(table, [0x80], NOW)
    const outcome = table.answered(contactOf(idOf(0x40), '10.0.0.128'), NOW, null)
    assert.ok(outcome.outcome === 'added')
    assert.deepEqual(outcome.changedId?.id, idOf(0x80))
    assert.equal(table.find(idOf(0x80)), null)
    assert.equal(table.size, 1)
    const ours = table.answered(contactOf(OWN, '10.0.0.128'), NOW, null)
    assert.ok(ours.outcome === 'refused')
    assert.deepEqual(ours.changedId?.id, idOf(0x40))
    assert.equal(table.size, 0)
  })

  test('of a node that moved to another port takes the place of its own entry, though that holds IP and prefix', () => {
    const table = tableAt(OWN, smallParameters, publicPolicy)
    table.answered(contactOf(idOf(0x80), '1.0.0.1'), NOW, null)
    table.failed(idOf(0x80), { host: '1.0.0.1', port: 6881 }, NOW)
    assert.equal(table.wouldTake(contactOf(idOf(0x80), '1.0.0.1', 7), NOW), true)
    assert.equal(table.answered(contactOf(idOf(0x80), '1.0.0.1', 7), NOW, null).outcome, 'added')
    assert.equal(known(table, 0x80).address.port, 7)
    assert.equal(table.size, 1)
  })

  test('with the id of another takes its place only when that one missed a request or never answered', () => {
    const table = tableAt(OWN)
    fill(table, [0x80], NOW)
    const elsewhere = contactOf(idOf(0x80), '10.9.9.9')
    for (const now of [NOW, NOW + goodForMs + 1]) {
      const outcome = table.answered(elsewhere, now, null)
      assert.ok(outcome.outcome === 'refused' && outcome.why === 'address-changed')
    }
    fail(table, 0x80, 1, NOW)
    const outcome = table.answered(elsewhere, NOW, null)
    assert.ok(outcome.outcome === 'added')
    assert.equal(outcome.evicted.length, 1)
    assert.equal(known(table, 0x80).address.host, '10.9.9.9')
    assert.equal(table.findByAddress(nodeAt(0x80).address), null)
    assert.equal(table.size, 1)
  })

  test('does not wash out the replacements from one machine or one /24 (T3)', () => {
    const table = tableAt(OWN, smallParameters, publicPolicy)
    const at = (id: number, host: string): Contact => contactOf(idOf(id), host)
    for (const [i, id] of [0x80, 0x90, 0xa0, 0xb0].entries()) table.answered(at(id, `1.0.${i}.1`), NOW, null)
    table.answered(at(0xc0, '2.0.0.1'), NOW, null)
    for (let i = 1; i < 30; i++) table.answered(at(0xc0 + i, `3.0.0.${1 + (i >> 1)}`), NOW, null)
    assert.equal(table.buckets()[0]!.replacements, 2)
  })

  test('a talkative stranger never drives out a good contact, however often it comes (T3)', () => {
    const table = tableAt(OWN, defaultParameters, publicPolicy)
    const random = seededRandom(7)
    for (let i = 0; i < 200; i++) {
      const [a = 0, ...id] = random.bytes(21)
      table.answered(contactOf(idOf(...id), `1.${a}.${i}.1`), NOW, null)
    }
    const honest = new Set(table.contacts())
    for (let i = 0; i < 2_000; i++) {
      const [a = 0, ...id] = random.bytes(21)
      table.answered(contactOf(idOf(...id), `2.${a}.${i % 250}.1`), NOW + i, null)
    }
    const after = new Set(table.contacts())
    for (const contact of honest) assert.ok(after.has(contact))
  })
})

describe('wouldTake', () => {
  test('where there is room, or a split makes some, a newcomer is worth a ping', () => {
    const table = tableAt(OWN)
    fill(table, [0x80, 0x90, 0xa0], NOW)
    assert.equal(table.wouldTake(nodeAt(0xb0), NOW), true)
    fill(table, [0xb0], NOW)
    assert.equal(table.wouldTake(nodeAt(0xc0), NOW), false)
    assert.equal(table.wouldTake(nodeAt(0x40), NOW), true)
  })

  test('where somebody is questionable or bad, too, but not for one that waits already', () => {
    const table = tableAt(OWN)
    fill(table, [0x80, 0x90, 0xa0, 0xb0], NOW)
    table.answered(nodeAt(0xd0), NOW, null)
    assert.equal(table.wouldTake(nodeAt(0xc0), NOW), false)
    fail(table, 0x80, 1, NOW)
    assert.equal(table.wouldTake(nodeAt(0xc0), NOW), true)
    assert.equal(table.wouldTake(nodeAt(0xd0), NOW), false)
  })

  test('an eligible newcomer is worth a ping where one is in the table that is not', () => {
    const policy = { ...openPolicy, eligible: ({ id }: Contact) => id[0]! % 2 === 0 }
    const table = tableAt(OWN, smallParameters, policy)
    fill(table, [0x80, 0x91, 0xa0, 0xb0], NOW)
    assert.equal(table.wouldTake(nodeAt(0xc0), NOW), true)
    assert.equal(table.wouldTake(nodeAt(0xc1), NOW), false)
  })

  test('who queries under the address of a good contact with another id is not believed; of another, it is asked', () => {
    const table = tableAt(OWN)
    fill(table, [0x80], NOW)
    const other = contactOf(idOf(0x40), nodeAt(0x80).address.host)
    assert.equal(table.wouldTake(other, NOW), false)
    assert.equal(table.wouldTake(other, NOW + goodForMs + 1), true)
  })

  test('our own id, contacts that are known or not admitted, taken IPs and prefixes are not', () => {
    const policy = {
      ...publicPolicy,
      admits: ({ address }: Contact) => address.port !== 1,
    }
    const table = tableAt(OWN, smallParameters, policy)
    table.answered(contactOf(idOf(0x80), '1.0.0.1'), NOW, null)
    assert.equal(table.wouldTake(contactOf(idOf(0x90), '1.0.1.1'), NOW), true)
    for (const contact of [
      contactOf(OWN, '1.0.1.1'),
      contactOf(idOf(0x80), '1.0.0.1'),
      contactOf(idOf(0x80), '1.0.1.1'),
      contactOf(idOf(0x90), '1.0.1.1', 1),
      contactOf(idOf(0x90), '1.0.0.1', 7),
      contactOf(idOf(0x90), '1.0.0.2'),
      contactOf(idOf(0x90), '1.0.0.1'),
    ]) {
      assert.equal(table.wouldTake(contact, NOW), false)
    }
  })
})
