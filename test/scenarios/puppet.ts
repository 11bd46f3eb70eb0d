// A remote that speaks mainline and does what a test tells it (speaker.ts).
import type { Address } from '../../src/kademlia/contact.ts'
import type { Id } from '../../src/kademlia/id.ts'
import type { MainlineQuery, MainlineReply } from '../../src/networks/mainline/messages.ts'
import { nodeIdFor } from '../../src/networks/mainline/node-id.ts'
import { createWire } from '../../src/networks/mainline/wire.ts'
import type { MainlineNetwork } from '../../src/simulator/mainline-network.ts'
import { Speaker, type Answer } from './speaker.ts'

export type PuppetAnswer = Answer<MainlineReply>

export interface PuppetSetup {
  readonly address?: Address
  /** Default: one that fits the address. */
  readonly id?: Id
  /** Says `ro` in its questions (BEP 43). */
  readonly readOnly?: boolean
}

export class Puppet extends Speaker<MainlineQuery, MainlineReply> {
  constructor(network: MainlineNetwork, setup: PuppetSetup = {}) {
    const address = setup.address ?? network.freshAddress()
    super(network, {
      address,
      id: setup.id ?? nodeIdFor(address.host, network.random),
      wire: (ownId) =>
        createWire({
          family: address.host.includes(':') ? 6 : 4,
          ownId,
          ownPort: address.port,
          readOnly: () => setup.readOnly === true,
          version: Uint8Array.of(0x50, 0x50, 0, 1),
        }),
      honest,
      transactionBytes: 4,
    })
  }
}

function honest(query: MainlineQuery): MainlineReply {
  if (query.method === 'find_node') return { nodes: [] }
  return query.method === 'get_peers' ? { nodes: [], token: Uint8Array.of(1, 2, 3, 4) } : {}
}
