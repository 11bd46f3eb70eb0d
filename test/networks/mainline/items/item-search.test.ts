// What a search believes and how it chooses, without a network. What travels: test/scenarios/items.test.ts.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { asId, toHex } from '../../../../src/kademlia/id.ts'
import type { FamilyHolder, FamilyNode } from '../../../../src/networks/mainline/family.ts'
import { digestOf, mutableTarget } from '../../../../src/networks/mainline/items/item.ts'
import { ItemSearch } from '../../../../src/networks/mainline/items/item-search.ts'
import { holdersOf } from '../../../../src/node/write.ts'
import { TestPublisher, type MutableItem } from '../item-fixtures.ts'

const publisher = new TestPublisher('search')
const target = mutableTarget(publisher.publicKey, new Uint8Array(0))

function search(leastSeq = 0n): ItemSearch {
  return new ItemSearch({ target, salt: new Uint8Array(0), leastSeq, first: false, forPut: true })
}

function holder(number: number): FamilyHolder {
  const id = asId(new Uint8Array(20).fill(number))
  const contact = { id, address: { host: `10.0.0.${number}`, port: 6881 } }
  return { local: null as unknown as FamilyNode, contact, token: Uint8Array.of(number) }
}

const OURSELVES: FamilyHolder = {
  ...holder(0),
  contact: { id: asId(new Uint8Array(20)), address: { host: 'self', port: 0 } },
  token: null,
}

describe('A search for an item', () => {
  test('of more values of one seq than it tells keeps those with the lowest digests, in whatever order (T15)', () => {
    const forks = Array.from({ length: 12 }, (_, i) => publisher.item(`value ${i}`, 7n))
    const byDigest = forks.toSorted((a, b) => (toHex(digestOf(a)) < toHex(digestOf(b)) ? -1 : 1))
    for (const order of [byDigest, byDigest.toReversed(), forks]) {
      const found = search()
      for (const [index, item] of order.entries()) found.take(item, holder(index + 1).contact)
      assert.deepEqual([found.best, ...found.others], byDigest.slice(0, 8))
    }
  })

  test('knows who holds what, itself too, and counts copies of any version', () => {
    const found = search()
    const [old, now, fork] = [
      publisher.item('old', 1n),
      publisher.item('now', 2n),
      publisher.item('fork', 2n),
    ] as [MutableItem, MutableItem, MutableItem]
    found.take(now, null)
    found.take(old, holder(1).contact)
    found.take(now, holder(2).contact)
    found.take(fork, holder(3).contact)
    assert.deepEqual(
      [OURSELVES, holder(1), holder(2), holder(3), holder(4)].map((each) => found.heldBy(each)),
      [now, old, now, fork, null],
    )
    assert.deepEqual(
      [old, now, fork].map((item) => [found.copiesOf(item), found.copiesElsewhere(item)]),
      [
        [1, 1],
        [2, 1],
        [1, 1],
      ],
    )
    assert.deepEqual(
      [old, now, fork, publisher.item('next', 3n)].map((item) => found.isNewest(item)),
      [false, false, false, true],
    )
  })

  test('knows what holds an item that is older than one seen before, and does not give it (T13)', () => {
    const found = search(5n)
    const old = publisher.item('old', 4n)
    found.take(old, holder(1).contact)
    assert.equal(found.best, null)
    assert.equal(found.heldBy(holder(1)), old)
  })
})

describe('Who gave a token', () => {
  test('is remembered without the datagrams that its id and its token came in (T12)', () => {
    const datagram = new Uint8Array(1_500)
    const [id, token] = [datagram.subarray(10, 30), datagram.subarray(30, 38)]
    const contact = { id: asId(id), address: { host: '10.0.0.1', port: 6881 } }
    const family = null as unknown as FamilyNode
    const [other, ourselves] = holdersOf(family, [
      { contact, reply: { token, nodes: [contact] }, self: false },
      { contact: OURSELVES.contact, reply: null, self: true },
    ]) as [FamilyHolder, FamilyHolder]
    assert.deepEqual(other, {
      local: family,
      contact: { ...contact, id: new Uint8Array(20) },
      token: new Uint8Array(8),
    })
    assert.equal(other.contact.id.buffer.byteLength, 20)
    assert.equal(other.token.buffer.byteLength, 8)
    assert.equal(ourselves.token, null)
  })

  test('may have given one of no bytes', () => {
    const contact = holder(1).contact
    const closest = [{ contact, reply: { token: new Uint8Array(0) }, self: false }]
    assert.deepEqual(holdersOf(null as unknown as FamilyNode, closest)[0]!.token, new Uint8Array(0))
  })
})
