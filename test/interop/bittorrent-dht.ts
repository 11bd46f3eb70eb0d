// Nodes of the npm package bittorrent-dht on loopback, with promises and a scope that closes them. It leaves checking
// signatures to its user: here that is node:crypto alone, without our stricter rules.
import { createPublicKey, verify } from 'node:crypto'
import DHT from 'bittorrent-dht'
import type { Address, KeyPair } from '../../src/index.ts'
import { sign } from '../../src/networks/mainline/keys/key-pair.ts'
import { textOf } from './xorbit-network.ts'

const HOST = '127.0.0.1'

/** What it found under a key. */
export interface FoundItem {
  /** Byte strings as latin-1 text, so that they can be compared. */
  readonly value: unknown
  /** null for an immutable item. */
  readonly seq: number | null
}

/** What makes an item that it puts mutable. */
export interface Signing {
  readonly keyPair: KeyPair
  readonly seq: number
  readonly salt?: string
  readonly cas?: number
}

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
    const dht = new DHT({
      bootstrap: bootstrap.length === 0 ? false : [...bootstrap],
      host: HOST,
      verify: isSigned,
    })
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

  /** Puts an item; how many took it. Rejects with the code where all refused, if that is 300 or more. */
  put(value: unknown, signing?: Signing): Promise<{ readonly key: string; readonly stored: number }> {
    const signed = signing === undefined ? {} : mutable(signing)
    return new Promise((resolve, reject) => {
      this.dht.put({ v: value, ...signed }, (error, key, stored) =>
        error ? reject(error) : resolve({ key: key.toString('hex'), stored: stored ?? 0 }),
      )
    })
  }

  /** Walks for an item, whatever it holds itself. null: not found. */
  get(key: string, salt?: string): Promise<FoundItem | null> {
    const options = { cache: false, ...(salt === undefined ? {} : { salt: Buffer.from(salt) }) }
    return new Promise((resolve, reject) => {
      this.dht.get(key, options, (error, item) => {
        if (error) reject(error)
        // What it holds it gives back as it came in a put, if nobody has anything better.
        else resolve(item ? { value: readable(item.v), seq: item.seq ?? null } : null)
      })
    })
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

function mutable({ keyPair, seq, salt, cas }: Signing) {
  return {
    k: Buffer.from(keyPair.publicKey),
    seq,
    sign: (message: Uint8Array) => Buffer.from(sign(keyPair, message)),
    ...(salt === undefined ? {} : { salt: Buffer.from(salt) }),
    ...(cas === undefined ? {} : { cas }),
  }
}

function isSigned(signature: Buffer, message: Uint8Array, publicKey: Buffer): boolean {
  const x = publicKey.toString('base64url')
  const key = createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x } })
  return verify(null, message, key, signature)
}

function readable(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('latin1')
  if (Array.isArray(value)) return value.map(readable)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, readable(inner)]))
}
