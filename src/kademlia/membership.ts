// Who enters and who leaves the routing table: the table decides, this acts, by pinging whom it wants to know about.
// Only who has answered us is ever in the table (BEP 5; specs/threats.md T3, T4).
import { addressKey, type Address, type Contact } from './contact.ts'
import type { EngineParts } from './engine-parts.ts'
import type { Id } from './id.ts'
import type { ContactObserver, Requester } from './requester.ts'

export class Membership<Q extends { readonly method: string }, R> implements ContactObserver {
  readonly #parts: EngineParts<Q, R>
  readonly #requester: () => Requester<Q, R>
  /** Endpoints being pinged. At most maxVetting; further ones are not pinged. */
  readonly #vetting = new Set<string>()

  constructor(parts: EngineParts<Q, R>, requester: () => Requester<Q, R>) {
    this.#parts = parts
    this.#requester = requester
  }

  /** It answered us: it may enter, and where its bucket is full the one heard of longest ago is asked whether it lives. */
  answered(contact: Contact, rttMs: number, now: number): void {
    const { table, effects } = this.#parts
    const result = table.answered(contact, now, rttMs)
    if (result.outcome === 'refreshed') return
    const gone = (other: Contact, why: string): void =>
      effects.notice({ kind: 'contact-removed', contact: other, why })
    if (result.changedId !== null) gone(result.changedId, 'other-id')
    if (result.outcome === 'added') {
      for (const other of result.evicted) gone(other, 'replaced')
      effects.notice({ kind: 'contact-added', contact })
    }
    if (result.outcome === 'full' && result.candidate !== null) this.ping(result.candidate, now)
  }

  missed(expectedId: Id, address: Address, now: number): void {
    const { removed, promoted } = this.#parts.table.failed(expectedId, address, now)
    if (removed !== null) {
      this.#parts.effects.notice({ kind: 'contact-removed', contact: removed, why: 'no-answer' })
    }
    if (promoted !== null && this.#parts.suspects.mayDial(promoted.address, now)) this.ping(promoted, now)
  }

  /** It sent us a query: that proves nothing yet, but where there is room it is worth a ping. B5-21. */
  queriedUs(contact: Contact, now: number): void {
    if (!this.#parts.table.queriedUs(contact.id, contact.address, now)) this.heardOf(contact, now)
  }

  /** It is worth a ping where the table has room for it. */
  heardOf(contact: Contact, now: number): void {
    const { table, suspects } = this.#parts
    if (this.#vetting.size >= this.#parts.parameters.maxVetting) return
    if (table.wouldTake(contact, now) && suspects.mayDial(contact.address, now)) this.ping(contact, now)
  }

  /** Asks a contact whether it lives; what comes of it reaches the table by `answered` and `missed`. */
  ping(contact: Contact, now: number): void {
    const endpoint = addressKey(contact.address)
    if (this.#vetting.has(endpoint) || this.#vetting.size >= this.#parts.parameters.maxVetting) return
    const request = { query: this.#parts.probes.ping(), to: contact.address, expectedId: contact.id }
    const listener = { onOutcome: () => void this.#vetting.delete(endpoint) }
    if (typeof this.#requester().ask(request, listener, now) !== 'string') this.#vetting.add(endpoint)
  }
}
