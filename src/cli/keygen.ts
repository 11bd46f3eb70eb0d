// `xorbit keygen [FILE]`: makes a key pair, or imports one, and keeps it in a new file for its owner alone. Of Ed25519, or
// with --rsa as drogulus has them.
import { toHex } from '../kademlia/id.ts'
import { saveKeyPair } from '../networks/mainline/keys/key-file.ts'
import { generateKeyPair, keyPairFrom, type KeyPair } from '../networks/mainline/keys/key-pair.ts'
import { XorbitError } from '../node/errors.ts'
import { readWhole } from './arguments.ts'
import { readBytes, type Reading } from './content.ts'
import { defaultKeyFile, defaultRsaKeyFile } from './data-folder.ts'
import { inThreadPool } from './exit.ts'
import { Failure, FOUND, misuse, MISUSE } from './failure.ts'
import { followUp } from './follow-up.ts'
import { ofKeyFile } from './key-option.ts'
import type { NetworkName } from './network.ts'
import { whyNoFile } from './new-file.ts'
import type { OutputFlags } from './output.ts'
import { printable } from './printable.ts'
import type { Call } from './program.ts'
import { withProgress } from './progress.ts'
import { withEnding } from './short-lived-node.ts'

export interface KeygenFlags extends OutputFlags {
  readonly timeout: string
  readonly network: NetworkName
  readonly secretFrom?: string
  readonly rsa?: true
  readonly bits?: string
}

/** Of a file with a secret key: many times what one takes. */
const SECRET_LIMIT = { mostBytes: 65_536, allowed: '64 or 128 hex digits' }

/** Prints the public key and the file. Throws Failure when the file is there already: keys are never overwritten. */
export async function keygen([given]: readonly string[], call: Call<KeygenFlags>): Promise<number> {
  const { flags, output } = call
  if (given === '') throw misuse('FILE', 'a file name', given)
  const isRsa = flags.rsa === true || flags.network === 'drogulus'
  if (flags.bits !== undefined && !isRsa) throw misuse('--bits', 'none without --rsa', flags.bits)
  if (flags.secretFrom !== undefined && isRsa) {
    const allowed = 'none beside --rsa: a file with an RSA private key in PEM can be used as it is'
    throw misuse('--secret-from', allowed, flags.secretFrom)
  }
  const file = given ?? (isRsa ? defaultRsaKeyFile() : defaultKeyFile())
  const why = given === undefined ? null : whyNoFile(given)
  if (why !== null) throw new Failure('bad-key-file', `FILE: ${why}`, MISUSE)
  if (isRsa) return makeRsa({ file, given }, call)
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
    output.note(KEEP_IT)
    const key = given === undefined ? [] : ['--key', given]
    const next = followUp(['publish', 'status', 'all is well'], {}, key)
    output.note(
      `publish with it, on the public DHT (add --bootstrap HOST:PORT for another network):  ${next}`,
    )
    return FOUND
  })
}

const KEEP_IT = 'Whoever has this file can publish under your key: keep it secret, and keep a copy.'

async function makeRsa(
  { file, given }: { readonly file: string; readonly given: string | undefined },
  { flags, output }: Call<KeygenFlags>,
): Promise<number> {
  const bits = flags.bits === undefined ? {} : { bits: readBits(flags.bits) }
  const { generateRsaKeyPair } = await import('../networks/drogulus/keys/identity.ts')
  const { saveRsaKeyPair } = await import('../networks/drogulus/keys/identity-file.ts')
  return withEnding(flags, output, async (ending) => {
    const making = ending.unlessEnded(inThreadPool(generateRsaKeyPair(bits)))
    const keyPair = await withProgress(output, 'making a key', making)
    await saveRsaKeyPair(file, keyPair).catch((error: unknown) => {
      throw ofKeyFile('FILE', error, `the folder of ${file} cannot be made`)
    })
    const { publicKey } = keyPair
    output.result(`key pair  ${printable(file)}\n${publicKey}`, { publicKey, file })
    output.note(KEEP_IT)
    output.note('Give what is printed above, as a file, to whoever shall find by name what you publish.')
    const key = given === undefined ? [] : ['--key', given]
    const next = followUp(['publish', 'status', 'all is well'], { network: 'drogulus' }, key)
    output.note(`publish with it (add --bootstrap HOST:PORT, a node of your network):  ${next}`)
    return FOUND
  })
}

/** Those that are signed quickly, and that everybody reads. */
function readBits(text: string): number {
  const bits = readWhole('--bits', text, { least: 2_048, most: 8_192, allowed: BITS })
  if (bits % 8 !== 0) throw misuse('--bits', BITS, text)
  return bits
}

const BITS = 'a multiple of 8 from 2048 to 8192'

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
