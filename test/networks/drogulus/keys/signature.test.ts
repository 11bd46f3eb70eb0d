import assert from 'node:assert/strict'
import { constants, hash, privateEncrypt } from 'node:crypto'
import { describe, test } from 'node:test'
import { MsgPackFloat, MsgPackMap, packMsgPack } from '../../../../src/codecs/msgpack.ts'
import type { MsgPackValue } from '../../../../src/codecs/msgpack.ts'
import { asId } from '../../../../src/kademlia/id.ts'
import { sign, verify } from '../../../../src/networks/drogulus/keys/signature.ts'
import { compoundDigest, digestOfAll } from '../../../../src/networks/drogulus/keys/signed-digest.ts'
import type { SignedValue } from '../../../../src/networks/drogulus/messages.ts'
import { DROGULUS_COMMITS, drogulusVectors, recordedMsgPack } from '../../../drogulus-vectors.ts'
import type { DrogulusVector, RecordedFields, RecordedValue } from '../../../drogulus-vectors.ts'
import { oddNumber, pem, pkcs1 } from './der.ts'
import { pemOf, privateKeyOf, revisionOf, utf8 } from './recorded-keys.ts'

const sha512 = (bytes: Uint8Array): string => hash('sha512', bytes)

/** Times are written as `'1.0'`, or as `'1'` where they were integers. */
function signedValues({ decoded }: DrogulusVector): MsgPackValue[] {
  const { values } = decoded as { values: RecordedValue[] }
  return values.map((value, index) => {
    if (index === 1 || index === 2) {
      const text = value as string
      return text.includes('.') ? new MsgPackFloat(Number(text)) : Number(text)
    }
    const unicode = (value as RecordedFields | null)?.['unicode_utf8_hex']
    return unicode === undefined ? recordedMsgPack(value) : Uint8Array.fromHex(unicode as string)
  })
}

function itemOf(vector: DrogulusVector): SignedValue {
  const [value, timestamp, expires, name, meta, createdWith = null] = signedValues(vector)
  return {
    key: asId(new Uint8Array(64)),
    value: value!,
    timestamp: timestamp instanceof MsgPackFloat ? timestamp.value : NaN,
    expires: expires instanceof MsgPackFloat ? expires.value : NaN,
    createdWith: createdWith as Uint8Array | null,
    publicKey: utf8(pemOf((vector.decoded as { key: string }).key, 'public')),
    name: name as Uint8Array,
    meta: meta as MsgPackMap,
    signature: vector.hex,
    version: utf8('0.0.0.alpha.0'),
  }
}

/**
 * Given to the function as a list of pairs: no dict of Python 2 walks through a, b, c in that order (B3, and python 2.7.18
 * itself: a, c, b), so that no original would ever sign it, nor believe it.
 */
const NO_DICT = 'meta, 3 entries'

describe('A signature', () => {
  for (const commit of DROGULUS_COMMITS) {
    for (const vector of drogulusVectors({ name: 'signature', commit })) {
      const what = vector.note.split(':')[0]!
      const { packed_hex, field_sha512, hash_input_sha512, key } = vector.decoded as Record<
        string,
        string[]
      > & {
        readonly key: string
      }
      test(`is that of the original, with all that leads to it: ${commit}, ${what} (drogulus B3)`, () => {
        const values = signedValues(vector)
        const packed = values.map((value) => packMsgPack(value))
        assert.deepEqual(
          packed.map((bytes) => bytes.toHex()),
          packed_hex!.map((hex, index) => (hex.includes('...') ? packed[index]!.toHex() : hex)),
        )
        assert.deepEqual(packed.map(sha512), field_sha512)
        const digest = Uint8Array.fromHex(sha512(Uint8Array.fromHex(field_sha512!.join(''))))
        assert.equal(digest.toHex(), hash_input_sha512)
        assert.deepEqual(sign(digest, privateKeyOf(key)), vector.hex)
        if (what === NO_DICT) return assert.equal(verify(itemOf(vector), revisionOf(commit)), 'signature')
        assert.deepEqual(digestOfAll(values), digest)
        if (what.startsWith('integer times')) return
        assert.deepEqual(compoundDigest(itemOf(vector), revisionOf(commit)), digest)
        assert.equal(verify(itemOf(vector), revisionOf(commit)), null)
      })
    }
  }
})

