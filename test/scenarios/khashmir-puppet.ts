// A remote that speaks khashmir and does what a test tells it (speaker.ts), also in bencode that our wire never writes.
import { encodeBencode, type BencodeInput } from '../../src/codecs/bencode.ts'
import type { Address } from '../../src/kademlia/contact.ts'
import { asId, type Id } from '../../src/kademlia/id.ts'
import { METHODS, type KhashmirQuery, type KhashmirReply } from '../../src/networks/khashmir/messages.ts'
import { createWire } from '../../src/networks/khashmir/wire.ts'
import type { KhashmirNetwork } from '../../src/simulator/khashmir-network.ts'
import { Speaker } from './speaker.ts'

export const SOME_TOKEN = new Uint8Array(20).fill(0x54)

export interface KhashmirPuppetSetup {
  readonly address?: Address
  readonly id?: Id
}

export class KhashmirPuppet extends Speaker<KhashmirQuery, KhashmirReply> {
  constructor(network: KhashmirNetwork, setup: KhashmirPuppetSetup = {}) {
    super(network, {
      address: setup.address ?? network.freshAddress(),
      id: setup.id ?? asId(network.random.bytes(20)),
      wire: (ownId) =>
        createWire({ ownId, methods: () => METHODS.write, anyTransaction: true, anonymous: () => false }),
      honest,
      transactionBytes: 20,
    })
  }

  /** A response with these results, well-formed or not; `id` is ours unless it says otherwise. */
  rawReply(transaction: Uint8Array, results: Readonly<Record<string, BencodeInput>>): Uint8Array {
    return encodeBencode({ t: transaction, y: 'r', r: { id: this.id, ...results } })
  }

  rawError(transaction: Uint8Array, code: number, text: string): Uint8Array {
    return encodeBencode({ t: transaction, y: 'e', e: [code, text] })
  }
}

/** Knows nobody and holds nothing. */
export function honest({ method }: KhashmirQuery): KhashmirReply {
  if (method === 'find_node') return { nodes: [], token: SOME_TOKEN }
  if (method === 'find_value') return { nodes: [], num: 0 }
  return method === 'get_value' ? { values: [] } : {}
}
