// Real answers over a real store, asked without a wire: what the tests of the serving side share.
import assert from 'node:assert/strict'
import { asId, type Id } from '../../../src/kademlia/id.ts'
import { defaultParameters } from '../../../src/kademlia/parameters.ts'
import type { Asker } from '../../../src/kademlia/ports.ts'
import { WriteTokens } from '../../../src/kademlia/write-tokens.ts'
import { MainlineAnswers, type AnswersParts } from '../../../src/networks/mainline/answers.ts'
import { targetOf, type RawItem } from '../../../src/networks/mainline/items/item.ts'
import type { MainlineQuery, MainlineReply } from '../../../src/networks/mainline/messages.ts'
import { sha1 } from '../../../src/node/system.ts'
import { SeededRandom } from '../../../src/simulator/seeded-random.ts'
import { createMemoryStore, type MemoryStoreOptions } from '../../../src/stores/memory-store.ts'
import type { Store } from '../../../src/stores/store.ts'

export const START = 1_700_000_000_000
export const MINUTE = 60_000
export const HOUR = 60 * MINUTE
export const PEER_LIFETIME_MS = 45 * MINUTE
export const ITEM_LIFETIME_MS = 2 * HOUR

/** Whoever asks from this host. */
export function from(host: string, port = 5_000): Asker {
  return { id: asId(sha1(Buffer.from(host))), address: { host, port } }
}

export const ALICE = from('9.8.7.6')
export const BOB = from('61.2.3.4')

export interface AnsweringSetup {
  readonly store?: Store
  readonly memory?: MemoryStoreOptions
  readonly parts?: Partial<AnswersParts>
  /** Of all dice, those behind the tokens among them. */
  readonly seed?: number
}

export interface PutOptions {
  readonly by?: Asker
  readonly cas?: bigint
  /** Default: one that `get` gave for this very item. */
  readonly token?: Uint8Array
}

/** One serving side, its store and its clock. */
export class Answering {
  readonly store: Store
  readonly failures: unknown[] = []
  readonly random: SeededRandom
  now = START
  readonly #answers: MainlineAnswers
  readonly #tokens: WriteTokens

  constructor({ store, memory, parts, seed = 1 }: AnsweringSetup = {}) {
    this.random = new SeededRandom(seed, 'answering')
    this.store = store ?? createMemoryStore(memory)
    this.#tokens = new WriteTokens({
      parameters: defaultParameters,
      random: this.random,
      hash: sha1,
      now: START,
    })
    this.#answers = new MainlineAnswers({
      family: 4,
      tables: () => null,
      tokens: this.#tokens,
      peers: this.store.peers,
      records: this.store.records,
      peerLifetimeMs: PEER_LIFETIME_MS,
      itemLifetimeMs: ITEM_LIFETIME_MS,
      fraction: () => this.random.fraction(),
      storeFailed: (error) => this.failures.push(error),
      readOnly: () => false,
      k: 8,
      ...parts,
    })
  }

  answer(query: MainlineQuery, by: Asker = ALICE): ReturnType<MainlineAnswers['answer']> {
    return this.#answers.answer(query, by, this.now)
  }

  /** The reply; a refusal fails the test. */
  reply(query: MainlineQuery, by: Asker = ALICE): MainlineReply {
    const answer = this.answer(query, by)
    assert.ok(answer !== null && 'reply' in answer, 'a reply')
    return answer.reply
  }

  get(target: Id, { by = ALICE, seq = null }: { by?: Asker; seq?: bigint | null } = {}): MainlineReply {
    return this.reply({ method: 'get', target, want: null, seq }, by)
  }

  /** The code that a put is refused with; null when it is taken. A refusal without a token is 'no token'. */
  put(item: RawItem, { by = ALICE, cas, token }: PutOptions = {}): number | 'no token' | null {
    const bound = token ?? this.get(targetOf(item), { by }).token
    if (bound === undefined) return 'no token'
    const answer = this.answer({ method: 'put', ...item, token: bound, cas: cas ?? null }, by)
    assert.ok(answer !== null)
    if ('reply' in answer) {
      assert.deepEqual(answer, { reply: {}, acknowledgesWrite: true })
      return null
    }
    assert.ok(answer.refusal.message.length > 0)
    return answer.refusal.code
  }

  getPeers(
    infoHash: Id,
    { by = ALICE, ...flags }: { by?: Asker; scrape?: boolean; noSeed?: boolean } = {},
  ): MainlineReply {
    return this.reply(
      { method: 'get_peers', infoHash, want: null, noSeed: false, scrape: false, ...flags },
      by,
    )
  }

  sample(): MainlineReply {
    return this.reply({ method: 'sample_infohashes', target: this.someId(), want: null })
  }

  someId(): Id {
    return asId(this.random.bytes(20))
  }
}
