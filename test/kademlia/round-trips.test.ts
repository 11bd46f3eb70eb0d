// When an answer counts as slow: max(p10 + 100 ms, p90) of what the network showed, or 1.5 times a contact's own time.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { RoundTrips } from '../../src/kademlia/round-trips.ts'

const BOUNDS = { slowAfterMinMs: 150, slowAfterMaxMs: 2_000 }

function after(...rtts: number[]): RoundTrips {
  const roundTrips = new RoundTrips(BOUNDS)
  for (const rtt of rtts) roundTrips.add(rtt)
  return roundTrips
}

const times = (count: number, rttMs: number): number[] => Array.from({ length: count }, () => rttMs)

describe('Whether an answer is slow', () => {
  test('is said after a second while little is known of the network', () => {
    assert.equal(after().slowAfterMs(null), 1_000)
    assert.equal(after(...times(7, 10)).slowAfterMs(null), 1_000)
    assert.notEqual(after(...times(8, 10)).slowAfterMs(null), 1_000)
  })

  test('follows the slowest tenth of the network where it is spread', () => {
    assert.equal(after(...times(80, 120), ...times(20, 840)).slowAfterMs(null), 850)
    assert.equal(after(...times(95, 120), ...times(5, 840)).slowAfterMs(null), 250)
  })

  test('allows 100 ms more than the fastest tenth needs where all are alike', () => {
    assert.equal(after(...times(100, 110)).slowAfterMs(null), 250)
  })

  test('never comes before the least bound nor after the greatest', () => {
    assert.equal(after(...times(100, 3)).slowAfterMs(null), 150)
    assert.equal(after(...times(100, 9_000)).slowAfterMs(null), 2_000)
    assert.equal(after(...times(100, 1e9)).slowAfterMs(null), 2_000)
  })

  test('takes 1.5 times the own time of a contact that is faster than the network', () => {
    const slowNetwork = after(...times(100, 900))
    assert.equal(slowNetwork.slowAfterMs(200), 300)
    assert.equal(slowNetwork.slowAfterMs(20), 150)
    assert.equal(slowNetwork.slowAfterMs(5_000), 1_050)
  })

  test('forgets how the network was: what was a seventh of all samples weighs little when it is long ago', () => {
    assert.equal(after(...times(100, 1_500), ...times(600, 110)).slowAfterMs(null), 250)
  })

  test('is told apart from silence after the time in which 99 of 100 answer', () => {
    assert.equal(after(...times(7, 900)).patienceMs, 0, 'too little is known')
    assert.equal(after(...times(97, 120), ...times(3, 1_930)).patienceMs, 1_950)
    assert.equal(after(...times(3, 1_930), ...times(400, 120)).patienceMs, 150)
  })

  test('is within the bounds whatever was measured', () => {
    const rtts = fc.array(fc.oneof(fc.double({ noNaN: true }), fc.nat({ max: 12_000 })), { maxLength: 200 })
    fc.assert(
      fc.property(rtts, fc.option(fc.nat({ max: 12_000 })), (measured, own) => {
        const slowMs = after(...measured).slowAfterMs(own)
        assert.ok(slowMs >= 150 && slowMs <= 2_000)
      }),
    )
  })
})
