// Types of the untyped packages that tests hold us against: what we use of them, and no more.

declare module 'bencode' {
  const bencode: {
    /** Strings become byte strings of UTF-8. */
    encode(value: unknown): Uint8Array
    /** Byte strings stay bytes unless an encoding is given. */
    decode(bytes: Uint8Array, start?: number, end?: number, encoding?: string): unknown
  }
  export default bencode
}

declare module 'bittorrent-dht' {
  interface Endpoint {
    host: string
    port: number
  }
  type Done = (error: Error | null, count?: number) => void
  /** BEP 44. Byte strings are buffers, also inside of others. */
  interface Put {
    v: unknown
    k?: Buffer
    seq?: number
    cas?: number
    salt?: Buffer
    sign?: (message: Uint8Array) => Buffer
  }
  interface Got {
    v: unknown
    k?: Buffer
    seq?: number
    sig?: Buffer
  }

  export default class DHT {
    constructor(options: {
      bootstrap: readonly string[] | false
      host?: string
      verify?: (signature: Buffer, message: Uint8Array, publicKey: Buffer) => boolean
    })
    readonly nodeId: Buffer
    readonly nodes: { toArray(): (Endpoint & { id: Buffer })[] }
    /** Its questions, one at a time; there is no public way to them. */
    readonly _rpc: {
      query(
        to: Endpoint,
        message: { q: string; a: Record<string, unknown> },
        done: (
          error: (Error & { code?: number | string }) | null,
          reply?: { r: Record<string, Buffer> },
        ) => void,
      ): void
    }
    address(): { address: string; port: number }
    listen(port: number, host: string, done: () => void): void
    announce(infoHash: string | Buffer, port: number, done: Done): void
    lookup(infoHash: string | Buffer, done: Done): () => void
    put(
      item: Put,
      done: (error: (Error & { code?: number }) | null, key: Buffer, count?: number) => void,
    ): void
    get(
      key: string | Buffer,
      options: { salt?: Buffer; cache?: boolean },
      done: (error: Error | null, item?: Got | null) => void,
    ): void
    destroy(done: () => void): void
    on(event: 'ready', listener: () => void): void
    on(event: 'warning' | 'error', listener: (error: Error) => void): void
    on(event: 'peer', listener: (peer: Endpoint, infoHash: Buffer, from: Endpoint | null) => void): void
    on(event: 'announce', listener: (peer: Endpoint, infoHash: Buffer, from: Endpoint) => void): void
    removeListener(event: 'peer', listener: (peer: Endpoint, infoHash: Buffer) => void): void
  }
}
