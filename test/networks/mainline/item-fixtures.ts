// Items for tests: the test vectors of BEP 44, and publishers whose keys are made of a name. Signed by Node directly,
// so that what verifies them is not what made them.
import { createPrivateKey, createPublicKey, hash, sign, type KeyObject } from 'node:crypto'
import type { RawItem } from '../../../src/networks/mainline/items/item.ts'
import { bytesOf } from '../../codecs/bencode-samples.ts'

/** A private key in the form that Node reads: this, and 32 bytes of seed. RFC 8410. */
const PKCS8_OF_ED25519 = '302e020100300506032b657004220420'

export type MutableItem = RawItem & { readonly signed: NonNullable<RawItem['signed']> }

/** Text of less than 1000 bytes as a bencoded string. */
export function bencoded(text: string): Uint8Array {
  return bytesOf(`${text.length}:${text}`)
}

export function immutable(text: string): RawItem {
  return { value: bencoded(text), signed: null }
}

export class TestPublisher {
  readonly publicKey: Uint8Array
  readonly #key: KeyObject

  /** The same name has the same key. */
  constructor(name: string) {
    const seed = hash('sha256', name, 'hex')
    const key = Buffer.from(PKCS8_OF_ED25519 + seed, 'hex')
    this.#key = createPrivateKey({ key, format: 'der', type: 'pkcs8' })
    const spki = createPublicKey(this.#key).export({ format: 'der', type: 'spki' })
    this.publicKey = new Uint8Array(spki.subarray(-32))
  }

  /** Signs this value (encoded already, or a text), as BEP 44 writes it in its section "Signature Verification". */
  item(value: Uint8Array | string, seq: bigint, salt = ''): MutableItem {
    const bytes = typeof value === 'string' ? bencoded(value) : value
    const saltPart = salt === '' ? '' : `4:salt${salt.length}:${salt}`
    const message = Buffer.concat([bytesOf(`${saltPart}3:seqi${seq}e1:v`), bytes])
    const signature = new Uint8Array(sign(null, message, this.#key))
    const signed = { publicKey: this.publicKey, salt: bytesOf(salt), seq, signature }
    return { value: bytes, signed }
  }
}

const VECTOR_KEY = '77ff84905a91936367c01360803104f92432fcd904a43511876df5cdf3e7e548'

/** BEP 44, "Test Vectors". */
export const vectors: readonly { readonly name: string; readonly target: string; readonly item: RawItem }[] =
  [
    {
      name: 'test 1 (mutable)',
      target: '4a533d47ec9c7d95b1ad75f576cffc641853b750',
      item: {
        value: bytesOf('12:Hello World!'),
        signed: {
          publicKey: fromHex(VECTOR_KEY),
          salt: new Uint8Array(0),
          seq: 1n,
          signature: fromHex(
            '305ac8aeb6c9c151fa120f120ea2cfb923564e11552d06a5d856091e5e853cff' +
              '1260d3f39e4999684aa92eb73ffd136e6f4f3ecbfda0ce53a1608ecd7ae21f01',
          ),
        },
      },
    },
    {
      name: 'test 2 (mutable with salt)',
      target: '411eba73b6f087ca51a3795d9c8c938d365e32c1',
      item: {
        value: bytesOf('12:Hello World!'),
        signed: {
          publicKey: fromHex(VECTOR_KEY),
          salt: bytesOf('foobar'),
          seq: 1n,
          signature: fromHex(
            '6834284b6b24c3204eb2fea824d82f88883a3d95e8b4a21b8c0ded553d17d17d' +
              'df9a8a7104b1258f30bed3787e6cb896fca78c58f8e03b5f18f14951a87d9a08',
          ),
        },
      },
    },
    {
      name: 'test 3 (immutable)',
      target: 'e5f96f6f38320f0f33959cb4d3d656452117aadb',
      item: { value: bytesOf('12:Hello World!'), signed: null },
    },
  ]

export function fromHex(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, 'hex'))
}
