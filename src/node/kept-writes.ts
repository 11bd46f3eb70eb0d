// Writes that are kept alive: done once, and again before they expire, until taken back, also over restarts. One of a
// name after the other, so that the last one called has the last word. Not here: what is written and on whom.
import { asId, sameId, type Id } from '../kademlia/id.ts'
import type { Commitment, NodeState } from '../stores/store.ts'
import type { CommitBatch } from './commit-batch.ts'
import type { KeepAlive } from './keep-alive.ts'
import { OneByOne } from './one-by-one.ts'
import type { Scheduler } from './ports.ts'
import { UnderWay } from './under-way.ts'
import { reachedOthers, type WriteReport } from './write.ts'

/** What a network says of one kind of write. `What` is what is written, beside its key. */
export interface KeptKind<What> {
  /** The kind of its commitments. */
  readonly kind: string
  /** How often it is done again. */
  readonly intervalMs: number
  /** Writes it on others, and on our own node where that is one of the closest. */
  readonly write: (key: Id, what: What, signal?: AbortSignal) => Promise<WriteReport>
  /** Takes it out of our own store. */
  readonly withdraw: (key: Id, what: What) => void
  /** Under which name it is kept: of one name there is one. Default: its key. At most MAX_KEY_BYTES. */
  readonly nameOf?: (key: Id, what: What) => Uint8Array
  readonly encode: (key: Id, what: What) => Uint8Array
  /** null: it is not as we write it (a file that was edited by hand). */
  readonly decode: (commitment: Commitment) => { readonly key: Id; readonly what: What } | null
  /** It was done again. */
  readonly renewed: (report: WriteReport) => void
}

export interface KeptPorts {
  readonly state: NodeState
  readonly scheduler: Scheduler
  readonly commits: CommitBatch
  readonly keepAlive: KeepAlive
}

export class KeptWrites<What> {
  readonly #kind: KeptKind<What>
  readonly #ports: KeptPorts
  readonly #underWay = new UnderWay()
  /** By name. */
  readonly #turns = new OneByOne()

  constructor(kind: KeptKind<What>, ports: KeptPorts) {
    this.#kind = kind
    this.#ports = ports
    ports.keepAlive.keep(kind.kind, {
      intervalMs: kind.intervalMs,
      renew: (commitment) =>
        this.#turns.take(textOf(commitment.key), () => this.#renew(commitment), undefined),
    })
  }

  /**
   * Writes it, and keeps it alive unless told otherwise. Resolves when that promise is committed; rejects when it cannot
   * be.
   */
  async write(
    key: Id,
    what: What,
    { keepAlive, signal }: { readonly keepAlive: boolean; readonly signal: AbortSignal | undefined },
  ): Promise<WriteReport> {
    const { kind, write, withdraw, encode } = this.#kind
    const { scheduler, commits } = this.#ports
    const name = this.#nameOf(key, what)
    const promise = this.#underWay.begin(textOf(name))
    const work = async (): Promise<WriteReport> => {
      const report = await write(key, what, signal)
      if (promise.revoked) withdraw(key, what)
      else if (keepAlive) {
        const doneAt = reachedOthers(report) ? scheduler.now() : 0
        this.#ports.keepAlive.add({ kind, key: name, data: encode(key, what), doneAt })
      }
      await commits.committed()
      return report
    }
    try {
      return await this.#turns.take(textOf(name), work, signal)
    } finally {
      this.#underWay.end(promise)
    }
  }

  /** Stops keeping alive what has this name, and takes it out of our own store. False when there was none. */
  takeBack(name: Uint8Array): boolean {
    const { kind, withdraw, decode } = this.#kind
    const revoked = this.#underWay.revoke(textOf(name))
    const commitment = this.#ports.state.commitment(kind, name)
    const kept = commitment && decode(commitment)
    if (kept !== null) withdraw(kept.key, kept.what)
    return this.#ports.keepAlive.remove(kind, name) || revoked
  }

  /** What is kept alive. */
  kept(): { readonly key: Id; readonly what: What }[] {
    const { kind, decode } = this.#kind
    return this.#ports.state.commitments().flatMap((commitment) => {
      const kept = commitment.kind === kind ? decode(commitment) : null
      return kept === null ? [] : [kept]
    })
  }

  async #renew(commitment: Commitment): Promise<Uint8Array | null> {
    const { kind, write, withdraw, decode, renewed } = this.#kind
    const { key: name, data } = commitment
    const kept = decode(commitment)
    const isKept = (): boolean => {
      const current = this.#ports.state.commitment(kind, name)
      return current !== null && sameId(current.data, data)
    }
    // By its turn something else may have been written under this name.
    if (kept === null || !isKept()) return null
    const report = await write(kept.key, kept.what)
    if (!isKept()) withdraw(kept.key, kept.what)
    renewed(report)
    return reachedOthers(report) ? data : null
  }

  #nameOf(key: Id, what: What): Uint8Array {
    return this.#kind.nameOf?.(key, what) ?? key
  }
}

/** One character a byte. */
function textOf(name: Uint8Array): string {
  return String.fromCharCode(...name)
}

/** The key of a commitment whose name is its key. */
export function keyOf({ key }: Commitment): Id {
  return asId(key)
}
