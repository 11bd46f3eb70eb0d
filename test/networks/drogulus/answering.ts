// Real answers of drogulus over a real store, asked without a wire: what the tests of the serving side share.
import assert from 'node:assert/strict'
import { MsgPackMap } from '../../../src/codecs/msgpack.ts'
import { asId, type Id } from '../../../src/kademlia/id.ts'
import { defaultParameters } from '../../../src/kademlia/parameters.ts'
import type { Asker, Refusal } from '../../../src/kademlia/ports.ts'
import { RoutingTable } from '../../../src/kademlia/routing-table.ts'
import { createAdmission } from '../../../src/networks/admission.ts'
import { DrogulusAnswers, type AnswersParts } from '../../../src/networks/drogulus/answers.ts'
import { sha512 } from '../../../src/networks/drogulus/keys/key.ts'
import { signValue } from '../../../src/networks/drogulus/keys/signed-value.ts'
import type {
  DrogulusQuery,
  DrogulusReply,
  Revision,
  SignedValue,
} from '../../../src/networks/drogulus/messages.ts'
import { simulatedKeyPairs } from '../../../src/simulator/drogulus-keys.ts'
import { SeededRandom } from '../../../src/simulator/seeded-random.ts'
import { createMemoryStore, type MemoryStoreOptions } from '../../../src/stores/memory-store.ts'
import type { Store } from '../../../src/stores/store.ts'

export const START = 1_700_000_000_000
export const SECOND = 1_000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE
export const K = 4

export const utf8 = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'utf8'))

/** Whoever asks from this host. */
export function from(host: string, port = 40_000): Asker {
  return { id: asId(sha512(utf8(host))), address: { host, port } }
}

export const ALICE = from('9.8.7.6')
export const BOB = from('61.2.3.4')

export interface SignedLike {
  readonly name?: string
  readonly value?: string
  /** Seconds since 1970; default: START. */
  readonly timestamp?: number
  readonly expires?: number
  readonly revision?: Revision
  /** Whose: a place in simulatedKeyPairs. */
  readonly by?: number
}

/** A good value, by default one that never expires. */
export function signed({
  name = 'name',
  value = 'value',
  timestamp = START / SECOND,
  expires = -1,
  revision = 'july-2013',
  by = 0,
}: SignedLike = {}): SignedValue {
  const unsigned = { name: utf8(name), value: utf8(value), timestamp, expires, meta: new MsgPackMap([]) }
  const item = signValue(unsigned, { keyPair: simulatedKeyPairs[by]!, revision })
  // Not as buffers: it is compared with what comes out of the store.
  return { ...item, publicKey: new Uint8Array(item.publicKey), signature: new Uint8Array(item.signature) }
}

/** With another byte in its signature. */
export function badlySigned(item: SignedValue): SignedValue {
  return { ...item, signature: item.signature.with(9, item.signature[9]! ^ 1) }
}

/** Under a key that does not follow from it. */
export function misplaced(item: SignedValue): SignedValue {
  return { ...item, key: asId(item.key.with(0, item.key[0]! ^ 1)) }
}

export interface AnsweringSetup {
  readonly memory?: MemoryStoreOptions
  readonly parts?: Partial<AnswersParts>
}

/** One serving side, its store, its table and its clock. */
export class Answering {
  readonly store: Store
  readonly table: RoutingTable
  readonly failures: unknown[] = []
  /** Who was banned, and why. */
  readonly banned: (readonly [Asker, string])[] = []
  readonly random = new SeededRandom(1, 'answering')
  now = START
  readonly #answers: DrogulusAnswers

  constructor({ memory, parts }: AnsweringSetup = {}) {
    this.store = createMemoryStore(memory)
    const policy = createAdmission({
      family: 4,
      private: false,
      routers: () => false,
      ownAddress: () => false,
      eligible: () => true,
    })
    const parameters = { ...defaultParameters, idBytes: 64, k: K }
    this.table = new RoutingTable({ ownId: this.someId(), parameters, policy })
    this.#answers = new DrogulusAnswers({
      table: this.table,
      records: this.store.records,
      ban: (sender, why) => void this.banned.push([sender, why]),
      revision: 'july-2013',
      k: K,
      replicateIntervalMs: HOUR,
      storeFailed: (error) => this.failures.push(error),
      readOnly: () => false,
      ...parts,
    })
  }

  answer(query: DrogulusQuery, by: Asker = ALICE): ReturnType<DrogulusAnswers['answer']> {
    return this.#answers.answer(query, by, this.now)
  }

  /** The reply; a refusal fails the test. */
  reply(query: DrogulusQuery, by: Asker = ALICE): DrogulusReply {
    const answer = this.answer(query, by)
    assert.ok(answer !== null && 'reply' in answer, 'a reply')
    assert.equal(answer.acknowledgesWrite, query.method === 'store')
    return answer.reply
  }

  /** How a store is refused; null when it is taken. */
  storing(item: SignedValue, by: Asker = ALICE): Refusal | null {
    const answer = this.answer({ method: 'store', item }, by)
    assert.ok(answer !== null)
    if (!('refusal' in answer)) {
      assert.deepEqual(answer, { reply: {}, acknowledgesWrite: true })
      return null
    }
    assert.equal(answer.failedToken, false)
    return answer.refusal
  }

  /** The value held under the key of this one; null: none. */
  held({ key }: SignedValue): SignedValue | null {
    return this.reply({ method: 'findvalue', key, anyPort: true }).item ?? null
  }

  someId(): Id {
    return asId(this.random.bytes(64))
  }

  /** A contact that has answered us. */
  knows(id: Id, host: string, port = 1_908): void {
    this.table.answered({ id, address: { host, port } }, this.now, null)
    assert.ok(this.table.find(id) !== null)
  }
}
