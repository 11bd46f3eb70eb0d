// Candidates of one lookup that share an IP: how many of them may be asked, and which one first. Whoever names an honest
// node's IP with other ports must neither take its place nor keep us from it (threat T7, T26).
import type { Candidate } from './candidates.ts'

interface Group {
  /** Asked and not yet settled. */
  underWay: number
  /** They answered, whatever it was. */
  answered: number
  /** Named and not asked yet, in the order in which they were named. */
  readonly heard: Set<Candidate>
}

export class CandidateGroups {
  /** Places of a group, held by those under way and by those that answered. Whoever is silent gives its place back. */
  readonly #places: number
  /** At most one a candidate that is heard, under way or has answered. */
  readonly #groups = new Map<string, Group>()

  constructor(places: number) {
    this.#places = places
  }

  heard(candidate: Candidate): void {
    if (candidate.group === null) return
    const group = this.#groups.get(candidate.group)
    if (group !== undefined) group.heard.add(candidate)
    else this.#groups.set(candidate.group, { underWay: 0, answered: 0, heard: new Set([candidate]) })
  }

  /** It was only heard of, and is no candidate any more. */
  dropped(candidate: Candidate): void {
    const group = this.#groupOf(candidate)
    group?.heard.delete(candidate)
    this.#tidy(candidate, group)
  }

  asked(candidate: Candidate): void {
    const group = this.#groupOf(candidate)
    if (group === null) return
    group.heard.delete(candidate)
    group.underWay++
  }

  settled(candidate: Candidate, hasAnswered: boolean): void {
    const group = this.#groupOf(candidate)
    if (group === null) return
    group.underWay--
    if (hasAnswered) group.answered++
    this.#tidy(candidate, group)
  }

  /** Whether a place is free now. */
  hasPlace(candidate: Candidate): boolean {
    const group = this.#groupOf(candidate)
    return group === null || group.underWay + group.answered < this.#places
  }

  /** Whether a place is free or may yet be given back. */
  mayHavePlace(candidate: Candidate): boolean {
    const group = this.#groupOf(candidate)
    return group === null || group.answered < this.#places
  }

  /** Who of the path and the group of one that was only heard of is to be asked in its place; itself, for the most part. */
  preferred(candidate: Candidate): Candidate {
    let best = candidate
    for (const other of this.#groupOf(candidate)?.heard ?? []) {
      if (other.path === candidate.path && precedes(other, best)) best = other
    }
    return best
  }

  #groupOf({ group }: Candidate): Group | null {
    return group === null ? null : (this.#groups.get(group) ?? null)
  }

  #tidy({ group: name }: Candidate, group: Group | null): void {
    if (name === null || group === null) return
    if (group.underWay + group.answered + group.heard.size === 0) this.#groups.delete(name)
  }
}

/**
 * First one that counts (BEP 42), then one known at first hand, then the one that more have named: a liar is one voice,
 * and those who are near the target are named by all who are near it.
 */
function precedes(a: Candidate, b: Candidate): boolean {
  if (a.eligible !== b.eligible) return a.eligible
  const [first, second] = [isFirstHand(a), isFirstHand(b)]
  return first === second ? a.namers.size > b.namers.size : first
}

function isFirstHand({ namedBy, ownWord }: Candidate): boolean {
  return namedBy === null || ownWord
}
