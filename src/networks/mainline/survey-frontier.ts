// The nodes that a survey knows: whom it asks next, around which target, and whom again when (BEP 51).
// Not here: sending, and what is made of the answers (sweep.ts).
import { addressKey, type Contact } from '../../kademlia/contact.ts'
import { Deadlines } from '../../kademlia/deadlines.ts'
import { asId, sameId, type Id } from '../../kademlia/id.ts'
import type { Random } from '../../kademlia/ports.ts'
import type { FamilyNode } from './family.ts'
import { KeySpaceMap } from './key-space-map.ts'
import type { MainlineQuery } from './messages.ts'
import { LONGEST_INTERVAL_MS, type SampleIntervals } from './sample-intervals.ts'

export interface FrontierParts {
  readonly intervals: SampleIntervals
  readonly random: Random
  /** Many nodes may share one IP. */
  readonly private: boolean
  readonly maxNodes: number
  /** Whether nodes are asked again when their time comes. */
  readonly again: boolean
}

/** Nodes of one IP that are asked, one after the other; not in a private network. More are a lie, or one machine. */
const MAX_NODES_PER_IP = 8
/** Even where its interval is shorter a node is not asked again sooner: its samples would be the same. */
const LEAST_AGAIN_MS = 300_000
/** Whoever did not answer so often in a row, hours apart, is gone. */
const MAX_FAILURES = 2
/** Answers around each part of the key space, before nobody is looked for there any more: one of them may be a lie. */
const ANSWERS_WANTED = 2

/** A node that a survey knows. */
export interface Surveyed {
  readonly family: FamilyNode
  contact: Contact
  readonly endpoint: string
  /** In a row. */
  failures: number
  /** Its id is the one that it gave itself, after it had been named under another one. */
  ownWord: boolean
  /** It refused to be sampled, and is asked for contacts alone. */
  refused: boolean
  /** Its next question looks for nodes that nobody has named yet; each node gets one such. */
  look: 'not-yet' | 'next' | 'done'
  /** It is to be asked again; at most once at a time. */
  isLater: boolean
  /** What it says that it stores; null when it has given no samples. */
  num: number | null
}

/** A question, and to whom. */
export interface Turn {
  readonly node: Surveyed
  readonly query: Extract<MainlineQuery, { readonly method: 'sample_infohashes' | 'find_node' }>
}

export class SurveyFrontier {
  readonly #parts: FrontierParts
  readonly #maps = new Map<FamilyNode, KeySpaceMap>()
  /** By endpoint. At most maxNodes; then no further one is taken. */
  readonly #nodes = new Map<string, Surveyed>()
  /** Of those, by IP; not in a private network. At most MAX_NODES_PER_IP each. */
  readonly #perIp = new Map<string, number>()
  /** Those to be asked, first come first. */
  readonly #waiting = new Set<Surveyed>()
  /** Those that live and have not looked for others yet. */
  readonly #lookouts = new Set<Surveyed>()
  /** Those to be asked again, by when. One entry a node. */
  readonly #later = new Deadlines<Surveyed>()
  /** IPs that are being asked, not in a private network. One entry an open question. */
  readonly #busy = new Set<string>()

  constructor(parts: FrontierParts) {
    this.#parts = parts
  }

  /** Whether nobody is to be asked any more, now or later. */
  get isExhausted(): boolean {
    return this.#waiting.size === 0 && this.#lookouts.size === 0 && this.#later.size === 0
  }

  /** When somebody is to be asked again, in ms; Infinity: nobody. */
  get nextAt(): number {
    return this.#later.nextAt
  }

