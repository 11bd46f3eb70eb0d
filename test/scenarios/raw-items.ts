// Putting and getting items in raw packets, for scenarios of the serving side.
import assert from 'node:assert/strict'
import type { BencodeDictionary } from '../../src/codecs/bencode.ts'
import type { Address } from '../../src/kademlia/contact.ts'
import { toHex } from '../../src/kademlia/id.ts'
import { targetOf, type RawItem } from '../../src/networks/mainline/items/item.ts'
import type { MainlineNetwork, SimulatedNode } from '../../src/simulator/mainline-network.ts'
import { Encoded, RawClient, type RawArguments } from './raw-client.ts'

/** The arguments of a put as BEP 44 has them, without the token. */
export function argumentsOf({ value, signed }: RawItem): RawArguments {
  const v = new Encoded(value)
  if (signed === null) return { v }
  const { publicKey, salt, seq, signature } = signed
  return { v, k: publicKey, seq, sig: signature, ...(salt.length === 0 ? {} : { salt }) }
}

export async function tokenOf(by: RawClient, to: Address, target: Uint8Array): Promise<Uint8Array> {
  const token = (await by.reply(to, 'get', { target })).get('token')
  assert.ok(token instanceof Uint8Array, 'a token in every reply to a get (B44-16)')
  return token
}

/** Puts with a token for the target of `item`, and these arguments instead of its own. null: it was taken. */
export async function put(
  by: RawClient,
  to: Address,
  item: RawItem,
  changes: RawArguments = {},
): Promise<number | null> {
  const token = await tokenOf(by, to, targetOf(item))
  const answer = await by.ask(to, 'put', { token, ...argumentsOf(item), ...changes })
  assert.ok(answer !== null, 'an answer')
  if (answer.results !== null) assert.deepEqual([...answer.results.keys()], ['id'])
  return answer.code
}

export async function get(by: RawClient, to: Address, item: RawItem): Promise<BencodeDictionary> {
  return by.reply(to, 'get', { target: targetOf(item) })
}

export async function isHeld(by: RawClient, { address }: SimulatedNode, item: RawItem): Promise<boolean> {
  const raw = (await get(by, address, item)).rawOf('v')
  return raw !== undefined && toHex(raw) === toHex(item.value)
}

export function putCounts({ node }: SimulatedNode): { received: number; refused: number } {
  const { received, refused } = node.stats().families[0]!.methods['put']!
  return { received, refused }
}

export function oneNode(network: MainlineNetwork): { node: SimulatedNode; to: Address; client: RawClient } {
  const node = network.add()
  return { node, to: node.address, client: new RawClient(network) }
}
