// Which IP addresses can be reached from where, and the groups that limits count by. Shared by the networks.
// Not here: who may enter a table (admission.ts), addresses as bytes (codecs/compact-address.ts).
import { MAX_HOST_BYTES, writeHost } from '../codecs/compact-address.ts'

/**
 * global: from everywhere. local: loopback, private and link-local, the ones that make a network private.
 * shared: inside one operator's network, so only in a private network. none: nobody can be dialled there.
 */
export type Reach = 'global' | 'local' | 'shared' | 'none'

interface Range {
  readonly bytes: Uint8Array
  readonly bits: number
  readonly reach: Reach
}

/**
 * Addresses that are not global (threat T25). The first range that contains an address decides. Sources: the IANA
 * special-purpose address registries (RFC 6890) and what is named beside each.
 */
const NOT_GLOBAL: readonly (readonly [range: string, reach: Reach, source: string])[] = [
  ['0.0.0.0/8', 'none', 'this network, RFC 791'],
  ['10.0.0.0/8', 'local', 'private, RFC 1918'],
  ['100.64.0.0/10', 'shared', 'carrier-grade NAT, RFC 6598'],
  ['127.0.0.0/8', 'local', 'loopback, RFC 1122'],
  ['169.254.0.0/16', 'local', 'link-local, RFC 3927'],
  ['172.16.0.0/12', 'local', 'private, RFC 1918'],
  // A few single addresses in it are global (RFC 7723, RFC 8155), but they are anycast services, never nodes.
  ['192.0.0.0/24', 'none', 'protocol assignments, RFC 6890'],
  ['192.0.2.0/24', 'none', 'documentation, RFC 5737'],
  ['192.88.99.0/24', 'none', '6to4 relays, RFC 7526'],
  ['192.168.0.0/16', 'local', 'private, RFC 1918'],
  ['198.18.0.0/15', 'none', 'benchmarks, RFC 2544'],
  ['198.51.100.0/24', 'none', 'documentation, RFC 5737'],
  ['203.0.113.0/24', 'none', 'documentation, RFC 5737'],
  ['224.0.0.0/3', 'none', 'multicast RFC 5771, reserved RFC 1112, broadcast RFC 919'],
  ['::1/128', 'local', 'loopback, RFC 4291'],
  ['fe80::/10', 'local', 'link-local, RFC 4291'],
  ['fc00::/7', 'local', 'unique local, RFC 4193'],
  ['ff00::/8', 'none', 'multicast, RFC 4291'],
  ['2001::/32', 'none', 'Teredo, RFC 4380; BEP 32 avoids it'],
  ['2001:2::/48', 'none', 'benchmarks, RFC 5180'],
  ['2001:10::/28', 'none', 'ORCHID, RFC 4843'],
  ['2001:20::/28', 'none', 'ORCHIDv2, RFC 7343'],
  ['2001:db8::/32', 'none', 'documentation, RFC 3849'],
  ['2002::/16', 'none', '6to4, RFC 3056, retired by RFC 7526'],
  ['3fff::/20', 'none', 'documentation, RFC 9637'],
  // Global unicast is 2000::/3 and nothing else (RFC 4291, IANA IPv6 address space). So these three take in
  // ::, IPv4-compatible ::/96, NAT64 64:ff9b::/96 (RFC 6052) and 64:ff9b:1::/48 (RFC 8215), discard 100::/64
  // (RFC 6666), SRv6 5f00::/16 (RFC 9602) and site-local fec0::/10 (RFC 3879).
  ['::/3', 'none', 'not global unicast'],
  ['4000::/2', 'none', 'not global unicast'],
  ['8000::/1', 'none', 'not global unicast'],
]

const scratch = new Uint8Array(MAX_HOST_BYTES)

function rangesOf(byteCount: 4 | 16): readonly Range[] {
  const ranges: Range[] = []
  for (const [range, reach] of NOT_GLOBAL) {
    const slash = range.indexOf('/')
    const count = writeHost(range.slice(0, slash), scratch, 0)
    if (count === byteCount) {
      ranges.push({ bytes: scratch.slice(0, count), bits: Number(range.slice(slash + 1)), reach })
    }
  }
  return ranges
}

const RANGES_4 = rangesOf(4)
const RANGES_6 = rangesOf(16)

/** From where a host can be reached; 'none' also for a text that is no IP address. */
export function reachOf(host: string): Reach {
  const count = writeHost(host, scratch, 0)
  if (count === 0) return 'none'
  for (const range of count === 4 ? RANGES_4 : RANGES_6) if (isWithin(scratch, range)) return range.reach
  return 'global'
}

/** Loopback, private and link-local addresses: a node on one, or joining by one, is in a private network. */
export function isPrivateHost(host: string): boolean {
  return reachOf(host) === 'local'
}

/** Whether a port can be dialled: 1 … 65535. */
export function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 1 && port <= 65_535
}

/** The group "one IP address". Hosts are canonical where limits are counted, so it is the host itself. */
export function ipGroup(host: string): string {
  return host
}

/** The /24 or /64 of a host, as a text for maps; of a text that is no IP address, the text itself. */
export function prefixGroup(host: string): string {
  return prefixOf(host, 8)
}

/** An IPv4 address, or the /64 of IPv6, of which one owner has all: by which connections are counted, and who is banned. */
export function ownerGroup(host: string): string {
  return host.includes(':') ? prefixGroup(host) : host
}

/** The /24 or /56 of a host, by which what is sent to sources is limited (threat T8). */
export function sourceGroup(host: string): string {
  return prefixOf(host, 7)
}

function prefixOf(host: string, ipv6Bytes: number): string {
  const count = writeHost(host, scratch, 0)
  if (count === 0) return host
  if (count === 4) return `${scratch[0]}.${scratch[1]}.${scratch[2]}`
  let group = ''
  for (let i = 0; i < ipv6Bytes; i++) group += `${i === 0 ? '' : ':'}${scratch[i]!.toString(16)}`
  return group
}

function isWithin(host: Uint8Array, range: Range): boolean {
  const whole = range.bits >> 3
  for (let i = 0; i < whole; i++) if (host[i] !== range.bytes[i]) return false
  const rest = range.bits & 7
  return rest === 0 || ((host[whole]! ^ range.bytes[whole]!) & (0xff00 >> rest) & 0xff) === 0
}
