// IP addresses between text and network byte order, and compact addresses (BEP 5, BEP 32): 4 or 16 bytes of host
// and two of port. IPv4-mapped IPv6 addresses become IPv4 wherever they come in (K-20).
// Not here: which addresses may be talked to (networks/addresses.ts).

/** An endpoint as text and number, as contacts have it. */
export interface Endpoint {
  /** IPv4 dotted, IPv6 as RFC 5952 writes it. */
  readonly host: string
  readonly port: number
}

export type Family = 4 | 6

/** Bytes of a compact address. */
export const COMPACT_BYTES = { 4: 6, 6: 18 } as const

/** What the longest host needs. */
export const MAX_HOST_BYTES = 16

const DOT = 0x2e
const COLON = 0x3a

/**
 * Writes the bytes of a host: 4 or 16, with room for 16. Returns how many; 0 when the text is no IP address, and
 * then nothing of what was written counts. A zone (`%eth0`) is left out. A mapped address is written as IPv4.
 */
export function writeHost(host: string, into: Uint8Array, at: number): 0 | 4 | 16 {
  if (writeDotted(host, 0, host.length, into, at)) return 4
  if (!writeIpv6(host, into, at)) return 0
  if (!isMapped(into, at)) return 16
  into.copyWithin(at, at + 12, at + 16)
  return 4
}

const scratch = new Uint8Array(MAX_HOST_BYTES)

/** Of which family a host is; null when it is no IP address. A mapped address is of family 4. */
export function familyOf(host: string): Family | null {
  const count = writeHost(host, scratch, 0)
  return count === 0 ? null : count === 4 ? 4 : 6
}

/** An endpoint as people write it: an IPv6 address in brackets. */
export function hostPort({ host, port }: Endpoint): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** The text of the 4 or 16 bytes at `at`: IPv4 dotted, or IPv6 as RFC 5952 writes it. */
export function readHost(bytes: Uint8Array, at: number, count: 4 | 16): string {
  if (count === 4) return `${bytes[at]}.${bytes[at + 1]}.${bytes[at + 2]}.${bytes[at + 3]}`
  if (isMapped(bytes, at)) return readHost(bytes, at + 12, 4)
  return formatIpv6(bytes, at)
}

/** The one text of this host: `2001:DB8:0:0::1` is `2001:db8::1`. null when it is no IP address. */
export function canonicalHost(host: string): string | null {
  const count = writeHost(host, scratch, 0)
  return count === 0 ? null : readHost(scratch, 0, count)
}

/**
 * Writes a compact address: 6 or 18 bytes, with room for 18. Returns how many; 0 when the host is no IP address.
 * The port is 0 … 65535.
 */
export function writeAddress(address: Endpoint, into: Uint8Array, at: number): 0 | 6 | 18 {
  const count = writeHost(address.host, into, at)
  if (count === 0) return 0
  into[at + count] = address.port >> 8
  into[at + count + 1] = address.port & 0xff
  return count === 4 ? 6 : 18
}

/** The compact address of an endpoint, 6 or 18 fresh bytes; null when its host is no IP address. */
export function packAddress(address: Endpoint): Uint8Array | null {
  const bytes = new Uint8Array(COMPACT_BYTES[6])
  const count = writeAddress(address, bytes, 0)
  return count === 0 ? null : bytes.slice(0, count)
}

/** Reads the compact address of `family` at `at`; the bytes must be there. The port may be 0. */
export function readAddress(bytes: Uint8Array, at: number, family: Family): Endpoint {
  const count = family === 4 ? 4 : 16
  return { host: readHost(bytes, at, count), port: (bytes[at + count]! << 8) | bytes[at + count + 1]! }
}

/** Reads a compact address of 6 or 18 bytes; null when there are more or fewer. The port may be 0. */
export function unpackAddress(bytes: Uint8Array): Endpoint | null {
  if (bytes.length === COMPACT_BYTES[4]) return readAddress(bytes, 0, 4)
  return bytes.length === COMPACT_BYTES[6] ? readAddress(bytes, 0, 6) : null
}

