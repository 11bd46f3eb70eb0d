// Announcing a peer (BEP 5, announce_peer): on whom, with which token, what came of it, and again before it expires.
// Not here: how peers are found (search.ts), what a node does that is announced to (answers.ts).
import { packAddress } from '../../codecs/compact-address.ts'
import { asId, toHex, type Id } from '../../kademlia/id.ts'
import { FreshTokens, type Tokens } from '../../node/fresh-tokens.ts'
import { KeptWrites, type KeptKind, type KeptPorts } from '../../node/kept-writes.ts'
import { checkOperation, toFlag } from '../../node/reading.ts'
import { holdersOf, writeOn, type WriteReport } from '../../node/write.ts'
import type { Commitment, Store } from '../../stores/store.ts'
import { toPort } from '../host-port.ts'
import type { FamilyHolder, FamilyNode } from './family.ts'
import type { MainlineQuery } from './messages.ts'
import { getPeers } from './queries.ts'

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

export class Announcer {
  readonly #families: readonly FamilyNode[]
  readonly #ports: KeptPorts & { readonly store: Store }
  readonly #kept: KeptWrites<Announced>
  readonly #tokens = new FreshTokens<FamilyNode, null>()

  constructor(
    families: readonly FamilyNode[],
    ports: KeptPorts & { readonly store: Store },
    /** `renewed`: it was announced again. */
    { intervalMs, renewed }: { intervalMs: number; renewed: (report: WriteReport) => void },
  ) {
    this.#families = families
    this.#ports = ports
    const kind: KeptKind<Announced> = {
      kind: 'announce',
      intervalMs,
      write: (infoHash, announced, signal) => this.#once(infoHash, announced, signal),
      withdraw: (infoHash, announced) => this.#withdrawOwn(infoHash, announced),
      encode: (_infoHash, announced) => new TextEncoder().encode(JSON.stringify(announced)),
      decode: readAnnounced,
      renewed,
    }
    this.#kept = new KeptWrites(kind, ports)
  }

  /** Announces on the closest nodes of every family, and keeps it alive unless told otherwise. */
  async announce(infoHash: Id, options: AnnounceOptions): Promise<WriteReport> {
    const announced = readAnnounceOptions(options)
    const { keepAlive = true, signal } = options
    return this.#kept.write(infoHash, announced, { keepAlive, signal })
  }

  /** Stops keeping it alive and takes it out of our own store. False when it was not announced. */
  unannounce(infoHash: Id): boolean {
    return this.#kept.takeBack(infoHash)
  }

  /** What is kept announced. */
  announced(): { readonly key: Id; readonly what: Announced }[] {
    return this.#kept.kept()
  }

  #once(infoHash: Id, announced: Announced, signal?: AbortSignal): Promise<WriteReport> {
    return this.#tokens.write(infoHash, this.#ports.scheduler.now(), {
      find: () => this.#findHolders(infoHash, announced, signal),
      write: (to) => this.#write(infoHash, to, { announced, signal }),
    })
  }

  /** From every address of ours: nodes take the peer's address from the packet. */
  async #findHolders(
    infoHash: Id,
    announced: Announced,
    signal?: AbortSignal,
  ): Promise<Tokens<FamilyNode, null>> {
    const at = this.#ports.scheduler.now()
    const walkFrom = async (family: FamilyNode): Promise<FamilyHolder[]> => {
      await family.knowsSomebody(signal)
      const query = getPeers(infoHash, { ...family.queryOptions, forAnnounce: true })
      const self = ownPeer(family, announced) !== null
      const { closest } = await family.runner.lookup({ query, signal, self }).outcome
      return holdersOf(family, closest)
    }
    const walks = ([4, 6] as const).map(async (wanted) => {
      const holders: FamilyHolder[] = []
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
    tokens: Tokens<FamilyNode, null>,
    { announced, signal }: { announced: Announced; signal: AbortSignal | undefined },
  ): Promise<WriteReport> {
    const { port, impliedPort, seed = false } = announced
    const report = await writeOn<MainlineQuery, FamilyNode>(toHex(infoHash), tokens.holders, {
      query: (token) => ({
        method: 'announce_peer',
        infoHash,
        port: impliedPort === true ? 'implied' : port!,
        token,
        seed,
      }),
      own: ({ local }) => this.#storeOwn(infoHash, ownPeer(local, announced), announced),
      signal,
    })
    this.#ports.commits.schedule()
    return report
  }

  #withdrawOwn(infoHash: Id, announced: Announced): void {
    for (const family of this.#families) {
      const own = ownPeer(family, announced)
      if (own !== null) this.#ports.store.peers.withdraw(infoHash, own)
    }
    this.#ports.commits.schedule()
  }

  #storeOwn(infoHash: Id, compact: Uint8Array | null, { seed = false }: Announced): string | null {
    // Our address was lost since we found ourselves among the closest.
    if (compact === null) return 'unknown-address'
    const outcome = this.#ports.store.peers.announce(infoHash, {
      compact,
      seed,
      refreshedAt: this.#ports.scheduler.now(),
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

/** null: it is not as we write it. */
function readAnnounced({ key, data }: Commitment): { key: Id; what: Announced } | null {
  try {
    const { port, impliedPort, seed } = JSON.parse(new TextDecoder().decode(data)) as AnnounceOptions
    const what = readAnnounceOptions({ port, impliedPort, seed } as AnnounceOptions)
    return { key: asId(key), what }
  } catch {
    return null
  }
}
