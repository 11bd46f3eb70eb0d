// What BEP 33 and 51 add to replies, as it comes in.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { BencodeInput } from '../../../../src/codecs/bencode.ts'
import { HASH, ID, decodedReply, replyPacket } from '../packets.ts'

const wrongTypes: readonly BencodeInput[] = [-1, 0, 2n ** 63n, '', [], {}]

describe('The filters of a reply', () => {
  const seeds = new Uint8Array(256).fill(1)
  const peers = new Uint8Array(256).fill(2)

  test('are two of 256 bytes (B33-06)', () => {
    assert.deepEqual(decodedReply(replyPacket({ BFsd: seeds, BFpe: peers })), { filters: { seeds, peers } })
  })

  test('are none where one of them is missing, or has another length or type (B33-06)', () => {
    for (const wrong of [new Uint8Array(255), new Uint8Array(257), ...wrongTypes]) {
      assert.deepEqual(decodedReply(replyPacket({ BFsd: wrong, BFpe: peers })), {})
      assert.deepEqual(decodedReply(replyPacket({ BFsd: seeds, BFpe: wrong })), {})
    }
    assert.deepEqual(decodedReply(replyPacket({ BFsd: seeds })), {})
    assert.deepEqual(decodedReply(replyPacket({ BFpe: peers })), {})
  })
})

describe('The samples of a reply', () => {
  const read = (results: Record<string, BencodeInput>): unknown =>
    decodedReply(replyPacket({ samples: '', interval: 60, num: 7, ...results }))

  test('have 20 bytes each, and come with how many there are and when others do (B51-01)', () => {
    const samples = Buffer.concat([HASH, ID])
    assert.deepEqual(read({ samples }), { samples: [HASH, ID], interval: 60, num: 7 })
  })

  test('are there, but none, in an empty string: the node does sample (B51-02)', () => {
    assert.deepEqual(read({}), { samples: [], interval: 60, num: 7 })
    assert.deepEqual(decodedReply(replyPacket({ samples: '' })), { samples: [] })
  })

  test('of any other length or type are refused, with the numbers about them (B51-07)', () => {
    for (const samples of ['x', 'x'.repeat(19), 'x'.repeat(21), 'x'.repeat(39), 1, [HASH], {}]) {
      assert.deepEqual(read({ samples }), {})
    }
    assert.deepEqual(decodedReply(replyPacket({ interval: 60, num: 7 })), {})
  })

  test('leave the contacts of use when they are refused (B51-07)', () => {
    const reply = decodedReply(replyPacket({ samples: 'x', nodes: new Uint8Array(26).fill(8) }))
    assert.equal(reply.nodes?.length, 1)
  })

  test('are at most 100 (T26)', () => {
    const { samples } = decodedReply(replyPacket({ samples: new Uint8Array(20 * 500).fill(1) }))
    assert.equal(samples?.length, 100)
  })

  test('have an interval from 0 to 21600 s, into which any other number is put (B51-06)', () => {
    for (const [interval, expected] of [
      [0, 0],
      [21_600, 21_600],
      [-1, 0],
      [21_601, 21_600],
      [2n ** 63n, 21_600],
      [-(2n ** 63n), 0],
    ] as const) {
      assert.deepEqual(read({ interval }), { samples: [], interval: expected, num: 7 })
    }
    for (const interval of ['60', [60], {}]) assert.deepEqual(read({ interval }), { samples: [], num: 7 })
  })

  test('have a number that is none when it is negative, no integer or not exact (B51-01)', () => {
    assert.deepEqual(read({ num: 0 }), { samples: [], interval: 60, num: 0 })
    const largest = Number.MAX_SAFE_INTEGER
    assert.deepEqual(read({ num: largest }), { samples: [], interval: 60, num: largest })
    for (const num of [-1, 2n ** 63n, '7', [7], {}]) {
      assert.deepEqual(read({ num }), { samples: [], interval: 60 })
    }
  })
})
