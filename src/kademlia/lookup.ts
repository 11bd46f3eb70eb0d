// The iterative lookup as a pure state machine: it is asked whom to query next and told of answers, failures and
// slowness. Kademlia paper, section 2.3. Not here: sending, and what an answer means (walk.ts and a network's queries.ts).
import { CandidateGroups } from './candidate-groups.ts'
import { Candidates, type Candidate } from './candidates.ts'
import { addressKey, type Contact } from './contact.ts'
import { compareDistance, sameId, type Id } from './id.ts'
import type { Parameters } from './parameters.ts'

export interface LookupOptions {
  readonly target: Id
  readonly parameters: Pick<
    Parameters,
    | 'k'
    | 'alpha'
    | 'disjointPaths'
    | 'maxCandidates'
    | 'maxContactsPerReply'
    | 'maxCandidatesPerIp'
    | 'maxAsked'
  >
  /** Whether a contact counts for the end and the result (AdmissionPolicy.eligible). */
  readonly eligible: (contact: Contact) => boolean
  /** At most maxCandidatesPerIp at once are asked of one group, or have answered; null: no limit (AdmissionPolicy.tableGroup). */
  readonly group: (contact: Contact) => string | null
  /** Our own id where the local node takes part in its own lookup, else null. */
  readonly self: Id | null
}

interface Path {
  readonly candidates: Candidates
  /** Requests sent so far; at most maxAsked. */
  asked: number
  /** Those of them to ineligible ones; at most half of maxAsked, so that a flood of them leaves time for the others. */
  askedIneligible: number
}

/** One lookup. It ends when the k closest candidates that are not silent and have not failed have all answered. */
export class Lookup {
  readonly target: Id
  readonly #options: LookupOptions
  readonly #paths: Path[]
  /** Slots of a path, for those asked that are nearer than the next one. */
  readonly #slotsPerPath: number
  /**
   * Endpoints of all candidates, so that each is asked once, and once more under the id with which it answered for
   * another. At most maxCandidates + 2 · maxAsked a path.
   */
  readonly #endpoints = new Map<string, Candidate>()
  readonly #groups: CandidateGroups
  #turn = 0

