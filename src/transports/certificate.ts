// The certificate that a node shows: self-signed, for nobody checks it (drogulus B1), made once and kept in a file. Written
// by hand, for it is one fixed form (docs/decisions/0011); keys and the signature are node:crypto's.
// Not here: certificates of others, which are not looked at.
import { createPrivateKey, generateKeyPair, randomBytes, sign, X509Certificate } from 'node:crypto'
import { link, mkdir, open, readFile, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { bits, integer, oid, sequence, set, tagged, time, utf8 } from './der.ts'
import type { KeyAndCertificate } from './tls-sockets.ts'
import { TransportError } from './transport-error.ts'

/** What OpenSSL of 2013 can do everywhere: Fedora's had no elliptic curves. */
const RSA_BITS = 2048
const VALID_YEARS = 25
const DAY_MS = 24 * 60 * 60 * 1000
const SERIAL_BYTES = 16

/** RFC 5280 and RFC 8017. */
const COMMON_NAME = '2.5.4.3'
const SHA256_WITH_RSA = '1.2.840.113549.1.1.11'

/**
 * The key and certificate in the file at `path`, in PEM, key first. Where there is no file they are made, and kept in it,
 * for their owner alone (mode 0600), with folders as needed; the file is there whole or not at all, and the first of
 * several nodes that start at once wins. null: made anew and kept nowhere. Throws TransportError 'bad-certificate'; what
 * is in the file already is never written over.
 */
export async function loadOrCreateCertificate(path: string | null): Promise<KeyAndCertificate> {
  if (path === null) return createCertificate()
  try {
    const kept = await read(path)
    if (kept !== null) return kept
    const made = await createCertificate()
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    if (await keep(path, made)) return made
    // Another node was faster.
    return (await read(path)) ?? made
  } catch (cause) {
    if (cause instanceof TransportError) throw cause
    const why = cause instanceof Error ? cause.message : String(cause)
    throw unusable(path, `${why.split('\n', 1)[0]}; choose another folder, or make it writable`, cause)
  }
}

/** A new key and a certificate of it, self-signed, valid from yesterday for 25 years. */
export async function createCertificate(now: number = Date.now()): Promise<KeyAndCertificate> {
  // Not on the main thread: it takes 50 to 500 ms.
  const { publicKey, privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: RSA_BITS })
  const algorithm = sequence(oid(SHA256_WITH_RSA), Uint8Array.of(5, 0))
  const name = sequence(set(sequence(oid(COMMON_NAME), utf8('xorbit'))))
  const end = new Date(now)
  end.setUTCFullYear(end.getUTCFullYear() + VALID_YEARS)
  // RFC 5280, 4.1: version 3, serial number, algorithm, issuer, validity, subject, key; no extensions.
  const content = sequence(
    tagged(0, integer(Uint8Array.of(2))),
    integer(randomBytes(SERIAL_BYTES)),
    algorithm,
    name,
    sequence(time(new Date(now - DAY_MS)), time(end)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
  )
  const certificate = sequence(content, algorithm, bits(sign('sha256', content, privateKey)))
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    cert: new X509Certificate(certificate).toString(),
  }
}

/** null: there is no file. */
async function read(path: string): Promise<KeyAndCertificate | null> {
  let text: string
  try {
    text = await readFile(path, 'latin1')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
  try {
    const key = createPrivateKey(text)
    if (!new X509Certificate(firstCertificate(text)).checkPrivateKey(key))
      throw new Error('they do not match')
  } catch (cause) {
    const advice = 'is no private key with its certificate, in PEM; move it away, and a new one is made'
    throw unusable(path, advice, cause)
  }
  // OpenSSL takes from each what it looks for; a chain may follow.
  return { key: text, cert: text }
}

function firstCertificate(text: string): string {
  return text.slice(text.indexOf('-----BEGIN CERTIFICATE-----'))
}

/** False: there is a file already. */
async function keep(path: string, { key, cert }: KeyAndCertificate): Promise<boolean> {
  const draft = `${path}.${randomBytes(6).toString('hex')}.new`
  try {
    const file = await open(draft, 'wx', 0o600)
    try {
      await file.writeFile(key + cert)
      await file.sync()
    } finally {
      await file.close()
    }
    // Unlike a renaming, a link never replaces what has the name already.
    await link(draft, path)
    return true
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException
    if (code === 'EEXIST' && syscall === 'link') return false
    throw error
  } finally {
    await rm(draft, { force: true })
  }
}

function unusable(path: string, what: string, cause: unknown): TransportError {
  return new TransportError('bad-certificate', `certificate file ${path}: ${what}`, { cause })
}
