import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { asId } from '../../src/kademlia/id.ts'
import { createAdmission } from '../../src/networks/admission.ts'
import type { AdmissionOptions } from '../../src/networks/admission.ts'

const publicIpv4: AdmissionOptions = {
  family: 4,
  private: false,
  routers: ({ host }) => host === '67.215.246.10',
  ownAddress: ({ host, port }) => host === '8.8.4.4' && port === 6881,
  eligible: ({ id }) => id[0] === 1,
}

const at = (host: string, port = 6881): { host: string; port: number } => ({ host, port })
const contact = (host: string, port = 6881) => ({
  id: asId(new Uint8Array(20).fill(1)),
  address: at(host, port),
})

describe('Admission to a public network', () => {
  const policy = createAdmission(publicIpv4)

  test('T25 lets nobody dial bogons, port 0, our own address or the other family', () => {
    for (const host of [
      '127.0.0.1',
      '10.0.0.1',
      '100.64.0.1',
      '224.0.0.1',
      '0.0.0.0',
      '192.0.2.1',
      '2a00::1',
      'x',
    ]) {
      assert.equal(policy.dialable(at(host)), false, host)
      assert.equal(policy.admits(contact(host)), false, host)
    }
    assert.equal(policy.dialable(at('8.8.8.8', 0)), false)
    assert.equal(policy.dialable(at('8.8.4.4')), false)
    assert.equal(policy.dialable(at('8.8.4.4', 6882)), true)
    assert.equal(policy.dialable(at('8.8.8.8')), true)
  })

  test('B5-23 lets public routers be dialled, but not into the table', () => {
    assert.equal(policy.dialable(at('67.215.246.10')), true)
    assert.equal(policy.admits(contact('67.215.246.10')), false)
    assert.equal(policy.admits(contact('67.215.246.11')), true)
  })

  test('counts table entries by IP address and bucket entries by prefix', () => {
    assert.equal(policy.tableGroup(at('8.8.8.8')), '8.8.8.8')
    assert.equal(policy.bucketGroup(at('8.8.8.8')), policy.bucketGroup(at('8.8.8.9')))
    assert.notEqual(policy.bucketGroup(at('8.8.8.8')), null)
  })

  test('T8 counts what is sent by /24 and, wider than table entries, by /56', () => {
    const ipv6 = createAdmission({ ...publicIpv4, family: 6 })
    const [near, beside] = [at('2a00:1:2:300::1'), at('2a00:1:2:3ff::1')]
    assert.equal(policy.sourceGroup(at('8.8.8.8')), policy.sourceGroup(at('8.8.8.9')))
    assert.equal(ipv6.sourceGroup(near), ipv6.sourceGroup(beside))
    assert.notEqual(ipv6.bucketGroup(near), ipv6.bucketGroup(beside))
    assert.notEqual(ipv6.sourceGroup(near), ipv6.sourceGroup(at('2a00:1:2:400::1')))
  })

  test('asks the network whether an id fits its address', () => {
    assert.equal(policy.eligible(contact('8.8.8.8')), true)
    assert.equal(policy.eligible({ ...contact('8.8.8.8'), id: asId(new Uint8Array(20)) }), false)
  })

  test('of IPv6 takes IPv6 only', () => {
    const ipv6 = createAdmission({ ...publicIpv4, family: 6 })
    assert.equal(ipv6.dialable(at('2a00::1')), true)
    assert.equal(ipv6.dialable(at('8.8.8.8')), false)
    assert.equal(ipv6.dialable(at('::ffff:8.8.8.8')), false)
    assert.equal(ipv6.dialable(at('::1')), false)
  })
})

describe('Admission to a private network', () => {
  const policy = createAdmission({ ...publicIpv4, private: true })

  test('takes loopback, private and shared addresses, and global ones too', () => {
    for (const host of ['127.0.0.1', '10.0.0.1', '192.168.0.1', '169.254.0.1', '100.64.0.1', '8.8.8.8']) {
      assert.equal(policy.dialable(at(host)), true, host)
      assert.equal(policy.admits(contact(host)), true, host)
    }
    assert.equal(createAdmission({ ...publicIpv4, family: 6, private: true }).dialable(at('::1')), true)
  })

  test('T25 still refuses multicast, broadcast, the unspecified address and port 0', () => {
    for (const host of ['224.0.0.1', '255.255.255.255', '0.0.0.0', '192.0.2.1']) {
      assert.equal(policy.dialable(at(host)), false, host)
    }
    assert.equal(policy.dialable(at('127.0.0.1', 0)), false)
  })

  test('counts neither by IP address nor by prefix', () => {
    assert.equal(policy.tableGroup(at('127.0.0.1')), null)
    assert.equal(policy.bucketGroup(at('127.0.0.1')), null)
    assert.equal(policy.sourceGroup(at('127.0.0.1')), null)
  })
})
