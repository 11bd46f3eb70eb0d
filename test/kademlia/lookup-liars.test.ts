// The lookup machine against those who lie: who is named under which id, at which IP, and how often.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Contact } from '../../src/kademlia/contact.ts'
import { answer, idsIn, lookupWith, nodes, offered } from './lookup-fixtures.ts'
import { contactOf, idOf, nodeAt } from './table-fixtures.ts'

describe('Against those who lie, a lookup', () => {
  test('takes at most maxContactsPerReply new contacts from one reply (T26)', () => {
    const lookup = lookupWith({ k: 8, alpha: 8, maxContactsPerReply: 3 })
    lookup.seed(nodes(50))
    answer(lookup, lookup.next()!, nodes(50, 1, 2, 3, 4, 5))
    assert.deepEqual(idsIn(offered(lookup)), [1, 2, 3])
  })

  test('takes at most maxCandidatesPerIp with one IP, from however many replies (T26)', () => {
    const lookup = lookupWith({ k: 8, alpha: 8 }, { group: ({ address }) => address.host })
    const ofOneIp = Array.from({ length: 200 }, (_, port) => contactOf(idOf(port), '10.6.6.6', port + 1))
    lookup.seed(nodes(50, 51))
    for (const candidate of offered(lookup)) answer(lookup, candidate, ofOneIp)
    assert.deepEqual(idsIn(offered(lookup)), [0, 1])
  })

  test('gives the places of an IP at which nobody answers to others there, and not those of who answers badly', () => {
    const lookup = lookupWith({ k: 8, alpha: 8 }, { group: ({ address }) => address.host })
    lookup.seed([1, 2, 3, 4, 5].map((port) => contactOf(idOf(port), '10.6.6.6', port)))
    const [one, two] = offered(lookup)
    lookup.slow(one!)
    assert.deepEqual(offered(lookup), [])
    lookup.failed(one!)
    const [three] = offered(lookup)
    assert.equal(three!.contact.address.port, 3)
    lookup.failed(two!, true)
    answer(lookup, three!)
    assert.deepEqual(offered(lookup), [])
    assert.equal(lookup.finished, true)
    assert.deepEqual(idsIn(lookup.closest()), [3])
  })

  test('waits for a place at an IP that those farther away hold, and asks others meanwhile', () => {
    const at = (id: number): Contact => contactOf(idOf(id), '10.6.6.6', id)
    const lookup = lookupWith({ k: 3, alpha: 9 }, { group: ({ address }) => address.host })
    lookup.seed([nodeAt(80), at(90), at(100)])
    const [near, far] = offered(lookup)
    answer(lookup, near!, [at(1), ...nodes(7, 8, 9)])
    const others = offered(lookup)
    assert.deepEqual(idsIn(others), [7, 8, 9])
    for (const other of others) answer(lookup, other)
    assert.equal(lookup.finished, false)
    lookup.failed(far!)
    assert.deepEqual(idsIn(offered(lookup)), [1])
  })

  test('asks of those at one IP whom it knows itself, then whom most have named, however near others are named', () => {
    const at = (id: number): Contact => contactOf(idOf(id), '10.6.6.6', id)
    const lookup = lookupWith(
      { k: 9, alpha: 3, maxCandidatesPerIp: 1 },
      { group: ({ address }) => (address.host === '10.6.6.6' ? address.host : null) },
    )
    lookup.seed([nodeAt(200), nodeAt(201), nodeAt(202)])
    const [liar, first, second] = offered(lookup)
    answer(lookup, first!, [at(99)])
    answer(lookup, liar!, [at(1), at(2), at(3), at(1)])
    lookup.named(liar!, [at(1), at(2)])
    answer(lookup, second!, [at(99)])
    lookup.seed([at(150)])
    const order: number[] = []
    for (let next = lookup.next(); next !== null; next = lookup.next()) {
      order.push(next.contact.id[0]!)
      lookup.failed(next)
    }
    assert.deepEqual(order, [150, 99, 1, 2, 3])
  })

  test('asks an endpoint under the nearer of the ids with which it is named, and under an eligible one first', () => {
    const at = (id: number): Contact => contactOf(idOf(id), '10.0.0.9')
    const lookup = lookupWith({ k: 1, alpha: 1 }, { eligible: ({ id }) => id[0] !== 1 })
    lookup.seed([at(200)])
    lookup.seed([at(5)])
    lookup.seed([at(90)])
    lookup.seed([at(1)])
    const asked = lookup.next()!
    assert.equal(asked.contact.id[0], 5)
    lookup.seed([at(2)])
    assert.equal(lookup.next(), null)
    lookup.failed(asked)
    lookup.seed([at(3)])
    assert.equal(lookup.next(), null)
    assert.equal(lookup.finished, true)
  })

  test('asks an endpoint once more under the id that it gives itself, and under no third', () => {
    const at = (id: number): Contact => contactOf(idOf(id), '10.0.0.9')
    const lookup = lookupWith({ k: 1, alpha: 1 }, { group: ({ address }) => address.host })
    lookup.seed([at(1), nodeAt(50)])
    const renamed = lookup.next()!
    lookup.answeredAs(renamed, idOf(20))
    assert.equal(renamed.state, 'failed')
    lookup.seed([at(2)])
    const own = lookup.next()!
    assert.deepEqual([own.contact.id[0], own.contact.address], [20, at(1).address])
    lookup.answeredAs(own, idOf(3))
    lookup.answeredAs(own, idOf(4))
    lookup.seed([at(5)])
    assert.deepEqual(idsIn(offered(lookup)), [50])
  })

  test('counts who answers under the id that it gave itself, and believes no one who renames it meanwhile', () => {
    const lookup = lookupWith({ k: 1, alpha: 1 })
    lookup.seed([contactOf(idOf(1), '10.0.0.9'), nodeAt(50)])
    lookup.answeredAs(lookup.next()!, idOf(60))
    answer(lookup, lookup.next()!, [contactOf(idOf(0), '10.0.0.9'), nodeAt(70)])
    assert.equal(lookup.finished, true)
    assert.deepEqual(idsIn(lookup.closest()), [50])
  })

  test('asks no third time whose own word fell out of the list', () => {
    const liar = (id: number): Contact => contactOf(idOf(id), '10.0.0.9')
    const lookup = lookupWith({ k: 1, alpha: 1, maxCandidates: 1 })
    lookup.seed([liar(1)])
    const first = lookup.next()!
    lookup.seed([nodeAt(50)])
    lookup.answeredAs(first, idOf(60))
    lookup.named(first, [liar(2)])
    assert.deepEqual(idsIn(offered(lookup)), [50])
  })

  test('asks nobody twice, under however many ids its endpoint is named', () => {
    const lookup = lookupWith({ k: 8, alpha: 8 })
    lookup.seed([contactOf(idOf(1), '10.0.0.1'), contactOf(idOf(2), '10.0.0.1'), nodeAt(3)])
    const asked = offered(lookup)
    assert.deepEqual(idsIn(asked), [1, 3])
    answer(lookup, asked[1]!, [contactOf(idOf(0), '10.0.0.1')])
    assert.deepEqual(offered(lookup), [])
  })

  test('asks at most maxAsked on a path where each answer names somebody nearer, and then ends with what it has', () => {
    const lookup = lookupWith({ k: 2, alpha: 2, maxAsked: 10 })
    lookup.seed(nodes(255, 254))
    let asked = 0
    let nearer = 250
    for (let next = lookup.next(); next !== null; next = lookup.next()) {
      asked++
      answer(lookup, next, nodes(nearer--, nearer--))
      if (lookup.finished) break
    }
    assert.equal(asked, 10)
    assert.equal(lookup.finished, true)
    assert.equal(lookup.closest().length, 2)
  })

  test('waits at its end for those that it has asked, whoever nearer was named', () => {
    const lookup = lookupWith({ k: 1, alpha: 2, maxAsked: 2 })
    lookup.seed(nodes(8, 9))
    lookup.failed(lookup.next()!)
    const nine = lookup.next()!
    assert.equal(lookup.finished, false)
    answer(lookup, nine, nodes(1, 2, 3))
    assert.equal(lookup.finished, true)
    assert.deepEqual(idsIn(lookup.closest()), [9])
  })

  test('keeps half of its requests for eligible ones, however many nearer ones are not (BEP 42)', () => {
    const lookup = lookupWith({ k: 2, alpha: 2, maxAsked: 20 }, { eligible: ({ id }) => id[0]! >= 100 })
    lookup.seed(nodes(101, 102, 99))
    let nearer = 98
    const asked: number[] = []
    for (let next = lookup.next(); next !== null; next = lookup.next()) {
      asked.push(next.contact.id[0]!)
      answer(lookup, next, next.eligible ? [] : nodes(nearer--, nearer--))
    }
    assert.equal(asked.filter((id) => id < 100).length, 10)
    assert.equal(lookup.finished, true)
    assert.deepEqual(idsIn(lookup.closest()), [101, 102])
  })

  test('forgets no one who answered for a flood of near ones that are all dead', () => {
    const lookup = lookupWith({ k: 2, alpha: 2, maxCandidates: 4, maxContactsPerReply: 16, maxAsked: 100 })
    lookup.seed(nodes(200, 201))
    const [first, second] = offered(lookup)
    answer(lookup, first!, nodes(...Array.from({ length: 16 }, (_, i) => i)))
    answer(lookup, second!, nodes(...Array.from({ length: 16 }, (_, i) => 16 + i)))
    for (let next = lookup.next(); next !== null; next = lookup.next()) lookup.failed(next)
    assert.equal(lookup.finished, true)
    assert.deepEqual(idsIn(lookup.closest()), [200, 201])
  })

  test('takes in again who fell out unasked, when it is named again', () => {
    const lookup = lookupWith({ k: 1, alpha: 1, maxCandidates: 1 }, { group: ({ address }) => address.host })
    lookup.seed(nodes(8, 9))
    const eight = lookup.next()!
    answer(lookup, eight, nodes(5, 6))
    const five = lookup.next()!
    assert.equal(five.contact.id[0], 5)
    lookup.failed(five)
    lookup.seed(nodes(6))
    assert.deepEqual(idsIn(offered(lookup)), [6])
  })
})
