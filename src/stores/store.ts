// The contracts of what a node keeps: peers, records, values, its own state, and one commit for all. Interfaces only;
// memory-store.ts and sqlite-store.ts implement them, test/contracts/ holds both to the same sentences.
// Synchronous: reads are in memory.
import type { Id } from '../kademlia/id.ts'

/** 4 for IPv4, 6 for IPv6. The two DHTs of BEP 32 share no peers. */
export type Family = 4 | 6

/** A peer of an infohash: BEP 5's TCP peer. */
export interface StoredPeer {
  /** Compact address: 4 or 16 bytes of IP and 2 of port, big-endian; 6 or 18 in all. BEP 5, BEP 32. */
  readonly compact: Uint8Array
  /** Whether it announced itself as a seed. BEP 33. */
  readonly seed: boolean
  /** When it last announced itself, in ms since 1970. */
  readonly refreshedAt: number
}

/** Why a peer is not stored; the bounds stand in `PeerLimits` of memory-peers.ts. */
export type PeerRefusal =
  | 'too-many-infohashes'
  | 'infohash-full'
  | 'too-many-peers'
  | 'too-many-from-ip'
  | 'too-many-from-prefix'

export interface PeerSampleOptions {
  readonly family: Family
  /** At most so many. */
  readonly count: number
  /** Prefer peers that are no seeds (BEP 33 `noseed`). */
  readonly noSeeds?: boolean
  /** Uniform in [0, 1). */
  readonly fraction: () => number
}

/** Peers by infohash, one per (infohash, IP); in a private network one per address and port. BEP 5, BEP 33. */
export interface PeerStore {
  /**
   * Adds or refreshes; `why` names the bound that forbids it. A second port of one IP replaces the first. A
   * refresh is never refused, and what is stored is never thrown out for a newcomer: it was acknowledged. The
   * bytes are copied. The time is rounded to whole ms, and never goes back: one earlier than that of an
   * announce before counts as that one. Throws RangeError for a compact address of another length or a time
   * that is no number.
   */
  announce(
    infoHash: Id,
    peer: StoredPeer,
  ): { readonly stored: true } | { readonly stored: false; readonly why: PeerRefusal }
  /** Removes the peer with this compact address's IP, whatever its port; nothing when there is none. */
  withdraw(infoHash: Id, compact: Uint8Array): void
  /** A uniformly random subset without repetition; every stored peer is equally likely. */
  sample(infoHash: Id, options: PeerSampleOptions): readonly StoredPeer[]
  /** Peers held for this infohash in this family, seeds among them. */
  count(infoHash: Id, family: Family): { readonly peers: number; readonly seeds: number }
  /** Every peer of an infohash, least recently refreshed first; those of one ms in any order. */
  all(infoHash: Id, family: Family): Iterable<StoredPeer>
  /** Infohashes that have at least one peer, in either family. */
  infoHashes(): Iterable<Id>
  /**
   * Drops peers refreshed before this time, oldest first, at most `limit` at a call; how many were dropped.
   */
  expire(before: number, limit: number): number
  /** Why an announce of this address would be refused now; null: it would be taken. For withholding tokens (B33-10). */
  refusal(infoHash: Id, compact: Uint8Array): PeerRefusal | null
  readonly size: { readonly infoHashes: number; readonly peers: number }
}

/** Which version of a record somebody knows of: enough to notice an older one, and another one of the same version. */
export interface RecordVersion {
  /** Newest wins; 0 for a record that never changes. */
  readonly version: bigint
  /** A hash of what makes two records of one version the same, 20 bytes. */
  readonly digest: Uint8Array
}

/** One value under a key, of which the newest version wins. Its meaning is the network's. */
export interface StoredRecord extends RecordVersion {
  /** 20 or 64 bytes. */
  readonly key: Id
  /** The network's own encoding, signatures and all; at most MAX_RECORD_BYTES. */
  readonly data: Uint8Array
  /** The IP that brought it, 4 or 16 bytes; null: our own, which no quota counts. */
  readonly source: Uint8Array | null
  /** When it was last brought, in ms since 1970. */
  readonly refreshedAt: number
  /** From when on it is not served any more, in ms since 1970. */
  readonly expiresAt: number
}

/** Why a record is not stored; the bounds stand in `RecordLimits` of record-room.ts. */
export type RecordRefusal =
  /** A newer version is held, was held, or was seen. */
  | 'older'
  /** Another record of the same version is held, was held, or was seen. */
  | 'conflict'
  | 'too-many-records'
  | 'too-many-bytes'
  | 'too-many-from-ip'
  | 'too-many-from-prefix'

