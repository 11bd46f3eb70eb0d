import assert from 'node:assert/strict'
import { createHash, generateKeyPairSync, sign as nodeSign } from 'node:crypto'
import { describe, test } from 'node:test'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { toHex } from '../../../../src/kademlia/id.ts'
import { XorbitError } from '../../../../src/node/errors.ts'
import {
  immutableTarget,
  isAuthentic,
  mutableTarget,
  signedBytes,
} from '../../../../src/networks/mainline/items/item.ts'
import { toPublicKey } from '../../../../src/networks/mainline/keys/key-bytes.ts'
import { generateKeyPair, keyPairFrom, sign } from '../../../../src/networks/mainline/keys/key-pair.ts'
import { importSeed } from '../../../../src/networks/mainline/keys/seed-key.ts'
import { verifySignature } from '../../../../src/networks/mainline/keys/signature.ts'
import { runs } from '../../../property-runs.ts'

const ascii = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'))

/** What an error that a user sees must not hold: any eight digits of a secret. */
function holdsSecret(text: string, secret: string): boolean {
  return Array.from({ length: secret.length - 8 }, (_, at) => secret.slice(at, at + 8)).some((part) =>
    text.toLowerCase().includes(part),
  )
}

const SECRET =
  'e06d3183d14159228433ed599221b80bd0a5ce8352e4bdf0262f76786ef1c74d' +
  'b7e7a9fea2c0eb269d61e3b38e450a22e754941ac78479d6c54e1faf6037881d'
const PUBLIC = '77ff84905a91936367c01360803104f92432fcd904a43511876df5cdf3e7e548'

describe("The key pair of BEP 44's vectors", () => {
  const keyPair = keyPairFrom(SECRET)
  const vectors = [
    {
      salt: '',
      signed: '3:seqi1e1:v12:Hello World!',
      target: '4a533d47ec9c7d95b1ad75f576cffc641853b750',
      signature:
        '305ac8aeb6c9c151fa120f120ea2cfb923564e11552d06a5d856091e5e853cff' +
        '1260d3f39e4999684aa92eb73ffd136e6f4f3ecbfda0ce53a1608ecd7ae21f01',
    },
    {
      salt: 'foobar',
      signed: '4:salt6:foobar3:seqi1e1:v12:Hello World!',
      target: '411eba73b6f087ca51a3795d9c8c938d365e32c1',
      signature:
        '6834284b6b24c3204eb2fea824d82f88883a3d95e8b4a21b8c0ded553d17d17d' +
        'df9a8a7104b1258f30bed3787e6cb896fca78c58f8e03b5f18f14951a87d9a08',
    },
  ]
  const value = ascii('12:Hello World!')

  test('is an expanded key, with this public key', () => assert.equal(toHex(keyPair.publicKey), PUBLIC))

  for (const { salt, signed, target, signature } of vectors) {
    const name = salt === '' ? 'without salt' : 'with salt'
    test(`signs and verifies the item ${name} (B44-02, B44-03, B44-06)`, () => {
      const buffer = signedBytes(value, { salt: ascii(salt), seq: 1n })
      assert.equal(Buffer.from(buffer).toString('latin1'), signed)
      assert.equal(toHex(sign(keyPair, buffer)), signature)
      assert.equal(toHex(mutableTarget(keyPair.publicKey, ascii(salt))), target)
      const parts = {
        publicKey: keyPair.publicKey,
        salt: ascii(salt),
        signature: Uint8Array.fromHex(signature),
      }
      assert.equal(isAuthentic({ value, signed: { ...parts, seq: 1n } }), true)
      assert.equal(isAuthentic({ value, signed: { ...parts, seq: 2n } }), false)
    })
  }

  test('stands beside the immutable target of the same value (B44-01)', () =>
    assert.equal(toHex(immutableTarget(value)), 'e5f96f6f38320f0f33959cb4d3d656452117aadb'))

  test('is another one when its first half is taken for a seed', () => {
    const wrong = toHex(keyPairFrom(SECRET.slice(0, 64)).publicKey)
    assert.match(wrong, /^fe2252be.*891f$/)
  })
})

