// libtorrent for tests: one session in a process of its own, through Debian's python3-libtorrent. Where that is missing
// tests are skipped with a sentence that says how to get it; on CI, which installs it, that is a failure.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { encodeValue, toHex, type Address, type KeyPair, type ValueLike } from '../../src/index.ts'
import { DrivenProgram } from './driven-program.ts'
import { textOf } from './xorbit-network.ts'

/** Debian's own Python: another one on the PATH does not see Debian's packages. */
const PYTHON = '/usr/bin/python3'
const PROGRAM = join(import.meta.dirname, 'libtorrent_session.py')

/** Several nodes on one address are what libtorrent defends itself against by default. */
export const ON_ONE_ADDRESS = {
  dht_restrict_routing_ips: false,
  dht_restrict_search_ips: false,
  dht_ignore_dark_internet: false,
  dht_prefer_verified_node_ids: false,
  dht_enforce_node_id: false,
  // By default who sends 50 packets in ten seconds from one address is not heard for five minutes.
  dht_block_ratelimit: 1_000_000,
  // By default it sends 8000 bytes a second: beyond that it is silent, and a lookup waits 15 s for its own lost query.
  dht_upload_rate_limit: 10_000_000,
} as const

export interface LibtorrentNode extends Address {
  /** 40 hex digits. */
  readonly id: string
}

/** An error message (BEP 5) that libtorrent sent or received. */
export interface LibtorrentError {
  readonly sent: boolean
  readonly endpoint: string
  readonly query: string
  readonly code: number
  readonly message: string
}

export interface LibtorrentReport {
  /** How many messages of a kind: 'sent get_peers', 'received reply'. */
  readonly counts: Readonly<Record<string, number>>
  readonly errors: readonly LibtorrentError[]
  /** Lines of its log that find fault with what it received. */
  readonly complaints: readonly string[]
}

/** Which nodes took what it put, besides itself. */
export interface LibtorrentPut {
  /** 40 hex digits. */
  readonly target: string
  /** The one that it chose; null for an immutable item. */
  readonly seq: bigint | null
  /** 'HOST:PORT'. */
  readonly by: readonly string[]
}

/** What it found, and has checked. */
export interface LibtorrentItem {
  /** A byte string as latin-1 text; null when it is something else, which its Python does not give. */
  readonly text: string | null
  /** What else there is, as its log shows it. */
  readonly shown: string | null
  /** null for an immutable item. */
  readonly seq: bigint | null
}

/** What a node told it of the infohashes that it has (BEP 51). */
export interface LibtorrentSamples {
  /** In seconds. */
  readonly interval: number
  readonly num: number
  /** 40 hex digits each, sorted. */
  readonly samples: readonly string[]
}

/** A lookup in which somebody is dead takes 15 s, and a put is two of them. */
const ITEM_SECONDS = 60

export interface LibtorrentOptions {
  /** 'HOST:PORT' of nodes to join through. */
  readonly bootstrap: readonly string[]
  /** 'HOST:0' to listen on. Default loopback. */
  readonly hosts?: readonly string[]
  /** Beyond libtorrent's defaults. */
  readonly settings?: Readonly<Record<string, boolean | number | string>>
  /** Words before the command, such as those that enter a namespace. */
  readonly within?: readonly string[]
}

/** Why there is no libtorrent here, for `skip`; false when there is. Throws on CI when it is missing. */
export function withoutLibtorrent(): string | false {
  const found = spawnSync(PYTHON, ['-c', 'import libtorrent; print(libtorrent.version)'], {
    encoding: 'utf8',
  })
  if (found.status === 0) return false
  const why = 'libtorrent is not installed: apt-get install -y --no-install-recommends python3-libtorrent'
  if (process.env['CI'] === 'true') throw new Error(`${why} (${found.stderr || String(found.error)})`)
  return why
}

export class Libtorrent extends DrivenProgram {
  /** UDP port of the DHT, by host. */
  ports: Readonly<Record<string, number>> = {}
  version = ''

  static async open(options: LibtorrentOptions): Promise<Libtorrent> {
    const { bootstrap, hosts = ['127.0.0.1:0'], settings = ON_ONE_ADDRESS, within = [] } = options
    const session = new Libtorrent('libtorrent', [...within, PYTHON, PROGRAM])
    try {
      const opened = await session.ask<Pick<Libtorrent, 'ports' | 'version'>>('open', {
        hosts,
        bootstrap,
        settings,
      })
      Object.assign(session, opened)
    } catch (error) {
      await session.close()
      throw error
    }
    return session
  }

  /** The port of the DHT, where there is one; BitTorrent peers listen on the same. */
  get port(): number {
    return Object.values(this.ports)[0]!
  }

