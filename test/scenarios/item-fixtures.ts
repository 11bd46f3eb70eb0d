// What scenarios of items share: a key pair from the dice, items signed by it, who holds what.
import assert from 'node:assert/strict'
import type { Id } from '../../src/kademlia/id.ts'
import {
  digestOf,
  mutableTarget,
  recordData,
  signedBytes,
  type RawItem,
} from '../../src/networks/mainline/items/item.ts'
import type { SignedItem } from '../../src/networks/mainline/items/reader.ts'
import { encodeValue } from '../../src/networks/mainline/items/value.ts'
import { keyPairFrom, sign, type KeyPair } from '../../src/networks/mainline/keys/key-pair.ts'
import type { MainlineNetwork, SimulatedNode } from '../../src/simulator/mainline-network.ts'
import { HOUR } from './scenario.ts'

export const NAME = 'status'
export const SALT = new TextEncoder().encode(NAME)

export function keyPairOf(network: MainlineNetwork): KeyPair {
  return keyPairFrom(network.random.bytes(32))
}

export function signedItem(keyPair: KeyPair, seq: bigint, value: string): RawItem {
  const encoded = encodeValue(value)
  const signature = sign(keyPair, signedBytes(encoded, { salt: SALT, seq }))
  return { value: encoded, signed: { publicKey: keyPair.publicKey, salt: SALT, seq, signature } }
}

/** As if somebody had put it there. */
export function plant({ store }: SimulatedNode, item: RawItem, network: MainlineNetwork): void {
  const { publicKey, salt, seq } = item.signed!
  const now = network.clock.now()
  const outcome = store.records.put({
    key: mutableTarget(publicKey, salt),
    version: seq,
    digest: digestOf(item),
    data: recordData(item),
    source: null,
    refreshedAt: now,
    expiresAt: now + 2 * HOUR,
  })
  assert.deepEqual(outcome, { stored: true })
}

export function holders(network: MainlineNetwork, key: Id | string): SimulatedNode[] {
  const id = typeof key === 'string' ? (new Uint8Array(Buffer.from(key, 'hex')) as Id) : key
  return network.nodes.filter(({ store }) => store.records.get(id, network.clock.now()) !== null)
}

export function resolve(
  network: MainlineNetwork,
  by: SimulatedNode,
  { publicKey }: KeyPair,
  mode: 'first' | 'latest' = 'latest',
): Promise<SignedItem | null> {
  return network.clock.settle(by.node.resolve(publicKey, NAME, { mode }))
}