  /** Takes in those that may be asked; how many. */
  hear(family: FamilyNode, contacts: readonly Contact[], now: number): number {
    let taken = 0
    for (const { id, address } of contacts) {
      if (this.#nodes.size >= this.#parts.maxNodes) break
      const endpoint = addressKey(address)
      if (this.#nodes.has(endpoint) || sameId(id, family.id)) continue
      if (!family.runner.engine.mayAsk({ id, address }, now) || !this.#hasRoom(address.host)) continue
      const contact = { id: asId(id.slice()), address: { host: address.host, port: address.port } }
      const fresh = {
        failures: 0,
        ownWord: false,
        refused: false,
        look: 'not-yet',
        isLater: false,
        num: null,
      } as const
      const node: Surveyed = { family, contact, endpoint, ...fresh }
      this.#nodes.set(endpoint, node)
      this.#mapOf(node).add(contact.id)
      this.#waiting.add(node)
      taken++
    }
    return taken
  }

  /**
   * Whose turn it is; null: nobody's before an answer comes, or before `nextAt`. One at a time of each IP, so that its
   * silence is noticed before another is sent there (T7). `idle`: no question is open.
   */
  next(now: number, idle: boolean): Turn | null {
    for (let node = this.#later.popDue(now); node !== undefined; node = this.#later.popDue(now)) {
      node.isLater = false
      if (this.#nodes.has(node.endpoint)) this.#waiting.add(node)
    }
    const turn = this.#nextWaiting(now)
    if (turn !== null || !idle || this.#waiting.size > 0) return turn
    for (const node of this.#lookouts) {
      node.look = 'next'
      this.#waiting.add(node)
    }
    this.#lookouts.clear()
    return this.#nextWaiting(now)
  }

  /** The question is settled: its IP may be asked again. */
  settled({ contact }: Surveyed): void {
    this.#busy.delete(contact.address.host)
  }

  /** It lives, and named these. */
  answered({ node, query }: Turn, contacts: readonly Contact[], now: number): void {
    const map = this.#mapOf(node)
    if (this.hear(node.family, contacts, now) > 0) map.named(query.target)
    if (node.failures > 0) map.add(node.contact.id)
    node.failures = 0
    node.refused = false
    if (node.look === 'not-yet') this.#lookouts.add(node)
    this.#putOff(node, now)
  }

  /** It answered with an error: whoever does not know one question may know other nodes all the same. */
  refused(turn: Turn, now: number): void {
    const { node, query } = turn
    this.#mapOf(node).unanswered(query.target)
    node.refused = query.method === 'sample_infohashes'
    if (node.refused) this.#waiting.add(node)
    else this.#putOff(node, now)
  }

  /** It did not answer, or not as it should. True: it is forgotten. */
  failed({ node, query }: Turn, now: number): boolean {
    const map = this.#mapOf(node)
    map.unanswered(query.target)
    map.remove(node.contact.id)
    if (++node.failures < MAX_FAILURES) {
      this.#putOff(node, now)
      return false
    }
    this.#forget(node)
    return true
  }

  /** It answered under another id. Whoever named it may have lied, to keep us from it: it is asked once more (T5). */
  renamed({ node, query }: Turn, id: Id, now: number): void {
    const map = this.#mapOf(node)
    map.unanswered(query.target)
    map.remove(node.contact.id)
    node.contact = { id: asId(id.slice()), address: node.contact.address }
    node.ownWord = true
    map.add(node.contact.id)
    this.notSent(node, now)
  }

  /** It was not asked after all: it is its turn again. */
  notSent(node: Surveyed, now: number): void {
    this.#parts.intervals.set(node.endpoint, 0, now)
    this.#waiting.add(node)
  }

  #nextWaiting(now: number): Turn | null {
    // Passes over at most MAX_NODES_PER_IP for each IP that is busy.
    for (const node of this.#waiting) {
      const { host } = node.contact.address
      if (this.#busy.has(host)) continue
      this.#waiting.delete(node)
      const query = this.#questionFor(node, now)
      if (query === null) continue
      if (!this.#parts.private) this.#busy.add(host)
      return { node, query }
    }
    return null
  }

  #questionFor(node: Surveyed, now: number): Turn['query'] | null {
    const { intervals, random } = this.#parts
    const map = this.#mapOf(node)
    const { id } = node.contact
    if (node.look === 'next') {
      node.look = 'done'
      const target = map.neglectedTargetFor(id, ANSWERS_WANTED, random)
      return target === null ? null : { method: 'find_node', target, want: null }
    }
    if (!node.family.runner.engine.mayAsk(node.contact, now)) {
      this.#putOff(node, now)
      return null
    }
    const target = map.targetFor(id, random)
    if (node.refused || intervals.dueAt(node.endpoint) > now)
      return { method: 'find_node', target, want: null }
    intervals.set(node.endpoint, now + LONGEST_INTERVAL_MS, now)
    return { method: 'sample_infohashes', target, want: null }
  }

  /** Its turn comes again when its interval has passed, if at all. */
  #putOff(node: Surveyed, now: number): void {
    if (!this.#parts.again || node.isLater) return
    node.isLater = true
    this.#later.push(Math.max(this.#parts.intervals.dueAt(node.endpoint), now + LEAST_AGAIN_MS), node)
  }

  #forget(node: Surveyed): void {
    const { host } = node.contact.address
    this.#nodes.delete(node.endpoint)
    this.#lookouts.delete(node)
    const count = this.#perIp.get(host) ?? 0
    if (count > 1) this.#perIp.set(host, count - 1)
    else this.#perIp.delete(host)
  }

  #hasRoom(host: string): boolean {
    if (this.#parts.private) return true
    const count = this.#perIp.get(host) ?? 0
    if (count >= MAX_NODES_PER_IP) return false
    this.#perIp.set(host, count + 1)
    return true
  }

  #mapOf({ family }: Surveyed): KeySpaceMap {
    let map = this.#maps.get(family)
    if (map === undefined) this.#maps.set(family, (map = new KeySpaceMap()))
    return map
  }
}
