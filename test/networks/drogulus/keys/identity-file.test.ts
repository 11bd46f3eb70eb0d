import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { generateKeyPairSync } from 'node:crypto'
import {
  loadOrCreateIdentity,
  loadRsaKeyPair,
  saveRsaKeyPair,
} from '../../../../src/networks/drogulus/keys/identity-file.ts'
import { readRsaKeyPair } from '../../../../src/networks/drogulus/keys/identity.ts'
import { pemOf } from './recorded-keys.ts'

const folder = mkdtempSync(join(tmpdir(), 'xorbit-identity-'))
after(() => rmSync(folder, { recursive: true }))

let count = 0
const fresh = (): string => join(folder, `${count++}`)
const skip = process.platform === 'win32' ? 'Windows has no such modes' : false

const pair = readRsaKeyPair(pemOf('rsa_a', 'private'))

function fileOf(content: string, mode = 0o600): string {
  const path = fresh()
  writeFileSync(path, content, { mode })
  return path
}

const refused = (path: string, reason: string, says = /./): object => ({
  code: 'bad-key-file',
  message: says,
  details: { path, reason },
})

describe('An RSA key pair that is saved', () => {
  test('comes back, and openssl reads it', async (t) => {
    const path = fresh()
    await saveRsaKeyPair(path, pair)
    assert.equal((await loadRsaKeyPair(path)).privateKey, pair.privateKey)
    const { status, stdout } = spawnSync('openssl', ['pkey', '-in', path, '-pubout'], { encoding: 'utf8' })
    if (status === null) return t.skip('openssl is not installed')
    assert.equal(stdout.trim(), pair.publicKey)
  })

  test('is for its owner alone', { skip }, async () => {
    const path = join(fresh(), 'key')
    await saveRsaKeyPair(path, pair)
    assert.equal(statSync(path).mode & 0o777, 0o600)
    assert.deepEqual(readdirSync(join(path, '..')), ['key'])
  })

  test('never replaces what is there, and is a key pair of ours', async () => {
    const path = fileOf('something else')
    await assert.rejects(saveRsaKeyPair(path, pair), refused(path, 'exists'))
    assert.equal(readFileSync(path, 'utf8'), 'something else')
    await assert.rejects(saveRsaKeyPair(fresh(), { publicKey: '' } as never), { code: 'bad-argument' })
  })
})

describe('A file with an RSA key pair', () => {
  test('may be of PKCS#1, with comments before it', async () => {
    const path = fileOf(`# of an original\n${pemOf('rsa_a', 'private')}\n`)
    assert.equal((await loadRsaKeyPair(path)).publicKey, pair.publicKey)
  })

  const contents: [what: string, content: string, says: RegExp][] = [
    ['nothing', '', /: expected an RSA private key in PEM .* got 0 characters of something else$/],
    ['a public key', pair.publicKey, /: expected an RSA private key in PEM/],
    [
      'Ed25519',
      generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }),
      /: expected an RSA/,
    ],
    ['too much', ' '.repeat(20_000), /expected an RSA private key in PEM, got more than 16384 bytes$/],
  ]
  for (const [what, content, says] of contents) {
    test(`is refused: ${what}`, async () => {
      const path = fileOf(content)
      await assert.rejects(loadRsaKeyPair(path), refused(path, 'no-key', says))
    })
  }

  test('is refused when others may read it', { skip }, async () => {
    const path = fileOf(pair.privateKey, 0o644)
    await assert.rejects(loadRsaKeyPair(path), refused(path, 'open-to-others'))
  })
})

describe('The identity of a node', () => {
  test('is made at the first start and kept', async () => {
    const path = join(fresh(), 'node.identity.pem')
    const made = await loadOrCreateIdentity(path)
    assert.equal((await loadOrCreateIdentity(path)).privateKey, made.privateKey)
    const passing = await loadOrCreateIdentity(null)
    assert.notEqual(passing.publicKey, made.publicKey)
  })

  test('is one for all that start at once', async () => {
    const path = fresh()
    const made = await Promise.all([
      loadOrCreateIdentity(path),
      loadOrCreateIdentity(path),
      loadOrCreateIdentity(path),
    ])
    const kept = await loadRsaKeyPair(path)
    for (const { publicKey } of made) assert.equal(publicKey, kept.publicKey)
  })

  test('is never made anew over a file that cannot be read', async () => {
    const path = fileOf('damaged')
    await assert.rejects(loadOrCreateIdentity(path), refused(path, 'no-key'))
    assert.equal(readFileSync(path, 'utf8'), 'damaged')
  })
})
