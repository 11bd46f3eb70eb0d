// Which kind of key a file holds, to say what is wrong where a network has keys of the other kind. Only looks: what is used
// is read by each network's own keys/.
import { createPublicKey } from 'node:crypto'
import { open } from 'node:fs/promises'

export type KeyKind = 'ed25519' | 'rsa'

/** More than any key has. */
const MAX_BYTES = 16_384

/** Of a private or a public key in PEM, or a private one in hex. null: it cannot be told. */
export async function kindOfKey(path: string): Promise<KeyKind | null> {
  const text = await beginningOf(path).catch(() => '')
  if (/^\s*(?:[0-9a-f]{64}|[0-9a-f]{128})\s*$/i.test(text)) return 'ed25519'
  try {
    const kind = createPublicKey(text).asymmetricKeyType
    return kind === 'ed25519' || kind === 'rsa' ? kind : null
  } catch {
    return null
  }
}

async function beginningOf(path: string): Promise<string> {
  const file = await open(path)
  try {
    if (!(await file.stat()).isFile()) return ''
    const { buffer, bytesRead } = await file.read(new Uint8Array(MAX_BYTES), 0, MAX_BYTES, 0)
    return Buffer.from(buffer.subarray(0, bytesRead)).toString('latin1')
  } finally {
    await file.close()
  }
}
