import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { NO_LIMITS, SourceLimits, defaultSourceLimits } from '../../src/kademlia/rate-limits.ts'
import type { Source, SourceLimitRates } from '../../src/kademlia/rate-limits.ts'
import { RateSketch } from '../../src/kademlia/rate-sketch.ts'
import { seededRandom } from './table-fixtures.ts'

const NOW = 1_000_000

function limits(rates: Partial<SourceLimitRates> = {}): SourceLimits {
  return new SourceLimits({ ...NO_LIMITS, ...rates }, seededRandom(1))
}

function source(i: number): Source {
  const prefix = `${(i >> 16) & 255}.${(i >> 8) & 255}.7`
  return { ip: `${prefix}.${i & 255}`, prefix }
}

/** How many of `count` requests at one instant are admitted. */
function burst(all: SourceLimits, from: Source, count: number, now: number): number {
  let admitted = 0
  for (let i = 0; i < count; i++) admitted += Number(all.admitRequest(from, now))
  return admitted
}

describe('a rate', () => {
  test('admits its burst at once, and then as many as the rate allows', () => {
    const sketch = new RateSketch({ perSecond: 50, burst: 250 }, seededRandom(1))
    let admitted = 0
    for (let i = 0; i < 1_000; i++) admitted += Number(sketch.take('1.2.3.4', 1, NOW))
    assert.equal(admitted, 250)
    for (let ms = 1; ms <= 10_000; ms++) admitted += Number(sketch.take('1.2.3.4', 1, NOW + ms))
    assert.equal(admitted, 250 + 500)
    assert.equal(
      sketch.take('1.2.3.4', 250, NOW + 15_000),
      true,
      'an idle second pays back as much as it gives',
    )
    assert.equal(sketch.take('1.2.3.4', 251, NOW + 90_000), false, 'more than the burst never passes')
  })

  test('of one source is untouched by another', () => {
    const all = limits({ requestsPerIp: { perSecond: 50, burst: 250 } })
    assert.equal(burst(all, source(1), 500, NOW), 250)
    assert.equal(burst(all, source(2), 500, NOW), 250)
    assert.equal(all.refusals.requestsPerIp, 500)
  })
})

test('a thousand sources at their limit hardly ever cost another its share', () => {
  const sketch = new RateSketch({ perSecond: 1, burst: 1 }, seededRandom(3))
  for (let i = 0; i < 1_000; i++) sketch.take(`10.0.${i >> 8}.${i & 255}`, 1, NOW)
  // With 1,000 to 2,000 of the 4,096 cells of each row taken, 0.3 to 6 % find all four of theirs taken. One row: a third.
  let refused = 0
  for (let i = 0; i < 1_000; i++) refused += Number(!sketch.take(`172.16.${i >> 8}.${i & 255}`, 1, NOW))
  assert.ok(refused < 60, `${refused} of 1,000`)
})

describe('a flood', () => {
  test('from ever new (spoofed) sources does not take a regular source its own share (T8, T9)', () => {
    const all = limits({
      requestsPerIp: { perSecond: 50, burst: 250 },
      requests: { perSecond: 10_000, burst: 20_000 },
    })
    const regular: Source = { ip: '93.184.216.34', prefix: '93.184.216' }
    let served = 0
    let asked = 0
    for (let ms = 0; ms < 20_000; ms++) {
      for (let i = 0; i < 9; i++) all.admitRequest(source(ms * 9 + i), NOW + ms)
      if (ms % 100 === 0) {
        asked++
        served += Number(all.admitRequest(regular, NOW + ms))
      }
    }
    assert.equal(served, asked)
    assert.equal(all.refusals.requestsPerIp, 0)
  })

  test('of one source does not use up the share of all', () => {
    const all = limits({ requestsPerIp: { perSecond: 1, burst: 10 }, requests: { perSecond: 1, burst: 20 } })
    assert.equal(burst(all, source(1), 1_000, NOW), 10)
    assert.equal(burst(all, source(2), 1_000, NOW), 10)
    assert.equal(burst(all, source(3), 5, NOW), 0)
    assert.equal(all.refusals.requests, 990 + 5)
  })
})

describe('bytes out', () => {
  test('to the prefix of a spoofed source stay below its rate, whatever its addresses (T8)', () => {
    const all = limits({ bytesPerPrefix: { perSecond: 64_000, burst: 256_000 } })
    let sent = 0
    for (let ms = 0; ms < 10_000; ms++) {
      for (let i = 0; i < 10; i++) {
        if (all.admitBytes({ prefix: '6.6.6' }, 300, NOW + ms)) sent += 300
      }
    }
    assert.ok(sent <= 256_000 + 640_000 && sent > 850_000, `${sent} bytes`)
    assert.equal(all.admitBytes({ prefix: '7.7.7' }, 300, NOW), true)
  })

  test('to all stay below the rate of all', () => {
    const all = limits({ bytes: { perSecond: 1_000, burst: 3_000 } })
    let sent = 0
    for (let i = 0; i < 50; i++) sent += all.admitBytes(source(i << 8), 300, NOW) ? 300 : 0
    assert.equal(sent, 3_000)
    assert.equal(all.refusals.bytes, 40)
  })
})

describe('wrong tokens', () => {
  const rates = { failedTokens: { perSecond: 1, burst: 32, blockMs: 60_000 } }

  test('block their source for a minute when there are too many of them (T10)', () => {
    const all = limits(rates)
    for (let i = 0; i < 32; i++) all.failedToken(source(1), NOW)
    assert.equal(all.admitRequest(source(1), NOW), true, 'every old token is wrong once after a restart')
    all.failedToken(source(1), NOW)
    assert.equal(all.admitRequest(source(1), NOW), false)
    assert.equal(all.isBlocked(source(1), NOW + 59_999), true)
    assert.equal(all.admitRequest(source(2), NOW), true)
    assert.equal(all.admitRequest(source(1), NOW + 60_000), true)
    assert.equal(all.refusals.blocked, 1)
  })

  test('of 2^20 guesses few are served (T10)', () => {
    const all = limits(rates)
    let served = 0
    for (let guess = 0; guess < 2 ** 20; guess++) {
      const now = NOW + guess
      if (!all.admitRequest(source(1), now)) continue
      served++
      all.failedToken(source(1), now)
    }
    assert.ok(served < 2_000, `${served} guesses served`)
  })
})

describe('lifted limits', () => {
  test('refuse nobody, and say that there are none', () => {
    const none = limits()
    assert.equal(none.lifted, true)
    assert.equal(burst(none, source(1), 10_000, NOW), 10_000)
    none.failedToken(source(1), NOW)
    assert.equal(none.admitBytes(source(1), 1e12, NOW), true)
    assert.equal(limits({ bytes: { perSecond: 1, burst: 1 } }).lifted, false)
  })

  test('per IP and prefix in a private network leave those of all', () => {
    const all = new SourceLimits(defaultSourceLimits, seededRandom(1))
    const local: Source = { ip: null, prefix: null }
    for (let i = 0; i < 1_000; i++) all.failedToken(local, NOW)
    assert.equal(burst(all, local, 30_000, NOW), 20_000)
  })
})

test('a real node is not limited in normal life: 200 nodes behind one IP, each with a lookup a second', () => {
  const all = new SourceLimits(defaultSourceLimits, seededRandom(1))
  const nat: Source = { ip: '1.2.3.4', prefix: '1.2.3' }
  for (let ms = 0; ms < 60_000; ms += 25) {
    assert.equal(all.admitRequest(nat, NOW + ms), true)
    assert.equal(all.admitBytes(nat, 320, NOW + ms), true)
  }
})
