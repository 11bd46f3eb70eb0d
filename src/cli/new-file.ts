// Where a file that a user has named may be made: in a folder that is there, for a mistyped one would be made silently.
// Not here: the data folder (data-folder.ts), which is made as needed.
import { statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { printable } from './printable.ts'

/** Why no file can be made there, as the end of a message: 'there is no folder /x; make it first …'; null: it can. */
export function whyNoFile(path: string): string | null {
  if (isFolder(path)) return `${printable(path)} is a folder; name a file`
  const folder = dirname(resolve(path))
  return isFolder(folder) ? null : `there is no folder ${printable(folder)}; make it first, or name another`
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory()
  } catch {
    return false
  }
}
