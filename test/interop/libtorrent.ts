// libtorrent for tests: one session in a process of its own, through Debian's python3-libtorrent. Where that is missing
// tests are skipped with a sentence that says how to get it; on CI, which installs it, that is a failure.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import type { Address } from '../../src/index.ts'
import { DrivenProgram } from './driven-program.ts'

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
  dht_block_ratelimit: 10_000,
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

  /** The peers that it finds in the DHT, as soon as there are so many. */
  peers(infoHash: string, atLeast: number): Promise<readonly Address[]> {
    return this.ask('get_peers', { infoHash, atLeast })
  }

  /** Tells it of a node, as the PORT message of a BitTorrent peer would. */
  addNode({ host, port }: Address): Promise<void> {
    return this.ask('add_node', { host, port })
  }

  /** What it has seen so far, as soon as there are so many errors. */
  report(errors = 0): Promise<LibtorrentReport> {
    return this.ask('report', { errors })
  }
}
