// The filter of BEP 33: its test vectors to the byte, and its edges.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { toHex } from '../../../src/kademlia/id.ts'
import { BloomFilter, SATURATED_ESTIMATE } from '../../../src/networks/mainline/bloom-filter.ts'
import { runs } from '../../property-runs.ts'

/** BEP 33, "Test Vectors". */
const BOTH_FAMILIES =
  'f6c3f5eaa07ffd91bde89f777f26fb2bff37bdb8fb2bbaa2fd3ddde7bacfff75ee7ccbaefe5eedb1fbfaff67f6abff5e' +
  '43ddbca3fd9b9ffdf4ffd3e9dff12d1bdf59db53dbe9fa5b7ff3b8fdfcde1afb8bedd7be2f3ee71ebbbfe93bcdeefe14' +
  '8246c2bc5dbff7e7efdcf24fd8dc7adffd8fffdfddfff7a4bbeedf5cb95ce81fc7fcff1ff4ffffdfe5f7fdcbb7fd79b3' +
  'fa1fc77bfe07fff905b7b7ffc7fefeffe0b8370bb0cd3f5b7f2bd93feb4386cfdd6f7fd5bfaf2e9ebffffeecd67adbf7' +
  'c67f17efd5d75eba6ffeba7fff47a91eb1bfbb53e8abfb5762abe8ff237279bfefbfeef5ffc5febfdfe5adffadfee1fb' +
  '737ffffbfd9f6aeffeee76b6fd8f72ef'

/** The IPv4 half of it, as libtorrent tests it. */
const IPV4_HALF =
  '24c0004020043000102012743e00480037110820422110008000c0e302854835a05401a4045021302a306c0600018810' +
  '02d8a0a3a8001901b40a800900310008d2108110c2496a0028700010d804188b01415200082004088026411104a80404' +
  '8002002000080680828c400080cc40020c042c0494447280928041402104080d4240040414a41f0205654800b0811830' +
  'd2020042b002c5800004a71d0204804a0028120a004c10017801490b834004044106005421000c86900a002050020351' +
  '0060144e900100924a1018141a028012913f0041802250042280481200002004430804210101c08111c1080100108000' +
  '2038008211004266848606b035001048'

/** 192.0.2.0 … 192.0.2.255. */
const documentation4 = Array.from({ length: 256 }, (_, last) => Uint8Array.of(192, 0, 2, last))

/** 2001:db8:: … 2001:db8::3e7. */
const documentation6 = Array.from({ length: 0x3e8 }, (_, last) => {
  const ip = new Uint8Array(16)
  ip.set([0x20, 0x01, 0x0d, 0xb8])
  ip.set([last >> 8, last & 0xff], 14)
  return ip
})

function filterOf(ips: readonly Uint8Array[]): BloomFilter {
  const filter = new BloomFilter()
  for (const ip of ips) filter.add(ip)
  return filter
}

function assertClose(got: number, expected: number, within: number): void {
  assert.ok(Math.abs(got - expected) <= within, `${got}, expected ${expected}`)
}

const addresses = fc.array(
  fc.oneof(fc.uint8Array({ minLength: 4, maxLength: 4 }), fc.uint8Array({ minLength: 16, maxLength: 16 })),
  { maxLength: 300 },
)

describe('A Bloom filter of addresses', () => {
  test('sets two bits, the low bytes of the hash of the raw address first (B33-01)', () => {
    // SHA-1 of c0 a8 01 01 (192.168.1.1, the example of BEP 33) begins with af 46 27 87: 0x46af and 0x8727, mod 2048.
    const filter = filterOf([Uint8Array.of(192, 168, 1, 1)])
    const bits = [...filter.bytes].flatMap((byte, at) =>
      Array.from({ length: 8 }, (_, bit) => ((byte >> bit) & 1 ? 8 * at + bit : -1)).filter(
        (each) => each >= 0,
      ),
    )
    assert.deepEqual(bits, [0x6af, 0x727])
  })

  test('has the very bytes and the estimate of the test vector of BEP 33 (B33-01, B33-02, B33-03)', () => {
    const filter = filterOf([...documentation4, ...documentation6])
    assert.equal(toHex(filter.bytes), BOTH_FAMILIES)
    assertClose(filter.estimate, 1_224.930_889_9, 1e-6)
  })

  test('has the bytes that libtorrent has for the IPv4 half of that vector (B33-04)', () => {
    const filter = filterOf(documentation4)
    assert.equal(toHex(filter.bytes), IPV4_HALF)
    assertClose(filter.estimate, 257.854, 1e-3)
  })

  test('united with another is that of all addresses of both, and so is its estimate (B33-05)', () => {
    const filter = filterOf(documentation4)
    filter.unite(filterOf(documentation6))
    assert.equal(toHex(filter.bytes), BOTH_FAMILIES)
    assertClose(filter.estimate, 1_224.930_889_9, 1e-6)
    fc.assert(
      fc.property(addresses, addresses, (some, others) => {
        const united = filterOf(some)
        united.unite(filterOf(others))
        assert.deepEqual(united.bytes, filterOf([...others, ...some]).bytes)
      }),
      runs(100),
    )
  })

  test('knows every address that was added, and of others only few (B33-14)', () => {
    const filter = filterOf(documentation4)
    for (const ip of documentation4) assert.ok(filter.has(ip))
    const others = documentation6.filter((ip) => filter.has(ip)).length
    // 22 % of the bits are set: 5 % of strangers find both of theirs.
    assert.ok(others > 0 && others < 100, `${others} of 1000`)
  })

  test('is estimated as 0 when empty, and never as less with more in it (B33-02)', () => {
    assert.equal(new BloomFilter().estimate, 0)
    const filter = new BloomFilter()
    let before = 0
    for (let n = 0; n < 20_000; n++) {
      filter.add(Uint8Array.of(10, n >> 16, n >> 8, n))
      const { estimate } = filter
      assert.ok(Number.isFinite(estimate) && estimate >= before)
      before = estimate
    }
  })

  test('is estimated within a few percent of what was added, up to some thousand (B33-02)', () => {
    for (const count of [1, 10, 100, 1_000, 3_000]) {
      const ips = Array.from({ length: count }, (_, n) => Uint8Array.of(20, n >> 16, n >> 8, n))
      const { estimate } = filterOf(ips)
      assertClose(estimate, count, Math.max(1, 0.08 * count))
    }
  })

  test('is saturated when every bit is set: more than any other, finite, and full (B33-02, B33-14)', () => {
    const all = new BloomFilter(new Uint8Array(256).fill(0xff))
    const allButOne = new BloomFilter(all.bytes)
    allButOne.bytes[77]! &= 0xfe
    assert.equal(all.estimate, SATURATED_ESTIMATE)
    assert.ok(allButOne.estimate < SATURATED_ESTIMATE && allButOne.estimate > 7_800)
    assert.ok(all.isFull && allButOne.isFull)
    assert.equal(filterOf(documentation4).isFull, false)
    assert.equal(new BloomFilter().isFull, false)
  })

  test('copies the bytes that it is made of, and takes 256 only', () => {
    const bytes = new Uint8Array(256)
    const filter = new BloomFilter(bytes)
    filter.add(Uint8Array.of(1, 2, 3, 4))
    assert.deepEqual(bytes, new Uint8Array(256))
    for (const length of [0, 255, 257]) {
      assert.throws(() => new BloomFilter(new Uint8Array(length)), /256 bytes, got/)
    }
  })
})
