// Opening a store's file: whose it is, whether it is whole, and owning it alone. A refused file is left byte
// for byte as it was. Not here: tables and rows. One trap of POSIX locks: when a process opens and closes the
// file by other means than SQLite (reads it with node:fs, say), its lock is gone. So nothing here does, and
// nobody else in the process may.
import {
  accessSync,
  closeSync,
  constants,
  mkdirSync,
  openSync,
  realpathSync,
  rmSync,
  statSync,
} from 'node:fs'
import { dirname, resolve, sep } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { nodeSqlite, resultCode, SQLITE } from './node-sqlite.ts'
import { APPLICATION_ID, migrate, readMarks, SCHEMA_VERSION } from './sqlite-schema.ts'
import { StoreError } from './store.ts'

export interface FileOptions {
  /** 'process-kill': what is committed survives kill -9. 'power-cut': also that, for one fsync a commit. */
  readonly durability: 'process-kill' | 'power-cut'
  /** The file grows no further; a commit that needs more fails. */
  readonly maxFileBytes: number
}

/** An open file and its absolute path, symbolic links resolved. */
export interface OwnedFile {
  readonly database: DatabaseSync
  readonly path: string
}

/** Opens or creates the file and owns it until it is closed or the process ends. Throws StoreError. */
export function openFile(givenPath: string, options: FileOptions): OwnedFile {
  const path = findOrCreate(givenPath)
  try {
    if (sizeOf(path) > 0) {
      refuseStrangers(path)
      if (sizeOf(`${path}-wal`) > 0) inspectWithLeftovers(path)
    }
    return { database: own(path, options), path }
  } catch (error) {
    throw storeErrorOf(error, path)
  }
}

/** What any error of opening or reading the file means. */
export function storeErrorOf(error: unknown, path: string): StoreError {
  if (error instanceof StoreError) return error
  const why = error instanceof Error ? error.message : String(error)
  switch (resultCode(error)) {
    case SQLITE.BUSY:
    case SQLITE.LOCKED:
      return new StoreError(
        'in-use',
        `The store ${path} is in use by another node. Stop that node, or give this one another file.`,
        { cause: error },
      )
    case SQLITE.NOTADB:
      return new StoreError(
        'foreign',
        `${path} is no xorbit store, and no SQLite file at all. It has been left untouched; choose another path.`,
        { cause: error },
      )
    case SQLITE.CORRUPT:
      return damaged(path, why, error)
    default:
      return new StoreError(
        'not-openable',
        `The store ${path} cannot be opened: ${why}. Check path and permissions.`,
        {
          cause: error,
        },
      )
  }
}

export function damaged(path: string, why: string, cause?: unknown): StoreError {
  return new StoreError(
    'damaged',
    `The store ${path} is damaged: ${why}. It has been left untouched. Move it away, with its -wal file if there ` +
      'is one, and start again: with a copy in its place, or with none, and the node begins empty.',
    { cause },
  )
}

/** The real path of the file, made with its folders if it is missing, readable by its owner only. */
function findOrCreate(givenPath: string): string {
  const path = resolve(givenPath)
  try {
    if (givenPath === '') throw new Error('the path is empty')
    mkdirSync(dirname(path), { recursive: true })
    createIfMissing(path)
    if (!statSync(path).isFile()) throw new Error('it is no ordinary file')
    // SQLite itself would fall back to reading only.
    accessSync(path, constants.R_OK | constants.W_OK)
    return realpathSync(path)
  } catch (error) {
    throw storeErrorOf(error, path)
  }
}

function createIfMissing(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })) return
  try {
    closeSync(openSync(path, 'wx', 0o600))
  } catch (error) {
    // Another process was faster; who owns it is decided by the lock.
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  }
}

/**
 * Refuses what is not ours or newer than we are, by the first page alone. `immutable` reads without locks,
 * journals or side files; what another process may be writing meanwhile does not matter to these marks.
 */
