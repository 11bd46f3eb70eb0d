// Announcing a peer (BEP 5, announce_peer): on whom, with which token, what came of it, and again before it expires.
// Not here: how peers are found (search.ts), what a node does that is announced to (answers.ts).
import { packAddress } from '../../codecs/compact-address.ts'
import type { Address } from '../../kademlia/contact.ts'
import { asId, sameId, toHex, type Id } from '../../kademlia/id.ts'
import type { Random } from '../../kademlia/ports.ts'
import type { Answered } from '../../kademlia/walk.ts'
import type { CommitBatch } from '../../node/commit-batch.ts'
import { KeepAlive } from '../../node/keep-alive.ts'
import type { Scheduler } from '../../node/ports.ts'
import type { Commitment, Store } from '../../stores/store.ts'
import { checkOperation, toFlag } from '../../node/reading.ts'
import { toPort } from './arguments.ts'
import type { FamilyNode } from './family.ts'
import type { MainlineQuery, MainlineReply } from './messages.ts'
import { getPeers } from './queries.ts'

export interface AnnounceOptions {
  /** TCP port on which the peer listens, 1 … 65535. Needed unless impliedPort is set. */
  readonly port?: number
  /** The peer listens on the UDP port of this node (uTP): nodes take the port that they see. BEP 5. */
  readonly impliedPort?: boolean
  /** The peer has everything: it is a seed. BEP 33. */
  readonly seed?: boolean
  /** Announce again before it expires, also after a restart, until `unannounce`. Default true. */
  readonly keepAlive?: boolean
  readonly signal?: AbortSignal | undefined
}

/** Why a node did not take a write: its error code, or why there was no answer. */
export interface Refused extends Address {
  readonly code: number | string
}

/** What came of a write. */
export interface WriteReport {
  /** The key, as lower-case hex. */
  readonly key: string
  /** Nodes that took it; our own among them where it is one of the closest (`self`). */
  readonly stored: number
  /** Nodes that were asked to. */
  readonly asked: number
  /** 'self' as host is our own node. */
  readonly accepted: readonly Address[]
  readonly refused: readonly Refused[]
}

/** What is announced: the part of the options that is kept. */
type Announced = Pick<AnnounceOptions, 'port' | 'impliedPort' | 'seed'>

const KIND = 'announce'

export class Announcer {
  readonly #families: readonly FamilyNode[]
  readonly #store: Store
  readonly #scheduler: Scheduler
  readonly #commits: CommitBatch
  /** Announces under way by infohash: unannounce takes back the promise of each. At most one entry a call. */
  readonly #underWay = new Set<{ readonly infoHash: string; revoked: boolean }>()
  readonly #keepAlive: KeepAlive

