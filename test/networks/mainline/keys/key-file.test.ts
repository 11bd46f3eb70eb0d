import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { toHex } from '../../../../src/kademlia/id.ts'
import { XorbitError } from '../../../../src/node/errors.ts'
import { loadKeyPair, saveKeyPair } from '../../../../src/networks/mainline/keys/key-file.ts'
import {
  generateKeyPair,
  keyPairFrom,
  type KeyPair,
} from '../../../../src/networks/mainline/keys/key-pair.ts'

const folder = mkdtempSync(join(tmpdir(), 'xorbit-keys-'))
after(() => rmSync(folder, { recursive: true, force: true }))
let files = 0
/** A path where nothing is. */
const fresh = (): string => join(folder, `key-${++files}`)

function fileOf(content: string | Uint8Array, mode = 0o600): string {
  const path = fresh()
  writeFileSync(path, content, { mode })
  chmodSync(path, mode)
  return path
}

// The private key of BEP 44's vectors.
const EXPANDED =
  'e06d3183d14159228433ed599221b80bd0a5ce8352e4bdf0262f76786ef1c74d' +
  'b7e7a9fea2c0eb269d61e3b38e450a22e754941ac78479d6c54e1faf6037881d'
const PUBLIC = '77ff84905a91936367c01360803104f92432fcd904a43511876df5cdf3e7e548'
const seedPair = keyPairFrom('11'.repeat(32))

const skip = process.platform === 'win32' && 'Windows has no modes of files'

function same(actual: KeyPair, expected: KeyPair): void {
  assert.deepEqual(actual.publicKey, expected.publicKey)
  assert.deepEqual(actual.secretKey, expected.secretKey)
}

/** The error of a file; it has one line, names the file, and shows nothing of what is in it. */
async function refusal(work: Promise<unknown>, path: string): Promise<{ reason: unknown; says: string }> {
  const error = await work.then(
    () => assert.fail('it worked'),
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof XorbitError, String(error))
  assert.equal(error.code, 'bad-key-file')
  assert.equal(error.details['path'], path)
  assert.ok(error.message.startsWith(`key file ${path}: `), error.message)
  assert.doesNotMatch(error.message, /\n|1111|e06d3183/)
  return { reason: error.details['reason'], says: error.message.slice(`key file ${path}: `.length) }
}

