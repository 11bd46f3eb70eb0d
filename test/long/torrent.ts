// A small torrent without any tracker, for downloads that must find their seeder through the DHT; made with the npm
// package bencode, in a folder that goes with the scope.
import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import bencode from 'bencode'

const NAME = 'payload.bin'
const PIECE_BYTES = 32_768
const PIECES = 16

export class Torrent implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'xorbit-download-'))
  readonly file = join(this.folder, 'payload.torrent')
  readonly infoHash: string
  readonly bytes = PIECES * PIECE_BYTES
  readonly #payload = randomBytes(this.bytes)

  constructor() {
    const hashes: Buffer[] = []
    for (let at = 0; at < this.bytes; at += PIECE_BYTES) {
      hashes.push(
        createHash('sha1')
          .update(this.#payload.subarray(at, at + PIECE_BYTES))
          .digest(),
      )
    }
    const info = {
      length: this.bytes,
      name: NAME,
      'piece length': PIECE_BYTES,
      pieces: Buffer.concat(hashes),
    }
    this.infoHash = createHash('sha1').update(bencode.encode(info)).digest('hex')
    writeFileSync(this.file, bencode.encode({ info }))
  }

  get magnet(): string {
    return `magnet:?xt=urn:btih:${this.infoHash}`
  }

  /** A folder for one client, below ours. */
  subfolder(name: string): string {
    const folder = join(this.folder, name)
    mkdirSync(folder)
    return folder
  }

  /** A folder that has the whole payload, for the seeder. */
  seedFolder(): string {
    const folder = this.subfolder('seed')
    writeFileSync(join(folder, NAME), this.#payload)
    return folder
  }

  /** Whether a folder has the payload, byte for byte. */
  isIn(folder: string): boolean {
    try {
      return readFileSync(join(folder, NAME)).equals(this.#payload)
    } catch {
      return false
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** A TCP port of loopback that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}
