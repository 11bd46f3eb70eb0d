// The items of BEP 44 in replies as they come in.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { BencodeInput } from '../../../../src/codecs/bencode.ts'
import type { MainlineReply } from '../../../../src/networks/mainline/messages.ts'
import { bytesOf, textOf } from '../../../codecs/bencode-samples.ts'
import { VECTOR, bep44, decodedReply, replyPacket } from '../packets.ts'

const TOKEN = 'aoeusnth'
const KEY = bytesOf(VECTOR.key)
const SIGNATURE = bytesOf(VECTOR.signature)
const MAX_SEQ = 2n ** 63n - 1n

describe('The item of a reply', () => {
  const item = { k: KEY, sig: SIGNATURE, seq: 1, v: 'x' }
  const beside = { token: TOKEN, nodes: new Uint8Array(26).fill(8) }
  const read = (results: Record<string, BencodeInput>): MainlineReply => {
    const reply = decodedReply(replyPacket({ ...beside, ...results }))
    assert.equal(textOf(reply.token!), TOKEN)
    assert.equal(reply.nodes?.length, 1)
    const { token: _, nodes: __, ...rest } = reply
    return rest
  }
  const isBad = (results: Record<string, BencodeInput>, what: string): void =>
    assert.deepEqual(read(results), { badItem: 'item-malformed' }, what)

  test('is that of BEP 44 (B44-16, B44-17)', () => {
    const common = { nodes: [], token: bytesOf(TOKEN) }
    const value = bytesOf(VECTOR.value)
    assert.deepEqual(decodedReply(bep44.gotImmutable), { ...common, value })
    const mutable = { ...common, value, publicKey: KEY, signature: SIGNATURE, seq: 1n }
    assert.deepEqual(decodedReply(bep44.gotMutable), mutable)
    assert.deepEqual(decodedReply(bep44.gotNothingNewer), { ...common, seq: 1n })
  })

  test('is left out when its value is too long or not canonical; contacts and token stay (B44-18, T19)', () => {
    assert.equal(read({ v: 'x'.repeat(996) }).value?.length, 1000)
    isBad({ v: 'x'.repeat(997) }, 'of 1001 bytes')
    isBad({ ...item, v: 'x'.repeat(997) }, 'of 1001 bytes')
    const packet = textOf(replyPacket({ ...beside, ...item }))
    for (const value of ['i03e', 'd1:bi1e1:ai1ee', 'd1:ai1e1:ai1ee', 'di1e0:e', 'ie', '01:x']) {
      const { badItem, ...rest } = decodedReply(packet.replace('1:v1:x', `1:v${value}`))
      assert.equal(badItem, 'item-malformed', value)
      assert.deepEqual(Object.keys(rest), ['nodes', 'token'], value)
    }
  })

  test('is left out when key, signature or seq are not all there, or not what they should be (B44-18)', () => {
    for (const missing of ['k', 'sig', 'seq']) {
      const rest = Object.entries(item).filter(([name]) => name !== missing)
      isBad(Object.fromEntries(rest), `without ${missing}`)
    }
    const wrong: Record<string, readonly BencodeInput[]> = {
      k: ['x'.repeat(31), 'x'.repeat(33), '', 1, [KEY]],
      sig: ['x'.repeat(63), 'x'.repeat(65), '', 1, {}],
      seq: [-1, 2n ** 63n, '1', [1], {}],
    }
    for (const [name, values] of Object.entries(wrong)) {
      for (const [index, value] of values.entries())
        isBad({ ...item, [name]: value }, `${name} number ${index}`)
    }
  })

  test('is immutable when it has neither key nor signature, also beside a seq (B44-15)', () => {
    assert.deepEqual(read({ v: 'x' }), { value: bytesOf('1:x') })
    assert.deepEqual(read({ v: 'x', seq: 0 }), { value: bytesOf('1:x') })
  })

  test('is none where there is only a seq: the node has nothing newer (B44-17)', () => {
    for (const seq of [0n, 2n ** 53n + 1n, MAX_SEQ]) assert.deepEqual(read({ seq }), { seq })
    assert.deepEqual(read({ seq: 3, k: KEY, sig: SIGNATURE }), { seq: 3n })
    assert.deepEqual(read({ k: KEY, sig: SIGNATURE }), {})
    isBad({ seq: -1 }, 'a negative seq')
    isBad({ seq: 2n ** 63n }, 'a seq out of range')
  })

  test('has no salt, whatever is said (B44-16)', () => {
    assert.deepEqual(Object.keys(read({ ...item, salt: 'salt' })), ['value', 'publicKey', 'signature', 'seq'])
  })

  test('is a view of the datagram', () => {
    const buffer = Buffer.from(replyPacket(item))
    const { value, publicKey, signature } = decodedReply(buffer)
    for (const bytes of [value, publicKey, signature]) {
      assert.equal(bytes!.buffer, buffer.buffer)
      assert.equal(Object.getPrototypeOf(bytes), Uint8Array.prototype)
    }
  })
})