  constructor(parts: {
    families: readonly FamilyNode[]
    store: Store
    scheduler: Scheduler
    random: Random
    intervalMs: number
    commits: CommitBatch
    /** It was announced again. */
    renewed: (report: WriteReport) => void
    /** That it was announced again could not be written down. */
    failed: (error: unknown) => void
  }) {
    this.#families = parts.families
    this.#store = parts.store
    this.#scheduler = parts.scheduler
    this.#commits = parts.commits
    this.#keepAlive = new KeepAlive({
      ...parts,
      state: parts.store.state,
      changed: () => parts.commits.schedule(),
      renew: async ({ kind, key, data }) => {
        if (kind !== KIND) return false
        const report = await this.#once(asId(key), readAnnounced(data))
        parts.renewed(report)
        return report.stored > 0
      },
    })
  }

  /** Takes up what a former run promised. */
  resume(): void {
    this.#keepAlive.resume()
  }

  /**
   * Announces on the closest nodes of every family, and keeps it alive unless told otherwise. Resolves when that promise
   * is committed; rejects when it cannot be.
   */
  async announce(infoHash: Id, options: AnnounceOptions): Promise<WriteReport> {
    const announced = readAnnounceOptions(options)
    const promise = { infoHash: toHex(infoHash), revoked: false }
    this.#underWay.add(promise)
    try {
      const report = await this.#once(infoHash, announced, options.signal)
      if (options.keepAlive !== false && !promise.revoked) {
        const doneAt = report.stored > 0 ? this.#scheduler.now() : 0
        this.#keepAlive.add({ kind: KIND, key: infoHash, data: writeAnnounced(announced), doneAt })
      }
      await this.#commits.committed()
      return report
    } finally {
      this.#underWay.delete(promise)
    }
  }

  /** Stops keeping it alive and takes it out of our own store. False when it was not announced. */
  unannounce(infoHash: Id): boolean {
    let revoked = false
    for (const promise of this.#underWay) {
      if (promise.infoHash !== toHex(infoHash) || promise.revoked) continue
      promise.revoked = true
      revoked = true
    }
    for (const { commitment, announced } of this.announced()) {
      if (!sameId(commitment.key, infoHash)) continue
      for (const family of this.#families) {
        const own = ownPeer(family, announced)
        if (own !== null) this.#store.peers.withdraw(infoHash, own)
      }
    }
    return this.#keepAlive.remove(KIND, infoHash) || revoked
  }

  /** What is kept announced. */
  announced(): { readonly commitment: Commitment; readonly announced: Announced }[] {
    return this.#store.state
      .commitments()
      .filter(({ kind }) => kind === KIND)
      .map((commitment) => ({ commitment, announced: readAnnounced(commitment.data) }))
  }

  close(): void {
    this.#keepAlive.close()
  }

  async #once(infoHash: Id, announced: Announced, signal?: AbortSignal): Promise<WriteReport> {
    const accepted: Address[] = []
    const refused: Refused[] = []
    const onFamily = async (family: FamilyNode): Promise<void> => {
      const own = ownPeer(family, announced)
      const query = getPeers(infoHash, { ...family.queryOptions, forAnnounce: true })
      await family.knowsSomebody(signal)
      const { closest } = await family.runner.lookup({ query, signal, self: own !== null }).outcome
      await Promise.all(
        closest.map(async (holder) => {
          const code = holder.self
            ? this.#storeOwn(infoHash, own!, announced)
            : await askToStore(family, holder, infoHash, announced, signal)
          if (code === null) accepted.push(holder.contact.address)
          else refused.push({ ...holder.contact.address, code })
        }),
      )
    }
    await Promise.all(this.#families.map(onFamily))
    this.#commits.schedule()
    const asked = accepted.length + refused.length
    return { key: toHex(infoHash), stored: accepted.length, asked, accepted, refused }
  }

  #storeOwn(infoHash: Id, compact: Uint8Array, { seed = false }: Announced): string | null {
    const outcome = this.#store.peers.announce(infoHash, {
      compact,
      seed,
      refreshedAt: this.#scheduler.now(),
    })
    return outcome.stored ? null : outcome.why
  }
}

/** Asks one node, with its own token and at the endpoint that gave it (B5-20). null: it took it; else why not. */
async function askToStore(
  family: FamilyNode,
  { contact, reply }: Answered<MainlineReply>,
  infoHash: Id,
  { port, impliedPort, seed = false }: Announced,
  signal: AbortSignal | undefined,
): Promise<number | string | null> {
  const query: MainlineQuery = {
    method: 'announce_peer',
    infoHash,
    port: impliedPort === true ? 'implied' : port!,
    token: reply!.token!,
    seed,
  }
  const request = { query, to: contact.address, expectedId: contact.id }
  const outcome = await family.runner.ask(request, { signal })
  if (outcome.kind === 'reply') return null
  return outcome.kind === 'error' ? outcome.refusal.code : outcome.why
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

function readAnnounced(data: Uint8Array): Announced {
  return JSON.parse(new TextDecoder().decode(data)) as Announced
}