  /** Waits until it says that it has joined. */
  bootstrapped(): Promise<void> {
    return this.ask('bootstrapped')
  }

  /** Its ids, one a listening address. */
  ids(): Promise<readonly string[]> {
    return this.ask('ids')
  }

  /** What its routing table holds, as soon as there are so many, or after some seconds whatever there is. */
  nodes(atLeast: number, seconds = 20): Promise<readonly LibtorrentNode[]> {
    return this.ask('nodes', { atLeast, seconds })
  }

  /** Adds a magnet link, which it announces; every 'HOST:PORT' that took it, as soon as those of `by` have. */
  announce(infoHash: string, by: readonly string[]): Promise<readonly string[]> {
    return this.ask('announce', { infoHash, by, seconds: 30 })
  }

  /** The same where it does not matter who takes it, only how many. */
  announceSomewhere(infoHash: string, atLeast: number): Promise<readonly string[]> {
    return this.ask('announce', { infoHash, atLeast, seconds: 30 })
  }

  /** Adds a torrent of its own that it has, which it announces as a seed; its infohash, as soon as those of `by` took it. */
  async seed(by: readonly string[]): Promise<string> {
    return (await this.ask<{ infoHash: string }>('seed', { by, seconds: 30 })).infoHash
  }

  /** The peers that it finds in the DHT, as soon as there are so many. */
  peers(infoHash: string, atLeast: number): Promise<readonly Address[]> {
    return this.ask('get_peers', { infoHash, atLeast })
  }

  /** Puts an immutable item (BEP 44). */
  put(value: ValueLike): Promise<LibtorrentPut> {
    return this.putEncoded(encodeValue(value))
  }

  /** The same of bencode, also of more than 1000 bytes. */
  async putEncoded(value: Uint8Array): Promise<LibtorrentPut> {
    return this.#putOf(await this.ask('put', { value: toHex(value), seconds: ITEM_SECONDS }))
  }

  /** Signs and puts text with a `seq` one above the one that it finds. The key pair must be an expanded one. */
  async publish(keyPair: KeyPair, text: string, salt = ''): Promise<LibtorrentPut> {
    const [value, publicKey] = [toHex(encodeValue(text)), toHex(keyPair.publicKey)]
    const secret = toHex(keyPair.secretKey)
    return this.#putOf(await this.ask('put', { value, publicKey, secret, salt, seconds: ITEM_SECONDS }))
  }

  /** Looks for an immutable item. null: not found. */
  async get(target: string): Promise<LibtorrentItem | null> {
    return itemOf(await this.ask('get', { target, seconds: ITEM_SECONDS }))
  }

  /** Looks for a signed item until all of the closest have answered. null: not found. */
  async resolve({ publicKey }: Pick<KeyPair, 'publicKey'>, salt = ''): Promise<LibtorrentItem | null> {
    return itemOf(await this.ask('get', { publicKey: toHex(publicKey), salt, seconds: ITEM_SECONDS }))
  }

  /** Asks one node for a sample of its infohashes. */
  sample({ host, port }: Address, target: string): Promise<LibtorrentSamples> {
    return this.ask('sample', { host, port, target })
  }

  /** Tells it of a node, as the PORT message of a BitTorrent peer would. */
  addNode({ host, port }: Address): Promise<void> {
    return this.ask('add_node', { host, port })
  }

  /** What it has seen so far, as soon as there are so many errors. */
  report(errors = 0): Promise<LibtorrentReport> {
    return this.ask('report', { errors })
  }

  /** It logs what it cannot read and answers it with errors: fails the test where either has happened. */
  async findsNoFault(): Promise<void> {
    const { errors, complaints, counts } = await this.report()
    assert.deepEqual({ errors, complaints }, { errors: [], complaints: [] })
    const received = Object.entries(counts).filter(([what]) => what.startsWith('received'))
    assert.ok(received.length > 0, JSON.stringify(counts))
  }

  /** It puts on itself, too, by a packet to its own port: that is of no interest. */
  #putOf({ target, seq, by }: RawPut): LibtorrentPut {
    const own = Object.entries(this.ports).map(([host, port]) => textOf({ host, port }))
    const others = by.filter((endpoint) => !own.includes(endpoint))
    return { target, seq: seq === null ? null : BigInt(seq), by: others }
  }
}

interface RawPut extends Omit<LibtorrentPut, 'seq'> {
  readonly seq: string | null
}

function itemOf(raw: { value?: string; shown?: string; seq?: string } | null): LibtorrentItem | null {
  if (raw === null) return null
  const { value, shown = null, seq } = raw
  const text = value === undefined ? null : Buffer.from(value, 'hex').toString('latin1')
  return { text, shown, seq: seq === undefined ? null : BigInt(seq) }
}