/** Records by key, newest version wins. BEP 44; drogulus. */
export interface RecordStore {
  /**
   * Adds, replaces by a newer version, or refreshes the same; `why` names what forbids it. First of all it never goes
   * back, neither behind what is held nor behind what has expired or was only seen (`newest`). Then there must be room:
   * what is held is never thrown out for a newcomer, for it was acknowledged. A refresh always has room, and so has a
   * newer version that is no larger; both count from then on for the source that brings them. A refresh keeps the bytes
   * that are held, and never shortens their time. The bytes are copied. Throws RangeError for a key, a source or data of
   * a length that cannot be, a digest of other than 20 bytes, a version that is not 0 … 2^63 - 1, a time that is no
   * number.
   */
  put(
    record: StoredRecord,
  ): { readonly stored: true } | { readonly stored: false; readonly why: RecordRefusal }
  /** What is held and has not expired at this time. Its bytes are not to be changed. */
  get(key: Id, now: number): StoredRecord | null
  /** Why a record of a key that is not held would be refused for lack of room; null: there is room. */
  refusal(key: Id, source: Uint8Array): RecordRefusal | null
  /** Drops what is held; its version is remembered, as if it had expired. */
  remove(key: Id): void
  /** The newest version known of: held, expired not long ago, or seen. Of one version what was held comes first. */
  newest(key: Id): RecordVersion | null
  /**
   * Notes a version that was seen elsewhere, so that none that is older is taken or believed, also after a restart. At
   * most MAX_SEEN, the one not seen for longest is forgotten; never for one that expired, which have a list of their own.
   * Throws RangeError as `put` does.
   */
  sawVersion(key: Id, seen: RecordVersion, now: number): void
  /** Drops what has expired at this time, at most `limit` at a call; how many. Its version is remembered. */
  expire(now: number, limit: number): number
  /** What is held, in any order; also what has expired and was not dropped yet. */
  all(): Iterable<StoredRecord>
  readonly size: { readonly records: number; readonly bytes: number }
}

/** Of one record. A message of drogulus has fewer (drogulus B1); an item of BEP 44 about a hundredth of it. */
export const MAX_RECORD_BYTES = 100_000
/** Versions of records that were seen elsewhere. */
export const MAX_SEEN = 10_000
/** Versions of records that were held and have expired; the oldest is forgotten. */
export const MAX_TOMBSTONES = 20_000

/** One of many values under a key. khashmir. */
export interface StoredValue {
  /** At most MAX_VALUE_BYTES; may be empty. */
  readonly value: Uint8Array
  /** The IP that brought it last, 4 or 16 bytes; null: our own, which no quota counts. */
  readonly source: Uint8Array | null
  /** When it was last stored, in ms since 1970. */
  readonly refreshedAt: number
}

/** Why a value is not stored; the bounds stand in `ValueLimits` of memory-values.ts. */
export type ValueRefusal =
  | 'too-many-keys'
  | 'key-full'
  | 'too-many-values'
  | 'too-many-bytes'
  | 'too-many-from-ip'
  | 'too-many-from-prefix'

export interface ValueReading {
  /** At most so many. */
  readonly count: number
  /** Only those refreshed at this time or later (ms since 1970): what is older has expired. */
  readonly since: number
  /** Enough when they have so many bytes together: the last one may be too much. Default: no matter how many. */
  readonly bytes?: number
  /** Uniform in [0, 1): a uniformly random subset in random order. Without it, in the order of their first storing. */
  readonly fraction?: () => number
}

/** Sets of values: many under one key, each (key, value) once, and each with its own time. khashmir. */
export interface ValueStore {
  /**
   * Adds, or refreshes the same value of the same key; `why` names the bound that forbids it. A refresh is never refused,
   * keeps the place of the value among the others, and counts from then on for the source that brings it where there is
   * room for it there; a refresh of our own leaves it to whoever brought it. What is stored is never thrown out for a newcomer: it was acknowledged. The bytes are copied. The
   * time is rounded to whole ms and never goes back. Throws RangeError for a key of other than 1 … 64 bytes, a value or
   * source of a length that cannot be, a time that is no number.
   */
  store(
    key: Id,
    value: StoredValue,
  ): { readonly stored: true } | { readonly stored: false; readonly why: ValueRefusal }
  /** Values of a key. Their bytes are not to be changed. */
  read(key: Id, reading: ValueReading): readonly Uint8Array[]
  /** Values of a key refreshed at this time or later. */
  count(key: Id, since: number): number
  /** Whether it is held and nobody but ourselves brought it. */
  isOurs(key: Id, value: Uint8Array): boolean
  /** Removes one; nothing when it is not held. */
  withdraw(key: Id, value: Uint8Array): void
  /** Drops values refreshed before this time, oldest first, at most `limit` at a call; how many were dropped. */
  expire(before: number, limit: number): number
  /** What is held, also what has expired and was not dropped yet: key by key, each in the order of its first storing. */
  all(): Iterable<StoredValue & { readonly key: Id }>
  readonly size: { readonly keys: number; readonly values: number; readonly bytes: number }
}

