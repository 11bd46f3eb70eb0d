// K-15, B33-11, B51-03: how large what we send becomes when it carries items, filters or samples, and what gives way.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { decodeBencode, encodeBencode } from '../../../../src/codecs/bencode.ts'
import { asId } from '../../../../src/kademlia/id.ts'
import type { MainlineReply } from '../../../../src/networks/mainline/messages.ts'
import { createWire } from '../../../../src/networks/mainline/wire.ts'
import { MAX_TRANSACTION_BYTES } from '../../../../src/networks/mainline/wire/bounds.ts'
import { bytesOf, textOf } from '../../../codecs/bencode-samples.ts'
import { runs } from '../../../property-runs.ts'
import { FROM, FROM6, decode, decodedReply, settings, wire, wire6 } from '../packets.ts'

const idAt = (index: number) => asId(new Uint8Array(20).fill(index + 1))
const ids = (count: number) => Array.from({ length: count }, (_, i) => idAt(i))
const nodes = ids(8).map((id, i) => ({ id, address: { host: `8.8.8.${i}`, port: i + 1 } }))
const nodes6 = ids(8).map((id, i) => ({ id, address: { host: `2a00::${i + 1}`, port: i + 1 } }))
const peersOf = (size: number) => Array.from({ length: 100 }, (_, i) => new Uint8Array(size).fill(i + 1))
const filters = { seeds: new Uint8Array(256).fill(1), peers: new Uint8Array(256).fill(2) }

/** A string that takes so many bytes encoded. */
const valueOf = (size: number): Uint8Array => bytesOf(`${size - 4}:${'x'.repeat(size - 4)}`)
const item = {
  value: valueOf(1000),
  publicKey: new Uint8Array(32).fill(3),
  signature: new Uint8Array(64).fill(4),
  seq: 2n ** 63n - 1n,
}
const TOKEN = new Uint8Array(8).fill(5)
const LONGEST_TOKEN = new Uint8Array(64).fill(5)
const T = new Uint8Array(4)

const encode = (reply: MainlineReply, family: 4 | 6, transaction: Uint8Array = T): Uint8Array =>
  family === 4 ? wire.encodeReply(reply, transaction, FROM) : wire6.encodeReply(reply, transaction, FROM6)

/** How many contacts and peers came through. */
function counts(packet: Uint8Array): string {
  const reply = decodedReply(packet)
  return `${reply.nodes?.length} nodes, ${reply.nodes6?.length} nodes6, ${reply.values?.length ?? 0} values`
}

describe('A put', () => {
  test('has at most 1385 bytes, whatever it carries, which both families bear (K-15)', () => {
    const signed = { ...item, salt: new Uint8Array(64) }
    const query = { method: 'put', token: LONGEST_TOKEN, value: item.value, signed, cas: item.seq } as const
    for (const each of [wire, wire6]) assert.equal(each.encodeQuery(query, T, FROM).length, 1378)
    const readOnly = createWire({ ...settings, family: 6, readOnly: () => true })
    assert.equal(readOnly.encodeQuery(query, T, FROM6).length, 1385)
  })
})

