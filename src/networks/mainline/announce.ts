// Announcing a peer (BEP 5, announce_peer): on whom, with which token, what came of it, and again before it expires.
// Not here: how peers are found (search.ts), what a node does that is announced to (answers.ts).
import { packAddress } from '../../codecs/compact-address.ts'
import { asId, sameId, toHex, type Id } from '../../kademlia/id.ts'
import type { CommitBatch } from '../../node/commit-batch.ts'
import type { KeepAlive } from '../../node/keep-alive.ts'
import { OneByOne } from '../../node/one-by-one.ts'
import type { Scheduler } from '../../node/ports.ts'
import { checkOperation, toFlag } from '../../node/reading.ts'
import { UnderWay } from '../../node/under-way.ts'
import type { Commitment, Store } from '../../stores/store.ts'
import { toPort } from './arguments.ts'
import type { FamilyNode } from './family.ts'
import { FreshTokens, type Tokens } from './fresh-tokens.ts'
import { getPeers } from './queries.ts'
import { holdersOf, reachedOthers, writeOn, type Holder, type WriteReport } from './write.ts'

interface AnnounceBase {
  /** The peer has everything: it is a seed. BEP 33. */
  readonly seed?: boolean
  /** Announce again before it expires, also after a restart, until `unannounce`. Default true. */
  readonly keepAlive?: boolean
  readonly signal?: AbortSignal | undefined
}

/**
 * `port`: TCP port on which the peer listens, 1 … 65535. `impliedPort`: it listens on the UDP port of this node (uTP),
 * nodes take the port that they see (BEP 5). One of the two is needed.
 */
export type AnnounceOptions = AnnounceBase &
  (
    | { readonly port: number; readonly impliedPort?: boolean }
    | { readonly impliedPort: true; readonly port?: number }
  )

/** What is announced: the part of the options that is kept. */
interface Announced {
  readonly port?: number
  readonly impliedPort?: boolean
  readonly seed?: boolean
}

const KIND = 'announce'

export class Announcer {
  readonly #families: readonly FamilyNode[]
  readonly #store: Store
  readonly #scheduler: Scheduler
  readonly #commits: CommitBatch
  readonly #underWay = new UnderWay()
  /** By infohash, so that the last one called has the last word. */
  readonly #turns = new OneByOne()
  readonly #keepAlive: KeepAlive
  readonly #tokens = new FreshTokens<null>()
  readonly #renewed: (report: WriteReport) => void

  constructor(parts: {
    families: readonly FamilyNode[]
    store: Store
    scheduler: Scheduler
    keepAlive: KeepAlive
    intervalMs: number
    commits: CommitBatch
    /** It was announced again. */
    renewed: (report: WriteReport) => void
  }) {
    this.#families = parts.families
    this.#store = parts.store
    this.#scheduler = parts.scheduler
    this.#commits = parts.commits
    this.#keepAlive = parts.keepAlive
    this.#renewed = parts.renewed
    parts.keepAlive.keep(KIND, {
      intervalMs: parts.intervalMs,
      renew: (commitment) =>
        this.#turns.take(toHex(commitment.key), () => this.#renew(commitment), undefined),
    })
  }

  /**
   * Announces on the closest nodes of every family, and keeps it alive unless told otherwise. Resolves when that promise
   * is committed; rejects when it cannot be.
   */
  async announce(infoHash: Id, options: AnnounceOptions): Promise<WriteReport> {
    const announced = readAnnounceOptions(options)
    const { keepAlive = true, signal } = options
    const name = toHex(infoHash)
    const promise = this.#underWay.begin(name)
    const work = async (): Promise<WriteReport> => {
      const report = await this.#once(infoHash, announced, signal)
      if (promise.revoked) this.#withdrawOwn(infoHash, announced)
      else if (keepAlive) {
        const doneAt = reachedOthers(report) ? this.#scheduler.now() : 0
        this.#keepAlive.add({ kind: KIND, key: infoHash, data: writeAnnounced(announced), doneAt })
      }
      await this.#commits.committed()
      return report
    }
    try {
      return await this.#turns.take(name, work, signal)
    } finally {
      this.#underWay.end(promise)
    }
  }

  /** Stops keeping it alive and takes it out of our own store. False when it was not announced. */
  unannounce(infoHash: Id): boolean {
    const revoked = this.#underWay.revoke(toHex(infoHash))
    const commitment = this.#store.state.commitment(KIND, infoHash)
    const announced = commitment && readAnnounced(commitment.data)
    if (announced !== null) this.#withdrawOwn(infoHash, announced)
    return this.#keepAlive.remove(KIND, infoHash) || revoked
  }

