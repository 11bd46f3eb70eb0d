// A remote that does what a test tells it, in any network: it speaks the real wire, and asks, answers, lies and floods on
// demand. Which wire that is, and what is honest there, say puppet.ts (mainline) and khashmir-puppet.ts.
import type { Address, Contact } from '../../src/kademlia/contact.ts'
import type { Id } from '../../src/kademlia/id.ts'
import type { Message, QueryMessage, Refusal, Wire } from '../../src/kademlia/ports.ts'
import type { VirtualClock } from '../../src/simulator/virtual-clock.ts'
import type { VirtualNetwork, VirtualSocket } from '../../src/simulator/virtual-network.ts'

/** What came back for a question: its reply or error, with its bytes. null: nothing within PATIENCE_MS. */
export type Answer<R> = {
  readonly reply: R | null
  readonly refusal: Refusal | null
  readonly bytes: Uint8Array
  readonly senderId: Id | null
} | null

const PATIENCE_MS = 5_000

/** Where it lives: any simulated network. */
export interface World {
  readonly clock: VirtualClock
  readonly network: VirtualNetwork
}

export interface SpeakerParts<Q, R> {
  readonly address: Address
  readonly id: Id
  readonly wire: (ownId: () => Id) => Wire<Q, R>
  /** What an honest node answers that knows nobody. */
  readonly honest: (query: Q) => R
  readonly transactionBytes: number
}

export class Speaker<Q, R extends object> {
  id: Id
  readonly address: Address
  /** Every query that came in. */
  readonly asked: { readonly query: Q; readonly from: Address; readonly time: number }[] = []
  /** Every datagram that came in. */
  readonly datagrams: { readonly bytes: Uint8Array; readonly from: Address }[] = []
  /** What it answers, or the bytes that it sends as they are; null: nothing. By default it is honest. */
  answer: (query: Q, message: QueryMessage<Q>, from: Address) => R | Uint8Array | null
  readonly #world: World
  readonly #socket: VirtualSocket
  readonly #wire: Wire<Q, R>
  readonly #transactionBytes: number
  readonly #waiting = new Map<string, (answer: Answer<R>) => void>()
  #transactions = 0

  constructor(world: World, parts: SpeakerParts<Q, R>) {
    this.#world = world
    this.address = parts.address
    this.id = parts.id
    this.answer = parts.honest
    this.#transactionBytes = parts.transactionBytes
    this.#socket = world.network.open(this.address)
    this.#wire = parts.wire(() => this.id)
    this.#socket.start({
      receive: (bytes, from) => this.#receive(bytes, from),
      unreachable: () => {},
    })
  }

  get contact(): Contact {
    return { id: this.id, address: this.address }
  }

  /** Asks, and waits in virtual time for the answer. */
  ask(query: Q, to: Address): Promise<Answer<R>> {
    const { clock } = this.#world
    const transaction = this.nextTransaction()
    const answer = new Promise<Answer<R>>((resolve) => {
      this.#waiting.set(keyOf(transaction), resolve)
      clock.at(clock.now() + PATIENCE_MS, () => resolve(null))
    })
    this.#socket.dial(this.#write(query, transaction, to), to)
    return clock.settle(answer)
  }

  /** Asks and does not wait; `from`: under an address that it does not have. */
  shout(query: Q, to: Address, from: Address = this.address): number {
    const bytes = this.#write(query, this.nextTransaction(), to)
    this.#world.network.carry(from, to, bytes)
    return bytes.length
  }

  /** Gone: else it would be one of the closest to somebody. */
  leave(): void {
    this.#world.network.remove(this.#socket)
  }

  sendRaw(bytes: Uint8Array, to: Address): void {
    this.#socket.dial(bytes, to)
  }

  encodeReply(reply: R, transaction: Uint8Array, to: Address): Uint8Array {
    return this.#wire.encodeReply(reply, transaction, to).slice()
  }

  encodeQuery(query: Q, to: Address): Uint8Array {
    return this.#write(query, this.nextTransaction(), to)
  }

  nextTransaction(): Uint8Array {
    const transaction = new Uint8Array(this.#transactionBytes)
    new DataView(transaction.buffer).setUint32(0, this.#transactions++)
    return transaction
  }

  #write(query: Q, transaction: Uint8Array, to: Address): Uint8Array {
    return this.#wire.encodeQuery(query, transaction, { ...to, id: null })
  }

  #receive(bytes: Uint8Array, from: Address): void {
    this.datagrams.push({ bytes, from })
    const message: Message<Q, R> = this.#wire.decode(bytes, from)
    if (message.kind === 'query') {
      this.asked.push({ query: message.query, from, time: this.#world.clock.now() })
      const answer = this.answer(message.query, message, from)
      if (answer === null) return
      const isRaw = answer instanceof Uint8Array
      this.#socket.dial(isRaw ? answer : this.#wire.encodeReply(answer, message.transaction, from), from)
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

function keyOf(bytes: Uint8Array): string {
  return String(bytes)
}
