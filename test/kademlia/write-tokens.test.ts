import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import { defaultParameters } from '../../src/kademlia/parameters.ts'
import { WriteTokens } from '../../src/kademlia/write-tokens.ts'
import { seededRandom } from './table-fixtures.ts'

const NOW = 1_000_000
const { tokenRotationMs } = defaultParameters
const sha1 = (data: Uint8Array): Uint8Array => createHash('sha1').update(data).digest()

function tokensOf(seed: number, overrides: Partial<typeof defaultParameters> = {}): WriteTokens {
  const parameters = { ...defaultParameters, ...overrides }
  return new WriteTokens({ parameters, random: seededRandom(seed), hash: sha1, now: NOW })
}

/** What a network binds a token to: the bytes of an IP and a target. */
const binding = (ip: string, target: string): Uint8Array => Buffer.from(`${ip} ${target}`)
const BINDING = binding('1.2.3.4', 'target')

describe('a write token', () => {
  test('is accepted at once and after one rotation, and refused after two (B5-14, T11)', () => {
    const tokens = tokensOf(1)
    const token = tokens.issue(BINDING, NOW)
    assert.equal(token.length, 8)
    assert.equal(tokens.verify(token, BINDING, NOW), true)
    assert.equal(tokens.verify(token, BINDING, NOW + tokenRotationMs), true)
    assert.equal(tokens.verify(token, BINDING, NOW + 2 * tokenRotationMs - 1), true)
    assert.equal(tokens.verify(token, BINDING, NOW + 2 * tokenRotationMs), false)
  })

  test('is good for at least one rotation and for less than two, whenever it was issued', () => {
    for (let at = NOW; at < NOW + 20 * tokenRotationMs; at += 77_777) {
      const tokens = tokensOf(1)
      for (let now = NOW; now < at; now += 99_999) tokens.issue(BINDING, now)
      const token = tokens.issue(BINDING, at)
      assert.equal(tokens.verify(token, BINDING, at + tokenRotationMs), true)
      assert.equal(tokens.verify(token, BINDING, at + 2 * tokenRotationMs), false)
    }
  })

  test('is accepted from nobody else: other IP, other target, other node, or the same node restarted (T11)', () => {
    const tokens = tokensOf(1)
    const token = tokens.issue(BINDING, NOW)
    assert.equal(tokens.verify(token, binding('1.2.3.5', 'target'), NOW), false)
    assert.equal(tokens.verify(token, binding('1.2.3.4', 'targeu'), NOW), false)
    assert.equal(tokensOf(2).verify(token, BINDING, NOW), false)
  })

  test('is refused when it is shorter, longer, empty or has one wrong bit (T10)', () => {
    const tokens = tokensOf(1)
    const token = tokens.issue(BINDING, NOW)
    for (const wrong of [
      token.subarray(1),
      Uint8Array.of(...token, 0),
      new Uint8Array(),
      new Uint8Array(8),
    ]) {
      assert.equal(tokens.verify(wrong, BINDING, NOW), false)
    }
    for (let bit = 0; bit < 64; bit++) {
      const wrong = token.slice()
      wrong[bit >> 3]! ^= 1 << (bit & 7)
      assert.equal(tokens.verify(wrong, BINDING, NOW), false)
    }
  })

  test('is void after a sleep: by renew, and also where nobody called it (T30)', () => {
    const tokens = tokensOf(1)
    const token = tokens.issue(BINDING, NOW)
    tokens.renew(NOW + 1)
    assert.equal(tokens.verify(token, BINDING, NOW + 1), false)
    const later = tokens.issue(BINDING, NOW + 1)
    assert.equal(tokens.verify(later, BINDING, NOW + 100 * tokenRotationMs), false)
  })

  test('stays good while others are issued, also for bindings of another length', () => {
    const tokens = tokensOf(1)
    const token = tokens.issue(BINDING, NOW)
    const six = binding('2001:db8::1', 'target')
    const other = tokens.issue(six, NOW)
    assert.equal(tokens.verify(token, BINDING, NOW), true)
    assert.equal(tokens.verify(other, six, NOW), true)
  })

  test('may be as long as the hash, with three secrets accepted (khashmir A2)', () => {
    const tokens = tokensOf(1, { tokenBytes: 20, tokenSecrets: 3 })
    const token = tokens.issue(BINDING, NOW)
    assert.equal(token.length, 20)
    assert.equal(tokens.verify(token, BINDING, NOW + 3 * tokenRotationMs - 1), true)
    assert.equal(tokens.verify(token, BINDING, NOW + 3 * tokenRotationMs), false)
  })
})
