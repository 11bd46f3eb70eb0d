// The lookup machine under any order of answers, failures, slowness and late answers, on networks of small ids: it keeps
// its bounds, it ends, and where everybody tells the truth it finds the truth.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Candidate } from '../../src/kademlia/candidates.ts'
import { addressKey } from '../../src/kademlia/contact.ts'
import type { Contact } from '../../src/kademlia/contact.ts'
import { compareDistance, toHex } from '../../src/kademlia/id.ts'
import type { Id } from '../../src/kademlia/id.ts'
import { Lookup } from '../../src/kademlia/lookup.ts'
import type { LookupOptions } from '../../src/kademlia/lookup.ts'
import { contactOf, idOf } from '../kademlia/table-fixtures.ts'

// fast-check prints seed and path of what it found; both can be put here to see it again.
const runs: fc.Parameters<unknown> = { numRuns: 600 }

interface Node {
  readonly contact: Contact
  readonly eligible: boolean
  readonly dead: boolean
  /** Whom it names: indexes of other nodes. Not used where everybody tells the truth. */
  readonly names: readonly number[]
  /** False: it gives no token. */
  readonly counts: boolean
  /** The id under which it answers, if not under that with which it is named. */
  readonly answersAs: Id | null
}

interface Topology {
  readonly target: Id
  readonly nodes: readonly Node[]
  readonly self: Id | null
}

function topologies(idBytes: number): fc.Arbitrary<Topology> {
  const ids = fc.uint8Array({ minLength: idBytes, maxLength: idBytes })
  const node = fc.record({
    id: ids,
    host: fc.nat({ max: 12 }),
    port: fc.integer({ min: 1, max: 4 }),
    eligible: fc.boolean(),
    dead: fc.boolean(),
    counts: fc.boolean(),
    answersAs: fc.option(ids),
    names: fc.array(fc.nat({ max: 39 }), { maxLength: 12 }),
  })
  return fc
    .record({ target: ids, nodes: fc.array(node, { maxLength: 40 }), self: fc.option(ids) })
    .map(({ target, nodes, self }) => ({
      target: idOf(...target),
      self: self === null ? null : idOf(...self),
      nodes: nodes.map(({ id, host, port, answersAs, ...rest }) => ({
        ...rest,
        answersAs: answersAs === null ? null : idOf(...answersAs),
        contact: contactOf(idOf(...id), `10.0.0.${host}`, port),
      })),
    }))
}

const parameters = fc.record({
  k: fc.integer({ min: 1, max: 5 }),
  alpha: fc.integer({ min: 1, max: 5 }),
  disjointPaths: fc.integer({ min: 1, max: 4 }),
  maxCandidates: fc.integer({ min: 1, max: 12 }),
  maxContactsPerReply: fc.integer({ min: 1, max: 8 }),
  maxCandidatesPerIp: fc.integer({ min: 1, max: 3 }),
  maxAsked: fc.integer({ min: 1, max: 20 }),
})

/** Enough of everything, for properties of what is found. */
const ample = { maxCandidates: 100, maxContactsPerReply: 80, maxCandidatesPerIp: 100, maxAsked: 256 }

/** What happens next, where something can be chosen: one number a step; afterwards everything goes its way. */
const choices = fc.array(fc.nat({ max: 13 }), { maxLength: 120 })

/** Its answer; an id under which it answers instead of the one that was expected; null: nothing. */
type Reply = (
  candidate: Candidate,
) => { readonly closer: readonly Contact[]; readonly counts: boolean } | Id | null

interface Others {
  readonly reply: Reply
  /** Who may be taken for dead before it has answered or failed. */
  readonly mayBeSilent: (candidate: Candidate) => boolean
}

/** Drives a lookup to its end, and looks at it after every step. */
class Drive {
  readonly lookup: Lookup
  readonly asked: Candidate[] = []
  /** Those that answered and count. */
  readonly answered = new Set<Candidate>()
  readonly #options: LookupOptions
  readonly #others: Others
  readonly #pending: Candidate[] = []

  constructor(options: LookupOptions, seeds: readonly Contact[], others: Others) {
    this.#options = options
    this.#others = others
    this.lookup = new Lookup(options)
    this.lookup.seed(seeds)
  }

