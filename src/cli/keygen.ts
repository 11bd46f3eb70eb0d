// `xorbit keygen [FILE]`: makes a key pair, or imports one, and keeps it in a new file for its owner alone.
import { toHex } from '../kademlia/id.ts'
import { saveKeyPair } from '../networks/mainline/keys/key-file.ts'
import { generateKeyPair, keyPairFrom, type KeyPair } from '../networks/mainline/keys/key-pair.ts'
import { XorbitError } from '../node/errors.ts'
import { readBytes, type Reading } from './content.ts'
import { defaultKeyFile } from './data-folder.ts'
import { Failure, FOUND, misuse, MISUSE } from './failure.ts'
import { followUp } from './follow-up.ts'
import { ofKeyFile } from './key-option.ts'
import { whyNoFile } from './new-file.ts'
import type { OutputFlags } from './output.ts'
import { printable } from './printable.ts'
import type { Call } from './program.ts'
import { withEnding } from './short-lived-node.ts'

export interface KeygenFlags extends OutputFlags {
  readonly timeout: string
  readonly secretFrom?: string
}

/** Of a file with a secret key: many times what one takes. */
const SECRET_LIMIT = { mostBytes: 65_536, allowed: '64 or 128 hex digits' }

/** Prints the public key and the file. Throws Failure when the file is there already: keys are never overwritten. */
export async function keygen([given]: readonly string[], call: Call<KeygenFlags>): Promise<number> {
  const { flags, output } = call
  if (given === '') throw misuse('FILE', 'a file name', given)
  const file = given ?? defaultKeyFile()
  const why = given === undefined ? null : whyNoFile(given)
  if (why !== null) throw new Failure('bad-key-file', `FILE: ${why}`, MISUSE)
  return withEnding(flags, output, async (ending) => {
    const keyPair =
      flags.secretFrom === undefined
        ? generateKeyPair()
        : await imported(flags.secretFrom, { ending, output, limit: SECRET_LIMIT })
    await saveKeyPair(file, keyPair).catch((error: unknown) => {
      throw ofKeyFile('FILE', error, `the folder of ${file} cannot be made`)
    })
    const publicKey = toHex(keyPair.publicKey)
    output.result(`public key  ${publicKey}\nkey pair    ${printable(file)}`, { publicKey, file })
    output.note('Whoever has this file can publish under your key: keep it secret, and keep a copy.')
    const key = given === undefined ? [] : ['--key', given]
    const next = followUp(['publish', 'status', 'all is well'], {}, key)
    output.note(
      `publish with it, on the public DHT (add --bootstrap HOST:PORT for another network):  ${next}`,
    )
    return FOUND
  })
}

/** Secrets are never shown, also not where they are wrong. */
async function imported(from: string, reading: Reading): Promise<KeyPair> {
  const bytes = await readBytes('--secret-from', from, reading)
  const text = Buffer.from(bytes).toString('latin1').trim()
  if (!/^(?:[0-9a-f]{64}|[0-9a-f]{128})$/i.test(text)) {
    const got = /^[0-9a-f]*$/i.test(text) ? `${text.length} digits` : 'something else'
    throw misuse(
      '--secret-from',
      '64 hex digits (a seed) or 128 (an expanded key, or a seed and its public key)',
      got,
    )
  }
  try {
    return keyPairFrom(text)
  } catch (error) {
    if (!(error instanceof XorbitError)) throw error
    const message = error.message.replace('secret: ', '')
    throw new Failure(error.code, `--secret-from: ${message}`, MISUSE, { cause: error })
  }
}
