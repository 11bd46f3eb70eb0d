// A few whole nodes that speak the toy wire to each other over an ether in virtual time: real engines, run for real,
// on transports that carry packets from one to the other after 10 ms.
import { createHash } from 'node:crypto'
import { addressKey } from '../../src/kademlia/contact.ts'
import type { Address, Contact } from '../../src/kademlia/contact.ts'
import { Counters } from '../../src/kademlia/counters.ts'
import { Engine } from '../../src/kademlia/engine.ts'
import { idFromHex } from '../../src/kademlia/id.ts'
import type { Id } from '../../src/kademlia/id.ts'
import type { Parameters } from '../../src/kademlia/parameters.ts'
import type { Effects, EngineEvent, ReplyTo } from '../../src/kademlia/ports.ts'
import { NO_LIMITS, SourceLimits } from '../../src/kademlia/rate-limits.ts'
import { RoutingTable } from '../../src/kademlia/routing-table.ts'
import { Suspects } from '../../src/kademlia/suspects.ts'
import { WriteTokens } from '../../src/kademlia/write-tokens.ts'
import { CommitBatch } from '../../src/node/commit-batch.ts'
import type { Receiver, Transport } from '../../src/node/ports.ts'
import { RunningEngine } from '../../src/node/running-engine.ts'
import { openPolicy, seededRandom } from '../kademlia/table-fixtures.ts'
import { toyParameters } from '../kademlia/toy-network.ts'
import { createToyWire, nodeOf, toyProbes } from '../kademlia/toy-wire.ts'
import type { ToyQuery, ToyReply } from '../kademlia/toy-wire.ts'
import { VirtualTime } from './virtual-time.ts'

const DELAY_MS = 10

export interface ToyNode {
  readonly contact: Contact
  readonly runner: RunningEngine<ToyQuery, ToyReply>
  readonly table: RoutingTable
  readonly notices: EngineEvent[]
  /** Commits of its store so far. */
  commits: number
}

export class Ether {
  readonly time = new VirtualTime()
  /** Every packet, whether or not anybody was there to take it. */
  readonly packets: { readonly from: Address; readonly to: Address; readonly isAnswer: boolean }[] = []
  readonly closed: Address[] = []
  readonly #receivers = new Map<string, Receiver>()
  #seed = 0

  /** A node that is bound and started. */
  open(id: Id, host: string, options: { parameters?: Partial<Parameters>; writes?: boolean } = {}): ToyNode {
    const address = { host, port: 6881 }
    const random = seededRandom(++this.#seed)
    const parameters = { ...toyParameters, ...options.parameters }
    const table = new RoutingTable({ ownId: id, parameters, policy: openPolicy })
    const createEngine = (effects: Effects): Engine<ToyQuery, ToyReply> => {
      const hash = (data: Uint8Array): Uint8Array => createHash('sha1').update(data).digest()
      const now = this.time.now()
      const answer = ({ target }: ToyQuery): ToyReply =>
        target === undefined
          ? {}
          : { nodes: table.closest(idFromHex(target, id.length), parameters.k, this.time.now()).map(nodeOf) }
      const parts = {
        parameters,
        random,
        effects,
        table,
        policy: openPolicy,
        wire: createToyWire(() => table.ownId),
        answers: {
          answer: (query: ToyQuery) => ({ reply: answer(query), acknowledgesWrite: options.writes === true }),
        },
        probes: toyProbes,
        suspects: new Suspects({ parameters, policy: openPolicy }),
        limits: new SourceLimits(NO_LIMITS, random),
        counters: new Counters(),
      }
      return new Engine(parts, new WriteTokens({ parameters, random, hash, now }), now)
    }
    const notices: EngineEvent[] = []
    const commits = new CommitBatch({
      scheduler: this.time,
      commit: () => void node.commits++,
      onFailure: () => {},
    })
    const runner = new RunningEngine<ToyQuery, ToyReply>({
      transport: this.#bind(address),
      scheduler: this.time,
      commits,
      observer: { checkpoint: () => {}, seenAs: () => {}, notice: (event) => void notices.push(event) },
      createEngine,
    })
    const node: ToyNode = { contact: { id, address }, runner, table, notices, commits: 0 }
    runner.start()
    return node
  }

  /** Queries of a node, resends included. */
  dialedBy({ contact }: ToyNode): number {
    return this.packets.filter(({ from, isAnswer }) => from === contact.address && !isAnswer).length
  }

  #bind(local: Address): Transport {
    const carry = (bytes: Uint8Array, to: Address, isAnswer: boolean): void => {
      this.packets.push({ from: local, to, isAnswer })
      const copy = bytes.slice()
      this.time.at(this.time.now() + DELAY_MS, () =>
        this.#receivers.get(addressKey(to))?.receive(copy, local, local),
      )
    }
    return {
      local,
      start: (receiver) => void this.#receivers.set(addressKey(local), receiver),
      send: (bytes, to: ReplyTo) => carry(bytes, to as Address, true),
      dial: (bytes, to) => carry(bytes, to, false),
      drops: () => ({}),
      close: async () => {
        this.#receivers.delete(addressKey(local))
        this.closed.push(local)
      },
    }
  }
}