describe('A key pair that is saved', () => {
  test('comes back, from a seed and from an expanded key', async () => {
    for (const keyPair of [generateKeyPair(), keyPairFrom(EXPANDED)]) {
      const path = fresh()
      await saveKeyPair(path, keyPair)
      same(await loadKeyPair(path), keyPair)
    }
  })

  test('is PKCS#8 PEM, which others read, when it is a seed', async () => {
    const path = fresh()
    await saveKeyPair(path, seedPair)
    const pem = readFileSync(path, 'utf8')
    assert.match(pem, /^-----BEGIN PRIVATE KEY-----\n[^-]+\n-----END PRIVATE KEY-----\n$/)
    const { x } = createPublicKey(createPrivateKey(pem)).export({ format: 'jwk' })
    assert.equal(Buffer.from(x!, 'base64url').toString('hex'), toHex(seedPair.publicKey))
  })

  test('is a line of hex digits when it is an expanded key', async () => {
    const path = fresh()
    await saveKeyPair(path, keyPairFrom(EXPANDED))
    assert.equal(readFileSync(path, 'utf8'), `${EXPANDED}\n`)
  })

  test('is for its owner alone, and so are the folders that are made for it', { skip }, async () => {
    const path = join(fresh(), 'deep', 'key')
    await saveKeyPair(path, seedPair)
    const mode = (name: string): string => (statSync(name).mode & 0o777).toString(8)
    assert.equal(mode(path), '600')
    assert.equal(mode(join(path, '..')), '700')
    assert.equal(mode(join(path, '../..')), '700')
    assert.deepEqual(readdirSync(join(path, '..')), ['key'], 'and nothing is left beside it')
  })

  test('never replaces what is there, not even a link to nowhere', async () => {
    const path = fileOf('something else')
    const { reason, says } = await refusal(saveKeyPair(path, seedPair), path)
    assert.equal(reason, 'exists')
    assert.match(says, /^is there already/)
    assert.equal(readFileSync(path, 'utf8'), 'something else')
    const dangling = fresh()
    symlinkSync(join(folder, 'nowhere'), dangling)
    assert.equal((await refusal(saveKeyPair(dangling, seedPair), dangling)).reason, 'exists')
    assert.ok(!readdirSync(folder).includes('nowhere'))
  })

  test('is one of those that are saved under the same name at once, whole', async () => {
    const path = join(fresh(), 'key')
    const keyPairs = Array.from({ length: 8 }, generateKeyPair)
    const done = await Promise.allSettled(keyPairs.map((keyPair) => saveKeyPair(path, keyPair)))
    const winners = done.flatMap(({ status }, index) => (status === 'fulfilled' ? [index] : []))
    assert.equal(winners.length, 1)
    same(await loadKeyPair(path), keyPairs[winners[0]!]!)
    assert.deepEqual(readdirSync(join(path, '..')), ['key'])
  })

  test('is not there at all when it cannot be written', { skip }, () => {
    const path = join(fresh(), 'key')
    const keys = new URL('../../../../src/networks/mainline/keys/', import.meta.url)
    const code = `import { saveKeyPair } from ${JSON.stringify(new URL('key-file.ts', keys).href)}
      import { generateKeyPair } from ${JSON.stringify(new URL('key-pair.ts', keys).href)}
      await saveKeyPair(${JSON.stringify(path)}, generateKeyPair()).catch(({ code }) => console.log(code))`
    const run = `ulimit -f 0; exec "$0" --input-type=module --eval "$1"`
    const { stdout } = spawnSync('sh', ['-c', run, process.execPath, code], { encoding: 'utf8' })
    assert.equal(stdout, 'bad-key-file\n')
    assert.deepEqual(readdirSync(join(path, '..')), [])
  })

  test('needs a folder, not a file, and a pair whose keys fit', async () => {
    const path = join(fileOf(''), 'key')
    assert.equal((await refusal(saveKeyPair(path, seedPair), path)).reason, 'unusable')
    const { publicKey } = generateKeyPair()
    const misfit = { publicKey, secretKey: seedPair.secretKey }
    await assert.rejects(saveKeyPair(fresh(), misfit), { code: 'bad-argument' })
    for (const name of ['', null, pathToFileURL(folder)]) {
      await assert.rejects(saveKeyPair(name as string, seedPair), { code: 'bad-argument' })
      await assert.rejects(loadKeyPair(name as string), { code: 'bad-argument' })
    }
  })
})

describe('A key file of another program', () => {
  const seed = '11'.repeat(32)
  const publicKey = toHex(seedPair.publicKey)
  const bytes = (hex: string): Uint8Array => Uint8Array.fromHex(hex)
  const forms: [what: string, content: string | Uint8Array, publicKey: string][] = [
    ['64 hex digits', seed, publicKey],
    ['128 hex digits: a seed and its public key', seed + publicKey, publicKey],
    ['128 hex digits: an expanded key', EXPANDED.toUpperCase(), PUBLIC],
    ['hex digits with white space around', `\r\n  ${seed}\t\n\n`, publicKey],
    ['32 bytes', bytes(seed), publicKey],
    ['64 bytes: an expanded key', bytes(EXPANDED), PUBLIC],
    ['64 bytes: a seed and its public key', bytes(seed + publicKey), publicKey],
    ['bytes that begin and end as white space would', bytes(`0a${'11'.repeat(30)}20`), ''],
  ]
  for (const [what, content, expected] of forms) {
    test(`is read: ${what}`, async () => {
      const keyPair = await loadKeyPair(fileOf(content))
      assert.equal(toHex(keyPair.publicKey), expected || toHex(keyPairFrom(content).publicKey))
    })
  }

  test('is read: what openssl writes, with comments before it', async (t) => {
    const { status, stdout } = spawnSync('openssl', ['genpkey', '-algorithm', 'ed25519'], {
      encoding: 'utf8',
    })
    if (status !== 0) return t.skip('openssl is not installed')
    const { x } = createPublicKey(createPrivateKey(stdout)).export({ format: 'jwk' })
    const keyPair = await loadKeyPair(fileOf(`# mine\n${stdout}\n`))
    assert.equal(Buffer.from(keyPair.publicKey).toString('base64url'), x)
  })
})

