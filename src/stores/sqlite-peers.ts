// The table of peers: its statements, its journal, and how it is read into memory when a file is opened.
import type { DatabaseSync } from 'node:sqlite'
import type { Id } from '../kademlia/id.ts'
import { RowJournal, type Table } from './journal.ts'
import type { MemoryPeers } from './memory-peers.ts'
import { bytesAt, rowsOf, wholeAt, type Row } from './sqlite-rows.ts'
import type { StoredPeer } from './store.ts'

interface PeerRow {
  readonly infoHash: Id
  readonly peer: StoredPeer
}

export class PeerTable implements Table<PeerRow> {
  readonly #put
  readonly #drop
  readonly #clear
  readonly #peers: () => MemoryPeers

  /** `peers` is called late, because the memory side is built with the journal of this table. */
  constructor(database: DatabaseSync, peers: () => MemoryPeers) {
    this.#put = database.prepare('INSERT OR REPLACE INTO peers VALUES (?, ?, ?, ?, ?)')
    this.#drop = database.prepare('DELETE FROM peers WHERE info_hash = ? AND ip = ? AND port = ?')
    this.#clear = database.prepare('DELETE FROM peers')
    this.#peers = peers
  }

  put({ infoHash, peer }: PeerRow): void {
    this.#put.run(infoHash, ipOf(peer.compact), portOf(peer.compact), peer.seed ? 1 : 0, peer.refreshedAt)
  }

  drop({ infoHash, peer }: PeerRow): void {
    this.#drop.run(infoHash, ipOf(peer.compact), portOf(peer.compact))
  }

  clear(): void {
    this.#clear.run()
  }

  rows(): Iterable<PeerRow> {
    return this.#peers().rows()
  }
}

/** A journal that MemoryPeers tells its changes to. */
export class PeerJournal {
  readonly journal: RowJournal<PeerRow>

  constructor(table: PeerTable, changed: () => void) {
    this.journal = new RowJournal(table, changed)
  }

  put(key: string, infoHash: Id, peer: StoredPeer): void {
    this.journal.put(key, { infoHash, peer })
  }

  drop(key: string, infoHash: Id, peer: StoredPeer): void {
    this.journal.drop(key, { infoHash, peer })
  }
}

/**
 * Reads the table into memory, least recently refreshed first. A time after `now` (a clock that was wrong)
 * counts as now, or such a peer would outlive its time. Peers beyond the bounds, which may have been lowered,
 * are refused as at run time and handed to `surplus`. Throws RangeError for a row that cannot be.
 */
export function loadPeers(
  database: DatabaseSync,
  peers: MemoryPeers,
  now: number,
  surplus: (row: PeerRow) => void,
): void {
  const sql = 'SELECT info_hash, ip, port, seed, refreshed_at FROM peers ORDER BY refreshed_at'
  for (const row of rowsOf(database, sql)) {
    const read = peerRow(row, now)
    if (!peers.restore(read.infoHash, read.peer)) surplus(read)
  }
}

function peerRow(row: Row, now: number): PeerRow {
  const ip = bytesAt(row, 1)
  const port = wholeAt(row, 2)
  if (ip.length !== 4 && ip.length !== 16) throw new RangeError(`an IP of ${ip.length} bytes`)
  if (port < 0 || port > 65_535) throw new RangeError(`port ${port}`)
  const compact = new Uint8Array(ip.length + 2)
  compact.set(ip)
  compact[ip.length] = port >> 8
  compact[ip.length + 1] = port & 0xff
  const refreshedAt = Math.min(wholeAt(row, 4), now)
  return { infoHash: bytesAt(row, 0) as Id, peer: { compact, seed: wholeAt(row, 3) === 1, refreshedAt } }
}

function ipOf(compact: Uint8Array): Uint8Array {
  return compact.subarray(0, compact.length - 2)
}

function portOf(compact: Uint8Array): number {
  return compact[compact.length - 2]! * 256 + compact[compact.length - 1]!
}
