import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import {
  MAX_PUBLIC_KEY_BYTES,
  readRsaPublicKey,
} from '../../../../src/networks/drogulus/keys/rsa-public-key.ts'
import { runs } from '../../../property-runs.ts'
import { der, EXPONENT, integer, oddNumber, pem, pkcs1, spki } from './der.ts'
import { pemOf, utf8 } from './recorded-keys.ts'

const read = (text: string): ReturnType<typeof readRsaPublicKey> => readRsaPublicKey(utf8(text))

const modulus = oddNumber(2048)

describe('A public key of RSA', () => {
  test('is read as SubjectPublicKeyInfo and as PKCS#1 (drogulus B3)', () => {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 1536 })
    for (const type of ['spki', 'pkcs1'] as const) {
      const key = read(publicKey.export({ type, format: 'pem' }))
      assert.ok(key !== null)
      assert.ok(key.key.equals(publicKey))
      assert.equal(Buffer.from(key.modulus).toString('base64url'), publicKey.export({ format: 'jwk' }).n)
    }
    for (const name of ['rsa_a', 'rsa_b']) assert.ok(read(pemOf(name, 'public')))
  })

  test('is read with white space around, in one line, in short ones, and with blanks in them', () => {
    const body = spki(pkcs1(modulus)).toString('base64')
    for (const text of [body, body.replaceAll(/.{20}/g, '$&\r\n'), body.replaceAll(/.{20}/g, '$& ')]) {
      assert.ok(read(` \n-----BEGIN PUBLIC KEY-----\r\n${text}\r\n-----END PUBLIC KEY-----\t\n`))
    }
  })

  test('is read whichever of the two labels it has', () => {
    assert.ok(read(pem('RSA PUBLIC KEY', spki(pkcs1(modulus)))))
    assert.ok(read(pem('PUBLIC KEY', pkcs1(modulus))))
  })

  test('has 1024 to 8192 bits, and an exponent of at most 64', () => {
    for (const bits of [1024, 1025, 8191, 8192]) assert.ok(read(pem('PUBLIC KEY', pkcs1(oddNumber(bits)))))
    for (const bits of [512, 1023, 8193, 16_384]) {
      assert.equal(read(pem('PUBLIC KEY', pkcs1(oddNumber(bits)))), null, `${bits}`)
    }
    const most = Buffer.alloc(8, 0xff)
    for (const exponent of [Buffer.from([3]), EXPONENT, most]) {
      assert.ok(read(pem('PUBLIC KEY', pkcs1(modulus, exponent))), exponent.toString('hex'))
    }
    for (const exponent of ['01', '02', '00', '010000', '010000000000000001', 'ff'.repeat(255)]) {
      assert.equal(read(pem('PUBLIC KEY', pkcs1(modulus, Buffer.from(exponent, 'hex')))), null, exponent)
    }
  })

  test('is read once as long as it is used, and after 512 others anew', () => {
    const text = pem('PUBLIC KEY', pkcs1(modulus))
    const others = Array.from({ length: 512 }, () => pem('PUBLIC KEY', pkcs1(oddNumber(1024))))
    const key = read(text)
    assert.ok(key !== null)
    for (const other of others.slice(1)) read(other)
    assert.equal(read(text), key)
    for (const other of others) read(other)
    const again = read(text)
    assert.notEqual(again, key)
    assert.ok(again?.key.equals(key.key))
  })
})

describe('A text that is no public key of RSA', () => {
  const good = pkcs1(modulus)
  const ed25519 = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' })
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({
    type: 'spki',
    format: 'pem',
  })
  const pss = generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).publicKey
  const texts: [what: string, text: string][] = [
    ['nothing', ''],
    ['something else', 'not a key'],
    ['Ed25519', ed25519],
    ['a curve', ec],
    ['RSA for PSS alone', pss.export({ type: 'spki', format: 'pem' })],
    ['a private key', pemOf('rsa_a', 'private')],
    ['another label', pem('CERTIFICATE', good)],
    ['text before it', `# mine\n${pem('PUBLIC KEY', good)}`],
    ['text after it', `${pem('PUBLIC KEY', good)}\n#`],
    ['a text that is too long', pem('PUBLIC KEY', good) + ' '.repeat(MAX_PUBLIC_KEY_BYTES)],
    ['no base64', pem('PUBLIC KEY', good).replace(/\n./, '\n?')],
    ['an empty one', '-----BEGIN PUBLIC KEY-----\n\n-----END PUBLIC KEY-----'],
    ['cut short', pem('PUBLIC KEY', good.subarray(0, -1))],
    ['bytes after it', pem('PUBLIC KEY', Buffer.concat([good, Buffer.from([0])]))],
    ['bytes after it, inside', pem('PUBLIC KEY', spki(Buffer.concat([good, Buffer.from([0])])))],
    ['a third number', pem('PUBLIC KEY', der(0x30, integer(modulus), integer(EXPONENT), integer(EXPONENT)))],
    ['one number', pem('PUBLIC KEY', der(0x30, integer(modulus)))],
    ['a negative modulus', pem('PUBLIC KEY', der(0x30, der(0x02, oddNumber(2048)), integer(EXPONENT)))],
    ['a zero in front', pem('PUBLIC KEY', der(0x30, integer(modulus), der(0x02, Buffer.from([0, 0, 3]))))],
    ['an even modulus', pem('PUBLIC KEY', pkcs1(Buffer.concat([modulus.subarray(0, -1), Buffer.from([2])])))],
    ['a number without bytes', pem('PUBLIC KEY', der(0x30, integer(modulus), der(0x02)))],
    ['an indefinite length', pem('PUBLIC KEY', Buffer.concat([Buffer.from([0x30, 0x80]), good.subarray(4)]))],
    [
      'a length of three bytes',
      pem('PUBLIC KEY', Buffer.concat([Buffer.from([0x30, 0x83, 0]), good.subarray(2)])),
    ],
    [
      'a length in too many bytes',
      pem('PUBLIC KEY', Buffer.concat([Buffer.from([0x30, 0x81, 5]), integer(EXPONENT)])),
    ],
    [
      'bits that do not count',
      pem(
        'PUBLIC KEY',
        der(0x30, Buffer.from('300d06092a864886f70d0101010500', 'hex'), der(0x03, Buffer.from([1]), good)),
      ),
    ],
    ['an algorithm of its own', pem('PUBLIC KEY', spki(good, der(0x30, Buffer.from('06032a0304', 'hex'))))],
  ]
  for (const [what, text] of texts) {
    test(`is refused: ${what}`, () => assert.equal(read(text), null))
  }

  test('is refused without a throw, whatever its bytes', () => {
    const body = spki(good)
    const mutated = fc.tuple(fc.nat(body.length - 1), fc.nat(255), fc.nat(40)).map(([at, byte, cut]) =>
      pem(
        'PUBLIC KEY',
        Buffer.from(body)
          .fill(byte, at, at + 1)
          .subarray(0, body.length - (cut > 20 ? 0 : cut)),
      ),
    )
    const text = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      mutated.map(utf8),
      fc.uint8Array().map((bytes) => utf8(pem('PUBLIC KEY', bytes))),
    )
    fc.assert(
      fc.property(text, (bytes) => {
        const key = readRsaPublicKey(bytes)
        if (key !== null) assert.equal(key.key.asymmetricKeyType, 'rsa')
      }),
      runs(2_000),
    )
  })
})
