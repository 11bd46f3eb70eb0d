// How a node joins its network and stays in it: through its own table first, then through bootstrap nodes, again and
// again while it knows nobody. Not here: the names of bootstrap nodes and how they are resolved.
import type { Address, Contact } from '../kademlia/contact.ts'
import { sameId } from '../kademlia/id.ts'
import type { Probes } from '../kademlia/ports.ts'
import type { Cancel, Scheduler } from './ports.ts'
import type { RunningEngine } from './running-engine.ts'

/** One bootstrap node and whether it answered. */
export interface BootstrapAttempt {
  readonly address: Address
  /** null: not before we went on with those that did. */
  readonly rttMs: number | null
}

export interface JoinReport {
  /** table: contacts saved or known before answered. bootstrap: a bootstrap node did. nobody: we are alone for now. */
  readonly via: 'table' | 'bootstrap' | 'nobody'
  /** Contacts in the table afterwards. */
  readonly contacts: number
  readonly bootstrap: readonly BootstrapAttempt[]
}

/** While nobody answers: 10 s, doubling up to 10 min. OpenDHT backs off from 10 s. */
const RETRY_MIN_MS = 10_000
const RETRY_MAX_MS = 600_000
/** How long the other bootstrap nodes are waited for when one has answered. */
const PATIENCE_MS = 500
/** With fewer answers from those that we knew the bootstrap nodes are asked as well. threat T24. */
const ENOUGH_OF_TABLE = 3
/** How often we look whether we are alone: with each round of pings (maintenanceMs), for those show who is dead. */
const LOOK_MS = 10_000

export class Joining<Q extends { readonly method: string }, R> {
  readonly #runner: RunningEngine<Q, R>
  readonly #probes: Probes<Q, R>
  /** What a bootstrap node is asked; null: for those closest to us. */
  readonly #greeting: Q | null
  readonly #scheduler: Scheduler
  /** Addresses of bootstrap nodes; resolves names, and may be empty. Never rejects. */
  readonly #bootstrap: () => Promise<readonly Address[]>
  readonly #onJoined: (report: JoinReport) => void
  #retry: Cancel | null = null
  #retryMs = RETRY_MIN_MS
  #look: Cancel | null = null
  #underWay: Promise<JoinReport> | null = null
  /** The last attempt found nobody. The table may be full of contacts that are all dead. */
  #foundNobody = false
  #closed = false

  constructor(parts: {
    runner: RunningEngine<Q, R>
    probes: Probes<Q, R>
    greeting?: Q | undefined
    scheduler: Scheduler
    bootstrap: () => Promise<readonly Address[]>
    onJoined: (report: JoinReport) => void
  }) {
    this.#runner = parts.runner
    this.#probes = parts.probes
    this.#greeting = parts.greeting ?? null
    this.#scheduler = parts.scheduler
    this.#bootstrap = parts.bootstrap
    this.#onJoined = parts.onJoined
  }

