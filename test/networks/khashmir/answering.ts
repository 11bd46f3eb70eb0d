// Real answers of khashmir over a real store, asked without a wire: what the tests of the serving side share.
import assert from 'node:assert/strict'
import { asId, type Id } from '../../../src/kademlia/id.ts'
import { defaultParameters } from '../../../src/kademlia/parameters.ts'
import type { Asker } from '../../../src/kademlia/ports.ts'
import { RoutingTable } from '../../../src/kademlia/routing-table.ts'
import { WriteTokens } from '../../../src/kademlia/write-tokens.ts'
import { createAdmission } from '../../../src/networks/admission.ts'
import { KhashmirAnswers, type AnswersParts } from '../../../src/networks/khashmir/answers.ts'
import type { KhashmirQuery, KhashmirReply } from '../../../src/networks/khashmir/messages.ts'
import { sha1 } from '../../../src/node/system.ts'
import { SeededRandom } from '../../../src/simulator/seeded-random.ts'
import { createMemoryStore, type MemoryStoreOptions } from '../../../src/stores/memory-store.ts'
import type { Store } from '../../../src/stores/store.ts'

export const START = 1_700_000_000_000
export const MINUTE = 60_000
export const HOUR = 60 * MINUTE
export const KEY_EXPIRE_MS = 3 * HOUR
export const TOKEN_ROTATION_MS = 5 * MINUTE

/** Whoever asks from this host. */
export function from(host: string, port = 9_977): Asker {
  return { id: asId(sha1(Buffer.from(host))), address: { host, port } }
}

export const ALICE = from('9.8.7.6')
export const BOB = from('61.2.3.4')

export interface AnsweringSetup {
  readonly memory?: MemoryStoreOptions
  readonly parts?: Partial<AnswersParts>
}

/** One serving side, its store, its table and its clock. */
export class Answering {
  readonly store: Store
  readonly table: RoutingTable
  readonly failures: unknown[] = []
  readonly random = new SeededRandom(1, 'answering')
  now = START
  readonly #answers: KhashmirAnswers

  constructor({ memory, parts }: AnsweringSetup = {}) {
    this.store = createMemoryStore(memory)
    const parameters = { ...defaultParameters, tokenBytes: 20, tokenSecrets: 3 }
    const policy = createAdmission({
      family: 4,
      private: false,
      routers: () => false,
      ownAddress: () => false,
      eligible: () => true,
    })
    this.table = new RoutingTable({ ownId: asId(this.random.bytes(20)), parameters, policy })
    this.#answers = new KhashmirAnswers({
      table: this.table,
      tokens: new WriteTokens({ parameters, random: this.random, hash: sha1, now: START }),
      values: this.store.values,
      keyExpireMs: KEY_EXPIRE_MS,
      k: 8,
      fraction: () => this.random.fraction(),
      storeFailed: (error) => this.failures.push(error),
      readOnly: () => false,
      ...parts,
    })
  }

  answer(query: KhashmirQuery, by: Asker = ALICE): ReturnType<KhashmirAnswers['answer']> {
    return this.#answers.answer(query, by, this.now)
  }

  /** The reply; a refusal fails the test. */
  reply(query: KhashmirQuery, by: Asker = ALICE): KhashmirReply {
    const answer = this.answer(query, by)
    assert.ok(answer !== null && 'reply' in answer, 'a reply')
    assert.equal(answer.acknowledgesWrite, query.method === 'store_value')
    return answer.reply
  }

  token(by: Asker = ALICE): Uint8Array {
    const { token } = this.reply({ method: 'find_node', target: this.someId() }, by)
    assert.ok(token !== undefined)
    return token
  }

  /** The code that a store_value is refused with, and whether it counts as a failed token; null when it is taken. */
  storeValue(
    key: Id,
    value: string,
    { by = ALICE, token = this.token(by) }: { by?: Asker; token?: Uint8Array } = {},
  ): { code: number; message: string; failedToken: boolean } | null {
    const answer = this.answer({ method: 'store_value', key, value: Buffer.from(value), token }, by)
    assert.ok(answer !== null)
    if ('refusal' in answer) return { ...answer.refusal, failedToken: answer.failedToken }
    assert.deepEqual(answer, { reply: {}, acknowledgesWrite: true })
    return null
  }

  getValue(key: Id, num: number): string[] {
    const { values } = this.reply({ method: 'get_value', key, num })
    assert.ok(values !== undefined)
    return values.map((value) => Buffer.from(value).toString())
  }

  someId(): Id {
    return asId(this.random.bytes(20))
  }
}