/** Strict: four decimal numbers up to 255 without leading zeros. On the path of every packet: no split, no regex. */
function writeDotted(text: string, from: number, end: number, into: Uint8Array, at: number): boolean {
  // 7 … 15 characters; also sends most IPv6 texts on their way.
  if (end - from < 7 || end - from > 15) return false
  let part = 0
  let value = -1
  for (let i = from; i < end; i++) {
    const code = text.charCodeAt(i)
    if (code !== DOT) {
      value = appendDigit(value, code - 0x30)
      if (value > 255) return false
      continue
    }
    if (value < 0 || part === 3) return false
    into[at + part++] = value
    value = -1
  }
  if (part !== 3 || value < 0) return false
  into[at + 3] = value
  return true
}

/** -1 is a number without digits; above 255 is none. */
function appendDigit(value: number, digit: number): number {
  if (digit < 0 || digit > 9 || value === 0) return 256
  return value < 0 ? digit : 10 * value + digit
}

/** The groups before and behind a `::` while they are being read, each at most 16 bytes. */
const groups = new Uint8Array(2 * MAX_HOST_BYTES)

/** RFC 4291, 2.2: eight groups, or fewer around one `::`, at the end optionally IPv4; then a zone, ignored. */
function writeIpv6(host: string, into: Uint8Array, at: number): boolean {
  const zone = host.indexOf('%')
  const end = zone < 0 ? host.length : zone
  if (end > 45 || zone === host.length - 1) return false
  const gap = host.indexOf('::')
  if (gap < 0 || gap >= end) {
    if (readGroups(host, 0, end, 0) !== 16) return false
    into.set(groups.subarray(0, 16), at)
    return true
  }
  const before = readGroups(host, 0, gap, 0, false)
  const behind = gap + 2 === end ? 0 : readGroups(host, gap + 2, end, 16)
  // `::` stands for at least one group.
  if (before < 0 || behind < 0 || before + behind > 14) return false
  into.fill(0, at, at + 16)
  into.set(groups.subarray(0, before), at)
  into.set(groups.subarray(16, 16 + behind), at + 16 - behind)
  return true
}

/** Reads the groups of [from, end) to `groups` at `at`; says how many bytes (at most 16), or -1. Empty is 0. */
function readGroups(host: string, from: number, end: number, at: number, mayEndDotted = true): number {
  if (from === end) return 0
  let count = 0
  for (let position = from; count <= 14; position++) {
    const groupEnd = endOfGroup(host, position, end)
    if (groupEnd < end && host.charCodeAt(groupEnd) === DOT) {
      const fits = mayEndDotted && count <= 12
      return fits && writeDotted(host, position, end, groups, at + count) ? count + 4 : -1
    }
    if (!writeGroup(host, position, groupEnd, at + count)) return -1
    count += 2
    if (groupEnd === end) return count
    if (host.charCodeAt(groupEnd) !== COLON) return -1
    position = groupEnd
  }
  return -1
}

function endOfGroup(host: string, from: number, end: number): number {
  let position = from
  while (position < end && hexDigit(host.charCodeAt(position)) >= 0) position++
  return position
}

/** One to four hex digits. */
function writeGroup(host: string, from: number, end: number, at: number): boolean {
  if (from === end || end - from > 4) return false
  let value = 0
  for (let i = from; i < end; i++) value = (value << 4) | hexDigit(host.charCodeAt(i))
  groups[at] = value >> 8
  groups[at + 1] = value & 0xff
  return true
}

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  const letter = code | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1
}

/** ::ffff:0:0/96, RFC 4291, 2.5.5.2. */
function isMapped(bytes: Uint8Array, at: number): boolean {
  if (bytes[at + 10] !== 0xff || bytes[at + 11] !== 0xff) return false
  for (let i = 0; i < 10; i++) if (bytes[at + i] !== 0) return false
  return true
}

/** RFC 5952: lower case, no leading zeros, the first longest run of two or more zero groups as `::`. */
function formatIpv6(bytes: Uint8Array, at: number): string {
  let gap = -1
  let gapLength = 1
  for (let group = 0; group < 8; group++) {
    let length = 0
    while (group + length < 8 && groupAt(bytes, at, group + length) === 0) length++
    if (length > gapLength) {
      gap = group
      gapLength = length
    }
    group += length
  }
  let text = ''
  for (let group = 0; group < 8; group++) {
    if (group === gap) {
      text += '::'
      group += gapLength - 1
    } else {
      if (group > 0 && !text.endsWith(':')) text += ':'
      text += groupAt(bytes, at, group).toString(16)
    }
  }
  return text
}

function groupAt(bytes: Uint8Array, at: number, group: number): number {
  return (bytes[at + 2 * group]! << 8) | bytes[at + 2 * group + 1]!
}
