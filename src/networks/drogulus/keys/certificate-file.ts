// The certificate of a node in a file, with its key. Not here: how a file is kept private (networks/key-file.ts), and what
// a certificate is (certificate.ts).
import { badKeyFile, loadOrCreate, readKeyFile, writeKeyFile } from '../../key-file.ts'
import { createCertificate, readCertificate, type KeyAndCertificate } from './certificate.ts'

const FORM = { maxBytes: 64 * 1024, expected: 'a private key with its certificate, in PEM' }

/**
 * The key and certificate in a file, in PEM, in any order, perhaps with others of a chain behind; if there is no file, new
 * ones that are saved there, for its owner alone. null: new ones that are not kept. Throws XorbitError 'bad-key-file';
 * nothing is ever written over.
 */
export async function loadOrCreateCertificate(path: string | null): Promise<KeyAndCertificate> {
  return loadOrCreate(path, {
    load,
    create: () => createCertificate(Date.now()),
    save: (file, { key, cert }) => writeKeyFile(file, key + cert),
  })
}

async function load(path: string): Promise<KeyAndCertificate> {
  const text = Buffer.from(await readKeyFile(path, FORM)).toString('latin1')
  const found = readCertificate(text)
  if (found === null)
    throw badKeyFile(path, 'no-key', `expected ${FORM.expected}; move it away to get a new one`)
  return found
}