describe('A reply with an item', () => {
  test('has the sizes that were reckoned for it when there is no bound in sight (K-15)', () => {
    const plain = { value: item.value, publicKey: item.publicKey, signature: item.signature, seq: 1n }
    assert.ok(encode({ ...plain, token: TOKEN }, 4).length <= 1224)
    assert.ok(encode({ ...plain, token: TOKEN, nodes }, 4).length <= 1443)
  })

  test('over IPv4 has at most 1472 bytes: nodes6 give way, nodes as far as they must, the item never (K-15)', () => {
    const reply = { ...item, token: LONGEST_TOKEN, nodes, nodes6 }
    const packet = encode(reply, 4)
    assert.ok(packet.length <= 1472 && packet.length > 1472 - 26, `${packet.length} bytes`)
    const { nodes: left = [], nodes6: left6, ...rest } = decodedReply(packet)
    assert.deepEqual(rest, { ...item, token: LONGEST_TOKEN })
    assert.equal(left6?.length, 0)
    assert.deepEqual(left, nodes.slice(0, left.length))
    assert.equal(counts(encode({ ...reply, token: TOKEN }, 4)), '8 nodes, 0 nodes6, 0 values')
  })

  test('over IPv6 has contacts only up to 1232 bytes, nodes6 first, and may itself reach beyond (K-15)', () => {
    const large = encode({ ...item, token: LONGEST_TOKEN, nodes, nodes6 }, 6)
    assert.ok(large.length > 1232 && large.length <= 1452, `${large.length} bytes`)
    assert.equal(counts(large), '0 nodes, 0 nodes6, 0 values')
    for (let size = 0; size <= 1000; size += 10) {
      const reply = { ...item, value: valueOf(Math.max(4, size)), token: TOKEN, nodes, nodes6 }
      const packet = encode(reply, 6)
      const read = decodedReply(packet)
      assert.deepEqual(read.value, reply.value)
      const hasContacts = read.nodes!.length + read.nodes6!.length > 0
      assert.ok(packet.length <= 1232 || !hasContacts, `${packet.length} bytes`)
      assert.ok(read.nodes6!.length === 8 || read.nodes!.length === 0, counts(packet))
    }
  })

  test('carries it whole to any transaction that fits beside it; to a longer one the answer is 203 (K-15, K-02)', () => {
    const reply = { ...item, token: LONGEST_TOKEN, nodes, nodes6 }
    for (const family of [4, 6] as const) {
      const bound = { 4: 1472, 6: 1452 }[family]
      const lengths = { reply: -1, error: -1 }
      for (let length = 0; length <= MAX_TRANSACTION_BYTES; length++) {
        const transaction = new Uint8Array(length).fill(7)
        const packet = encode(reply, family, transaction)
        const message = decode(packet)
        assert.deepEqual(message.transaction, transaction)
        if (message.kind === 'reply') {
          assert.deepEqual(message.reply.value, item.value)
          assert.ok(packet.length <= bound)
          lengths.reply = length
        } else {
          assert.equal(message.kind === 'error' && message.code, 203)
          assert.ok(packet.length <= 1024)
          if (lengths.error < 0) lengths.error = length
        }
      }
      assert.equal(lengths.error, lengths.reply + 1)
      assert.ok(lengths.reply >= 130, `an item is carried to transactions of ${lengths.reply} bytes`)
    }
  })

  test('without a value is an ordinary one of at most 1024 bytes (K-15, B44-17)', () => {
    const reply = { seq: item.seq, token: LONGEST_TOKEN, nodes, nodes6 }
    for (const family of [4, 6] as const) {
      assert.equal(counts(encode(reply, family)), '8 nodes, 8 nodes6, 0 values')
      const packet = encode(reply, family, new Uint8Array(MAX_TRANSACTION_BYTES))
      assert.ok(packet.length <= 1024)
      assert.equal(decodedReply(packet).seq, item.seq)
    }
  })
})

describe('A reply to a scrape', () => {
  test('has at most 1024 bytes: it keeps both filters and the contacts of its family, and sheds the rest (B33-11, K-15)', () => {
    for (const [family, kept, size] of [
      [4, /^8 nodes, [2-4] nodes6, /, 6],
      [6, /^[0-2] nodes, 8 nodes6, /, 18],
    ] as const) {
      const packet = encode({ filters, token: TOKEN, nodes, nodes6, values: peersOf(size) }, family)
      assert.ok(packet.length <= 1024, `${packet.length} bytes`)
      assert.deepEqual(decodedReply(packet).filters, filters)
      assert.match(counts(packet), kept)
      const longest = encode({ filters, token: LONGEST_TOKEN, nodes, nodes6, values: peersOf(size) }, family)
      assert.ok(longest.length <= 1024, `${longest.length} bytes`)
      assert.match(counts(longest), kept)
    }
  })

  test('has values where only the mandatory contacts were asked for (B33-11)', () => {
    const [, values] = /(\d+) values/.exec(
      counts(encode({ filters, token: TOKEN, nodes, values: peersOf(6) }, 4)),
    )!
    assert.ok(Number(values) >= 15, `${values} values`)
  })
})

