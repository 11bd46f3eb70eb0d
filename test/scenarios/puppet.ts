// A remote that does what a test tells it: it speaks the real wire, and asks, answers, lies and floods on demand.
import type { Address, Contact } from '../../src/kademlia/contact.ts'
import type { Id } from '../../src/kademlia/id.ts'
import type { Message, QueryMessage, Refusal } from '../../src/kademlia/ports.ts'
import type { MainlineQuery, MainlineReply } from '../../src/networks/mainline/messages.ts'
import { nodeIdFor } from '../../src/networks/mainline/node-id.ts'
import { createWire } from '../../src/networks/mainline/wire.ts'
import type { MainlineNetwork } from '../../src/simulator/mainline-network.ts'
import type { VirtualSocket } from '../../src/simulator/virtual-network.ts'

/** What came back for a question: its reply or error, with its bytes. null: nothing within PATIENCE_MS. */
export type PuppetAnswer = {
  readonly reply: MainlineReply | null
  readonly refusal: Refusal | null
  readonly bytes: Uint8Array
  readonly senderId: Id | null
} | null

const PATIENCE_MS = 5_000

export interface PuppetSetup {
  readonly address?: Address
  /** Default: one that fits the address. */
  readonly id?: Id
  /** Says `ro` in its questions (BEP 43). */
  readonly readOnly?: boolean
}

export class Puppet {
  id: Id
  readonly address: Address
  /** Every query that came in. */
  readonly asked: { readonly query: MainlineQuery; readonly from: Address; readonly time: number }[] = []
  /** Every datagram that came in. */
  readonly datagrams: { readonly bytes: Uint8Array; readonly from: Address }[] = []
  /** What it answers; null: nothing. By default like an honest node that knows nobody. */
  answer: (
    query: MainlineQuery,
    message: QueryMessage<MainlineQuery>,
    from: Address,
  ) => MainlineReply | null = honest
  readonly #network: MainlineNetwork
  readonly #socket: VirtualSocket
  readonly #wire
  readonly #waiting = new Map<string, (answer: PuppetAnswer) => void>()
  #transactions = 0

  constructor(network: MainlineNetwork, setup: PuppetSetup = {}) {
    this.#network = network
    this.address = setup.address ?? network.freshAddress()
    this.id = setup.id ?? nodeIdFor(this.address.host, network.random)
    this.#socket = network.network.open(this.address)
    this.#wire = createWire({
      family: this.address.host.includes(':') ? 6 : 4,
      ownId: () => this.id,
      ownPort: this.address.port,
      readOnly: () => setup.readOnly === true,
      version: Uint8Array.of(0x50, 0x50, 0, 1),
    })
    this.#socket.start({
      receive: (bytes, from) => this.#receive(bytes, from),
      unreachable: () => {},
    })
  }

  get contact(): Contact {
    return { id: this.id, address: this.address }
  }

  /** Asks, and waits in virtual time for the answer. */
  ask(query: MainlineQuery, to: Address): Promise<PuppetAnswer> {
    const transaction = this.nextTransaction()
    const answer = new Promise<PuppetAnswer>((resolve) => {
      this.#waiting.set(keyOf(transaction), resolve)
      this.#network.clock.at(this.#network.clock.now() + PATIENCE_MS, () => resolve(null))
    })
    this.#socket.dial(this.#wire.encodeQuery(query, transaction, to), to)
    return this.#network.clock.settle(answer)
  }

  /** Asks and does not wait; `from`: under an address that it does not have. */
  shout(query: MainlineQuery, to: Address, from: Address = this.address): number {
    const bytes = this.#wire.encodeQuery(query, this.nextTransaction(), to)
    this.#network.network.carry(from, to, bytes)
    return bytes.length
  }

  /** Gone: else it would be one of the closest to somebody. */
  leave(): void {
    this.#network.network.remove(this.#socket)
  }

  sendRaw(bytes: Uint8Array, to: Address): void {
    this.#socket.dial(bytes, to)
  }

  encodeReply(reply: MainlineReply, transaction: Uint8Array, to: Address): Uint8Array {
    return this.#wire.encodeReply(reply, transaction, to).slice()
  }

  encodeQuery(query: MainlineQuery, to: Address): Uint8Array {
    return this.#wire.encodeQuery(query, this.nextTransaction(), to)
  }

  nextTransaction(): Uint8Array {
    const number = this.#transactions++
    return Uint8Array.of(number >>> 24, number >>> 16, number >>> 8, number)
  }

  #receive(bytes: Uint8Array, from: Address): void {
    this.datagrams.push({ bytes, from })
    const message: Message<MainlineQuery, MainlineReply> = this.#wire.decode(bytes, from)
    if (message.kind === 'query') {
      this.asked.push({ query: message.query, from, time: this.#network.clock.now() })
      const reply = this.answer(message.query, message, from)
      if (reply !== null) this.#socket.dial(this.#wire.encodeReply(reply, message.transaction, from), from)
      return
    }
    this.#waiting.get(keyOf(message.transaction))?.({
      reply: message.kind === 'reply' ? message.reply : null,
      refusal: message.kind === 'error' ? message : null,
      bytes,
      senderId: message.kind === 'reply' ? message.senderId : null,
    })
  }
}

function honest(query: MainlineQuery): MainlineReply {
  if (query.method === 'find_node') return { nodes: [] }
  return query.method === 'get_peers' ? { nodes: [], token: Uint8Array.of(1, 2, 3, 4) } : {}
}

function keyOf(bytes: Uint8Array): string {
  return String(bytes)
}
