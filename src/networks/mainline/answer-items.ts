// What a node answers about items: get and put (BEP 44). One rule serves both kinds: of one target the newest signed
// version stays, and nothing ever goes back, also behind what has expired.
// Not here: what an item is (items/item.ts), bounds of its form (the wire), what is kept and for how long (stores/).
import { MAX_HOST_BYTES, writeHost } from '../../codecs/compact-address.ts'
import { sameId, type Id } from '../../kademlia/id.ts'
import type { Asker } from '../../kademlia/ports.ts'
import type { RecordRefusal, RecordStore, StoredRecord } from '../../stores/store.ts'
import type { BoundTokens } from './bound-tokens.ts'
import { digestOf, isAuthentic, readRecord, recordData, targetOf } from './items/item.ts'
import { ERROR, type MainlineQuery, type MainlineReply, type PutQuery } from './messages.ts'
import type { NearContacts } from './near-contacts.ts'
import { badToken, noRoom, refused, TAKEN, type MainlineAnswer } from './refusals.ts'

export interface ItemAnswersParts {
  readonly records: RecordStore
  /** How long an item is kept that nobody puts again, in ms (B44-20). */
  readonly itemLifetimeMs: number
}

type Get = Extract<MainlineQuery, { method: 'get' }>
type ItemFields = Pick<MainlineReply, 'value' | 'publicKey' | 'signature' | 'seq'>

export class ItemAnswers {
  readonly #parts: ItemAnswersParts
  readonly #contacts: NearContacts
  readonly #tokens: BoundTokens
  /** The IP of whoever asks; overwritten by the next. */
  readonly #source = new Uint8Array(MAX_HOST_BYTES)

  constructor(parts: ItemAnswersParts, shared: { contacts: NearContacts; tokens: BoundTokens }) {
    this.#parts = parts
    this.#contacts = shared.contacts
    this.#tokens = shared.tokens
  }

  /** Contacts always, a token where a put would find room, and what is held (B44-16). */
  get({ target, want, seq }: Get, from: Asker, now: number): MainlineReply {
    const { host } = from.address
    const held = this.#parts.records.get(target, now)
    const contacts = this.#contacts.around(target, want, now)
    const fields = held === null ? {} : fieldsOf(held, seq)
    if (this.#lackOfRoom(target, held, host) !== null) return { ...contacts, ...fields }
    return { ...contacts, ...fields, token: this.#tokens.issue({ host, target }, now) }
  }

  /** Token, room, signature, cas, seq: the order of libtorrent, and room before the signature, for that one is dear. */
  put(put: PutQuery, from: Asker, now: number): MainlineAnswer {
    const { records, itemLifetimeMs } = this.#parts
    const { host } = from.address
    const key = targetOf(put)
    if (!this.#tokens.verify(put.token, { host, target: key }, now)) return badToken('put', 'get')
    const held = records.get(key, now)
    // Who floods us shall not have us verify a signature for each item that is not taken anyway (T12).
    const lack = this.#lackOfRoom(key, held, host)
    if (lack !== null) return noRoom('put', lack)
    const data = recordData(put)
    if (!isHeld(held, data, put) && !isAuthentic(put)) {
      return refused(ERROR.badSignature, 'put: the signature does not fit k, salt, seq and v')
    }
    const { signed, cas } = put
    if (signed !== null && cas !== null && held !== null && cas !== held.version) {
      return refused(
        ERROR.casMismatch,
        `put: cas is ${cas}, stored is seq ${held.version}; get it and try again`,
      )
    }
    const outcome = records.put({
      key,
      version: versionOf(put),
      digest: digestOf(put),
      data,
      source: this.#sourceOf(host),
      refreshedAt: now,
      expiresAt: now + itemLifetimeMs,
    })
    return outcome.stored ? TAKEN : this.#notTaken(key, put, outcome.why)
  }

  #notTaken(key: Id, put: PutQuery, why: RecordRefusal): MainlineAnswer {
    if (why !== 'older' && why !== 'conflict') return noRoom('put', why)
    const newest = this.#parts.records.newest(key)?.version
    const message =
      why === 'older'
        ? `put: seq ${versionOf(put)} is older than ${newest}, which is known`
        : `put: another value is known of seq ${versionOf(put)}; take a higher one`
    return refused(ERROR.seqTooOld, message)
  }

  /** Why a new item would find no room; null when it would, or is none. */
  #lackOfRoom(target: Id, held: StoredRecord | null, host: string): RecordRefusal | null {
    return held === null ? this.#parts.records.refusal(target, this.#sourceOf(host)) : null
  }

  /** Valid until the next call; the store copies it. */
  #sourceOf(host: string): Uint8Array {
    return this.#source.subarray(0, writeHost(host, this.#source, 0))
  }
}

/** What stands in a reply of an item; of a mutable one that who asks has already, its seq alone (B44-17). Never the salt. */
function fieldsOf(held: StoredRecord, known: bigint | null): ItemFields {
  const { value, signed } = readRecord(held)
  if (signed === null) return { value }
  const { publicKey, signature, seq } = signed
  return known !== null && known >= seq ? { seq } : { value, publicKey, signature, seq }
}

function versionOf({ signed }: PutQuery): bigint {
  return signed === null ? 0n : signed.seq
}

/**
 * Whether the very same item is held, to the last byte of key, salt, seq, value and signature. It was verified when it
 * came, verifying depends on these bytes alone, and so need not be done again: most puts only keep alive what is there.
 */
function isHeld(held: StoredRecord | null, data: Uint8Array, put: PutQuery): boolean {
  return held !== null && held.version === versionOf(put) && sameId(held.data, data)
}
