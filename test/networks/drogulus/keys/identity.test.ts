import assert from 'node:assert/strict'
import { createPrivateKey, createPublicKey, generateKeyPairSync, hash } from 'node:crypto'
import { describe, test } from 'node:test'
import { inspect } from 'node:util'
import {
  generateRsaKeyPair,
  nodeIdOf,
  readRsaKeyPair,
  RsaKeyPair,
} from '../../../../src/networks/drogulus/keys/identity.ts'
import { der, integer, pem } from './der.ts'
import { pemOf, utf8 } from './recorded-keys.ts'

describe('An RSA key pair', () => {
  test('is read from PKCS#1 and PKCS#8, and has the public key that originals write (drogulus B3)', () => {
    for (const name of ['rsa_a', 'rsa_b']) {
      const pair = readRsaKeyPair(pemOf(name, 'private'))
      assert.equal(pair.publicKey, pemOf(name, 'public'))
      const again = readRsaKeyPair(pair.privateKey)
      assert.equal(again.publicKey, pair.publicKey)
      assert.match(pair.privateKey, /^-----BEGIN PRIVATE KEY-----/)
      assert.deepEqual(again.sign(new Uint8Array(64)), pair.sign(new Uint8Array(64)))
    }
  })

  test('is made with 2048 bits and the exponent of all, or with more', async () => {
    for (const bits of [undefined, 2_056]) {
      const pair = await generateRsaKeyPair(bits === undefined ? {} : { bits })
      const { modulusLength, publicExponent } = createPublicKey(pair.publicKey).asymmetricKeyDetails!
      assert.equal(modulusLength, bits ?? 2_048)
      assert.equal(publicExponent, 65_537n)
    }
    const pairs = await Promise.all([generateRsaKeyPair(), generateRsaKeyPair()])
    assert.notEqual(pairs[0].publicKey, pairs[1].publicKey)
  })

  test('shows its private key to nobody who does not ask', () => {
    const pair = readRsaKeyPair(pemOf('rsa_a', 'private'))
    const secrets = Object.entries(createPrivateKey(pair.privateKey).export({ format: 'jwk' }))
    const shown = [
      JSON.stringify(pair),
      inspect(pair, { showHidden: true, depth: 9 }),
      Object.values(pair).join(),
    ]
    for (const text of shown) {
      assert.ok(!text.includes('PRIVATE'), text)
      for (const [name, value] of secrets)
        if (!['kty', 'n', 'e'].includes(name)) assert.ok(!text.includes(String(value)))
      assert.ok(!text.includes(pair.privateKey.split('\n')[3]!))
    }
    assert.deepEqual(JSON.parse(JSON.stringify(pair)), { publicKey: pair.publicKey })
    assert.match(inspect(pair), /^RsaKeyPair \{ publicKey: '?"-----BEGIN PUBLIC KEY/)
  })

  test('is told from what is none', () => {
    const pair = readRsaKeyPair(pemOf('rsa_a', 'private'))
    assert.equal(RsaKeyPair.assert('keyPair', pair), pair)
    for (const other of [null, undefined, {}, { publicKey: pair.publicKey }, pair.privateKey]) {
      assert.throws(
        () => RsaKeyPair.assert('keyPair', other),
        (error: Error & { code: string }) => {
          assert.equal(error.code, 'bad-argument')
          assert.match(
            error.message,
            /^keyPair: expected a key pair of generateRsaKeyPair or readRsaKeyPair, got/,
          )
          return !error.message.includes('BEGIN')
        },
      )
    }
  })
})

describe('A text that is no RSA key pair', () => {
  const pkcs8 = { type: 'pkcs8', format: 'pem' } as const
  const rsa = (modulusLength: number, publicExponent = 65_537): string =>
    generateKeyPairSync('rsa', { modulusLength, publicExponent }).privateKey.export(pkcs8)
  const locked = createPrivateKey(pemOf('rsa_a', 'private'))
  const texts: [what: string, text: unknown, got: RegExp][] = [
    ['nothing', '', /got 0 characters of something else$/],
    ['no text', 5, /got a value of type number$/],
    ['a public key', pemOf('rsa_a', 'public'), /got \d+ characters of something else$/],
    [
      'Ed25519',
      generateKeyPairSync('ed25519').privateKey.export(pkcs8),
      /got \d+ characters of something else$/,
    ],
    [
      'RSA for PSS alone',
      generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).privateKey.export(pkcs8),
      /else$/,
    ],
    ['512 bits', rsa(512), /got \d+ characters of something else$/],
    [
      'one with a passphrase',
      locked.export({ ...pkcs8, cipher: 'aes-256-cbc', passphrase: 'x' }),
      /got one with a passphrase$/,
    ],
    [
      'one with a passphrase, PKCS#1',
      locked.export({ type: 'pkcs1', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }),
      /got one with a passphrase$/,
    ],
  ]
  for (const [what, text, got] of texts) {
    test(`is refused and not shown: ${what}`, () => {
      assert.throws(
        () => readRsaKeyPair(text as string, 'identity'),
        (error: Error & { code: string }) => {
          assert.equal(error.code, 'bad-argument')
          assert.match(error.message, /^identity: expected an RSA private key in PEM/)
          assert.match(error.message, got)
          return !error.message.includes('BEGIN')
        },
      )
    })
  }

  test('is refused when its private key is not that of its public key', () => {
    const [own, other] = ['rsa_a', 'rsa_b'].map((name) =>
      createPrivateKey(pemOf(name, 'private')).export({ format: 'jwk' }),
    )
    const numbers = (['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi'] as const).map((name) =>
      integer(Buffer.from((name === 'n' ? own : other)![name]!, 'base64url')),
    )
    const mixed = pem('RSA PRIVATE KEY', der(0x30, Buffer.from([2, 1, 0]), ...numbers))
    assert.equal(createPrivateKey(mixed).asymmetricKeyType, 'rsa', 'and Node does not see it')
    assert.throws(() => readRsaKeyPair(mixed), { code: 'bad-argument' })
  })

  test('is not made with bits that nobody should have', async () => {
    for (const bits of [1_024, 2_047, 2_049, 8_200, 16_384, NaN, '2048']) {
      await assert.rejects(generateRsaKeyPair({ bits: bits as number }), {
        code: 'bad-argument',
        message: /^bits: /,
      })
    }
  })
})

describe('The id of a node', () => {
  test('is the hash of its public key without white space around (drogulus B3)', () => {
    const publicKey = pemOf('rsa_a', 'public')
    assert.equal(Buffer.from(nodeIdOf(publicKey)).toString('hex'), hash('sha512', publicKey))
    assert.deepEqual(nodeIdOf(utf8(`${publicKey}\n`)), nodeIdOf(publicKey))
  })
})
