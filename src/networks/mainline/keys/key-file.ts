// Key pairs in files: written once, for their owner alone, and read in the forms that other programs write.
// Not here: what a secret is (key-pair.ts), passphrases, which no form here has.
import { createPrivateKey, randomBytes, type KeyObject } from 'node:crypto'
import { constants, link, mkdir, open, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { toHex } from '../../../kademlia/id.ts'
import { badArgument, XorbitError } from '../../../node/errors.ts'
import { isHexOf } from './key-bytes.ts'
import { keyPairFrom, toOwnKeyPair, type KeyPair } from './key-pair.ts'
import { importSeed, SEED_BYTES, seedOf } from './seed-key.ts'

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

const KEY_LENGTHS = [SEED_BYTES, 2 * SEED_BYTES]

/** The longest form, an expanded key in hex, has 129 bytes, and PEM 119. The rest is for comments and white space. */
const MAX_FILE_BYTES = 4_096

const EXPECTED = 'a private key in PKCS#8 PEM, 64 or 128 hex digits, or 32 or 64 bytes'

/** Windows has no such modes: there the folder of the user protects the file. */
const HAS_MODES = process.platform !== 'win32'

/**
 * Writes a key pair into a new file that its owner alone may read (mode 0600), and makes folders as needed (0700). A seed
 * is written as PKCS#8 PEM, which openssl reads too; an expanded key as a line of 128 hex digits. The file is there
 * whole, and on the disk, or not at all. Throws XorbitError 'bad-key-file', also when there is a file already.
 */
export async function saveKeyPair(path: string, keyPair: KeyPair): Promise<void> {
  checkPath(path)
  const text = textOf(toOwnKeyPair(keyPair).secretKey)
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

/**
 * Reads a key pair from a file: PKCS#8 PEM, or what `keyPairFrom` takes, as hex digits with white space around or as the
 * bytes alone. Throws XorbitError 'bad-key-file': a file that others than its owner may read is refused.
 */
export async function loadKeyPair(path: string): Promise<KeyPair> {
  checkPath(path)
  let content: Uint8Array
  try {
    content = await readPrivately(path)
  } catch (error) {
    throw failure(path, error)
  }
  const text = Buffer.from(content).toString('latin1').trim()
  // Comments may stand before it.
  if (text.includes('-----BEGIN ')) return keyPairFrom(seedOf(importPem(path, text)))
  const isText = isHexOf(text, KEY_LENGTHS)
  if (!isText && !KEY_LENGTHS.includes(content.length)) {
    throw badFile(path, 'no-key', `expected ${EXPECTED}, got ${content.length} bytes of something else`)
  }
  try {
    return keyPairFrom(isText ? text : content)
  } catch (error) {
    if (!(error instanceof XorbitError)) throw error
    throw badFile(path, 'no-key', error.message.replace('secret: ', ''))
  }
}

function checkPath(path: string): void {
  if (typeof path !== 'string' || path === '') throw badArgument('path', 'the path of a file', path)
}

function textOf(secretKey: Uint8Array): string {
  if (secretKey.length !== SEED_BYTES) return `${toHex(secretKey)}\n`
  return importSeed(secretKey).export({ type: 'pkcs8', format: 'pem' })
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

async function readPrivately(path: string): Promise<Uint8Array> {
  // Not to wait for who might write into a pipe. Windows has no such flag.
  const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  try {
    const stats = await file.stat()
    if (!stats.isFile()) throw badFile(path, 'unusable', 'is no file; name a file with a key')
    if (HAS_MODES && (stats.mode & 0o077) !== 0) {
      const mode = (stats.mode & 0o777).toString(8)
      throw badFile(path, 'open-to-others', `others may use it (mode ${mode}); run: chmod 600 ${path}`)
    }
    // The size is only what is told: one byte more shows whether it is true.
    const buffer = new Uint8Array(MAX_FILE_BYTES + 1)
    const { bytesRead } = await file.read(buffer, 0, buffer.length, 0)
    if (stats.size > MAX_FILE_BYTES || bytesRead > MAX_FILE_BYTES) {
      throw badFile(path, 'no-key', `expected ${EXPECTED}, got more than ${MAX_FILE_BYTES} bytes`)
    }
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}

function importPem(path: string, text: string): KeyObject {
  if (text.includes('ENCRYPTED')) {
    throw badFile(path, 'no-key', 'has a passphrase; take it off: openssl pkey -in FILE -out NEWFILE')
  }
  let key: KeyObject
  try {
    key = createPrivateKey(text)
  } catch {
    throw badFile(path, 'no-key', `expected ${EXPECTED}, got another kind of PEM`)
  }
  if (key.asymmetricKeyType === 'ed25519') return key
  throw badFile(path, 'no-key', `expected a key of type ed25519, got ${key.asymmetricKeyType}`)
}

function badFile(path: string, reason: KeyFileReason, what: string): XorbitError {
  return new XorbitError('bad-key-file', `key file ${path}: ${what}`, { path, reason })
}

/** What the system says, in words. */
function failure(path: string, error: unknown): XorbitError {
  if (error instanceof XorbitError) return error
  const { code, message, syscall } = error as NodeJS.ErrnoException
  if (code === 'EEXIST' && syscall === 'link') {
    return badFile(
      path,
      'exists',
      'is there already, and keys are never overwritten; name another, or move it',
    )
  }
  if (code === 'ENOENT') return badFile(path, 'missing', 'there is no such file; check the path')
  if (code === 'EACCES' || code === 'EPERM') {
    return badFile(path, 'unusable', `permission denied (${code}); use a file of your own`)
  }
  return badFile(path, 'unusable', message.split('\n', 1)[0]!)
}