  run(order: readonly number[]): this {
    for (const choice of order) {
      this.#step(choice)
      this.#check()
    }
    const { parameters: bounds } = this.#options
    const most = 4 * bounds.disjointPaths * bounds.maxAsked + 4
    for (let steps = 0; ; steps++) {
      assert.ok(steps <= most, 'it does not end')
      if (!this.#next() && this.#pending.length === 0) break
      if (this.#pending.length > 0) this.#settle(this.#pending[0]!)
      this.#check()
    }
    assert.ok(this.lookup.finished, 'nobody to ask, nobody to wait for, and still not finished')
    return this
  }

  #step(choice: number): void {
    const candidate = this.#pending[choice % Math.max(1, this.#pending.length)]
    if (choice < 5 || candidate === undefined) this.#next()
    else if (choice < 8) this.lookup.slow(candidate)
    else if (choice < 10 && this.#others.mayBeSilent(candidate)) this.lookup.silent(candidate)
    else this.#settle(candidate)
  }

  #next(): boolean {
    const wasFinished = this.lookup.finished
    const candidate = this.lookup.next()
    if (candidate === null) return false
    assert.ok(!wasFinished, 'a finished lookup asks nobody')
    assert.ok(!candidate.self)
    this.#checkSlots(candidate)
    this.asked.push(candidate)
    this.#pending.push(candidate)
    return true
  }

  /** Fewer than alpha were asked that are nearer than it, on its path, and are not slow. */
  #checkSlots({ path, contact, group }: Candidate): void {
    const { alpha, disjointPaths } = this.#options.parameters
    const isNearer = (other: Candidate): boolean =>
      compareDistance(this.#options.target, other.contact.id, contact.id) < 0
    const nearer = this.#pending.filter(
      (other) => other.path === path && other.state === 'asked' && isNearer(other),
    )
    // Of those at one IP another one than the nearest may be asked, whoever is between them.
    if (group === null)
      assert.ok(nearer.length < Math.max(1, Math.floor(alpha / disjointPaths)), 'more than its parallelism')
  }

  #settle(candidate: Candidate): void {
    this.#pending.splice(this.#pending.indexOf(candidate), 1)
    const reply = this.#others.reply(candidate)
    if (reply === null) return this.lookup.failed(candidate)
    if (reply instanceof Uint8Array) return this.lookup.answeredAs(candidate, reply)
    this.lookup.answered(candidate, reply)
    if (reply.counts) this.answered.add(candidate)
  }

  #check(): void {
    const { parameters: bounds, eligible, group, target } = this.#options
    assert.ok(this.asked.length <= bounds.maxAsked * bounds.disjointPaths, 'more than maxAsked')
    for (const ownWord of [false, true]) {
      const endpoints = this.asked
        .filter((candidate) => candidate.ownWord === ownWord)
        .map(({ contact }) => addressKey(contact.address))
      assert.equal(
        new Set(endpoints).size,
        endpoints.length,
        'an endpoint was asked twice under ids of one kind',
      )
    }
    const holders = this.asked.filter(({ state }) => state !== 'failed')
    const groups = Map.groupBy(holders, ({ contact }) => group(contact))
    for (const [name, members] of groups) {
      assert.ok(name === null || members.length <= bounds.maxCandidatesPerIp, `too many of ${name}`)
    }
    const closest = this.lookup.closest()
    assert.ok(closest.length <= bounds.k)
    assert.ok(closest.filter(({ self }) => self).length <= 1, 'the local node counts once')
    for (const [i, candidate] of closest.entries()) {
      assert.ok(candidate.self || this.answered.has(candidate), 'one that did not answer')
      assert.ok(candidate.self || eligible(candidate.contact), 'one that is not eligible')
      const before = closest[i - 1]
      if (before !== undefined)
        assert.ok(compareDistance(target, before.contact.id, candidate.contact.id) < 0, 'not sorted')
    }
  }
}

