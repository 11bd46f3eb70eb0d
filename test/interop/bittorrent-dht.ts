// Nodes of the npm package bittorrent-dht on loopback, with promises and a scope that closes them.
import DHT from 'bittorrent-dht'
import type { Address } from '../../src/index.ts'
import { textOf } from './xorbit-network.ts'

const HOST = '127.0.0.1'

export class BittorrentDht implements AsyncDisposable {
  readonly dht: DHT
  /** What it warned of: answers that it could not read or match. */
  readonly warnings: string[] = []

  private constructor(dht: DHT) {
    this.dht = dht
    dht.on('warning', ({ message }) => this.warnings.push(message))
    // Without a listener an error would end the process.
    dht.on('error', ({ message }) => this.warnings.push(message))
  }

  /** Resolves when it has joined through `bootstrap` ('HOST:PORT'), or at once when there is nobody to join. */
  static async open(bootstrap: readonly string[] = []): Promise<BittorrentDht> {
    const dht = new DHT({ bootstrap: bootstrap.length === 0 ? false : [...bootstrap], host: HOST })
    const node = new BittorrentDht(dht)
    const ready = new Promise<void>((resolve) => dht.on('ready', resolve))
    await new Promise<void>((resolve) => dht.listen(0, HOST, resolve))
    await ready
    return node
  }

  get endpoint(): string {
    return textOf(this.address)
  }

  get address(): Address {
    return { host: HOST, port: this.dht.address().port }
  }

  /** 40 hex digits. */
  get id(): string {
    return this.dht.nodeId.toString('hex')
  }

  /** The nodes that its table holds. */
  get contacts(): readonly string[] {
    return this.dht.nodes
      .toArray()
      .map(({ host, port }) => textOf({ host, port }))
      .toSorted()
  }

  /** Announces; port 0 lets nodes take the UDP port that they see. Resolves with how many took it. */
  announce(infoHash: string, port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.dht.announce(infoHash, port, (error, taken) => (error ? reject(error) : resolve(taken ?? 0)))
    })
  }

  /** All peers that it finds, sorted. */
  async peersOf(infoHash: string): Promise<readonly string[]> {
    const found = new Set<string>()
    const note = (peer: Address, of: Buffer): void => {
      if (of.toString('hex') === infoHash) found.add(textOf({ host: peer.host, port: peer.port }))
    }
    this.dht.on('peer', note)
    try {
      await new Promise<void>((resolve, reject) => {
        this.dht.lookup(infoHash, (error) => (error ? reject(error) : resolve()))
      })
    } finally {
      this.dht.removeListener('peer', note)
    }
    return [...found].toSorted()
  }

  /** Sends one query; the reply's `r`, or the error that came. */
  query(to: Address, message: { q: string; a: Record<string, unknown> }): Promise<Record<string, Buffer>> {
    return new Promise((resolve, reject) => {
      this.dht._rpc.query(to, message, (error, reply) => (error ? reject(error) : resolve(reply!.r)))
    })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return new Promise((resolve) => this.dht.destroy(resolve))
  }
}