describe('A key file that is refused', () => {
  const pem = (type: 'ed25519' | 'x25519', passphrase?: string): string => {
    const format = { type: 'pkcs8', format: 'pem' } as const
    const { privateKey } = generateKeyPairSync(type as 'ed25519')
    return privateKey.export(
      passphrase === undefined ? format : { ...format, cipher: 'aes-256-cbc', passphrase },
    )
  }
  const publicPem = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' })
  const contents: [what: string, content: string | Uint8Array, says: RegExp][] = [
    [
      'an empty file',
      '',
      /^expected a private key in PKCS#8 PEM, 64 or 128 hex digits, or 32 or 64 bytes, got 0 bytes/,
    ],
    ['a digit too few', '11'.repeat(32).slice(1), /got 63 bytes of something else$/],
    ['two keys', `${'11'.repeat(32)}\n${'11'.repeat(32)}\n`, /got 130 bytes of something else$/],
    ['64 bytes of neither form', `01${'00'.repeat(31)}${PUBLIC}`, /^expected in 64 bytes .* got neither$/],
    ['a public key', publicPem, /got another kind of PEM$/],
    ['a PEM that is cut', pem('ed25519').slice(0, 60), /got another kind of PEM$/],
    ['a key of another type', pem('x25519'), /^expected a key of type ed25519, got x25519$/],
    ['a PEM with a passphrase', pem('ed25519', 'secret'), /^has a passphrase; take it off: openssl pkey/],
    ['a text of 5000 bytes', ' '.repeat(5000), /got more than 4096 bytes$/],
  ]
  for (const [what, content, expected] of contents) {
    test(`holds no key: ${what}`, async () => {
      const path = fileOf(content)
      const { reason, says } = await refusal(loadKeyPair(path), path)
      assert.equal(reason, 'no-key')
      assert.match(says, expected)
    })
  }

  test('is too large, and is not read: a gigabyte', async () => {
    const path = fileOf('')
    truncateSync(path, 2 ** 30)
    assert.equal((await refusal(loadKeyPair(path), path)).reason, 'no-key')
  })

  for (const mode of [0o644, 0o640, 0o620, 0o601]) {
    test(`is open to others: mode ${mode.toString(8)}`, { skip }, async () => {
      const path = fileOf('11'.repeat(32), mode)
      const { reason, says } = await refusal(loadKeyPair(path), path)
      assert.equal(reason, 'open-to-others')
      assert.equal(says, `others may use it (mode ${mode.toString(8)}); run: chmod 600 ${path}`)
      chmodSync(path, 0o400)
      same(await loadKeyPair(path), seedPair)
    })
  }

  test('is not there, or is no file', async () => {
    const missing = fresh()
    assert.equal((await refusal(loadKeyPair(missing), missing)).reason, 'missing')
    const inside = fresh()
    mkdirSync(inside)
    assert.equal((await refusal(loadKeyPair(inside), inside)).reason, 'unusable')
  })

  test('is a pipe that nobody writes into, and nobody waits for', { skip }, async (t) => {
    const pipe = fresh()
    if (spawnSync('mkfifo', ['-m', '600', pipe]).status !== 0) return t.skip('mkfifo is not installed')
    assert.equal((await refusal(loadKeyPair(pipe), pipe)).reason, 'unusable')
  })
})
