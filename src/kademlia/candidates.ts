// The candidates of one path of a lookup, sorted by distance to the target. Not here: who is asked when (lookup.ts).
import type { Contact } from './contact.ts'
import { compareDistance, type Id } from './id.ts'

/**
 * heard: named by somebody. asked: a request is under way and holds a slot. slow: the same, but its slot is given back.
 * doubtful: the same, and it has been asked for the last time. silent: the same, but nobody waits for it any more.
 * answered, failed: final.
 */
export type CandidateState = 'heard' | 'asked' | 'slow' | 'doubtful' | 'silent' | 'answered' | 'failed'

export interface Candidate {
  readonly contact: Contact
  /** Index of the path that it belongs to. */
  readonly path: number
  state: CandidateState
  /** Counts for the end of the lookup and for its result (BEP 42: the id fits the address). */
  eligible: boolean
  /** Who named it; null for those of our own table, and for ourselves. */
  readonly namedBy: Contact | null
  /** How many answers away from our own table: 0 for those of the table. */
  readonly depth: number
  /** Its endpoint has answered under this id when it was asked under another one, and is asked under no third. */
  readonly ownWord: boolean
  /** What it shares with others at its IP; null: no limit (AdmissionPolicy.tableGroup). */
  readonly group: string | null
  /** Hosts that named its endpoint, under whatever id, before it was asked. At most one a request of the lookup. */
  readonly namers: Set<string>
  /** The local node, which takes part without the wire. */
  readonly self: boolean
}

/**
 * A list sorted by distance. At most `capacity` of them are only heard of; of more, the farthest falls out, the
 * ineligible first. Those that were asked stay, however many nearer ones are named: maxAsked bounds their number.
 */
export class Candidates {
  readonly sorted: Candidate[] = []
  readonly #target: Id
  readonly #capacity: number
  #heard = 0
  #heardIneligible = 0

  constructor(target: Id, capacity: number) {
    this.#target = target
    this.#capacity = capacity
  }

  /** Takes it in; whoever of those only heard of falls out for it, perhaps itself, else null. */
  insert(candidate: Candidate): Candidate | null {
    let low = 0
    let high = this.sorted.length
    while (low < high) {
      const middle = (low + high) >> 1
      const other = this.sorted[middle]!
      if (compareDistance(this.#target, other.contact.id, candidate.contact.id) <= 0) low = middle + 1
      else high = middle
    }
    this.sorted.splice(low, 0, candidate)
    if (candidate.state !== 'heard') return null
    this.#count(candidate, 1)
    return this.#heard > this.#capacity ? this.#dropOne() : null
  }

  /** Takes one out that was only heard of. */
  remove(candidate: Candidate): void {
    this.sorted.splice(this.sorted.indexOf(candidate), 1)
    this.#count(candidate, -1)
  }

  /** It is asked, and holds its place from now on. */
  asked(candidate: Candidate): void {
    this.#count(candidate, -1)
    candidate.state = 'asked'
  }

  /** Calls visit for the candidates that have not failed, nearest first, until k eligible ones that `counts` accepts. */
  walkHead(
    k: number,
    counts: (candidate: Candidate) => boolean,
    visit: (candidate: Candidate) => boolean,
  ): void {
    let counted = 0
    for (const candidate of this.sorted) {
      if (candidate.state === 'failed') continue
      if (!visit(candidate)) return
      if (candidate.eligible && counts(candidate) && ++counted === k) return
    }
  }

  #dropOne(): Candidate {
    // Ids made to fit no address are cheap, so a flood of them must not push the others out (BEP 42).
    const onlyIneligible = this.#heardIneligible > this.#capacity / 2
    const index = this.sorted.findLastIndex(
      ({ state, eligible }) => state === 'heard' && !(onlyIneligible && eligible),
    )
    const dropped = this.sorted.splice(index, 1)[0]!
    this.#count(dropped, -1)
    return dropped
  }

  #count(candidate: Candidate, change: 1 | -1): void {
    this.#heard += change
    if (!candidate.eligible) this.#heardIneligible += change
  }
}