for (const idBytes of [1, 2]) {
  describe(`a lookup among ids of ${idBytes} byte`, () => {
    test('always ends and keeps its bounds, whatever is answered, lost, slow, silent or late (T26)', () => {
      const seeds = fc.array(fc.nat({ max: 39 }), { maxLength: 10 })
      fc.assert(
        fc.property(topologies(idBytes), parameters, seeds, choices, (topology, bounds, known, order) => {
          const { nodes, target, self } = topology
          const at = (indexes: readonly number[]): Node[] => indexes.flatMap((index) => nodes[index] ?? [])
          const nodeOf = ({ address }: Contact): Node =>
            nodes.find(({ contact }) => contact.address === address)!
          const options: LookupOptions = {
            target,
            self,
            parameters: bounds,
            eligible: (contact) => nodeOf(contact).eligible,
            group: ({ address }) => (address.host === '10.0.0.0' ? null : address.host),
          }
          const named = (indexes: readonly number[]): Contact[] => at(indexes).map(({ contact }) => contact)
          const reply: Reply = ({ contact, ownWord }) => {
            const { dead, names, counts, answersAs } = nodeOf(contact)
            if (dead) return null
            return answersAs === null || ownWord ? { closer: named(names), counts } : answersAs
          }
          new Drive(options, named(known), { reply, mayBeSilent: () => true }).run(order)
        }),
        runs,
      )
    })

    // With `lies` everybody also names some under the id in their answersAs.
    const honest = (
      isDead: (node: Node) => boolean,
      isEligible: (node: Node) => boolean,
      lies: (node: Node) => readonly Contact[] = () => [],
    ) =>
      fc.property(
        topologies(idBytes),
        parameters,
        fc.nat({ max: 39 }),
        choices,
        ({ target, nodes: drawn, self }, bounds, first, order) => {
          const others = drawn.filter(({ contact }) => self === null || toHex(contact.id) !== toHex(self))
          const nodes = [...new Map(others.map((node) => [toHex(node.contact.id), node])).values()].map(
            (node, index) => ({ ...node, contact: contactOf(node.contact.id, `10.1.0.${index}`) }),
          )
          const living = nodes.filter((node) => !isDead(node))
          const seed = living[first % Math.max(1, living.length)]
          const nearest = (from: readonly Node[]): Contact[] =>
            from
              .map(({ contact }) => contact)
              .toSorted((a, b) => compareDistance(target, a.id, b.id))
              .slice(0, bounds.k + 1)
          const right = living.filter(isEligible)
          const nodeAt = ({ address }: Contact): Node =>
            nodes.find(({ contact }) => contact.address === address)!
          const options: LookupOptions = {
            target,
            self,
            parameters: { ...bounds, ...ample },
            eligible: (contact) => isEligible(nodeAt(contact)),
            group: () => null,
          }
          const liesOf = nodes.flatMap((node) => lies(node))
          const truthOf = (contact: Contact | null): Contact[] =>
            [...nearest(nodes), ...nearest(right)].filter((each) => each !== contact)
          // Who takes part knows its true k closest, too; who only asks need know one that lives.
          const seeds = self !== null ? truthOf(null) : seed === undefined ? [] : [seed.contact]
          const reply: Reply = ({ contact }) => {
            const node = nodeAt(contact)
            if (isDead(node)) return null
            if (toHex(contact.id) !== toHex(node.contact.id)) return node.contact.id
            return { closer: [...liesOf, ...truthOf(node.contact)], counts: true }
          }
          const mayBeSilent = ({ contact }: Candidate): boolean => isDead(nodeAt(contact))
          const drive = new Drive(options, seeds, { reply, mayBeSilent }).run(order)
          const found = drive.lookup.closest().map(({ contact }) => toHex(contact.id))
          const ids = right.map(({ contact }) => contact.id)
          if (self !== null) ids.push(self)
          const truth = ids
            .toSorted((a, b) => compareDistance(target, a, b))
            .slice(0, bounds.k)
            .map((id) => toHex(id))
          if (living.length > 0) assert.deepEqual(found, truth)
        },
      )

    test('finds exactly the true k closest where everybody answers with its true k closest', () => {
      const nobody = (): boolean => false
      const all = (): boolean => true
      fc.assert(honest(nobody, all), runs)
    })

    test('finds exactly the k closest that live, however many nearer ones are dead', () => {
      const isDead = ({ dead }: Node): boolean => dead
      const all = (): boolean => true
      fc.assert(honest(isDead, all), runs)
    })

    test('finds exactly the true k closest though everybody also names them under other ids (T5)', () => {
      const nobody = (): boolean => false
      const all = (): boolean => true
      const lies = ({ contact, answersAs }: Node): Contact[] =>
        answersAs === null ? [] : [{ id: answersAs, address: contact.address }]
      fc.assert(honest(nobody, all, lies), runs)
    })

    test('finds exactly the k closest eligible ones, however many nearer ones are not (BEP 42)', () => {
      const nobody = (): boolean => false
      const isEligible = ({ eligible }: Node): boolean => eligible
      fc.assert(honest(nobody, isEligible), runs)
    })
  })
}
