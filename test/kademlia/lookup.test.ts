// The lookup machine by examples; properties over random networks stand in test/properties/lookup.test.ts.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Candidate } from '../../src/kademlia/candidates.ts'
import type { Contact } from '../../src/kademlia/contact.ts'
import { Lookup } from '../../src/kademlia/lookup.ts'
import type { LookupOptions } from '../../src/kademlia/lookup.ts'
import { defaultParameters } from '../../src/kademlia/parameters.ts'
import type { Parameters } from '../../src/kademlia/parameters.ts'
import { contactOf, idOf, idsOf, nodeAt } from './table-fixtures.ts'

const TARGET = idOf(0)

function lookupWith(parameters: Partial<Parameters> = {}, options: Partial<LookupOptions> = {}): Lookup {
  return new Lookup({
    target: TARGET,
    parameters: { ...defaultParameters, k: 2, alpha: 2, ...parameters },
    eligible: () => true,
    group: () => null,
    self: null,
    ...options,
  })
}

const nodes = (...ids: number[]): Contact[] => ids.map((id) => nodeAt(id))

/** Everybody whom the lookup offers now. */
function offered(lookup: Lookup): Candidate[] {
  const found: Candidate[] = []
  for (let next = lookup.next(); next !== null; next = lookup.next()) found.push(next)
  return found
}

const idsIn = (candidates: readonly Candidate[]): number[] => idsOf(candidates.map(({ contact }) => contact))

function answer(lookup: Lookup, candidate: Candidate, closer: readonly Contact[] = [], counts = true): void {
  lookup.answered(candidate, { closer, counts })
}

describe('A lookup', () => {
  test('is over at once where nobody is known', () => {
    const lookup = lookupWith()
    assert.equal(lookup.next(), null)
    assert.equal(lookup.finished, true)
    assert.deepEqual(lookup.closest(), [])
  })

  test('asks the nearest first, alpha of them at once', () => {
    const lookup = lookupWith({ k: 4, alpha: 2 })
    assert.equal(lookup.seed(nodes(9, 3, 5)), 3)
    assert.deepEqual(idsIn(offered(lookup)), [3, 5])
    assert.equal(lookup.asking, 2)
  })

  test('goes on until the k nearest have answered, and asks nobody beyond them', () => {
    const lookup = lookupWith()
    lookup.seed(nodes(8, 9))
    const [eight, nine] = offered(lookup)
    answer(lookup, eight!, nodes(1, 2, 7))
    assert.equal(lookup.finished, false)
    answer(lookup, nine!)
    const [one, two] = offered(lookup)
    answer(lookup, one!)
    assert.equal(lookup.finished, false)
    answer(lookup, two!)
    assert.equal(lookup.finished, true)
    assert.equal(lookup.next(), null)
    assert.deepEqual(idsIn(lookup.closest()), [1, 2])
  })

  test('does not end upon one reply that names nobody nearer', () => {
    const lookup = lookupWith({ k: 3, alpha: 1 })
    lookup.seed(nodes(1, 2, 3))
    answer(lookup, lookup.next()!)
    assert.equal(lookup.finished, false)
    assert.deepEqual(idsIn(offered(lookup)), [2])
  })

  test('gives the slot of a slow one to the next, and its late answer counts', () => {
    const lookup = lookupWith({ k: 2, alpha: 1 })
    lookup.seed(nodes(1, 2, 3))
    const slow = lookup.next()!
    assert.equal(lookup.next(), null)
    lookup.slow(slow)
    assert.equal(lookup.asking, 0)
    const two = lookup.next()!
    answer(lookup, two)
    const three = lookup.next()!
    answer(lookup, three)
    assert.equal(lookup.finished, false, 'the nearest one may still answer')
    assert.equal(lookup.next(), null)
    answer(lookup, slow, nodes(0))
    assert.equal(slow.state, 'answered')
    assert.deepEqual(idsIn(offered(lookup)), [0])
    assert.equal(lookup.asking, 1)
  })

  test('ends without a slow one when it fails', () => {
    const lookup = lookupWith({ k: 1, alpha: 1 })
    lookup.seed(nodes(1, 2))
    const slow = lookup.next()!
    lookup.slow(slow)
    answer(lookup, lookup.next()!)
    assert.equal(lookup.finished, false)
    lookup.failed(slow)
    assert.equal(lookup.finished, true)
    assert.deepEqual(idsIn(lookup.closest()), [2])
  })

  test('puts the next in the place of one that failed', () => {
    const lookup = lookupWith({ k: 2, alpha: 2 })
    lookup.seed(nodes(1, 2, 3))
    const [one, two] = offered(lookup)
    lookup.failed(one!)
    answer(lookup, two!)
    assert.equal(lookup.finished, false)
    const [three] = offered(lookup)
    answer(lookup, three!)
    assert.equal(lookup.finished, true)
    assert.deepEqual(idsIn(lookup.closest()), [2, 3])
  })

  test('hears of what is settled once: a second answer, failure or slowness changes nothing', () => {
    const lookup = lookupWith({ k: 2, alpha: 2 })
    lookup.seed(nodes(1, 2))
    const [one, two] = offered(lookup)
    answer(lookup, one!)
    lookup.failed(one!)
    lookup.slow(one!)
    lookup.failed(two!)
    answer(lookup, two!, nodes(0))
    assert.equal(lookup.asking, 0)
    assert.deepEqual(idsIn(lookup.closest()), [1])
    assert.equal(lookup.next(), null)
  })

  test('counts an id once, whoever else claims it', () => {
    const lookup = lookupWith({ k: 2, alpha: 3 })
    lookup.seed([nodeAt(1), nodeAt(1, 7), nodeAt(2)])
    for (let next = lookup.next(); next !== null; next = lookup.next()) answer(lookup, next)
    assert.deepEqual(idsIn(lookup.closest()), [1, 2])
  })

  test('counts the node itself rather than one that claims its id from an address that it does not fit (BEP 42)', () => {
    const liar = contactOf(idOf(1), '10.6.6.6')
    const lookup = lookupWith({ k: 2, alpha: 3 }, { eligible: ({ address }) => address.host !== '10.6.6.6' })
    lookup.seed([liar, nodeAt(1), nodeAt(2)])
    for (const candidate of offered(lookup)) answer(lookup, candidate)
    assert.deepEqual(
      lookup.closest().map(({ contact }) => contact.address.host),
      ['10.0.0.1', '10.0.0.2'],
    )
  })

  test('does not count who answers without a token, and asks another in its place', () => {
    const lookup = lookupWith({ k: 1, alpha: 1 })
    lookup.seed(nodes(1, 2))
    answer(lookup, lookup.next()!, [], false)
    assert.equal(lookup.finished, false)
    answer(lookup, lookup.next()!)
    assert.deepEqual(idsIn(lookup.closest()), [2])
  })

  test('counts the local node once and as itself, on however many paths, and never asks it', () => {
    const lookup = lookupWith({ k: 2, disjointPaths: 3, alpha: 3 }, { self: idOf(4) })
    lookup.seed([...nodes(1, 9), contactOf(idOf(4), '10.9.9.9')])
    const asked = offered(lookup)
    assert.deepEqual(idsIn(asked), [1, 9])
    for (const candidate of asked) answer(lookup, candidate, [contactOf(idOf(4), '10.9.9.8')])
    assert.equal(lookup.finished, true)
    assert.deepEqual(
      lookup.closest().map(({ contact, self }) => [contact.id[0], self]),
      [
        [1, false],
        [4, true],
      ],
    )
  })
})

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