  constructor(options: LookupOptions) {
    const { parameters } = options
    this.target = options.target
    this.#options = options
    this.#groups = new CandidateGroups(parameters.maxCandidatesPerIp)
    this.#slotsPerPath = Math.max(1, Math.floor(parameters.alpha / parameters.disjointPaths))
    this.#paths = Array.from({ length: parameters.disjointPaths }, () => ({
      candidates: new Candidates(options.target, parameters.maxCandidates),
      asked: 0,
      askedIneligible: 0,
    }))
    if (options.self !== null) this.#addSelf(options.self)
  }

  /** Takes in contacts of our own table, dealt out over the paths; how many were new. */
  seed(contacts: Iterable<Contact>): number {
    let added = 0
    for (const contact of contacts) {
      if (this.#add(added % this.#paths.length, contact, null)) added++
    }
    return added
  }

  /** The candidate to query now, which then holds a slot; null when there is none or no slot is free. */
  next(): Candidate | null {
    for (let i = 0; i < this.#paths.length; i++) {
      const path = this.#paths[this.#turn % this.#paths.length]!
      this.#turn++
      const candidate = this.#nextOf(path)
      if (candidate === null) continue
      path.candidates.asked(candidate)
      this.#groups.asked(candidate)
      path.asked++
      if (!candidate.eligible) path.askedIneligible++
      return candidate
    }
    return null
  }

  /**
   * The candidate answered and named these. Late answers of slow ones count like others.
   * `counts` false: it is not to be one of the closest.
   */
  answered(candidate: Candidate, answer: { closer: readonly Contact[]; counts: boolean }): void {
    if (!this.#settle(candidate, true)) return
    if (!answer.counts) candidate.eligible = false
    // One id counts once; who merely claims it, from an address that it does not fit, does not stand in its way.
    candidate.state = this.#hasAnswered(candidate.contact.id) ? 'failed' : 'answered'
    this.named(candidate, answer.closer)
  }

  /** Takes in what a candidate named; at most maxContactsPerReply. */
  named(namedBy: Candidate, contacts: readonly Contact[]): void {
    let taken = 0
    for (const contact of contacts) {
      if (taken === this.#options.parameters.maxContactsPerReply) break
      if (this.#add(namedBy.path, contact, namedBy)) taken++
    }
  }

  /** The candidate did not answer, or not with anything of use. Whoever is silent makes room for others at its IP. */
  failed(candidate: Candidate, hasAnswered = false): void {
    if (this.#settle(candidate, hasAnswered)) candidate.state = 'failed'
  }

  /**
   * It answered under this id instead of the one with which it was named. Whoever named it may have lied to keep us from
   * it, so it is asked once more, under the id that it gives itself: only who answers under the id that was expected
   * counts (T5).
   */
  answeredAs(candidate: Candidate, id: Id): void {
    const isFinal = candidate.ownWord || sameId(id, candidate.contact.id)
    if (!this.#settle(candidate, isFinal)) return
    candidate.state = 'failed'
    if (isFinal) return
    const { path, namedBy, depth, namers } = candidate
    const contact = { id, address: candidate.contact.address }
    this.#take(contact, { path, namedBy, depth, namers, ownWord: true })
  }

  /** The candidate takes long: its slot is free for another one, its answer is still welcome. */
  slow(candidate: Candidate): void {
    if (candidate.state === 'asked') candidate.state = 'slow'
  }

  /** It was asked for the last time: time to look for those whom it may hide. */
  doubtful(candidate: Candidate): void {
    this.slow(candidate)
    if (candidate.state === 'slow') candidate.state = 'doubtful'
  }

  /** It has missed all attempts: the lookup ends without it, but until then its answer is welcome. */
  silent(candidate: Candidate): void {
    this.doubtful(candidate)
    if (candidate.state === 'doubtful') candidate.state = 'silent'
  }

  get finished(): boolean {
    return this.#paths.every((path) => this.#waitsForNone(path, ({ state }) => state === 'silent'))
  }

  /** Whether it waits for nobody but the doubtful. */
  get stalled(): boolean {
    return this.#paths.every((path) => this.#waitsForNone(path, isDoubtful))
  }

  /** Whether one has failed, or is doubtful, that would be among the k closest: others may be hidden behind it. */
  get hasGaps(): boolean {
    return this.#paths.some(({ candidates }) => {
      let answered = 0
      for (const candidate of candidates.sorted) {
        const { state, eligible } = candidate
        if (!eligible || answered === this.#options.parameters.k) continue
        if (state === 'failed' || isDoubtful(candidate)) return true
        if (state === 'answered') answered++
      }
      return false
    })
  }

  /** The k closest eligible ones that have answered, nearest first; the local node among them if it takes part. */
  closest(): Candidate[] {
    const best = new Candidates(this.target, Infinity)
    for (const path of this.#paths) {
      for (const candidate of path.candidates.sorted) {
        if (candidate.state !== 'answered' || !candidate.eligible) continue
        if (candidate.self && path !== this.#paths[0]) continue
        best.insert(candidate)
      }
    }
    return best.sorted.slice(0, this.#options.parameters.k)
  }

  #nextOf(path: Path): Candidate | null {
    const { k, maxAsked } = this.#options.parameters
    if (path.asked >= maxAsked) return null
    let found: Candidate | null = null
    // Who was asked before nearer ones were named holds no slot: an answer from far away is worth no waiting (libtorrent,
    // aggressive lookups).
    let slots = this.#slotsPerPath
    // Who is late does not count here, nor who waits for others at its IP: whoever would take its place is asked in the
    // meantime.
    const counts = (candidate: Candidate): boolean =>
      candidate.state === 'heard' ? this.#groups.hasPlace(candidate) : !isLate(candidate)
    path.candidates.walkHead(k, counts, (candidate) => {
      const { state } = candidate
      if (state === 'asked') slots--
      const isFree = state === 'heard' && this.#groups.hasPlace(candidate) && this.#mayAsk(path, candidate)
      if (isFree) found = this.#groups.preferred(candidate)
      return !isFree && slots > 0
    })
    return found
  }

  /** Whether all have answered that count for the end, those left out for whom it does not wait. */
  #waitsForNone(path: Path, isLeftOut: (candidate: Candidate) => boolean): boolean {
    let all = true
    // Of those that will never be asked, none counts.
    const counts = (candidate: Candidate): boolean =>
      candidate.state === 'heard' ? this.#mayAsk(path, candidate) : !isLeftOut(candidate)
    path.candidates.walkHead(this.#options.parameters.k, counts, (candidate) => {
      all = candidate.state === 'answered' || !counts(candidate)
      return all
    })
    return all
  }

  /** Whether one that was only heard of may be asked, now or when others at its IP have made room. */
  #mayAsk(path: Path, candidate: Candidate): boolean {
    const { maxAsked } = this.#options.parameters
    if (path.asked >= maxAsked || !this.#groups.mayHavePlace(candidate)) return false
    return candidate.eligible || path.askedIneligible < maxAsked / 2
  }

  #add(path: number, contact: Contact, namedBy: Candidate | null): boolean {
    const known = this.#endpoints.get(addressKey(contact.address))
    const namers = known?.namers ?? new Set()
    if (namedBy !== null && (known === undefined || known.state === 'heard'))
      namers.add(namedBy.contact.address.host)
    if (known !== undefined && !this.#yields(known, contact)) return false
    const depth = namedBy === null ? 0 : namedBy.depth + 1
    const origin = { path, namedBy: namedBy?.contact ?? null, depth, namers, ownWord: false }
    return this.#take(contact, origin, known)
  }

  /** Takes in a candidate, perhaps in place of one with the same endpoint. */
  #take(
    contact: Contact,
    origin: Pick<Candidate, 'path' | 'namedBy' | 'depth' | 'namers' | 'ownWord'>,
    instead?: Candidate,
  ): boolean {
    const { self, eligible, group } = this.#options
    if (self !== null && sameId(self, contact.id)) return false
    if (instead !== undefined) this.#forget(instead)
    const candidate: Candidate = {
      ...origin,
      contact,
      state: 'heard',
      eligible: eligible(contact),
      group: group(contact),
      self: false,
    }
    this.#endpoints.set(addressKey(contact.address), candidate)
    this.#groups.heard(candidate)
    const dropped = this.#paths[origin.path]!.candidates.insert(candidate)
    if (dropped !== null) this.#dropped(dropped)
    return true
  }

  /**
   * Whether an endpoint is rather to be asked under the id with which it is named now. Who named it first may have known
   * an id that it had before, or have made one up that is far away, so that it is never asked.
   */
  #yields(known: Candidate, named: Contact): boolean {
    if (known.state !== 'heard' || known.ownWord) return false
    const isEligible = this.#options.eligible(named)
    if (isEligible !== known.eligible) return isEligible
    return compareDistance(this.target, named.id, known.contact.id) < 0
  }

  #forget(candidate: Candidate): void {
    this.#paths[candidate.path]!.candidates.remove(candidate)
    this.#dropped(candidate)
  }

  /** Who fell out unasked may be named again. */
  #dropped(candidate: Candidate): void {
    if (!candidate.ownWord) this.#endpoints.delete(addressKey(candidate.contact.address))
    this.#groups.dropped(candidate)
  }

  #addSelf(id: Id): void {
    const contact = { id, address: { host: 'self', port: 0 } }
    // On every path, so that each ends at the true k; closest() counts it once.
    for (const [path, { candidates }] of this.#paths.entries()) {
      candidates.insert({
        contact,
        path,
        state: 'answered',
        eligible: true,
        namedBy: null,
        depth: 0,
        ownWord: false,
        group: null,
        namers: new Set(),
        self: true,
      })
    }
  }

  /** Takes the candidate out of its slot; false when it was not under way. */
  #settle(candidate: Candidate, hasAnswered: boolean): boolean {
    if (candidate.state !== 'asked' && !isLate(candidate)) return false
    this.#groups.settled(candidate, hasAnswered)
    return true
  }

  #hasAnswered(id: Id): boolean {
    return this.#paths.some((path) =>
      path.candidates.sorted.some(
        (other) => other.state === 'answered' && other.eligible && sameId(other.contact.id, id),
      ),
    )
  }
}

/** Asked, and without a slot. */
function isLate(candidate: Candidate): boolean {
  return candidate.state === 'slow' || isDoubtful(candidate)
}

function isDoubtful({ state }: Candidate): boolean {
  return state === 'doubtful' || state === 'silent'
}
