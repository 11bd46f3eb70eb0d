import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { defaultParameters } from '../../src/kademlia/parameters.ts'
import { Suspects } from '../../src/kademlia/suspects.ts'
import { idOf, openPolicy, publicPolicy } from './table-fixtures.ts'

const NOW = 1_000_000
const { unreachableForMs, unreachableForMaxMs, imposterForMs, unprovenWindowMs } = defaultParameters
const A = { host: '1.2.3.4', port: 6881 }

function suspects(maxSuspects = 8, policy = publicPolicy): Suspects {
  return new Suspects({ parameters: { ...defaultParameters, maxSuspects }, policy })
}

describe('an endpoint that does not answer', () => {
  test('is left alone for a minute, then for twice as long each time, at most ten minutes (T7)', () => {
    const all = suspects()
    let now = NOW
    const waits: number[] = []
    for (let i = 0; i < 7; i++) {
      all.unanswered(A, now)
      const since = now
      while (!all.mayDial(A, now)) now += 1_000
      waits.push(now - since)
    }
    assert.equal(waits[0], unreachableForMs)
    assert.deepEqual(waits, [60_000, 120_000, 240_000, 480_000, 600_000, 600_000, 600_000])
    assert.equal(waits.at(-1), unreachableForMaxMs)
  })

  test('is free again once it sent a valid packet, and another port of its host was so all the time', () => {
    const all = suspects()
    all.unanswered(A, NOW)
    assert.equal(all.mayDial({ ...A, port: 7 }, NOW), true)
    all.answered(A, NOW)
    assert.equal(all.mayDial(A, NOW), true)
    all.unanswered(A, NOW)
    assert.equal(all.mayDial(A, NOW + unreachableForMs), true, 'its record was forgotten')
    assert.deepEqual(all.size, { endpoints: 1, ips: 0 })
  })

  test('is forgotten when the network has changed; imposters are not', () => {
    const all = suspects()
    const B = { ...A, host: '9.9.9.9' }
    all.unanswered(A, NOW)
    all.ban(B, NOW)
    all.unanswered(B, NOW)
    all.forgetUnreachable()
    assert.equal(all.mayDial(A, NOW), true)
    assert.equal(all.mayDial(B, NOW), false)
  })
})

describe('an IP named to us by others', () => {
  test('gets at most six requests without an answer in five minutes, whatever ports are named (T4, T7)', () => {
    const all = suspects()
    let sent = 0
    const times: number[] = []
    for (let now = NOW; now < NOW + 4 * unprovenWindowMs; now += 1_000) {
      const address = { ...A, port: 1 + (sent % 60_000) }
      if (!all.mayDial(address, now)) continue
      all.sent(address, now)
      times.push(now)
      sent++
    }
    for (const start of times) {
      const inWindow = times.filter((time) => time >= start && time < start + unprovenWindowMs)
      assert.ok(inWindow.length <= 6, `${inWindow.length} requests within a window`)
    }
    assert.equal(sent, 24)
  })

  test('is not limited while it answers: an answer takes its request off the count', () => {
    const all = suspects()
    for (let i = 0; i < 20; i++) {
      assert.equal(all.mayDial(A, NOW), true)
      all.sent(A, NOW)
      all.answered(A, NOW)
    }
    assert.deepEqual(all.size, { endpoints: 0, ips: 0 })
  })

  test('is sent no request again with which half of the six are used, so that others there get a first one', () => {
    const all = suspects()
    const B = { ...A, port: 7 }
    all.sent(A, NOW)
    all.sent(A, NOW)
    assert.equal(all.mayResend(B, NOW), true)
    all.sent(B, NOW)
    assert.deepEqual(
      [all.mayResend(A, NOW), all.mayResend(B, NOW), all.mayDial(B, NOW)],
      [false, false, true],
    )
    assert.equal(all.mayResend(A, NOW + unprovenWindowMs), true)
  })

  test('keeps nobody there silent who answered within five minutes, whatever else was named at it', () => {
    const all = suspects()
    const proven = { ...A, port: 7 }
    all.answered(proven, NOW)
    for (let i = 0; i < 6; i++) all.sent(A, NOW)
    assert.deepEqual([all.mayDial(A, NOW), all.mayDial(proven, NOW)], [false, true])
    assert.equal(all.mayResend(proven, NOW), true)
    all.unanswered(proven, NOW)
    assert.equal(all.mayDial(proven, NOW + unreachableForMs), false)
    all.answered(proven, NOW)
    for (let i = 0; i < 6; i++) all.sent(A, NOW + unprovenWindowMs - 1)
    assert.equal(all.mayDial(proven, NOW + unprovenWindowMs - 1), true)
    assert.equal(all.mayDial(proven, NOW + unprovenWindowMs), false)
  })

  test('has no request on its count that is older than the window', () => {
    const all = suspects()
    for (let i = 0; i < 6; i++) all.sent(A, NOW)
    assert.equal(all.mayDial(A, NOW + unprovenWindowMs - 1), false)
    assert.equal(all.mayDial(A, NOW + unprovenWindowMs), true)
    all.sent(A, NOW + unprovenWindowMs)
    all.answered(A, NOW)
    assert.deepEqual(all.size, { endpoints: 0, ips: 0 })
  })

  test('is not limited where the policy knows no groups (a private network)', () => {
    const all = suspects(8, openPolicy)
    for (let i = 0; i < 20; i++) all.sent(A, NOW)
    assert.equal(all.mayDial(A, NOW), true)
    assert.deepEqual(all.size, { endpoints: 0, ips: 0 })
  })
})

describe('an endpoint that answers with another id than it was named with', () => {
  test('is not banned for one wrong naming: whoever named it may have lied', () => {
    const all = suspects()
    for (let i = 0; i < 5; i++) all.imposter(A, idOf(7), NOW + i)
    assert.equal(all.mayDial(A, NOW), true)
  })

  test('is banned for 40 minutes when it answers with a second id, also when it sends valid packets (T5)', () => {
    const all = suspects()
    all.imposter(A, idOf(7), NOW)
    all.imposter(A, idOf(8), NOW)
    all.answered(A, NOW)
    assert.equal(all.mayDial(A, NOW + imposterForMs - 1), false)
    assert.equal(all.mayDial(A, NOW + imposterForMs), true)
    assert.equal(all.isSuspect({ ...A, port: 7 }, NOW), false)
  })
})

test('no more endpoints and IPs are remembered than maxSuspects; those without news for longest are forgotten', () => {
  const all = suspects(4)
  const at = (i: number): { host: string; port: number } => ({ host: `10.0.0.${i}`, port: 1 })
  for (let i = 0; i < 4; i++) all.unanswered(at(i), NOW)
  all.unanswered(at(0), NOW)
  for (let i = 4; i < 7; i++) all.unanswered(at(i), NOW)
  assert.equal(all.mayDial(at(0), NOW), false)
  assert.equal(all.mayDial(at(1), NOW), true)
  for (let i = 0; i < 100; i++) {
    all.sent(at(i), NOW)
    all.imposter(at(i), idOf(i), NOW)
    all.ban(at(i + 100), NOW)
  }
  assert.deepEqual(all.size, { endpoints: 4, ips: 4 })
})
