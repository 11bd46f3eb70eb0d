// node:sqlite, loaded only when a file is opened, so that importing the library does not load it; and what
// its errors mean. Node 22 announces on stderr that the module is experimental; a user of this library has no
// use for that line.
import type * as Sqlite from 'node:sqlite'

let loaded: typeof Sqlite | null = null

export function nodeSqlite(): typeof Sqlite {
  loaded ??= loadQuietly()
  return loaded
}

function loadQuietly(): typeof Sqlite {
  // Loading is synchronous, so nobody else's warning can fall into the gap.
  const host: { emitWarning: unknown } = process
  const before = host.emitWarning
  host.emitWarning = () => {}
  try {
    return process.getBuiltinModule('node:sqlite')
  } finally {
    host.emitWarning = before
  }
}

/** The primary result codes that are told apart; ERROR is "no such table", "no such column". sqlite.org/rescode.html */
export const SQLITE = { ERROR: 1, BUSY: 5, LOCKED: 6, CORRUPT: 11, NOTADB: 26 } as const

/**
 * The primary result code of an error of node:sqlite (the low byte of the extended one), or null for any
 * other error.
 */
export function resultCode(error: unknown): number | null {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return null
  return error.errcode & 0xff
}
