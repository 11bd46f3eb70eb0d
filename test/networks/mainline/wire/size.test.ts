// K-15, B32-08: what we send has at most 1024 bytes, whatever is asked and found.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { decodeBencode, encodeBencode } from '../../../../src/codecs/bencode.ts'
import type { Contact } from '../../../../src/kademlia/contact.ts'
import { asId } from '../../../../src/kademlia/id.ts'
import { ProtocolError } from '../../../../src/kademlia/ports.ts'
import type { MainlineReply } from '../../../../src/networks/mainline/messages.ts'
import {
  MAX_DATAGRAM_BYTES,
  MAX_TOKEN_BYTES,
  MAX_TRANSACTION_BYTES,
} from '../../../../src/networks/mainline/wire/bounds.ts'
import { textOf } from '../../../codecs/bencode-samples.ts'
import { runs } from '../../../property-runs.ts'
import { FROM, FROM6, decodedReply, wire, wire6 } from '../packets.ts'

const idAt = (index: number) => asId(new Uint8Array(20).fill(index + 1))
const contacts4 = (count: number): Contact[] =>
  Array.from({ length: count }, (_, i) => ({ id: idAt(i), address: { host: `8.8.8.${i}`, port: i + 1 } }))
const contacts6 = (count: number): Contact[] =>
  Array.from({ length: count }, (_, i) => ({ id: idAt(i), address: { host: `2a00::${i + 1}`, port: i + 1 } }))
const peers = (count: number, size: number): Uint8Array[] =>
  Array.from({ length: count }, (_, i) => new Uint8Array(size).fill((i % 255) + 1))

/** How many of everything came through. */
function counts(packet: Uint8Array): [nodes: number, nodes6: number, values: number] {
  const { nodes = [], nodes6 = [], values = [] } = decodedReply(packet)
  return [nodes.length, nodes6.length, values.length]
}