describe('A gap in what was found', () => {
  test('is where one failed that would be among the k closest, and not where one farther did', () => {
    const lookup = lookupWith({ k: 2, alpha: 9 })
    lookup.seed(nodes(1, 2))
    const [one, two] = offered(lookup)
    answer(lookup, one!)
    assert.equal(lookup.hasGaps, false)
    lookup.failed(two!)
    assert.equal(lookup.hasGaps, true)
    lookup.named(one!, nodes(0))
    answer(lookup, lookup.next()!)
    assert.deepEqual(idsIn(lookup.closest()), [0, 1])
    assert.equal(lookup.hasGaps, false)
  })
})

describe('A lookup over disjoint paths', () => {
  test('deals its seeds out, and keeps on each path what was named there', () => {
    const lookup = lookupWith({ k: 1, alpha: 2, disjointPaths: 2 })
    lookup.seed(nodes(10, 20))
    const asked = offered(lookup)
    assert.deepEqual(
      asked.map(({ path, contact }) => [path, contact.id[0]]),
      [
        [0, 10],
        [1, 20],
      ],
    )
    answer(lookup, asked[0]!, nodes(1))
    answer(lookup, asked[1]!, nodes(1, 2))
    const next = offered(lookup)
    assert.deepEqual(
      next.map(({ path, contact, depth }) => [path, contact.id[0], depth]),
      [
        [0, 1, 1],
        [1, 2, 1],
      ],
    )
    for (const candidate of next) answer(lookup, candidate)
    assert.deepEqual(idsIn(lookup.closest()), [1])
  })

  test('shares alpha among them, at least one each, so that a liar on one does not stop the others', () => {
    const lookup = lookupWith({ k: 1, alpha: 2, disjointPaths: 3 })
    lookup.seed(nodes(10, 20, 30, 11, 21, 31))
    const asked = offered(lookup)
    assert.deepEqual(idsIn(asked), [10, 20, 30])
    answer(lookup, asked[1]!)
    answer(lookup, asked[2]!)
    assert.equal(lookup.finished, false)
    lookup.failed(asked[0]!)
    assert.deepEqual(idsIn(offered(lookup)), [11])
  })
})
