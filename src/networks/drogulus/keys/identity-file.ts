// RSA key pairs in files, as PEM that openssl reads too.
// Not here: how a file is kept private (networks/key-file.ts), what a key pair is (identity.ts).
import { XorbitError } from '../../../node/errors.ts'
import { badKeyFile, loadOrCreate, readKeyFile, writeKeyFile } from '../../key-file.ts'
import { generateRsaKeyPair, readRsaKeyPair, RsaKeyPair } from './identity.ts'

/** A key of 8192 bits has 6,400. The rest is for comments. */
const MAX_FILE_BYTES = 16_384

/**
 * Writes a key pair into a new file that its owner alone may read (mode 0600), as PKCS#8 PEM, and makes folders as needed
 * (0700). The file is there whole, and on the disk, or not at all. Throws XorbitError 'bad-key-file', also when there is
 * a file already.
 */
export async function saveRsaKeyPair(path: string, keyPair: RsaKeyPair): Promise<void> {
  await writeKeyFile(path, RsaKeyPair.assert('keyPair', keyPair).privateKey)
}

/**
 * Reads a key pair from a file: PKCS#8 or PKCS#1 PEM, not encrypted; comments may stand before it. Throws XorbitError
 * 'bad-key-file': a file that others than its owner may read is refused.
 */
export async function loadRsaKeyPair(path: string): Promise<RsaKeyPair> {
  const content = await readKeyFile(path, { maxBytes: MAX_FILE_BYTES, expected: 'an RSA private key in PEM' })
  try {
    return readRsaKeyPair(Buffer.from(content).toString('latin1'), 'key')
  } catch (error) {
    if (!(error instanceof XorbitError)) throw error
    throw badKeyFile(path, 'no-key', error.message.replace('key: ', ''))
  }
}

/** The key pair in a file; if there is none, a new one that is saved there. null: a new one that is not kept. */
export async function loadOrCreateIdentity(path: string | null): Promise<RsaKeyPair> {
  return loadOrCreate(path, { load: loadRsaKeyPair, create: generateRsaKeyPair, save: saveRsaKeyPair })
}
