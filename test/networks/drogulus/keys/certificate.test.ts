// The certificate of a node: one that TLS takes, made once, and kept privately.
import assert from 'node:assert/strict'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { chmodSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { loadOrCreateCertificate } from '../../../../src/networks/drogulus/keys/certificate-file.ts'
import { createCertificate, readCertificate } from '../../../../src/networks/drogulus/keys/certificate.ts'
import { XorbitError } from '../../../../src/node/errors.ts'

const NOW = Date.UTC(2026, 1, 28, 12)
const made = await createCertificate(NOW)
const other = await createCertificate(NOW)

describe('A new certificate', () => {
  const certificate = new X509Certificate(made.cert)

  test('is signed with its own key, which is RSA of 2048 bits', () => {
    const key = createPrivateKey(made.key)
    assert.ok(certificate.verify(certificate.publicKey))
    assert.ok(certificate.checkPrivateKey(key))
    assert.equal(certificate.issuer, certificate.subject)
    assert.equal(key.asymmetricKeyType, 'rsa')
    assert.equal(key.asymmetricKeyDetails?.modulusLength, 2048)
  })

  test('is valid from the day before, for clocks that are behind, and for 25 years', () => {
    assert.equal(Date.parse(certificate.validFrom), Date.UTC(2026, 1, 27, 12))
    assert.equal(Date.parse(certificate.validTo), Date.UTC(2051, 1, 28, 12))
  })

  test('has a key and a number of its own', () => {
    assert.notEqual(made.key, other.key)
    assert.notEqual(certificate.serialNumber, new X509Certificate(other.cert).serialNumber)
  })
})

describe('Key and certificate in one text', () => {
  test('are found in any order, with others behind and texts between', () => {
    for (const text of [made.key + made.cert, `one\n${made.cert}two\n${made.key}three`]) {
      const found = readCertificate(text)!
      assert.equal(found.key, made.key)
      assert.ok(found.cert.startsWith(made.cert))
    }
  })

  test('are none when one is missing, damaged, or of another', () => {
    const cut = made.cert.slice(0, 300)
    for (const text of ['', made.key, made.cert, made.key + cut, made.key + other.cert]) {
      assert.equal(readCertificate(text), null)
    }
  })
})

describe('A certificate file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'xorbit-certificate-'))
  after(() => rmSync(folder, { recursive: true }))

  const refusalOf = async (path: string): Promise<XorbitError> => {
    const error = await loadOrCreateCertificate(path).then(
      () => assert.fail('should have been refused'),
      (reason: unknown) => reason,
    )
    assert.ok(error instanceof XorbitError)
    assert.equal(error.code, 'bad-key-file')
    return error
  }

  test('is made for its owner alone, and read again', async () => {
    const path = join(folder, 'new', 'node.sqlite.tls.pem')
    const first = await loadOrCreateCertificate(path)
    assert.equal(statSync(path).mode & 0o777, 0o600)
    assert.deepEqual(await loadOrCreateCertificate(path), first)
  })

  test('is the same for nodes that start at once, and nothing else is left', async () => {
    const path = join(folder, 'at-once', 'tls.pem')
    const all = await Promise.all([1, 2, 3].map(() => loadOrCreateCertificate(path)))
    assert.equal(new Set(all.map(({ key }) => key)).size, 1)
    assert.deepEqual(readdirSync(join(folder, 'at-once')), ['tls.pem'])
  })

  test('is never written over, whatever is in it', async () => {
    const path = join(folder, 'foreign.pem')
    writeFileSync(path, 'my diary', { mode: 0o600 })
    const { message, details } = await refusalOf(path)
    assert.equal(details['reason'], 'no-key')
    assert.match(
      message,
      /expected a private key with its certificate, in PEM; move it away to get a new one$/,
    )
    assert.equal(readFileSync(path, 'latin1'), 'my diary')
  })

  test('is refused when others may read it', { skip: process.platform === 'win32' }, async () => {
    const path = join(folder, 'open.pem')
    writeFileSync(path, made.key + made.cert)
    chmodSync(path, 0o644)
    assert.equal((await refusalOf(path)).details['reason'], 'open-to-others')
  })

  test('is not made where nothing is kept', async () => {
    const before = readdirSync(folder)
    const first = await loadOrCreateCertificate(null)
    assert.notDeepEqual(await loadOrCreateCertificate(null), first)
    assert.deepEqual(readdirSync(folder), before)
  })
})
