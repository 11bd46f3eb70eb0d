// Drogulus nodes on real sockets of loopback, TLS unless told otherwise, for the scenarios that need them; all are closed
// when the tests of the file have run. Not here: strangers who speak to them (drogulus-strangers.ts).
import { generateKeyPair } from 'node:crypto'
import { after } from 'node:test'
import { promisify } from 'node:util'
import type { Address } from '../../src/kademlia/contact.ts'
import { toHex, type Id } from '../../src/kademlia/id.ts'
import { createFraming } from '../../src/networks/drogulus/framing.ts'
import { createCertificate } from '../../src/networks/drogulus/keys/certificate.ts'
import { readRsaKeyPair, type RsaKeyPair } from '../../src/networks/drogulus/keys/identity.ts'
import { keyOf } from '../../src/networks/drogulus/keys/key.ts'
import { DrogulusNode } from '../../src/networks/drogulus/node.ts'
import { Drogulus } from '../../src/networks/drogulus/open.ts'
import { resolveOptions, STORE_LIMITS, type DrogulusOptions } from '../../src/networks/drogulus/options.ts'
import { createRandom, createScheduler, sha1 } from '../../src/node/system.ts'
import { simulatedKeyPairs } from '../../src/simulator/drogulus-keys.ts'
import { createMemoryStore } from '../../src/stores/memory-store.ts'
import type { Store } from '../../src/stores/store.ts'
import { openTlsTransport, type TlsOptions, type TlsTransport } from '../../src/transports/tls-transport.ts'
import { eventually } from '../transports/streams.ts'
import { utf8 } from './drogulus-fixtures.ts'

const open = new Set<DrogulusNode>()
after(() => Promise.all([...open].map((node) => node.close())))

export interface SocketNode {
  readonly node: DrogulusNode
  readonly store: Store
}

/** A node that its user would open, in a store that the test can look into. */
export async function opened(options: DrogulusOptions = {}): Promise<SocketNode> {
  const store = createMemoryStore({ recordLimits: STORE_LIMITS, unlimitedPerIp: true })
  const node = await Drogulus.open({
    host: '127.0.0.1',
    port: 0,
    bootstrap: 'none',
    store,
    identity: simulatedKeyPairs[open.size % simulatedKeyPairs.length]!,
    ...options,
  })
  open.add(node)
  return { node, store }
}

/** One made of its parts, where the test needs its transport, with limits of its own. `tls: null` is plain TCP. */
export async function openedOver(
  transporting: Partial<TlsOptions> = {},
  options: DrogulusOptions = {},
): Promise<SocketNode & { readonly transport: TlsTransport }> {
  const transport = await openTlsTransport({
    host: '127.0.0.1',
    port: 0,
    framing: createFraming(),
    tls: transporting.tls === null ? null : await createCertificate(Date.now()),
    unlimitedPerIp: true,
    ...transporting,
  })
  const resolved = resolveOptions({ private: true, bootstrap: 'none', ...options })
  const store = createMemoryStore({ recordLimits: STORE_LIMITS, unlimitedPerIp: true })
  const node = new DrogulusNode({
    options: resolved,
    identity: resolved.identity ?? simulatedKeyPairs[open.size % simulatedKeyPairs.length]!,
    store,
    ownsStore: true,
    scheduler: createScheduler(),
    random: createRandom(),
    hash: sha1,
    locals: [
      {
        transport,
        bootstrap: () => Promise.resolve([]),
        resolve: ({ host, port }) => Promise.resolve([{ host, port }]),
        isRouter: () => false,
      },
    ],
  })
  open.add(node)
  node.start()
  return { node, store, transport }
}

/** Closes it. It says nothing to anybody: to the others it is dead. */
export async function kill({ node }: SocketNode): Promise<void> {
  open.delete(node)
  await node.close()
}

export const addressOf = ({ node }: SocketNode): Address => node.addresses[0]!

const generate = promisify(generateKeyPair)

/** New key pairs, short ones: nobody is to be kept from forging here, and they are made quickly. */
export function shortKeyPairs(count: number): Promise<RsaKeyPair[]> {
  const make = async (): Promise<RsaKeyPair> => {
    const { privateKey } = await generate('rsa', { modulusLength: 1_024 })
    return readRsaKeyPair(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())
  }
  return Promise.all(Array.from({ length: count }, make))
}

/** Nodes that each joined through one of those before, under key pairs of their own, and have nothing to do any more. */
export async function network(
  count: number,
  pick: (nodes: readonly SocketNode[]) => SocketNode,
  options: DrogulusOptions = {},
): Promise<SocketNode[]> {
  const identities = await shortKeyPairs(count)
  const nodes = await Promise.all(identities.map((identity) => opened({ identity, ...options })))
  for (let i = 1; i < count; i++) await nodes[i]!.node.join([addressOf(pick(nodes.slice(0, i)))])
  // Each asks back whoever has asked it.
  await eventually(() => nodes.every(({ node }) => node.stats().families[0]!.requestsUnderWay === 0))
  return nodes
}

/** The key of what a node publishes under a name. */
export const keyAt = ({ node }: SocketNode, name: string): Id => keyOf(node.publicKey, utf8(name))

/** Who would tell the value of a key now, or this one version of it. */
export function holdersOf(
  nodes: readonly SocketNode[],
  key: Id,
  version: bigint | null = null,
): SocketNode[] {
  return nodes.filter(({ store }) => {
    const record = store.records.get(key, Date.now())
    return record !== null && (version === null || record.version === version)
  })
}

/** The nodes closest to a key, nearest first. */
export function closestOf(nodes: readonly SocketNode[], key: Id, count: number): SocketNode[] {
  const distance = ({ node }: SocketNode): bigint => BigInt(`0x${toHex(node.id)}`) ^ BigInt(`0x${toHex(key)}`)
  return nodes.toSorted((a, b) => (distance(a) < distance(b) ? -1 : 1)).slice(0, count)
}

export const knowsId = ({ node }: SocketNode, id: Id): boolean =>
  node.contacts().some((contact) => toHex(contact.id) === toHex(id))
