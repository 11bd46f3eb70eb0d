// RSA keys on the command line, as drogulus has them: the key pair that publishes, and whose value is asked for.
// Not here: keys of mainline (key-option.ts), keys and their files themselves (networks/drogulus/keys/).
import { loadRsaKeyPair } from '../networks/drogulus/keys/identity-file.ts'
import type { RsaKeyPair } from '../networks/drogulus/keys/identity.ts'
import { MAX_PUBLIC_KEY_BYTES, readRsaPublicKey } from '../networks/drogulus/keys/rsa-public-key.ts'
import { readBytes, type Reading } from './content.ts'
import { defaultRsaKeyFile } from './data-folder.ts'
import { Failure, misuse, MISUSE } from './failure.ts'
import { followUp } from './follow-up.ts'
import { kindOfKey } from './key-kind.ts'
import { ofKeyFile } from './key-option.ts'

/** The pair of --key, or of the default file. Throws Failure where there is none, and says how to make one. */
export function readRsaKeyPair(given: string | undefined): Promise<RsaKeyPair> {
  if (given !== undefined) return readRsaKeyFile('--key', given)
  return readRsaKeyFile('--key', defaultRsaKeyFile(), ['keygen'])
}

/** The pair in a file that a user has named, by the option of this name; `make`: how to get one. Throws Failure. */
export async function readRsaKeyFile(
  name: string,
  file: string,
  make: readonly [string, ...string[]] = ['keygen', file],
): Promise<RsaKeyPair> {
  try {
    return await loadRsaKeyPair(file)
  } catch (error) {
    const keygen = followUp(make, {}, ['--rsa'])
    if ((await kindOfKey(file)) === 'ed25519') throw ofOtherKind(name, file)
    throw ofKeyFile(name, error, `there is no key pair in ${file} yet; make one: ${keygen}`)
  }
}

function ofOtherKind(name: string, file: string): Failure {
  const message = `${name}: ${file} has an Ed25519 key, as mainline has them; drogulus needs RSA (xorbit keygen --rsa)`
  return new Failure('bad-key-file', message, MISUSE)
}

const ALLOWED = 'a file with an RSA public key in PEM, or with the key pair (`-` reads stdin)'
/** The rest is for what stands around the key. */
const LIMIT = { mostBytes: 16_384, allowed: `${ALLOWED}, of at most 16384 bytes` }

const PUBLIC_BLOCK = /-----BEGIN (?:RSA )?PUBLIC KEY-----[^]*?-----END (?:RSA )?PUBLIC KEY-----/

/** Throws Failure for what can be no file with an RSA key, before anything else is done. */
export function checkRsaPublicKey(text: string): void {
  if (text === '') throw misuse('PUBLICKEY', ALLOWED, text)
  if (!/^[0-9a-f]{64,}$/i.test(text)) return
  const isKey = text.length === 128 ? ' (xorbit get takes a key of 128 hex digits)' : ''
  // It may be a secret key, which must not be shown.
  throw misuse('PUBLICKEY', ALLOWED + isKey, `${text.length} hex digits`)
}

/** Reads PUBLICKEY: a file with a public key, from which the text is taken as it stands, or with a key pair. */
export async function readRsaPublicPem(file: string, reading: Omit<Reading, 'limit'>): Promise<string> {
  const bytes = await readBytes('PUBLICKEY', file, { ...reading, limit: LIMIT })
  const text = Buffer.from(bytes).toString('latin1')
  const [block] = PUBLIC_BLOCK.exec(text) ?? []
  if (block !== undefined) {
    // The key of a value is made of this text; some programs change the ends of lines when they carry it.
    const pem = block.replaceAll('\r\n', '\n')
    if (pem.length <= MAX_PUBLIC_KEY_BYTES && readRsaPublicKey(Buffer.from(pem)) !== null) return pem
  } else if (text.includes('PRIVATE KEY-----') && file !== '-') {
    return (await readRsaKeyFile('PUBLICKEY', file)).publicKey
  }
  if (file !== '-' && (await kindOfKey(file)) === 'ed25519') throw ofOtherKind('PUBLICKEY', file)
  const got = file === '-' ? 'something else on stdin' : `something else in ${file}`
  throw new Failure('bad-key-file', `PUBLICKEY: expected ${ALLOWED}, got ${got}`, MISUSE)
}
