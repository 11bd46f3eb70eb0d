// Who enters and who leaves the routing table: the table decides, this acts, by pinging whom it wants to know about.
// Only who has answered us is ever in the table (BEP 5; threat T3, T4).
import { addressKey, type Address, type Contact } from './contact.ts'
import type { EngineParts } from './engine-parts.ts'
import { sameId, type Id } from './id.ts'
import type { ContactObserver, Requester } from './requester.ts'
import type { Departure } from './routing-table.ts'
import type { Removal } from './ports.ts'

/** Who is said to have another id now is asked at most so often: anybody may say so under a forged address. */
const RECHECK_MS = 1_000

export class Membership<Q extends { readonly method: string }, R> implements ContactObserver {
  readonly #parts: EngineParts<Q, R>
  readonly #requester: () => Requester<Q, R>
  /** Endpoints of strangers being pinged. At most maxVetting; further ones are not pinged. */
  readonly #vetting = new Set<string>()
  /** Endpoints of contacts of the table being pinged, at most its size: no flood of strangers keeps us from it. */
  readonly #checking = new Set<string>()

  constructor(parts: EngineParts<Q, R>, requester: () => Requester<Q, R>) {
    this.#parts = parts
    this.#requester = requester
  }

  /** It answered us: it may enter, and where its bucket is full the one heard of longest ago is asked whether it lives. */
  answered(contact: Contact, rttMs: number, now: number): void {
    const { table, effects } = this.#parts
    const result = table.answered(contact, now, rttMs)
    if (result.outcome === 'refreshed') return
    const gone = (other: Contact, why: Removal): void =>
      effects.notice({ kind: 'contact-removed', contact: other, why })
    if (result.changedId !== null) gone(result.changedId, 'other-id')
    if (result.outcome === 'added') {
      for (const other of result.evicted) gone(other, 'replaced')
      effects.notice({ kind: 'contact-added', contact })
    }
    if (result.outcome === 'full' && result.candidate !== null) this.ping(result.candidate, now)
  }

  missed(expectedId: Id, address: Address, now: number): void {
    this.#departed(this.#parts.table.failed(expectedId, address, now), 'no-answer', now)
  }

  /**
   * The contact under that address goes, unless it is the one that answered. Nobody else does: anybody may name a
   * foreign id with his own address, or an honest address with an id of his own.
   */
  answeredAs(id: Id, address: Address, now: number): void {
    const { table } = this.#parts
    const known = table.findByAddress(address)
    if (known !== null && !sameId(known.id, id))
      this.#departed(table.remove(known.id, address), 'other-id', now)
  }

  /** It sent us a query: that proves nothing yet, but where there is room it is worth a ping. B5-21. */
  queriedUs(contact: Contact, now: number): void {
    const { table } = this.#parts
    if (table.queriedUs(contact.id, contact.address, now)) return
    const known = table.findByAddress(contact.address)
    if (known === null) this.heardOf(contact, now)
    // It has taken another id, or somebody says so in its name: whoever it is, it says so itself (B45-08).
    else if (now - known.repliedAt >= RECHECK_MS) this.#ask(contact.address, null, this.#checking, now)
  }

  /** It is worth a ping where the table has room for it. */
  heardOf(contact: Contact, now: number): void {
    if (this.#vetting.size < this.#parts.parameters.maxVetting && this.#parts.table.wouldTake(contact, now))
      this.#vet(contact, now)
  }

  /** The policy does not want it any more. */
  expel({ id, address }: Contact, now: number): void {
    this.#departed(this.#parts.table.remove(id, address), 'expelled', now)
  }

  /** Asks a contact of the table whether it lives; what comes of it reaches the table by `answered` and `missed`. */
  ping(contact: Contact, now: number): void {
    this.#ask(contact.address, contact.id, this.#checking, now)
  }

  #departed({ removed, promoted }: Departure, why: Removal, now: number): void {
    if (removed !== null) this.#parts.effects.notice({ kind: 'contact-removed', contact: removed, why })
    if (promoted !== null) this.#vet(promoted, now)
  }

  #vet(contact: Contact, now: number): void {
    if (this.#vetting.size >= this.#parts.parameters.maxVetting) return
    if (this.#parts.suspects.mayDial(contact.address, now))
      this.#ask(contact.address, contact.id, this.#vetting, now)
  }

  #ask(to: Address, expectedId: Id | null, asked: Set<string>, now: number): void {
    const endpoint = addressKey(to)
    if (asked.has(endpoint)) return
    asked.add(endpoint)
    const request = { query: this.#parts.probes.ping(), to, expectedId }
    const listener = { onOutcome: () => void asked.delete(endpoint) }
    if (typeof this.#requester().ask(request, listener, now) === 'string') asked.delete(endpoint)
  }
}
