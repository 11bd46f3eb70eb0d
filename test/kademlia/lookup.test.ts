// The lookup machine by examples; properties over random networks stand in test/properties/lookup.test.ts, liars in
// lookup-liars.test.ts.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { answer, idsIn, lookupWith, nodes, offered } from './lookup-fixtures.ts'
import { contactOf, idOf, nodeAt } from './table-fixtures.ts'

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
  })

  test('asks alpha of the nearest at once, whoever farther away is still under way', () => {
    const lookup = lookupWith({ k: 4, alpha: 2 })
    lookup.seed(nodes(8, 9))
    const [eight, nine] = offered(lookup)
    answer(lookup, eight!, nodes(1, 2, 3))
    assert.equal(nine!.state, 'asked')
    const asked = offered(lookup)
    assert.deepEqual(idsIn(asked), [1, 2])
    answer(lookup, asked[1]!)
    assert.deepEqual(idsIn(offered(lookup)), [3])
  })

  test('goes on until the k nearest have answered, and asks nobody beyond them (B5-20)', () => {
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

  test('does not end upon one reply that names nobody nearer (B5-20)', () => {
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
    const two = lookup.next()!
    answer(lookup, two)
    const three = lookup.next()!
    answer(lookup, three)
    assert.equal(lookup.finished, false, 'the nearest one may still answer')
    assert.equal(lookup.next(), null)
    answer(lookup, slow, nodes(0))
    assert.equal(slow.state, 'answered')
    assert.deepEqual(idsIn(offered(lookup)), [0])
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

  test('ends without a silent one, whose answer counts until then', () => {
    const lookup = lookupWith({ k: 2, alpha: 2 })
    lookup.seed(nodes(1, 2, 3))
    const [one, two] = offered(lookup)
    lookup.silent(one!)
    const [three] = offered(lookup)
    assert.notEqual(three, undefined, 'its slot is free')
    answer(lookup, two!)
    assert.equal(lookup.finished, false)
    answer(lookup, three!)
    assert.equal(lookup.finished, true)
    assert.deepEqual(idsIn(lookup.closest()), [2, 3])
    answer(lookup, one!)
    assert.deepEqual(idsIn(lookup.closest()), [1, 2])
    lookup.silent(one!)
    assert.equal(one!.state, 'answered', 'who has answered is not silent')
  })

  test('puts the next in the place of one that failed (B5-20)', () => {
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

  test('does not count who answers without a token, and asks another in its place (B5-20)', () => {
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

describe('A lookup that waits', () => {
  test('is stalled as soon as those for whom it waits were all asked for the last time', () => {
    const lookup = lookupWith({ k: 2, alpha: 2 })
    lookup.seed(nodes(1, 2))
    const [one, two] = offered(lookup)
    answer(lookup, two!)
    lookup.slow(one!)
    assert.equal(lookup.stalled, false)
    lookup.doubtful(one!)
    assert.deepEqual([lookup.stalled, lookup.finished, lookup.hasGaps], [true, false, true])
    lookup.silent(one!)
    assert.deepEqual([lookup.stalled, lookup.finished, lookup.hasGaps], [true, true, true])
  })
})

describe('A gap in what was found', () => {
  test('is where one failed, or is doubtful, that would be among the k closest, and not where one farther did', () => {
    const lookup = lookupWith({ k: 2, alpha: 9 })
    lookup.seed(nodes(1, 2))
    const [one, two] = offered(lookup)
    answer(lookup, one!)
    assert.equal(lookup.hasGaps, false)
    lookup.slow(two!)
    assert.equal(lookup.hasGaps, false)
    lookup.doubtful(two!)
    assert.equal(lookup.hasGaps, true)
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