describe('A signature that is none', () => {
  const vector = drogulusVectors({ name: 'signature', commit: 'e9b8c69' })[0]!
  const item = itemOf(vector)
  const check = (changes: Partial<SignedValue>): string | null => verify({ ...item, ...changes }, 'july-2013')
  const { signature } = item
  const digest = compoundDigest(item, 'july-2013')
  const prefix = Uint8Array.fromHex('3051300d060960864801650304020305000440')

  /** The bare operation with a private key over 256 bytes. */
  const raise = (block: Uint8Array): Uint8Array =>
    privateEncrypt({ key: privateKeyOf('rsa_a'), padding: constants.RSA_NO_PADDING }, block)

  /** 00 01 ‖ padding ‖ 00 ‖ content, of 256 bytes in all if the padding is none. */
  const block = (content: Uint8Array, padding?: Uint8Array): Uint8Array => {
    const filling = padding ?? new Uint8Array(253 - content.length).fill(0xff)
    const whole = Buffer.concat([Uint8Array.of(0, 1), filling, Uint8Array.of(0), content])
    assert.equal(whole.length, 256)
    return whole
  }

  const info = Buffer.concat([prefix, digest])

  test('is told from one that is put together by hand as it must be', () => {
    assert.deepEqual(raise(block(info)), Buffer.from(signature))
    assert.equal(check({}), null)
  })

  const blocks: [what: string, block: Uint8Array][] = [
    ['another digest', block(Buffer.concat([prefix, digest.with(63, digest[63]! ^ 1)]))],
    ['the digest hashed once more', block(Buffer.concat([prefix, Uint8Array.fromHex(sha512(digest))]))],
    ['the digest without DigestInfo', block(digest)],
    ['DigestInfo of SHA-256', block(Buffer.concat([prefix.with(14, 1), digest]))],
    [
      'DigestInfo without parameters',
      block(
        Buffer.concat([Uint8Array.fromHex('304f300b0609608648016503040203'), Uint8Array.of(4, 64), digest]),
      ),
    ],
    [
      'DigestInfo with a length in two bytes',
      block(Buffer.concat([Uint8Array.fromHex('308151300d060960864801650304020305000440'), digest])),
    ],
    [
      'short padding and more behind (Bleichenbacher)',
      block(Buffer.concat([info, new Uint8Array(161)]), new Uint8Array(9).fill(0xff)),
    ],
    ['padding with another byte', block(info, new Uint8Array(170).fill(0xff).with(100, 0xfe))],
    ['padding for encryption', block(info).with(1, 2)],
    ['a first byte that is not 0', block(info).with(0, 1)],
  ]
  for (const [what, wrong] of blocks) {
    test(`is refused: ${what}`, () => assert.equal(check({ signature: raise(wrong) }), 'signature'))
  }

  test('is refused: any bit of it is another', () => {
    for (let bit = 0; bit < 2_048; bit += 97) {
      const changed = signature.with(bit >> 3, signature[bit >> 3]! ^ (1 << (bit & 7)))
      assert.equal(check({ signature: changed }), 'signature')
    }
  })

  test('is refused: it is shorter, longer, empty, or not below the modulus', () => {
    const modulus = Buffer.from(privateKeyOf('rsa_a').export({ format: 'jwk' }).n as string, 'base64url')
    const sum = BigInt(`0x${signature.toHex()}`) + BigInt(`0x${modulus.toString('hex')}`)
    const wrong = [
      signature.subarray(1),
      signature.subarray(0, -1),
      Buffer.concat([Uint8Array.of(0), signature]),
      Buffer.concat([signature, Uint8Array.of(0)]),
      new Uint8Array(0),
      new Uint8Array(256),
      modulus,
      new Uint8Array(256).fill(0xff),
    ]
    for (const bytes of wrong) assert.equal(check({ signature: bytes }), 'signature')
    // The same number but for the modulus: another text of one signature.
    if (sum < 2n ** 2048n) {
      assert.equal(check({ signature: Uint8Array.fromHex(sum.toString(16).padStart(512, '0')) }), 'signature')
    }
  })

  test('is refused when any field that is signed is another', () => {
    const { value, timestamp, expires } = item
    for (const changes of [
      { value: [value] },
      { value: new MsgPackFloat(1) },
      { timestamp: timestamp + 1e-6 },
      { expires: expires + 1 },
      { name: utf8('hello ') },
      { meta: new MsgPackMap([[utf8('a'), utf8('b')]]) },
      { publicKey: utf8(pemOf('rsa_b', 'public')) },
    ]) {
      assert.equal(check(changes), 'signature', Object.keys(changes).join())
    }
  })

  test('says what is wrong when that is something else', () => {
    for (const publicKey of ['', 'xyz', pem('PUBLIC KEY', pkcs1(oddNumber(16_384)))]) {
      assert.equal(check({ publicKey: utf8(publicKey) }), 'public-key')
    }
    const twoKinds = new MsgPackMap([
      [1, 1],
      [null, 2],
    ])
    assert.equal(check({ value: [twoKinds] }), 'order')
    assert.equal(check({ value: undefined as unknown as MsgPackValue }), 'order')
    assert.equal(verify(item, 'october-2013'), 'created-with')
  })

  test('is that of the other revision (drogulus B3)', () => {
    const october = itemOf(drogulusVectors({ name: 'signature', commit: '804a320' })[0]!)
    assert.equal(verify(october, 'october-2013'), null)
    assert.equal(verify(october, 'july-2013'), 'signature')
    assert.equal(verify({ ...item, createdWith: october.createdWith }, 'october-2013'), 'signature')
    assert.equal(verify({ ...october, createdWith: utf8('0.0.0.alpha.1') }, 'october-2013'), 'signature')
  })

  test('costs no hash when it has not the length of the key', () => {
    // Packing it throws, if anybody comes so far.
    const entries = (): never => {
      throw new Error('looked at')
    }
    const value = Object.create(MsgPackMap.prototype, { entries: { get: entries } }) as MsgPackMap
    assert.equal(check({ value, signature: signature.subarray(1) }), 'signature')
    assert.throws(() => check({ value }), /looked at/)
  })
})
