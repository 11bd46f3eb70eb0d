// The vote on our own address (BEP 42): who may vote, what wins, and what liars can do.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ExternalAddress } from '../../src/networks/external-address.ts'

const HOUR = 3_600_000

/** Voters of distinct /16 networks. */
const voter = (n: number): string => `${20 + n}.${n}.1.1`

describe('The vote on our own address', () => {
  test('is never settled by one vote, nor by many of one /16 (B42-06, T22)', () => {
    const external = new ExternalAddress()
    for (let n = 0; n < 50; n++) assert.equal(external.vote('8.8.8.8', `21.7.${n}.1`, n), null)
    assert.equal(external.host, null)
  })

  test('is settled when several independent voters agree (B42-06)', () => {
    const external = new ExternalAddress()
    for (let n = 0; n < 7; n++) assert.equal(external.vote('8.8.8.8', voter(n), n), null)
    assert.equal(external.vote('8.8.8.8', voter(7), 7), '8.8.8.8')
    assert.equal(external.vote('8.8.8.8', voter(8), 8), null, 'the same again is no change')
  })

  test('thirty per cent of liars change nothing, whether they agree or not (T22)', () => {
    for (const lie of [() => '9.9.9.9', (n: number) => `9.9.9.${n}`]) {
      const external = new ExternalAddress()
      for (let n = 0; n < 200; n++) {
        external.vote(n % 10 < 3 ? lie(n) : '8.8.8.8', voter(n % 100), 2 * HOUR + n)
        assert.ok(external.host === null || external.host === '8.8.8.8')
      }
      assert.equal(external.host, '8.8.8.8')
    }
  })

  test('a real change is followed, but not more often than once an hour (T22)', () => {
    const external = new ExternalAddress()
    for (let n = 0; n < 30; n++) external.vote('8.8.8.8', voter(n), 0)
    for (let n = 0; n < 32; n++) assert.equal(external.vote('8.8.4.4', voter(n), HOUR / 2), null)
    assert.equal(external.vote('8.8.4.4', voter(1), HOUR), '8.8.4.4')
    assert.equal(external.host, '8.8.4.4')
  })

  test('addresses that are not global are no votes (T22)', () => {
    const external = new ExternalAddress()
    for (const host of ['192.168.1.2', '127.0.0.1', '0.0.0.0', '::1', 'fe80::1', 'nonsense']) {
      for (let n = 0; n < 10; n++) external.vote(host, voter(n), n)
    }
    assert.equal(external.host, null)
  })

  test('IPv6 voters of one /64 count once (T22)', () => {
    const external = new ExternalAddress()
    for (let n = 1; n < 20; n++) external.vote('2606:4700::1', `2a00:1450::${n.toString(16)}`, n)
    assert.equal(external.host, null)
    for (let n = 1; n < 9; n++) external.vote('2606:4700::1', `2a00:145${n}::1`, 100 + n)
    assert.equal(external.host, '2606:4700::1')
  })
})