describe('A key pair', () => {
  test('that was generated signs what its public key verifies', () => {
    const keyPair = generateKeyPair()
    assert.equal(keyPair.publicKey.length, 32)
    assert.equal(keyPair.secretKey.length, 32)
    const message = ascii('a message')
    const signature = sign(keyPair, message)
    assert.equal(verifySignature(keyPair.publicKey, message, signature), true)
    assert.equal(verifySignature(keyPair.publicKey, ascii('another'), signature), false)
    assert.notDeepEqual(generateKeyPair().publicKey, keyPair.publicKey)
  })

  test('of a seed signs as node:crypto does, and so does the expanded key of that seed', () => {
    const seeds = fc.uint8Array({ minLength: 32, maxLength: 32 })
    fc.assert(
      fc.property(seeds, fc.uint8Array({ maxLength: 300 }), (seed, message) => {
        const expanded = new Uint8Array(createHash('sha512').update(seed).digest())
        expanded[0]! &= 0xf8
        expanded[31] = (expanded[31]! & 0x3f) | 0x40
        const [fromSeed, fromExpanded] = [keyPairFrom(seed), keyPairFrom(expanded)]
        assert.deepEqual(fromExpanded.publicKey, fromSeed.publicKey)
        const expected = new Uint8Array(nodeSign(null, message, importSeed(seed)))
        assert.deepEqual(sign(fromSeed, message), expected)
        assert.deepEqual(sign(fromExpanded, message), expected)
        assert.equal(verifySignature(fromSeed.publicKey, message, expected), true)
      }),
      runs(40),
    )
  })

  test('is read from a seed and its public key, as NaCl writes them', () => {
    const { publicKey, secretKey } = generateKeyPair()
    const both = keyPairFrom(toHex(secretKey) + toHex(publicKey).toUpperCase())
    assert.deepEqual(both.publicKey, publicKey)
    assert.deepEqual(both.secretKey, secretKey)
  })

  test('is not read from a seed and the public key of another', () => {
    // A seed that would pass for a clamped scalar may be one, so these do not.
    const secret = `01${'00'.repeat(31)}${PUBLIC}`
    assert.throws(() => keyPairFrom(secret), {
      code: 'bad-argument',
      message:
        'secret: expected in 64 bytes a seed and its public key, or an expanded key (clamped scalar and prefix), got neither',
    })
  })

  test('shows its secret neither when logged, nor as JSON, nor when copied', () => {
    for (const keyPair of [generateKeyPair(), keyPairFrom(SECRET)]) {
      const shown = [
        inspect(keyPair, { showHidden: true, getters: true, depth: 9 }),
        inspect({ inside: [keyPair] }),
        JSON.stringify(keyPair),
        inspect({ ...keyPair }),
        inspect(structuredClone(keyPair)),
      ]
      for (const text of shown) {
        assert.ok(!holdsSecret(text, toHex(keyPair.secretKey)), text)
        assert.ok(!text.includes(inspect(keyPair.secretKey).slice(16, 60)), text)
      }
      const publicKey = toHex(keyPair.publicKey)
      assert.equal(JSON.stringify({ keyPair }), JSON.stringify({ keyPair: { publicKey } }))
      assert.equal(inspect(keyPair), `KeyPair { publicKey: '${publicKey}' }`)
    }
  })

  test('keeps its own copy of the secret', () => {
    const seed = Buffer.alloc(32, 7)
    const keyPair = keyPairFrom(seed)
    seed.fill(0)
    keyPair.secretKey.fill(0)
    assert.deepEqual(keyPair.secretKey, new Uint8Array(32).fill(7))
    assert.equal(keyPair.secretKey.constructor, Uint8Array)
  })

  test('may be an object that somebody else put together, when its keys fit', () => {
    const { publicKey, secretKey } = keyPairFrom(SECRET)
    const message = ascii('x')
    assert.deepEqual(sign({ publicKey, secretKey }, message), sign(keyPairFrom(SECRET), message))
    const { publicKey: stranger } = generateKeyPair()
    for (const [other, argument] of [
      [{ publicKey: stranger, secretKey }, 'publicKey'],
      [{ publicKey: undefined, secretKey }, 'publicKey'],
      [{ publicKey }, 'secretKey'],
      [null, 'keyPair'],
      [SECRET, 'keyPair'],
    ] as const) {
      assert.throws(
        () => sign(other as never, message),
        (error) => {
          assert.ok(error instanceof XorbitError)
          assert.equal(error.code, 'bad-argument')
          assert.equal(error.details['argument'], argument)
          return !holdsSecret(error.message, SECRET)
        },
      )
    }
  })
})

describe('A secret that is none', () => {
  const { privateKey } = generateKeyPairSync('ed25519')
  const wrong: [what: string, secret: unknown, got: string][] = [
    ['too few digits', SECRET.slice(1), '127 characters'],
    ['too many digits', `${SECRET}00`, '130 characters'],
    ['digits with a line end', `${SECRET}\n`, '129 characters, not all hex digits'],
    ['a letter among the digits', `g${SECRET.slice(1)}`, '128 characters, not all hex digits'],
    ['too few bytes', new Uint8Array(31), '31 bytes'],
    ['no bytes', new Uint8Array(0), '0 bytes'],
    ['an array of numbers', Array.from({ length: 32 }, () => 0), 'a value of type object'],
    ['a KeyObject', privateKey, 'a value of type object'],
    ['null', null, 'null'],
    ['nothing', undefined, 'a value of type undefined'],
  ]
  for (const [what, secret, got] of wrong) {
    test(`is refused and not shown: ${what}`, () => {
      assert.throws(() => keyPairFrom(secret as never), {
        name: 'XorbitError',
        code: 'bad-argument',
        message: `secret: expected 32 or 64 bytes or 64 or 128 hex digits, got ${got}`,
      })
    })
  }
})

describe('A public key', () => {
  test('is read from 32 bytes, which are copied, or 64 hex digits', () => {
    const given = Buffer.from(PUBLIC, 'hex')
    const read = toPublicKey('key', given)
    given.fill(0)
    assert.equal(toHex(read), PUBLIC)
    assert.deepEqual(toPublicKey('key', PUBLIC.toUpperCase()), read)
  })

  test('is refused in other lengths, and not shown, for it may be a secret', () => {
    const message = 'key: expected 32 bytes or 64 hex digits, got 128 characters'
    assert.throws(() => toPublicKey('key', SECRET), { code: 'bad-argument', message })
    const none = 'key: expected 32 bytes or 64 hex digits, got 20 bytes'
    assert.throws(() => toPublicKey('key', new Uint8Array(20)), { code: 'bad-argument', message: none })
  })
})
