import assert from 'node:assert/strict'
import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import { describe, test } from 'node:test'
import { Point } from '@noble/ed25519'
import fc from 'fast-check'
import { isWellFormed, verifySignature } from '../../../../src/networks/mainline/keys/signature.ts'
import { publicKeyOf } from '../../../../src/networks/mainline/keys/seed-key.ts'
import { runs } from '../../../property-runs.ts'
import speccheck from '../../../vectors/ed25519-speccheck.json' with { type: 'json' }
import wycheproof from '../../../vectors/wycheproof-ed25519.json' with { type: 'json' }

const bytes = (hex: string): Uint8Array => Uint8Array.fromHex(hex)
const { p: PRIME, n: ORDER } = Point.CURVE()

/** A number as 32 bytes, little-endian. */
const encoded = (number: bigint): Uint8Array =>
  Uint8Array.fromHex(number.toString(16).padStart(64, '0')).reverse()
const decoded = (number: Uint8Array): bigint => BigInt(`0x${number.toReversed().toHex()}`)

function signed(message: Uint8Array): {
  publicKey: Uint8Array
  signature: Uint8Array
  privateKey: KeyObject
} {
  const { privateKey } = generateKeyPairSync('ed25519')
  const signature = new Uint8Array(sign(null, message, privateKey))
  return { publicKey: publicKeyOf(privateKey), signature, privateKey }
}

/** A signature with one of its halves put in place of what was there. */
function withHalf(signature: Uint8Array, half: 0 | 32, part: Uint8Array): Uint8Array {
  const changed = signature.slice()
  changed.set(part, half)
  return changed
}

describe('A signature at the edges of Ed25519 (ed25519-speccheck)', () => {
  // libsodium gives the same verdicts. What is refused by form is refused before the runtime is asked, which matters:
  // Node 22 takes 1, 3, 5 and 14.
  const verdicts = [
    [0, 'refused by form'],
    [1, 'refused by form'],
    [2, 'refused by form'],
    [3, 'refused by form'],
    [4, 'refused by form'],
    [5, 'refused by form'],
    [6, 'good'],
    [7, 'refused'],
    [8, 'refused'],
    [9, 'refused by form'],
    [10, 'refused by form'],
    [11, 'refused by form'],
    [12, 'refused by form'],
    [13, 'refused by form'],
    [14, 'refused by form'],
    [15, 'refused by form'],
    [16, 'refused by form'],
  ] as const

  test('is in the table of verdicts', () => assert.equal(speccheck.cases.length, verdicts.length))

  for (const [index, verdict] of verdicts) {
    const { about, message, publicKey, signature } = speccheck.cases[index]!
    test(`is ${verdict}: ${index}, ${about} (B44-23, T20)`, () => {
      assert.equal(verifySignature(bytes(publicKey), bytes(message), bytes(signature)), verdict === 'good')
      assert.equal(isWellFormed(bytes(publicKey), bytes(signature)), verdict !== 'refused by form')
    })
  }
})

describe('A signature of Wycheproof', () => {
  for (const { tcId, comment, pk, msg, sig, result } of wycheproof.tests) {
    test(`is ${result}: ${tcId} ${comment} (T20)`, () =>
      assert.equal(verifySignature(bytes(pk), bytes(msg), bytes(sig)), result === 'valid'))
  }
})

describe('A point of small order', () => {
  /** The eight of the torsion subgroup, as the library computes them, and all their other encodings. */
  const generator = Point.fromHex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05')
  const points = Array.from({ length: 8 }, (_, times) => generator.multiplyUnsafe(BigInt(times)))
  const encodings = new Set<string>()
  for (const point of points) {
    const y = decoded(point.toBytes()) & (2n ** 255n - 1n)
    for (const each of [y, y + PRIME].filter((number) => number < 2n ** 255n)) {
      for (const sign of [0n, 2n ** 255n]) encodings.add(encoded(each + sign).toHex())
    }
  }

  test('has 14 encodings: 8 points, and 6 that are not canonical', () => {
    assert.equal(new Set(points.map((point) => point.toHex())).size, 8)
    assert.ok(points.every((point) => point.isSmallOrder()))
    assert.equal(encodings.size, 14)
    const canonical = points.map((point) => point.toHex())
    assert.ok(canonical.every((hex) => encodings.has(hex)))
  })

  const { publicKey, signature } = signed(bytes('00'))
  for (const hex of encodings) {
    test(`is no key and no R: ${hex} (B44-23, T20)`, () => {
      assert.equal(isWellFormed(bytes(hex), signature), false)
      assert.equal(isWellFormed(publicKey, withHalf(signature, 0, bytes(hex))), false)
      for (const message of [bytes(''), bytes('00'), bytes('01')]) {
        assert.equal(verifySignature(bytes(hex), message, signature), false)
        // S = 0 and R = 0 is what such a key "signs" every message with.
        const forged = withHalf(new Uint8Array(64), 0, encoded(1n))
        assert.equal(verifySignature(bytes(hex), message, forged), false)
      }
    })
  }
})

