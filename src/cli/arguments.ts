// What users write on the command line, read once: numbers, ids, addresses. Misuse names the argument, what it got and what
// is allowed. Not here: which options there are (program.ts) and what the library checks itself.
import { canonicalHost, familyOf } from '../codecs/compact-address.ts'
import { idFromHex, type Id } from '../kademlia/id.ts'
import { MAX_SALT_BYTES, MAX_SEQ } from '../networks/mainline/wire/bounds.ts'
import { parseHostPort } from '../networks/host-port.ts'
import { normaliseKey } from '../networks/khashmir/arguments.ts'
import { XorbitError } from '../node/errors.ts'
import { Failure, misuse, MISUSE } from './failure.ts'
import type { Network, NetworkName, OpenOptions } from './network.ts'
import { ALL_NETWORKS, KHASHMIR, networkOf } from './networks.ts'
import { readOwn, type OwnNodeOption } from './own-options.ts'

/** Bootstrap nodes on one command line, and test nodes on one machine (each has a socket). */
const MAX_BOOTSTRAP = 64
const MAX_TEST_NODES = 500

/** Options of every command that has a node of its own, as commander gives them. */
export interface NodeFlags {
  readonly network: NetworkName
  readonly host?: readonly string[]
  readonly bootstrap?: readonly string[]
  readonly private?: true
  /** Of some networks alone, as what is in OWN_OPTIONS. */
  readonly role?: string
  readonly preset?: string
  readonly revision?: string
  readonly tls?: boolean
}

export type NodeOptions = Pick<OpenOptions, 'host' | 'bootstrap' | 'private' | OwnNodeOption>

/** Reads them; refuses what the library would refuse, in the words of the command line. */
export function readNodeOptions(network: Network, flags: Omit<NodeFlags, 'network'>): NodeOptions {
  const bootstrap = readBootstrap(network, flags.bootstrap)
  const options = {
    ...readOwn(network, flags),
    ...(flags.host === undefined ? {} : { host: readHosts(flags.host) }),
    ...(bootstrap === undefined ? {} : { bootstrap }),
    ...(flags.private === undefined ? {} : { private: true }),
  }
  try {
    network.resolve(options)
  } catch (error) {
    if (!(error instanceof XorbitError)) throw error
    throw new Failure(error.code, `--${error.message}`, MISUSE, { cause: error })
  }
  return options
}

/** Reads the hex digits of an id or key of this network; `or`: what else would have been right. */
export function readId(name: string, text: string, { idBytes }: Pick<Network, 'idBytes'>, or = ''): Id {
  try {
    return idFromHex(text, idBytes)
  } catch {
    const length = text.length === 2 * idBytes ? '' : ` (${text.length} characters)`
    throw misuse(name, `${2 * idBytes} hex digits${length}${or}`, text)
  }
}

/** The same in a command that works in several networks, of which this one was chosen: says how to choose another. */
export function readIdOf(network: Network, name: string, text: string): Id {
  const isHex = /^[0-9a-f]+$/i.test(text)
  const other = isHex && ALL_NETWORKS.map(networkOf).find(({ idBytes }) => text.length === 2 * idBytes)
  const isOther = other && other.idBytes !== network.idBytes
  return readId(name, text, network, isOther ? `, or --network ${other.name} beside it` : '')
}

/** Reads the key of values: 40 hex digits, or as text, which is cut or filled up to 20 bytes as apt-p2p does it. */
export function readValueKey(text: string, isText: boolean): Id {
  if (!isText) return readId('KEY', text, KHASHMIR, ', or with --text-key any text')
  if (text === '') throw misuse('KEY', 'text of 1 byte or more', text)
  return normaliseKey(text)
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

function readBootstrap(
  { defaultPort, families, name }: Network,
  texts: readonly string[] | undefined,
): readonly string[] | 'none' | undefined {
  if (texts === undefined) return undefined
  if (texts.length > MAX_BOOTSTRAP) {
    throw misuse('--bootstrap', `at most ${MAX_BOOTSTRAP} of them`, texts.length)
  }
  if (!texts.includes('none')) {
    for (const text of texts) {
      const family = familyOf(readHostPort('--bootstrap', text, defaultPort).host)
      if (family === null || families.includes(family)) continue
      throw misuse('--bootstrap', `a name or an IPv${families[0]} address, for ${name} has no other`, text)
    }
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
