// The lookup of the Kademlia paper, section 2.3, as a yardstick: three requests under way, each sent once; who is silent
// is struck out after two seconds; the end comes when the eight closest that are left have answered.
import type { Contact } from '../../src/kademlia/contact.ts'
import { compareDistance, toHex, type Id } from '../../src/kademlia/id.ts'
import type { Parameters } from '../../src/kademlia/parameters.ts'
import type { FamilyNode } from '../../src/networks/mainline/family.ts'
import { findNode } from '../../src/networks/mainline/queries.ts'

const ALPHA = 3
const K = 8

/** Of a node on which it runs. */
export const paperParameters: Partial<Parameters> = { resendAfterMs: [], requestTimeoutMs: 2_000 }

interface Known {
  readonly contact: Contact
  readonly depth: number
  state: 'heard' | 'asked' | 'answered' | 'failed'
}

export class PaperLookup {
  readonly #node: FamilyNode
  readonly #target: Id
  readonly #onAnswer: (contact: Contact, depth: number) => void
  readonly #known = new Map<string, Known>()
  readonly #end = Promise.withResolvers<readonly Contact[]>()
  #underWay = 0

  constructor(node: FamilyNode, target: Id, onAnswer: (contact: Contact, depth: number) => void) {
    this.#node = node
    this.#target = target
    this.#onAnswer = onAnswer
  }

  /** The closest that answered, nearest first. */
  run(): Promise<readonly Contact[]> {
    this.#take([...this.#node.table.contacts()], 0)
    this.#step()
    return this.#end.promise
  }

  #take(contacts: readonly Contact[], depth: number): void {
    for (const contact of contacts) {
      const key = toHex(contact.id)
      if (!this.#known.has(key) && key !== toHex(this.#node.id))
        this.#known.set(key, { contact, depth, state: 'heard' })
    }
  }

  #step(): void {
    const closest = [...this.#known.values()]
      .filter(({ state }) => state !== 'failed')
      .toSorted((a, b) => compareDistance(this.#target, a.contact.id, b.contact.id))
      .slice(0, K)
    if (closest.every(({ state }) => state === 'answered'))
      return this.#end.resolve(closest.map(({ contact }) => contact))
    for (const known of closest) {
      if (this.#underWay === ALPHA) return
      if (known.state === 'heard') void this.#ask(known)
    }
  }

  async #ask(known: Known): Promise<void> {
    known.state = 'asked'
    this.#underWay++
    const { contact, depth } = known
    const query = findNode(this.#target, this.#node.queryOptions)
    const request = { query: query.question(contact), to: contact.address, expectedId: contact.id }
    const outcome = await this.#node.runner.ask(request)
    this.#underWay--
    known.state = outcome.kind === 'reply' ? 'answered' : 'failed'
    if (outcome.kind === 'reply') {
      this.#onAnswer(contact, depth)
      this.#take(query.read(outcome.reply, contact).closer, depth + 1)
    }
    this.#step()
  }
}
