// Key pairs in files: in the forms that other programs write, too.
// Not here: what a secret is (key-pair.ts), how a file is kept private (networks/key-file.ts), passphrases, which no form
// here has.
import { createPrivateKey, type KeyObject } from 'node:crypto'
import { toHex } from '../../../kademlia/id.ts'
import { XorbitError } from '../../../node/errors.ts'
import { badKeyFile, readKeyFile, writeKeyFile } from '../../key-file.ts'
import { isHexOf } from './key-bytes.ts'
import { keyPairFrom, toOwnKeyPair, type KeyPair } from './key-pair.ts'
import { importSeed, SEED_BYTES, seedOf } from './seed-key.ts'

const KEY_LENGTHS = [SEED_BYTES, 2 * SEED_BYTES]

/** The longest form, an expanded key in hex, has 129 bytes, and PEM 119. The rest is for comments and white space. */
const MAX_FILE_BYTES = 4_096

const EXPECTED = 'a private key in PKCS#8 PEM, 64 or 128 hex digits, or 32 or 64 bytes'

/**
 * Writes a key pair into a new file that its owner alone may read (mode 0600), and makes folders as needed (0700). A seed
 * is written as PKCS#8 PEM, which openssl reads too; an expanded key as a line of 128 hex digits. The file is there
 * whole, and on the disk, or not at all. Throws XorbitError 'bad-key-file', also when there is a file already.
 */
export async function saveKeyPair(path: string, keyPair: KeyPair): Promise<void> {
  await writeKeyFile(path, textOf(toOwnKeyPair(keyPair).secretKey))
}

/**
 * Reads a key pair from a file: PKCS#8 PEM, or what `keyPairFrom` takes, as hex digits with white space around or as the
 * bytes alone. Throws XorbitError 'bad-key-file': a file that others than its owner may read is refused.
 */
export async function loadKeyPair(path: string): Promise<KeyPair> {
  const content = await readKeyFile(path, { maxBytes: MAX_FILE_BYTES, expected: EXPECTED })
  const text = Buffer.from(content).toString('latin1').trim()
  // Comments may stand before it.
  if (text.includes('-----BEGIN ')) return keyPairFrom(seedOf(importPem(path, text)))
  const isText = isHexOf(text, KEY_LENGTHS)
  if (!isText && !KEY_LENGTHS.includes(content.length)) {
    throw badKeyFile(path, 'no-key', `expected ${EXPECTED}, got ${content.length} bytes of something else`)
  }
  try {
    return keyPairFrom(isText ? text : content)
  } catch (error) {
    if (!(error instanceof XorbitError)) throw error
    throw badKeyFile(path, 'no-key', error.message.replace('secret: ', ''))
  }
}

function textOf(secretKey: Uint8Array): string {
  if (secretKey.length !== SEED_BYTES) return `${toHex(secretKey)}\n`
  return importSeed(secretKey).export({ type: 'pkcs8', format: 'pem' })
}

function importPem(path: string, text: string): KeyObject {
  if (text.includes('ENCRYPTED')) {
    throw badKeyFile(path, 'no-key', 'has a passphrase; take it off: openssl pkey -in FILE -out NEWFILE')
  }
  let key: KeyObject
  try {
    key = createPrivateKey(text)
  } catch {
    throw badKeyFile(path, 'no-key', `expected ${EXPECTED}, got another kind of PEM`)
  }
  if (key.asymmetricKeyType === 'ed25519') return key
  throw badKeyFile(path, 'no-key', `expected a key of type ed25519, got ${key.asymmetricKeyType}`)
}