describe('A reply with samples', () => {
  const sampled = { interval: 21_600, num: Number.MAX_SAFE_INTEGER, samples: ids(200) }

  test('has at most 1024 bytes: samples give way, contacts do not (B51-03, K-15)', () => {
    for (const family of [4, 6] as const) {
      const packet = encode({ ...sampled, nodes, nodes6 }, family)
      assert.ok(packet.length <= 1024 && packet.length > 1024 - 20, `${packet.length} bytes`)
      assert.equal(counts(packet), '8 nodes, 8 nodes6, 0 values')
      const { samples = [], interval, num } = decodedReply(packet)
      assert.ok(samples.length >= 15, `${samples.length} samples`)
      assert.deepEqual(samples, sampled.samples.slice(0, samples.length))
      assert.deepEqual([interval, num], [sampled.interval, sampled.num])
    }
  })

  test('says that there are some even if none fit, and if there are none (B51-02)', () => {
    const shed = encode({ ...sampled, nodes, nodes6 }, 4, new Uint8Array(400))
    assert.deepEqual(decodedReply(shed).samples, [])
    assert.deepEqual(decodedReply(encode({ samples: [], interval: 0, num: 0 }, 4)), {
      samples: [],
      interval: 0,
      num: 0,
    })
  })
})

describe('The size of a reply with everything', () => {
  test('is bounded whatever is in it, and what is in it stays whole and in order (K-15, B33-11, B51-03)', () => {
    const optional = { nil: undefined }
    const contents = fc.record({
      nodes: fc.option(
        fc.nat({ max: 8 }).map((count) => nodes.slice(0, count)),
        optional,
      ),
      nodes6: fc.option(
        fc.nat({ max: 8 }).map((count) => nodes6.slice(0, count)),
        optional,
      ),
      token: fc.option(fc.constantFrom(TOKEN, LONGEST_TOKEN), optional),
      values: fc.option(fc.nat({ max: 100 }), optional),
      value: fc.option(fc.integer({ min: 4, max: 1000 }).map(valueOf), optional),
      signed: fc.boolean(),
      filters: fc.option(fc.constant(filters), optional),
      samples: fc.option(fc.nat({ max: 60 }).map(ids), optional),
    })
    fc.assert(
      fc.property(
        contents,
        fc.nat({ max: MAX_TRANSACTION_BYTES }),
        fc.boolean(),
        (content, length, isIpv6) => {
          const { signed, values, ...rest } = content
          const given = Object.fromEntries(
            Object.entries({
              ...rest,
              ...(signed && { publicKey: item.publicKey, signature: item.signature, seq: item.seq }),
              values: values && peersOf(isIpv6 ? 18 : 6).slice(0, values),
            }).filter(([, each]) => each !== undefined),
          ) as MainlineReply
          const packet = encode(given, isIpv6 ? 6 : 4, new Uint8Array(length))
          const bound = given.value === undefined ? 1024 : isIpv6 ? 1452 : 1472
          assert.ok(packet.length <= bound, `${packet.length} bytes`)
          const strict = { maxDepth: 10, maxTokens: 2000, maxDigits: 20, canonicalNumbers: true }
          const canonical = { ...strict, ascendingKeys: true, trailingBytes: false, looseForms: false }
          assert.equal(textOf(encodeBencode(decodeBencode(packet, canonical))), textOf(packet))
          const message = decode(packet)
          if (message.kind === 'error') {
            assert.equal(message.code, 203)
            return
          }
          assert.ok(message.kind === 'reply')
          const { reply } = message
          for (const key of ['token', 'value', 'filters'] as const)
            assert.deepEqual(reply[key], given[key], key)
          for (const key of ['nodes', 'nodes6', 'samples'] as const) {
            assert.deepEqual(reply[key], given[key]?.slice(0, reply[key]!.length), key)
          }
        },
      ),
      runs(2000),
    )
  })
})
