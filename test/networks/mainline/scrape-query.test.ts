// What is asked of nodes to count a swarm, and which answers cannot be true (BEP 33).
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { packAddress } from '../../../src/codecs/compact-address.ts'
import { asId } from '../../../src/kademlia/id.ts'
import { BloomFilter } from '../../../src/networks/mainline/bloom-filter.ts'
import type { MainlineReply } from '../../../src/networks/mainline/messages.ts'
import { ipOf, lieIn, scrapeQuery } from '../../../src/networks/mainline/scrape-query.ts'

const infoHash = asId(new Uint8Array(20).fill(7))
const from = { id: asId(new Uint8Array(20)), address: { host: '5.6.7.8', port: 1 } }

const values = Array.from({ length: 8 }, (_, i) => packAddress({ host: `9.8.7.${i + 1}`, port: 6881 })!)

/** Filters over these, the first ones as seeds. */
function filtersOf(counted: readonly Uint8Array[], seedCount = 0): NonNullable<MainlineReply['filters']> {
  const [seeds, peers] = [new BloomFilter(), new BloomFilter()]
  for (const [i, compact] of counted.entries()) (i < seedCount ? seeds : peers).add(ipOf(compact))
  return { seeds: seeds.bytes, peers: peers.bytes }
}

const full = new Uint8Array(256).fill(0xff)

describe('The question of a scrape', () => {
  test('is get_peers with scrape, for the contacts of one family (B33-06)', () => {
    const query = scrapeQuery(infoHash, { family: 4 })
    const question = { method: 'get_peers', infoHash, want: null, noSeed: false, scrape: true }
    assert.deepEqual(query.question(from), question)
    assert.equal(query.target, infoHash)
  })

  test('is answered by contacts, by peers, by filters, and by nothing else', () => {
    const query = scrapeQuery(infoHash, { family: 4 })
    assert.deepEqual(query.read({ nodes: [from] }, from).closer, [from])
    for (const reply of [{ values }, { filters: filtersOf([]) }]) {
      assert.deepEqual(query.read(reply, from).closer, [])
      assert.equal(query.read(reply, from).counts, true)
    }
    assert.throws(() => query.read({ token: Uint8Array.of(1) }, from), { reason: 'no-nodes' })
  })

  test('counts a lie, and uses the contacts beside it', () => {
    const step = scrapeQuery(infoHash, { family: 4 }).read(
      { nodes: [from], filters: { seeds: full, peers: full } },
      from,
    )
    assert.equal(step.lie, 'filter-full')
    assert.deepEqual(step.closer, [from])
  })
})

describe('Filters that cannot be true (B33-14, T21)', () => {
  test('are full ones, be it in seeds, in peers, or in both together', () => {
    const empty = new Uint8Array(256)
    const half = (start: number) => Uint8Array.from({ length: 256 }, (_, i) => (i % 2 === start ? 0xff : 0))
    for (const filters of [
      { seeds: full, peers: empty },
      { seeds: empty, peers: full },
      { seeds: half(0), peers: half(1) },
    ]) {
      assert.equal(lieIn({ filters }, 4), 'filter-full')
    }
    assert.equal(lieIn({ filters: { seeds: half(0), peers: half(0) } }, 4), undefined)
  })

  test('are those without the peers that stand beside them, but for one that has just come', () => {
    assert.equal(lieIn({ filters: filtersOf(values, 3), values }, 4), undefined)
    assert.equal(lieIn({ filters: filtersOf(values.slice(2)), values }, 4), undefined)
    assert.equal(lieIn({ filters: filtersOf(values.slice(3)), values }, 4), 'filter-without-values')
    assert.equal(lieIn({ filters: filtersOf([]), values: values.slice(0, 1) }, 4), 'filter-without-values')
    assert.equal(lieIn({ filters: filtersOf([]) }, 4), undefined)
  })

  test('are not those that leave peers of the other family to the other DHT', () => {
    const other = packAddress({ host: '2a00::1', port: 1 })!
    assert.equal(lieIn({ filters: filtersOf(values), values: [...values, other] }, 4), undefined)
    assert.equal(lieIn({ filters: filtersOf(values), values: [other] }, 6), 'filter-without-values')
  })

  test('are never found where there are none', () => {
    assert.equal(lieIn({ values }, 4), undefined)
  })
})
