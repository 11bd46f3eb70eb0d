// The candidates of one path: their order, who falls out of a full list, and how far the head of the list reaches.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Candidates } from '../../src/kademlia/candidates.ts'
import type { Candidate } from '../../src/kademlia/candidates.ts'
import { idOf, nodeAt } from './table-fixtures.ts'

const TARGET = idOf(0)

function candidateAt(id: number, changes: Partial<Candidate> = {}): Candidate {
  return {
    contact: nodeAt(id),
    path: 0,
    state: 'heard',
    eligible: true,
    namedBy: null,
    depth: 0,
    ownWord: false,
    group: null,
    namers: new Set(),
    self: false,
    ...changes,
  }
}

function listOf(capacity: number, ...candidates: Candidate[]): Candidates {
  const list = new Candidates(TARGET, capacity)
  for (const candidate of candidates) list.insert(candidate)
  return list
}

const ids = (candidates: readonly Candidate[]): number[] => candidates.map(({ contact }) => contact.id[0]!)

function head(list: Candidates, k: number, counts = (_: Candidate): boolean => true): number[] {
  const seen: Candidate[] = []
  list.walkHead(k, counts, (candidate) => seen.push(candidate) > 0)
  return ids(seen)
}

describe('the candidates of a path', () => {
  test('stand by their distance to the target', () => {
    assert.deepEqual(ids(listOf(9, candidateAt(9), candidateAt(2), candidateAt(5)).sorted), [2, 5, 9])
  })

  test('that are equally far stand in the order in which they were named', () => {
    const first = candidateAt(7)
    const second = candidateAt(7)
    assert.deepEqual(listOf(9, first, second).sorted, [first, second])
  })

  test('are at most so many that are only heard of: the farthest falls out, which may be the newcomer', () => {
    const list = listOf(2, candidateAt(5), candidateAt(3))
    const far = candidateAt(9)
    assert.equal(list.insert(far), far)
    assert.equal(list.insert(candidateAt(1))!.contact.id[0], 5)
    assert.deepEqual(ids(list.sorted), [1, 3])
  })

  test('keep their place once they are asked, however many nearer ones are named', () => {
    const asked = candidateAt(200)
    const list = listOf(2, asked)
    list.asked(asked)
    for (let id = 100; id > 0; id--) list.insert(candidateAt(id))
    assert.deepEqual(ids(list.sorted), [1, 2, 200])
    asked.state = 'answered'
    assert.equal(list.insert(candidateAt(150))!.contact.id[0], 150)
  })

  test('with ids that fit no address cannot push out the others: they have half of the list (BEP 42)', () => {
    const list = listOf(4, candidateAt(50), candidateAt(60))
    for (let id = 40; id > 0; id--) list.insert(candidateAt(id, { eligible: false }))
    assert.deepEqual(ids(list.sorted), [1, 2, 50, 60])
  })

  test('with ids that fit no address have the whole list where nobody else wants it', () => {
    const list = listOf(4)
    for (let id = 40; id > 0; id--) list.insert(candidateAt(id, { eligible: false }))
    assert.deepEqual(ids(list.sorted), [1, 2, 3, 4])
    list.insert(candidateAt(99))
    assert.deepEqual(ids(list.sorted), [1, 2, 3, 99])
  })
})

describe('the head of the list', () => {
  test('is the k nearest', () => {
    assert.deepEqual(head(listOf(9, candidateAt(1), candidateAt(2), candidateAt(3)), 2), [1, 2])
  })

  test('reaches beyond those that do not count and those that are not eligible, and names them', () => {
    const list = listOf(
      9,
      candidateAt(1, { eligible: false }),
      candidateAt(2),
      candidateAt(3),
      candidateAt(4),
    )
    assert.deepEqual(head(list, 2), [1, 2, 3])
    assert.deepEqual(
      head(list, 2, ({ contact }) => contact.id[0] !== 2),
      [1, 2, 3, 4],
    )
  })

  test('leaves out the failed: the next ones move up', () => {
    const dead = candidateAt(1, { state: 'failed' })
    assert.deepEqual(head(listOf(9, dead, candidateAt(2), candidateAt(3), candidateAt(4)), 2), [2, 3])
  })

  test('ends where the visitor has seen enough', () => {
    const seen: Candidate[] = []
    const list = listOf(9, candidateAt(1), candidateAt(2))
    list.walkHead(
      2,
      () => true,
      (candidate) => seen.push(candidate) < 1,
    )
    assert.deepEqual(ids(seen), [1])
  })
})