function refuseStrangers(path: string): void {
  const database = new (nodeSqlite().DatabaseSync)(immutableUrl(path), { readOnly: true, ...tolerant })
  try {
    // Else a file that lost its end, or whose end is still in the WAL, could not even be asked whose it is.
    database.exec('PRAGMA writable_schema = ON')
    assertOurs(database, path)
  } finally {
    database.close()
  }
}

/** Defensive mode, the default of Node 25, forbids writable_schema. Older versions do not know the option. */
const tolerant = { defensive: false }

/**
 * Inspects a file that a killed process left with a WAL, without writing: closing a connection that may write
 * would move the WAL into the file, even into a damaged one. A read-only connection leaves an index file,
 * which is nobody's: owners keep it in memory.
 */
function inspectWithLeftovers(path: string): void {
  const indexFile = `${path}-shm`
  const hadIndex = statSync(indexFile, { throwIfNoEntry: false }) !== undefined
  const database = new (nodeSqlite().DatabaseSync)(path, { readOnly: true })
  try {
    assertOurs(database, path)
    assertWhole(database, path)
  } finally {
    database.close()
    if (!hadIndex) rmSync(indexFile, { force: true })
  }
}

/** The file as SQLite takes it with an option, whatever its name contains. sqlite.org/uri.html */
function immutableUrl(path: string): URL {
  const parts = path.split(sep).map(encodeURIComponent).join('/')
  return new URL(`file://${parts.startsWith('/') ? '' : '/'}${parts}?immutable=1`)
}

function own(path: string, options: FileOptions): DatabaseSync {
  const database = new (nodeSqlite().DatabaseSync)(path)
  try {
    // Set before the first access: the lock is then kept until close, and no -shm file is used. A second
    // process, or a second open in this one, gets SQLITE_BUSY; a killed process loses its lock with its file
    // descriptors.
    database.exec('PRAGMA locking_mode = EXCLUSIVE')
    const marks = readMarks(database)
    if (marks.applicationId !== 0 || marks.schemaVersion !== 0) {
      assertOurs(database, path)
      assertWhole(database, path)
    }
    bringUpToDate(database, marks.schemaVersion, path)
    database.exec('PRAGMA journal_mode = WAL')
    database.exec(`PRAGMA synchronous = ${options.durability === 'power-cut' ? 'FULL' : 'NORMAL'}`)
    // Pages of 4 KiB. Checkpoints stall the loop; with four times SQLite's default they are a quarter as
    // many.
    database.exec('PRAGMA wal_autocheckpoint = 4000')
    database.exec(`PRAGMA max_page_count = ${Math.max(1, Math.floor(options.maxFileBytes / 4_096))}`)
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

/** As `migrate`. Throws StoreError('damaged') when a table that a step reads is not there, or not as it must be. */
function bringUpToDate(database: DatabaseSync, from: number, path: string): void {
  try {
    migrate(database, from)
  } catch (error) {
    if (resultCode(error) !== SQLITE.ERROR) throw error
    throw damaged(path, error instanceof Error ? error.message : String(error), error)
  }
}

/** Throws StoreError('foreign') or StoreError('too-new'). */
function assertOurs(database: DatabaseSync, path: string): void {
  const { applicationId, schemaVersion } = readMarks(database)
  if (applicationId !== APPLICATION_ID) {
    throw new StoreError(
      'foreign',
      `${path} is no xorbit store but another program's SQLite file (application id ${applicationId}). ` +
        'It has been left untouched; choose another path.',
    )
  }
  if (schemaVersion > SCHEMA_VERSION) {
    throw new StoreError(
      'too-new',
      `The store ${path} was written by a newer xorbit (schema ${schemaVersion}; this one knows ${SCHEMA_VERSION}). ` +
        'It has been left untouched; update xorbit, or choose another path.',
    )
  }
}

/** Throws StoreError('damaged'), or what SQLite throws. */
function assertWhole(database: DatabaseSync, path: string): void {
  const verdict = database.prepare('PRAGMA quick_check(1)').get()?.['quick_check']
  if (verdict !== 'ok') throw damaged(path, String(verdict))
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}
