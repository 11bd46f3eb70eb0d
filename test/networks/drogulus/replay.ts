// A node of ours in the place of a recorded one: the same id, the same contacts, whole as it runs (wire, answers, store,
// blacklist, framing), in virtual time. Only the sockets are not there. What comes of it is for the tests to judge.
import { idFromHex } from '../../../src/kademlia/id.ts'
import type { Address, Contact } from '../../../src/kademlia/contact.ts'
import { sameAddress } from '../../../src/kademlia/contact.ts'
import type { Random } from '../../../src/kademlia/ports.ts'
import type { RoutingTable } from '../../../src/kademlia/routing-table.ts'
import { createFraming } from '../../../src/networks/drogulus/framing.ts'
import type { RsaKeyPair } from '../../../src/networks/drogulus/keys/identity.ts'
import { DrogulusNode } from '../../../src/networks/drogulus/node.ts'
import { resolveOptions, STORE_LIMITS } from '../../../src/networks/drogulus/options.ts'
import { NetstringError } from '../../../src/codecs/netstring.ts'
import type { Receiver, Transport } from '../../../src/node/ports.ts'
import { sha1 } from '../../../src/node/system.ts'
import { simulatedKeyPairs } from '../../../src/simulator/drogulus-keys.ts'
import { VirtualClock } from '../../../src/simulator/virtual-clock.ts'
import { createMemoryStore } from '../../../src/stores/memory-store.ts'
import type { Store } from '../../../src/stores/store.ts'
import type { DrogulusCommit } from '../../drogulus-vectors.ts'
import { scripted } from '../replaying.ts'
import { revisionOf } from './keys/recorded-keys.ts'

/** When the originals ran for the recording: what a client of theirs has signed is dated so. */
export const RECORDED_AT = 1_795_193_426_182.653

const LOCAL: Address = { host: '127.0.0.1', port: 1_908 }

const framing = createFraming()

/** A message that we dial somebody with, without its netstring. */
export interface Dialled {
  readonly bytes: Uint8Array
  readonly to: Address
}

/** What comes of a stream of bytes. */
export interface Served {
  /** Without their netstrings. */
  readonly answers: readonly Uint8Array[]
  /** Whether we close the connection. */
  readonly closed: boolean
}

export interface ReplayOptions {
  readonly commit: DrogulusCommit
  /** In hex. */
  readonly ownId: string
  /** Of our requests, in order; random ones behind them. 16 bytes each. */
  readonly transactions?: readonly Uint8Array[]
  /** Under which it publishes. */
  readonly identity?: RsaKeyPair
  /** Ms since 1970. */
  readonly startAt?: number
}

/** One node and its clock. */
export class Replay {
  readonly store: Store = createMemoryStore({ recordLimits: STORE_LIMITS, unlimitedPerIp: true })
  readonly node: Replaying
  readonly clock: VirtualClock
  /** In order. */
  readonly dialled: Dialled[] = []
  readonly #transport = new ScriptedTransport((dialled) => this.dialled.push(dialled))

  constructor({ commit, ownId, transactions = [], identity, startAt = RECORDED_AT }: ReplayOptions) {
    this.clock = new VirtualClock(startAt)
    const [before, after] = [scripted([]), scripted(transactions)]
    let isStarted = false
    // Secrets, of which it has no use, have as many bytes as transactions.
    const random: Random = {
      bytes: (count) => (isStarted ? after : before).bytes(count),
      fraction: () => after.fraction(),
    }
    this.node = new Replaying({
      options: resolveOptions({ private: true, bootstrap: 'none', revision: revisionOf(commit) }),
      identity: identity ?? simulatedKeyPairs[0]!,
      ownId: idFromHex(ownId, 64),
      store: this.store,
      ownsStore: true,
      scheduler: this.clock,
      random,
      hash: sha1,
      locals: [
        {
          transport: this.#transport,
          bootstrap: () => Promise.resolve([]),
          resolve: ({ host, port }) => Promise.resolve([{ host, port }]),
          isRouter: () => false,
        },
      ],
    })
    this.node.start()
    isStarted = true
  }

  /** What we do when these bytes come by a new connection. */
  async serve(bytes: Uint8Array, from: Address): Promise<Served> {
    const answers: Uint8Array[] = []
    let messages: readonly Uint8Array[]
    try {
      messages = framing.reader().take(bytes)
    } catch (error) {
      if (error instanceof NetstringError) return { answers, closed: true }
      throw error
    }
    const connection: Connection = { answer: (answer) => void answers.push(answer) }
    for (const message of messages) this.#transport.receiver.receive(message, from, connection)
    // What acknowledges a write leaves after the commit.
    await this.clock.runFor(0)
    const isLast = messages.some((message) => !framing.keepsOpen(message))
    return { answers, closed: isLast && answers.length === messages.length && answers.length > 0 }
  }

  /** The message that we dial this address with next; waits for it in virtual time. */
  async nextTo(to: Address): Promise<Uint8Array> {
    for (let waited = 0; waited <= 60; waited++) {
      await this.clock.runFor(waited === 0 ? 0 : 1_000)
      const at = this.dialled.findIndex((each) => sameAddress(each.to, to))
      if (at >= 0) return this.dialled.splice(at, 1)[0]!.bytes
    }
    throw new Error(`nobody dials ${to.host}:${to.port}`)
  }

  /** An answer comes from whom we dialled. */
  async answered(message: Uint8Array, by: Address): Promise<void> {
    this.#transport.receiver.receive(message, by, null)
    await this.clock.runFor(0)
  }

  /** These have answered us. */
  knows(...contacts: readonly Contact[]): void {
    for (const contact of contacts) this.node.table.answered(contact, this.clock.now(), null)
  }
}

/** With its table open to view. */
class Replaying extends DrogulusNode {
  get table(): RoutingTable {
    return this.node.table
  }
}

/** Where answers go. */
interface Connection {
  answer(bytes: Uint8Array): void
}

class ScriptedTransport implements Transport {
  readonly local = LOCAL
  readonly #dialled: (dialled: Dialled) => void
  #receiver: Receiver | null = null

  constructor(dialled: (dialled: Dialled) => void) {
    this.#dialled = dialled
  }

  get receiver(): Receiver {
    if (this.#receiver === null) throw new Error('not started')
    return this.#receiver
  }

  start(receiver: Receiver): void {
    this.#receiver = receiver
  }

  send(bytes: Uint8Array, to: unknown): void {
    const connection = to as Connection
    connection.answer(bytes.slice())
  }

  dial(bytes: Uint8Array, to: Address): void {
    this.#dialled({ bytes: bytes.slice(), to })
  }

  drops(): Readonly<Record<string, number>> {
    return {}
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}
