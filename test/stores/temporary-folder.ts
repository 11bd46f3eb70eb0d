// Folders for tests that write files, removed when the tests of the file have run; and what lies in them.
import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'

/** A fresh folder. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'xorbit-store-'))
  after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/**
 * The names and hashes of all files in a folder: what "left untouched" compares. No store in it may be open.
 */
export function fingerprint(folder: string): string[] {
  return readdirSync(folder)
    .toSorted()
    .map(
      (name) =>
        `${name} ${createHash('sha256')
          .update(readFileSync(join(folder, name)))
          .digest('hex')}`,
    )
}
