import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  ipGroup,
  isPort,
  isPrivateHost,
  prefixGroup,
  reachOf,
  sourceGroup,
} from '../../src/networks/addresses.ts'
import type { Reach } from '../../src/networks/addresses.ts'

/** One address of each class, and the last and first outside of some of them. */
const classes: readonly [host: string, reach: Reach, what: string][] = [
  ['0.0.0.0', 'none', 'unspecified'],
  ['0.1.2.3', 'none', 'this network'],
  ['10.1.2.3', 'local', 'private'],
  ['9.255.255.255', 'global', 'below 10/8'],
  ['11.0.0.0', 'global', 'above 10/8'],
  ['100.64.0.1', 'shared', 'carrier-grade NAT'],
  ['100.127.255.255', 'shared', 'the end of carrier-grade NAT'],
  ['100.63.255.255', 'global', 'below carrier-grade NAT'],
  ['100.128.0.0', 'global', 'above carrier-grade NAT'],
  ['127.0.0.1', 'local', 'loopback'],
  ['169.254.1.1', 'local', 'link-local'],
  ['172.16.0.1', 'local', 'private'],
  ['172.31.255.255', 'local', 'the end of 172.16/12'],
  ['172.32.0.0', 'global', 'above 172.16/12'],
  ['192.0.0.1', 'none', 'protocol assignments'],
  ['192.0.2.1', 'none', 'documentation'],
  ['192.88.99.1', 'none', '6to4 relays'],
  ['192.168.1.1', 'local', 'private'],
  ['198.18.0.1', 'none', 'benchmarks'],
  ['198.51.100.1', 'none', 'documentation'],
  ['203.0.113.1', 'none', 'documentation'],
  ['223.255.255.255', 'global', 'below multicast'],
  ['224.0.0.1', 'none', 'multicast'],
  ['240.0.0.1', 'none', 'reserved'],
  ['255.255.255.255', 'none', 'broadcast'],
  ['8.8.8.8', 'global', 'global IPv4'],
  ['::', 'none', 'unspecified'],
  ['::1', 'local', 'loopback'],
  ['::2', 'none', 'IPv4-compatible'],
  ['::ffff:10.0.0.1', 'local', 'mapped private'],
  ['::ffff:8.8.8.8', 'global', 'mapped global'],
  ['64:ff9b::808:808', 'none', 'NAT64'],
  ['64:ff9b:1::1', 'none', 'local NAT64'],
  ['100::1', 'none', 'discard'],
  ['2001::1', 'none', 'Teredo'],
  ['2001:1::1', 'global', 'above Teredo'],
  ['2001:2::1', 'none', 'benchmarks'],
  ['2001:10::1', 'none', 'ORCHID'],
  ['2001:20::1', 'none', 'ORCHIDv2'],
  ['2001:db8::1', 'none', 'documentation'],
  ['2002:102:304::1', 'none', '6to4'],
  ['3fff::1', 'none', 'documentation'],
  ['4000::1', 'none', 'not global unicast'],
  ['5f00::1', 'none', 'segment routing'],
  ['8000::1', 'none', 'not global unicast'],
  ['fc00::1', 'local', 'unique local'],
  ['fdff::1', 'local', 'the end of unique local'],
  ['fe80::1', 'local', 'link-local'],
  ['febf::1', 'local', 'the end of link-local'],
  ['fec0::1', 'none', 'site-local'],
  ['ff02::1', 'none', 'multicast'],
  ['2a00:1450::1', 'global', 'global IPv6'],
  ['example.org', 'none', 'no IP address'],
  ['', 'none', 'nothing'],
]

describe('The reach of an address', () => {
  for (const [host, reach, what] of classes) {
    test(`T25 ${host || 'empty'} (${what}) is ${reach}`, () => {
      assert.equal(reachOf(host), reach)
      assert.equal(isPrivateHost(host), reach === 'local')
    })
  }

  test('T25 port 0 is no port, nor is what is no 16-bit number', () => {
    for (const port of [0, -1, 65_536, 1.5, Number.NaN]) assert.equal(isPort(port), false)
    for (const port of [1, 65_535]) assert.equal(isPort(port), true)
  })
})

describe('The groups that limits count by', () => {
  test('are the IP address, the /24 or /64, and for sources the /24 or /56', () => {
    assert.equal(ipGroup('1.2.3.4'), '1.2.3.4')
    assert.equal(prefixGroup('1.2.3.4'), prefixGroup('1.2.3.255'))
    assert.notEqual(prefixGroup('1.2.3.4'), prefixGroup('1.2.4.4'))
    assert.equal(prefixGroup('2a00:1:2:3::1'), prefixGroup('2a00:1:2:3:ffff::'))
    assert.notEqual(prefixGroup('2a00:1:2:3::1'), prefixGroup('2a00:1:2:4::1'))
    assert.equal(sourceGroup('1.2.3.4'), sourceGroup('1.2.3.255'))
    assert.equal(sourceGroup('2a00:1:2:3::1'), sourceGroup('2a00:1:2:ff::1'))
    assert.notEqual(sourceGroup('2a00:1:2:3::1'), sourceGroup('2a00:1:2:103::1'))
  })

  test('tell families and texts that are no addresses apart', () => {
    assert.notEqual(prefixGroup('1.2.3.4'), prefixGroup('1:2:3::'))
    assert.equal(prefixGroup('nonsense'), 'nonsense')
  })
})