  /** What is kept announced. */
  announced(): { readonly infoHash: Id; readonly announced: Announced }[] {
    return this.#store.state.commitments().flatMap(({ kind, key, data }) => {
      const announced = kind === KIND ? readAnnounced(data) : null
      return announced === null ? [] : [{ infoHash: asId(key), announced }]
    })
  }

  async #renew({ key, data }: Commitment): Promise<Uint8Array | null> {
    const infoHash = asId(key)
    const announced = readAnnounced(data)
    const isKept = (): boolean => {
      const kept = this.#store.state.commitment(KIND, key)
      return kept !== null && sameId(kept.data, data)
    }
    // By its turn something else may have been announced.
    if (announced === null || !isKept()) return null
    const report = await this.#once(infoHash, announced)
    if (!isKept()) this.#withdrawOwn(infoHash, announced)
    this.#renewed(report)
    return reachedOthers(report) ? data : null
  }

  async #once(infoHash: Id, announced: Announced, signal?: AbortSignal): Promise<WriteReport> {
    const fresh = this.#tokens.take(infoHash, this.#scheduler.now())
    if (fresh !== null) {
      const report = await this.#write(infoHash, fresh, { announced, signal })
      if (report.refused.length === 0) return report
    }
    const found = await this.#findHolders(infoHash, announced, signal)
    return this.#write(infoHash, found, { announced, signal })
  }

  /** From every address of ours: nodes take the peer's address from the packet. */
  async #findHolders(infoHash: Id, announced: Announced, signal?: AbortSignal): Promise<Tokens<null>> {
    const at = this.#scheduler.now()
    const walkFrom = async (family: FamilyNode): Promise<Holder[]> => {
      await family.knowsSomebody(signal)
      const query = getPeers(infoHash, { ...family.queryOptions, forAnnounce: true })
      const self = ownPeer(family, announced) !== null
      const { closest } = await family.runner.lookup({ query, signal, self }).outcome
      return holdersOf(family, closest)
    }
    const walks = ([4, 6] as const).map(async (wanted) => {
      const holders: Holder[] = []
      // One after the other: no node shall be asked by several of our addresses at once (B45-04).
      for (const family of this.#families) {
        if (family.family === wanted) holders.push(...(await walkFrom(family)))
      }
      return holders
    })
    return { holders: (await Promise.all(walks)).flat(), at, note: null }
  }

  async #write(
    infoHash: Id,
    tokens: Tokens<null>,
    { announced, signal }: { announced: Announced; signal: AbortSignal | undefined },
  ): Promise<WriteReport> {
    const { port, impliedPort, seed = false } = announced
    const report = await writeOn(toHex(infoHash), tokens.holders, {
      query: (token) => ({
        method: 'announce_peer',
        infoHash,
        port: impliedPort === true ? 'implied' : port!,
        token,
        seed,
      }),
      own: ({ family }) => this.#storeOwn(infoHash, ownPeer(family, announced), announced),
      signal,
    })
    if (report.refused.length === 0) this.#tokens.keep(infoHash, tokens)
    this.#commits.schedule()
    return report
  }

  #withdrawOwn(infoHash: Id, announced: Announced): void {
    for (const family of this.#families) {
      const own = ownPeer(family, announced)
      if (own !== null) this.#store.peers.withdraw(infoHash, own)
    }
    this.#commits.schedule()
  }

  #storeOwn(infoHash: Id, compact: Uint8Array | null, { seed = false }: Announced): string | null {
    // Our address was lost since we found ourselves among the closest.
    if (compact === null) return 'unknown-address'
    const outcome = this.#store.peers.announce(infoHash, {
      compact,
      seed,
      refreshedAt: this.#scheduler.now(),
    })
    return outcome.stored ? null : outcome.why
  }
}

/**
 * Our own peer as others would see it, for our own store where we are one of the closest; null when we are read-only
 * or do not know under which address we are reached.
 */
function ownPeer(family: FamilyNode, { port, impliedPort }: Announced): Uint8Array | null {
  const host = family.servedHost
  return host === null ? null : packAddress({ host, port: impliedPort === true ? family.local.port : port! })
}

const KNOWN = ['port', 'impliedPort', 'seed', 'keepAlive']

function readAnnounceOptions(options: AnnounceOptions): Announced {
  checkOperation(options, KNOWN)
  const { port, impliedPort = false, seed = false, keepAlive = true } = options
  for (const [name, value] of Object.entries({ impliedPort, seed, keepAlive })) toFlag(name, value)
  if (impliedPort && port === undefined) return { impliedPort, seed }
  return { port: toPort('port', port), impliedPort, seed }
}

function writeAnnounced(announced: Announced): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(announced))
}

/** null: it is not as we write it (a file that was edited by hand). */
function readAnnounced(data: Uint8Array): Announced | null {
  try {
    const { port, impliedPort, seed } = JSON.parse(new TextDecoder().decode(data)) as AnnounceOptions
    return readAnnounceOptions({ port, impliedPort, seed } as AnnounceOptions)
  } catch {
    return null
  }
}
