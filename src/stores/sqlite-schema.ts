// What a store's file looks like inside: its marks, its tables, and the steps from one schema version to the
// next. Not here: statements that read and write rows; each table's own file has them.
import type { DatabaseSync } from 'node:sqlite'

/** 'xorb' in ASCII: what PRAGMA application_id says of our files. */
export const APPLICATION_ID = 0x78_6f_72_62

/** Times are whole ms since 1970 that a double holds exactly. */
const timeCheck = (column: string): string =>
  `CHECK (${column} BETWEEN -9007199254740991 AND 9007199254740991)`

/**
 * Step n leads from schema version n to n + 1; an empty file has version 0. A step once published is never
 * changed.
 */
const STEPS: readonly string[] = [
  // STRICT and the CHECKs let quick_check find a row that cannot be before anything is written; what memory
  // accepts passes them. No index on the refresh time: it would halve the writes, and what expires is decided
  // in memory.
  `CREATE TABLE peers (
     info_hash BLOB NOT NULL,
     ip BLOB NOT NULL CHECK (length(ip) IN (4, 16)),
     port INTEGER NOT NULL CHECK (port BETWEEN 0 AND 65535),
     seed INTEGER NOT NULL CHECK (seed IN (0, 1)),
     refreshed_at INTEGER NOT NULL ${timeCheck('refreshed_at')},
     PRIMARY KEY (info_hash, ip, port)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE identities (
     slot TEXT NOT NULL PRIMARY KEY,
     id BLOB NOT NULL CHECK (length(id) <= 512)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE contacts (
     slot TEXT NOT NULL,
     position INTEGER NOT NULL CHECK (position >= 0),
     id BLOB NOT NULL CHECK (length(id) <= 512),
     host TEXT NOT NULL,
     port INTEGER NOT NULL CHECK (port BETWEEN 0 AND 65535),
     replied_at INTEGER NOT NULL ${timeCheck('replied_at')},
     PRIMARY KEY (slot, position)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE commitments (
     kind TEXT NOT NULL,
     key BLOB NOT NULL CHECK (length(key) <= 512),
     data BLOB NOT NULL CHECK (length(data) <= 4096),
     done_at INTEGER NOT NULL ${timeCheck('done_at')},
     PRIMARY KEY (kind, key)
   ) STRICT, WITHOUT ROWID;`,
  // Records with a rowid, because their rows are large: an index of its own keeps the keys close together.
  `CREATE TABLE records (
     key BLOB NOT NULL PRIMARY KEY CHECK (length(key) BETWEEN 1 AND 64),
     version INTEGER NOT NULL CHECK (version >= 0),
     digest BLOB NOT NULL CHECK (length(digest) = 20),
     data BLOB NOT NULL CHECK (length(data) <= 16384),
     source BLOB CHECK (length(source) IN (4, 16)),
     refreshed_at INTEGER NOT NULL ${timeCheck('refreshed_at')},
     expires_at INTEGER NOT NULL ${timeCheck('expires_at')}
   ) STRICT;
   CREATE TABLE versions (
     key BLOB NOT NULL CHECK (length(key) BETWEEN 1 AND 64),
     kind TEXT NOT NULL CHECK (kind IN ('tombstone', 'seen')),
     version INTEGER NOT NULL CHECK (version >= 0),
     digest BLOB NOT NULL CHECK (length(digest) = 20),
     noted_at INTEGER NOT NULL ${timeCheck('noted_at')},
     PRIMARY KEY (key, kind)
   ) STRICT, WITHOUT ROWID;`,
  // A value is found by its position, which it never shares: an index on what makes it unique, key and value, would double
  // the file. New rows go to the end.
  `CREATE TABLE value_sets (
     position INTEGER NOT NULL PRIMARY KEY CHECK (position BETWEEN 1 AND 4503599627370496),
     key BLOB NOT NULL CHECK (length(key) BETWEEN 1 AND 64),
     value BLOB NOT NULL CHECK (length(value) <= 8192),
     source BLOB CHECK (length(source) IN (4, 16)),
     refreshed_at INTEGER NOT NULL ${timeCheck('refreshed_at')}
   ) STRICT;`,
  // Larger records. SQLite changes no CHECK of a table, so there is a new one, with every row; the old name goes first, so
  // that what SQLite keeps of the new table is written here.
  `ALTER TABLE records RENAME TO small_records;
   CREATE TABLE records (
     key BLOB NOT NULL PRIMARY KEY CHECK (length(key) BETWEEN 1 AND 64),
     version INTEGER NOT NULL CHECK (version >= 0),
     digest BLOB NOT NULL CHECK (length(digest) = 20),
     data BLOB NOT NULL CHECK (length(data) <= 100000),
     source BLOB CHECK (length(source) IN (4, 16)),
     refreshed_at INTEGER NOT NULL ${timeCheck('refreshed_at')},
     expires_at INTEGER NOT NULL ${timeCheck('expires_at')}
   ) STRICT;
   INSERT INTO records SELECT key, version, digest, data, source, refreshed_at, expires_at
     FROM small_records ORDER BY rowid;
   DROP TABLE small_records;
   CREATE TABLE bans (
     id BLOB NOT NULL CHECK (length(id) BETWEEN 1 AND 512),
     host TEXT NOT NULL CHECK (length(host) <= 64),
     until INTEGER NOT NULL ${timeCheck('until')},
     why TEXT NOT NULL CHECK (length(why) <= 64),
     PRIMARY KEY (id, host)
   ) STRICT, WITHOUT ROWID;`,
]

/** The schema version that this program writes, and the newest that it reads. */
export const SCHEMA_VERSION = STEPS.length

/** Whose a file is and how new. */
export interface FileMarks {
  readonly applicationId: number
  readonly schemaVersion: number
}

export function readMarks(database: DatabaseSync): FileMarks {
  return {
    applicationId: pragmaNumber(database, 'application_id'),
    schemaVersion: pragmaNumber(database, 'user_version'),
  }
}

/**
 * Brings a file of ours, or an empty one, to SCHEMA_VERSION, in one transaction: after a crash it is the old
 * one or the new. What it throws is SQLite's.
 */
export function migrate(database: DatabaseSync, from: number): void {
  if (from >= SCHEMA_VERSION) return
  database.exec('BEGIN EXCLUSIVE')
  for (const step of STEPS.slice(from)) database.exec(step)
  database.exec(`PRAGMA application_id = ${APPLICATION_ID}`)
  database.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`)
  database.exec('COMMIT')
}

function pragmaNumber(database: DatabaseSync, name: string): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name])
}