/** Of one value. What fits no answer (1391 bytes) is stored all the same, as the original does (docs/wire/khashmir.md). */
export const MAX_VALUE_BYTES = 8_192

/** A contact as it is saved: enough to be asked again after a restart, and no more. */
export interface SavedContact {
  readonly id: Id
  readonly host: string
  readonly port: number
  /** When it last answered, in ms since 1970. */
  readonly repliedAt: number
}

/** What a node has promised to keep alive: an announce, later a published item or a stored value. */
export interface Commitment {
  /** What kind of promise; the network's word: 'announce', 'publish' … */
  readonly kind: string
  /** Unique within the kind: an infohash, a key. */
  readonly key: Uint8Array
  /** Everything needed to do it again; the network's own encoding. At most 4 KiB. */
  readonly data: Uint8Array
  /** When it was last done successfully, in ms since 1970; 0 when never. */
  readonly doneAt: number
}

/**
 * A peer that is kept out of the table for having sent forged values. It is known by id and address together, since an id
 * alone can be anybody's claim. drogulus B0.
 */
export interface Ban {
  /** 1 … MAX_KEY_BYTES bytes. */
  readonly id: Uint8Array
  /** Its IP address in the one form that the network has for it; at most MAX_BAN_TEXT characters. */
  readonly host: string
  /** From when on it is no longer kept out, in ms since 1970. */
  readonly until: number
  /** What it did; the network's word: 'bad-signature' … At most MAX_BAN_TEXT characters. */
  readonly why: string
}

/**
 * The node's own state. `slot` tells apart the routing tables of one node: 'v4', 'v6'.
 * Saving throws StoreError('full') above MAX_SLOTS, RangeError for a time that is no number and for what is
 * too long.
 */
export interface NodeState {
  identity(slot: string): Uint8Array | null
  saveIdentity(slot: string, id: Uint8Array): void
  contacts(slot: string): readonly SavedContact[]
  /** Replaces the saved contacts of the slot as a whole. At most MAX_SAVED_CONTACTS are kept. */
  saveContacts(slot: string, contacts: readonly SavedContact[]): void
  commitments(): readonly Commitment[]
  /** The one of this kind and key; null when there is none. */
  commitment(kind: string, key: Uint8Array): Commitment | null
  /** Adds or replaces the one of this kind and key. Throws StoreError('full') above MAX_COMMITMENTS. */
  saveCommitment(commitment: Commitment): void
  removeCommitment(kind: string, key: Uint8Array): void
  /** All that are kept, in any order; also those that have ended and were not dropped yet. */
  bans(): readonly Ban[]
  /** Whether this peer is kept out at this time. Cheap: for each contact that is considered. */
  isBanned(id: Uint8Array, host: string, now: number): boolean
  /**
   * Adds, or prolongs the one of this id and host: of two that one counts which ends later. At most MAX_BANS are kept; of the
   * host that has the most the one that ends first is forgotten, be it the new one.
   */
  saveBan(ban: Ban): void
  /** Drops bans that have ended at this time, at most `limit` at a call; how many were dropped. */
  expireBans(now: number, limit: number): number
}

/** Of one node, for identities and for contacts. A node has one or two. */
export const MAX_SLOTS = 16
/** Of one slot; the first ones are saved and the surplus is not. */
export const MAX_SAVED_CONTACTS = 2_048
/** Of one node. */
export const MAX_COMMITMENTS = 10_000
/** Of one commitment's data. */
export const MAX_COMMITMENT_BYTES = 4_096
/** Of an identity, of the id of a contact or ban, and of a commitment's key; a drogulus id has 64. */
export const MAX_KEY_BYTES = 512
/** Of one node; one of the host that has the most is forgotten. */
export const MAX_BANS = 1_024
/** Characters of a ban's host, and of its `why`. */
export const MAX_BAN_TEXT = 64

/**
 * A whole store. Changes are seen at once by reads; they survive `kill -9` once commit() has returned.
 * After close() reads still answer, from memory; changes and commit() throw StoreError('closed').
 */
export interface Store {
  readonly peers: PeerStore
  readonly records: RecordStore
  readonly values: ValueStore
  readonly state: NodeState
  /**
   * Writes all changes since the last commit as one transaction. Throws StoreError('write-failed'), having
   * kept them.
   */
  commit(): void
  /**
   * Commits and releases, releases also when that commit throws StoreError('write-failed'). May be called
   * twice.
   */
  close(): void
}

export type StoreErrorCode =
  | 'not-openable'
  | 'in-use'
  | 'damaged'
  | 'foreign'
  | 'too-new'
  | 'write-failed'
  | 'full'
  | 'closed'

/** Why a store cannot be used; `message` names the file and says what to do next. */
export class StoreError extends Error {
  override readonly name = 'StoreError'
  readonly code: StoreErrorCode
  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
