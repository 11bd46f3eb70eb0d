// Nodes that begin to lie when they are told to: they name, to every question, nodes near the target that do not exist,
// with ids that fit their addresses (BEP 42). Each such reply sends who asked after the dead.
import type { Contact } from '../../src/kademlia/contact.ts'
import type { Id } from '../../src/kademlia/id.ts'
import { ProtocolError } from '../../src/kademlia/ports.ts'
import type { Transport } from '../../src/node/ports.ts'
import type { MainlineQuery } from '../../src/networks/mainline/messages.ts'
import { nodeIdFor } from '../../src/networks/mainline/node-id.ts'
import { createWire } from '../../src/networks/mainline/wire.ts'
import type { MainlineNetwork } from '../../src/simulator/mainline-network.ts'

/** Made-up nodes for each first byte of an id: with a few hundred true nodes, all of them nearer than most of those. */
const MADE_UP = 37
/** Made-up nodes that one reply names. */
const NAMED = 8

/** What the liars of one network have agreed upon. */
export class Conspiracy {
  lying = false
  readonly #network: MainlineNetwork
  /** By the first byte of their ids. */
  readonly #madeUp: readonly (readonly Contact[])[]

  constructor(network: MainlineNetwork) {
    this.#network = network
    const contacts = Array.from({ length: 256 * MADE_UP }, (): Contact => {
      const address = network.freshAddress()
      return { id: nodeIdFor(address.host, network.random), address }
    })
    this.#madeUp = Array.from({ length: 256 }, (_, byte) => contacts.filter(({ id }) => id[0] === byte))
  }

  names(target: Id): Contact[] {
    return this.#network.random.sample(this.#madeUp[target[0]!]!, NAMED)
  }
}

/** Turns the node behind a transport into a liar, but for all that is no question about others. */
export function liar(inner: Transport, conspiracy: Conspiracy, ownId: () => Id): Transport {
  const wire = createWire({
    family: 4,
    ownId,
    readOnly: () => false,
    version: Uint8Array.of(0x4c, 0x49, 0, 1),
  })
  return {
    local: inner.local,
    send: (bytes, to) => inner.send(bytes, to),
    dial: (bytes, to) => inner.dial(bytes, to),
    drops: () => inner.drops(),
    close: () => inner.close(),
    start: (receiver) =>
      inner.start({
        unreachable: (to, reason) => receiver.unreachable(to, reason),
        receive: (bytes, from, replyTo) => {
          const asked = conspiracy.lying ? askedIn(wire, bytes, from) : null
          if (asked === null) return receiver.receive(bytes, from, replyTo)
          const reply = { nodes: conspiracy.names(asked.target), token: Uint8Array.of(1) }
          inner.send(wire.encodeReply(reply, asked.transaction, from), replyTo)
        },
      }),
  }
}

/** The target of a question about others; null when it is none. */
function askedIn(
  wire: ReturnType<typeof createWire>,
  bytes: Uint8Array,
  from: Contact['address'],
): { target: Id; transaction: Uint8Array } | null {
  try {
    const message = wire.decode(bytes, from)
    const target = message.kind === 'query' ? targetOf(message.query) : null
    return target === null ? null : { target, transaction: message.transaction }
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
    return null
  }
}

function targetOf(query: MainlineQuery): Id | null {
  if (query.method === 'find_node') return query.target
  return query.method === 'get_peers' ? query.infoHash : null
}
