// A node of ours in the place of a recorded one: the same id, the same secrets, the same values and contacts, real wire,
// answers, store and engine, in virtual time. What comes of it is for the tests to judge.
import { idFromHex } from '../../../src/kademlia/id.ts'
import type { Address } from '../../../src/kademlia/contact.ts'
import { Counters } from '../../../src/kademlia/counters.ts'
import { Engine } from '../../../src/kademlia/engine.ts'
import { defaultParameters, type Parameters } from '../../../src/kademlia/parameters.ts'
import type { Hash } from '../../../src/kademlia/ports.ts'
import { NO_LIMITS, SourceLimits } from '../../../src/kademlia/rate-limits.ts'
import type { RequestOutcome } from '../../../src/kademlia/requester.ts'
import { RoutingTable } from '../../../src/kademlia/routing-table.ts'
import { Suspects } from '../../../src/kademlia/suspects.ts'
import { WriteTokens } from '../../../src/kademlia/write-tokens.ts'
import { createAdmission } from '../../../src/networks/admission.ts'
import { KhashmirAnswers } from '../../../src/networks/khashmir/answers.ts'
import { METHODS, type KhashmirQuery, type KhashmirReply } from '../../../src/networks/khashmir/messages.ts'
import { createWire } from '../../../src/networks/khashmir/wire.ts'
import { sha1 } from '../../../src/node/system.ts'
import { createMemoryStore } from '../../../src/stores/memory-store.ts'
import type { Store } from '../../../src/stores/store.ts'
import type { KhashmirCommit } from '../../khashmir-vectors.ts'
import { scripted } from '../replaying.ts'

export const START = 1_700_000_000_000
export const SECOND = 1_000
export const MINUTE = 60 * SECOND

/** Column HEAD of khashmir A9, and the other one. */
const HEAD: Parameters = {
  ...defaultParameters,
  k: 8,
  alpha: 8,
  maxFailures: 3,
  tokenBytes: 20,
  tokenSecrets: 3,
  tokenRotationMs: 5 * MINUTE,
  transactionIdBytes: 20,
  resendAfterMs: [2_000, 6_000],
  resendKeepsTransaction: true,
  resendsEarly: false,
  requestTimeoutMs: 9_000,
}
const MARCH: Parameters = { ...HEAD, alpha: 4, resendAfterMs: [], requestTimeoutMs: 20_000 }

/** The shorter one of A9. */
const KEY_EXPIRE_MS = 60 * MINUTE

export interface Sent {
  readonly bytes: Uint8Array
  readonly to: Address
  readonly at: number
}

export interface ReplayOptions {
  readonly commit: KhashmirCommit
  /** In hex. */
  readonly ownId: string
  /** Of tokens, in the order of their rotation; the last one goes on. */
  readonly secrets?: readonly Uint8Array[]
  /** Default: SHA-1. For tokens alone. */
  readonly tokenHash?: Hash
  /** Of our requests, in order; random ones behind them. */
  readonly transactions?: readonly Uint8Array[]
}

/** One node and its clock. */
export class Replay {
  readonly store: Store
  readonly engine: Engine<KhashmirQuery, KhashmirReply>
  /** Answers, in order. */
  readonly answered: Sent[] = []
  /** Requests of ours, in order. */
  readonly asked: Sent[] = []
  now = START
  #wakeAt = Infinity

  constructor({ commit, ownId, secrets = [], tokenHash = sha1, transactions = [] }: ReplayOptions) {
    const parameters = commit === 'HEAD' ? HEAD : MARCH
    const random = scripted(transactions)
    const policy = createAdmission({
      family: 4,
      private: true,
      routers: () => false,
      ownAddress: () => false,
      eligible: () => true,
    })
    const table = new RoutingTable({ ownId: idFromHex(ownId, 20), parameters, policy })
    const tokens = new WriteTokens({ parameters, random: scripted(secrets), hash: tokenHash, now: START })
    this.store = createMemoryStore()
    const answers = new KhashmirAnswers({
      table,
      tokens,
      values: this.store.values,
      keyExpireMs: KEY_EXPIRE_MS,
      k: parameters.k,
      fraction: () => random.fraction(),
      storeFailed: (error) => {
        throw error
      },
      readOnly: () => false,
    })
    const answer = (bytes: Uint8Array, to: unknown) => void this.answered.push(this.#sent(bytes, to))
    this.engine = new Engine(
      {
        parameters,
        random,
        wire: createWire({
          ownId: () => table.ownId,
          methods: () => METHODS.write,
          anyTransaction: commit !== 'HEAD',
          anonymous: () => false,
        }),
        answers,
        probes: {
          ping: () => ({ method: 'ping' }),
          closestTo: (target) => ({
            target,
            question: () => ({ method: 'find_node', target }),
            read: ({ nodes }) => ({ closer: nodes ?? [], results: [], done: false, counts: true }),
          }),
        },
        policy,
        effects: {
          send: answer,
          sendAfterCommit: answer,
          dial: (bytes, to) => void this.asked.push(this.#sent(bytes, to)),
          wakeAt: (time) => {
            this.#wakeAt = time
          },
          checkpoint: () => {},
          seenAs: () => {},
          notice: () => {},
        },
        table,
        suspects: new Suspects({ parameters, policy }),
        limits: new SourceLimits(NO_LIMITS, random),
        counters: new Counters(),
      },
      tokens,
      START,
    )
  }

  /** What we answer to a datagram at once; null: nothing. */
  receive(datagram: Uint8Array, from: Address): Uint8Array | null {
    const before = this.answered.length
    this.engine.receive(datagram, from, from, this.now)
    return this.answered[before]?.bytes ?? null
  }

  /** Asks, and tells how it ended once it has; null until then. */
  ask(query: KhashmirQuery, to: Address, expectedId: string | null): () => Ended | null {
    let ended: Ended | null = null
    const expected = expectedId === null ? null : idFromHex(expectedId, 20)
    const listener = {
      onOutcome: (outcome: RequestOutcome<KhashmirReply>, at: number) => {
        ended = { outcome, at }
      },
    }
    const handle = this.engine.ask({ query, to, expectedId: expected }, listener, this.now)
    if (typeof handle === 'string') throw new Error(handle)
    return () => ended
  }

  /** Time passes, with every tick that the engine wishes. */
  pass(ms: number): void {
    const until = this.now + ms
    while (this.#wakeAt <= until) {
      this.now = Math.max(this.now, this.#wakeAt)
      this.#wakeAt = Infinity
      this.engine.tick(this.now)
    }
    this.now = until
  }

  #sent(bytes: Uint8Array, to: unknown): Sent {
    return { bytes: bytes.slice(), to: to as Address, at: this.now }
  }
}

export interface Ended {
  readonly outcome: RequestOutcome<KhashmirReply>
  readonly at: number
}