  /** Joins, or waits for the attempt that is under way. `seeds` are asked besides the bootstrap nodes. */
  async join(seeds: readonly Address[] = []): Promise<JoinReport> {
    this.#lookAgain()
    // Who brings seeds of his own wants them asked, not the report of somebody else's attempt.
    while (seeds.length > 0 && this.#underWay !== null) await this.#underWay.catch(() => {})
    this.#underWay ??= this.#attempt(seeds).finally(() => {
      this.#underWay = null
      this.watch()
    })
    return this.#underWay
  }

  /** Resolves when no attempt is under way, whatever came of it. */
  async settled(): Promise<void> {
    await this.#underWay?.catch(() => {})
  }

  /** Tries again soon if we know nobody who lives. Call it when a contact was lost, or the link. */
  watch(): void {
    if (this.#closed || this.#retry !== null || this.#underWay !== null || !this.#isAlone) return
    this.#retry = this.#scheduler.at(this.#scheduler.now() + this.#retryMs, () => {
      this.#retry = null
      this.#retryMs = Math.min(2 * this.#retryMs, RETRY_MAX_MS)
      if (!this.#closed && this.#isAlone) void this.join().catch(() => {})
    })
  }

  /** Nobody in the table, or nobody there who answered lately. */
  get #isAlone(): boolean {
    const { engine } = this.#runner
    return engine.offline || this.#foundNobody || this.#allMissed()
  }

  /**
   * Whether everybody in the table left the last request unanswered; also when nobody is there. They stay in the table
   * for three quarters of an hour, and a few are too few to show that our link is down.
   */
  #allMissed(): boolean {
    for (const { failures } of this.#runner.engine.table.contacts()) if (failures === 0) return false
    return true
  }

  /** From the first attempt on: nobody tells when the last contact that lived does not answer any more. */
  #lookAgain(): void {
    if (this.#closed || this.#look !== null) return
    this.#look = this.#scheduler.at(this.#scheduler.now() + LOOK_MS, () => {
      this.#look = null
      this.watch()
      this.#lookAgain()
    })
  }

  close(): void {
    this.#closed = true
    this.#look?.()
    this.#retry?.()
  }

  async #attempt(seeds: readonly Address[]): Promise<JoinReport> {
    const { engine } = this.#runner
    let ownId = engine.ownId
    const { via, bootstrap } = await this.#findSomebody(seeds)
    // Those whom we asked may have shown us our address, and with it we took another id (BEP 42): once more for that.
    while (!this.#closed && via !== 'nobody' && !sameId(ownId, engine.ownId)) {
      ownId = engine.ownId
      await this.#lookupSelf([])
    }
    const report = { via, contacts: engine.table.size, bootstrap }
    this.#foundNobody = via === 'nobody'
    if (via !== 'nobody') {
      this.#retryMs = RETRY_MIN_MS
      // The rest of the table fills behind our back: who joined may be used at once.
      if (!this.#closed) void this.#runner.refresh(true).catch(() => {})
    }
    if (!this.#closed) this.#onJoined(report)
    return report
  }

  /** In our own table, and where hardly anybody of it answers, or seeds are given, through these and the bootstrap nodes. */
  async #findSomebody(seeds: readonly Address[]): Promise<Pick<JoinReport, 'via' | 'bootstrap'>> {
    const answered = await this.#lookupSelf([])
    const byTable = answered > 0 ? 'table' : 'nobody'
    // One or two that answer may be all that is left of the table, or keep us from the others: they are not enough.
    const isEnough = answered >= (seeds.length > 0 ? 1 : ENOUGH_OF_TABLE)
    if (isEnough && seeds.length === 0) return { via: byTable, bootstrap: [] }
    const asked = await this.#askAll([...seeds, ...(isEnough ? [] : await this.#bootstrap())])
    const bootstrap = asked.map(({ address, rttMs }) => ({ address, rttMs }))
    if (asked.every(({ rttMs }) => rttMs === null)) return { via: byTable, bootstrap }
    await this.#lookupSelf(asked.flatMap(({ contacts }) => contacts))
    return { via: byTable === 'nobody' || seeds.length > 0 ? 'bootstrap' : byTable, bootstrap }
  }

  /** Walks to our own id (BEP 5; B5-10); how many answered. */
  async #lookupSelf(seeds: readonly Contact[]): Promise<number> {
    if (this.#closed) return 0
    const query = this.#probes.closestTo(this.#runner.engine.ownId)
    const { answered } = await this.#runner.lookup({ query, seeds }).outcome
    return answered
  }

  /** Asks all of them at once. Once somebody has answered, the others get little more time: one that is dead takes long. */
  #askAll(addresses: readonly Address[]): Promise<readonly Asked[]> {
    const asked = addresses.map((address): Asked => ({ address, rttMs: null, contacts: [] }))
    if (this.#closed || asked.length === 0) return Promise.resolve([])
    return new Promise((resolve, reject) => {
      let open = asked.length
      let patience: Cancel | null = null
      const end = (): void => {
        patience?.()
        resolve([...asked])
      }
      for (const [place, { address }] of asked.entries()) {
        const answered = (found: Asked): void => {
          asked[place] = found
          if (--open === 0) end()
          else if (found.rttMs !== null)
            patience ??= this.#scheduler.at(this.#scheduler.now() + PATIENCE_MS, end)
        }
        this.#askOne(address).then(answered, reject)
      }
    })
  }

  async #askOne(address: Address): Promise<Asked> {
    const { ownId } = this.#runner.engine
    const query = this.#probes.closestTo(ownId)
    const greeting = this.#greeting
    const question = greeting ?? query.question({ id: ownId, address })
    const outcome = await this.#runner.ask({ query: question, to: address, expectedId: null })
    if (outcome.kind !== 'reply') return { address, rttMs: null, contacts: [] }
    const { contact, reply, rttMs } = outcome
    return { address, rttMs, contacts: greeting === null ? readContacts(query, reply, contact) : [contact] }
  }
}

type Asked = BootstrapAttempt & { readonly contacts: readonly Contact[] }

function readContacts<R>(
  query: { read(reply: R, from: Contact): { readonly closer: readonly Contact[] } },
  reply: R,
  from: Contact,
): readonly Contact[] {
  try {
    return query.read(reply, from).closer
  } catch {
    // It answered, but not with contacts: alive, and of no further use for joining.
    return []
  }
}
