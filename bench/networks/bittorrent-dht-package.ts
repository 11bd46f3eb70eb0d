// Opens a node of the npm package bittorrent-dht on loopback. The package has no types; these are what we use of it.

/** A k-bucket table of the package. */
interface Table {
  count(): number
  closest(id: Uint8Array, count?: number): { id: Uint8Array }[]
}

/** A node of the package. */
export interface BittorrentDht {
  readonly nodeId: Uint8Array
  readonly nodes: Table
  address(): { port: number }
  listen(port: number, host: string, done: () => void): void
  lookup(infoHash: Uint8Array, done: (error: Error | null, answered: number) => void): void
  on(event: 'ready' | 'error' | 'warning', listener: (error: Error) => void): void
  destroy(done: () => void): void
  /** Where the package keeps whom a lookup has found; there is no public way to it. */
  readonly _tables: { get(hex: string): Table | undefined }
}

export interface BittorrentDhtOptions {
  /** HOST:PORT of nodes to join. */
  readonly bootstrap: readonly string[]
  /** Buckets of 8, and 8 nodes in an answer. */
  readonly limited: boolean
}

type Constructor = new (options: { bootstrap: readonly string[]; host: string; k?: number }) => BittorrentDht

const LIMIT = 8

/** Resolves when the node has joined, or at once when there is nobody to join. */
export async function openBittorrentDht({
  bootstrap,
  limited,
}: BittorrentDhtOptions): Promise<BittorrentDht> {
  const name: string = 'bittorrent-dht'
  const { Client } = (await import(name)) as { Client: Constructor }
  const dht = new Client({ bootstrap, host: '127.0.0.1', ...(limited ? { k: LIMIT } : {}) })
  // It warns of every answer that comes too late; an error would otherwise end the process.
  dht.on('warning', () => undefined)
  dht.on('error', () => undefined)
  if (limited) {
    const closest = dht.nodes.closest.bind(dht.nodes)
    dht.nodes.closest = (id, count = LIMIT) => closest(id, count)
  }
  const ready = new Promise<void>((resolve) => dht.on('ready', () => resolve()))
  await new Promise<void>((resolve) => dht.listen(0, '127.0.0.1', resolve))
  if (bootstrap.length > 0) await ready
  return dht
}
