// Endpoints that are better left alone: those that did not answer, those that answered with another id than they were
// named with, and IPs that others keep naming to us though nobody answers there. For hearsay only: contacts of the
// routing table have their own record, and may be asked at any time.
import { addressKey } from './contact.ts'
import type { Address } from './contact.ts'
import { toHex } from './id.ts'
import type { Id } from './id.ts'
import type { Parameters } from './parameters.ts'
import type { AdmissionPolicy } from './ports.ts'

interface Suspicion {
  /** Left alone until then (ms). */
  until: number
  /** How long it was left alone the last time (ms); 0 when it has never failed to answer. */
  unreachableForMs: number
  /** Banned until then (ms); 0 when never. */
  imposterUntil: number
  /** The id with which it answered when another was expected, in hex; null when that never happened. */
  answeredAs: string | null
}

export class Suspects {
  /** By endpoint. At most maxSuspects; the one that was longest without news is forgotten. */
  readonly #suspicions = new Map<string, Suspicion>()
  /**
   * By IP group: when requests were sent to it that are not answered, oldest first, at most maxUnansweredPerIp of them.
   * At most maxSuspects; the group that was longest without a request is forgotten. To wash one out, somebody must make
   * us send to so many others first, which the limits of lookups forbid in the time of a window.
   */
  readonly #unanswered = new Map<string, number[]>()
  /**
   * When an endpoint last answered. What others name at its IP does not count against it, so that nobody can silence it
   * by naming ports there. At most maxSuspects; the one that was longest without an answer is forgotten.
   */
  readonly #proven = new Map<string, number>()
  readonly #parameters: Parameters
  readonly #policy: AdmissionPolicy

  constructor(options: { readonly parameters: Parameters; readonly policy: AdmissionPolicy }) {
    this.#parameters = options.parameters
    this.#policy = options.policy
  }

  /** Whether an address of which we only heard may be asked (T4, T5, T7). */
  mayDial(address: Address, now: number): boolean {
    if (this.isSuspect(address, now)) return false
    const unanswered = this.#unansweredOf(address, now)
    return unanswered < this.#parameters.maxUnansweredPerIp || this.#isProven(address, now)
  }

  /**
   * Whether it may be sent the same request once more. Half of what its IP may get is kept for first requests: else one
   * or two ports at which nobody is would use up what belongs to a node there that is named later.
   */
  mayResend(address: Address, now: number): boolean {
    if (this.isSuspect(address, now)) return false
    const unanswered = this.#unansweredOf(address, now)
    return unanswered < this.#parameters.maxUnansweredPerIp / 2 || this.#isProven(address, now)
  }

  /** Whether this very endpoint is left alone: it did not answer lately, or is banned. */
  isSuspect(address: Address, now: number): boolean {
    const suspicion = this.#suspicions.size === 0 ? undefined : this.#suspicions.get(addressKey(address))
    return suspicion !== undefined && now < Math.max(suspicion.until, suspicion.imposterUntil)
  }

  /** A request has been sent; it counts against the IP until it is answered or the window has passed. */
  sent(address: Address, now: number): void {
    const group = this.#policy.tableGroup(address)
    if (group === null) return
    const sent = this.#unanswered.get(group) ?? []
    sent.splice(0, this.#expired(sent, now))
    sent.push(now)
    if (sent.length > this.#parameters.maxUnansweredPerIp) sent.shift()
    this.#remember(this.#unanswered, group, sent)
  }

  /** A valid packet came from this address: it is reachable. What made it an imposter is not forgiven. */
  answered(address: Address, now: number): void {
    const group = this.#policy.tableGroup(address)
    const sent = group === null ? undefined : this.#unanswered.get(group)
    if (group !== null && sent !== undefined) {
      sent.shift()
      if (sent.length === 0) this.#unanswered.delete(group)
    }
    const key = addressKey(address)
    if (group !== null) this.#remember(this.#proven, key, now)
    const suspicion = this.#suspicions.get(key)
    if (suspicion !== undefined) this.#clearUnreachable(key, suspicion)
  }

  /** It did not answer: left alone for unreachableForMs, twice as long each further time, at most unreachableForMaxMs. */
  unanswered(address: Address, now: number): void {
    const { unreachableForMs, unreachableForMaxMs } = this.#parameters
    this.#proven.delete(addressKey(address))
    const suspicion = this.#suspicionOf(address)
    suspicion.unreachableForMs = Math.min(
      suspicion.unreachableForMs === 0 ? unreachableForMs : 2 * suspicion.unreachableForMs,
      unreachableForMaxMs,
    )
    suspicion.until = now + suspicion.unreachableForMs
  }

  /**
   * It answered with another id than the one it was named with. That alone says nothing against it: whoever named it may
   * have lied, and a ban would let liars silence others. When it answers with a second such id it is an imposter itself,
   * and is banned for imposterForMs (T5).
   */
  imposter(address: Address, answeredId: Id, now: number): void {
    const suspicion = this.#suspicionOf(address)
    const id = toHex(answeredId)
    if (suspicion.answeredAs !== null && suspicion.answeredAs !== id) this.ban(address, now)
    suspicion.answeredAs = id
  }

  /** Bans an address for imposterForMs: our own (it answered with our own id), or one caught otherwise. */
  ban(address: Address, now: number): void {
    this.#suspicionOf(address).imposterUntil = now + this.#parameters.imposterForMs
  }

  /** How many endpoints and IPs are remembered. */
  get size(): { readonly endpoints: number; readonly ips: number } {
    return { endpoints: this.#suspicions.size, ips: this.#unanswered.size }
  }

  /** After a change of network, what could not be reached before says nothing any more. Imposters stay banned. */
  forgetUnreachable(): void {
    this.#unanswered.clear()
    for (const [key, suspicion] of this.#suspicions) this.#clearUnreachable(key, suspicion)
  }

  #clearUnreachable(key: string, suspicion: Suspicion): void {
    suspicion.until = 0
    suspicion.unreachableForMs = 0
    if (suspicion.imposterUntil === 0 && suspicion.answeredAs === null) this.#suspicions.delete(key)
  }

  /** How many requests to its IP are without an answer. */
  #unansweredOf(address: Address, now: number): number {
    if (this.#unanswered.size === 0) return 0
    const group = this.#policy.tableGroup(address)
    const sent = group === null ? undefined : this.#unanswered.get(group)
    return sent === undefined ? 0 : sent.length - this.#expired(sent, now)
  }

  #isProven(address: Address, now: number): boolean {
    const answeredAt = this.#proven.get(addressKey(address))
    return answeredAt !== undefined && now - answeredAt < this.#parameters.unprovenWindowMs
  }

  /** How many of these times are out of the window. */
  #expired(sent: readonly number[], now: number): number {
    let count = 0
    while (count < sent.length && sent[count]! <= now - this.#parameters.unprovenWindowMs) count++
    return count
  }

  #suspicionOf(address: Address): Suspicion {
    const key = addressKey(address)
    const fresh: Suspicion = { until: 0, unreachableForMs: 0, imposterUntil: 0, answeredAs: null }
    const suspicion = this.#suspicions.get(key) ?? fresh
    this.#remember(this.#suspicions, key, suspicion)
    return suspicion
  }

  /** Makes an entry the newest of its map, and forgets the oldest of a full one. */
  #remember<T>(map: Map<string, T>, key: string, value: T): void {
    map.delete(key)
    map.set(key, value)
    if (map.size <= this.#parameters.maxSuspects) return
    for (const oldest of map.keys()) {
      map.delete(oldest)
      return
    }
  }
}