describe('A well-formed signature', () => {
  const { publicKey, signature } = signed(bytes(''))
  const withY = (y: bigint): Uint8Array => withHalf(signature, 0, encoded(y))
  const withS = (s: bigint): Uint8Array => withHalf(signature, 32, encoded(s))

  test('has an S below the order (T20)', () => {
    for (const s of [0n, 1n, ORDER - 1n]) assert.equal(isWellFormed(publicKey, withS(s)), true, `${s}`)
    for (const s of [ORDER, ORDER + 1n, 2n ** 253n, 2n ** 255n, 2n ** 256n - 1n]) {
      assert.equal(isWellFormed(publicKey, withS(s)), false, `${s}`)
    }
  })

  test('has points whose y is below the prime (T20)', () => {
    for (const y of [2n, PRIME - 2n, PRIME - 3n]) {
      for (const sign of [0n, 2n ** 255n]) {
        assert.equal(isWellFormed(encoded(y + sign), withY(y + sign)), true, `${y}`)
      }
    }
    for (let y = PRIME; y < 2n ** 255n; y++) {
      for (const sign of [0n, 2n ** 255n]) {
        assert.equal(isWellFormed(encoded(y + sign), signature), false, `${y}`)
        assert.equal(isWellFormed(publicKey, withY(y + sign)), false, `${y}`)
      }
    }
  })

  test('leaves the bytes that it is asked about as they are', () => {
    const [key, copy] = [encoded(2n ** 255n + 3n), signature.slice()]
    isWellFormed(key, copy)
    assert.deepEqual(key, encoded(2n ** 255n + 3n))
    assert.deepEqual(copy, signature)
  })
})

describe('Verifying', () => {
  test('takes what node:crypto signs, and nothing of which one bit differs (B44-06)', () => {
    const message = new Uint8Array(100).fill(9)
    const { publicKey, signature } = signed(message)
    assert.equal(verifySignature(publicKey, message, signature), true)
    for (const part of [publicKey, message, signature]) {
      for (let bit = 0; bit < 8 * part.length; bit++) {
        part[bit >> 3]! ^= 1 << (bit & 7)
        assert.equal(
          verifySignature(publicKey, message, signature),
          false,
          `bit ${bit} of ${part.length} bytes`,
        )
        part[bit >> 3]! ^= 1 << (bit & 7)
      }
    }
  })

  test('takes keys and signatures that are views of a larger buffer', () => {
    const message = bytes('0102')
    const { publicKey, signature } = signed(message)
    const packet = new Uint8Array(200)
    packet.set(publicKey, 3)
    packet.set(signature, 40)
    assert.equal(verifySignature(packet.subarray(3, 35), message, packet.subarray(40, 104)), true)
  })

  test('refuses a key that is no point (T20)', () => {
    const { signature } = signed(bytes(''))
    let strangers = 0
    for (let y = 2n; strangers < 20; y++) {
      const key = encoded(y)
      try {
        Point.fromBytes(key)
      } catch {
        strangers++
        assert.equal(verifySignature(key, bytes(''), signature), false, `${y}`)
      }
    }
  })

  test('never throws, whatever the bytes and their lengths', () => {
    const some = fc.oneof(
      fc.uint8Array({ maxLength: 70 }),
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      fc.uint8Array({ minLength: 64, maxLength: 64 }),
    )
    fc.assert(
      fc.property(some, some, some, (publicKey, message, signature) => {
        assert.equal(verifySignature(publicKey, message, signature), false)
      }),
      runs(300),
    )
  })
})
