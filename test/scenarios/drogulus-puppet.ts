// A remote that speaks drogulus and does what a test tells it (speaker.ts).
import type { Address } from '../../src/kademlia/contact.ts'
import { asId, type Id } from '../../src/kademlia/id.ts'
import type { DrogulusQuery, DrogulusReply } from '../../src/networks/drogulus/messages.ts'
import { createWire } from '../../src/networks/drogulus/wire.ts'
import type { DrogulusNetwork } from '../../src/simulator/drogulus-network.ts'
import { Speaker } from './speaker.ts'

export interface DrogulusPuppetSetup {
  readonly address?: Address
  readonly id?: Id
}

export class DrogulusPuppet extends Speaker<DrogulusQuery, DrogulusReply> {
  constructor(network: DrogulusNetwork, setup: DrogulusPuppetSetup = {}) {
    const address = setup.address ?? network.freshAddress()
    super(network, {
      address,
      id: setup.id ?? asId(network.random.bytes(64)),
      wire: (ownId) => createWire({ ownId, revision: 'july-2013', replyPort: () => address.port }),
      honest,
      transactionBytes: 16,
    })
  }
}

/** Knows nobody and holds nothing. */
export function honest({ method }: DrogulusQuery): DrogulusReply {
  return method === 'findnode' || method === 'findvalue' ? { nodes: [] } : {}
}
