// Storing values (khashmir A7, "store"): on the nodes closest to the key, our own among them, until as many have taken it
// as are wanted; and again before it expires there. Not here: when that is (node/keep-alive.ts), how values are found.
import { createHash } from 'node:crypto'
import { asId, toHex, type Id } from '../../../kademlia/id.ts'
import { FreshTokens, type Tokens } from '../../../node/fresh-tokens.ts'
import { KeptWrites, type KeptPorts } from '../../../node/kept-writes.ts'
import { holdersOf, writeOn, type WriteReport } from '../../../node/write.ts'
import type { Commitment, Store } from '../../../stores/store.ts'
import type { FamilyNode } from '../family.ts'
import type { KhashmirQuery } from '../messages.ts'
import { findNode } from '../queries.ts'
import { ID_BYTES } from '../wire/bounds.ts'

export interface StoringOptions {
  /** STORE_REDUNDANCY: on so many nodes. */
  readonly redundancy: number
  /** KEY_REFRESH. */
  readonly intervalMs: number
  /** What is kept alive was stored again. */
  readonly republished: (report: WriteReport) => void
}

/** A value that this node keeps alive. */
export interface KeptValue {
  readonly key: Id
  readonly what: Uint8Array
}

export class Storing {
  readonly #node: FamilyNode
  readonly #ports: KeptPorts & { readonly store: Store }
  readonly #redundancy: number
  readonly #kept: KeptWrites<Uint8Array>
  readonly #tokens = new FreshTokens<FamilyNode, null>()

  constructor(node: FamilyNode, ports: KeptPorts & { readonly store: Store }, options: StoringOptions) {
    this.#node = node
    this.#ports = ports
    this.#redundancy = options.redundancy
    this.#kept = new KeptWrites(
      {
        kind: 'store',
        intervalMs: options.intervalMs,
        write: (key, value, signal) => this.#once(key, value, signal),
        withdraw: (key, value) => this.#withdrawOwn(key, value),
        nameOf,
        encode: (_key, value) => value,
        decode: readKept,
        renewed: options.republished,
      },
      ports,
    )
  }

  async store(
    key: Id,
    value: Uint8Array,
    options: { readonly keepAlive: boolean; readonly signal: AbortSignal | undefined },
  ): Promise<WriteReport> {
    return this.#kept.write(key, value, options)
  }

  /** Stops keeping it alive, and takes it out of our own store unless others stored it here too. False: it was not kept. */
  unstore(key: Id, value: Uint8Array): boolean {
    return this.#kept.takeBack(nameOf(key, value))
  }

  kept(): KeptValue[] {
    return this.#kept.kept()
  }

  #once(key: Id, value: Uint8Array, signal?: AbortSignal): Promise<WriteReport> {
    return this.#tokens.write(key, this.#ports.scheduler.now(), {
      find: () => this.#find(key, signal),
      write: (to) => this.#write(key, value, { to, signal }),
    })
  }

  async #find(key: Id, signal?: AbortSignal): Promise<Tokens<FamilyNode, null>> {
    const node = this.#node
    const at = this.#ports.scheduler.now()
    await node.knowsSomebody(signal)
    const query = findNode(key, { forStore: true })
    const { closest } = await node.runner.lookup({ query, signal, self: node.serves }).outcome
    return { holders: holdersOf(node, closest), at, note: null }
  }

  async #write(
    key: Id,
    value: Uint8Array,
    { to, signal }: { to: Tokens<FamilyNode, null>; signal: AbortSignal | undefined },
  ): Promise<WriteReport> {
    const report = await writeOn<KhashmirQuery, FamilyNode>(toHex(key), to.holders, {
      query: (token) => ({ method: 'store_value', key, value, token }),
      own: () => this.#storeOwn(key, value),
      enough: this.#redundancy,
      signal,
    })
    this.#ports.commits.schedule()
    return report
  }

  #storeOwn(key: Id, value: Uint8Array): string | null {
    const refreshedAt = this.#ports.scheduler.now()
    const outcome = this.#ports.store.values.store(key, { value, source: null, refreshedAt })
    return outcome.stored ? null : outcome.why
  }

  #withdrawOwn(key: Id, value: Uint8Array): void {
    const { store, commits } = this.#ports
    // Others may have stored the same here, and were told that it is kept.
    if (!store.values.isOurs(key, value)) return
    store.values.withdraw(key, value)
    commits.schedule()
  }
}

/** The key, and a digest of the value: many values of one key are kept alive each for itself. 40 bytes. */
function nameOf(key: Id, value: Uint8Array): Uint8Array {
  const name = new Uint8Array(2 * ID_BYTES)
  name.set(key)
  name.set(createHash('sha1').update(value).digest(), ID_BYTES)
  return name
}

/** null: it is not as we write it. */
function readKept({ key: name, data }: Commitment): KeptValue | null {
  return name.length === 2 * ID_BYTES ? { key: asId(name.slice(0, ID_BYTES)), what: data } : null
}
