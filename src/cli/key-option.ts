// Keys on the command line: the key pair that publishes, and whose value is asked for. A secret key is never an argument.
// Not here: keys and their files themselves (networks/mainline/keys/), and those of drogulus (rsa-key-option.ts).
import { idFromHex } from '../kademlia/id.ts'
import { loadKeyPair } from '../networks/mainline/keys/key-file.ts'
import type { KeyPair } from '../networks/mainline/keys/key-pair.ts'
import { parseTorrentLink, type TorrentLink } from '../networks/mainline/updatable-torrent.ts'
import { ID_BYTES, PUBLIC_KEY_BYTES } from '../networks/mainline/wire/bounds.ts'
import { XorbitError } from '../node/errors.ts'
import { defaultKeyFile } from './data-folder.ts'
import { Failure, misuse, MISUSE } from './failure.ts'
import { followUp } from './follow-up.ts'
import { kindOfKey } from './key-kind.ts'

/** The pair of --key, or of the default file. Throws Failure where there is none, and says how to make one. */
export async function readKeyPair(given: string | undefined): Promise<KeyPair> {
  const file = given ?? defaultKeyFile()
  try {
    return await loadKeyPair(file)
  } catch (error) {
    await refuseRsa('--key', file)
    const keygen = followUp(given === undefined ? ['keygen'] : ['keygen', file])
    throw ofKeyFile('--key', error, `there is no key pair in ${file} yet; make one: ${keygen}`)
  }
}

/** Where a user means drogulus and has not said so. */
async function refuseRsa(name: string, file: string): Promise<void> {
  if ((await kindOfKey(file)) !== 'rsa') return
  const message = `${name}: ${file} has an RSA key, as drogulus has them; mainline needs Ed25519. Add --network drogulus`
  throw new Failure('bad-key-file', message, MISUSE)
}

/** Whose value: a public key, and the name under it where a link says it. */
export type Whose = Pick<TorrentLink, 'publicKey'> & { readonly salt: Uint8Array | null }

/** Reads PUBLICKEY: 64 hex digits, the link of a torrent that changes (BEP 46), or a key file. */
export async function readWhose(text: string): Promise<Whose> {
  const digits = 2 * PUBLIC_KEY_BYTES
  if (/^magnet:/i.test(text)) return readLink(text)
  const isHex = /^[0-9a-f]+$/i.test(text)
  if (isHex && text.length === digits) return { publicKey: idFromHex(text, PUBLIC_KEY_BYTES), salt: null }
  const allowed = `${digits} hex digits, a key file, or a link magnet:?xs=urn:btpk:...`
  // It may be a secret key, which must not be shown.
  if (isHex && text.length > digits / 2) {
    const isKey = text.length === 2 * ID_BYTES ? ' (xorbit get takes a key of 40 hex digits)' : ''
    throw misuse('PUBLICKEY', allowed + isKey, `${text.length} hex digits`)
  }
  if (text === '') throw misuse('PUBLICKEY', allowed, text)
  try {
    return { publicKey: (await loadKeyPair(text)).publicKey, salt: null }
  } catch (error) {
    await refuseRsa('PUBLICKEY', text)
    throw ofKeyFile('PUBLICKEY', error, misuse('', allowed, text).message.slice(2))
  }
}

function readLink(text: string): Whose {
  try {
    return parseTorrentLink(text)
  } catch (error) {
    if (!(error instanceof XorbitError)) throw error
    throw new Failure('bad-argument', `PUBLICKEY: ${error.message}`, MISUSE, { cause: error })
  }
}

/** What is wrong with a key file, with the name of the argument; `missing` is said where there is no file. */
export function ofKeyFile(name: string, error: unknown, missing: string): unknown {
  if (!(error instanceof XorbitError)) return error
  const isMissing = error.details['reason'] === 'missing'
  const message = isMissing ? missing : error.message
  return new Failure(error.code, `${name}: ${message}`, MISUSE, { cause: error })
}
