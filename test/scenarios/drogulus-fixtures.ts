// What scenarios of drogulus have in common: who holds what, what is sent, nodes at chosen places, values signed by hand.
import { MsgPackMap } from '../../src/codecs/msgpack-value.ts'
import type { Address } from '../../src/kademlia/contact.ts'
import { asId, sameId, toHex, type Id } from '../../src/kademlia/id.ts'
import { SLOT } from '../../src/networks/drogulus/family.ts'
import type { RsaKeyPair } from '../../src/networks/drogulus/keys/identity.ts'
import { keyOf } from '../../src/networks/drogulus/keys/key.ts'
import { signValue } from '../../src/networks/drogulus/keys/signed-value.ts'
import type { SignedValue } from '../../src/networks/drogulus/messages.ts'
import { simulatedKeyPairs } from '../../src/simulator/drogulus-keys.ts'
import type { DrogulusNetwork, NodeSetup, SimulatedNode } from '../../src/simulator/drogulus-network.ts'
import { createMemoryStore } from '../../src/stores/memory-store.ts'

export const K = 20

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

/** A random id or key from the dice of the scenario. */
export function someId64({ random }: Pick<DrogulusNetwork, 'random'>): Id {
  return asId(random.bytes(64))
}

/** An id so near to a key that nobody else is nearer; `n` from 1 to 255, and 1 is the nearest. */
export function near(key: Id, n: number): Id {
  return asId(Uint8Array.from([...key.subarray(0, 63), key[63]! ^ n]))
}

/** The key of what a node publishes under a name. */
export function keyAt({ node }: SimulatedNode, name: string): Id {
  return keyOf(node.publicKey, utf8(name))
}

/** Who would tell the value of a key now, or this one version of it. */
export function holdersOf(
  { nodes, clock }: DrogulusNetwork,
  key: Id,
  version: bigint | null = null,
): SimulatedNode[] {
  return nodes.filter(({ store }) => {
    const record = store.records.get(key, clock.now())
    return record !== null && (version === null || record.version === version)
  })
}

/** The living nodes closest to a key, nearest first. */
export function closestNodes(network: DrogulusNetwork, key: Id, count = K): SimulatedNode[] {
  return network.trueClosest(key, count).map((id) => network.nodes.find((each) => sameId(each.id, id))!)
}

/**
 * A node that is far from a key of its own: none of the k closest, so that it does not hold for others what it publishes.
 */
export function strangerTo(network: DrogulusNetwork, name: string): { owner: SimulatedNode; key: Id } {
  const owner = network.nodes.find((each) => isFar(network, each, name))
  if (owner === undefined) throw new Error('everybody is one of the closest')
  return { owner, key: keyAt(owner, name) }
}

/** A name under which a node is far from its own key. */
export function farName(network: DrogulusNetwork, node: SimulatedNode): string {
  for (let n = 0; ; n++) if (isFar(network, node, `name ${n}`)) return `name ${n}`
}

function isFar(network: DrogulusNetwork, node: SimulatedNode, name: string): boolean {
  return !closestNodes(network, keyAt(node, name)).includes(node)
}

/** Makes a node with a chosen id. */
export function addAt(network: DrogulusNetwork, id: Id, setup: NodeSetup = {}): SimulatedNode {
  const store = setup.store ?? createMemoryStore()
  store.state.saveIdentity(SLOT, id)
  return network.add({ ...setup, store })
}

const NAMES = ['ping', 'pong', 'findnode', 'nodes', 'findvalue', 'value', 'store', 'error'] as const
export type MessageName = (typeof NAMES)[number]

export interface Sent {
  readonly name: MessageName
  readonly from: Address
  readonly to: Address
  readonly time: number
  readonly bytes: Uint8Array
}

/** Notes every message of these names that is sent from now on. */
export function noting(network: DrogulusNetwork, ...wanted: readonly MessageName[]): Sent[] {
  const sent: Sent[] = []
  network.network.watchers.add(({ from, to, bytes }) => {
    const name = nameOf(bytes)
    if (name !== null && wanted.includes(name)) {
      sent.push({ name, from, to, bytes, time: network.clock.now() })
    }
  })
  return sent
}

/** Of messages, those about a key. */
export function about(sent: readonly Sent[], key: Id): Sent[] {
  return sent.filter(({ bytes }) => Buffer.from(bytes).includes(key))
}

/** The name is the last field of what we write. */
function nameOf(bytes: Uint8Array): MessageName | null {
  const tail = Buffer.from(bytes.subarray(-10)).toString('latin1')
  return NAMES.find((name) => tail.endsWith(String.fromCharCode(0xa0 + name.length) + name)) ?? null
}

export interface ValueSetup {
  readonly keyPair?: RsaKeyPair
  readonly name?: string
  readonly value?: string
  /** Seconds since 1970. */
  readonly timestamp: number
  readonly expires?: number
}

/** A value signed by hand. */
export function signed(setup: ValueSetup): SignedValue {
  const {
    keyPair = simulatedKeyPairs[0]!,
    name = 'by hand',
    value = 'a value',
    timestamp,
    expires = -1,
  } = setup
  const meta = new MsgPackMap([])
  return signValue(
    { name: utf8(name), value: utf8(value), timestamp, expires, meta },
    { keyPair, revision: 'july-2013' },
  )
}

/** Whether it has this contact in its table. */
export function knows({ node }: SimulatedNode, { id }: { readonly id: Id }): boolean {
  return node.contacts().some((contact) => toHex(contact.id) === toHex(id))
}

/** What it finds: the text of the value. */
export async function textAt(
  network: DrogulusNetwork,
  { node }: SimulatedNode,
  key: Id,
  mode: 'first' | 'latest' = 'latest',
): Promise<string | null> {
  return (await network.clock.settle(node.get(key, { mode })))?.text ?? null
}

/** Comes back with its store, at its address. */
export function restart(network: DrogulusNetwork, node: SimulatedNode, setup: NodeSetup = {}): SimulatedNode {
  network.crash(node)
  return network.add({ addresses: [node.address], store: node.store, ...setup })
}
