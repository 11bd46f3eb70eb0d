// Files with private keys: written once, for their owner alone, and read only when nobody else may.
// Not here: what is in them, which is for each network (keys/).
import { randomBytes } from 'node:crypto'
import { constants, link, mkdir, open, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { badArgument, XorbitError } from '../node/errors.ts'

/** `details.reason` of an error 'bad-key-file'. */
export type KeyFileReason =
  | 'exists'
  | 'missing'
  /** Others than its owner may read or write it. */
  | 'open-to-others'
  /** What is in it is no key. */
  | 'no-key'
  /** It is no file, or the system refuses. */
  | 'unusable'

/** Windows has no such modes: there the folder of the user protects the file. */
const HAS_MODES = process.platform !== 'win32'

/**
 * Writes a text into a new file that its owner alone may read (mode 0600), and makes folders as needed (0700). The file is
 * there whole, and on the disk, or not at all. Throws XorbitError 'bad-key-file', also when there is a file already.
 */
export async function writeKeyFile(path: string, text: string): Promise<void> {
  checkPath(path)
  const folder = dirname(path)
  const draft = `${path}.${randomBytes(6).toString('hex')}.new`
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    try {
      await writeWhole(draft, text)
      // Unlike a renaming, a link never replaces what has the name already.
      await link(draft, path)
    } finally {
      await rm(draft, { force: true })
    }
    await syncFolder(folder)
  } catch (error) {
    throw failure(path, error)
  }
}

export interface KeyFileForm {
  /** The longest file that can hold a key; the rest is for comments and white space. */
  readonly maxBytes: number
  /** What is expected in it, for the error. */
  readonly expected: string
}

/** The content of a file. Throws XorbitError 'bad-key-file', also for one that others than its owner may read. */
export async function readKeyFile(path: string, form: KeyFileForm): Promise<Uint8Array> {
  checkPath(path)
  try {
    return await readPrivately(path, form)
  } catch (error) {
    throw failure(path, error)
  }
}

export interface KeptInFile<T> {
  /** Throws XorbitError 'bad-key-file'. */
  load(path: string): Promise<T>
  create(): Promise<T>
  /** Throws XorbitError 'bad-key-file', also when there is a file already. */
  save(path: string, made: T): Promise<void>
}

/** What is in a file; if there is none, something new that is saved there. null: something new that is not kept. */
export async function loadOrCreate<T>(path: string | null, kept: KeptInFile<T>): Promise<T> {
  if (path === null) return kept.create()
  try {
    return await kept.load(path)
  } catch (error) {
    if (!isOf(error, 'missing')) throw error
  }
  const made = await kept.create()
  try {
    await kept.save(path, made)
    return made
  } catch (error) {
    // Another process was faster, and what it made counts.
    if (isOf(error, 'exists')) return kept.load(path)
    throw error
  }
}

function isOf(error: unknown, reason: KeyFileReason): boolean {
  return error instanceof XorbitError && error.code === 'bad-key-file' && error.details['reason'] === reason
}

function checkPath(path: string): void {
  if (typeof path !== 'string' || path === '') throw badArgument('path', 'the path of a file', path)
}

async function writeWhole(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** So that the name outlives a power cut as well. Windows opens no folders. */
async function syncFolder(path: string): Promise<void> {
  if (!HAS_MODES) return
  const folder = await open(path)
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

async function readPrivately(path: string, { maxBytes, expected }: KeyFileForm): Promise<Uint8Array> {
  // Not to wait for who might write into a pipe. Windows has no such flag.
  const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  try {
    const stats = await file.stat()
    if (!stats.isFile()) throw badKeyFile(path, 'unusable', 'is no file; name a file with a key')
    if (HAS_MODES && (stats.mode & 0o077) !== 0) {
      const mode = (stats.mode & 0o777).toString(8)
      throw badKeyFile(path, 'open-to-others', `others may use it (mode ${mode}); run: chmod 600 ${path}`)
    }
    // The size is only what is told: one byte more shows whether it is true.
    const buffer = new Uint8Array(maxBytes + 1)
    const { bytesRead } = await file.read(buffer, 0, buffer.length, 0)
    if (stats.size > maxBytes || bytesRead > maxBytes) {
      throw badKeyFile(path, 'no-key', `expected ${expected}, got more than ${maxBytes} bytes`)
    }
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}

/** The error of a file that is refused. */
export function badKeyFile(path: string, reason: KeyFileReason, what: string): XorbitError {
  return new XorbitError('bad-key-file', `key file ${path}: ${what}`, { path, reason })
}

/** What the system says, in words. */
function failure(path: string, error: unknown): XorbitError {
  if (error instanceof XorbitError) return error
  const { code, message, syscall } = error as NodeJS.ErrnoException
  if (code === 'EEXIST' && syscall === 'link') {
    return badKeyFile(
      path,
      'exists',
      'is there already, and keys are never overwritten; name another, or move it',
    )
  }
  if (code === 'ENOENT') return badKeyFile(path, 'missing', 'there is no such file; check the path')
  if (code === 'EACCES' || code === 'EPERM') {
    return badKeyFile(path, 'unusable', `permission denied (${code}); use a file of your own`)
  }
  return badKeyFile(path, 'unusable', message.split('\n', 1)[0]!)
}
