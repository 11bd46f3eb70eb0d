// What users write on the command line, read once: numbers, ids, addresses. Misuse names the argument, what it got and what
// is allowed. Not here: which options there are (program.ts) and what the library checks itself.
import { canonicalHost, familyOf } from '../codecs/compact-address.ts'
import { idFromHex, type Id } from '../kademlia/id.ts'
import { MAX_SALT_BYTES, MAX_SEQ } from '../networks/mainline/wire/bounds.ts'
import { parseHostPort } from '../networks/host-port.ts'
import { resolveOptions, type MainlineOptions } from '../networks/mainline/options.ts'
import { misuse } from './failure.ts'

const ID_BYTES = 20
/** Bootstrap nodes on one command line, and test nodes on one machine (each has a socket). */
const MAX_BOOTSTRAP = 64
const MAX_TEST_NODES = 500
const NETWORKS = ['mainline']

/** Options of every command that has a node of its own, as commander gives them. */
export interface NodeFlags {
  readonly network: string
  readonly host?: readonly string[]
  readonly bootstrap?: readonly string[]
  readonly private?: true
}

export type NodeOptions = Pick<MainlineOptions, 'host' | 'bootstrap' | 'private'>

/** Reads them; refuses what the library would refuse, in the words of the command line. */
export function readNodeOptions(flags: NodeFlags): NodeOptions {
  if (!NETWORKS.includes(flags.network)) {
    throw misuse('--network', `${NETWORKS.join(' or ')} (khashmir and drogulus are to come)`, flags.network)
  }
  const bootstrap = readBootstrap(flags.bootstrap)
  return {
    ...(flags.host === undefined ? {} : { host: readHosts(flags.host) }),
    ...(bootstrap === undefined ? {} : { bootstrap }),
    ...(flags.private === undefined ? {} : { private: true }),
  }
}

/** Whether loopback and private addresses are contacts of a node with these options. */
export function isPrivateNetwork(options: NodeOptions): boolean {
  return resolveOptions(options).private
}

/** Reads 40 hex digits. */
export function readId(name: string, text: string): Id {
  try {
    return idFromHex(text, ID_BYTES)
  } catch {
    const length = text.length === 2 * ID_BYTES ? '' : ` (${text.length} characters)`
    throw misuse(name, `40 hex digits${length}`, text)
  }
}

/** Reads a port; `least` is 0 where any free one may be asked for. */
export function readPort(name: string, text: string, least: 0 | 1): number {
  const allowed = `a port from ${least} to 65535${least === 0 ? ' (0: any free one)' : ''}`
  return readWhole(name, text, { least, most: 65_535, allowed })
}

/** Reads a `seq` of BEP 44, exactly. */
export function readSeq(name: string, text: string | undefined): bigint | undefined {
  if (text === undefined) return undefined
  const seq = /^\d{1,19}$/.test(text) ? BigInt(text) : -1n
  if (seq < 0n || seq > MAX_SEQ) throw misuse(name, `a whole number from 0 to ${MAX_SEQ}`, text)
  return seq
}

/** Reads the name of an item: its UTF-8 bytes. */
export function readName(name: string, text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text)
  if (bytes.length <= MAX_SALT_BYTES) return bytes
  throw misuse(name, `at most ${MAX_SALT_BYTES} bytes`, bytes)
}

/** Reads how many nodes a test network shall have. */
export function readNodeCount(name: string, text: string): number {
  const allowed = `a number of nodes from 1 to ${MAX_TEST_NODES}`
  return readWhole(name, text, { least: 1, most: MAX_TEST_NODES, allowed })
}

/** Reads HOST:PORT; the port is needed unless there is a default. HOST is an IP address or a name. */
export function readHostPort(
  name: string,
  text: string,
  defaultPort: number | null,
): { readonly host: string; readonly port: number } {
  const allowed = `HOST:PORT${defaultPort === null ? '' : ' or HOST'}, HOST a name, an IPv4 or an [IPv6] address`
  let parsed
  try {
    parsed = parseHostPort(name, text, defaultPort)
  } catch {
    throw misuse(name, `${allowed}, PORT from 1 to 65535`, text)
  }
  const isNameOrAddress =
    familyOf(parsed.host) !== null || /^(?=.{1,253}$)[a-z0-9_-][a-z0-9._-]*$/i.test(parsed.host)
  // What is all digits and dots was meant as an address; a name server would make something else of it.
  if (!isNameOrAddress || (/^[\d.]+$/.test(parsed.host) && familyOf(parsed.host) === null)) {
    throw misuse(name, allowed, text)
  }
  return parsed
}

/** Reads the hosts to listen on; how they go together the library says. */
export function readHosts(texts: readonly string[]): string[] {
  const hosts = texts.map((text) => {
    const host = canonicalHost(text)
    if (host === null) throw misuse('--host', 'an IPv4 or IPv6 address of this machine', text)
    return host
  })
  return hosts
}

function readBootstrap(texts: readonly string[] | undefined): readonly string[] | 'none' | undefined {
  if (texts === undefined) return undefined
  if (texts.length > MAX_BOOTSTRAP) {
    throw misuse('--bootstrap', `at most ${MAX_BOOTSTRAP} of them`, texts.length)
  }
  if (!texts.includes('none')) {
    for (const text of texts) readHostPort('--bootstrap', text, 6881)
    return texts
  }
  if (texts.length > 1)
    throw misuse('--bootstrap', "'none' alone, or HOST:PORT once or more", texts.join(', '))
  return 'none'
}

/** Reads a whole number; `allowed` says in words which. */
export function readWhole(
  name: string,
  text: string,
  { least, most, allowed }: { least: number; most: number; allowed: string },
): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : NaN
  if (!(value >= least && value <= most)) throw misuse(name, allowed, text)
  return value
}