describe('The size of a reply', () => {
  test('K-15 is bounded whatever is in it, and what is in it stays in order', () => {
    const contents = fc.record({
      nodes: fc.option(fc.nat({ max: 40 }).map(contacts4), { nil: undefined }),
      nodes6: fc.option(fc.nat({ max: 30 }).map(contacts6), { nil: undefined }),
      token: fc.option(fc.uint8Array({ maxLength: MAX_TOKEN_BYTES }), { nil: undefined }),
      values: fc.option(fc.nat({ max: 300 }), { nil: undefined }),
    })
    const transactions = fc.uint8Array({ maxLength: MAX_TRANSACTION_BYTES, size: 'max' })
    fc.assert(
      fc.property(contents, transactions, fc.boolean(), (content, transaction, isIpv6) => {
        const values = content.values === undefined ? undefined : peers(content.values, isIpv6 ? 18 : 6)
        const given = Object.fromEntries(
          Object.entries({ ...content, values }).filter(([, value]) => value !== undefined),
        ) as MainlineReply
        const packet = isIpv6
          ? wire6.encodeReply(given, transaction, FROM6)
          : wire.encodeReply(given, transaction, FROM)
        assert.ok(packet.length <= MAX_DATAGRAM_BYTES, `${packet.length} bytes`)
        const envelope = { maxDepth: 10, maxTokens: 2000, maxDigits: 5, canonicalNumbers: true }
        const strict = { ...envelope, ascendingKeys: true, trailingBytes: false, looseForms: false }
        assert.equal(textOf(encodeBencode(decodeBencode(packet, strict))), textOf(packet))
        const read = decodedReply(packet)
        assert.deepEqual(read.token, given.token)
        assert.deepEqual(read.nodes, given.nodes?.slice(0, Math.min(read.nodes!.length, 16)))
        assert.deepEqual(read.nodes6, given.nodes6?.slice(0, read.nodes6!.length))
        assert.deepEqual(read.values ?? [], (given.values ?? []).slice(0, read.values?.length ?? 0))
      }),
      runs(1000),
    )
  })

  test('B32-08 has room for 8 nodes, 8 nodes6, a token and values', () => {
    const token = new Uint8Array(8)
    const reply = { nodes: contacts4(8), nodes6: contacts6(8), token, values: peers(100, 6) }
    const packet = wire.encodeReply(reply, new Uint8Array(4), FROM)
    const [nodes, nodes6, values] = counts(packet)
    assert.ok(packet.length <= 1_024)
    assert.deepEqual([nodes, nodes6], [8, 8])
    assert.ok(values >= 40, `${values} values`)
    const reply6 = { ...reply, values: peers(100, 18) }
    const packet6 = wire6.encodeReply(reply6, new Uint8Array(4), FROM6)
    const ofSix = counts(packet6)
    assert.ok(packet6.length <= 1_024)
    assert.deepEqual(ofSix.slice(0, 2), [8, 8])
    assert.ok(ofSix[2] >= 15, `${ofSix[2]} values`)
  })

  test('K-15 is full to the last value that fits', () => {
    const packet = wire.encodeReply({ values: peers(300, 6) }, new Uint8Array(4), FROM)
    assert.ok(packet.length > MAX_DATAGRAM_BYTES - 8)
  })

  test('K-15 is kept by shedding values first, then nodes6, then nodes', () => {
    const reply = {
      nodes: contacts4(8),
      nodes6: contacts6(8),
      token: new Uint8Array(8),
      values: peers(50, 6),
    }
    let before: readonly [number, number] = [8, 8]
    for (let length = 0; length <= MAX_TRANSACTION_BYTES; length++) {
      const [nodes, nodes6, values] = counts(wire.encodeReply(reply, new Uint8Array(length), FROM))
      assert.ok(nodes <= before[0] && nodes6 <= before[1], `${nodes}, ${nodes6} after ${before.join()}`)
      // Into what is left by a contact that does not fit goes less than that contact.
      assert.ok(nodes6 === 8 || 8 * values < 38, `${values} values beside ${nodes6} nodes6`)
      assert.ok(nodes === 8 || nodes6 === 0, `${nodes6} nodes6 beside ${nodes} nodes`)
      before = [nodes, nodes6]
    }
    assert.ok(before[0] >= 1 && before[0] < 8, 'the longest transaction leaves some nodes')
  })

  test('K-15 is kept over IPv6 by shedding nodes before nodes6, which are the mandatory ones (BEP 32)', () => {
    const reply = {
      nodes: contacts4(8),
      nodes6: contacts6(8),
      token: new Uint8Array(8),
      values: peers(50, 18),
    }
    for (let length = 0; length <= MAX_TRANSACTION_BYTES; length += 5) {
      const [nodes, nodes6, values] = counts(wire6.encodeReply(reply, new Uint8Array(length), FROM6))
      assert.ok(nodes6 === 8 || nodes === 0, `${nodes} nodes beside ${nodes6} nodes6`)
      assert.ok(nodes === 8 || values <= 2, `${values} values beside ${nodes} nodes`)
    }
  })
})

describe('A transaction that leaves no room', () => {
  const reply = { token: new Uint8Array(64) }
  const outcome = (length: number): string => {
    try {
      const packet = wire.encodeReply(reply, new Uint8Array(length), FROM)
      assert.ok(packet.length <= MAX_DATAGRAM_BYTES)
      return wire.decode(packet, FROM).kind
    } catch (error) {
      assert.ok(error instanceof ProtocolError)
      return error.message
    }
  }

  test('K-15 is answered with an error where that fits, else not at all; our decoder lets neither come about', () => {
    const kinds = Array.from({ length: MAX_DATAGRAM_BYTES }, (_, length) => outcome(length))
    assert.deepEqual([...new Set(kinds)], ['reply', 'error', 'reply does not fit'])
    assert.ok(kinds.indexOf('error') > MAX_TRANSACTION_BYTES)
  })

  test('K-15 leaves room for any text in an error, if our decoder lets it pass', () => {
    const refusal = { code: 203, message: 'ß'.repeat(1000) }
    const packet = wire6.encodeError(refusal, new Uint8Array(MAX_TRANSACTION_BYTES), FROM6)
    assert.ok(packet.length <= MAX_DATAGRAM_BYTES)
  })
})
